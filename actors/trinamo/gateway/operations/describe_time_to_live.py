"""DescribeTimeToLive: which attribute of a table tells when items expire."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.errors import table_not_found
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.timetolive import description

SHAPE: Final = Structure("DescribeTimeToLiveInput", EXISTING_TABLE_NAME)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    address = table_address(request["TableName"], *caller)
    table = await database.find_table(address)
    if table is None:
        raise table_not_found(address.name)
    return dump_json({"TimeToLiveDescription": description(table.spec.time_to_live, table.expiry)})


DESCRIBE_TIME_TO_LIVE: Final = Operation("DescribeTimeToLive", SHAPE, _perform)
