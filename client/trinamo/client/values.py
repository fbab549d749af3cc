"""Python's values and DynamoDB's: what users have, and the JSON that the API speaks.

    str S   bytes B   bool BOOL   None NULL   int, Decimal N   list, tuple L   dict M   set, frozenset SS, NS or BS

Back come str, bytes, bool, None, int where a number is whole, else Decimal, list, dict and set. Numbers are decimals of 38
digits there, so a float is refused unless it is asked for: 0.1 is none of them. Digits and magnitudes are checked here,
where the fault lies, and not at the service.
"""

import base64
from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from typing import Any, Final

from trinamo.model.numbers import NumberFault, canonical

DEPTH_MAX: Final = 64  # DynamoDB admits 32, and says so itself; this is against values that hold themselves
AttributeValue = dict[str, Any]


class NotAnAttribute(TypeError, ValueError):
    """A value has no form in DynamoDB. The text says where it stands and why."""


def to_attribute(value: Any, *, floats: bool = False) -> AttributeValue:
    """Return a value in DynamoDB's JSON. `floats` are taken as their shortest decimal. Raises `NotAnAttribute`."""
    return _to(value, floats, ())


def to_item(item: Mapping[str, Any], *, floats: bool = False) -> dict[str, AttributeValue]:
    """Return an item, or a key, in DynamoDB's JSON. Raises `NotAnAttribute`."""
    return {_name(name, ()): _to(value, floats, (name,)) for name, value in item.items()}


def from_attribute(value: Mapping[str, Any]) -> Any:
    """Return the value of an attribute in DynamoDB's JSON."""
    ((kind, held),) = value.items()
    match kind:
        case "S" | "BOOL":
            return held
        case "N":
            return number(held)
        case "B":
            return _bytes(held)
        case "NULL":
            return None
        case "L":
            return [from_attribute(each) for each in held]
        case "M":
            return {name: from_attribute(each) for name, each in held.items()}
        case "SS":
            return set(held)
        case "NS":
            return {number(each) for each in held}
        case "BS":
            return {_bytes(each) for each in held}
        case _:
            raise ValueError(f"{kind} is no type of DynamoDB")


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return an item of DynamoDB's JSON as Python has it."""
    return {name: from_attribute(value) for name, value in item.items()}


def number(text: str) -> int | Decimal:
    """Return a number as int if it is whole."""
    try:
        return int(text)
    except ValueError:
        value = Decimal(text)
    return int(value) if value == value.to_integral_value() else value


def _to(value: Any, floats: bool, path: tuple[str | int, ...]) -> AttributeValue:
    match value:
        case str():
            return {"S": str(value)}
        case bool():  # before int, of which it is one
            return {"BOOL": value}
        case int() | Decimal() | float():
            return {"N": _digits(value, floats, path)}
        case None:
            return {"NULL": True}
        case bytes() | bytearray() | memoryview():
            return {"B": base64.b64encode(value).decode()}
        case Mapping() | list() | tuple() if len(path) > DEPTH_MAX:
            raise _fault("it is nested too deep", path[:3])
        case Mapping():
            return {
                "M": {_name(name, path): _to(each, floats, (*path, name)) for name, each in value.items()}
            }
        case list() | tuple():
            return {"L": [_to(each, floats, (*path, place)) for place, each in enumerate(value)]}
        case Set():
            return _to_set(value, floats, path)
    raise _fault(f"DynamoDB has no {type(value).__name__}", path)


def _to_set(values: Iterable[Any], floats: bool, path: tuple[str | int, ...]) -> AttributeValue:
    found = [_to(value, floats, path) for value in values]
    kinds = {next(iter(value)) for value in found}
    if not found:
        raise _fault("DynamoDB has no empty sets", path)
    if len(kinds) > 1 or not kinds <= {"S", "N", "B"}:
        raise _fault("a set holds str, or numbers, or bytes", path)
    (kind,) = kinds
    return {
        f"{kind}S": sorted(value[kind] for value in found)
    }  # in an order that does not change from run to run


def _digits(value: int | Decimal | float, floats: bool, path: tuple[str | int, ...]) -> str:
    if isinstance(value, float):
        if not floats:
            raise _fault(
                f"{value!r} is a float, and numbers here are decimals of up to 38 digits: give Decimal(str(x)), or"
                " ask for floats",
                path,
            )
        text = repr(float(value))
    else:
        text = str(int(value) if isinstance(value, int) else value)
    try:
        return canonical(text)
    except NumberFault as fault:
        raise _fault(f"{text[:50]}: {fault}", path) from None


def _name(name: Any, path: tuple[str | int, ...]) -> str:
    if not isinstance(name, str):
        raise _fault(f"names of attributes are str, not {type(name).__name__}", path)
    return name


def _bytes(held: str | bytes) -> bytes:
    return held if isinstance(held, bytes) else base64.b64decode(held)


def _fault(text: str, path: tuple[str | int, ...]) -> NotAnAttribute:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return NotAnAttribute(f"{where}: {text}" if where else text)
