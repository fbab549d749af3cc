"""The store of a node: replicas, their keyspaces and their durability, over any engine (PROTOCOLS 1).

The same code runs over RocksDB and over the simulator's engine. It holds that

1. a keyspace id is spent on disk before it is used, so none is ever used twice;
2. what no replica record names is garbage: found at open, or discarded when the batch that ceased to name it
   is durable, and swept later;
3. a replica's applied state is in the batch of the effects it belongs to;
4. the durable index of a replica is the applied index noted before a flush of `data` that returned, and the
   truncated index of its record is never above it. So a replica whose applied index is found below its
   truncated index has lost its storage.

Records are changed through batches of the family `log`, which `GroupCommit` writes for all replicas together.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping

import attrs
import cbor2

from trinamo.base import Index, KeyspaceId, PartitionId, StorageError, WireError
from trinamo.lsm.layout import (
    FORMAT,
    FORMAT_KEY,
    KEYSPACE_KEY,
    RECORD_PREFIX,
    U64,
    AppliedState,
    Kind,
    ReplicaRecord,
    applied_key,
    entry_key,
    hard_state_key,
    keyspace_prefix,
    kind_end,
    log_end,
    record_key,
    replica_bounds,
)
from trinamo.wire import from_wire, to_wire
from trinamo.world import Batch, Durability, Engine, Family, Reader, Snapshot, Storage

KEYSPACES_RESERVED = 1024  # ids spent by one durable write; at worst as many are skipped at a restart
SWEEP_KEYS_MAX = 512  # garbage of up to so many keys goes key by key: each range tombstone slows reads nearby


@attrs.define
class _Progress:
    """How far one replica's data is applied, and how much of that is durable."""

    applied: Index
    durable: Index


class KeyspaceReader:
    """What is in one replica's part of a keyspace. Keys given are without the prefix of their kind."""

    __slots__ = ("_get", "_prefixes", "_reader", "record")

    def __init__(self, reader: Reader, record: ReplicaRecord, prefixes: Mapping[int, bytes]) -> None:
        self.record = record
        self._reader = reader
        self._get = reader.get
        self._prefixes = prefixes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.record.keyspace}/p{self.record.partition}>"

    def prefix(self, kind: Kind) -> bytes:
        """What precedes the keys of `kind` in the engine; a scan's keys begin with it."""
        return self._prefixes[kind]

    def get(self, kind: Kind, key: bytes) -> bytes | None:
        return self._get(Family.DATA, self._prefixes[kind] + key)

    def scan(
        self, kind: Kind, start: bytes = b"", end: bytes = b"", *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the pairs with start <= key < end, b"" being no end; keys come whole, `prefix(kind)` included."""
        first = self._prefixes[kind] + start
        last = self._prefixes[kind] + end if end else self._end(kind)
        return self._reader.scan(Family.DATA, first, last, reverse=reverse)

    def applied(self) -> AppliedState:
        value = self._get(Family.DATA, self._prefixes[Kind.APPLIED])
        return AppliedState() if value is None else AppliedState.decode(value)

    def _end(self, kind: Kind) -> bytes:
        if kind >= Kind.FEED:
            return replica_bounds(self.record, kind)[1]
        return kind_end(self.record.keyspace, kind)


class KeyspaceSnapshot(KeyspaceReader):
    """One moment of a keyspace. Close it, or use it in a `with`."""

    __slots__ = ("_snapshot",)

    def __init__(self, snapshot: Snapshot, record: ReplicaRecord, prefixes: Mapping[int, bytes]) -> None:
        super().__init__(snapshot, record, prefixes)
        self._snapshot = snapshot

    def __enter__(self) -> "KeyspaceSnapshot":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._snapshot.close()


class Keyspace(KeyspaceReader):
    """A replica's part of its keyspace, to read and to apply to."""

    __slots__ = ("_engine", "_progress")

    def __init__(self, engine: Engine, record: ReplicaRecord, progress: _Progress) -> None:
        unbounded = attrs.evolve(record, start=b"", end=b"")
        super().__init__(engine, record, {kind: replica_bounds(unbounded, kind)[0] for kind in Kind})
        self._engine = engine
        self._progress = progress

    def snapshot(self) -> KeyspaceSnapshot:
        return KeyspaceSnapshot(self._engine.snapshot(), self.record, self._prefixes)

    def batch(self) -> "DataBatch":
        return DataBatch(self._engine, self._prefixes, self._progress)


class DataBatch:
    """Effects on one replica's data, which `commit` writes together with the applied state they lead to. Kinds are `Kind`'s."""

    __slots__ = ("_batch", "_engine", "_prefixes", "_progress", "_put")

    def __init__(self, engine: Engine, prefixes: Mapping[int, bytes], progress: _Progress) -> None:
        self._engine = engine
        self._prefixes = prefixes
        self._progress = progress
        self._batch = engine.batch(Family.DATA)
        self._put = self._batch.put

    def put(self, kind: int, key: bytes, value: bytes) -> None:
        self._put(self._prefixes[kind] + key, value)

    def delete(self, kind: int, key: bytes) -> None:
        self._batch.delete(self._prefixes[kind] + key)

    def delete_range(self, kind: Kind, start: bytes, end: bytes) -> None:
        """Delete start <= key < end. Costly to later reads: for rare, large ranges only."""
        self._batch.delete_range(self._prefixes[kind] + start, self._prefixes[kind] + end)

    def commit(self, applied: AppliedState) -> None:
        assert applied.index >= self._progress.applied, "the applied index never goes back"
        self._put(self._prefixes[Kind.APPLIED], applied.encode())
        self._engine.write(self._batch)
        self._progress.applied = applied.index


class Store:
    """A node's replicas and their data. Open it anew for each life of the node."""

    def __init__(self, storage: Storage, engine: Engine) -> None:
        self.engine = engine
        self.durability = storage.durability
        self._storage = storage
        self._records: dict[PartitionId, ReplicaRecord] = {}
        self._progress: dict[PartitionId, _Progress] = {}
        self._unnamed: list[KeyspaceId] = []  # given out, not yet in a record
        self._garbage: list[int] = []  # keyspace ids, sorted
        self._next_keyspace = 1
        self._reserved_keyspace = 1

    @staticmethod
    def open(storage: Storage) -> "Store":
        """Open the node's storage. Raises `StorageError`, fit to be shown, when it is in use or not of ours."""
        store = Store(storage, storage.open())
        store._sync_log()  # what a former life wrote but did not see synced will be relied on by this one
        store._check_format()
        store._read_keyspaces()
        store._read_records()
        store._find_garbage()
        return store

    def __repr__(self) -> str:
        return f"<Store {len(self._records)} replicas {len(self._garbage)} garbage>"

    # Replicas

    def records(self) -> list[ReplicaRecord]:
        """All replicas on this node, by partition."""
        return [self._records[partition] for partition in sorted(self._records)]

    def record(self, partition: PartitionId) -> ReplicaRecord:
        return self._records[partition]

    def lost(self) -> list[PartitionId]:
        """Replicas whose data is older than their log's beginning: nothing can bring them up to date, and they
        must not vote as who they were (PROTOCOLS 1)."""
        return [
            record.partition
            for record in self.records()
            if self._progress[record.partition].applied < record.truncated_index
        ]

    def find_record(self, partition: PartitionId) -> ReplicaRecord | None:
        return self._records.get(partition)

    def create_replica(self, batch: Batch, record: ReplicaRecord) -> None:
        """Begin a replica. `record.keyspace` is a new one, or its parent's after a split."""
        assert record.partition not in self._records, f"partition {record.partition} is already here"
        self.put_record(batch, record)

    def put_record(self, batch: Batch, record: ReplicaRecord) -> None:
        """Change what is recorded. A keyspace that it ceases to name is discarded by the caller, later."""
        old = self._records.get(record.partition)
        self._records[record.partition] = record
        if record.keyspace in self._unnamed:
            self._unnamed.remove(record.keyspace)
        if old is None or old.keyspace != record.keyspace:
            self._progress[record.partition] = self._found_progress(record)
        progress = self._progress[record.partition]
        assert record.truncated_index <= progress.applied, "the log begins after what is applied"
        assert record.truncated_index <= self.durable(record.partition), "the log's beginning must be durable"
        batch.put(record_key(record.partition), cbor2.dumps(to_wire(record)))

    def drop_replica(self, batch: Batch, partition: PartitionId) -> KeyspaceId:
        """End a replica with its hard state and log. `discard` the keyspace returned once this is durable."""
        record = self._records.pop(partition)
        del self._progress[partition]
        batch.delete(record_key(partition))
        batch.delete(hard_state_key(partition))
        self.reset_log(batch, partition)
        return record.keyspace

    def reset_log(self, batch: Batch, partition: PartitionId) -> None:
        """Delete every entry of the partition's log: one by one if they are few, as a range otherwise."""
        start, end = entry_key(partition, 0), log_end(partition)
        keys = _some_keys(self.engine, Family.LOG, start, end)
        if keys is None:
            batch.delete_range(start, end)
        else:
            for key in keys:
                batch.delete(key)

    def write_log(self, batch: Batch) -> None:
        """Write `batch` at once and as durably as this storage promises. Blocks: for start, and for tests."""
        self.engine.write(batch)
        self._sync_log()

    def _sync_log(self) -> None:
        if self.durability is Durability.FSYNC:
            self.engine.sync()

    # Keyspaces

    def keyspace(self, partition: PartitionId) -> Keyspace:
        """The replica's data. Valid until its record names another keyspace."""
        return Keyspace(self.engine, self._records[partition], self._progress[partition])

    def new_keyspace(self) -> KeyspaceId:
        """A keyspace id that was never given before, nor will be again. It is kept from the sweep until a record
        has named it or it is discarded."""
        if self._next_keyspace == self._reserved_keyspace:
            self._reserve_keyspaces()
        keyspace = KeyspaceId(self._next_keyspace)
        self._next_keyspace += 1
        self._unnamed.append(keyspace)
        return keyspace

    def discard(self, keyspace: KeyspaceId) -> None:
        """Make `keyspace` garbage, unless a record still names it."""
        if keyspace in self._unnamed:
            self._unnamed.remove(keyspace)
        if keyspace not in self._live_keyspaces() and keyspace not in self._garbage:
            self._garbage.append(keyspace)
            self._garbage.sort()

    def sweep(self) -> bool:
        """Delete one run of neighbouring garbage. Returns whether more is left; for a node's idle moments."""
        if not self._garbage:
            return False
        low, high = self._gap_around(self._garbage[0])
        self._garbage = [keyspace for keyspace in self._garbage if keyspace >= high]
        self._delete_keyspaces(low, high)
        return bool(self._garbage)

    # Durability

    def applied(self, partition: PartitionId) -> AppliedState:
        return self.keyspace(partition).applied()

    def durable(self, partition: PartitionId) -> Index:
        """Up to which index the replica's effects survive whatever this storage promises to survive."""
        progress = self._progress[partition]
        return progress.applied if self.durability is Durability.MEMORY else progress.durable

    async def flush(self) -> None:
        """Make all data applied so far durable, then let `durable` say so."""
        noted = self._note_applied()
        await self._storage.run(self.engine.flush_data)
        _publish(noted)

    def flush_blocking(self) -> None:
        """As `flush`, for the start of a node, when there is no event loop to hold up."""
        noted = self._note_applied()
        self.engine.flush_data()
        _publish(noted)

    def _note_applied(self) -> list[tuple[_Progress, Index]]:
        return [(progress, progress.applied) for progress in self._progress.values()]

    # At open

    def _check_format(self) -> None:
        found = self.engine.get(Family.LOG, FORMAT_KEY)
        if found is None and self._is_empty():
            batch = self.engine.batch(Family.LOG)
            batch.put(FORMAT_KEY, FORMAT.to_bytes(4, "big"))
            self.write_log(batch)
        elif found != FORMAT.to_bytes(4, "big"):
            name = "unknown" if found is None else int.from_bytes(found, "big")
            raise StorageError(f"data directory has format {name}, this version reads {FORMAT}")

    def _is_empty(self) -> bool:
        everything = b"", b"\xff" * 9
        return all(next(self.engine.scan(family, *everything), None) is None for family in Family)

    def _read_keyspaces(self) -> None:
        spent = self.engine.get(Family.LOG, KEYSPACE_KEY)
        if spent is not None:
            self._next_keyspace = self._reserved_keyspace = U64.unpack(spent)[0]

    def _reserve_keyspaces(self) -> None:
        self._reserved_keyspace = self._next_keyspace + KEYSPACES_RESERVED
        batch = self.engine.batch(Family.LOG)
        batch.put(KEYSPACE_KEY, U64.pack(self._reserved_keyspace))
        self.write_log(batch)

    def _read_records(self) -> None:
        for key, value in self.engine.scan(Family.LOG, RECORD_PREFIX, bytes([RECORD_PREFIX[0] + 1])):
            record = _decode_record(value)
            if key != record_key(record.partition):
                raise StorageError(f"the record of partition {record.partition} is under another's key")
            self._records[record.partition] = record
            self._progress[record.partition] = self._found_progress(record)

    def _found_progress(self, record: ReplicaRecord) -> _Progress:
        """What was found may be unflushed, when the engine stayed open between two lives of the node; the log's
        beginning is a lower bound of what is durable."""
        value = self.engine.get(Family.DATA, applied_key(record.keyspace, record.partition))
        applied = AppliedState() if value is None else AppliedState.decode(value)
        return _Progress(applied.index, record.truncated_index)

    def _find_garbage(self) -> None:
        """Look into each gap between live keyspaces; a gap is swept as one, so one id of it is enough."""
        low = 0
        for live in [*self._live_keyspaces(), 1 << 64]:
            found = next(self.engine.scan(Family.DATA, keyspace_prefix(low), keyspace_prefix(live)), None)
            if found is not None:
                self._garbage.append(U64.unpack_from(found[0])[0])
            low = live + 1

    # Garbage

    def _live_keyspaces(self) -> list[int]:
        named = {record.keyspace for record in self._records.values()}
        return sorted(named.union(self._unnamed))

    def _gap_around(self, keyspace: int) -> tuple[int, int]:
        """The ids [low, high) around `keyspace` that are not in use."""
        live = self._live_keyspaces()
        position = bisect_right(live, keyspace)
        low = live[position - 1] + 1 if position else 0
        return low, live[position] if position < len(live) else self._next_keyspace

    def _delete_keyspaces(self, low: int, high: int) -> None:
        start, end = keyspace_prefix(low), keyspace_prefix(high)
        batch = self.engine.batch(Family.DATA)
        keys = _some_keys(self.engine, Family.DATA, start, end)
        if keys is None:
            batch.delete_range(start, end)
        else:
            for key in keys:
                batch.delete(key)
        self.engine.write(batch)


def _publish(noted: list[tuple[_Progress, Index]]) -> None:
    for progress, applied in noted:
        progress.durable = max(progress.durable, applied)


def _some_keys(engine: Engine, family: Family, start: bytes, end: bytes) -> list[bytes] | None:
    """All keys of [start, end), or None if they are more than a sweep deletes one by one."""
    keys = []
    for key, _ in engine.scan(family, start, end):
        keys.append(key)
        if len(keys) > SWEEP_KEYS_MAX:
            return None
    return keys


def _decode_record(value: bytes) -> ReplicaRecord:
    try:
        record = from_wire(cbor2.loads(value))
    except (WireError, cbor2.CBORDecodeError) as error:
        raise StorageError(f"a replica record is not readable: {error}") from error
    if not isinstance(record, ReplicaRecord):
        raise StorageError(f"a replica record is a {type(record).__name__}")
    return record
