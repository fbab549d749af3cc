"""Copying a replica to another node, and crashing while it is installed."""

import random
from collections.abc import Callable
from typing import TypeVar

import attrs
import pytest

from lsm.nodes import STORAGES, apply, create, data_rows, entry, items, record, state, write_log
from trinamo.base import Index, PartitionId, StorageError, Term
from trinamo.lsm import Kind, ReplicaSnapshot, SimulatedStorage, SnapshotInstall, Store
from trinamo.lsm.snapshot import Fill
from trinamo.raft.storage import load
from trinamo.world import Durability, Family

T = TypeVar("T")
P1 = PartitionId(1)
CRASH_POINTS = ("install: chunks written", "install: data flushed", "install: switched")


class Crash(Exception):
    """The node dies here."""


@pytest.fixture(params=STORAGES)
def source(request: pytest.FixtureRequest) -> Store:
    """Partition 1, range [b, y), at index 100, term 3, with a neighbour in the same keyspace."""
    store = Store.open(STORAGES[request.param]())
    made = create(store, 1, b"b", b"y")
    neighbour = attrs.evolve(record(2, made.keyspace), start=b"y")
    write_log(store, lambda batch: store.create_replica(batch, neighbour))
    apply(store, 2, 7, {b"z": b"the neighbour's", b"a": b"nobody's"})
    batch = store.keyspace(PartitionId(2)).batch()
    batch.put(Kind.FEED, b"1", b"the neighbour's")
    batch.commit(state(8))
    batch = store.keyspace(P1).batch()
    batch.put(Kind.FEED, b"1", b"fed")
    batch.put(Kind.LSI_1, b"c", b"indexed")
    for number in range(50):
        batch.put(Kind.ITEM, b"k%02d" % number, bytes(100))
    batch.commit(state(100, 3))
    return store


def _chunks(snapshot: ReplicaSnapshot, size: int = 1000) -> list[bytes]:
    chunks = list(iter(lambda: snapshot.next_chunk(0.0, size), b""))
    snapshot.close()
    return chunks


class ForgetfulStorage(SimulatedStorage):
    """Can leave out the flush: a planted bug."""

    forgets = False

    async def run(self, work: Callable[[], T]) -> T:
        if self.forgets:
            return None  # type: ignore[return-value]  # what a flush returns
        return await super().run(work)


def _target(seed: int = 0) -> tuple[ForgetfulStorage, Store]:
    """The same partition as it was at index 2, with a log up to 4."""
    storage = ForgetfulStorage(random.Random(seed), Durability.FSYNC)
    store = Store.open(storage)
    create(store, 1, b"b", b"y")
    log = load(store, P1).log
    write_log(store, lambda batch: log.append(batch, [entry(index) for index in range(1, 5)]))
    apply(store, 1, 2, {b"old": b""})
    return storage, store


@attrs.frozen
class CrashesAt:
    """Sites of which one is a crash."""

    point: str | None

    def sometimes(self, site: str) -> bool:
        return False

    def passes(self, point: str) -> None:
        if point == self.point:
            raise Crash


async def _install(store: Store, chunks: list[bytes], crash_at: str | None = None) -> None:
    async def write(fill: Fill) -> None:
        write_log(store, fill)

    install = SnapshotInstall(store, CrashesAt(crash_at))
    for chunk in chunks:
        install.add(chunk)
    made = attrs.evolve(
        store.record(P1), keyspace=install.keyspace, truncated_index=Index(100), truncated_term=Term(3)
    )
    await install.finish(made, write)


def _assert_installed(store: Store) -> None:
    assert store.applied(P1) == state(100, 3)
    assert items(store, 1) == {b"k%02d" % number: bytes(100) for number in range(50)}
    keyspace = store.keyspace(P1)
    assert [value for _, value in keyspace.scan(Kind.FEED)] == [b"fed"]
    assert keyspace.get(Kind.LSI_1, b"c") == b"indexed"
    loaded = load(store, P1)
    assert loaded.entries == []
    assert (loaded.log.first, loaded.hard_state.commit, loaded.hard_state.term) == (101, 100, 3)
    assert store.lost() == []


async def test_an_installed_snapshot_is_all_of_the_replica_and_nothing_of_its_neighbour(
    source: Store,
) -> None:
    _, target = _target()
    await _install(target, _chunks(ReplicaSnapshot(source, P1, deadline=1.0)))
    _assert_installed(target)
    assert target.durable(P1) == 100
    while target.sweep():
        pass
    assert data_rows(target) == 50 + 2 + 1, "the old keyspace is swept"


def test_a_snapshot_keeps_its_moment_while_the_replica_goes_on(source: Store) -> None:
    snapshot = ReplicaSnapshot(source, P1, deadline=1.0)
    first = snapshot.next_chunk(0.0, 500)
    expected = [first, *_chunks(ReplicaSnapshot(source, P1, deadline=1.0), 500)[1:]]
    apply(source, 1, 101, {b"k%02d" % number: b"newer" for number in range(50)})
    assert snapshot.applied == state(100, 3)
    assert [first, *_chunks(snapshot, 500)] == expected


def test_chunks_are_bounded(source: Store) -> None:
    chunks = _chunks(ReplicaSnapshot(source, P1, deadline=1.0), 1000)
    assert len(chunks) > 5
    assert all(len(chunk) < 1300 for chunk in chunks)


def test_an_expired_snapshot_lets_go(source: Store) -> None:
    snapshot = ReplicaSnapshot(source, P1, deadline=1.0)
    snapshot.next_chunk(0.9, 100)
    with pytest.raises(StorageError, match="expired"):
        snapshot.next_chunk(1.0, 100)


async def test_a_snapshot_cut_short_is_not_installed(source: Store) -> None:
    chunks = _chunks(ReplicaSnapshot(source, P1, deadline=1.0))
    _, target = _target()
    with pytest.raises(StorageError, match="ends at index 0, not 100"):
        await _install(target, chunks[:-1])
    with pytest.raises(StorageError, match="middle of a row"):
        await _install(target, [chunks[0][:-1]])
    assert items(target, 1) == {b"old": b""}


def test_an_abandoned_install_is_swept(source: Store) -> None:
    _, target = _target()
    before = data_rows(target)
    install = SnapshotInstall(target)
    install.add(_chunks(ReplicaSnapshot(source, P1, deadline=1.0))[0])
    assert not target.sweep()
    assert data_rows(target) > before
    install.abandon()
    target.sweep()
    assert data_rows(target) == before


@pytest.mark.parametrize("machine", [False, True])
@pytest.mark.parametrize("crash_at", CRASH_POINTS)
async def test_a_crash_at_any_arrow_leaves_the_old_or_the_new_replica(
    source: Store, crash_at: str, machine: bool
) -> None:
    chunks = _chunks(ReplicaSnapshot(source, P1, deadline=1.0))
    for seed in range(20):
        storage, target = _target(seed)
        await target.flush()
        with pytest.raises(Crash):
            await _install(target, chunks, crash_at)
        storage.crash(machine)
        found = Store.open(storage)
        assert found.lost() == []
        if crash_at == "install: switched":
            _assert_installed(found)
        else:
            assert items(found, 1) == {b"old": b""}
            assert [each.index for each in load(found, P1).entries] == [1, 2, 3, 4]
        while found.sweep():
            pass
        rows = sum(1 for _ in found.engine.scan(Family.DATA, b"", b"\xff" * 9))
        assert rows == (53 if crash_at == "install: switched" else 2), "what no record names is swept"


async def test_an_install_without_its_flush_would_lose_the_replica(source: Store) -> None:
    """The flush is what the order is for: left out, some seed shows the replica lost."""
    chunks = _chunks(ReplicaSnapshot(source, P1, deadline=1.0))
    lost = 0
    for seed in range(20):
        storage, target = _target(seed)
        storage.forgets = True
        await _install(target, chunks)
        storage.crash(machine=False)
        lost += Store.open(storage).lost() == [P1]
    assert lost > 0
