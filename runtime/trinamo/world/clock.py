"""The clock contract (PROTOCOLS 7).

`monotonic` serves Raft, leases, deadlines and back-off; nobody can move it. `wall` is what users see; it may
be advanced on purpose and may step.
"""

from typing import Protocol


class Clock(Protocol):
    """A node's two clocks and its only way to wait for time to pass."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back, runs within `drift_max` of every other node's."""

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, as the node believes."""

    async def sleep_until(self, deadline: float) -> None:
        """Return when `monotonic() >= deadline`, at once if it is."""
