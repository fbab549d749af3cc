"""DeleteTable: drops a table with all it holds."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.describe_table import describe
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address

SHAPE: Final = Structure("DeleteTableInput", EXISTING_TABLE_NAME)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    table = await database.delete_table(table_address(request["TableName"], *caller))
    return dump_json({"TableDescription": describe(table)})


DELETE_TABLE: Final = Operation("DeleteTable", SHAPE, _perform)
