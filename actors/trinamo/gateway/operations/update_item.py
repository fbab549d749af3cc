"""UpdateItem: changes parts of one item, or creates it, perhaps on a condition."""

from typing import Final

from trinamo.expressions import CONDITION, UPDATE, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import (
    check_expressions_given,
    check_values,
    read_given_expressions,
)
from trinamo.model.shapes import Request, Structure

SHAPE: Final = Structure(
    "UpdateItemInput",
    members.TABLE_NAME_ALONE,
    members.KEY,
    members.RETURN_CONSUMED_CAPACITY,
    members.RETURN_VALUES,
    members.RETURN_ITEM_COLLECTION_METRICS,
    members.ATTRIBUTE_UPDATES,
    members.CONDITIONAL_OPERATOR,
    members.RETURN_VALUES_ON_FAILURE,
    members.EXPECTED,
    members.UPDATE_EXPRESSION,
    members.CONDITION_EXPRESSION,
    members.EXPRESSION_NAMES,
    members.EXPRESSION_VALUES,
)


def check(request: Request) -> Expressions:
    """Return the expressions of a request, or raise the first error that shows without its table."""
    check_expressions_given(request, (UPDATE, CONDITION))
    check_values(request["Key"])
    return read_given_expressions(request, (UPDATE, CONDITION))
