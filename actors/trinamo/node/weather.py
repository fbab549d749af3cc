"""The weather that a cluster's network faults make, and the clock of a node that stands in it.

A paused node is one whose process was stopped: its timers do not ring, its links neither send nor take, its gateway does
not answer. It goes on where it was, and only then learns what it missed.
"""

from collections.abc import Callable, Iterable

import trio

from trinamo.base import NodeId
from trinamo.faults import Fault, Faults, Kind
from trinamo.world import Clock, Weather


class FaultyWeather:
    """What the faults of kind NETWORK do to frames and nodes. `update` when they have changed."""

    def __init__(self, faults: Faults) -> None:
        self.rough = False
        self._faults = faults
        self._paused: frozenset[str] = frozenset()
        self._changed = trio.Event()

    def __repr__(self) -> str:
        return f"<FaultyWeather {'rough' if self.rough else 'fair'}>"

    def update(self) -> None:
        """Look at the faults anew; whoever was paused and is no more goes on."""
        faults = self._faults.of_kind(Kind.NETWORK)
        self.rough = bool(faults)
        self._paused = frozenset(fault.fields["node"] for fault in faults if fault.name == "pause")
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    def delay_s(self, sender: NodeId, receiver: NodeId) -> float | None:
        delay_s = 0.0
        for fault in self._faults.of_kind(Kind.NETWORK):
            match fault.name:
                case "partition" | "isolate" if _cut(fault, sender, receiver):
                    fault.fires()
                    return None
                case "drop" if _on_the_way(fault, sender, receiver) and fault.fires():
                    return None
                case "delay" if _on_the_way(fault, sender, receiver) and fault.fires():
                    delay_s += fault.fields["ms"] / 1000
        return delay_s

    def reaches(self, sender: NodeId, receiver: NodeId) -> bool:
        faults = self._faults.of_kind(Kind.NETWORK)
        return not any(
            fault.name in ("partition", "isolate") and _cut(fault, sender, receiver) for fault in faults
        )

    async def wait_awake(self, node: NodeId) -> None:
        while node in self._paused:
            await self._changed.wait()


def _cut(fault: Fault, sender: NodeId, receiver: NodeId) -> bool:
    """Whether a partition parts two nodes; who is in no group is reached by all."""
    if fault.name == "isolate":
        return fault.fields["node"] in (sender, receiver)
    groups: Iterable[list[str]] = fault.fields["groups"]
    return any(sender in group for group in groups) and any(
        receiver in group and sender not in group for group in groups
    )


def _on_the_way(fault: Fault, sender: NodeId, receiver: NodeId) -> bool:
    fields = fault.fields
    return (
        fields.get("from", sender) == sender
        and fields.get("to", receiver) == receiver
        and fields.get("node", sender) in (sender, receiver)
    )


class NodeClock:
    """A node's clock: the World's, moved by what users advanced, and still while the node is paused."""

    __slots__ = ("_inner", "_node", "_offset_s", "_weather", "monotonic")

    def __init__(self, inner: Clock, weather: Weather, node: NodeId, offset_s: Callable[[], float]) -> None:
        self._inner = inner
        self._weather = weather
        self._node = node
        self._offset_s = offset_s
        self.monotonic = inner.monotonic

    def wall(self) -> float:
        return self._inner.wall() + self._offset_s()

    async def sleep_until(self, deadline: float) -> None:
        await self._inner.sleep_until(deadline)
        if self._weather.rough:
            await self._weather.wait_awake(self._node)
