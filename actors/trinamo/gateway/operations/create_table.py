"""CreateTable: declares a table; its partitions come up in the background."""

from typing import Any, Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.describe_table import describe
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.creation import CREATE_TABLE as SHAPE
from trinamo.model.creation import creation_spec
from trinamo.model.errors import not_in_this_version
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request
from trinamo.model.tables import TableSpec, table_address

# What the service has and this version cannot serve yet. Whoever builds one of them deletes its line.
_NOT_BUILT: Final = (
    "GlobalSecondaryIndexes",
    "VectorIndexes",
    "ResourcePolicy",
    "GlobalTableSourceArn",
    "GlobalTableSettingsReplicationMode",
)


def check(request: Request) -> TableSpec:
    """Return the declared table, or raise the first error that shows without the catalog."""
    spec = creation_spec(request)
    _refuse_what_is_not_built(request)
    return spec


def _refuse_what_is_not_built(request: Request) -> None:
    for name in _NOT_BUILT:
        if request.get(name):
            raise not_in_this_version(f"{name} of CreateTable")
    stream: dict[str, Any] = request.get("StreamSpecification", {})
    if stream.get("StreamEnabled"):
        raise not_in_this_version("StreamSpecification of CreateTable")


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    spec = check(request)
    table = await database.create_table(table_address(request["TableName"], *caller), spec)
    return dump_json({"TableDescription": describe(table)})


CREATE_TABLE: Final = Operation("CreateTable", SHAPE, _perform)
