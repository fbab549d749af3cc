"""A node's storage as the tests of the store use it: over RocksDB in memory and over the crashable engine."""

import random
from collections.abc import Callable
from typing import TypeVar

import attrs

from trinamo.base import Index, KeyspaceId, NodeId, PartitionId, Term
from trinamo.lsm import AppliedState, Kind, MemoryStorage, ReplicaRecord, SimulatedStorage, Store
from trinamo.raft.entry import Entry, EntryKind
from trinamo.world import Batch, Durability, Family, Storage

T = TypeVar("T")

STORAGES: dict[str, Callable[[], Storage]] = {
    "rocks in memory": MemoryStorage,
    "crashable": lambda: SimulatedStorage(random.Random(0), Durability.FSYNC),
}


def simulated(seed: int = 0, durability: Durability = Durability.FSYNC) -> SimulatedStorage:
    return SimulatedStorage(random.Random(seed), durability)


class RacingStorage(SimulatedStorage):
    """Something happens between the end of blocking work and the event loop's hearing of it."""

    def __init__(self) -> None:
        super().__init__(random.Random(0), Durability.FSYNC)
        self.meanwhile: Callable[[], None] = lambda: None

    async def run(self, work: Callable[[], T]) -> T:
        result = work()
        self.meanwhile()
        return result


def record(partition: int, keyspace: int, start: bytes = b"", end: bytes = b"") -> ReplicaRecord:
    return ReplicaRecord(
        PartitionId(partition),
        KeyspaceId(keyspace),
        start,
        end,
        1,
        (NodeId("n1"),),
        (NodeId("n2"),),
        b"table",
    )


def create(store: Store, partition: int, start: bytes = b"", end: bytes = b"") -> ReplicaRecord:
    made = record(partition, store.new_keyspace(), start, end)
    write_log(store, lambda batch: store.create_replica(batch, made))
    return made


def write_log(store: Store, fill: Callable[[Batch], None]) -> None:
    batch = store.engine.batch(Family.LOG)
    fill(batch)
    store.write_log(batch)


def drop(store: Store, partition: int) -> None:
    dropped: list[KeyspaceId] = []
    write_log(store, lambda batch: dropped.append(store.drop_replica(batch, PartitionId(partition))))
    store.discard(dropped[0])


def truncate(store: Store, partition: int, index: int, term: int) -> None:
    """Record a beginning of the log, without a log."""
    made = attrs.evolve(
        store.record(PartitionId(partition)), truncated_index=Index(index), truncated_term=Term(term)
    )
    write_log(store, lambda batch: store.put_record(batch, made))


def apply(store: Store, partition: int, index: int, items: dict[bytes, bytes], term: int = 1) -> None:
    batch = store.keyspace(PartitionId(partition)).batch()
    for key, value in items.items():
        batch.put(Kind.ITEM, key, value)
    batch.commit(state(index, term))


def state(index: int, term: int = 1) -> AppliedState:
    return AppliedState(Index(index), Term(term), index * 10, index)


def items(store: Store, partition: int) -> dict[bytes, bytes]:
    keyspace = store.keyspace(PartitionId(partition))
    prefix = len(keyspace.prefix(Kind.ITEM))
    return {key[prefix:]: value for key, value in keyspace.scan(Kind.ITEM)}


def entry(index: int, term: int = 1, payload: bytes = b"payload") -> Entry:
    return Entry(Index(index), Term(term), EntryKind.DATA, payload)


def data_rows(store: Store) -> int:
    return sum(1 for _ in store.engine.scan(Family.DATA, b"", b"\xff" * 9))
