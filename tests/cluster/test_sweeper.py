"""What has expired goes, once, whoever leads; and nothing else does."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from trio.testing import MockClock

from cluster.clusters import HERE, KEYS, leads, node, replica, running, spec, until
from trinamo.cluster import PartitionRecord, TableRecord, sweeper
from trinamo.lsm.layout import Kind
from trinamo.model.keys import KeyAttribute
from trinamo.model.measure import item_size
from trinamo.model.tables import IndexSpec, Projection, TableSpec
from trinamo.model.timetolive import with_time_to_live
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.node.cluster import Cluster
from trinamo.node.config import Mode
from trinamo.partition import consumers
from trinamo.partition.feed import EXPIRED, USER, Change, decode_change
from trinamo.partition.messages import (
    Expire,
    Expired,
    ExpressionText,
    ItemWrite,
    ReadFeed,
    Write,
    WriteKind,
    WriteResults,
)

G = KeyAttribute("g", "S")
BY_G = IndexSpec("by-g", (G,), (), Projection("ALL"))
DAY_S = 86_400


@attrs.frozen
class Swept:
    """A table of one partition whose items expire, with a global index, so that there is a feed."""

    cluster: Cluster
    route: PartitionRecord

    @property
    def record(self) -> TableRecord:
        return self.cluster.nodes[0].view.tables[HERE]

    async def write(self, *writes: ItemWrite) -> WriteResults:
        return await self.cluster.nodes[0].router.call(self.route, Write(1, writes))

    async def expire(self, *keys: bytes) -> Expired:
        return await self.cluster.nodes[0].router.call(self.route, Expire(1, keys))

    async def change(self, attribute: str, *, enabled: bool) -> None:
        def altered(found: TableSpec, now: float) -> TableSpec:
            return with_time_to_live(found, attribute, enabled=enabled, now=now, interval_s=0)

        await self.cluster.nodes[0].database.change_settings(HERE, altered)

    def held(self, name: str = "n1") -> dict[bytes, Item]:
        keyspace = node(self.cluster, name).store.keyspace(self.route.partition)
        prefix = len(keyspace.prefix(Kind.ITEM))
        return {key[prefix:]: decode_item(value[21:]) for key, value in keyspace.scan(Kind.ITEM)}

    async def until_gone(self, *keys: bytes) -> None:
        """Wait until the leader, wherever it is, holds none of these."""

        def gone() -> bool:
            held = self.held_by_leader()
            return held is not None and not set(held).intersection(keys)

        await until(self.cluster, gone)

    def held_by_leader(self) -> dict[bytes, Item] | None:
        partition = self.route.partition
        leaders = [one.id for one in self.cluster.nodes if leads(self.cluster, one.id, partition)]
        return self.held(leaders[0]) if leaders else None

    async def changes(self) -> list[Change]:
        """What the feed has, from the log's beginning."""
        found: list[Change] = []
        start = (0, 0)
        while True:
            ask = ReadFeed(1, *start, 100, 1 << 20)
            rows = await self.cluster.nodes[0].router.call(self.route, ask)
            found += [decode_change(record) for _, _, record in rows.rows]
            if not rows.rows:
                return found
            start = rows.rest

    async def deletions(self) -> list[tuple[bytes, int]]:
        return [(change.key, change.why) for change in await self.changes() if change.new is None]


@asynccontextmanager
async def swept(mode: Mode = "settled") -> AsyncIterator[Swept]:
    async with running(mode=mode) as cluster:
        database = node(cluster, "n1").database
        indexed = attrs.evolve(spec(), attributes=(*KEYS.attributes, G), global_indexes=(BY_G,))
        await database.create_table(HERE, indexed)
        await until(cluster, lambda: _active(cluster))
        one = Swept(cluster, node(cluster, "n1").view.tables[HERE].partitions[0])
        await one.change("at", enabled=True)
        await until(cluster, lambda: one.record.expiry == "at")
        yield one


def _active(cluster: Cluster) -> bool:
    record = node(cluster, "n1").view.tables.get(HERE)
    return record is not None and record.status == "ACTIVE"


@pytest.fixture(autouse=True)
def _feeds_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that tests see it from its beginning."""
    monkeypatch.setattr("trinamo.partition.keeping.trim_point", lambda _settings, _position, _asked: 0)


def put(key: bytes, in_s: float | None, **more: Any) -> ItemWrite:
    item: Item = {"pk": {"S": key.decode()}, **more}
    if in_s is not None:
        item["at"] = {"N": str(int(time.time() + in_s))}
    return ItemWrite(WriteKind.PUT, key, encode_item(item), item_size(item))


def delete(key: bytes) -> ItemWrite:
    return ItemWrite(WriteKind.DELETE, key, b"", 0)


def rescue(key: bytes, in_s: float) -> ItemWrite:
    values: Item = {":at": {"N": str(int(time.time() + in_s))}}
    update = ExpressionText("SET #at = :at", {"#at": "at"}, encode_item(values))
    return ItemWrite(WriteKind.UPDATE, key, encode_item({"pk": {"S": key.decode()}}), 0, update=update)


def many(count: int, in_s: float) -> list[ItemWrite]:
    return [put(f"{number:04}".encode(), in_s, g={"S": str(number % 7)}) for number in range(count)]


async def test_what_expires_goes_once_and_is_marked(autojump_clock: MockClock) -> None:
    async with swept() as one:
        await one.write(*many(20, DAY_S), put(b"other", 3 * DAY_S), put(b"none", None))
        await one.write(delete(b"0003"))
        await one.cluster.advance(2 * DAY_S)
        assert set(one.held()) == {b"other", b"none"}
        users = [(b"0003", USER)]
        service = [(f"{number:04}".encode(), EXPIRED) for number in range(20) if number != 3]
        deletions = await one.deletions()
        assert (deletions[0], sorted(deletions[1:])) == (users[0], service)


async def test_the_leader_judges_with_what_is_in_flight(autojump_clock: MockClock) -> None:
    async with swept() as one:
        leader = node(one.cluster, "n1")
        await one.write(put(b"rescued", -10), put(b"written", -10), put(b"due", -10))
        deadline = leader.world.clock.monotonic() + 5

        def ask(message: Any) -> Any:
            return leader.system.ask(leader.id, one.route.partition, message, deadline)

        writes = ask(Write(1, (rescue(b"rescued", 99), put(b"written", 99))))
        expired = ask(Expire(1, (b"rescued", b"written", b"due")))
        late = ask(Write(1, (rescue(b"due", 99),)))
        assert (await expired.wait()).kept == (b"rescued", b"written")
        await writes.wait()
        await late.wait()
        assert set(one.held()) == {b"rescued", b"written", b"due"}
        assert [(change.key, change.why) for change in (await one.changes())[-2:]] == [
            (b"due", EXPIRED),
            (b"due", USER),
        ]


async def test_a_mark_is_of_the_next_deletion_only(autojump_clock: MockClock) -> None:
    async with swept() as one:
        leader = node(one.cluster, "n1")
        await one.write(put(b"a", -10))
        deadline = leader.world.clock.monotonic() + 5
        messages = Expire(1, (b"a",)), Write(1, (put(b"a", 99), delete(b"a")))
        asked = [leader.system.ask(leader.id, one.route.partition, message, deadline) for message in messages]
        for reply in asked:
            await reply.wait()
        assert await one.deletions() == [(b"a", EXPIRED), (b"a", USER)]


async def test_the_entry_that_deletes_an_item_is_later_than_its_moment(autojump_clock: MockClock) -> None:
    async with swept() as one:
        await one.write(*many(50, 1), *many(50, 2), *many(50, 0))
        await one.cluster.advance(10)
        for change in await one.changes():
            if change.why == EXPIRED:
                assert change.old is not None
                assert int(decode_item(change.old)["at"]["N"]) * 1_000_000 < change.clock


async def test_sweeping_goes_on_where_the_next_leader_is(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(sweeper, "KEYS_AT_ONCE", 3)
    async with swept() as one:
        writes = many(300, DAY_S)
        for start in range(0, len(writes), 50):
            await one.write(*writes[start : start + 50])
        await one.write(put(b"stays", 9 * DAY_S))
        one.cluster.faults.delay_frames(ms=5)
        await node(one.cluster, "n1").catalog.advance_clock(2 * DAY_S)
        await until(one.cluster, lambda: 50 < len(one.held()) < 250)
        await one.cluster.faults.crash("n1")
        await one.until_gone(*(write.key for write in writes))
        await one.cluster.faults.restart("n1")
        await until(one.cluster, lambda: leads(one.cluster, "n1", one.route.partition))
        assert set(one.held()) == {b"stays"}
        deletions = await one.deletions()
        assert sorted(deletions) == [(write.key, EXPIRED) for write in writes]


async def test_an_advance_waits_for_a_leader(autojump_clock: MockClock) -> None:
    async with swept() as one:
        await one.write(*many(10, DAY_S))
        await one.cluster.faults.crash("n1")
        await one.cluster.advance(2 * DAY_S)
        assert one.held_by_leader() == {}


async def test_what_is_disabled_is_not_deleted_even_if_somebody_asks(autojump_clock: MockClock) -> None:
    async with swept() as one:
        await one.write(put(b"a", -10))
        await one.change("at", enabled=False)
        assert one.record.expiry is None
        assert (await one.expire(b"a")).kept == (b"a",)
        await one.cluster.advance(DAY_S)
        assert set(one.held()) == {b"a"}


async def test_only_who_leads_a_partition_whose_items_expire_looks_for_them(
    autojump_clock: MockClock,
) -> None:
    async with swept() as one:
        expiring = [
            name for name in ("n1", "n2", "n3") if replica(one.cluster, name, one.route.partition).expiries
        ]
        assert expiring == []  # none is known yet, and an empty one is false
        await one.write(put(b"a", 99))
        watching = {
            name: replica(one.cluster, name, one.route.partition).expiries is not None
            for name in ("n1", "n2", "n3")
        }
        assert watching == {"n1": True, "n2": False, "n3": False}
        await one.change("at", enabled=False)
        await until(one.cluster, lambda: replica(one.cluster, "n1", one.route.partition).expiries is None)


async def test_an_index_that_is_behind_delays_deletions(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(consumers, "BACKLOG_ENTRIES_MAX", 2)
    async with swept() as one:
        await one.write(*many(10, DAY_S))
        fault = one.cluster.faults.index_lag(lag_ms=60_000)
        for number in range(4):
            await one.write(put(b"more", DAY_S, x={"N": str(number)}))
        await node(one.cluster, "n1").catalog.advance_clock(2 * DAY_S)
        await one.cluster.clock.sleep_until(one.cluster.clock.monotonic() + 9)
        assert len(one.held()) == 11
        assert (await one.expire(b"0000")).behind is not None
        one.cluster.faults.remove(fault.id)
        await one.until_gone(*one.held())


async def test_where_things_are_realistic_items_go_minutes_later(autojump_clock: MockClock) -> None:
    async with swept("realistic") as one:
        writes = many(50, DAY_S)
        await one.write(*writes)
        await one.cluster.advance(DAY_S + sweeper.LATE_MIN_S / 2)
        await one.cluster.clock.sleep_until(one.cluster.clock.monotonic() + 5)
        assert len(one.held()) == 50
        await one.cluster.advance((sweeper.LATE_MAX_S - sweeper.LATE_MIN_S) / 2)
        await until(one.cluster, lambda: 5 < len(one.held()) < 45)
        await one.cluster.advance(sweeper.LATE_MAX_S)
        await one.until_gone(*(write.key for write in writes))
