"""Measuring: one pass over attribute values that adds up their size and makes them canonical in place.

It accepts exactly what is right, and answers anything else with `Odd`, without saying what: that is worked out by
`trinamo.model.reading`, off the hot path. Canonical values stay as they are, so it also measures stored items.

Size (DynamoDB's, in bytes): names and strings as UTF-8, binaries raw, numbers by digits, BOOL and NULL 1, sets the
sum of their members, L and M 3, and 1 more for each of their entries.
"""

from collections.abc import Callable
from typing import Any, Final

from trinamo.model.jsontypes import decode_base64
from trinamo.model.limits import NESTING_LEVELS_MAX
from trinamo.model.numbers import NumberFault, canonical, number_size
from trinamo.model.values import AttributeValue, Item


class Odd(Exception):
    """A value is not as it should be."""


def item_size(item: Item) -> int:
    """Return the DynamoDB size of a canonical item."""
    return measure(item, 1)


def value_size(value: AttributeValue) -> int:
    """Return the DynamoDB size of one canonical value, without a name."""
    return measure({"-": value}, 1) - 1


def measure(attributes: dict[str, Any], level: int) -> int:
    """Return the size of names and values; make values canonical in place. Raises `Odd`.

    `level` is that of the values: 1 at the top of an item.
    """
    if "" in attributes:
        raise Odd
    size = 0
    for name, value in attributes.items():
        if type(value) is not dict or len(value) != 1:
            raise Odd
        size += len(name) if name.isascii() else len(name.encode())
        text = value.get("S")  # a look-up costs half of taking the only entry out
        if type(text) is str:
            size += len(text) if text.isascii() else len(text.encode())
            continue
        [(code, content)] = value.items()
        if code == "N":
            size += _measure_number(value, content)
        else:
            size += _measure_other(value, code, content, level)
    return size


def _measure_number(value: AttributeValue, content: Any) -> int:
    if type(content) is not str:
        raise Odd
    # Up to 38 plain digits without leading zero are canonical as they stand.
    if content.isdigit() and content.isascii() and content[0] != "0" and len(content) <= 38:
        return 1 + (len(content.rstrip("0")) + 1) // 2
    text = _canonical(content)
    if text is not content:
        value["N"] = text
    return number_size(text)


def _canonical(content: Any) -> str:
    if type(content) is not str:
        raise Odd
    try:
        return canonical(content)
    except NumberFault:
        raise Odd from None


def _measure_other(value: AttributeValue, code: str, content: Any, level: int) -> int:
    measure_content = _MEASURES.get(code)
    if measure_content is None:
        raise Odd
    return measure_content(value, content, level)


def _measure_binary(value: AttributeValue, content: Any, _level: int) -> int:
    decoded = value["B"] = _binary(content)
    return len(decoded)


def _binary(content: Any) -> bytes:
    if type(content) is bytes:
        return content  # read before
    if type(content) is not str:
        raise Odd
    decoded = decode_base64(content)
    if decoded is None:
        raise Odd
    return decoded


def _measure_boolean(_value: AttributeValue, content: Any, _level: int) -> int:
    if type(content) is not bool:
        raise Odd
    return 1


def _measure_null(_value: AttributeValue, content: Any, _level: int) -> int:
    if content is not True:
        raise Odd
    return 1


def _measure_list(_value: AttributeValue, content: Any, level: int) -> int:
    if type(content) is not list or (level >= NESTING_LEVELS_MAX and content):
        raise Odd
    size = 3 + len(content)
    for element in content:
        if type(element) is not dict or len(element) != 1:
            raise Odd
        [(code, inner)] = element.items()
        if code == "S" and type(inner) is str:
            size += len(inner) if inner.isascii() else len(inner.encode())
        elif code == "N":
            size += _measure_number(element, inner)
        else:
            size += _measure_string(inner) if code == "S" else _measure_other(element, code, inner, level + 1)
    return size


def _measure_map(_value: AttributeValue, content: Any, level: int) -> int:
    if type(content) is not dict or (level >= NESTING_LEVELS_MAX and content):
        raise Odd
    return 3 + len(content) + measure(content, level + 1)


def _measure_string(content: Any) -> int:
    if type(content) is not str:
        raise Odd
    return len(content.encode())


def _measure_string_set(_value: AttributeValue, content: Any, _level: int) -> int:
    return sum([_measure_string(member) for member in _distinct(content)])


def _measure_number_set(value: AttributeValue, content: Any, _level: int) -> int:
    if type(content) is not list:
        raise Odd
    members = value["NS"] = _distinct([_canonical(member) for member in content])
    return sum(map(number_size, members))


def _measure_binary_set(value: AttributeValue, content: Any, _level: int) -> int:
    if type(content) is not list:
        raise Odd
    members = value["BS"] = _distinct([_binary(member) for member in content])
    return sum(map(len, members))


def _distinct(content: Any) -> list[Any]:
    if type(content) is not list or not content:
        raise Odd
    try:
        distinct = len(set(content)) == len(content)
    except TypeError:
        raise Odd from None  # a list or object among the members
    if not distinct:
        raise Odd
    return content


_MEASURES: Final[dict[str, Callable[[AttributeValue, Any, int], int]]] = {
    "B": _measure_binary,
    "BOOL": _measure_boolean,
    "NULL": _measure_null,
    "L": _measure_list,
    "M": _measure_map,
    "SS": _measure_string_set,
    "NS": _measure_number_set,
    "BS": _measure_binary_set,
}
