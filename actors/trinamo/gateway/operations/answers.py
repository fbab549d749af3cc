"""Answers of writes: old images, capacity, failed conditions."""

from typing import Any

from trinamo.gateway.operations.database import Written
from trinamo.gateway.operations.operation import add_if
from trinamo.model.capacity import consumed_capacity, write_units
from trinamo.model.errors import conditional_check_failed
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request
from trinamo.model.values import Item, decode_item

_NOTHING = b"{}"


def returns_old(request: Request) -> bool:
    """Whether an answer, or a refusal by the condition, will need the old item."""
    return (
        request.get("ReturnValues", "NONE") != "NONE"
        or request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    )


def write_answer(request: Request, written: Written, attributes: Item | None = None) -> bytes:
    """Return the answer of a write, or raise the error of its condition.

    `attributes` are what ReturnValues asked for; without, ALL_OLD is answered from the old item.
    """
    if not written.condition_met:
        raise conditional_check_failed(_old_for_failure(request, written))
    if "ReturnValues" not in request and "ReturnConsumedCapacity" not in request:
        return _NOTHING
    answer: dict[str, Any] = {}
    if attributes is None and request.get("ReturnValues") == "ALL_OLD" and written.old is not None:
        attributes = decode_item(written.old)
    add_if(answer, "Attributes", attributes)
    units = write_units(max(written.old_size, written.new_size))
    asked = request.get("ReturnConsumedCapacity")
    add_if(answer, "ConsumedCapacity", consumed_capacity(request["TableName"], units, asked))
    return dump_json(answer)


def _old_for_failure(request: Request, written: Written) -> Item | None:
    if request.get("ReturnValuesOnConditionCheckFailure") != "ALL_OLD" or written.old is None:
        return None
    return decode_item(written.old)
