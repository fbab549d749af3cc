"""A member as its driver would run it, with a disk that forgets what was not durable.

The driver is the honest one of ready.py: writes are handed to the disk in order and become durable one by one,
when the test says so; promises wait for them; a crash loses the rest.
"""

from collections import deque
from collections.abc import Callable, Sequence

import attrs

from trinamo.base import Index, NodeId, PartitionId, Term
from trinamo.raft import (
    Dice,
    Entry,
    EntryKind,
    HardState,
    Leadership,
    Membership,
    Outgoing,
    RaftConfig,
    RaftCore,
    RaftLog,
    RaftMessage,
    Ready,
)

GROUP = PartitionId(1)


@attrs.frozen
class SnapshotStream:
    """What a driver sends to a member that needs a snapshot: here, the whole history."""

    term: Term
    index: Index
    snapshot_term: Term
    membership: Membership
    history: tuple[Entry, ...]


@attrs.frozen
class SnapshotDone:
    """The receiver's answer to a stream."""

    ok: bool
    index: Index


Parcel = RaftMessage | SnapshotStream | SnapshotDone


@attrs.define
class Disk:
    """What survives. `history` is the applied state, of which a crash may lose what is above `flushed`."""

    initial: Membership
    hard_state: HardState = HardState()
    truncated_index: Index = Index(0)
    truncated_term: Term = Term(0)
    membership: Membership = attrs.field(init=False)
    entries: list[Entry] = attrs.Factory(list)
    history: list[Entry] = attrs.Factory(list)
    flushed: int = 0

    def __attrs_post_init__(self) -> None:
        self.membership = self.initial

    def write(self, ready: Ready) -> None:
        if ready.hard_state is not None:
            self.hard_state = ready.hard_state
        if ready.void_from is not None:
            del self.entries[ready.void_from - self.truncated_index - 1 :]
        for entry in ready.entries:
            if entry.index > self.truncated_index:
                assert entry.index == self.truncated_index + len(self.entries) + 1
                self.entries.append(entry)

    def truncate(self, index: Index, term: Term, membership: Membership) -> None:
        del self.entries[: index - self.truncated_index]
        self.truncated_index, self.truncated_term, self.membership = index, term, membership

    def reset(self, index: Index, term: Term, membership: Membership) -> None:
        self.entries.clear()
        self.truncated_index, self.truncated_term, self.membership = index, term, membership

    def applied_membership(self) -> Membership:
        """The membership that the applied state implies."""
        for entry in reversed(self.history):
            if entry.kind is EntryKind.CONFIG:
                return Membership.decode(entry.payload)
        return self.initial


@attrs.define(eq=False)
class Watcher:
    """What a host tells a checker."""

    led: Callable[["Host"], None] = lambda host: None
    applied: Callable[["Host", Entry], None] = lambda host, entry: None
    wrote: Callable[["Host", Sequence[Entry]], None] = lambda host, entries: None
    read: Callable[["Host", int, Index], None] = lambda host, context, index: None


@attrs.define(eq=False)
class Host:
    """One node: its disk, and its core while it is up."""

    config: RaftConfig
    disk: Disk
    dice: Dice
    send: Callable[[NodeId, NodeId, Parcel], None]
    core_class: type[RaftCore] = RaftCore
    watcher: Watcher = attrs.Factory(Watcher)
    core: RaftCore | None = None
    writes: deque[Ready] = attrs.Factory(deque)
    dropped_reads: list[int] = attrs.Factory(list)
    leaderships: list[Leadership] = attrs.Factory(list)

    @property
    def node(self) -> NodeId:
        return self.config.node

    def start(self, now: float) -> None:
        disk = self.disk
        applied = disk.history[-1] if disk.history else None
        applied_index, applied_term = (applied.index, applied.term) if applied else (Index(0), Term(0))
        log = RaftLog.recovered(
            disk.truncated_index,
            disk.truncated_term,
            disk.entries,
            applied_index,
            applied_term,
            disk.hard_state.commit,
        )
        if log.truncated_index > disk.truncated_index:
            self.flush()
            disk.reset(log.truncated_index, log.truncated_term, disk.applied_membership())
        self.core = self.core_class(self.config, GROUP, log, disk.hard_state, disk.membership, self.dice, now)
        self.carry_out()

    def crash(self, history_kept: int | None = None) -> None:
        """Lose what is not durable; of the applied state keep `history_kept` entries, at least what was flushed."""
        self.core = None
        self.writes.clear()
        if history_kept is not None:
            del self.disk.history[max(history_kept, self.disk.flushed) :]

    def carry_out(self) -> None:
        core = self.core
        assert core is not None
        while core.has_ready:
            ready = core.ready()
            if ready.leadership is not None:
                self.leaderships.append(ready.leadership)
                if ready.leadership.leads:
                    self.watcher.led(self)
            if ready.entries:
                self.watcher.wrote(self, ready.entries)
            self._transmit(ready.messages)
            if ready.hard_state or ready.entries or ready.void_from or self.writes:
                self.writes.append(ready)
            else:
                self._transmit(ready.promises)
            self._apply(core, ready.committed)
            for peer in ready.snapshots:
                self._stream(core, peer)
            for context, index in ready.reads:
                self.watcher.read(self, context, index)
            self.dropped_reads.extend(ready.dropped_reads)

    def persist(self) -> bool:
        """Make the oldest write durable and keep its promises. Returns whether there was one."""
        if not self.writes:
            return False
        ready = self.writes.popleft()
        self.disk.write(ready)
        self._transmit(ready.promises)
        if ready.entries:
            assert self.core is not None
            self.core.persisted(ready.entries[-1].index, ready.entries[-1].term)
            self.carry_out()
        return True

    def receive(self, sender: NodeId, parcel: Parcel, now: float) -> None:
        core = self.core
        if core is None:
            return
        if isinstance(parcel, RaftMessage):
            core.step(sender, parcel, now)
        elif isinstance(parcel, SnapshotDone):
            core.report_snapshot(sender, parcel.ok, parcel.index)
        else:
            self._install(core, sender, parcel, now)
        self.carry_out()

    def flush(self) -> None:
        self.disk.flushed = len(self.disk.history)

    def compact(self, keep: int) -> None:
        """Truncate the log, on disk and in memory, to `keep` entries below what is flushed, unless writes wait:
        a truncation takes its turn among them, since what they overwrite may still stand there."""
        core = self.core
        assert core is not None
        if self.writes:
            return
        index = Index(self.disk.flushed - keep)
        if self.disk.truncated_index < index <= self.disk.truncated_index + len(self.disk.entries):
            self.disk.truncate(index, self.disk.history[index - 1].term, core.membership_at(index))
            core.compact(index)

    def _transmit(self, outgoing: Sequence[Outgoing]) -> None:
        for to, message in outgoing:
            self.send(self.node, to, message)

    def _apply(self, core: RaftCore, committed: Sequence[Entry]) -> None:
        for entry in committed:
            assert entry.index == len(self.disk.history) + 1
            self.disk.history.append(entry)
            self.watcher.applied(self, entry)
        if committed:
            core.applied_to(committed[-1].index)

    def _stream(self, core: RaftCore, peer: NodeId) -> None:
        history = self.disk.history
        index = history[-1].index
        stream = SnapshotStream(core.term, index, history[-1].term, core.membership_at(index), tuple(history))
        self.send(self.node, peer, stream)

    def _install(self, core: RaftCore, sender: NodeId, stream: SnapshotStream, now: float) -> None:
        where = (sender, stream.term, stream.index, stream.snapshot_term, now)
        if core.accepts_snapshot(*where):
            self.carry_out()
            while self.persist():
                pass
            if core.accepts_snapshot(*where):
                self.disk.history[:] = stream.history
                self.flush()
                self.disk.reset(stream.index, stream.snapshot_term, stream.membership)
                core.restore(stream.index, stream.snapshot_term, stream.membership)
        ok = core.term == stream.term
        self.send(self.node, sender, SnapshotDone(ok, stream.index))
