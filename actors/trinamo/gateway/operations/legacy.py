"""Legacy parameters of requests: read as what they state in the language of expressions.

Each function returns None for a request without its parameter, and raises the `ApiError` of one that is faulty. When it
is called is the operation's affair: the service checks legacy parameters at other moments than their expressions.
"""

from typing import Any

from trinamo.expressions import (
    Condition,
    KeyTerms,
    Projection,
    Update,
    read_attribute_updates,
    read_attributes_to_get,
    read_expected,
    read_filter,
    read_key_conditions,
)
from trinamo.gateway.operations.checks import check_values
from trinamo.model.reading import Attributes
from trinamo.model.shapes import Request


def legacy_condition(request: Request) -> Condition | None:
    """Return the condition that Expected states, if the request has any."""
    if "Expected" not in request and "ConditionalOperator" not in request:
        return None
    return read_expected(_entries(request, "Expected"), request.get("ConditionalOperator"))


def legacy_filter(request: Request, parameter: str) -> Condition | None:
    """Return the filter that QueryFilter or ScanFilter states, if the request has any."""
    if parameter not in request and "ConditionalOperator" not in request:
        return None
    return read_filter(parameter, _entries(request, parameter), request.get("ConditionalOperator"))


def legacy_key_condition(request: Request) -> KeyTerms | None:
    """Return the key condition that KeyConditions states, if the request has any."""
    if "KeyConditions" not in request:
        return None
    return read_key_conditions(_entries(request, "KeyConditions"))


def legacy_projection(request: Request) -> Projection | None:
    """Return the projection that AttributesToGet states, if the request has any."""
    names = request.get("AttributesToGet")
    return None if names is None else read_attributes_to_get(names)


def legacy_update(request: Request) -> Update | None:
    """Return the update that AttributeUpdates states, if the request has any."""
    if "AttributeUpdates" not in request:
        return None
    return read_attribute_updates(_entries(request, "AttributeUpdates"))


def _entries(request: Request, parameter: str) -> dict[str, Request]:
    """Return a legacy parameter with its values as they are, or raise the error of a value's fault."""
    return {
        attribute: {name: _plain(member) for name, member in entry.items()}
        for attribute, entry in request.get(parameter, {}).items()
    }


def _plain(member: Any) -> Any:
    """Return a member of a legacy parameter's entry, an attribute value or a list of them as such."""
    if isinstance(member, list):
        return [_plain(element) for element in member]
    if not isinstance(member, Attributes):
        return member
    check_values(member)
    [value] = member.tree.values()
    return value
