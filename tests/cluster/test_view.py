"""Claims about a view: it follows change upon change, waits out gaps, and never goes back."""

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from cluster.clusters import spec
from trinamo.base import NodeId, PartitionId
from trinamo.cluster import CatalogView, PartitionRecord, TableRecord
from trinamo.cluster.records import CatalogChanged, Counters, decode_record, encode_record
from trinamo.model.tables import TableStatus
from trinamo.world import SystemClock

NODES = (NodeId("n1"), NodeId("n2"), NodeId("n3"))


def table(name: str, *starts: bytes) -> TableRecord:
    ends = (*starts[1:], b"")
    partitions = tuple(
        PartitionRecord(PartitionId(2 + number), start, end, 1, NODES)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    return TableRecord("0" * 12, "here", f"id-{name}", spec(name), TableStatus.ACTIVE, 1.5, partitions)


def changed(base: int, version: int, *tables: TableRecord, removed: tuple[bytes, ...] = ()) -> CatalogChanged:
    return CatalogChanged(base, Counters(version=version), tables, removed)


A, B = table("aaa", b""), table("bbb", b"", b"m")


def test_changes_that_follow_one_another_are_taken() -> None:
    view = CatalogView()
    assert view.apply(changed(-1, 1, A))
    assert view.apply(changed(1, 2, B, removed=(A.key,)))
    assert (view.version, view.tables) == (2, {B.address: B})
    assert set(view.partitions) == {2, 3}
    assert set(view.routes) == {B.table_id}


def test_a_change_behind_a_gap_is_not_taken() -> None:
    view = CatalogView()
    view.apply(changed(-1, 1, A))
    assert not view.apply(changed(2, 3, B))
    assert (view.version, view.tables) == (1, {A.address: A})


def test_the_version_never_goes_back() -> None:
    view = CatalogView()
    view.replace(Counters(version=5), {B.address: B})
    assert view.apply(changed(3, 4, A))
    assert view.apply(changed(-1, 5, A))
    view.replace(Counters(version=4), {A.address: A})
    assert (view.version, view.tables) == (5, {B.address: B})


@pytest.mark.parametrize(("key", "number"), [(b"", 0), (b"l\xff", 0), (b"m", 1), (b"\xff\xff", 1)])
def test_a_key_belongs_to_the_last_partition_that_starts_before_it(key: bytes, number: int) -> None:
    view = CatalogView()
    view.replace(Counters(version=1), {B.address: B})
    assert view.routes[B.table_id].of(key) == B.partitions[number]


async def test_every_change_wakes_whoever_waits_and_nothing_else_does(autojump_clock: MockClock) -> None:
    view, woken = CatalogView(), 0

    async def wait() -> None:
        nonlocal woken
        while True:
            await view.wait_change()
            woken += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        for change in (changed(-1, 1, A), changed(0, 1, B), changed(7, 8, B), changed(1, 2, B)):
            await wait_all_tasks_blocked()
            view.apply(change)
        await wait_all_tasks_blocked()
        assert woken == 2
        clock = SystemClock()
        await view.wait_change_until(clock, clock.monotonic() + 3.0)
        assert clock.monotonic() >= 3.0
        nursery.cancel_scope.cancel()


def test_records_come_back_from_their_bytes() -> None:
    for record in (B, attrs.evolve(A, status=TableStatus.DELETING), Counters(7, 9)):
        assert decode_record(encode_record(record)) == record
