"""BatchGetItem: up to 100 items by key, from one or several tables."""

from typing import Any, Final

from trinamo.expressions import PROJECTION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import check_attributes_to_get, check_values, read_expressions
from trinamo.model.errors import VALIDATION_PREFIX, validation
from trinamo.model.limits import BATCH_GET_KEYS_MAX
from trinamo.model.shapes import AttributeMap, List, Map, Member, Request, Structure

SHAPE: Final = Structure(
    "BatchGetItemInput",
    Member(
        "RequestItems",
        Map(
            Structure(
                "KeysAndAttributes",
                Member("Keys", List(AttributeMap(), 1), required=True),
                members.ATTRIBUTES_TO_GET,
                members.CONSISTENT_READ,
                members.PROJECTION_EXPRESSION,
                members.EXPRESSION_NAMES,
            )
        ),
        required=True,
    ),
    members.RETURN_CONSUMED_CAPACITY,
)


def check(request: Request) -> dict[str, Expressions]:
    """Return the expressions for each table, or raise the first error that shows without the tables."""
    tables: dict[str, Any] = request["RequestItems"]
    if not tables:
        raise validation("The requestItems parameter is required for BatchGetItem")
    for name, wanted in tables.items():
        if len(wanted["Keys"]) > BATCH_GET_KEYS_MAX:
            raise validation(
                f"{VALIDATION_PREFIX}Value at 'RequestItems.{name}.member.Keys' failed to satisfy constraint:"
                f" Member must have length less than or equal to {BATCH_GET_KEYS_MAX}"
            )
    if sum(len(wanted["Keys"]) for wanted in tables.values()) > BATCH_GET_KEYS_MAX:
        raise validation("Too many items requested for the BatchGetItem call")
    expressions = {name: read_expressions(wanted, (PROJECTION,)) for name, wanted in tables.items()}
    for wanted in tables.values():
        check_attributes_to_get(wanted)
        for key in wanted["Keys"]:
            check_values(key)
    return expressions
