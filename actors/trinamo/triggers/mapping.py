"""An event source mapping: how a trigger reads its table's stream, and what it does about failures.

Names, defaults and bounds are those of Lambda's CreateEventSourceMapping for DynamoDB streams. A file has them as Lambda does
(`read_mapping`); in Python they are fields of `Mapping`.
"""

import enum
from collections.abc import Sequence
from typing import Any, Final, TypedDict, Unpack

import attrs
import orjson

from trinamo.triggers.patterns import BadPattern, Pattern

BATCH_SIZE_MAX: Final = 10_000
BATCHING_WINDOW_MAX_S: Final = 300
RETRIES_MAX: Final = 10_000
RECORD_AGE_MIN_S: Final = 60
RECORD_AGE_MAX_S: Final = 604_800
FILTERS_MAX: Final = 10  # Lambda: 5, and 10 on request


class BadMapping(ValueError):
    """The mapping cannot be; `str(error)` is one line that says why."""


class StartingPosition(enum.Enum):
    """Where a trigger that has never run begins."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"


@attrs.frozen(kw_only=True)
class Mapping:
    """How a trigger reads and retries. Numbers of -1 are without a bound, but for the 24 hours that records live.

    - `batch_size`: records of a call at most; `batching_window_s`: how long to gather them.
    - `retries_max`: calls beside the first; `record_age_max_s`: older records are not tried (again).
    - `bisect_on_error`: part a failing batch in two, which does not count as a retry.
    - `report_failures`: the function's reply may name the records that failed (ReportBatchItemFailures).
    - `filters`: records that match none of them are passed over; without any, all are taken.
    """

    batch_size: int = 100
    batching_window_s: float = 0.0
    starting_position: StartingPosition = attrs.field(default=StartingPosition.TRIM_HORIZON)
    retries_max: int = -1
    record_age_max_s: float = -1
    bisect_on_error: bool = False
    report_failures: bool = False
    filters: tuple[Pattern, ...] = ()

    def __attrs_post_init__(self) -> None:
        _within("batch size", self.batch_size, 1, BATCH_SIZE_MAX)
        _within("batching window", self.batching_window_s, 0, BATCHING_WINDOW_MAX_S, "s")
        if self.retries_max != -1:
            _within("number of retries", self.retries_max, 0, RETRIES_MAX)
        if self.record_age_max_s != -1:
            _within("maximum record age", self.record_age_max_s, RECORD_AGE_MIN_S, RECORD_AGE_MAX_S, "s")
        if len(self.filters) > FILTERS_MAX:
            raise BadMapping(f"there may be {FILTERS_MAX} filters at most, not {len(self.filters)}")

    def takes(self, record: dict[str, Any]) -> bool:
        """Whether the function is called for a record."""
        return not self.filters or any(pattern.matches(record) for pattern in self.filters)


def _within(what: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not low <= value <= high:
        raise BadMapping(
            f"the {what} lies between {low:g} and {high:g}{unit and ' ' + unit}, not at {value:g}"
        )


def read_patterns(texts: list[str]) -> tuple[Pattern, ...]:
    """Return the patterns of some texts. Raises `BadMapping`."""
    try:
        return tuple(Pattern(text) for text in texts)
    except BadPattern as error:
        raise BadMapping(str(error)) from None


# Mappings as Python says them.


class Settings(TypedDict, total=False):
    """The fields of a `Mapping` in plain values: seconds; a name of a position; filter patterns as objects or in JSON."""

    batch_size: int
    batching_window: float
    starting_position: str
    retries: int
    record_age: float
    bisect_on_error: bool
    report_failures: bool
    filters: Sequence[dict[str, Any] | str]


_FIELDS: Final = {
    "batching_window": "batching_window_s",
    "retries": "retries_max",
    "record_age": "record_age_max_s",
}


def mapping_of(**settings: Unpack[Settings]) -> Mapping:
    """Return the mapping of some settings. Raises `BadMapping`."""
    fields: dict[str, Any] = {_FIELDS.get(name, name): value for name, value in settings.items()}
    if "starting_position" in fields:
        fields["starting_position"] = _position("the starting position", fields["starting_position"])
    if "filters" in fields:
        texts = [each if isinstance(each, str) else orjson.dumps(each).decode() for each in fields["filters"]]
        fields["filters"] = read_patterns(texts)
    return Mapping(**fields)


def _position(what: str, value: Any) -> StartingPosition:
    if value not in StartingPosition.__members__:
        raise BadMapping(f"{what} is one of {', '.join(StartingPosition.__members__)}")
    return StartingPosition[value]


# Mappings as Lambda writes them.

_NUMBERS: Final = {
    "BatchSize": "batch_size",
    "MaximumBatchingWindowInSeconds": "batching_window_s",
    "MaximumRetryAttempts": "retries_max",
    "MaximumRecordAgeInSeconds": "record_age_max_s",
}
_READ_ELSEWHERE: Final = ("Table", "Function", "OnFailure")


def read_mapping(given: dict[str, Any]) -> Mapping:
    """Read the members that CreateEventSourceMapping has for a stream. Raises `BadMapping`."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name in _NUMBERS:
            if not isinstance(value, int) or isinstance(value, bool):
                raise BadMapping(f"{name} is a whole number")
            fields[_NUMBERS[name]] = value
        elif name == "StartingPosition":
            fields["starting_position"] = _position(name, value)
        elif name == "BisectBatchOnFunctionError":
            if not isinstance(value, bool):
                raise BadMapping(f"{name} is true or false")
            fields["bisect_on_error"] = value
        elif name == "FunctionResponseTypes":
            if value not in ([], ["ReportBatchItemFailures"]):
                raise BadMapping(f'{name} is ["ReportBatchItemFailures"] or []')
            fields["report_failures"] = bool(value)
        elif name == "FilterCriteria":
            fields["filters"] = read_patterns(_criteria(value))
        elif name not in _READ_ELSEWHERE:
            raise BadMapping(f"unknown member {name}")
    return Mapping(**fields)


def _criteria(value: Any) -> list[str]:
    filters = value.get("Filters") if isinstance(value, dict) else None
    if not isinstance(filters, list) or not all(
        isinstance(each, dict) and isinstance(each.get("Pattern"), str) for each in filters
    ):
        raise BadMapping('FilterCriteria is {"Filters": [{"Pattern": "{...}"}]}')
    return [each["Pattern"] for each in filters]
