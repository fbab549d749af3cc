"""Global indexes in a running cluster: in the end they are the projection of their table, whatever happens meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import attrs
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.clusters import HERE, KEYS, LIMIT_S, LOOK_S, node, running, spec, until
from trinamo.cluster import IndexRecord, TableRecord
from trinamo.cluster.indexer import KEEP_S
from trinamo.gateway.clustered import ClusterDatabase
from trinamo.gateway.operations import perform
from trinamo.gateway.operations.database import Delete, IndexState, Put, Slice, Table
from trinamo.gateway.operations.paging import KeyRange
from trinamo.model.alteration import Alteration
from trinamo.model.errors import ApiError
from trinamo.model.globalkeys import GlobalKeys
from trinamo.model.indexes import make_index
from trinamo.model.keys import KeyAttribute, put_key
from trinamo.model.measure import item_size
from trinamo.model.tables import IndexSpec, Projection, TableSpec, TableStatus
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.node.cluster import Cluster
from trinamo.partition import consumers
from trinamo.partition.messages import ReadCursors, ReadFeed

pytestmark = pytest.mark.usefixtures("autojump_clock")

T = TypeVar("T")
G, H = KeyAttribute("g", "S"), KeyAttribute("h", "N")
BY_G = IndexSpec("by-g", (G,), (), Projection("ALL"))
BY_H_G = IndexSpec("by-h-g", (H, G), (H,), Projection("INCLUDE", ("x",)))


def indexed(*indexes: IndexSpec) -> TableSpec:
    return attrs.evolve(spec(), attributes=(*KEYS.attributes, G, H), global_indexes=indexes)


async def born(cluster: Cluster, *indexes: IndexSpec) -> Table:
    database = node(cluster, "n1").database
    await database.create_table(HERE, indexed(*indexes))
    return await database.table(HERE)


async def insist(cluster: Cluster, ask: Callable[[ClusterDatabase], Awaitable[T]]) -> T:
    """Ask the gateway of the first node that lives, until it knows; whatever is asked may be done twice."""
    with trio.fail_after(LIMIT_S):
        while True:
            database = cluster.nodes[0].database
            try:
                await database.table(HERE)
                return await ask(database)
            except ApiError as error:
                if error.status < 500:
                    raise
            await cluster.clock.sleep_until(cluster.clock.monotonic() + LOOK_S)


async def record(cluster: Cluster) -> TableRecord:
    await insist(cluster, lambda database: database.table(HERE))
    await cluster.nodes[0].catalog.refresh()
    return cluster.nodes[0].view.tables[HERE]


async def put(cluster: Cluster, table: Table, pk: str, **attributes: Any) -> None:
    item: Item = {"pk": {"S": pk}, **attributes}
    write = Put(put_key(KEYS, item), encode_item(item), item_size(item))
    await insist(cluster, lambda database: database.write(table, write))


async def delete(cluster: Cluster, table: Table, pk: str) -> None:
    await insist(cluster, lambda database: database.write(table, Delete(put_key(KEYS, {"pk": {"S": pk}}))))


async def rows(cluster: Cluster, table: Table, index: str | None = None) -> list[tuple[bytes, Item]]:
    if index is not None:
        await insist(cluster, lambda database: database.catch_up(table, index))
    found: list[tuple[bytes, Item]] = []
    rest: KeyRange | None = KeyRange(b"", None)
    while rest is not None:
        piece = await insist(cluster, lambda database: slice_of(database, table, rest, index))  # noqa: B023
        found += [(row.key, decode_item(row.item)) for row in piece.rows]
        rest = piece.rest
    return found


async def slice_of(
    database: ClusterDatabase, table: Table, keys: KeyRange | None, index: str | None
) -> Slice:
    assert keys is not None
    return await database.read(
        table, keys, count_max=None, size_max=1 << 20, forward=True, consistent=index is None, index=index
    )


async def projected(cluster: Cluster, table: Table, index: IndexSpec) -> list[tuple[bytes, Item]]:
    """What an index shall hold, worked out from the table."""
    made, keys = make_index(KEYS, index, is_local=False), GlobalKeys(KEYS, index.partition, index.sort)
    entries = [made.entry(item) for _, item in await rows(cluster, table)]
    return sorted(
        ((keys.of_item(entry), entry) for entry in entries if entry is not None), key=lambda row: row[0]
    )


async def add_index(cluster: Cluster, index: IndexSpec) -> None:
    def alter(found: TableSpec, _: float) -> Alteration:
        if index in found.global_indexes:
            return Alteration(found, None)
        new = attrs.evolve(found, global_indexes=(*found.global_indexes, index))
        return Alteration(new, new)

    await insist(cluster, lambda database: database.update_table(HERE, alter))


async def drop_index(cluster: Cluster, name: str) -> None:
    def alter(found: TableSpec, _: float) -> Alteration:
        kept = tuple(index for index in found.global_indexes if index.name != name)
        new = attrs.evolve(found, global_indexes=kept)
        return Alteration(found, None if new == found else new)

    await insist(cluster, lambda database: database.update_table(HERE, alter))


async def until_active(cluster: Cluster) -> Table:
    with trio.fail_after(LIMIT_S):
        while {(found := await record(cluster)).status, *(each.status for each in found.indexes)} != {
            "ACTIVE"
        }:
            await cluster.clock.sleep_until(cluster.clock.monotonic() + LOOK_S)
    return await insist(cluster, lambda database: database.table(HERE))


def drawn(number: int) -> dict[str, Any]:
    """Attributes of an item, by a number: some are in an index, some not, some in both."""
    attributes: dict[str, Any] = {"x": {"N": str(number)}}
    if number % 4 != 0:
        attributes["g"] = {"S": f"g{number % 3}"}
    if number % 3 != 0:
        attributes["h"] = {"N": str(number % 5)} if number % 7 else {"S": "no number"}
    return attributes


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 9), st.integers(0, 40)),
        st.tuples(st.just("delete"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("crash"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("add"), st.just(0), st.just(0)),
        st.tuples(st.just("drop"), st.just(0), st.just(0)),
        st.tuples(st.just("pause"), st.integers(0, 800), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(steps, st.sampled_from([1, 3]))
def test_an_index_is_the_projection_of_its_table_whatever_happened(
    steps: list[tuple[str, int, int]], partitions: int
) -> None:
    async def play() -> None:
        async with running(partitions=partitions) as cluster:
            table = await born(cluster, BY_G)
            down: str | None = None
            written: dict[str, list[Item]] = {}
            for step, one, other in steps:
                match step:
                    case "put":
                        written.setdefault(f"k{one}", []).append(drawn(other))
                        await put(cluster, table, f"k{one}", **drawn(other))
                    case "delete":
                        await delete(cluster, table, f"k{one}")
                    case "crash":
                        if down is not None:
                            await cluster.faults.restart(down)
                        down = f"n{one}"
                        await cluster.faults.crash(down)
                    case "add" if (await record(cluster)).index("by-h-g") is None:
                        await add_index(cluster, BY_H_G)
                    case "drop" if (await record(cluster)).index("by-h-g") is not None:
                        await drop_index(cluster, "by-h-g")
                    case "pause":
                        await cluster.clock.sleep_until(cluster.clock.monotonic() + one / 1000)
                for _, seen in await rows(cluster, table, "by-g"):
                    attributes = {name: value for name, value in seen.items() if name != "pk"}
                    assert attributes in written[seen["pk"]["S"]], "what was never written"
            if down is not None:
                await cluster.faults.restart(down)
            table = await until_active(cluster)
            for index in table.spec.global_indexes:
                assert await rows(cluster, table, index.name) == await projected(cluster, table, index)
            await check_tallies(cluster, table)

    trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))


async def check_tallies(cluster: Cluster, table: Table) -> None:
    described = await insist(cluster, lambda database: database.describe_table(HERE))
    for index in table.spec.global_indexes:
        entries = [entry for _, entry in await projected(cluster, table, index)]
        size = sum(item_size(entry) for entry in entries)
        assert described.index_sizes[index.name] == (len(entries), size)


async def test_an_index_is_filled_while_items_are_written_and_removed() -> None:
    async with running() as cluster:
        table = await born(cluster)
        for number in range(250):
            await put(cluster, table, f"k{number}", **drawn(number))
        await add_index(cluster, BY_H_G)
        for number in range(0, 250, 3):
            await delete(cluster, table, f"k{number}")
            await put(cluster, table, f"k{number + 1}", **drawn(number + 7))
        table = await until_active(cluster)
        assert await rows(cluster, table, "by-h-g") == await projected(cluster, table, BY_H_G)


async def test_an_index_that_was_dropped_comes_back_as_a_new_one() -> None:
    async with running() as cluster:
        table = await born(cluster, BY_G)
        await put(cluster, table, "a", g={"S": "1"})
        former = await index_of(cluster, "by-g")
        await drop_index(cluster, "by-g")
        table = await until_active(cluster)
        assert ((await record(cluster)).indexes, table.spec.global_indexes) == ((), ())
        await delete(cluster, table, "a")  # nobody tells the index
        await put(cluster, table, "b", g={"S": "1"})
        await add_index(cluster, BY_G)
        table = await until_active(cluster)
        assert (await index_of(cluster, "by-g")).index_id != former.index_id
        assert [entry["pk"] for _, entry in await rows(cluster, table, "by-g")] == [{"S": "b"}]
        await until(
            cluster,
            lambda: not {p.partition for p in former.partitions} & set(cluster.nodes[0].host.replicas),
        )


async def index_of(cluster: Cluster, name: str) -> IndexRecord:
    found = (await record(cluster)).index(name)
    assert found is not None
    return found


async def test_the_feed_is_trimmed_as_far_as_all_indexes_have_come() -> None:
    async with running() as cluster:
        table = await born(cluster, BY_G, BY_H_G)
        for number in range(300):
            await put(cluster, table, f"k{number % 20}", **drawn(number))
        await rows(cluster, table, "by-g")
        await cluster.clock.sleep_until(cluster.clock.monotonic() + 4 * KEEP_S)
        found = await record(cluster)
        route = found.partitions[0]
        left = await cluster.nodes[0].router.call(route, ReadFeed(route.epoch, 0, 0, 1000, 1 << 20))
        assert left.rows == ()
        cursors = await cluster.nodes[0].router.call(route, ReadCursors(route.epoch))
        assert {cursors.positions[f"i/{index.index_id}"] for index in found.indexes} == {
            cursors.positions["trimmed"] - 1
        }


async def test_a_backlog_of_an_index_throttles_writes_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers, "BACKLOG_ENTRIES_MAX", 20)
    async with running() as cluster:
        table = await born(cluster, BY_G)
        fault = cluster.faults.index_lag(lag_ms=60_000)
        with pytest.raises(ApiError) as caught:
            await put_many(cluster, table, 100)
        assert caught.value.members is not None
        assert caught.value.code == "ThrottlingException"
        assert caught.value.members["throttlingReasons"] == [
            {"reason": "IndexWriteKeyRangeThroughputExceeded", "resource": f"{HERE.arn}/index/by-g"}
        ]
        item: Item = {"pk": {"S": "z"}, "g": {"S": "1"}}
        batch = [Put(put_key(KEYS, item), encode_item(item), item_size(item))]
        with pytest.raises(ApiError) as caught:
            await insist(cluster, lambda database: database.write_many(table, batch))
        assert len(await rows(cluster, table)) > 15
        cluster.faults.remove(fault.id)
        await rows(cluster, table, "by-g")
        await put(cluster, table, "z", g={"S": "1"})
        assert await rows(cluster, table, "by-g") == await projected(cluster, table, BY_G)


async def put_many(cluster: Cluster, table: Table, count: int) -> None:
    for number in range(count):
        await put(cluster, table, f"k{number}", g={"S": "1"})


async def test_a_settled_read_waits_for_the_index_and_no_longer_than_two_seconds() -> None:
    async with running(partitions=2) as cluster:
        table = await born(cluster, BY_G)
        database = cluster.nodes[0].database
        for number in range(20):
            await put(cluster, table, f"k{number}", g={"S": "1"})
            assert len(await rows(cluster, table, "by-g")) == number + 1
        assert database.index_reads.ahead == 0
        fault = cluster.faults.index_lag(lag_ms=60_000)
        await put(cluster, table, "late", g={"S": "1"})
        database.lags = lambda _table, _index: False  # so that the read waits all the same
        begin = cluster.clock.monotonic()
        assert len(await rows(cluster, table, "by-g")) == 20
        assert 1.9 < cluster.clock.monotonic() - begin < 2.2
        assert database.index_reads.ahead == 1
        cluster.faults.remove(fault.id)
        assert len(await rows(cluster, table, "by-g")) == 21


async def test_a_realistic_read_does_not_wait() -> None:
    async with running(mode="realistic") as cluster:
        await node(cluster, "n1").database.create_table(HERE, indexed(BY_G))
        await until(cluster, lambda: node(cluster, "n1").view.tables[HERE].status is TableStatus.ACTIVE)
        table = await until_active(cluster)
        behind = 0
        for number in range(50):
            await put(cluster, table, f"k{number}", g={"S": "1"})
            behind += len(await rows(cluster, table, "by-g")) < number + 1
        assert behind > 0
        await cluster.clock.sleep_until(cluster.clock.monotonic() + 1.0)
        assert len(await rows(cluster, table, "by-g")) == 50


async def test_an_index_that_is_being_filled_is_shown_as_such_and_cannot_be_read() -> None:
    async with running(mode="realistic") as cluster:
        database = node(cluster, "n1").database
        await database.create_table(HERE, indexed())
        await until(cluster, lambda: node(cluster, "n1").view.tables[HERE].status is TableStatus.ACTIVE)
        await add_index(cluster, BY_G)
        assert (await state(cluster), await status(cluster)) == (IndexState(TableStatus.CREATING), "UPDATING")
        await until(cluster, lambda: node(cluster, "n1").view.tables[HERE].status is TableStatus.ACTIVE)
        assert await state(cluster) == IndexState(TableStatus.CREATING, backfilling=True)
        request = {"TableName": HERE.name, "IndexName": "by-g"}
        with pytest.raises(
            ApiError, match=r"^Valid.*: Cannot read from backfilling global secondary index: by-g$"
        ):
            await perform(database, "Scan", HERE.account, HERE.region, request)
        for change in (database.delete_table(HERE), drop_index(cluster, "by-g")):
            with pytest.raises(ApiError, match=r"Index is being updated\.  Table: tab Index: by-g"):
                await change
        await until_active(cluster)
        assert await state(cluster) == IndexState(TableStatus.ACTIVE)
        await perform(database, "Scan", HERE.account, HERE.region, request)


async def state(cluster: Cluster) -> IndexState:
    return (await node(cluster, "n1").database.describe_table(HERE)).index_states["by-g"]


async def status(cluster: Cluster) -> str:
    return (await node(cluster, "n1").database.describe_table(HERE)).status.value


async def test_tables_that_are_put_back_have_their_indexes_filled() -> None:
    async with running() as cluster:
        table = await born(cluster, BY_G, BY_H_G)
        for number in range(120):
            await put(cluster, table, f"k{number}", **drawn(number))
        copied = await cluster.snapshot()
        for number in range(60):
            await delete(cluster, table, f"k{number}")
        await cluster.restore(copied)
        table = await insist(cluster, lambda database: database.table(HERE))
        assert all(index.status is TableStatus.ACTIVE for index in (await record(cluster)).indexes)
        for index in (BY_G, BY_H_G):
            found = await rows(cluster, table, index.name)
            assert found == await projected(cluster, table, index)
            assert len(found) > 40
        await put(cluster, table, "new", g={"S": "1"})
        assert "new" in {entry["pk"]["S"] for _, entry in await rows(cluster, table, "by-g")}
