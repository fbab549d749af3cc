"""Heartbeat rounds, and the two kinds of linearizable reads that rest on them.

A leader numbers its heartbeat rounds. A follower answers with the number, so one answer confirms that round and
all before it. A round that a quorum confirmed proves two things:

* Read index (Raft thesis 6.4): nobody of that quorum had entered a higher term when it answered, so this leader
  was the latest when the round was *sent*; a read that had begun before then may be served once its index is applied.
* Lease (6.4.1): everybody of that quorum withholds its vote for `election_timeout_min` of its own clock after it
  *received* the round, hence nobody else leads within `election_timeout_min × (1 − drift_max)` of ours after the
  round was *begun*. The bound holds while no clock of the group runs faster than another by more than `drift_max`.

1. A read joins a round only if that round's messages have not left; else it begins one.
2. A round's time is that of its beginning, which is not after any of its messages leaves.
3. After TimeoutNow was sent the lease is gone for the rest of the term: the successor is voted for at once.
4. A change of membership voids the lease until a round begun under the new one is confirmed.
"""

from collections import deque

import attrs

from trinamo.base import Index


@attrs.define(eq=False)
class Rounds:
    """The rounds of one leader's term, and the reads that wait for them."""

    round: int = 0
    unsent: bool = False
    """The current round's messages have not left."""
    confirmed: int = 0
    lease_start: float | None = None
    lease_forfeited: bool = False
    _lease_floor: int = 0
    _begun: deque[tuple[int, float]] = attrs.Factory(deque)
    _reads: deque[tuple[int, int, Index]] = attrs.Factory(deque)

    def begin(self, now: float) -> None:
        """Begin a round, unless one has begun that nobody has heard of yet: that one then serves, since its
        earlier time can only shorten the lease."""
        if not self.unsent:
            self.round += 1
            self.unsent = True
            self._begun.append((self.round, now))

    def join(self, context: int, index: Index, now: float) -> None:
        """Let a read wait for a round that leaves after this moment."""
        self.begin(now)
        self._reads.append((self.round, context, index))

    def confirm(self, round: int) -> list[tuple[int, Index]]:
        """A quorum answered `round`. Returns the reads that waited for it."""
        if round <= self.confirmed:
            return []
        self.confirmed = round
        start: float | None = None
        while self._begun and self._begun[0][0] <= round:
            start = self._begun.popleft()[1]
        if start is not None and round > self._lease_floor:
            self.lease_start = start
        released: list[tuple[int, Index]] = []
        while self._reads and self._reads[0][0] <= round:
            _, context, index = self._reads.popleft()
            released.append((context, index))
        return released

    def void_lease(self) -> None:
        """The membership changed."""
        self.lease_start = None
        self._lease_floor = self.round

    def waiting(self) -> list[int]:
        """The contexts of the reads that still wait."""
        return [context for _, context, _ in self._reads]
