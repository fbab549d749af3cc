"""DisableKinesisStreamingDestination: what is written to a table from now on no longer goes to a Kinesis data stream."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.destinations import ENABLE_CONFIGURATION, STREAM_ARN, with_disabled
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import TableSpec, table_address

SHAPE: Final = Structure(
    "DisableKinesisStreamingDestinationInput", EXISTING_TABLE_NAME, STREAM_ARN, ENABLE_CONFIGURATION
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    stream_arn = request["StreamArn"]

    def change(spec: TableSpec, _: float) -> TableSpec:
        return with_disabled(spec, stream_arn)

    address = table_address(request["TableName"], *caller)
    await database.change_settings(address, change)
    return dump_json({"TableName": address.name, "StreamArn": stream_arn, "DestinationStatus": "DISABLING"})


DISABLE_KINESIS_STREAMING_DESTINATION: Final = Operation(
    "DisableKinesisStreamingDestination", SHAPE, _perform
)
