"""PutItem: replaces or creates one item, perhaps on a condition."""

from typing import Final

from trinamo.expressions import CONDITION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.answers import returns_old, write_answer
from trinamo.gateway.operations.checks import (
    carried,
    check_paths,
    check_returns_old_or_nothing,
    check_values,
    read_expressions,
)
from trinamo.gateway.operations.database import Database, Put
from trinamo.gateway.operations.legacy import legacy_condition
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.errors import item_too_large
from trinamo.model.keys import put_key
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.values import encode_item

SHAPE: Final = Structure(
    "PutItemInput",
    members.TABLE_NAME_ALONE,
    members.ITEM,
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
    check_values(request["Item"])
    expressions = read_expressions(request, (CONDITION,))
    check_returns_old_or_nothing(request)
    expressions = expressions.completed(condition=legacy_condition(request))
    if request["Item"].size > ITEM_SIZE_MAX:
        raise item_too_large()
    return expressions


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    expressions = check(request)
    table = await database.table(table_address(request["TableName"], *caller))
    item, indexes = request["Item"], table.indexes
    check_paths(expressions, table.spec.keys, () if indexes is None else indexes.key_names)
    key = put_key(table.spec.keys, item.tree)
    if indexes is not None:
        indexes.check_put(item.tree, item.size)
    put = Put(
        key, encode_item(item.tree), item.size, carried(expressions.condition), returns_old(request, table)
    )
    return write_answer(request, table, await database.write(table, put), item.tree)


PUT_ITEM: Final = Operation("PutItem", SHAPE, _perform)
