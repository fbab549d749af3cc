"""CreateTable: declares a table; its partitions come up in the background."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.describe_table import describe
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.creation import CREATE_TABLE as SHAPE
from trinamo.model.creation import creation_spec
from trinamo.model.errors import not_in_this_version, table_exists
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request
from trinamo.model.tables import TableAddress, table_address

# What the service has and this version cannot serve yet. Whoever builds one of them deletes its line.
_NOT_BUILT: Final = (
    "VectorIndexes",
    "ResourcePolicy",
    "GlobalTableSettingsReplicationMode",
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    spec = creation_spec(request)
    address = table_address(request["TableName"], *caller)
    await _refuse_what_is_not_built(database, address, request)
    table = await database.create_table(address, spec)
    return dump_json({"TableDescription": describe(table)})


async def _refuse_what_is_not_built(database: Database, address: TableAddress, request: Request) -> None:
    """Raise the error of what only this version refuses, after those of the service: the last is that of a taken name."""
    missing = next((name for name in _NOT_BUILT if request.get(name)), None)
    if missing is None:
        return
    if await database.find_table(address) is not None:
        raise table_exists(address.name)
    raise not_in_this_version(f"{missing} of CreateTable")


CREATE_TABLE: Final = Operation("CreateTable", SHAPE, _perform)
