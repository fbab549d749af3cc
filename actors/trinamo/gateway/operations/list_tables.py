"""ListTables: names of tables in ascending order, a page at a time."""

from typing import Any, Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.jsontext import dump_json
from trinamo.model.limits import LIST_TABLES_MAX, TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN
from trinamo.model.shapes import NAME_PATTERN, Integer, Member, Request, String, Structure

SHAPE: Final = Structure(
    "ListTablesInput",
    Member("ExclusiveStartTableName", String(TABLE_NAME_LENGTH_MIN, TABLE_NAME_LENGTH_MAX, NAME_PATTERN)),
    Member("Limit", Integer(1, LIST_TABLES_MAX)),
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    limit = request.get("Limit", LIST_TABLES_MAX)
    after = request.get("ExclusiveStartTableName")
    names = list(await database.list_tables(caller.account, caller.region, after, limit + 1))
    answer: dict[str, Any] = {"TableNames": names[:limit]}
    if len(names) > limit:
        answer["LastEvaluatedTableName"] = names[limit - 1]
    return dump_json(answer)


LIST_TABLES: Final = Operation("ListTables", SHAPE, _perform)
