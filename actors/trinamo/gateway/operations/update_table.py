"""UpdateTable: changes a table's settings; they are in force when it is ACTIVE again."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.describe_table import describe
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.alteration import Alteration, altered, check_alteration, update_table_shape
from trinamo.model.errors import not_in_this_version
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request
from trinamo.model.tables import TableSpec, table_address

SHAPE: Final = update_table_shape(EXISTING_TABLE_NAME)

# What the service has and this version cannot do yet. Whoever builds one of them deletes its line.
_NOT_BUILT: Final = (
    "ReplicaUpdates",
    "MultiRegionConsistency",
    "GlobalTableWitnessUpdates",
    "GlobalTableSettingsReplicationMode",
    "DisassociationProtectionEnabled",
    "VectorIndexUpdates",
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    check_alteration(request)

    def alter(spec: TableSpec, now: float) -> Alteration:
        alteration = altered(spec, request, now)
        _refuse_what_is_not_built(request)
        return alteration

    table = await database.update_table(table_address(request["TableName"], *caller), alter)
    return dump_json({"TableDescription": describe(table)})


def _refuse_what_is_not_built(request: Request) -> None:
    for name in _NOT_BUILT:
        if request.get(name) not in (None, []):
            raise not_in_this_version(f"{name} of UpdateTable")


UPDATE_TABLE: Final = Operation("UpdateTable", SHAPE, _perform)
