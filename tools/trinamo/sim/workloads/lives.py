"""How long something was there, and what a read of many things had to show of it.

Each thing comes once, may be changed, and goes at most once; it never comes again. A read that takes time, page after page,
is no snapshot: but what was there before it began until after it ended must be in it, once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import attrs


@attrs.define(eq=False)
class Life:
    """When a thing came and went, in numbered moments (`Asker.moment`); None is never, or nobody knows when."""

    put_asked: int
    put_told: int | None = None
    removal_asked: int | None = None
    """The first attempt that may have removed it."""
    removal_told: int | None = None
    changes: list["Change"] = attrs.Factory(list)
    """Each adds one to its count, which is 0 at first."""

    def removed(self, asked: int, told: int | None) -> None:
        """Note a removal that was done, or may have been."""
        self.removal_asked = min(self.removal_asked or asked, asked)
        if told is not None:
            self.removal_told = min(self.removal_told or told, told)

    def throughout(self, begin: int, end: int) -> bool:
        """Whether it was certainly there all the time."""
        came = self.put_told is not None and self.put_told < begin
        return came and (self.removal_asked is None or self.removal_asked > end)

    def ever(self, begin: int, end: int) -> bool:
        """Whether it may have been there at some moment between."""
        return self.put_asked < end and (self.removal_told is None or self.removal_told > begin)

    def counts(self, begin: int, end: int) -> range:
        """What its count may have been between."""
        least = sum(change.told is not None and change.told < begin for change in self.changes)
        return range(least, 1 + sum(change.asked < end for change in self.changes))


@attrs.define(eq=False)
class Change:
    """A change that may have been done."""

    asked: int
    told: int | None = None


@attrs.frozen
class Passage:
    """A read of all that lies in a range, page after page."""

    what: str
    begin: int
    end: int
    shown: tuple[tuple[str, int], ...]
    """Each thing with its count."""

    def faults(self, lives: Mapping[str, Life]) -> list[str]:
        """Say what no such read of these things would have shown; `lives` has all that lie in its range."""
        times = Counter(thing for thing, _ in self.shown)
        found = [f"{thing} is shown {count} times" for thing, count in times.items() if count > 1]
        found += [
            f"{thing} is missing, which was there throughout"
            for thing, life in lives.items()
            if thing not in times and life.throughout(self.begin, self.end)
        ]
        found += self._impossible(lives)
        return [f"{self.what} at {self.begin}..{self.end}: {each}" for each in found]

    def _impossible(self, lives: Mapping[str, Life]) -> Iterable[str]:
        for thing, count in self.shown:
            life = lives.get(thing)
            if life is None:
                yield f"{thing} is shown, which nobody put there"
            elif not life.ever(self.begin, self.end):
                yield f"{thing} is shown, which was not there at any time"
            elif count not in (counts := life.counts(self.begin, self.end)):
                yield f"{thing} is shown with {count}, where {counts[0]}..{counts[-1]} was possible"
