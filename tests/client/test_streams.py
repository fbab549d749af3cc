"""Claims about streams: every change once, in order for each key, across shards and resumptions."""

from typing import Any

import anyio
import pytest

import trinamo.testing
from client.stage import Stage, everywhere
from trinamo.client import Add, Change, Set, Stream, Table, connect
from trinamo.client.errors import ExpiredIterator
from trinamo.client.streams import _Shards

POLL_S = 0.01
KEY = {"user": "ann", "at": 1}


async def take(changes: Stream, count: int) -> list[Change]:
    found: list[Change] = []
    async for change in changes:
        found.append(change)
        if len(found) == count:
            break
    return found


async def streamed(stage: Stage) -> Table:
    return await stage.orders(stream="new_and_old")


@everywhere
async def test_changes_tell_what_was_and_what_is(stage: Stage) -> None:
    orders = await streamed(stage)
    await orders.put({**KEY, "v": 1, "tags": {"a"}})
    await orders.update(KEY, Add("v", 1))
    await orders.delete(KEY)
    insert, modify, remove = await take(orders.stream(start="oldest", poll_s=POLL_S), 3)
    assert (insert.kind, insert.key, insert.old) == ("insert", KEY, None)
    assert insert.new == {**KEY, "v": 1, "tags": {"a"}}
    assert (modify.kind, modify.old, modify.new) == ("modify", insert.new, {**KEY, "v": 2, "tags": {"a"}})
    assert (remove.kind, remove.old, remove.new, remove.expired) == ("remove", modify.new, None, False)
    assert insert.at <= modify.at <= remove.at
    assert insert.shard == modify.shard == remove.shard


@everywhere
async def test_the_latest_begins_where_it_was_begun(stage: Stage) -> None:
    orders = await streamed(stage)
    await orders.put({**KEY, "v": 1})
    stream = orders.stream(poll_s=POLL_S)
    await stream.begin()
    await orders.put({**KEY, "v": 2})
    (change,) = await take(stream, 1)
    assert change.new == {**KEY, "v": 2}


@everywhere
async def test_a_checkpoint_goes_on_behind_the_last_change(stage: Stage) -> None:
    orders = await streamed(stage)
    for v in range(10):
        await orders.put({**KEY, "v": v})
    seen: list[object] = []
    checkpoint = "oldest"
    for count in (1, 4, 3):
        async with connect(stage.target) as db:
            stream = db.table("orders").stream(start=checkpoint, poll_s=POLL_S)
            seen += [change.new and change.new["v"] for change in await take(stream, count)]
            checkpoint = stream.checkpoint
    assert seen == list(range(8))
    rest = orders.stream(start=checkpoint, poll_s=POLL_S)
    assert [change.new and change.new["v"] for change in await take(rest, 2)] == [8, 9]


@everywhere
async def test_a_stream_waits_for_what_comes(stage: Stage) -> None:
    orders = await streamed(stage)
    stream = orders.stream(poll_s=POLL_S)
    await stream.begin()
    seen: list[Change] = []

    async def read() -> None:
        seen.extend(await take(stream, 2))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await orders.put(KEY)
        await orders.update(KEY, Set("v", 1))
    assert [change.kind for change in seen] == ["insert", "modify"]


@everywhere
async def test_a_stream_that_was_disabled_ends(stage: Stage) -> None:
    orders = await streamed(stage)
    await orders.put(KEY)
    stream = orders.stream(start="oldest", poll_s=POLL_S)
    await stream.begin()
    await orders.alter(StreamSpecification={"StreamEnabled": False})
    assert [change.kind async for change in stream] == ["insert"]


@everywhere
async def test_a_failure_in_between_loses_nothing(stage: Stage) -> None:
    orders = await streamed(stage)
    for v in range(6):
        await orders.put({**KEY, "v": v})
    for operation in ("GetRecords", "GetShardIterator", "DescribeStream"):
        await stage.fault("fail_before", operation=operation, count=1)
    changes = await take(orders.stream(start="oldest", poll_s=POLL_S), 6)
    assert [change.new and change.new["v"] for change in changes] == list(range(6))


@everywhere
async def test_where_there_is_no_stream_or_no_checkpoint_it_is_said(stage: Stage) -> None:
    orders = await stage.orders()
    with pytest.raises(ValueError, match="table orders has no stream"):
        await orders.stream().begin()
    with pytest.raises(ValueError, match="that is no checkpoint"):
        orders.stream(start="yesterday")
    with pytest.raises(ValueError, match="has no checkpoint"):
        orders.stream().checkpoint  # noqa: B018 - it raises


async def test_a_reader_that_rests_longer_than_its_iterators_last_goes_on() -> None:
    async with trinamo.testing.cluster(nodes=1) as cluster, connect(cluster) as db:
        orders = db.table("orders")
        await orders.create({"user": "S", "at": "N"}, stream="keys")
        at_newest = orders.stream(poll_s=POLL_S)
        await at_newest.begin()
        stream = orders.stream(start="oldest", poll_s=POLL_S)
        await orders.put(KEY)
        assert len(await take(stream, 1)) == 1
        await orders.delete(KEY)
        await cluster.clock.advance("20m")
        (change,) = await take(stream, 1)
        assert (change.kind, change.old, change.new) == ("remove", None, None)
        with pytest.raises(ExpiredIterator):  # it stands nowhere yet, so it would leave a gap
            await take(at_newest, 1)


async def test_shards_are_followed_to_their_children(autojump_clock: object) -> None:
    """Shards of Trinamo end after four hours, and their children go on."""
    async with trinamo.testing.cluster(nodes=1, partitions=2) as cluster, connect(cluster) as db:
        orders = db.table("orders")
        await orders.create({"user": "S", "at": "N"}, stream="new")
        stream = orders.stream(start="oldest", poll_s=1)
        seen: list[Change] = []
        for round_ in range(3):
            for user in range(8):
                await orders.put({"user": f"u{user}", "at": 1, "round": round_})
            seen += await take(stream, 8)
            await cluster.clock.advance("5h")
        for user in range(8):
            rounds = [
                change.new and change.new["round"] for change in seen if change.key["user"] == f"u{user}"
            ]
            assert rounds == [0, 1, 2]
        shards = {change.shard for change in seen}
        assert len(shards) == 6


async def test_deletions_by_time_to_live_are_told_apart() -> None:
    async with trinamo.testing.cluster(nodes=1) as cluster, connect(cluster) as db:
        orders = db.table("orders")
        await orders.create({"user": "S", "at": "N"}, stream="old")
        await db.update_time_to_live(
            TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
        )
        await orders.put({**KEY, "expires": int(db.environment.wall()) + 60})
        await cluster.clock.advance("1h")
        insert, remove = await take(orders.stream(start="oldest", poll_s=POLL_S), 2)
        assert (insert.expired, remove.kind, remove.expired) == (False, "remove", True)


# Shards and their lineage, without a service.


def shard(name: str, parent: str | None = None, *, closed: bool = False) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": "1"} | ({"EndingSequenceNumber": "9"} if closed else {})
    return {"ShardId": name, "SequenceNumberRange": numbers} | ({"ParentShardId": parent} if parent else {})


def test_children_wait_until_their_parent_is_read() -> None:
    shards = _Shards("oldest")
    shards.learn([shard("b", "a"), shard("c", "a"), shard("a", closed=True), shard("d")])
    assert shards.readable() == ["a", "d"]
    shards.finish("a")
    assert sorted(shards.readable()) == ["b", "c", "d"]


def test_the_latest_reads_only_what_is_open_and_what_comes_of_it() -> None:
    shards = _Shards("latest")
    shards.learn([shard("a", closed=True), shard("b", "a"), shard("z", closed=True)])
    assert shards.at == {"b": "latest"}
    shards.learn([shard("a", closed=True), shard("b", "a", closed=True), shard("c", "b"), shard("d", "c")])
    assert shards.at == {"b": "latest", "c": "", "d": ""}
    assert shards.readable() == ["b"]
    shards.finish("b")
    assert shards.readable() == ["c"]


def test_who_resumes_reads_what_descends_from_the_checkpoint_and_nothing_else() -> None:
    shards = _Shards(None, {"b": "5"}, {"a"})
    shards.learn(
        [shard("a", closed=True), shard("b"), shard("c", "a"), shard("y", closed=True), shard("x", "y")]
    )
    assert shards.at == {"b": "5", "c": ""}


def test_what_is_done_is_forgotten_when_nothing_names_it_any_more() -> None:
    shards = _Shards(None, {"b": "5"}, {"a", "old"})
    shards.learn([shard("b", "a")])
    assert shards.done == {"a"}
    shards.learn([shard("b")])
    assert shards.done == set()
