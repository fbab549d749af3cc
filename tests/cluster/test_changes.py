"""Claims about changes of tables: they build on one another, survive failover and copies, and have limits."""

import attrs
import pytest
import trio

from cluster.clusters import HERE, crash, leads, node, running, spec, until
from trinamo.cluster import TableRecord
from trinamo.cluster.catalog import Change
from trinamo.gateway.operations.database import ChangeSettings
from trinamo.model.alteration import Alteration
from trinamo.model.errors import ApiError
from trinamo.model.tables import TableAddress, TableSpec, TableStatus, Tag
from trinamo.node.cluster import Cluster

pytestmark = pytest.mark.usefixtures("autojump_clock")

ELSEWHERE = (HERE._replace(region="eu-west-1"), HERE._replace(account="1" * 12))
OLD = "2020-01-01T00:00:00.000"  # a label of a stream


async def make_active(cluster: Cluster, address: TableAddress) -> None:
    """Make a table, however long that takes."""
    await cluster.nodes[0].database.create_table(address, spec(address.name))
    view = cluster.nodes[0].view
    await until(cluster, lambda: view.tables[address].status is TableStatus.ACTIVE)


def protect(spec: TableSpec, _: float) -> Alteration:
    """An update that is over only when the supervisor says so."""
    return Alteration(spec, attrs.evolve(spec, deletion_protection=True))


async def test_an_update_goes_on_though_the_supervisor_died() -> None:
    async with running(mode="realistic") as cluster:
        await make_active(cluster, HERE)
        assert leads(cluster, "n1")
        assert (await node(cluster, "n2").database.update_table(HERE, protect)).status is TableStatus.UPDATING
        await crash(cluster, "n1")
        view = node(cluster, "n2").view
        assert view.tables[HERE].status is TableStatus.UPDATING
        await until(cluster, lambda: view.tables[HERE].status is TableStatus.ACTIVE)
        record = view.tables[HERE]
        assert (record.spec.deletion_protection, record.next_spec) == (True, None)


async def test_settings_changed_during_an_update_survive_it() -> None:
    async with running(mode="realistic") as cluster:
        await make_active(cluster, HERE)
        database, view = node(cluster, "n1").database, node(cluster, "n1").view
        await database.update_table(HERE, protect)
        await database.change_settings(HERE, lambda spec, _: attrs.evolve(spec, time_to_live="at"))
        assert view.tables[HERE].spec.time_to_live == "at"
        await until(cluster, lambda: view.tables[HERE].status is TableStatus.ACTIVE)
        spec = view.tables[HERE].spec
        assert (spec.time_to_live, spec.deletion_protection) == ("at", True)


async def test_of_many_updates_at_once_each_builds_on_another() -> None:
    async with running() as cluster:
        await make_active(cluster, HERE)

        def tag(number: int) -> ChangeSettings:
            return lambda spec, _: attrs.evolve(spec, tags=(*spec.tags, Tag(str(number), "")))

        async with trio.open_nursery() as nursery:
            for number in range(9):
                database = cluster.nodes[number % 3].database
                nursery.start_soon(database.change_settings, HERE, tag(number))
        found = await node(cluster, "n1").database.describe_table(HERE)
        assert {tag.key for tag in found.spec.tags} == set("012345678")


async def test_a_table_that_is_copied_while_it_is_updated_is_put_back_at_rest_with_a_new_stream() -> None:
    async with running(mode="realistic") as cluster:
        await make_active(cluster, HERE)
        database, view = node(cluster, "n1").database, node(cluster, "n1").view

        def stream(spec: TableSpec, now: float) -> Alteration:
            return Alteration(spec, attrs.evolve(spec, stream_view="KEYS_ONLY", stream_label=OLD))

        await database.update_table(HERE, stream)
        copied = await cluster.snapshot()
        assert view.tables[HERE].status is TableStatus.UPDATING
        await cluster.restore(copied)
        record = view.tables[HERE]
        assert (record.status, record.next_spec) == (TableStatus.ACTIVE, None)
        assert record.spec.stream_view == "KEYS_ONLY"
        assert record.spec.stream_label is not None
        assert record.spec.stream_label > OLD


async def declare(cluster: Cluster, count: int, status: TableStatus) -> None:
    """Have so many tables without partitions beside `HERE`, by one entry."""
    records = [
        TableRecord(HERE.account, HERE.region, f"id-{number}", spec(f"t{number:04}"), status, 0.0, ())
        for number in range(count)
    ]
    await node(cluster, "n1").catalog.change(lambda _counters, _tables: Change(records, []))


async def test_an_account_has_2500_tables_in_a_region() -> None:
    async with running(nodes=1) as cluster:
        await declare(cluster, 2_499, TableStatus.ACTIVE)
        for address in (HERE, *ELSEWHERE):
            await make_active(cluster, address)
        for refused in (HERE._replace(name="more"), HERE._replace(name="still.more")):
            with pytest.raises(
                ApiError, match=r"LimitExceededException: Subscriber limit exceeded: .* 2500 "
            ):
                await node(cluster, "n1").database.create_table(refused, spec(refused.name))
        with pytest.raises(ApiError, match="Table already exists"):
            await node(cluster, "n1").database.create_table(HERE, spec())
        for address in ELSEWHERE:
            await make_active(cluster, address._replace(name="more"))


async def test_an_account_has_500_tables_on_their_way_where_things_are_realistic() -> None:
    async with running(nodes=1, mode="realistic") as cluster:
        await make_active(cluster, HERE)
        await declare(cluster, 500, TableStatus.DELETING)
        database = node(cluster, "n1").database
        new = HERE._replace(name="more")
        too_many = "LimitExceededException: Subscriber limit exceeded: Only 500 "
        with pytest.raises(ApiError, match=too_many):
            await database.create_table(new, spec(new.name))
        with pytest.raises(ApiError, match=too_many):
            await database.update_table(HERE, protect)
        with pytest.raises(ApiError, match=too_many):
            await database.delete_table(HERE)
        await database.change_settings(HERE, lambda found, _: attrs.evolve(found, time_to_live="at"))
        await database.create_table(ELSEWHERE[0], spec())
