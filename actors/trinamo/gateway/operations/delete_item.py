"""DeleteItem: removes one item if it is there, perhaps on a condition."""

from typing import Final

from trinamo.expressions import CONDITION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.answers import returns_old, write_answer
from trinamo.gateway.operations.checks import (
    carried,
    check_expressions_given,
    check_paths,
    check_returns_old_or_nothing,
    check_values,
    read_given_expressions,
)
from trinamo.gateway.operations.database import Database, Delete
from trinamo.gateway.operations.legacy import legacy_condition
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.keys import item_key
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address

SHAPE: Final = Structure(
    "DeleteItemInput",
    members.TABLE_NAME_ALONE,
    members.KEY,
    members.RETURN_CONSUMED_CAPACITY,
    members.RETURN_VALUES,
    members.RETURN_ITEM_COLLECTION_METRICS,
    members.CONDITIONAL_OPERATOR,
    members.RETURN_VALUES_ON_FAILURE,
    members.EXPECTED,
    members.CONDITION_EXPRESSION,
    members.EXPRESSION_NAMES,
    members.EXPRESSION_VALUES,
)


def check(request: Request) -> Expressions:
    """Return the expressions of a request, or raise the first error that shows without its table."""
    check_expressions_given(request, (CONDITION,))
    check_values(request["Key"])
    expressions = read_given_expressions(request, (CONDITION,))
    check_returns_old_or_nothing(request)
    return expressions.completed(condition=legacy_condition(request))


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    expressions = check(request)
    table = await database.table(table_address(request["TableName"], *caller))
    check_paths(expressions, table.spec.keys, () if table.indexes is None else table.indexes.key_names)
    key = item_key(table.spec.keys, request["Key"].tree)
    delete = Delete(key, carried(expressions.condition), returns_old(request, table))
    return write_answer(request, table, await database.write(table, delete), None)


DELETE_ITEM: Final = Operation("DeleteItem", SHAPE, _perform)
