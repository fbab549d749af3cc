"""EnableKinesisStreamingDestination: what is written to a table from now on goes to a Kinesis data stream too."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.destinations import ENABLE_CONFIGURATION, STREAM_ARN, with_enabled
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import TableSpec, table_address

SHAPE: Final = Structure(
    "EnableKinesisStreamingDestinationInput", EXISTING_TABLE_NAME, STREAM_ARN, ENABLE_CONFIGURATION
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    stream_arn, given = request["StreamArn"], request.get(ENABLE_CONFIGURATION.name)
    precision = None if given is None else given.get("ApproximateCreationDateTimePrecision")

    def change(spec: TableSpec, now: float) -> TableSpec:
        return with_enabled(spec, stream_arn, precision, now)

    address = table_address(request["TableName"], *caller)
    await database.change_settings(address, change)
    answer = {"TableName": address.name, "StreamArn": stream_arn, "DestinationStatus": "ENABLING"}
    return dump_json(answer if given is None else {**answer, ENABLE_CONFIGURATION.name: given})


ENABLE_KINESIS_STREAMING_DESTINATION: Final = Operation("EnableKinesisStreamingDestination", SHAPE, _perform)
