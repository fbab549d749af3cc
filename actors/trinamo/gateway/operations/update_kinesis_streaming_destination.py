"""UpdateKinesisStreamingDestination: how precisely a Kinesis data stream is told when a table was changed."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.destinations import STREAM_ARN, UPDATE_CONFIGURATION, with_precision
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import TableSpec, table_address

SHAPE: Final = Structure(
    "UpdateKinesisStreamingDestinationInput", EXISTING_TABLE_NAME, STREAM_ARN, UPDATE_CONFIGURATION
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    stream_arn, given = request["StreamArn"], request.get(UPDATE_CONFIGURATION.name)
    precision = None if given is None else given.get("ApproximateCreationDateTimePrecision")

    def change(spec: TableSpec, _: float) -> TableSpec:
        return with_precision(spec, stream_arn, precision)

    address = table_address(request["TableName"], *caller)
    await database.change_settings(address, change)
    answer = {"TableName": address.name, "StreamArn": stream_arn, "DestinationStatus": "UPDATING"}
    return dump_json(answer if given is None else {**answer, UPDATE_CONFIGURATION.name: given})


UPDATE_KINESIS_STREAMING_DESTINATION: Final = Operation("UpdateKinesisStreamingDestination", SHAPE, _perform)
