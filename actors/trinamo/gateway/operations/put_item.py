"""PutItem: replaces or creates one item, perhaps on a condition."""

from typing import Final

from trinamo.expressions import CONDITION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import check_returns_old_or_nothing, check_values, read_expressions
from trinamo.model.errors import item_too_large
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.shapes import Request, Structure

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
    if request["Item"].size > ITEM_SIZE_MAX:
        raise item_too_large()
    return expressions
