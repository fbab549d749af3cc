"""A group's log and hard state in the family `log` of its node's store.

Keys are those of `trinamo.lsm.layout`. Numbers are unsigned and big-endian:

    hard state   term 8 | commit 8 | vote, UTF-8, empty for none
    entry        term 8 | kind 1 | payload        (its index is in its key)

At rest, the entries of a group have consecutive indexes from its record's truncated index + 1 on. `load`
restores what a crash may have broken between the two families (PROTOCOLS 1):

1. If the log does not hold, at the applied index, the entry of the applied term, then the machine lost a
   suffix of the log that was not yet synced here, while a quorum had it and the data that came of it survived.
   (Looking at the last index alone does not show it: what was overwritten by the lost suffix may be back.)
   The log then begins anew behind the applied index, whose effects are made durable first.
2. What is applied is committed, and no entry is of a later term than the member's.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import attrs

from trinamo.base import Index, NodeId, PartitionId, StorageError, Term
from trinamo.lsm import AppliedState, ReplicaRecord, Store
from trinamo.lsm.layout import entry_key, hard_state_key, log_end
from trinamo.raft.entry import Entry, EntryKind, HardState
from trinamo.world import Batch, Family

TRUNCATED_ONE_BY_ONE_MAX = 4096  # beyond it one range tombstone costs later reads less than so many deletes

_ENTRY = struct.Struct(">QB")
_HARD_STATE = struct.Struct(">QQ")
_INDEX = struct.Struct(">Q")


class Loaded(NamedTuple):
    """What a member knows when it starts."""

    log: "GroupLog"
    hard_state: HardState
    entries: list[Entry]


class GroupLog:
    """Where one group's log stands on disk, and the writing of it. Every method fills a batch of `log`; batches
    are written in the order in which they were filled."""

    __slots__ = ("_prefix", "_store", "first", "last", "partition")

    def __init__(self, store: Store, partition: PartitionId, first: Index, last: Index) -> None:
        self._store = store
        self._prefix = entry_key(partition, 0)[:-8]
        self.partition = partition
        self.first = first
        self.last = last

    def __repr__(self) -> str:
        return f"<GroupLog p{self.partition} {self.first}..{self.last}>"

    def append(self, batch: Batch, entries: Sequence[Entry]) -> None:
        """Put `entries` into the log. Afterwards the log ends with the last of them: what was behind is gone."""
        put, prefix, index_of, header = batch.put, self._prefix, _INDEX.pack, _ENTRY.pack
        assert self.first <= entries[0].index <= self.last + 1, "an append leaves no gap"
        for entry in entries:
            put(prefix + index_of(entry.index), header(entry.term, entry.kind) + entry.payload)
        last = entries[-1].index
        for index in range(last + 1, self.last + 1):
            batch.delete(prefix + index_of(index))
        self.last = last

    def save(self, batch: Batch, state: HardState) -> None:
        batch.put(hard_state_key(self.partition), _encode_hard_state(state))

    def truncate(self, batch: Batch, index: Index, term: Term) -> None:
        """Let the log begin behind entry `index`, which is of `term`, and whose effects are durable."""
        assert self.first <= index <= self.last, "only what is in the log is truncated"
        record = self._store.record(self.partition)
        self._store.put_record(batch, attrs.evolve(record, truncated_index=index, truncated_term=term))
        if index - self.first < TRUNCATED_ONE_BY_ONE_MAX:
            for each in range(self.first, index + 1):
                batch.delete(self._prefix + _INDEX.pack(each))
        else:
            batch.delete_range(entry_key(self.partition, 0), entry_key(self.partition, index + 1))
        self.first = Index(index + 1)


def load(store: Store, partition: PartitionId) -> Loaded:
    """Read a group's state at the start of its replica, mending what a crash left.

    Raises `StorageError` when the log is damaged, or when the replica has lost its storage.
    """
    record, applied = store.record(partition), store.applied(partition)
    if applied.index < record.truncated_index:
        raise StorageError(f"partition {partition} lost data it had applied")
    state = _read_hard_state(store, partition)
    entries = read_entries(store, record)
    if not _holds_applied(entries, record, applied):
        record, entries = _begin_behind(store, record, applied), []
    last = Index(record.truncated_index + len(entries))
    state = _raise_hard_state(state, applied, entries, record)
    if state.commit > last:
        raise StorageError(
            f"the log of partition {partition} ends at {last}, before its commit index {state.commit}"
        )
    return Loaded(GroupLog(store, partition, Index(record.truncated_index + 1), last), state, entries)


def _holds_applied(entries: list[Entry], record: ReplicaRecord, applied: AppliedState) -> bool:
    if applied.index == record.truncated_index:
        return True
    position = applied.index - record.truncated_index - 1
    return position < len(entries) and entries[position].term == applied.term


def _begin_behind(store: Store, record: ReplicaRecord, applied: AppliedState) -> ReplicaRecord:
    store.flush_blocking()
    renewed = attrs.evolve(record, truncated_index=applied.index, truncated_term=applied.term)
    batch = store.engine.batch(Family.LOG)
    store.reset_log(batch, record.partition)
    store.put_record(batch, renewed)
    store.write_log(batch)
    return renewed


def _raise_hard_state(
    state: HardState, applied: AppliedState, entries: list[Entry], record: ReplicaRecord
) -> HardState:
    term = max(state.term, applied.term, record.truncated_term, entries[-1].term if entries else 0)
    vote = state.vote if term == state.term else None  # a vote of `term` would have been synced with it
    return HardState(Term(term), vote, max(state.commit, applied.index))


def read_entries(store: Store, record: ReplicaRecord) -> list[Entry]:
    """Return a log as it is on disk. Raises `StorageError` when it is damaged."""
    entries: list[Entry] = []
    expected = record.truncated_index + 1
    start, end = entry_key(record.partition, expected), log_end(record.partition)
    for key, value in store.engine.scan(Family.LOG, start, end):
        index = _INDEX.unpack_from(key, len(key) - 8)[0]
        if index != expected:
            raise StorageError(f"the log of partition {record.partition} lacks entry {expected}")
        entries.append(_decode_entry(index, value))
        expected += 1
    return entries


def _decode_entry(index: int, value: bytes) -> Entry:
    try:
        term, kind = _ENTRY.unpack_from(value)
        return Entry(Index(index), Term(term), EntryKind(kind), value[_ENTRY.size :])
    except (struct.error, ValueError) as error:
        raise StorageError(f"log entry {index} is not readable: {error}") from error


def _encode_hard_state(state: HardState) -> bytes:
    return _HARD_STATE.pack(state.term, state.commit) + (state.vote or "").encode()


def _read_hard_state(store: Store, partition: PartitionId) -> HardState:
    value = store.engine.get(Family.LOG, hard_state_key(partition))
    if value is None:
        return HardState()
    try:
        term, commit = _HARD_STATE.unpack_from(value)
        vote = value[_HARD_STATE.size :].decode()
    except (struct.error, UnicodeDecodeError) as error:
        raise StorageError(f"the hard state of partition {partition} is not readable: {error}") from error
    return HardState(Term(term), NodeId(vote) if vote else None, Index(commit))
