"""The change feed: as exact as the items, on every replica, whoever leads."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.clusters import HERE, node, running, spec, until
from trinamo.cluster import PartitionRecord
from trinamo.model.measure import item_size
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.node.cluster import Cluster
from trinamo.partition.feed import Change, Settings, decode_change, encode_settings
from trinamo.partition.messages import (
    Configure,
    ItemWrite,
    Keep,
    Read,
    ReadCursors,
    ReadFeed,
    TakeChanges,
    Taken,
    Write,
    WriteKind,
)
from trinamo.partition.stored import item_of

pytestmark = pytest.mark.usefixtures("autojump_clock")

FED = encode_settings(Settings(feed=True))


async def born(cluster: Cluster) -> PartitionRecord:
    """A table of one partition, whose feed is kept."""
    database = node(cluster, "n1").database
    table = await database.create_table(HERE, spec())
    await database.table(HERE)
    route = node(cluster, "n1").view.routes[table.table_id].record.partitions[0]
    await ask(cluster, route, Configure(route.epoch, FED))
    return route


async def ask(cluster: Cluster, route: PartitionRecord, request: Any) -> Any:
    return await cluster.nodes[0].router.call(route, request)


def put(key: bytes, number: int, **more: Any) -> ItemWrite:
    item: Item = {"n": {"N": str(number)}, **more}
    return ItemWrite(WriteKind.PUT, key, encode_item(item), item_size(item))


def delete(key: bytes) -> ItemWrite:
    return ItemWrite(WriteKind.DELETE, key, b"", 0)


async def changes(cluster: Cluster, route: PartitionRecord, start: tuple[int, int] = (0, 0)) -> list[Change]:
    found: list[Change] = []
    while True:
        rows = await ask(cluster, route, ReadFeed(route.epoch, *start, 3, 1 << 20))
        found += [decode_change(record) for _, _, record in rows.rows]
        if not rows.rows:
            return found
        assert [(index, number) for index, number, _ in rows.rows] == sorted(
            (index, number) for index, number, _ in rows.rows
        )
        start = rows.rest


def seen(found: list[Change]) -> list[tuple[bytes, str | None, str | None]]:
    def number(item: bytes | None) -> str | None:
        return None if item is None else str(decode_item(item)["n"]["N"])

    return [(change.key, number(change.old), number(change.new)) for change in found]


async def test_changes_have_old_and_new_images_in_order() -> None:
    async with running() as cluster:
        route = await born(cluster)
        writes = (put(b"a", 1), put(b"b", 2), put(b"a", 3), delete(b"b"), delete(b"c"), put(b"b", 4))
        await ask(cluster, route, Write(route.epoch, writes))
        found = await changes(cluster, route)
        assert seen(found) == [
            (b"a", None, "1"),
            (b"b", None, "2"),
            (b"a", "1", "3"),
            (b"b", "2", None),
            (b"b", None, "4"),
        ]
        assert [change.clock for change in found] == sorted(change.clock for change in found)


async def test_what_leaves_an_item_as_it_was_is_no_change() -> None:
    async with running() as cluster:
        route = await born(cluster)
        one, other = {"SS": ["a", "b"]}, {"SS": ["b", "a"]}
        for write in (put(b"a", 1, s=one), put(b"a", 1, s=one), put(b"a", 1, s=other), put(b"a", 2, s=other)):
            await ask(cluster, route, Write(route.epoch, (write,)))
        assert seen(await changes(cluster, route)) == [(b"a", None, "1"), (b"a", "1", "2")]


async def test_without_being_asked_for_there_is_no_feed() -> None:
    async with running() as cluster:
        route = await born(cluster)
        await ask(cluster, route, Configure(route.epoch, encode_settings(Settings())))
        await ask(cluster, route, Write(route.epoch, (put(b"a", 1),)))
        assert await changes(cluster, route) == []


async def test_the_feed_outlives_its_leader_and_cursors_do_too() -> None:
    async with running() as cluster:
        route = await born(cluster)
        for number in range(5):
            await ask(cluster, route, Write(route.epoch, (put(b"a", number),)))
        before = await changes(cluster, route)
        await ask(cluster, route, Keep(route.epoch, {"index": 4}))
        await cluster.faults.crash("n1")
        assert await changes(cluster, route) == before
        await ask(cluster, route, Write(route.epoch, (put(b"a", 9),)))
        await ask(cluster, route, Keep(route.epoch, {"index": 3, "stream": 2}))  # never back
        assert (await ask(cluster, route, ReadCursors(route.epoch))).positions == {"index": 4, "stream": 2}
        await cluster.faults.restart("n1")
        await until(cluster, lambda: node(cluster, "n1").host.replicas[route.partition].core.settled)
        assert seen(await changes(cluster, route)) == [*seen(before), (b"a", "4", "9")]


async def test_what_is_trimmed_is_gone_and_is_said_to_be() -> None:
    async with running() as cluster:
        route = await born(cluster)
        for number in range(5):
            await ask(cluster, route, Write(route.epoch, (put(b"a", number),)))
        rows = await ask(cluster, route, ReadFeed(route.epoch, 0, 0, 100, 1 << 20))
        third = rows.rows[2][0]
        await ask(cluster, route, Keep(route.epoch, {}, trim_below=third))
        left = await ask(cluster, route, ReadFeed(route.epoch, 0, 0, 100, 1 << 20))
        assert left.rows == rows.rows[2:]
        assert (rows.oldest, left.oldest) == (0, third)


async def test_an_index_takes_every_change_of_a_source_once_and_in_order() -> None:
    async with running() as cluster:
        route = await born(cluster)

        async def take(source: str, after: int, up_to: int, *taken: tuple[bytes, int, bytes | None]) -> int:
            answer = await ask(cluster, route, TakeChanges(route.epoch, source, after, up_to, taken))
            assert isinstance(answer, Taken)
            return answer.position

        a, b = encode_item({"n": {"N": "1"}}), encode_item({"n": {"N": "2"}})
        assert await take("s1", 0, 7, (b"a", 3, a)) == 7
        assert await take("s1", 0, 7, (b"a", 3, b)) == 7  # again: refused
        assert await take("s1", 8, 9, (b"a", 3, b)) == 7  # a gap: refused
        assert await take("s1", 7, 9) == 9  # nothing for this partition: progress all the same
        assert await take("s2", 0, 3, (b"b", 3, b), (b"b", 0, None), (b"c", 3, b)) == 3
        rows = await ask(cluster, route, Read(route.epoch, b"", b"", 100, 1 << 20))
        assert [(key, item_of(value)) for key, value in rows.rows] == [(b"a", a), (b"c", b)]


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"),
            st.lists(
                st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.none() | st.integers(0, 3)),
                min_size=1,
                max_size=4,
            ),
        ),
        st.just(("crash", [])),
        st.just(("trim", [])),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(steps)
def test_replaying_the_feed_makes_the_items(steps: list[tuple[str, list[tuple[bytes, int | None]]]]) -> None:
    import trio
    import trio.testing

    async def play() -> None:
        async with running() as cluster:
            route = await born(cluster)
            replayed: dict[bytes, bytes] = {}
            start = (0, 0)
            for step, writes in steps:
                if step == "write":
                    batch = tuple(
                        delete(key) if number is None else put(key, number) for key, number in writes
                    )
                    await ask(cluster, route, Write(route.epoch, batch))
                elif step == "crash":
                    await cluster.faults.crash("n1")
                    await changes(cluster, route)
                    await cluster.faults.restart("n1")
                    for name in ("n1", "n2", "n3"):
                        await until(cluster, lambda name=name: caught_up(cluster, name, route))  # type: ignore[misc]
                else:
                    start = await replay(cluster, route, start, replayed)
                    await ask(cluster, route, Keep(route.epoch, {}, trim_below=start[0]))
            await replay(cluster, route, start, replayed)
            rows = await ask(cluster, route, Read(route.epoch, b"", b"", 100, 1 << 20))
            assert {key: item_of(value) for key, value in rows.rows} == replayed

    trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))


def caught_up(cluster: Cluster, name: str, route: PartitionRecord) -> bool:
    replicas = [one.host.replicas.get(route.partition) for one in cluster.nodes]
    return len({None if replica is None else replica.applied.index for replica in replicas}) == 1


async def replay(
    cluster: Cluster, route: PartitionRecord, start: tuple[int, int], items: dict[bytes, bytes]
) -> tuple[int, int]:
    """Carry on from `start`; every old image must be what is there."""
    while True:
        rows = await ask(cluster, route, ReadFeed(route.epoch, *start, 2, 1 << 20))
        for _, _, record in rows.rows:
            change = decode_change(record)
            assert items.get(change.key) == change.old
            if change.new is None:
                del items[change.key]
            else:
                items[change.key] = change.new
        start = rows.rest
        if not rows.rows:
            return start
