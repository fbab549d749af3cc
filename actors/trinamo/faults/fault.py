"""A fault that lasts: its fields, its dice, and how often it has happened."""

from typing import Any, Protocol

import attrs

from trinamo.faults.verbs import Verb


class Dice(Protocol):
    """What a fault draws from: seeded, so that the same requests meet the same faults again."""

    def random(self) -> float: ...


@attrs.define(eq=False)
class Fault:
    """One fault. `matched` counts what it could have happened to, `fired` what it happened to.

    `ends` is on the monotonic clock, None for a fault that somebody must remove. Of each that matches, one throw of
    the dice decides, in the order of arrival.
    """

    id: str
    verb: Verb
    fields: dict[str, Any]
    ends: float | None
    _dice: Dice
    matched: int = 0
    fired: int = 0

    def __repr__(self) -> str:
        return f"<Fault {self.id} {self.name} fired={self.fired}/{self.matched}>"

    @property
    def name(self) -> str:
        """The verb as users say it."""
        return self.verb.name.partition(" ")[0]

    def fires(self) -> bool:
        """Whether it happens to what it was just found to match."""
        self.matched += 1
        count = self.fields.get("count")
        if count is not None and self.fired >= count:
            return False
        probability = self.fields.get("probability")
        if probability is not None and self._dice.random() >= probability:
            return False
        self.fired += 1
        return True

    def show(self) -> dict[str, Any]:
        """Return what a list of faults says of it."""
        return {
            "id": self.id,
            "verb": self.name,
            **self.fields,
            "matched": self.matched,
            "fired": self.fired,
        }
