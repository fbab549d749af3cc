"""DeleteItem: removes one item if it is there, perhaps on a condition."""

from typing import Final

from trinamo.expressions import CONDITION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import (
    check_expressions_given,
    check_returns_old_or_nothing,
    check_values,
    read_given_expressions,
)
from trinamo.model.shapes import Request, Structure

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
    return expressions
