"""Claims about replicas, in a cluster of three in one process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from cluster.clusters import HERE, crash, leads, node, replica, restart, running, spec, until
from trinamo.actor import Reply, Request
from trinamo.base import NotLeader, OperatingError, PartitionId, WrongEpoch
from trinamo.cluster import PartitionRecord
from trinamo.lsm.layout import Kind
from trinamo.model.measure import item_size
from trinamo.model.values import Item, encode_item
from trinamo.node.cluster import Cluster
from trinamo.partition import Replica
from trinamo.partition.bounds import Bounds
from trinamo.partition.messages import (
    ExpressionText,
    Get,
    ItemWrite,
    Read,
    Rows,
    Swap,
    Swapped,
    Write,
    WriteKind,
    WriteResults,
)
from trinamo.partition.stored import item_of, version_of

pytestmark = pytest.mark.usefixtures("autojump_clock")

ABSENT = ExpressionText("attribute_not_exists(pk)", None, b"")


def put(key: bytes, condition: ExpressionText | None = None, text: str = "") -> ItemWrite:
    item: Item = {"pk": {"B": key}, "text": {"S": text}}
    return ItemWrite(WriteKind.PUT, key, encode_item(item), item_size(item), condition)


@attrs.frozen
class Group:
    """One partition of a cluster."""

    cluster: Cluster
    route: PartitionRecord

    @property
    def id(self) -> PartitionId:
        return self.route.partition

    def replica(self, name: str) -> Replica:
        return replica(self.cluster, name, self.id)

    def ask_write(self, name: str, *writes: ItemWrite) -> Reply[WriteResults]:
        one = node(self.cluster, name)
        return one.system.ask(one.id, self.id, Write(1, writes), one.world.clock.monotonic() + 5)

    async def write(self, *writes: ItemWrite, via: str = "n1") -> WriteResults:
        return await node(self.cluster, via).router.call(self.route, Write(1, writes))

    def rows(self, name: str) -> dict[bytes, bytes]:
        one = self.replica(name)
        keyspace = one.host.store.keyspace(self.id)
        prefix = len(keyspace.prefix(Kind.ITEM))
        return {key[prefix:]: value for key, value in keyspace.scan(Kind.ITEM, b"", b"", reverse=False)}

    async def until_equal(self) -> None:
        """Wait until every node has applied what the leader has."""
        nodes = [one.id for one in self.cluster.nodes]

        def equal() -> bool:
            if any(self.id not in node(self.cluster, name).host.replicas for name in nodes):
                return False
            applied = {self.replica(name).applied.index for name in nodes}
            return len(applied) == 1 and max(self.replica(name).core.last_index for name in nodes) in applied

        await until(self.cluster, equal)
        assert all(self.rows(name) == self.rows(nodes[0]) for name in nodes)


@asynccontextmanager
async def group(*, partitions: int = 1, number: int = 0, bounds: Bounds = Bounds()) -> AsyncIterator[Group]:
    async with running(partitions=partitions, bounds=bounds) as cluster:
        await cluster.nodes[0].database.create_table(HERE, spec())
        await cluster.nodes[0].database.table(HERE)
        route = cluster.nodes[0].view.tables[HERE].partitions[number]
        await until(cluster, lambda: leads(cluster, "n1", route.partition))
        yield Group(cluster, route)


async def refused(reply: Reply[WriteResults]) -> OperatingError:
    with pytest.raises(OperatingError) as caught, trio.fail_after(60):
        await reply.wait()
    return caught.value


async def test_what_is_answered_is_on_every_replica_in_the_end() -> None:
    async with group() as one:
        results = (await one.write(put(b"a"), put(b"b"))).results
        assert [result.condition_met for result in results] == [True, True]
        await one.until_equal()
        assert set(one.rows("n3")) == {b"a", b"b"}


async def test_a_new_leader_evaluates_nothing_before_an_entry_of_its_own_term_is_applied() -> None:
    asked: list[tuple[str, Reply[WriteResults]]] = []
    behind: list[bool] = []
    async with group() as one:
        await one.until_equal()
        before = one.replica("n1").applied.index
        for name in ("n2", "n3"):

            def led(changed: Replica, name: str = name) -> None:
                if changed.partition == one.id and changed.core.leads and not asked:
                    behind.append(changed.applied.index == before and changed.core.last_index > before + 1)
                    assert not changed.core.settled
                    asked.append((name, one.ask_write(name, put(b"k", ABSENT))))

            node(one.cluster, name).host.leadership_changed = led
        leader = one.replica("n1")
        reply = one.ask_write("n1", put(b"k", ABSENT, "first"))
        while (
            not reply.settled
        ):  # and no longer: the followers hold the entry, and have not heard it is committed
            await trio.lowlevel.checkpoint()
        assert leader.applied.index > before
        await crash(one.cluster, "n1")
        await until(one.cluster, lambda: bool(asked))
        result = (await asked[0][1].wait()).results[0]
        assert behind == [True], "the premise: the new leader had not applied what it must see"
        assert not result.condition_met


async def test_a_leader_without_a_quorum_answers_nothing_and_says_in_the_end_that_nothing_was_done() -> None:
    asked: list[Reply[WriteResults]] = []
    async with group() as one:
        await one.write(put(b"k"))
        await one.until_equal()
        for name, other in (("n2", "n3"), ("n3", "n2")):

            def led(changed: Replica, name: str = name, other: str = other) -> None:
                if changed.partition == one.id and changed.core.leads and not asked:
                    node(one.cluster, other).crash()
                    asked.append(one.ask_write(name, put(b"k", ABSENT)))
                    asked.append(one.ask_write(name, put(b"l")))
                    assert changed.answer_now(Get(1, (b"k",))) is None

            node(one.cluster, name).host.leadership_changed = led
        await crash(one.cluster, "n1")
        await until(one.cluster, lambda: bool(asked))
        assert [type(await refused(reply)) for reply in asked] == [NotLeader, NotLeader]


async def test_a_refused_condition_waits_for_what_it_saw() -> None:
    async with group() as one:
        leader, unheard = one.replica("n1"), one.replica("n1").applied.index
        first = one.ask_write("n1", put(b"k", ABSENT))
        await until_proposed(leader)
        second = one.ask_write("n1", put(b"k", ABSENT))
        for other in ("n2", "n3"):
            node(one.cluster, other).crash()
        errors = [await refused(first), await refused(second)]
        assert leader.applied.index == unheard
        assert not any(error.outcome_known for error in errors), (
            "it may be that the first was refused instead"
        )


async def until_proposed(leader: Replica) -> None:
    last = leader.core.last_index
    while leader.core.last_index == last:
        await trio.lowlevel.checkpoint()


async def test_a_follower_refuses_and_names_the_leader() -> None:
    async with group() as one:
        await one.until_equal()
        error = await refused(one.ask_write("n2", put(b"k")))
        assert isinstance(error, NotLeader)
        assert error.leader == "n1"
        assert one.replica("n2").answer_now(Get(1, (b"k",))) is None


async def test_a_request_of_another_epoch_is_refused() -> None:
    async with group() as one:
        n1 = node(one.cluster, "n1")
        requests: tuple[Request[Any], ...] = (
            Get(2, (b"k",)),
            Get(0, (b"k",), strong=False),
            Read(2, b"", b"", 1, 1),
            Write(2, (put(b"k"),)),
            Swap(2, (), ((b"k", b"v"),)),
        )
        for request in requests:
            with pytest.raises(WrongEpoch):
                await n1.system.ask(n1.id, one.id, request, 1e9).wait()
        assert one.replica("n1").answer_now(Get(2, (b"k",))) is None
        assert one.rows("n1") == {}


async def test_a_key_outside_the_range_is_refused() -> None:
    async with group(partitions=3, number=1) as one:
        n1, start, end = node(one.cluster, "n1"), one.route.start, one.route.end
        below = start[:-1] + bytes([start[-1] - 1])
        requests: tuple[Request[Any], ...] = (
            Get(1, (start, below)),
            Get(1, (end,)),
            Read(1, below, end, 1, 1),
            Read(1, start, end + b"\0", 1, 1),
            Read(1, start, b"", 1, 1),
            Write(1, (put(start), put(end))),
            Write(1, (put(below),)),
        )
        for request in requests:
            with pytest.raises(WrongEpoch):
                await n1.system.ask(n1.id, one.id, request, 1e9).wait()
        assert one.rows("n1") == {}
        assert isinstance(await n1.system.ask(n1.id, one.id, Read(1, start, end, 1, 1), 1e9).wait(), Rows)


async def test_writes_of_one_request_see_each_other() -> None:
    async with group() as one:
        results = (await one.write(put(b"k", ABSENT), put(b"k", ABSENT), put(b"l", ABSENT))).results
        assert [result.condition_met for result in results] == [True, False, True]


async def test_a_swap_is_done_whole_or_not_at_all() -> None:
    async with group() as one:
        router = node(one.cluster, "n1").router
        first = Swap(1, ((b"a", None),), ((b"a", b"1"), (b"b", b"1")))
        assert await router.call(one.route, first) == Swapped(True)
        assert await router.call(one.route, first) == Swapped(False)
        second = Swap(1, ((b"a", b"1"), (b"b", b"2")), ((b"a", None), (b"c", b"3")))
        assert await router.call(one.route, second) == Swapped(False)
        assert {key: item_of(value) for key, value in one.rows("n1").items()} == {b"a": b"1", b"b": b"1"}
        third = Swap(1, ((b"a", b"1"),), ((b"a", None), (b"c", b"3")))
        assert await router.call(one.route, third) == Swapped(True)
        assert set(one.rows("n1")) == {b"b", b"c"}


async def test_the_clock_of_a_group_only_grows() -> None:
    async with group() as one:
        versions = []
        for leader in ("n1", "n2"):
            await one.write(put(b"k"), via=leader)
            versions.append(version_of(one.rows("n1")[b"k"]) if leader == "n1" else None)
            if leader == "n1":
                await crash(one.cluster, "n1")
        await one.until_equal()
        last = version_of(one.rows("n2")[b"k"])
        assert versions[0] is not None
        assert last[0] > versions[0][0]
        assert last[1] > versions[0][1]


async def test_the_log_is_bounded_and_a_node_that_was_away_is_sent_a_snapshot() -> None:
    async with group(bounds=Bounds(log_entries_max=40, log_entries_kept=8)) as one:
        await one.write(put(b"gone"))
        await one.until_equal()
        await crash(one.cluster, "n3")
        await one.write(ItemWrite(WriteKind.DELETE, b"gone", b"", 0))
        for number in range(150):
            await one.write(put(b"%03d" % number))
            assert len(one.replica("n1").core.log) <= 48
        held = one.replica("n1").core.log.truncated_index
        assert held > 100
        await restart(one.cluster, "n3")
        await one.until_equal()
        assert one.replica("n3").core.log.truncated_index >= held, "it came by snapshot, not by entries"
        assert set(one.rows("n3")) == {b"%03d" % number for number in range(150)}
        await one.write(put(b"later"))
        await one.until_equal()


async def test_what_came_by_snapshot_outlives_a_restart() -> None:
    async with group(bounds=Bounds(log_entries_max=20, log_entries_kept=4)) as one:
        await crash(one.cluster, "n3")
        for number in range(60):
            await one.write(put(b"%03d" % number))
        await restart(one.cluster, "n3")
        await one.until_equal()
        await crash(one.cluster, "n3")
        await restart(one.cluster, "n3")
        await until(one.cluster, lambda: one.id in node(one.cluster, "n3").host.replicas)
        assert len(one.rows("n3")) == 60
        await one.until_equal()


async def test_leadership_returns_home_after_a_restart() -> None:
    async with group() as one:
        await one.write(put(b"k"))
        await crash(one.cluster, "n1")
        await until(one.cluster, lambda: leads(one.cluster, "n2", one.id) or leads(one.cluster, "n3", one.id))
        await one.write(put(b"l"), via="n2")
        await restart(one.cluster, "n1")
        await until(one.cluster, lambda: leads(one.cluster, "n1", one.id) and leads(one.cluster, "n1"))
        assert set(one.rows("n1")) == {b"k", b"l"}


async def test_a_node_restarted_in_the_same_moment_goes_on() -> None:
    async with group() as one:
        await one.write(put(b"k"))
        await crash(one.cluster, "n2")
        await restart(one.cluster, "n2")
        await one.write(put(b"l"))
        await one.until_equal()
        assert set(one.rows("n2")) == {b"k", b"l"}
