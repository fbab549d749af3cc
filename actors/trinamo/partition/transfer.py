"""Snapshots on their way between two replicas: chunks, one at a time, each acknowledged.

The leader reads one moment of its data; the follower writes it into a fresh keyspace and switches to it at the end
(`trinamo.lsm.snapshot`). Both give up after `SILENCE_MAX_S`; the leader then tells its core, which tries again.
"""

from typing import TYPE_CHECKING

import attrs
import structlog

from trinamo.actor import Envelope
from trinamo.base import Index, NodeId, StorageError, Term
from trinamo.lsm import ReplicaSnapshot, SnapshotInstall
from trinamo.partition.messages import Installed, SnapshotAck, SnapshotChunk
from trinamo.raft import Membership

if TYPE_CHECKING:
    from trinamo.partition.replica import Replica

SILENCE_MAX_S = 5.0  # a chunk takes milliseconds; a follower that says nothing for so long has gone
SNAPSHOT_LIFE_S = 120.0  # a snapshot pins old versions: none lives longer
INSTALLED = -1

_log = structlog.get_logger("trinamo.partition")


@attrs.define
class _Sending:
    snapshot: ReplicaSnapshot
    membership: Membership
    number: int
    last: bool
    deadline: float


class SnapshotSender:
    """The leader's side."""

    def __init__(self, replica: "Replica") -> None:
        self._replica = replica
        self._sending: dict[NodeId, _Sending] = {}

    @property
    def active(self) -> bool:
        return bool(self._sending)

    def begin(self, peer: NodeId, now: float) -> None:
        replica = self._replica
        self._end(peer)
        snapshot = ReplicaSnapshot(replica.host.store, replica.partition, now + SNAPSHOT_LIFE_S)
        membership = replica.core.membership_at(snapshot.applied.index)
        self._sending[peer] = _Sending(snapshot, membership, -1, False, 0.0)
        self._send_next(peer, now)

    def acknowledge(self, peer: NodeId, ack: SnapshotAck, now: float) -> None:
        sending = self._sending.get(peer)
        if sending is None or sending.snapshot.applied.index != ack.index:
            return
        if ack.number == INSTALLED or not ack.taken:
            self._end(peer)
            self._replica.core.report_snapshot(peer, ack.taken, ack.index)
        elif ack.number == sending.number and not sending.last:
            self._send_next(peer, now)

    def expire(self, now: float) -> None:
        for peer in [peer for peer, sending in self._sending.items() if sending.deadline <= now]:
            index = self._sending[peer].snapshot.applied.index
            self._end(peer)
            self._replica.core.report_snapshot(peer, False, index)

    def close(self) -> None:
        for peer in list(self._sending):
            self._end(peer)

    def _end(self, peer: NodeId) -> None:
        sending = self._sending.pop(peer, None)
        if sending is not None:
            sending.snapshot.close()

    def _send_next(self, peer: NodeId, now: float) -> None:
        sending, replica = self._sending[peer], self._replica
        try:
            if replica.host.sites.sometimes("snapshot: given up"):
                raise StorageError("given up")
            rows = sending.snapshot.next_chunk(now, replica.host.bounds.snapshot_chunk_size)
        except StorageError as error:
            _log.warning("snapshot ended", peer=peer, reason=str(error))
            self._end(peer)
            replica.core.report_snapshot(peer, False, sending.snapshot.applied.index)
            return
        sending.number += 1
        sending.last = not rows
        sending.deadline = now + SILENCE_MAX_S
        applied, membership = sending.snapshot.applied, sending.membership
        chunk = SnapshotChunk(
            replica.partition,
            replica.core.term,
            applied.index,
            applied.term,
            membership.voters,
            membership.learners,
            sending.number,
            rows,
            sending.last,
        )
        replica.host.tell(peer, replica.partition, chunk)


class SnapshotReceiver:
    """The follower's side. While `installing`, the replica neither steps nor applies."""

    def __init__(self, replica: "Replica") -> None:
        self._replica = replica
        self.installing = False
        self._install: SnapshotInstall | None = None
        self._of: tuple[NodeId, Index, Term] | None = None
        self._next = 0

    def take(self, sender: NodeId, chunk: SnapshotChunk, now: float) -> None:
        if self.installing:
            return
        core = self._replica.core
        if not core.accepts_snapshot(sender, chunk.leader_term, chunk.index, chunk.term, now):
            self._abandon()
            held = chunk.leader_term >= core.term
            self._acknowledge(sender, chunk.index, INSTALLED if held else chunk.number, held)
            return
        if chunk.number == 0:
            self._abandon()
            self._install = SnapshotInstall(self._replica.host.store, self._replica.host.sites)
            self._of, self._next = (sender, chunk.index, chunk.term), 0
        if (
            self._install is None
            or self._of != (sender, chunk.index, chunk.term)
            or chunk.number != self._next
        ):
            return
        self._next += 1
        if chunk.rows:
            self._install.add(chunk.rows)
            self._replica.host.sites.passes("install: a chunk written")
        if chunk.last:
            self._begin_installing(self._install, chunk)
        else:
            self._acknowledge(sender, chunk.index, chunk.number, True)

    def acknowledge_installed(self) -> None:
        if self._of is not None:
            sender, index, _ = self._of
            self._acknowledge(sender, index, INSTALLED, True)

    def _begin_installing(self, install: SnapshotInstall, chunk: SnapshotChunk) -> None:
        self.installing = True
        self._install = None
        replica = self._replica
        host, partition = replica.host, replica.partition
        record = attrs.evolve(
            host.store.record(partition),
            keyspace=install.keyspace,
            voters=chunk.voters,
            learners=chunk.learners,
            truncated_index=chunk.index,
            truncated_term=chunk.term,
        )

        async def finish() -> None:
            done = True
            try:
                await install.finish(
                    record, lambda fill: host.commit.write(partition, replica.incarnation, fill)
                )
            except StorageError as error:
                _log.error("snapshot not installed", replica=repr(replica), reason=str(error))
                install.abandon()
                done = False
            replica.mailbox.put_own(Envelope(host.node, Installed(chunk.index, chunk.term, done), None))

        host.spawn(finish)

    def _abandon(self) -> None:
        if self._install is not None:
            self._install.abandon()
            self._install = None

    def _acknowledge(self, peer: NodeId, index: Index, number: int, taken: bool) -> None:
        replica = self._replica
        replica.host.tell(peer, replica.partition, SnapshotAck(replica.partition, index, number, taken))
