"""Filter patterns: which records a trigger is called for.

A pattern is a JSON object in the shape of a record. Its leaves are lists of what the value may be:

    null, "text", 12, true                      that value; "" is an empty text
    {"prefix": "a"}  {"suffix": "a"}            a text that begins or ends so
    {"equals-ignore-case": "a"}                 that text, in any case
    {"anything-but": "a" | 1 | ["a", 1] | {"prefix": "a"}}
    {"numeric": [">", 1, "<=", 5]}              a number within bounds; or ["=", 1]
    {"exists": true | false}                    whether there is a value at all

1. All members of a pattern must match, and one of a leaf's alternatives. `"$or": [pattern, ...]` needs one of several.
2. A list in the record matches where one of its elements does.
3. DynamoDB's numbers are texts in a record ({"N": "12"}): `numeric` is of no use for them, as on AWS.

Source: AWS Lambda, "Filter rule syntax" of event source mappings.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import orjson

PATTERN_SIZE_MAX: Final = 4096  # Lambda: characters of one pattern
_ABSENT: Final = object()
_OR: Final = "$or"

Test = Callable[[Any], bool]
"""Takes a value of a record, or `_ABSENT`."""


class BadPattern(ValueError):
    """The pattern is none; `str(error)` is one line that says why."""


class Pattern:
    """One pattern, ready to be matched."""

    def __init__(self, text: str) -> None:
        """Read a pattern. Raises `BadPattern`."""
        if len(text) > PATTERN_SIZE_MAX:
            raise BadPattern(f"a pattern has at most {PATTERN_SIZE_MAX} characters")
        try:
            tree = orjson.loads(text)
        except ValueError as error:
            raise BadPattern(f"a pattern is JSON: {error}") from None
        self.text = text
        self._test = _object(tree, "the pattern")

    def __repr__(self) -> str:
        return f"<Pattern {self.text}>"

    def matches(self, record: Mapping[str, Any]) -> bool:
        return self._test(record)


def _object(tree: Any, where: str) -> Test:
    if not isinstance(tree, dict) or not tree:
        raise BadPattern(f"{where} must be an object with members")
    tests = [_member(name, value) for name, value in tree.items()]

    def test(found: Any) -> bool:
        inside = found if isinstance(found, Mapping) else {}
        return all(each(inside) for each in tests)

    return test


def _member(name: str, value: Any) -> Callable[[Mapping[str, Any]], bool]:
    if name == _OR:
        if not isinstance(value, list) or len(value) < 2:
            raise BadPattern('"$or" takes a list of at least two patterns')
        choices = [_object(each, 'a choice of "$or"') for each in value]
        return lambda inside: any(choice(inside) for choice in choices)
    test = _leaf(value, name) if isinstance(value, list) else _object(value, f'"{name}"')
    return lambda inside: test(inside.get(name, _ABSENT))


def _leaf(alternatives: list[Any], name: str) -> Test:
    if not alternatives:
        raise BadPattern(f'"{name}" has an empty list of alternatives')
    tests = [_alternative(each, name) for each in alternatives]

    def test(found: Any) -> bool:
        if isinstance(found, list):
            return any(each(element) for element in found for each in tests)
        return any(each(found) for each in tests)

    return test


def _alternative(wanted: Any, name: str) -> Test:
    if isinstance(wanted, dict):
        if len(wanted) != 1:
            raise BadPattern(f'an alternative of "{name}" must have one operator')
        ((operator, operand),) = wanted.items()
        make = _OPERATORS.get(operator)
        if make is None:
            raise BadPattern(f'unknown operator "{operator}"; known are {", ".join(_OPERATORS)}')
        return make(operand)
    if isinstance(wanted, list):
        raise BadPattern(f'an alternative of "{name}" is a list')
    return lambda found: _equal(found, wanted)


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return bool(found == wanted)


# The operators, each with its operand.


def _text(operand: Any, operator: str) -> str:
    if not isinstance(operand, str):
        raise BadPattern(f'"{operator}" takes a text')
    return operand


def _prefix(operand: Any) -> Test:
    wanted = _text(operand, "prefix")
    return lambda found: isinstance(found, str) and found.startswith(wanted)


def _suffix(operand: Any) -> Test:
    wanted = _text(operand, "suffix")
    return lambda found: isinstance(found, str) and found.endswith(wanted)


def _ignore_case(operand: Any) -> Test:
    wanted = _text(operand, "equals-ignore-case").casefold()
    return lambda found: isinstance(found, str) and found.casefold() == wanted


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, dict):
        if list(operand) != ["prefix"]:
            raise BadPattern('"anything-but" takes values, or {"prefix": "text"}')
        excluded = _prefix(operand["prefix"])
        return lambda found: found is not _ABSENT and not excluded(found)
    values = operand if isinstance(operand, list) else [operand]
    if not values or any(isinstance(each, list | dict | bool | None) for each in values):
        raise BadPattern('"anything-but" takes texts and numbers')
    return lambda found: found is not _ABSENT and not any(_equal(found, each) for each in values)


def _exists(operand: Any) -> Test:
    if not isinstance(operand, bool):
        raise BadPattern('"exists" takes true or false')
    return lambda found: (found is not _ABSENT) is operand


_BOUNDS: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _numeric(operand: Any) -> Test:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise BadPattern('"numeric" takes a comparison and a number, or two of each')
    bounds = list(zip(operand[::2], operand[1::2], strict=True))
    for comparison, bound in bounds:
        if comparison not in _BOUNDS or not _is_number(bound):
            raise BadPattern(f'"numeric" compares by {" ".join(_BOUNDS)} with numbers')
    limits = [(_BOUNDS[comparison], Decimal(str(bound))) for comparison, bound in bounds]
    return lambda found: (
        _is_number(found) and all(compare(Decimal(str(found)), bound) for compare, bound in limits)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OPERATORS: Final[dict[str, Callable[[Any], Test]]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignore_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
}
