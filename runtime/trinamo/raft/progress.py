"""What a leader knows of one member's log, and how it sends to it.

    PROBE      one append at a time, until one is acknowledged: where the logs agree is not known
    REPLICATE  appends are pipelined: `next` runs ahead of `match`, bounded by `inflight_max`
    SNAPSHOT   what the member needs is no longer in the log; nothing is sent until the driver reports

1. match < next, and match only grows: within a term a follower never loses what it acknowledged.
2. In PROBE after a rejection, `next` falls only to what the member's hint allows, never to match or below.
"""

import enum
from collections import deque

import attrs

from trinamo.base import Index


class Sending(enum.Enum):
    """How appends go to a member."""

    PROBE = "probe"
    REPLICATE = "replicate"
    SNAPSHOT = "snapshot"


@attrs.define(eq=False)
class Progress:
    """One member's progress. The leader keeps one of itself too, of which only `match` and `round` count."""

    next: int
    match: Index = Index(0)
    sending: Sending = Sending.PROBE
    paused: bool = False
    """PROBE: an append is out; wait for its answer, or that of a heartbeat which left later."""
    paused_round: int = 0
    """The heartbeat round that left last when the sending paused."""
    active: bool = False
    """Heard of since the last check of the quorum."""
    round: int = 0
    """Latest heartbeat round acknowledged."""
    inflight: deque[int] = attrs.Factory(deque)
    """REPLICATE: last index of each append that is out."""
    match_at_heartbeat: int = -1
    """`match` when the last heartbeat was answered: no growth since then, with appends out, suggests a loss."""

    def may_send(self, last: int, inflight_max: int) -> bool:
        """Whether an append is due, the log ending at `last`: with entries, or to learn whether the logs agree."""
        match self.sending:
            case Sending.REPLICATE:
                return self.next <= last and len(self.inflight) < inflight_max
            case Sending.PROBE:
                return not self.paused and (self.next <= last or self.match + 1 < self.next)
            case Sending.SNAPSHOT:
                return False

    def sent(self, last: int, round: int) -> None:
        """An append whose last entry is `last` goes out, after the heartbeats of `round`."""
        if self.sending is Sending.REPLICATE:
            self.next = last + 1
            self.inflight.append(last)
        else:
            self.pause(round)

    def acked(self, match: Index, truncated: int) -> bool:
        """Take an acknowledgement. Returns whether `match` grew."""
        inflight = self.inflight
        while inflight and inflight[0] <= match:
            inflight.popleft()
        grew = match > self.match
        if grew:
            self.match = match
            if self.next <= match:
                self.next = match + 1
        if self.sending is Sending.REPLICATE:
            return grew
        if self.match >= self.next - 1 or (self.sending is Sending.SNAPSHOT and self.match >= truncated):
            self.sending = Sending.REPLICATE
            self.paused = False
            self.next = self.match + 1
        return grew

    def rejected(self, rejected: int, agreement: int) -> bool:
        """Take a rejection; the logs may agree up to `agreement`. Returns False when it is an old one."""
        if self.sending is Sending.REPLICATE:
            if rejected <= self.match:
                return False
            self.probe(min(rejected, agreement + 1))
            return True
        if self.sending is Sending.SNAPSHOT or rejected != self.next - 1:
            return False
        self.next = max(min(rejected, agreement + 1), self.match + 1)
        self.paused = False
        return True

    def probe(self, next: int = 0) -> None:
        """Start over from `next`, or from what is known to match."""
        self.sending = Sending.PROBE
        self.inflight.clear()
        self.paused = False
        self.next = max(self.match + 1, next)

    def pause(self, round: int) -> None:
        self.paused = True
        self.paused_round = round

    def resume(self, round: int) -> bool:
        """The heartbeat of `round` was answered. Returns whether sending may go on, what is out being lost."""
        if not self.paused or round <= self.paused_round:
            return False
        self.paused = False
        return True

    def snapshot(self) -> None:
        self.sending = Sending.SNAPSHOT
        self.inflight.clear()
        self.paused = False

    def stalled(self) -> bool:
        """Note that a heartbeat was answered. Returns whether appends are out of which nothing was heard since
        the one before."""
        stalled = (
            self.sending is Sending.REPLICATE
            and self.match + 1 < self.next
            and self.match == self.match_at_heartbeat
        )
        self.match_at_heartbeat = self.match
        return stalled
