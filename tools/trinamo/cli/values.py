"""Attribute values and plain JSON.

Plain JSON is what people write: `{"id": "a", "n": 1, "tags": ["x"]}`. A string is S, a number N, true and false BOOL,
null NULL, an array L, an object M. Digits of numbers are kept as they are written, in both directions.

It cannot say binary values and sets. Where a person reads (`show`), they appear as base64 text and as arrays; where
a file is to hold the same items again (`exact`), they are refused.
"""

import json
import re
from typing import Any, Final

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]

TYPES: Final = frozenset({"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"})
_DEPTH_MAX: Final = 100  # DynamoDB: 32, which it says itself
_TOO_DEEP: Final = "it is nested too deep"
_JSON_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class NoPlainForm(ValueError):
    """A value has no form in plain JSON, or a text is none."""


class Digits(str):
    """A JSON number as it is written."""

    __slots__ = ()


def load_plain(text: str | bytes) -> Any:
    """Return plain JSON with its numbers as `Digits`. Raises `ValueError`."""
    try:
        return json.loads(text, parse_int=Digits, parse_float=Digits, parse_constant=no_number)
    except RecursionError:
        raise NoPlainForm(_TOO_DEEP) from None


def no_number(text: str) -> Any:
    """Refuse what Python takes for JSON: NaN and the infinities."""
    raise NoPlainForm(f"{text} is no number")


def to_value(plain: Any, depth: int = 0) -> AttributeValue:
    """Return the attribute value of plain JSON as `load_plain` reads it. Raises `NoPlainForm` if it is too deep."""
    if depth > _DEPTH_MAX:
        raise NoPlainForm(_TOO_DEEP)
    match plain:
        case Digits():
            return {"N": str(plain)}
        case str():
            return {"S": plain}
        case bool():
            return {"BOOL": plain}
        case None:
            return {"NULL": True}
        case list():
            return {"L": [to_value(each, depth + 1) for each in plain]}
        case _:
            return {"M": to_item(plain, depth + 1)}


def to_item(plain: dict[str, Any], depth: int = 0) -> Item:
    """Return the item of a plain JSON object. Raises `NoPlainForm` if it is too deep."""
    return {name: to_value(value, depth) for name, value in plain.items()}


def read_item(text: str | bytes, *, dynamodb_json: bool) -> Item:
    """Return the item of a JSON text in either form. Raises `ValueError` with what is wrong with it."""
    plain = load_plain(text)
    if not isinstance(plain, dict):
        raise NoPlainForm("an item is a JSON object")
    if not dynamodb_json:
        return to_item(plain)
    check_item(plain)
    return plain


def check_item(item: Any) -> None:
    """Raise `NoPlainForm` unless this looks like an item in DynamoDB JSON. The service checks the rest."""
    if not isinstance(item, dict):
        raise NoPlainForm("an item is a JSON object")
    for name, value in item.items():
        if not (isinstance(value, dict) and len(value) == 1 and value.keys() <= TYPES):
            raise NoPlainForm(f'{name} is not DynamoDB JSON, such as {{"S": "a"}}')


def show(value: AttributeValue) -> str:
    """Return plain JSON for people. Sets are arrays and binary values base64 texts."""
    return _plain(value, exact=False)


def show_item(item: Item) -> str:
    """Return plain JSON of an item for people."""
    return _plain({"M": item}, exact=False)


def exact_item(item: Item) -> str:
    """Return plain JSON that `to_item` makes the same item of. Raises `NoPlainForm`."""
    return _plain({"M": item}, exact=True)


def _plain(value: AttributeValue, *, exact: bool) -> str:
    [(code, held)] = value.items()
    match code:
        case "S" | "BOOL":
            return json.dumps(held, ensure_ascii=False)
        case "N":
            return held if _JSON_NUMBER.fullmatch(held) else json.dumps(held)
        case "NULL":
            return "null"
        case "L":
            return f"[{', '.join(_plain(each, exact=exact) for each in held)}]"
        case "M":
            members = (
                f"{json.dumps(name, ensure_ascii=False)}: {_plain(each, exact=exact)}"
                for name, each in held.items()
            )
            return f"{{{', '.join(members)}}}"
    if exact:
        raise NoPlainForm(f"a value of type {code} has no form in plain JSON")
    if code == "NS":
        return f"[{', '.join(_plain({'N': each}, exact=False) for each in held)}]"
    return json.dumps(held, ensure_ascii=False)
