"""Reading attribute values from JSON, with what the service says of those that are wrong.

Reading is done twice at most. `measure` accepts what is right in one pass. At the first oddity a slow reading finds
out what the service would say, in its order: first every JSON type of the whole map (a SerializationException,
raised), then `NULL: false` anywhere, then the other faults of values, in the order of the map. A fault of a value is
not raised but returned, since other checks of a request come in between, and since parameters word it differently.
"""

from binascii import b2a_base64
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from trinamo.model.errors import INVALID_PARAMETERS
from trinamo.model.jsontypes import (
    SHAPES,
    bind_blob,
    bind_boolean,
    bind_list,
    bind_map,
    bind_string,
    structure_fault,
)
from trinamo.model.limits import ATTRIBUTE_NAME_SIZE_MAX, NESTING_LEVELS_MAX
from trinamo.model.measure import Odd, measure
from trinamo.model.numbers import NumberFault, canonical
from trinamo.model.values import TOO_DEEP, AttributeValue, Item

EMPTY_VALUE: Final = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
SEVERAL_TYPES: Final = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
NULL_FALSE: Final = INVALID_PARAMETERS + "Null attribute value types must have the value of true"
_EMPTY_SETS: Final = {
    "SS": INVALID_PARAMETERS + "An string set  may not be empty",
    "NS": INVALID_PARAMETERS + "An number set  may not be empty",
    "BS": INVALID_PARAMETERS + "Binary sets should not be empty",
}
# The service's own texts of these two are not known to us.
EMPTY_NAME: Final = INVALID_PARAMETERS + "An attribute name may not be empty"
LONG_NAME: Final = f"{INVALID_PARAMETERS}An attribute name may not exceed {ATTRIBUTE_NAME_SIZE_MAX} bytes"


class ValueFault(NamedTuple):
    """What is wrong with a value. `numeric` faults are never wrapped in a parameter's own words."""

    text: str
    entry: str  # the top-level name it lies under
    numeric: bool = False
    nested_too_deep: bool = False

    @property
    def is_of_empty_set(self) -> bool:
        """Whether a set has no members; the newer generation of wording does not wrap that."""
        return self.text in _EMPTY_SETS.values()


class Attributes(NamedTuple):
    """A map of attribute values as read. With a `fault`, tree and size say nothing."""

    tree: Item
    size: int
    fault: ValueFault | None


def read_attributes(raw: dict[str, Any]) -> Attributes:
    """Read a JSON object of attribute values, which becomes ours: it is changed in place.

    Raises the `ApiError` of a JSON type that does not fit. A fault of a value is returned.
    """
    try:
        return take_attributes(raw)
    except Odd:
        return _read_slowly(raw)


def take_attributes(raw: dict[str, Any]) -> Attributes:
    """Read as `read_attributes` does, but raise `Odd` at the first oddity."""
    size = measure(raw, 1)
    if size > ATTRIBUTE_NAME_SIZE_MAX:  # only then can a name be too long
        return Attributes(raw, size, _fault_of_long_names(raw))
    return Attributes(raw, size, None)


def _read_slowly(raw: dict[str, Any]) -> Attributes:
    tree = {name: _bind_value(value, 1) for name, value in raw.items()}
    try:
        return Attributes(tree, measure(tree, 1), _fault_of_long_names(tree))
    except Odd:
        return Attributes(tree, 0, _first_fault(tree))


def _bind_value(raw: Any, level: int) -> AttributeValue:
    """Return the value with nulls and unknown members left out, or raise the error of a JSON type."""
    if raw is None:
        return {}
    if type(raw) is not dict:
        raise structure_fault(raw, "AttributeValue", inside_collection=True)
    if level > NESTING_LEVELS_MAX:
        return raw  # too deep whatever is inside; and no deep recursion
    return {
        code: _BINDERS[code](content, level)
        for code, content in raw.items()
        if content is not None and code in _BINDERS
    }


def _bind_members(bind: Callable[[Any], Any]) -> Callable[[Any, int], Any]:
    return lambda raw, _level: [None if member is None else bind(member) for member in bind_list(raw)]


_BINDERS: Final[dict[str, Callable[[Any, int], Any]]] = {
    "S": lambda raw, _level: bind_string(raw),
    "N": lambda raw, _level: bind_string(raw),
    "B": lambda raw, _level: bind_blob(raw),
    "BOOL": lambda raw, _level: bind_boolean(raw),
    "NULL": lambda raw, _level: bind_boolean(raw),
    "SS": _bind_members(bind_string),
    "NS": _bind_members(bind_string),
    "BS": _bind_members(bind_blob),
    "L": lambda raw, level: [_bind_value(element, level + 1) for element in bind_list(raw)],
    "M": lambda raw, level: {
        name: _bind_value(value, level + 1)
        for name, value in bind_map(raw, SHAPES + "AttributeValue").items()
    },
}


def _fault_of_long_names(tree: Item) -> ValueFault | None:
    for name, value in tree.items():
        if _is_long(name) or _holds_long_name(value):
            return ValueFault(LONG_NAME, name)
    return None


def _is_long(name: str) -> bool:
    return len(name) > ATTRIBUTE_NAME_SIZE_MAX // 4 and len(name.encode()) > ATTRIBUTE_NAME_SIZE_MAX


def _holds_long_name(value: AttributeValue) -> bool:
    return any(map(_is_long, value.get("M", ()))) or any(map(_holds_long_name, _entries(value)))


def _first_fault(tree: Item) -> ValueFault:
    """Return the fault that the service would name, of a bound tree that has one."""
    for name, value in tree.items():
        if _holds_null_false(value, 1):
            return ValueFault(NULL_FALSE, name)
    for name, value in tree.items():
        fault = ValueFault(EMPTY_NAME, name) if not name else _fault_of_value(value, 1)
        if fault is not None:
            return fault._replace(entry=name)
    raise AssertionError("the fast pass refused what has no fault")


def _holds_null_false(value: AttributeValue, level: int) -> bool:
    if value.get("NULL") is False:
        return True
    if level >= NESTING_LEVELS_MAX:
        return False
    return any(_holds_null_false(inner, level + 1) for inner in _entries(value))


def _entries(value: AttributeValue) -> list[AttributeValue]:
    return [*value.get("L", ()), *value.get("M", {}).values()]


def _fault_of_value(value: AttributeValue, level: int) -> ValueFault | None:
    if level > NESTING_LEVELS_MAX:
        return ValueFault(TOO_DEEP, "", nested_too_deep=True)
    if len(value) != 1:
        return ValueFault(SEVERAL_TYPES if value else EMPTY_VALUE, "")
    [(code, content)] = value.items()
    if code == "N":
        return _fault_of_number(content)
    if code in _EMPTY_SETS:
        return _fault_of_set(code, content)
    if code == "M" and "" in content:
        return ValueFault(EMPTY_NAME, "")
    for inner in _entries(value):
        fault = _fault_of_value(inner, level + 1)
        if fault is not None:
            return fault
    return None


def _fault_of_number(text: str) -> ValueFault | None:
    try:
        canonical(text)
    except NumberFault as fault:
        return ValueFault(str(fault), "", numeric=True)
    return None


def _fault_of_set(code: str, members: list[Any]) -> ValueFault | None:
    if not members:
        return ValueFault(_EMPTY_SETS[code], "")
    if None in members:
        return ValueFault(EMPTY_VALUE, "")
    if code == "NS":
        return _fault_of_number_set(members)
    if len(set(members)) == len(members):
        return None
    if code == "SS":
        return ValueFault(
            f"{INVALID_PARAMETERS}Input collection [{', '.join(members)}] contains duplicates.", ""
        )
    given = ", ".join(b2a_base64(member, newline=False).decode() for member in members)
    return ValueFault(f"{INVALID_PARAMETERS}Input collection [{given}]of type BS contains duplicates.", "")


def _fault_of_number_set(members: list[str]) -> ValueFault | None:
    for member in members:
        fault = _fault_of_number(member)
        if fault is not None:
            return fault
    if len({canonical(member) for member in members}) < len(members):
        return ValueFault("Input collection contains duplicates", "")
    return None
