"""Running a seed: Trio with a clock that jumps and a scheduler that is deterministic.

Trio has no public switch for either order of tasks or its seed, so this module is the only one that
touches its inside; pytest-trio does the same for Hypothesis. With the switch on, Trio sorts each batch of runnable tasks
by age and shuffles it with its own dice, which are seeded here.

What remains undetermined in Trio: the order in which tasks of one cancelled scope, or of scopes of equal
deadlines, run their abort functions. So no abort function may have an effect whose order can be seen.
"""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
import trio._core._run as _run
from trio.testing import MockClock

T = TypeVar("T")


def run_deterministically(seed: str, main: Callable[[], Awaitable[T]]) -> T:
    """Run `main` in a Trio of its own whose time is virtual and whose schedule follows from `seed` alone."""
    dice: random.Random = _run._r
    allowed, state = _run._ALLOW_DETERMINISTIC_SCHEDULING, dice.getstate()
    _run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]  # Final, but made to be patched
    dice.seed(seed)  # a string is seeded by its SHA-512, whatever PYTHONHASHSEED says
    try:
        return trio.run(main, clock=MockClock(autojump_threshold=0))
    finally:
        _run._ALLOW_DETERMINISTIC_SCHEDULING = allowed  # type: ignore[misc]  # as above
        dice.setstate(state)
