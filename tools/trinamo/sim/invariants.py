"""What must hold of replicas at every moment, whoever crashed and whatever was lost (Raft paper, figure 3; PROTOCOLS 1 to 3).

A `Watcher` looks straight into the replicas of a site whenever nothing runs, and hears what they say to each other. It asks nobody
and draws nothing, so a run is the same run whether it is watched or not.

1. In a term, one node leads, and a node votes for one.
2. What was committed stays: same index, same term, same payload, in every log that has it, and in that of every later leader.
3. A leader commits by counting only entries of its own term.
4. Nothing is applied that is not committed.
5. A lease is held by one: while it is valid, nobody leads in a later term.
6. What a node promised is there after a crash: its term, its vote, the entries that it acknowledged.
7. The terms in a log never fall.
8. Only who leads has writes in flight.
9. What a new leader's entries replaced is gone from disk too.
10. In the end the state of a replica is what the committed log makes of nothing.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

import attrs
import trio

from trinamo.base import NodeId, PartitionId, StorageError
from trinamo.lsm import Kind
from trinamo.lsm.store import Store
from trinamo.partition import Replica
from trinamo.partition.host import Host
from trinamo.partition.stored import decode_payload, encode_value
from trinamo.raft import Entry, EntryKind
from trinamo.raft.messages import AppendAck, RaftMessage, Vote, VoteReply
from trinamo.raft.storage import read_entries
from trinamo.world import Clock

LOOK_S: Final = 0.01  # virtual
_REPLAYED: Final = (*(Kind(number) for number in range(Kind.ITEM, Kind.LSI_5 + 1)), Kind.COLLECTION)


class Member(NamedTuple):
    """A living node, as a watcher sees it."""

    node: NodeId
    host: Host
    store: Store
    clock: Clock


class Watched(Protocol):
    """A site that lets itself be watched."""

    def present(self) -> list[tuple[int, int]]:
        """Something that differs when nodes or replicas have come or gone. It is asked at every moment."""

    def members(self) -> Iterable[Member]:
        """The nodes that live now."""


@attrs.frozen
class Committed:
    """An entry as it was when it was first seen committed."""

    term: int
    checksum: int
    entry: Entry


@attrs.define(eq=False)
class Group:
    """All that is known of one partition's group."""

    partition: PartitionId
    leaders: dict[int, NodeId] = attrs.Factory(dict)
    """By term."""
    votes: dict[tuple[NodeId, int], NodeId] = attrs.Factory(dict)
    """By voter and term."""
    committed: dict[int, Committed] = attrs.Factory(dict)
    """By index."""
    promised: dict[NodeId, int] = attrs.Factory(dict)
    """The highest term in which a node promised something."""
    acknowledged: dict[NodeId, tuple[int, int]] = attrs.Factory(dict)
    """Term and index of what a node acknowledged last."""


@attrs.define(eq=False)
class _Seen:
    """How far a replica was looked at in its present life."""

    commit: int
    last: int = 0
    shrunk: bool = False
    """Whether the log has lost entries, and its copy on disk was not looked at since."""
    led: tuple[int, int] | None = None
    """Since when it leads: the term, and what it knew to be committed then."""


class Watcher(trio.abc.Instrument):
    """Watches a site, and remembers what is wrong."""

    def __init__(self, site: Watched) -> None:
        self._site = site
        self.groups: dict[PartitionId, Group] = {}
        self.faults: list[str] = []
        self._seen: dict[int, tuple[Replica, _Seen]] = {}  # by the replica's identity
        self._heard: dict[int, Host] = {}
        self._due = 0.0
        self._present: list[tuple[int, int]] = []

    def __repr__(self) -> str:
        return f"<Watcher {len(self.groups)} groups, {len(self.faults)} faults>"

    @property
    def elections(self) -> int:
        """How many leaders there were, over all partitions."""
        return sum(len(group.leaders) for group in self.groups.values())

    def before_io_wait(self, timeout: float) -> None:
        now = trio.current_time()
        present = self._site.present()
        if now >= self._due or present != self._present:
            self._due, self._present = now + LOOK_S, present
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  # Trio would only log it, and look no more
                self._wrong(f"the watcher failed: {error!r}")

    def _wrong(self, fault: str) -> None:
        if len(self.faults) < 20:  # the first few tell the story
            self.faults.append(f"{trio.current_time():.3f} {fault}")

    def _group(self, partition: PartitionId) -> Group:
        if partition not in self.groups:
            self.groups[partition] = Group(partition)
        return self.groups[partition]

    # -- what is said -----------------------------------------------------------------------------------------

    def listen(self, node: NodeId, host: Host) -> None:
        """Hear all that a node of a new life says to others about its groups."""
        send = host.send

        def heard(peer: NodeId, partition: PartitionId, message: RaftMessage) -> None:
            self.hear(node, peer, partition, message)
            send(peer, partition, message)

        host.send = heard  # type: ignore[method-assign]  # nobody else looks at it

    def hear(self, node: NodeId, peer: NodeId, partition: PartitionId, message: RaftMessage) -> None:
        """Take note of a promise."""
        match message:
            case Vote():
                self._vote(node, partition, message.term, node)
            case VoteReply() if message.granted:
                self._vote(node, partition, message.term, peer)
            case AppendAck():
                self._group(partition).acknowledged[node] = (message.term, message.match)
            case _:
                return
        promised = self._group(partition).promised
        before = promised.get(node, 0)
        if message.term < before:
            self._wrong(f"{node} speaks of term {message.term} in p{partition}, after it was in {before}")
        promised[node] = max(before, message.term)

    def _vote(self, node: NodeId, partition: PartitionId, term: int, candidate: NodeId) -> None:
        before = self._group(partition).votes.setdefault((node, term), candidate)
        if before != candidate:
            self._wrong(f"{node} votes for {before} and {candidate} in term {term} of p{partition}")

    # -- what is there ----------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look at all replicas. Nothing may be in the middle of anything."""
        leading: dict[PartitionId, list[tuple[Replica, Member]]] = {}
        seen: dict[int, tuple[Replica, _Seen]] = {}
        for member in self._site.members():
            if self._heard.get(id(member.host)) is not member.host:
                self._heard[id(member.host)] = member.host
                self.listen(member.node, member.host)
            for partition, replica in member.host.replicas.items():
                known = self._seen.get(id(replica))
                if known is None or known[0] is not replica:
                    known = replica, _Seen(commit=replica.core.log.truncated_index)
                    self._begin(member.node, replica)
                seen[id(replica)] = known
                self._look_at(member.node, replica, known[1])
                self._look_at_disk(member, replica, known[1])
                if replica.core.leads:
                    leading.setdefault(partition, []).append((replica, member))
        self._seen = seen
        for partition, leaders in leading.items():
            self._compare_leases(partition, leaders)

    def _begin(self, node: NodeId, replica: Replica) -> None:
        """A replica has come, or come back: what it promised must be there."""
        group, core = self._group(replica.partition), replica.core
        log = core.log
        terms = [entry.term for entry in log.slice(log.truncated_index + 1, log.last_index + 1)]
        if terms != sorted(terms):
            self._wrong(f"terms fall in the log of {node} for p{group.partition}: {terms}")
        term, match = group.acknowledged.get(node, (0, 0))
        if log.last_term <= term and log.last_index < match:
            self._wrong(f"{node} acknowledged {match} of p{group.partition} in term {term}, and has {log!r}")
        vote = group.votes.get((node, core.term))
        if vote is not None and core.vote != vote:
            self._wrong(
                f"{node} voted for {vote} in {core.term} of p{group.partition}, and remembers {core.vote}"
            )
        if core.term < group.promised.get(node, 0):
            self._wrong(
                f"{node} is in term {core.term} of p{group.partition}, and was in {group.promised[node]}"
            )

    def _look_at(self, node: NodeId, replica: Replica, seen: _Seen) -> None:
        core, group = replica.core, self._group(replica.partition)
        log = core.log
        if core.leads:
            self._look_at_leader(node, replica, group, seen)
        else:
            seen.led = None
            if replica._flight:
                self._wrong(
                    f"{node} does not lead p{group.partition}, and has {len(replica._flight)} in flight"
                )
        first = max(seen.commit, log.truncated_index) + 1
        if log.commit >= first:
            for entry in log.slice(first, log.commit + 1):
                self._committed(node, replica, group, entry)
            seen.commit = log.commit
        applied = replica.applied
        known = group.committed.get(applied.index)
        if known is not None and known.term != applied.term:
            self._wrong(
                f"{node} applied {applied.index} of p{group.partition} in {applied.term}, not {known.term}"
            )
        if applied.index > log.commit:
            self._wrong(
                f"{node} applied {applied.index} of p{group.partition}, and knows {log.commit} committed"
            )

    def _look_at_disk(self, member: Member, replica: Replica, seen: _Seen) -> None:
        log = replica.core.log
        seen.shrunk = seen.shrunk or log.last_index < seen.last
        seen.last = log.last_index
        if seen.shrunk and not replica.writing:
            seen.shrunk = False
            try:
                held = [(entry.index, entry.term) for entry in read_entries(member.store, replica.record)]
            except StorageError as error:
                self._wrong(f"{member.node} cannot read its log of p{replica.partition}: {error}")
                return
            known = [
                (entry.index, entry.term) for entry in log.slice(log.truncated_index + 1, log.last_index + 1)
            ]
            if held != known:
                self._wrong(
                    f"{member.node} has {held} of p{replica.partition} on disk, and believes to have {known}"
                )

    def _committed(self, node: NodeId, replica: Replica, group: Group, entry: Entry) -> None:
        checksum = zlib.crc32(entry.payload, entry.kind)
        if entry.index not in group.committed:
            self._count(node, replica, group, entry)
        known = group.committed.setdefault(entry.index, Committed(entry.term, checksum, entry))
        if (known.term, known.checksum) != (entry.term, checksum):
            self._wrong(
                f"{node} commits {entry.index} of p{group.partition} in term {entry.term}, which was another in {known.term}"
            )

    def _count(self, node: NodeId, replica: Replica, group: Group, entry: Entry) -> None:
        """A quorum has what is committed, durably. Nodes that are down may have it."""
        voters = replica.record.voters
        holders, absent = 0, len(voters)
        for member in self._site.members():
            other = member.host.replicas.get(group.partition)
            if other is not None and member.node in voters:
                absent -= 1
                log = other.core.log
                holders += log.truncated_index >= entry.index or (
                    log.saved >= entry.index and log.holds(entry.index, entry.term)
                )
        if holders + absent <= len(voters) // 2:
            self._wrong(
                f"{node} commits {entry.index} of p{group.partition}, which {holders} of {len(voters)} have"
            )

    def _look_at_leader(self, node: NodeId, replica: Replica, group: Group, seen: _Seen) -> None:
        core = replica.core
        log = core.log
        if group.leaders.setdefault(core.term, node) != node:
            self._wrong(
                f"{node} leads p{group.partition} in term {core.term}, as does {group.leaders[core.term]}"
            )
        if seen.led is None or seen.led[0] != core.term:
            seen.led = core.term, log.commit
            self._complete(node, replica, group)
        elif log.commit > max(seen.led[1], log.truncated_index) and log.term(log.commit) != core.term:
            self._wrong(
                f"{node} commits {log.commit} of p{group.partition}, of term {log.term(log.commit)}, in {core.term}"
            )

    def _complete(self, node: NodeId, replica: Replica, group: Group) -> None:
        """A new leader has all that was committed in terms before its own."""
        log = replica.core.log
        for index in reversed(group.committed):
            known = group.committed[index]
            if index <= log.truncated_index:
                break
            if known.term < replica.core.term and not log.holds(index, known.term):  # type: ignore[arg-type]
                self._wrong(
                    f"{node} leads p{group.partition} without {index}, committed in {known.term}: {log!r}"
                )
                break

    def _compare_leases(self, partition: PartitionId, leaders: list[tuple[Replica, Member]]) -> None:
        newest = max(replica.core.term for replica, _ in leaders)
        for replica, member in leaders:
            if replica.core.term < newest and replica.core.lease_valid(member.clock.monotonic()):
                self._wrong(
                    f"{member.node} has a lease of p{partition} in {replica.core.term}; one leads in {newest}"
                )

    # -- in the end -------------------------------------------------------------------------------------------

    def judge(self) -> list[str]:
        """Return what is wrong, when all is over: also where a state is not what its log makes of nothing."""
        self.look()
        for member in self._site.members():
            for partition, replica in member.host.replicas.items():
                fault = self._unlike_log(member, self._group(partition), replica)
                if fault is not None:
                    self._wrong(fault)
        return self.faults

    def _unlike_log(self, member: Member, group: Group, replica: Replica) -> str | None:
        last = replica.applied.index
        if any(index not in group.committed for index in range(1, last + 1)):
            return None  # some were cut from all logs between two looks
        expected = replay(group.committed[index].entry for index in range(1, last + 1))
        held = dict(rows(member.store, replica.partition))
        if held == expected:
            return None
        keys = sorted(key for key in held.keys() | expected.keys() if held.get(key) != expected.get(key))
        shown = ", ".join(f"{key!r}: {held.get(key)!r}, not {expected.get(key)!r}" for key in keys[:3])
        return f"{member.node} holds for p{replica.partition} what the log does not make: {shown}"


Row = tuple[Kind, bytes]


def replay(entries: Iterable[Entry]) -> dict[Row, bytes]:
    """Return the items, entries of local indexes and sizes of collections that a log makes of nothing."""
    held: dict[Row, bytes] = {}
    for entry in entries:
        if entry.kind is not EntryKind.DATA:
            continue
        clock, effects, _ = decode_payload(entry.payload)
        for key, size, item, number, _ in effects:
            kind = Kind(number)
            if kind not in _REPLAYED:
                continue
            if item is None:
                held.pop((kind, key), None)
            else:
                held[kind, key] = encode_value(clock, entry.index, size, item)
    return held


def rows(store: Store, partition: PartitionId) -> Iterator[tuple[Row, bytes]]:
    """The same of what a store holds."""
    keyspace = store.keyspace(partition)
    for kind in _REPLAYED:
        prefix = len(keyspace.prefix(kind))
        for key, value in keyspace.scan(kind, b"", b""):
            yield (kind, key[prefix:]), value
