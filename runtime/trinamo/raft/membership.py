"""Who belongs to a group.

Decided once: **one voter at a time, in force from the moment it is appended** (Raft thesis 4.1), not joint
consensus. Learners may come and go with any change, since they count in no quorum. Replacing a replica is: add
a learner, let it catch up, make it a voter, remove the old one; the supervisor does that anyway, step by step.

1. The membership in force is the latest in the log, committed or not. A config entry carries the whole new
   membership, so overwriting one restores what was in force before it, and no replay of deltas exists.
2. Two consecutive memberships differ by at most one voter, so each quorum of one meets each quorum of the other.
3. A leader proposes a membership only when the one in force is committed and an entry of its own term is
   committed (the correction of 2015 to the thesis: else two leaders' changes from one base may not overlap).

In force at append rather than at apply: a member that has not yet applied a change but has it in its log would
otherwise count a quorum two changes old.
"""

import attrs
import cbor2

from trinamo.base import Index, NodeId
from trinamo.wire import Message, from_wire, to_wire


@attrs.frozen
class Membership(Message):
    """Voters count in quorums; learners only receive. Both sorted by whoever makes it, without duplicates."""

    WIRE = "raft.membership"
    voters: tuple[NodeId, ...] = ()
    learners: tuple[NodeId, ...] = ()

    @property
    def quorum(self) -> int:
        return len(self.voters) // 2 + 1

    @property
    def members(self) -> tuple[NodeId, ...]:
        return self.voters + self.learners

    def encode(self) -> bytes:
        """Return the payload of a config entry."""
        return cbor2.dumps(to_wire(self))

    @classmethod
    def decode(cls, payload: bytes) -> "Membership":
        """Return what `encode` made."""
        membership = from_wire(cbor2.loads(payload))
        assert isinstance(membership, cls), f"a config entry holds {membership!r}"
        return membership

    def follows(self, before: "Membership") -> bool:
        """Whether this may directly follow `before` (invariant 2), and is a membership at all."""
        distinct = len(set(self.members)) == len(self.members)
        return bool(self.voters) and distinct and len(set(self.voters) ^ set(before.voters)) <= 1


@attrs.define
class Memberships:
    """The memberships of a log: the one in force at its truncated index, and one for each config entry above."""

    _history: list[tuple[Index, Membership]]

    @classmethod
    def since(cls, index: Index, membership: Membership) -> "Memberships":
        return cls([(index, membership)])

    @property
    def current(self) -> Membership:
        return self._history[-1][1]

    @property
    def current_index(self) -> Index:
        """Where the one in force was appended, or the truncated index."""
        return self._history[-1][0]

    def at(self, index: Index) -> Membership:
        """The membership in force at `index`: what a snapshot or a truncation at `index` must record."""
        return next(membership for start, membership in reversed(self._history) if start <= index)

    def append(self, index: Index, membership: Membership) -> None:
        assert index > self.current_index or len(self._history) == 1
        self._history.append((index, membership))

    def truncate(self, index: Index) -> bool:
        """Forget what was appended at `index` or later. Returns whether that changed the one in force."""
        before = len(self._history)
        while len(self._history) > 1 and self._history[-1][0] >= index:
            self._history.pop()
        return len(self._history) < before

    def compact(self, index: Index) -> None:
        """Forget what was superseded at or before `index`."""
        kept = [pair for pair in self._history if pair[0] > index]
        self._history = [(index, self.at(index)), *kept]
