"""Expressions in requests: each kind in an operation that reads it, with the placeholders that its text uses."""

import re
from typing import Any

from dynamodb.calls import Item, call, fault, item, refusal

CONDITION = "ConditionExpression"
FILTER = "FilterExpression"
KEYS = "KeyConditionExpression"
PROJECTION = "ProjectionExpression"
UPDATE = "UpdateExpression"

_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")
_OPERATIONS = {
    CONDITION: "DeleteItem",
    FILTER: "Scan",
    KEYS: "Query",
    PROJECTION: "GetItem",
    UPDATE: "UpdateItem",
}


def used(text: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return those placeholders that a text uses."""
    found = set(_PLACEHOLDER.findall(text))
    return {name: value for name, value in given.items() if name in found}


def placeholders(text: str, names: dict[str, str] | None, values: Item | None) -> dict[str, Any]:
    """Return the members of a request that define what a text uses."""
    maps = {
        "ExpressionAttributeNames": used(text, names or {}),
        "ExpressionAttributeValues": used(text, values or {}),
    }
    return {member: given for member, given in maps.items() if given}


def request(
    table: str,
    kind: str,
    text: str,
    names: dict[str, str] | None = None,
    values: Item | None = None,
    *,
    key: Item | None = None,
) -> tuple[str, dict[str, Any]]:
    """Return an operation and a request with one expression, and of the placeholders those that it uses."""
    made: dict[str, Any] = {"TableName": table, kind: text}
    if kind in (CONDITION, PROJECTION, UPDATE):
        made["Key"] = item(1) if key is None else key
    made |= placeholders(text, names, None if kind == PROJECTION else values)
    return _OPERATIONS[kind], made


def refused(
    client: Any,
    table: str,
    kind: str,
    text: str,
    names: dict[str, str] | None = None,
    values: Item | None = None,
) -> tuple[str, str]:
    """Return the code and text with which an expression is refused."""
    return fault(refusal(client, *request(table, kind, text, names, values)))


def holds(
    client: Any,
    table: str,
    text: str,
    names: dict[str, str] | None = None,
    values: Item | None = None,
    *,
    key: Item | None = None,
) -> bool:
    """Whether a condition holds for the item that is there, or for none. Changes nothing where the item is."""
    _, made = request(table, CONDITION, text, names, values, key=key)
    try:
        call(client, "UpdateItem", made)
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def updated(
    client: Any,
    table: str,
    text: str,
    names: dict[str, str] | None = None,
    values: Item | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Update the item of sort key 1, and return the answer."""
    operation, made = request(table, UPDATE, text, names, values)
    return call(client, operation, {**made, **more})


def unordered(value: Any) -> Any:
    """Return an item or value with the members of its sets sorted, since they have no order."""
    if isinstance(value, list):
        return [unordered(element) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        name: sorted(inner, key=repr)
        if name in ("SS", "NS", "BS") and isinstance(inner, list)
        else unordered(inner)
        for name, inner in value.items()
    }
