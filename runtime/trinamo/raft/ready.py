"""What a driver must do for a core, and in which order."""

from collections.abc import Sequence

import attrs

from trinamo.base import Index, NodeId, Term
from trinamo.raft.entry import Entry, HardState
from trinamo.raft.messages import RaftMessage

Outgoing = tuple[NodeId, RaftMessage]


@attrs.frozen
class Leadership:
    """Who leads, as far as this member knows. A `term` other than the last told one means that whatever this
    member led before is over, even if it leads again."""

    term: Term
    leader: NodeId | None
    leads: bool


@attrs.frozen
class Ready:
    """Duties, in the order in which they must be carried out.

    Several may be outstanding: a driver may take the next while the writes of the last are not durable yet,
    as long as writes become durable in the order they were handed over.
    """

    hard_state: HardState | None
    """Write this, in one atomic batch with the next two. Only term and vote bring it: a commit alone is not worth
    a write, since a restarted member learns it again."""
    void_from: Index | None
    """Entries written before, from this index on, are overwritten: delete them before writing `entries`."""
    entries: Sequence[Entry]
    """Write these. When they are durable, call `persisted(last.index, last.term)`."""
    messages: Sequence[Outgoing]
    """Send these at once; nothing about them waits for a write. To the same peer in this order if possible."""
    promises: Sequence[Outgoing]
    """Send these only when the writes of this Ready and of *all before it* are durable, even if this one has none."""
    committed: Sequence[Entry]
    """Apply these, and then call `applied_to`. They need not be durable here yet (log.py, 4)."""
    snapshots: Sequence[NodeId]
    """Each of these needs a snapshot: stream one, then call `report_snapshot`."""
    reads: Sequence[tuple[int, Index]]
    """(context, index): the read may be served once `index` is applied."""
    dropped_reads: Sequence[int]
    """Contexts of reads that were lost with the leadership."""
    leadership: Leadership | None
    """Set when term, leader or role changed since the last Ready. What was proposed in an older term and is not
    in any `committed` has an unknown outcome."""


@attrs.define(eq=False)
class Duties:
    """What has gathered for the next Ready. A list that holds anything is handed over whole and replaced; an empty
    one stays, and must not be handed over."""

    messages: list[Outgoing] = attrs.Factory(list)
    promises: list[Outgoing] = attrs.Factory(list)
    snapshots: list[NodeId] = attrs.Factory(list)
    reads: list[tuple[int, Index]] = attrs.Factory(list)
    dropped_reads: list[int] = attrs.Factory(list)

    def clear_rare(self) -> None:
        """Begin anew what few Readys bring."""
        self.snapshots, self.reads, self.dropped_reads = [], [], []


@attrs.frozen
class PeerStatus:
    """What the leader knows of one member."""

    node: NodeId
    match: Index
    next: int
    sending: str
    active: bool


@attrs.frozen
class RaftStatus:
    """A moment of a core, for people and tests."""

    node: NodeId
    role: str
    term: Term
    vote: NodeId | None
    leader: NodeId | None
    truncated: Index
    applied: Index
    commit: Index
    last_index: Index
    last_term: Term
    voters: tuple[NodeId, ...]
    learners: tuple[NodeId, ...]
    peers: tuple[PeerStatus, ...]
