"""Realistic: eventually consistent reads ask any replica, which knows what it has been told so far."""

import pytest
from trio.testing import MockClock

from cluster.clusters import HERE, node, running, spec, until
from trinamo.cluster.supervisor import PASSING_MAX_S, PASSING_MIN_S
from trinamo.gateway.operations.database import Put, Table
from trinamo.model.errors import ApiError
from trinamo.model.keys import put_key
from trinamo.model.measure import item_size
from trinamo.model.tables import TableStatus
from trinamo.model.values import decode_item, encode_item
from trinamo.node.cluster import Cluster


async def _table(cluster: Cluster) -> Table:
    database = node(cluster, "n1").database
    await database.create_table(HERE, spec())
    while (table := await database.describe_table(HERE)).status is not TableStatus.ACTIVE:
        await cluster.clock.sleep_until(cluster.clock.monotonic() + 0.05)
    return table


async def _put(cluster: Cluster, table: Table, number: int) -> bytes:
    item = {"pk": {"S": "a"}, "n": {"N": str(number)}}
    key = put_key(table.spec.keys, item)
    await node(cluster, "n1").database.write(table, Put(key, encode_item(item), item_size(item)))
    return key


async def _seen(cluster: Cluster, table: Table, key: bytes, *, consistent: bool) -> int:
    stored = await node(cluster, "n1").database.get(table, key, consistent=consistent)
    return -1 if stored is None else int(decode_item(stored.item)["n"]["N"])


@pytest.mark.parametrize("mode", ["realistic", "settled"])
async def test_only_a_realistic_read_that_may_be_stale_is(mode: str, autojump_clock: MockClock) -> None:
    stale = 0
    async with running(mode=mode) as cluster:  # type: ignore[arg-type]  # one of the two
        table = await _table(cluster)
        for number in range(50):
            key = await _put(cluster, table, number)
            assert await _seen(cluster, table, key, consistent=True) == number
            seen = [await _seen(cluster, table, key, consistent=False) for _ in range(3)]
            assert all(one <= number for one in seen)
            stale += min(seen) < number
        await cluster.clock.sleep_until(cluster.clock.monotonic() + 1.0)
        assert [await _seen(cluster, table, key, consistent=False) for _ in range(9)] == [49] * 9
    assert (stale > 0) == (mode == "realistic")


async def test_a_realistic_read_does_without_a_crashed_replica(autojump_clock: MockClock) -> None:
    async with running(mode="realistic") as cluster:
        table = await _table(cluster)
        key = await _put(cluster, table, 7)
        await cluster.clock.sleep_until(cluster.clock.monotonic() + 1.0)
        await cluster.faults.crash("n3")
        assert [await _seen(cluster, table, key, consistent=False) for _ in range(9)] == [7] * 9


async def test_a_realistic_table_takes_time_to_come_and_to_go(autojump_clock: MockClock) -> None:
    async with running(mode="realistic") as cluster:
        database, clock = node(cluster, "n1").database, cluster.clock
        begin = clock.monotonic()
        await _table(cluster)
        assert clock.monotonic() - begin >= PASSING_MIN_S
        begin = clock.monotonic()
        assert (await database.delete_table(HERE)).status is TableStatus.DELETING
        await until(cluster, lambda: HERE not in node(cluster, "n1").view.tables)
        with pytest.raises(ApiError, match="not found"):
            await database.describe_table(HERE)
        assert PASSING_MIN_S <= clock.monotonic() - begin < 2 * PASSING_MAX_S
