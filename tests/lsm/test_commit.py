"""Group commit: order, one sync for all that waits, retired incarnations, failure."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import trio
import trio.testing

from trinamo.base import PartitionId, StorageError
from trinamo.lsm import DirectoryStorage, GroupCommit, SimulatedStorage, Store
from trinamo.world import Batch, Durability, Family, Storage

T = TypeVar("T")
P1, P2 = PartitionId(1), PartitionId(2)


class GatedStorage(SimulatedStorage):
    """Its disk is as slow as the test wants."""

    def __init__(self, durability: Durability, seed: int = 0) -> None:
        super().__init__(random.Random(seed), durability)
        self.started = 0
        self.gate = trio.Semaphore(0)

    async def run(self, work: Callable[[], T]) -> T:
        self.started += 1
        await self.gate.acquire()
        return await super().run(work)


class Replica:
    """Submits numbered writes and notes how they end."""

    def __init__(self, commit: GroupCommit, partition: PartitionId, incarnation: int = 1) -> None:
        self.commit, self.partition, self.incarnation = commit, partition, incarnation
        self.events: list[str] = []

    def submit(self, *keys: str) -> None:
        def fill(batch: Batch) -> None:
            for key in keys:
                batch.put(key.encode(), b"")

        self.commit.submit(
            self.partition,
            self.incarnation,
            fill,
            lambda: self.events.extend(keys),
            lambda error: self.events.append(f"failed: {error}"),
        )


@pytest.fixture
async def gated() -> AsyncIterator[tuple[GatedStorage, Store, GroupCommit]]:
    storage = GatedStorage(Durability.FSYNC)
    async with _running(storage) as (store, commit):
        yield storage, store, commit


@asynccontextmanager
async def _running(storage: Storage) -> AsyncIterator[tuple[Store, GroupCommit]]:
    """A store with its writer's task."""
    store = Store.open(storage)
    commit = GroupCommit(storage, store)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(commit.run)
        yield store, commit
        nursery.cancel_scope.cancel()


def _has(store: Store, key: str) -> bool:
    return store.engine.get(Family.LOG, key.encode()) is not None


@pytest.mark.parametrize("durability", [Durability.MEMORY, Durability.OS])
def test_without_fsync_a_write_is_done_before_submit_returns(durability: Durability) -> None:
    storage = SimulatedStorage(random.Random(0), durability)
    store = Store.open(storage)
    replica = Replica(GroupCommit(storage, store), P1)
    replica.submit("a", "b")
    assert replica.events == ["a", "b"]
    assert _has(store, "a")
    assert _has(store, "b")


async def test_with_fsync_nothing_is_done_before_its_sync(
    gated: tuple[GatedStorage, Store, GroupCommit],
) -> None:
    storage, _, commit = gated
    replica = Replica(commit, P1)
    replica.submit("a")
    await trio.testing.wait_all_tasks_blocked()
    assert replica.events == []
    storage.gate.release()
    await trio.testing.wait_all_tasks_blocked()
    assert replica.events == ["a"]
    storage.crash(machine=True)
    assert _has(Store.open(storage), "a")


async def test_what_waits_during_a_sync_is_one_sync_for_all_replicas(
    gated: tuple[GatedStorage, Store, GroupCommit],
) -> None:
    storage, _, commit = gated
    one, other = Replica(commit, P1), Replica(commit, P2)
    one.submit("1")
    await trio.testing.wait_all_tasks_blocked()
    for number in range(2, 30):
        (one if number % 2 else other).submit(str(number))
    storage.gate.release()
    await trio.testing.wait_all_tasks_blocked()
    assert (one.events, other.events) == (["1"], [])
    assert storage.started == 2, "the rest is one batch, and it is under way"
    storage.gate.release()
    await trio.testing.wait_all_tasks_blocked()
    assert storage.started == 2
    assert one.events == [str(number) for number in range(1, 30, 2)]
    assert other.events == [str(number) for number in range(2, 30, 2)]
    assert (commit.statistics().writes, commit.statistics().hops) == (29, 2)


async def test_a_write_may_be_submitted_from_done(gated: tuple[GatedStorage, Store, GroupCommit]) -> None:
    storage, store, commit = gated
    replica = Replica(commit, P1)
    commit.submit(P1, 1, lambda batch: batch.put(b"a", b""), lambda: replica.submit("b"), _unexpected)
    for _ in range(2):
        storage.gate.release()
        await trio.testing.wait_all_tasks_blocked()
    assert replica.events == ["b"]
    assert _has(store, "b")


def _unexpected(error: StorageError) -> None:
    raise AssertionError(error)


async def test_retire_waits_for_what_is_under_way_and_silences_it(
    gated: tuple[GatedStorage, Store, GroupCommit], nursery: trio.Nursery
) -> None:
    storage, store, commit = gated
    old, bystander = Replica(commit, P1), Replica(commit, P2)
    old.submit("a")
    await trio.testing.wait_all_tasks_blocked()
    old.submit("b")
    bystander.submit("c")
    retired = trio.Event()

    async def retire() -> None:
        await commit.retire(P1, 1)
        retired.set()

    nursery.start_soon(retire)
    await trio.testing.wait_all_tasks_blocked()
    storage.gate.release()
    await trio.testing.wait_all_tasks_blocked()
    assert not retired.is_set(), "b is not written yet"
    storage.gate.release()
    await retired.wait()
    assert _has(store, "a")
    assert _has(store, "b")
    assert old.events == []
    assert bystander.events == ["c"]


async def test_a_retired_incarnation_writes_nothing_and_the_next_one_does(
    gated: tuple[GatedStorage, Store, GroupCommit],
) -> None:
    storage, store, commit = gated
    await commit.retire(P1, 1)
    old, new = Replica(commit, P1, 1), Replica(commit, P1, 2)
    old.submit("old")
    new.submit("new")
    storage.gate.release()
    await trio.testing.wait_all_tasks_blocked()
    assert (old.events, new.events) == ([], ["new"])
    assert not _has(store, "old")
    with pytest.raises(StorageError, match="retired"):
        await commit.write(P1, 1, lambda batch: batch.put(b"old", b""))


async def test_retire_ends_the_wait_of_a_write() -> None:
    storage = GatedStorage(Durability.FSYNC)
    async with _running(storage) as (_, commit), trio.open_nursery() as nursery:

        async def write() -> None:
            with pytest.raises(StorageError, match="retired"):
                await commit.write(P1, 1, lambda batch: batch.put(b"k", b""))

        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(commit.retire, P1, 1)
        await trio.testing.wait_all_tasks_blocked()
        storage.gate.release()


async def test_failure_reaches_all_who_wait_and_all_who_come() -> None:
    storage = GatedStorage(Durability.FSYNC)
    async with _running(storage) as (_, commit):
        storage.faults.sync_error_rate = 1.0
        one, other = Replica(commit, P1), Replica(commit, P2)
        one.submit("a")
        await trio.testing.wait_all_tasks_blocked()
        other.submit("b")
        storage.gate.release()
        await trio.testing.wait_all_tasks_blocked()
        storage.faults.sync_error_rate = 0.0
        other.submit("c")
        assert one.events == ["failed: storage could not write: sync failed"]
        assert other.events == ["failed: storage could not write: sync failed"] * 2
        assert repr(commit) == "<GroupCommit failed: storage could not write: sync failed>"
        with pytest.raises(StorageError, match="sync failed"):
            await commit.retire(P1, 1)
        with pytest.raises(StorageError, match="sync failed"):
            await commit.write(P2, 1, lambda batch: batch.put(b"k", b""))


def test_an_inline_failure_is_told_and_stays() -> None:
    storage = SimulatedStorage(random.Random(0), Durability.OS)
    replica = Replica(GroupCommit(storage, Store.open(storage)), P1)
    storage.faults.write_error_rate = 1.0
    replica.submit("a")
    storage.faults.write_error_rate = 0.0
    replica.submit("b")
    assert replica.events == ["failed: storage could not write: write failed"] * 2


async def test_a_stalled_engine_is_written_elsewhere_and_order_holds() -> None:
    storage = GatedStorage(Durability.MEMORY)
    async with _running(storage) as (_, commit):
        replica = Replica(commit, P1)
        storage.faults.stalled = True
        replica.submit("a")
        await trio.testing.wait_all_tasks_blocked()
        storage.faults.stalled = False
        replica.submit("b")
        assert replica.events == [], "b does not overtake a"
        storage.gate.release()
        storage.gate.release()
        await trio.testing.wait_all_tasks_blocked()
        replica.submit("c")
        assert replica.events == ["a", "b", "c"]
        assert storage.started == 2


async def test_what_done_submits_is_done_after_what_was_submitted_before() -> None:
    storage = GatedStorage(Durability.MEMORY)
    async with _running(storage) as (_, commit):
        replica = Replica(commit, P1)
        storage.faults.stalled = True
        commit.submit(P1, 1, lambda batch: batch.put(b"a", b""), lambda: replica.submit("c"), _unexpected)
        replica.submit("b")
        storage.faults.stalled = False
        storage.gate.release()
        storage.gate.release()
        await trio.testing.wait_all_tasks_blocked()
        assert replica.events == ["b", "c"]


async def test_a_write_whose_sync_was_cut_off_is_whole_or_absent_and_was_not_done() -> None:
    outcomes = set()
    for seed in range(20):
        storage = GatedStorage(Durability.FSYNC, seed)
        async with _running(storage) as (_, commit):
            replica = Replica(commit, P1)
            replica.submit("a")
            storage.gate.release()
            await trio.testing.wait_all_tasks_blocked()
            replica.submit("b", "c")
            await trio.testing.wait_all_tasks_blocked()
        assert replica.events == ["a"]
        storage.crash(machine=True)
        outcomes.add(tuple(_has(Store.open(storage), key) for key in "abc"))
    assert outcomes == {(True, False, False), (True, True, True)}


async def test_a_directory_syncs_in_threads_and_keeps_order(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path, Durability.FSYNC)
    async with _running(storage) as (_, commit):
        replica = Replica(commit, P1)
        for number in range(100):
            replica.submit(str(number))
        await commit.write(P1, 1, lambda batch: batch.put(b"last", b""))
        assert replica.events == [str(number) for number in range(100)]
        assert commit.statistics().hops <= 3
    storage.close()
    assert _has(Store.open(storage), "last")
    storage.close()
