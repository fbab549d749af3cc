"""Fields of a fault: their names, which are the same at every door, and what each may hold.

selectors      table index operation key node from to groups
how often      probability seed count
how much       ms lag_ms seconds items bytes error reason
"""

from collections.abc import Callable
from typing import Any, Final

SECONDS_MAX: Final = 86_400  # a fault that lasts longer is one without an end
COUNT_MAX: Final = 1_000_000_000


class BadFault(Exception):
    """What is asked for makes no sense; `str(error)` is one line for a person that says what would."""


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def _whole(least: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        right = type(value) is int and least <= value <= COUNT_MAX
        return None if right else f"a whole number from {least}"

    return check


def _probability(value: Any) -> str | None:
    right = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return None if right else "a number from 0 to 1"


def _duration(limit: float) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        right = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= limit
        return None if right else f"a number above 0, and at most {limit:g}"

    return check


def _key(value: Any) -> str | None:
    right = isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values())
    return None if right else "an item's key in DynamoDB JSON"


def _groups(value: Any) -> str | None:
    right = isinstance(value, list) and len(value) > 1 and all(isinstance(group, list) for group in value)
    if right and all(isinstance(name, str) for group in value for name in group):
        return None
    return "two or more lists of nodes"


CHECKS: Final[dict[str, Callable[[Any], str | None]]] = {
    "table": _text,
    "index": _text,
    "operation": _text,
    "key": _key,
    "node": _text,
    "from": _text,
    "to": _text,
    "groups": _groups,
    "probability": _probability,
    "seed": _whole(0),
    "count": _whole(1),
    "ms": _duration(SECONDS_MAX * 1000),
    "lag_ms": _duration(60_000),
    "seconds": _duration(SECONDS_MAX),
    "items": _whole(1),
    "bytes": _whole(1),
    "error": _text,
    "reason": _text,
}


def check_field(verb: str, name: str, value: Any) -> None:
    """Raise `BadFault` for a value that the field cannot hold."""
    wanted = CHECKS[name](value)
    if wanted is not None:
        raise BadFault(f"{name} of {verb} is {wanted}, not {value!r}")
