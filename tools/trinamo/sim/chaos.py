"""Chaos: crashes, cuts and weather, drawn from a seed, until a moment comes; then everything is mended.

Safety must hold whatever happens; liveness is only asked of a cluster that has been mended (`mend`). So chaos
knows no mercy but two: it leaves most of the time a majority that can talk, or nothing would ever be acknowledged, and
machine crashes, which take what was not synced, come only where writes are synced (PROTOCOLS 9).
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import attrs
import trio

from trinamo.base import NodeId
from trinamo.sim.network import FAIR, Hub, Weather
from trinamo.sim.sites import Places
from trinamo.sim.trace import Trace

PAUSE_MEAN_S: Final = 0.7  # about an election, so that some faults hit in the middle of one
FAULTS: Final = (
    "crash", "crash", "bounce all", "isolate", "isolate", "cut one way", "storm", "heal", "heal", "stumble", "relapse", "fall", "fall", "echo",
)  # fmt: skip
LEADER_RATE: Final = 0.6
DOWN_MEAN_S: Final = 0.7
ALONE_MEAN_S: Final = 1.2  # longer than an election
RELAPSE_MEAN_S: Final = 0.05
FALL_MAX_S: Final = 2.0  # how long a crash point is armed
STORMS: Final = (
    Weather(delay_mean=0.01, slow_rate=0.05),
    Weather(loss_rate=0.05, slow_rate=0.02),
    Weather(duplication_rate=0.2, reordering_rate=0.2),
    Weather(loss_rate=0.1, duplication_rate=0.1, reordering_rate=0.1, slow_rate=0.1, slow_max=0.5),
    Weather(delay_min=0.05, delay_mean=0.05),
)

ECHO: Final = Weather(duplication_rate=0.4, reordering_rate=0.3, slow_rate=0.05, slow_max=0.3)


class Victim(Protocol):
    """A cluster whose nodes can be crashed and restarted."""

    @property
    def nodes(self) -> Sequence[NodeId]: ...

    @property
    def live(self) -> Sequence[NodeId]: ...

    def leader(self) -> NodeId | None:
        """Who leads most now, the worthiest victim."""

    async def crash(self, node: NodeId, *, machine: bool) -> None:
        """End a life of the node, and return when nothing of it runs any more."""

    async def restart(self, node: NodeId) -> None:
        """Begin another life of it."""


@attrs.define(eq=False)
class Chaos:
    """Faults for one cluster."""

    victim: Victim
    hub: Hub
    seed: str
    trace: Trace
    places: Places
    machine_crashes: bool
    faults: Sequence[str] = FAULTS
    """What to choose from; what stands here twice is twice as likely."""
    pause_mean_s: float = PAUSE_MEAN_S
    counts: dict[str, int] = attrs.Factory(dict)
    """How often each fault was done."""
    acts: list[str] = attrs.Factory(list)
    """All that was done, or left out, in order."""
    without: frozenset[int] = frozenset()
    """Numbers of acts to leave out."""
    dice: random.Random = attrs.Factory(lambda self: random.Random(self.seed), takes_self=True)
    """Those of the present act: it draws what it draws, whatever others did."""

    async def rage(self, until: float) -> None:
        """Do faults until a moment of virtual time."""
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "crash": self._crash,
            "bounce all": self._bounce_all,
            "isolate": self._isolate,
            "cut one way": self._cut,
            "storm": self._storm,
            "echo": self._echo,
            "heal": self._heal,
            "stumble": self._stumble,
            "relapse": self._relapse,
            "fall": self._fall,
        }
        self.places.calm = False
        while trio.current_time() < until:
            number = len(self.acts)
            self.dice = random.Random(f"{self.seed}/{number}")
            await trio.sleep(self.dice.expovariate(1 / self.pause_mean_s))
            name = self.dice.choice(self.faults)
            self.acts.append(name)
            if number in self.without:
                continue
            self.counts[name] = self.counts.get(name, 0) + 1
            self.trace.note(f"{trio.current_time():.6f} chaos: {name}")
            await acts[name]()
        await self.mend()

    async def mend(self) -> None:
        """Heal the network and restart who is down; from now on nothing happens but by itself."""
        self.places.calm, self.places.armed = True, None
        await self._heal()
        for node in self.victim.nodes:
            if node not in self.victim.live:
                await self.victim.restart(node)
        self.trace.note(f"{trio.current_time():.6f} chaos: over")

    async def _crash(self) -> None:
        """Crash a node, and restart it or another that is down, after a while."""
        live = self.victim.live
        down = [node for node in self.victim.nodes if node not in live]
        if down:
            await self.victim.restart(self.dice.choice(down))
        elif live:
            await self._end(self._chosen(live))
            await trio.sleep(self.dice.expovariate(1 / DOWN_MEAN_S))
            if self.dice.random() < 0.7:
                await self._crash()

    async def _stumble(self) -> None:
        """A node begins another life at once: it meets those who remember what it has just said."""
        live = self.victim.live
        if live:
            node = self.dice.choice(live)
            await self._end(node)
            await self.victim.restart(node)

    async def _relapse(self) -> None:
        """Who led alone for a while comes back, begins to learn what it missed, and crashes."""
        leader = self.victim.leader()
        if leader is None:
            return
        self.hub.isolate(leader, list(self.victim.nodes))
        await trio.sleep(self.dice.expovariate(1 / ALONE_MEAN_S))
        self.hub.heal()
        await trio.sleep(self.dice.expovariate(1 / RELAPSE_MEAN_S))
        if leader in self.victim.live:
            await self._end(leader)
            await self.victim.restart(leader)

    async def _fall(self) -> None:
        """A node crashes at a named place, and begins another life after a while."""
        places = self.places
        points = list(places.passed)
        if not points:
            return
        point = self.dice.choice(points)
        places.arm(point, machine=self._draws_machine())
        with trio.move_on_after(FALL_MAX_S):
            await places.fell.wait()
        if places.armed is not None:
            places.armed = None
            return
        name = f"fall at {point}"
        self.counts[name] = self.counts.get(name, 0) + 1
        await trio.sleep(self.dice.expovariate(1 / DOWN_MEAN_S))
        for node in self.victim.nodes:
            await self.victim.restart(node)

    async def _bounce_all(self) -> None:
        for node in list(self.victim.live):
            await self._end(node)
        await trio.sleep(self.dice.expovariate(1 / DOWN_MEAN_S))
        for node in self.victim.nodes:
            await self.victim.restart(node)

    async def _end(self, node: NodeId) -> None:
        await self.victim.crash(node, machine=self._draws_machine())

    def _draws_machine(self) -> bool:
        return self.machine_crashes and self.dice.random() < 0.5

    async def _isolate(self) -> None:
        nodes = list(self.victim.nodes)
        self.hub.isolate(self._chosen(nodes), nodes)

    def _chosen(self, nodes: Sequence[NodeId]) -> NodeId:
        """One of `nodes`, often the leader: what happens to others is seldom noticed."""
        chosen, leader = self.dice.choice(nodes), self.victim.leader()
        if leader is not None and leader in nodes and self.dice.random() < LEADER_RATE:
            return leader
        return chosen

    async def _cut(self) -> None:
        source, target = self.dice.sample(list(self.victim.nodes), 2)
        self.hub.cut(source, target)

    async def _storm(self) -> None:
        self.hub.weather = self.dice.choice(STORMS)

    async def _echo(self) -> None:
        """Frames come twice, and late."""
        self.hub.weather = ECHO

    async def _heal(self) -> None:
        self.hub.heal()
        self.hub.weather = FAIR
