"""GetItem: reads one item, strongly or eventually consistent."""

from typing import Final

from trinamo.expressions import PROJECTION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import (
    check_attributes_to_get,
    check_expressions_given,
    check_values,
    read_given_expressions,
)
from trinamo.model.shapes import Request, Structure

SHAPE: Final = Structure(
    "GetItemInput",
    members.KEY,
    members.TABLE_NAME,
    members.RETURN_CONSUMED_CAPACITY,
    members.ATTRIBUTES_TO_GET,
    members.CONSISTENT_READ,
    members.PROJECTION_EXPRESSION,
    members.EXPRESSION_NAMES,
)


def check(request: Request) -> Expressions:
    """Return the expressions of a request, or raise the first error that shows without its table."""
    check_expressions_given(request, (PROJECTION,))
    check_attributes_to_get(request)
    check_values(request["Key"])
    return read_given_expressions(request, (PROJECTION,))
