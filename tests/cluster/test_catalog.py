"""Claims about the catalog: its changes are serial, every node hears of them, and a reset is one of them."""

import attrs
import pytest
import trio

from cluster.clusters import HERE, crash, leads, node, restart, running, spec, until
from trinamo.cluster import SYSTEM_PARTITION
from trinamo.gateway.operations.database import Table
from trinamo.model.errors import ApiError
from trinamo.model.tables import TableAddress, TableStatus
from trinamo.node.cluster import Cluster

pytestmark = pytest.mark.usefixtures("autojump_clock")

ELSEWHERE = (HERE, HERE._replace(region="eu-west-1"), HERE._replace(account="1" * 12))


async def make(cluster: Cluster, *addresses: TableAddress) -> None:
    database = cluster.nodes[0].database
    for address in addresses:
        await database.create_table(address, spec(address.name))
        await database.table(address)


def names(cluster: Cluster, where: str) -> set[TableAddress]:
    return set(node(cluster, where).view.tables)


async def test_of_two_who_create_one_name_at_once_exactly_one_wins() -> None:
    made: list[Table] = []
    refused: list[str] = []

    async with running() as cluster:

        async def create(where: str) -> None:
            try:
                made.append(await node(cluster, where).database.create_table(HERE, spec()))
            except ApiError as error:
                refused.append(str(error))

        async with trio.open_nursery() as nursery:
            for where in ("n1", "n2", "n3"):
                nursery.start_soon(create, where)
        assert len(made) == 1
        assert len(refused) == 2
        assert all("Table already exists: tab" in text for text in refused)
        found = await node(cluster, "n3").database.table(HERE)
        assert found.table_id == made[0].table_id


async def test_tables_created_at_once_share_no_partition() -> None:
    async with running(partitions=3) as cluster:
        async with trio.open_nursery() as nursery:
            for number in range(6):
                address = HERE._replace(name=f"tab{number}")
                database = cluster.nodes[number % 3].database
                nursery.start_soon(database.create_table, address, spec(address.name))
        await node(cluster, "n1").catalog.refresh()
        tables = node(cluster, "n1").view.tables.values()
        partitions = [route.partition for record in tables for route in record.partitions]
        assert len(partitions) == len(set(partitions)) == 18
        assert SYSTEM_PARTITION not in partitions


async def test_a_change_is_told_to_every_node() -> None:
    async with running() as cluster:
        await make(cluster, HERE)
        version = node(cluster, "n1").view.version
        await until(cluster, lambda: all(one.view.version == version for one in cluster.nodes))
        assert all(one.view.tables[HERE].status is TableStatus.ACTIVE for one in cluster.nodes)


async def test_a_node_that_was_away_learns_what_it_missed() -> None:
    async with running() as cluster:
        await crash(cluster, "n3")
        await make(cluster, HERE)
        await restart(cluster, "n3")
        await until(cluster, lambda: names(cluster, "n3") == {HERE})
        partition = node(cluster, "n3").view.tables[HERE].partitions[0].partition
        await until(cluster, lambda: partition in node(cluster, "n3").host.replicas)


async def test_a_table_is_found_from_every_node_before_its_view_has_heard_of_it() -> None:
    async with running() as cluster:
        created = await node(cluster, "n1").database.create_table(HERE, spec())
        assert created.status is TableStatus.CREATING
        for where in ("n2", "n3", "n1"):
            assert (await node(cluster, where).database.table(HERE)).table_id == created.table_id


async def test_a_table_in_creating_is_waited_for_where_things_are_settled() -> None:
    async with running() as cluster:
        await node(cluster, "n1").database.create_table(HERE, spec())
        assert (await node(cluster, "n1").database.table(HERE)).status is TableStatus.ACTIVE


async def test_a_table_in_creating_is_not_found_where_things_are_realistic() -> None:
    async with running(mode="realistic") as cluster:
        database = node(cluster, "n1").database
        await database.create_table(HERE, spec())
        with pytest.raises(ApiError, match="Requested resource not found"):
            await database.table(HERE)
        with pytest.raises(ApiError, match="being created"):
            await database.delete_table(HERE)
        view = node(cluster, "n1").view
        await until(cluster, lambda: view.tables[HERE].status is TableStatus.ACTIVE)
        assert (await database.table(HERE)).status is TableStatus.ACTIVE


async def test_a_name_is_free_when_its_table_is_gone_and_so_are_its_replicas() -> None:
    async with running() as cluster:
        await make(cluster, HERE)
        first = node(cluster, "n1").view.tables[HERE]
        await node(cluster, "n1").database.delete_table(HERE)
        await make(cluster, HERE)
        second = node(cluster, "n1").view.tables[HERE]
        assert second.table_id != first.table_id
        gone, here = first.partitions[0].partition, second.partitions[0].partition
        assert gone != here
        await until(cluster, lambda: all(gone not in one.host.replicas for one in cluster.nodes))
        assert all(one.store.find_record(gone) is None for one in cluster.nodes)


async def test_a_reset_removes_every_table_and_its_replicas() -> None:
    async with running() as cluster:
        await make(cluster, *ELSEWHERE)
        await cluster.reset({})
        assert names(cluster, "n1") == set()
        await until(
            cluster, lambda: all(list(one.host.replicas) == [SYSTEM_PARTITION] for one in cluster.nodes)
        )
        await make(cluster, HERE)


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ({"account": HERE.account}, {ELSEWHERE[2]}),
        ({"region": "us-east-1"}, {ELSEWHERE[1]}),
        ({"account": HERE.account, "region": "us-east-1"}, set(ELSEWHERE[1:])),
        ({"account": "2" * 12}, set(ELSEWHERE)),
    ],
)
async def test_a_reset_of_an_account_or_region_leaves_the_others(
    chosen: dict[str, str], left: set[TableAddress]
) -> None:
    async with running() as cluster:
        await make(cluster, *ELSEWHERE)
        await cluster.reset(chosen)
        assert names(cluster, "n1") == left


async def test_a_table_is_created_though_the_leader_of_the_catalog_died() -> None:
    async with running() as cluster:
        assert leads(cluster, "n1")
        database = node(cluster, "n2").database
        await crash(cluster, "n1")
        await until(cluster, lambda: leads(cluster, "n2") or leads(cluster, "n3"))
        await database.create_table(HERE, spec())
        assert (await database.table(HERE)).status is TableStatus.ACTIVE


async def test_the_catalog_counts_its_changes_one_by_one() -> None:
    async with running(nodes=1) as cluster:
        one = cluster.nodes[0]
        versions = [one.view.version]
        record = await one.catalog.create_table(HERE, spec(), 0.0, lambda _: None)
        for _ in range(2):  # the second finds nothing to do
            await one.catalog.activate(record)
        await one.catalog.remove(lambda found: attrs.evolve(found) == found)
        versions.append(one.view.version)
        assert versions == [0, 3]


async def test_a_table_without_a_leader_keeps_no_other_table_from_becoming_active() -> None:
    dead = {"n4", "n5"}
    async with running(nodes=5) as cluster:
        for name in dead:
            await crash(cluster, name)
        database, view = node(cluster, "n1").database, node(cluster, "n1").view
        stuck: list[TableAddress] = []
        sound: list[TableAddress] = []
        for number in range(
            40
        ):  # three of five nodes are drawn for each: most draws have one dead node or two
            address = HERE._replace(name=f"tab{number:02}")
            await database.create_table(address, spec(address.name))
            replicas = view.tables[address].partitions[0].replicas
            (stuck if len(dead.intersection(replicas)) == 2 else sound).append(address)
        assert stuck
        assert sound
        await until(cluster, lambda: all(view.tables[a].status is TableStatus.ACTIVE for a in sound))
        assert all(view.tables[a].status is TableStatus.CREATING for a in stuck)
        for name in dead:
            await restart(cluster, name)
        await until(cluster, lambda: all(view.tables[a].status is TableStatus.ACTIVE for a in stuck))
