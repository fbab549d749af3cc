"""What a member is told about its group before it starts: bounds and timeouts."""

from typing import Protocol

import attrs

from trinamo.base import NodeId


class Dice(Protocol):
    """The only randomness the core needs: election jitter. `trinamo.world.Random` satisfies it."""

    def randrange(self, start: int, stop: int, /) -> int:
        """An integer in [start, stop)."""


@attrs.frozen(kw_only=True)
class RaftConfig:
    """Bounds and timeouts of one member. Every member of a group has the same, but for `node`.

    Two clocks appear. Ticks count, and so drive elections and heartbeats; a burst of late ticks does no harm.
    Seconds of the node's monotonic clock measure, and so carry every promise about time (leases, withheld votes).
    """

    node: NodeId
    election_timeout_min: float
    """Seconds for which a vote is withheld after a leader was heard. Should be `election_ticks` ticks."""
    election_ticks: int = 6
    """Ticks without a leader before an election; drawn anew from [n, 2n) each time (Raft 5.2)."""
    heartbeat_ticks: int = 2
    """Ticks between the leader's heartbeat rounds. Below a third of `election_ticks`, one lost round is no crisis."""
    drift_max: float = 0.05
    """Bound on how much faster one member's clock may run than another's, as a fraction (PROTOCOLS 2)."""
    append_bytes_max: int = 1024 * 1024
    """Bytes of entries in one append, unless a single entry is larger. Far below the frame limit of 64 MB."""
    inflight_max: int = 128
    """Appends sent to one peer and not yet acknowledged."""
    uncommitted_bytes_max: int = 64 * 1024 * 1024
    """Bytes proposed and not yet committed; beyond it proposals are refused. One proposal always fits."""

    def __attrs_post_init__(self) -> None:
        if not 0 < self.heartbeat_ticks < self.election_ticks:
            raise ValueError("heartbeat_ticks must be positive and less than election_ticks")
        if self.election_timeout_min <= 0 or not 0 <= self.drift_max < 1:
            raise ValueError("election_timeout_min must be positive and drift_max in [0, 1)")
        if min(self.append_bytes_max, self.inflight_max, self.uncommitted_bytes_max) < 1:
            raise ValueError("append_bytes_max, inflight_max and uncommitted_bytes_max must be positive")

    @property
    def lease(self) -> float:
        """Seconds a lease lasts, from the moment its heartbeat round was begun."""
        return self.election_timeout_min * (1 - self.drift_max)
