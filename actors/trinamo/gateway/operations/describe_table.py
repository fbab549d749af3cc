"""DescribeTable: what a table is, in whatever status."""

from typing import Any, Final

from trinamo.gateway.operations.database import Database, Table
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.description import table_description
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address

SHAPE: Final = Structure("DescribeTableInput", EXISTING_TABLE_NAME)


def describe(table: Table) -> dict[str, Any]:
    """Return the TableDescription of a table."""
    description = table_description(
        table.spec,
        address=table.address,
        table_id=table.table_id,
        status=table.status,
        created_at=table.created_at,
        as_of=table.as_of,
        item_count=table.item_count,
        size_bytes=table.size_bytes,
    )
    global_indexes = description.get("GlobalSecondaryIndexes", [])
    for index in (*description.get("LocalSecondaryIndexes", ()), *global_indexes):
        counted = table.index_sizes.get(index["IndexName"])
        if counted is not None:
            index.update(ItemCount=counted.entries, IndexSizeBytes=counted.bytes)
    for index in global_indexes:
        state = table.index_states.get(index["IndexName"])
        if state is not None:
            index["IndexStatus"] = state.status.value
            if state.backfilling:
                index["Backfilling"] = True
    return description


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    table = await database.describe_table(table_address(request["TableName"], *caller))
    return dump_json({"Table": describe(table)})


DESCRIBE_TABLE: Final = Operation("DescribeTable", SHAPE, _perform)
