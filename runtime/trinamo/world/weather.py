"""Weather: what lies between nodes on purpose, in a process whose network never fails by itself.

Links ask it about every frame and every new channel, clocks and links about sleep; all of that only while it is
`rough`. Simulated networks have a weather of their own and leave this one fair.
"""

from typing import Protocol

from trinamo.base import NodeId


class Weather(Protocol):
    """What happens to frames and to nodes."""

    @property
    def rough(self) -> bool:
        """Whether anything at all may happen."""

    def delay_s(self, sender: NodeId, receiver: NodeId) -> float | None:
        """How long a frame is held before it is sent; None for one that is lost."""

    def reaches(self, sender: NodeId, receiver: NodeId) -> bool:
        """Whether a new channel can be opened."""

    async def wait_awake(self, node: NodeId) -> None:
        """Return when the node is not paused. A checkpoint only if it is."""


class FairWeather:
    """Nothing ever happens."""

    rough = False

    def delay_s(self, sender: NodeId, receiver: NodeId) -> float | None:
        return 0.0

    def reaches(self, sender: NodeId, receiver: NodeId) -> bool:
        return True

    async def wait_awake(self, node: NodeId) -> None:
        return
