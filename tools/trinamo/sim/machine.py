"""A machine: what of a simulated node outlives its crashes, and the Worlds of its lives."""

import random
from collections.abc import Callable
from typing import TypeVar

import attrs
import trio

from trinamo.base import NodeId
from trinamo.lsm import SimulatedStorage
from trinamo.sim.clock import SimulatedClock, drawn_rate
from trinamo.sim.network import Hub, SimulatedNetwork
from trinamo.sim.sites import Places, SimulatedSites
from trinamo.world import Durability, Random, World

T = TypeVar("T")

DISK_DELAY_MAX_S = 0.002  # a sync of a good device takes 0.2 ms, of a busy one ten times that


class DelayedStorage(SimulatedStorage):
    """A simulated disk whose blocking work takes time."""

    def __init__(self, random: Random, durability: Durability) -> None:
        super().__init__(random, durability)
        self._delays = random

    async def run(self, work: Callable[[], T]) -> T:
        engine = self.open()
        await trio.sleep(self._delays.random() * DISK_DELAY_MAX_S)
        if self.open() is not engine:
            await trio.sleep_forever()  # the machine crashed meanwhile: nobody is left to be told
        return work()


@attrs.define(eq=False)
class Machine:
    """One node's disk and oscillator. `boot` begins a life of it, `crash` ends one."""

    node: NodeId
    seed: str
    _hub: Hub
    _storage: DelayedStorage
    _rate: float
    _wall_offset: float
    _places: Places
    lives: int = 0
    fallen: Callable[[], None] = lambda: None
    """Called when a life has ended at a crash point, from within it."""
    _network: SimulatedNetwork | None = None
    _clock: SimulatedClock | None = None

    @classmethod
    def built(
        cls,
        node: NodeId,
        seed: str,
        hub: Hub,
        *,
        durability: Durability,
        drift_max: float,
        wall_offset_max: float = 0.1,
        places: Places | None = None,
    ) -> "Machine":
        """Draw the traits of a machine from its seed."""
        dice = random.Random(f"{seed}/{node}")
        return cls(
            node=node,
            seed=seed,
            hub=hub,
            storage=DelayedStorage(random.Random(f"{seed}/{node}/disk"), durability),
            rate=drawn_rate(dice, drift_max),
            wall_offset=(2 * dice.random() - 1) * wall_offset_max,
            places=places or Places(seed),
        )

    @property
    def running(self) -> bool:
        """Whether a life has begun and not ended."""
        return self._network is not None

    def boot(self) -> World:
        """Begin a life, and return its World."""
        assert self._network is None, f"{self.node} runs already"
        self.lives += 1
        self._network = self._hub.network(self.node)
        self._clock = SimulatedClock(self._rate, self._wall_offset)
        life = f"{self.seed}/{self.node}/life {self.lives}"
        sites = SimulatedSites(self._places, random.Random(f"{life}/sites"), self._fall)
        dice = random.Random(life)
        return World(self.node, self._clock, self._network, self._storage, dice, sites=sites)

    def _fall(self) -> None:
        self.crash(machine=self._places.machine)
        self.fallen()

    def crash(self, *, machine: bool = False) -> None:
        """End this life: sends, timers and writes of its World do nothing from now on (PROTOCOLS 8).

        The storage falls back to what a crash of the process, or of the whole machine, leaves.
        """
        assert self._network is not None, f"{self.node} does not run"
        assert self._clock is not None
        self._network.sever(silently=machine)
        self._clock.sever()
        self._network = self._clock = None
        self._storage.crash(machine)
