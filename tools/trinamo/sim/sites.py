"""What happens at named places in a simulation: rare branches that are taken often, and crashes at the worst moments.

1. A quarter of the sites are awake in a seed, each with a rate of its own; which, follows from the seed and the site's name alone.
2. A crash point is armed by name; the next life that passes it ends there. What it was about to do is not done.
3. Once calm, sites sleep: a cluster that was mended is judged by how it is, not by how it could be.
"""

import random
from collections.abc import Callable
from typing import Final

import attrs
import trio

from trinamo.world import Crashed

AWAKE_RATE: Final = 0.25
RATES: Final = (0.003, 0.02, 0.2)


@attrs.define(eq=False)
class Places:
    """All named places of a seed, whatever node passes them."""

    seed: str
    calm: bool = True
    rates: dict[str, float] = attrs.Factory(dict)
    """How often the rare branch of each site is taken; 0 for those asleep."""
    taken: dict[str, int] = attrs.Factory(dict)
    """How often it was."""
    passed: dict[str, int] = attrs.Factory(dict)
    """How often each crash point was passed."""
    armed: str | None = None
    """Where the next to pass crashes."""
    machine: bool = False
    """Whether its machine crashes with it."""
    fell: trio.Event = attrs.Factory(trio.Event)
    """Set when somebody has."""

    def arm(self, point: str, *, machine: bool) -> None:
        """Have the next life that passes a crash point end there."""
        self.armed, self.machine, self.fell = point, machine, trio.Event()

    def rate(self, site: str) -> float:
        """Return how often a site's rare branch is taken in this seed."""
        rate = self.rates.get(site)
        if rate is None:
            dice = random.Random(f"{self.seed}/sites/{site}")
            rate = self.rates[site] = dice.choice(RATES) if dice.random() < AWAKE_RATE else 0.0
        return rate


class SimulatedSites:
    """The places as one life passes them."""

    def __init__(self, places: Places, dice: random.Random, crash: Callable[[], None]) -> None:
        self._places = places
        self._dice = dice
        self._crash = crash

    def __repr__(self) -> str:
        return f"<SimulatedSites {self._places!r}>"

    def sometimes(self, site: str) -> bool:
        places = self._places
        rate = places.rate(site)
        if not rate or places.calm or self._dice.random() >= rate:
            return False
        places.taken[site] = places.taken.get(site, 0) + 1
        return True

    def passes(self, point: str) -> None:
        places = self._places
        places.passed[point] = places.passed.get(point, 0) + 1
        if point == places.armed:
            places.armed = None
            places.fell.set()
            self._crash()
            raise Crashed(point)
