"""The faults of a cluster, by id, in the order in which they were asked for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from trinamo.faults.fault import Dice, Fault
from trinamo.faults.fields import BadFault
from trinamo.faults.target import Target, selects
from trinamo.faults.verbs import Kind, Verb

FAULTS_MAX: Final = 1_000


class Faults:
    """Those that last and have not ended. `seeded` makes dice; `draw_seed` a seed where none is given."""

    def __init__(
        self, monotonic: Callable[[], float], seeded: Callable[[int], Dice], draw_seed: Callable[[], int]
    ) -> None:
        self._monotonic = monotonic
        self._seeded = seeded
        self._draw_seed = draw_seed
        self._faults: dict[str, Fault] = {}
        self._next = 1
        self.on_requests = False  # whether any may happen to a request: asked for each

    def __repr__(self) -> str:
        return f"<Faults {len(self._faults)}>"

    def add(self, verb: Verb, fields: Mapping[str, Any]) -> Fault:
        """Let a fault last. Raises `BadFault` when there are too many."""
        if len(self._faults) >= FAULTS_MAX:
            raise BadFault(f"there are {FAULTS_MAX} faults already; remove some")
        kept = dict(fields)
        if "probability" in kept:
            kept.setdefault("seed", self._draw_seed())  # shown, so that it can be given next time
        seconds = kept.get("seconds")
        fault = Fault(
            f"f{self._next}",
            verb,
            kept,
            None if seconds is None else self._monotonic() + seconds,
            self._seeded(kept.get("seed", 0)),
        )
        self._next += 1
        self._faults[fault.id] = fault
        self._note()
        return fault

    def remove(self, id_: str) -> Fault:
        """End a fault. Raises `BadFault` for one that is not there."""
        fault = self._faults.pop(id_, None)
        if fault is None:
            raise BadFault(f"there is no fault {id_!r}")
        self._note()
        return fault

    def clear(self, kind: Kind | None = None) -> list[Fault]:
        """End all faults, or those of one kind, and return them."""
        ended = [fault for fault in self._faults.values() if kind in (None, fault.verb.kind)]
        for fault in ended:
            del self._faults[fault.id]
        self._note()
        return ended

    def expire(self) -> list[Fault]:
        """End those whose time is over, and return them."""
        now = self._monotonic()
        ended = [fault for fault in self._faults.values() if fault.ends is not None and fault.ends <= now]
        for fault in ended:
            del self._faults[fault.id]
        if ended:
            self._note()
        return ended

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults.values()))

    def about(self, target: Target) -> list[Fault]:
        """Return the faults that select this request; whether each fires is for its dice to say."""
        return [
            fault
            for fault in self._faults.values()
            if fault.verb.kind is Kind.REQUEST and selects(fault.fields, target)
        ]

    def of_kind(self, kind: Kind) -> list[Fault]:
        return [fault for fault in self._faults.values() if fault.verb.kind is kind]

    def _note(self) -> None:
        self.on_requests = any(fault.verb.kind is Kind.REQUEST for fault in self._faults.values())
