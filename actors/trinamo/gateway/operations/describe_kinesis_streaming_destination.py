"""DescribeKinesisStreamingDestination: to which Kinesis data streams a table's changes go, or went."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.destinations import description
from trinamo.model.errors import table_not_found
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address

SHAPE: Final = Structure("DescribeKinesisStreamingDestinationInput", EXISTING_TABLE_NAME)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    address = table_address(request["TableName"], *caller)
    table = await database.find_table(address)
    if table is None:
        raise table_not_found(address.name)
    destinations = [description(each) for each in table.spec.destinations]
    return dump_json({"TableName": address.name, "KinesisDataStreamDestinations": destinations})


DESCRIBE_KINESIS_STREAMING_DESTINATION: Final = Operation(
    "DescribeKinesisStreamingDestination", SHAPE, _perform
)
