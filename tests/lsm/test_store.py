"""The store of a node, over both engines."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import attrs
import pytest

from lsm.nodes import (
    STORAGES,
    RacingStorage,
    apply,
    create,
    data_rows,
    drop,
    items,
    record,
    simulated,
    state,
    truncate,
    write_log,
)
from trinamo.base import PartitionId, StorageError
from trinamo.lsm import DirectoryStorage, Kind, MemoryStorage, Store
from trinamo.lsm.layout import FORMAT_KEY, entry_key, hard_state_key
from trinamo.lsm.store import KEYSPACES_RESERVED, SWEEP_KEYS_MAX
from trinamo.world import Batch, Durability, Family, Storage

P1, P2 = PartitionId(1), PartitionId(2)


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    storage = STORAGES[request.param]()
    yield storage
    if isinstance(storage, MemoryStorage):
        storage.close()


@pytest.fixture
def store(storage: Storage) -> Store:
    return Store.open(storage)


def _put_empty(key: bytes, batch: Batch) -> None:
    batch.put(key, b"")


def _drop_only(store: Store, partition: PartitionId, batch: Batch) -> None:
    """Drop a replica as a node does that dies before it discards the keyspace."""
    store.drop_replica(batch, partition)


def test_records_are_found_again_by_the_next_life(storage: Storage, store: Store) -> None:
    made = [create(store, 2, b"a", b"m"), create(store, 1)]
    assert Store.open(storage).records() == sorted(made, key=lambda each: each.partition)


def test_another_format_is_refused(storage: Storage, store: Store) -> None:
    write_log(store, lambda batch: batch.put(FORMAT_KEY, (7).to_bytes(4, "big")))
    with pytest.raises(StorageError, match=r"^data directory has format 7, this version reads 1$"):
        Store.open(storage)


def test_data_without_a_format_is_refused(storage: Storage) -> None:
    engine = storage.open()
    batch = engine.batch(Family.DATA)
    batch.put(b"somebody else's", b"")
    engine.write(batch)
    with pytest.raises(StorageError, match="format unknown"):
        Store.open(storage)


def test_an_unreadable_record_is_refused(storage: Storage, store: Store) -> None:
    create(store, 1)
    write_log(store, lambda batch: batch.put(b"r" + (9).to_bytes(8, "big"), b"\x83garbage"))
    with pytest.raises(StorageError, match="record is not readable"):
        Store.open(storage)


def test_keyspace_ids_are_never_given_twice(storage: Storage) -> None:
    given: list[int] = []
    for _ in range(4):
        store = Store.open(storage)
        given += [store.new_keyspace() for _ in range(KEYSPACES_RESERVED * 2 // 3)]
    assert len(given) == len(set(given))


def test_keyspace_ids_given_before_a_crash_are_spent() -> None:
    storage = simulated()
    given = [Store.open(storage).new_keyspace()]
    for machine in (True, False, True):
        storage.crash(machine)
        given.append(Store.open(storage).new_keyspace())
    assert len(set(given)) == 4


def test_effects_and_applied_state_are_one(storage: Storage) -> None:
    for seed in range(30):
        simulation = simulated(seed)
        store = Store.open(simulation)
        create(store, 1)
        for index in range(1, 6):
            apply(store, 1, index, {b"%d" % index: b""})
        simulation.crash(machine=True)
        found = Store.open(simulation)
        applied = found.applied(P1)
        assert set(items(found, 1)) == {b"%d" % index for index in range(1, applied.index + 1)}
        assert applied in {state(index) for index in range(1, 6)} or applied.index == 0


def test_kinds_do_not_overlap(store: Store) -> None:
    create(store, 1)
    batch = store.keyspace(P1).batch()
    for kind in Kind:
        if kind is not Kind.APPLIED:
            batch.put(kind, b"", kind.name.encode())
            batch.put(kind, b"\xff" * 30, kind.name.encode())
    batch.commit(state(1))
    keyspace = store.keyspace(P1)
    for kind in Kind:
        if kind is not Kind.APPLIED:
            assert [value for _, value in keyspace.scan(kind)] == [kind.name.encode()] * 2
            assert keyspace.get(kind, b"\xff" * 30) == kind.name.encode()


def test_scan_respects_its_bounds_in_both_directions(store: Store) -> None:
    create(store, 1)
    apply(store, 1, 1, {bytes([letter]): b"" for letter in b"abcde"})
    keyspace = store.keyspace(P1)
    size = len(keyspace.prefix(Kind.ITEM))
    assert b"".join(key[size:] for key, _ in keyspace.scan(Kind.ITEM, b"b", b"d")) == b"bc"
    assert b"".join(key[size:] for key, _ in keyspace.scan(Kind.ITEM, b"c", reverse=True)) == b"edc"


def test_children_of_a_split_share_a_keyspace_but_not_their_state(store: Store) -> None:
    parent = create(store, 1, b"a", b"z")
    apply(store, 1, 5, {b"b": b"", b"y": b""})
    child = attrs.evolve(record(2, parent.keyspace), start=b"m", end=b"z")
    write_log(store, lambda batch: store.create_replica(batch, child))
    left, right = store.keyspace(P1), store.keyspace(P2)
    batch = right.batch()
    batch.put(Kind.FEED, b"1", b"of the child")
    batch.commit(state(7))
    assert left.get(Kind.FEED, b"1") is None
    assert list(left.scan(Kind.FEED)) == []
    assert (left.applied(), right.applied()) == (state(5), state(7))
    drop(store, 1)
    assert not store.sweep()
    assert right.get(Kind.ITEM, b"y") == b"", "a keyspace lives as long as a record names it"


def test_keyspace_snapshot_keeps_its_moment(store: Store) -> None:
    create(store, 1)
    apply(store, 1, 1, {b"k": b"old"})
    with store.keyspace(P1).snapshot() as snapshot:
        apply(store, 1, 2, {b"k": b"new", b"l": b"new"})
        assert [value for _, value in snapshot.scan(Kind.ITEM)] == [b"old"]
        assert snapshot.get(Kind.ITEM, b"k") == b"old"
        assert snapshot.applied() == state(1)


async def test_durable_index_is_what_was_applied_before_the_flush() -> None:
    storage = RacingStorage()
    store = Store.open(storage)
    create(store, 1)
    apply(store, 1, 3, {})
    assert store.durable(P1) == 0
    storage.meanwhile = lambda: apply(store, 1, 4, {})
    await store.flush()
    assert store.durable(P1) == 3
    assert store.applied(P1).index == 4


async def test_in_memory_what_is_applied_is_durable() -> None:
    storage = MemoryStorage()
    store = Store.open(storage)
    create(store, 1)
    apply(store, 1, 3, {})
    assert store.durable(P1) == 3
    storage.close()


async def test_a_replica_made_anew_does_not_inherit_a_flush_under_way() -> None:
    storage = RacingStorage()
    store = Store.open(storage)
    create(store, 1)
    apply(store, 1, 9, {})

    def recreate() -> None:
        drop(store, 1)
        create(store, 1)

    storage.meanwhile = recreate
    await store.flush()
    assert store.durable(P1) == 0


def test_unflushed_data_of_an_open_engine_does_not_count_as_durable() -> None:
    storage = simulated()
    store = Store.open(storage)
    create(store, 1)
    apply(store, 1, 3, {})
    assert Store.open(storage).durable(P1) == 0, "a new life of the node is no flush"


@pytest.mark.parametrize("seed", range(5))
def test_what_a_new_life_finds_in_the_log_no_crash_takes_away(seed: int) -> None:
    storage = simulated(seed)
    store = Store.open(storage)
    batch = store.engine.batch(Family.LOG)
    batch.put(b"e unsynced", b"")
    store.engine.write(batch)
    storage.crash(machine=False)
    Store.open(storage)
    storage.crash(machine=True)
    assert Store.open(storage).engine.get(Family.LOG, b"e unsynced") == b""


def test_the_log_may_not_begin_behind_the_durable_index() -> None:
    store = Store.open(simulated())
    create(store, 1)
    apply(store, 1, 3, {})
    with pytest.raises(AssertionError, match="must be durable"):
        truncate(store, 1, 3, 1)


async def test_a_replica_whose_data_is_older_than_its_log_is_lost() -> None:
    storage = simulated()
    store = Store.open(storage)
    create(store, 1)
    create(store, 2)
    apply(store, 1, 3, {})
    await store.flush()
    truncate(store, 1, 3, 1)
    assert Store.open(storage).lost() == []
    key = store.keyspace(P1).prefix(Kind.APPLIED)
    batch = store.engine.batch(Family.DATA)
    batch.delete(key)
    store.engine.write(batch)
    assert Store.open(storage).lost() == [P1]


def test_a_dropped_replica_leaves_nothing(store: Store) -> None:
    create(store, 1)
    kept = create(store, 2)
    apply(store, 1, 1, {b"%d" % number: b"" for number in range(10)})
    apply(store, 2, 1, {b"k": b"v"})
    for key in (hard_state_key(P1), entry_key(P1, 1), entry_key(P1, 2**40)):
        write_log(store, partial(_put_empty, key))
    drop(store, 1)
    assert not store.sweep()
    assert store.records() == [kept]
    assert items(store, 2) == {b"k": b"v"}
    assert data_rows(store) == 2
    assert [key[:1] for key, _ in store.engine.scan(Family.LOG, b"", b"\xff")] == [b"f", b"k", b"r"]


@pytest.mark.parametrize("rows", [3, SWEEP_KEYS_MAX * 2])
def test_garbage_of_former_lives_is_swept_and_nothing_else(storage: Storage, store: Store, rows: int) -> None:
    for partition in range(1, 7):
        create(store, partition)
        apply(store, partition, 1, {b"%04d" % number: b"" for number in range(rows)})
    for partition in (1, 2, 4, 6):
        write_log(store, partial(_drop_only, store, PartitionId(partition)))
    later = Store.open(storage)
    sweeps = 1
    while later.sweep():
        sweeps += 1
    assert sweeps == 3, "neighbours go together"
    assert data_rows(later) == 2 * (rows + 1)
    assert len(items(later, 3)) == len(items(later, 5)) == rows


def test_a_keyspace_not_yet_named_is_not_swept(store: Store) -> None:
    create(store, 1)
    keyspace = store.new_keyspace()
    create(store, 2)
    apply(store, 2, 1, {})
    drop(store, 2)
    drop(store, 1)
    batch = store.engine.batch(Family.DATA)
    batch.put(keyspace.to_bytes(8, "big") + b"row", b"")
    store.engine.write(batch)
    while store.sweep():
        pass
    assert data_rows(store) == 1
    store.discard(keyspace)
    store.sweep()
    assert data_rows(store) == 0


async def test_a_directory_keeps_records_data_and_ids(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path, Durability.FSYNC)
    store = Store.open(storage)
    create(store, 1)
    apply(store, 1, 4, {b"k": b"v"})
    await store.flush()
    assert store.durable(P1) == 4
    spent = store.new_keyspace()
    storage.close()
    found = Store.open(storage)
    assert items(found, 1) == {b"k": b"v"}
    assert found.applied(P1) == state(4)
    assert found.new_keyspace() > spent
    storage.close()
