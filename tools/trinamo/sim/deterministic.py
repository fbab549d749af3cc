"""Running a seed: Trio with a clock that jumps and a scheduler that is deterministic.

Trio has no public switch for either order of tasks or its seed, so this module is the only one that
touches its inside; pytest-trio does the same for Hypothesis. With the switch on, Trio sorts each batch of runnable tasks
by age and shuffles it with its own dice. Trio has one pair of dice for the process, and other threads may run clusters of their own
meanwhile, so here each thread that runs a seed gets its own.

What remains undetermined in Trio: the order in which tasks of one cancelled scope, or of scopes of equal
deadlines, run their abort functions. So no abort function may have an effect whose order can be seen.
"""

import threading
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

import trio
import trio._core._run as _run
from trio.testing import MockClock

from trinamo.sim.guards import nothing_real

T = TypeVar("T")

_seeded = threading.local()


class _Dice(Random):
    """Trio's dice: in a thread that runs a seed they are the seed's, elsewhere what they were."""

    def __init__(self, elsewhere: Random) -> None:
        self._elsewhere = elsewhere
        super().__init__()

    def random(self) -> float:
        return self._here().random()

    def getrandbits(self, k: int, /) -> int:
        return self._here().getrandbits(k)

    def _here(self) -> Random:
        here: Random | None = getattr(_seeded, "dice", None)
        return here or self._elsewhere


def _stopped() -> float:
    return 0.0


async def _guarded(main: Callable[[], Awaitable[T]]) -> T:
    with nothing_real():
        return await main()


def run_deterministically(seed: str, main: Callable[[], Awaitable[T]]) -> T:
    """Run `main` in a Trio of its own whose time is virtual and whose schedule follows from `seed` alone.

    Raises `NotSimulated` out of `main` where something real is asked for. From the first call on Trio sorts its batches in every thread, which nobody can tell: they are shuffled afterwards.
    """
    if not isinstance(_run._r, _Dice):
        _run._r = _Dice(_run._r)
        _run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]  # Final, but made to be patched
    before = getattr(_seeded, "dice", None)
    _seeded.dice = Random(seed)  # a string is seeded by its SHA-512, whatever PYTHONHASHSEED says
    clock = MockClock(autojump_threshold=0)
    clock._real_clock = _stopped  # it would only be asked how much of virtual time passes in it: none
    try:
        return trio.run(_guarded, main, clock=clock)
    finally:
        _seeded.dice = before
