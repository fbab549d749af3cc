"""One batch of records on its way through a trigger's function: what to call it with next, and what to give up.

    part ──call──▶ succeeded ─────────────────────────────▶ done, next part
      ▲              failed: ─ records too old ────────────▶ discarded
      │                      ─ names where it failed ──────▶ what is before is done, the rest a part
      │                      ─ bisect, several records ────▶ two parts; no retry is counted
      └──────────────────────┴ retries left                └ none left: discarded

1. Parts come in the order of their records, and one is over before the next is tried: so records stay in order.
2. `done` never goes back: what is before it was taken by the function, or discarded.

Source: AWS Lambda, error handling and partial batch response of DynamoDB event source mappings.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import attrs

from trinamo.triggers.mapping import Mapping

RETRIES_EXHAUSTED: Final = "RetryAttemptsExhausted"
AGE_EXCEEDED: Final = "RecordAgeExceeded"

Record = dict[str, Any]


class Discarded(NamedTuple):
    """Records that were given up, and why: a condition in Lambda's words, and how often they were tried."""

    records: tuple[Record, ...]
    condition: str
    calls: int


@attrs.define
class _Part:
    records: tuple[Record, ...]
    calls: int = 0


class Delivery:
    """One batch."""

    def __init__(self, mapping: Mapping, records: Sequence[Record]) -> None:
        self._mapping = mapping
        self._parts = [_Part(tuple(records))] if records else []  # the next last
        self.done: str | None = None
        """The sequence number up to which all is over."""

    def __repr__(self) -> str:
        return f"<Delivery {[len(part.records) for part in reversed(self._parts)]} done={self.done}>"

    @property
    def over(self) -> bool:
        return not self._parts

    @property
    def calls(self) -> int:
        """How often what comes next was tried already."""
        return self._parts[-1].calls if self._parts else 0

    def expire(self, now_s: float) -> Discarded | None:
        """Give up the records at the front that are too old by now."""
        age_max_s = self._mapping.record_age_max_s
        if age_max_s == -1 or not self._parts:
            return None
        part = self._parts[-1]
        old = 0
        while old < len(part.records) and created_s(part.records[old]) + age_max_s < now_s:
            old += 1
        if not old:
            return None
        discarded = Discarded(part.records[:old], AGE_EXCEEDED, part.calls)
        self._finish(old)
        return discarded

    def next(self) -> tuple[Record, ...]:
        """Return what to call the function with, and count the call. There must be something."""
        part = self._parts[-1]
        part.calls += 1
        return part.records

    def succeeded(self) -> None:
        self._finish(len(self._parts[-1].records))

    def failed(self, first: str | None = None) -> Discarded | None:
        """The call failed as a whole, or from the record of a sequence number on. Return what is given up."""
        at = self._position(first)
        if at:
            self._finish(at)
            self._parts[-1].calls = 1
        part = self._parts[-1]
        if self._mapping.bisect_on_error and len(part.records) > 1 and not at:
            middle = (len(part.records) + 1) // 2
            calls = part.calls - 1
            self._parts[-1:] = [_Part(part.records[middle:], calls), _Part(part.records[:middle], calls)]
            return None
        if self._mapping.retries_max != -1 and part.calls > self._mapping.retries_max:
            discarded = Discarded(part.records, RETRIES_EXHAUSTED, part.calls)
            self._finish(len(part.records))
            return discarded
        return None

    def _position(self, first: str | None) -> int:
        """Return how many records of the part are before one; none, if it is not in it."""
        if first is None:
            return 0
        numbers = [sequence_number(record) for record in self._parts[-1].records]
        return numbers.index(first) if first in numbers else 0

    def _finish(self, count: int) -> None:
        """Have the first records of the part over. The rest has made progress, and has all its retries."""
        part = self._parts.pop()
        self.done = sequence_number(part.records[count - 1])
        if count < len(part.records):
            self._parts.append(_Part(part.records[count:]))


def sequence_number(record: Record) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def created_s(record: Record) -> float:
    """Return when a record's change was made, in epoch seconds."""
    moment: float = record["dynamodb"]["ApproximateCreationDateTime"]
    return moment
