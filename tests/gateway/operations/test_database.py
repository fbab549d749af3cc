"""The contract of `Database`: what operations rely on, whoever implements it."""

from collections.abc import AsyncIterator

import attrs
import pytest

from cluster.clusters import running
from gateway.operations.memory import MemoryDatabase
from trinamo.gateway.operations.database import (
    Database,
    Delete,
    Expression,
    Put,
    Row,
    Stored,
    Table,
    Update,
    Written,
)
from trinamo.gateway.operations.paging import KeyRange
from trinamo.model.alteration import Alteration
from trinamo.model.errors import ApiError, table_exists
from trinamo.model.keys import KeyAttribute, KeySchema, put_key
from trinamo.model.measure import item_size
from trinamo.model.tables import (
    BillingMode,
    IndexSpec,
    Projection,
    TableAddress,
    TableSpec,
    TableStatus,
    at_creation,
)
from trinamo.model.values import Item, decode_item, encode_item

KEYS = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
ADDRESS = TableAddress("000000000000", "us-east-1", "tab")
SPEC = TableSpec("tab", KEYS.attributes, KEYS, BillingMode.PAY_PER_REQUEST)
ABSENT = Expression("attribute_not_exists(pk)", None, None)
EVERYTHING = KeyRange(b"", None)


@pytest.fixture(params=["memory", "1 node", "3 nodes"])
async def database(request: pytest.FixtureRequest, autojump_clock: object) -> AsyncIterator[Database]:
    if request.param == "memory":
        yield MemoryDatabase()
        return
    async with running(nodes=int(request.param[0]), partitions=1) as cluster:
        yield cluster.nodes[0].database


@pytest.fixture
async def table(database: Database) -> Table:
    await database.create_table(ADDRESS, SPEC)
    return await database.table(ADDRESS)


def _item(sk: int, **attributes: dict[str, object]) -> Item:
    return {"pk": {"S": "a"}, "sk": {"N": str(sk)}, **attributes}


def _put(item: Item, condition: Expression | None = None) -> Put:
    return Put(put_key(KEYS, item), encode_item(item), item_size(item), condition, return_old=True)


async def test_a_table_is_created_described_listed_and_deleted(database: Database) -> None:
    created = await database.create_table(ADDRESS, SPEC)
    assert created.status is TableStatus.CREATING
    assert (created.address, created.spec) == (ADDRESS, at_creation(SPEC, created.created_at))
    with pytest.raises(ApiError, match="Table already exists: tab"):
        await database.create_table(ADDRESS, SPEC)
    assert (await database.table(ADDRESS)).status is TableStatus.ACTIVE
    assert (await database.describe_table(ADDRESS)).table_id == created.table_id
    assert await database.list_tables(ADDRESS.account, ADDRESS.region, None, 10) == ["tab"]
    assert (await database.delete_table(ADDRESS)).status is TableStatus.DELETING
    with pytest.raises(ApiError, match=r"Requested resource not found$"):
        await database.table(ADDRESS)


async def test_an_update_is_shown_as_under_way_and_then_is_in_force(database: Database, table: Table) -> None:
    def alter(spec: TableSpec, now: float) -> Alteration:
        assert now >= table.created_at
        return Alteration(attrs.evolve(spec, deletion_protection=True), attrs.evolve(spec, stream_view="x"))

    updating = await database.update_table(ADDRESS, alter)
    assert updating.status is TableStatus.UPDATING
    assert updating.spec == attrs.evolve(table.spec, deletion_protection=True)
    again = await database.update_table(
        ADDRESS, lambda spec, _: Alteration(spec, None)
    )  # waits for the first
    assert again.status is TableStatus.ACTIVE
    assert again.spec == attrs.evolve(table.spec, stream_view="x")
    assert (await database.table(ADDRESS)).spec == again.spec


async def test_an_update_that_is_refused_changes_nothing(database: Database, table: Table) -> None:
    def refuse(spec: TableSpec, now: float) -> Alteration:
        raise table_exists(spec.name)

    with pytest.raises(ApiError, match="Table already exists"):
        await database.update_table(ADDRESS, refuse)
    assert (await database.describe_table(ADDRESS)).status is TableStatus.ACTIVE


async def test_settings_are_changed_at_once(database: Database, table: Table) -> None:
    changed = await database.change_settings(ADDRESS, lambda spec, _: attrs.evolve(spec, time_to_live="x"))
    assert (changed.status, changed.spec.time_to_live) == (TableStatus.ACTIVE, "x")
    assert (await database.describe_table(ADDRESS)).spec == changed.spec


async def test_a_missing_table_is_not_changed(database: Database) -> None:
    with pytest.raises(ApiError, match="Table: tab not found"):
        await database.update_table(ADDRESS, lambda spec, _: Alteration(spec, None))
    with pytest.raises(ApiError, match="Table: tab not found"):
        await database.change_settings(ADDRESS, lambda spec, _: spec)


async def test_tables_of_another_region_or_account_are_other_tables(database: Database, table: Table) -> None:
    for other in (ADDRESS._replace(region="eu-west-1"), ADDRESS._replace(account="1" * 12)):
        assert await database.list_tables(other.account, other.region, None, 10) == []
        with pytest.raises(ApiError, match="Table: tab not found"):
            await database.describe_table(other)


async def test_names_are_listed_in_order_after_a_name(database: Database) -> None:
    for name in ("bb", "a.", "B-"):
        await database.create_table(ADDRESS._replace(name=name), attrs.evolve(SPEC, name=name))
    assert await database.list_tables(ADDRESS.account, ADDRESS.region, None, 2) == ["B-", "a."]
    assert await database.list_tables(ADDRESS.account, ADDRESS.region, "a.", 2) == ["bb"]


async def test_what_is_written_is_read(database: Database, table: Table) -> None:
    put = _put(_item(1, x={"B": b"\0"}))
    assert await database.get(table, put.key, consistent=True) is None
    assert await database.write(table, put) == Written(True, 0, put.size)
    assert await database.get(table, put.key, consistent=True) == Stored(put.item, put.size)
    assert await database.write(table, put) == Written(True, put.size, put.size, put.item)
    assert await database.write(table, Delete(put.key, return_old=True)) == Written(
        True, put.size, 0, put.item
    )
    assert await database.write(table, Delete(put.key, return_old=True)) == Written(True, 0, 0)


async def test_a_condition_that_is_false_leaves_the_item_and_shows_it(
    database: Database, table: Table
) -> None:
    first, second = _put(_item(1)), _put(_item(1, x={"S": "x"}), ABSENT)
    await database.write(table, first)
    assert await database.write(table, second) == Written(False, first.size, second.size, first.item)
    assert await database.get(table, first.key, consistent=True) == Stored(first.item, first.size)


async def test_an_update_starts_from_the_key_and_then_from_the_item(database: Database, table: Table) -> None:
    key = put_key(KEYS, _item(1))
    add = Expression("ADD n :one", None, {":one": {"N": "1"}})
    for expected in ("1", "2"):
        await database.write(table, Update(key, _item(1), add))
        stored = await database.get(table, key, consistent=True)
        assert stored is not None
        assert decode_item(stored.item) == _item(1, n={"N": expected})


async def test_many_are_answered_in_the_order_asked(database: Database, table: Table) -> None:
    puts = [_put(_item(sk)) for sk in (3, 1)]
    assert await database.write_many(table, puts) == [Written(True, 0, put.size) for put in puts]
    keys = [puts[1].key, put_key(KEYS, _item(2)), puts[0].key]
    found = await database.get_many(table, keys, consistent=True)
    assert [getattr(stored, "item", None) for stored in found] == [puts[1].item, None, puts[0].item]


@pytest.mark.parametrize("forward", [True, False])
async def test_slices_follow_one_another_to_the_end_of_the_range(
    database: Database, table: Table, forward: bool
) -> None:
    puts = [_put(_item(sk)) for sk in range(10)]
    await database.write_many(table, puts)
    rest: KeyRange | None = KeyRange(puts[2].key, puts[9].key)
    read = []
    while rest is not None:
        piece = await database.read(
            table, rest, count_max=None, size_max=1 << 20, forward=forward, consistent=True
        )
        read += [row.item for row in piece.rows]
        rest = piece.rest
    expected = [put.item for put in puts[2:9]]
    assert read == (expected if forward else expected[::-1])


async def test_a_slice_ends_at_its_count_and_behind_the_item_that_fills_it(
    database: Database, table: Table
) -> None:
    puts = [_put(_item(sk)) for sk in range(1, 6)]
    await database.write_many(table, puts)
    one = await database.read(table, EVERYTHING, count_max=1, size_max=1 << 20, forward=True, consistent=True)
    assert [row.item for row in one.rows] == [puts[0].item]
    assert one.rest is not None
    two = await database.read(
        table, EVERYTHING, count_max=None, size_max=puts[0].size, forward=True, consistent=True
    )
    assert len(two.rows) == 2
    assert two.rest == EVERYTHING.after(two.rows[-1].key, forward=True)


SORT = KeyAttribute("n", "N")
LOCAL = attrs.evolve(
    SPEC,
    attributes=(*KEYS.attributes, SORT),
    local_indexes=(
        IndexSpec("other", (KEYS.partition,), (KeyAttribute("s", "S"),), Projection("ALL")),
        IndexSpec("by-n", (KEYS.partition,), (SORT,), Projection("KEYS_ONLY")),
    ),
)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("forward", [True, False])
async def test_an_index_is_read_in_its_order_entries_or_items(
    database: Database, whole: bool, forward: bool
) -> None:
    await database.create_table(ADDRESS, LOCAL)
    table = await database.table(ADDRESS)
    items = [_item(sk, n={"N": str(sk * 7 % 10)}, x={"S": "x" * sk}) for sk in range(10)]
    written = await database.write_many(table, [_put(item) for item in items])
    assert all(one is not None and one.collection_size for one in written)
    items.sort(key=lambda item: int(item["n"]["N"]), reverse=not forward)
    entries = [{name: item[name] for name in ("pk", "sk", "n")} for item in items]
    rest: KeyRange | None = EVERYTHING
    rows: list[Row] = []
    while rest is not None:
        piece = await database.read(
            table,
            rest,
            count_max=None,
            size_max=1 << 20,
            forward=forward,
            consistent=True,
            index="by-n",
            whole=whole,
        )
        rows += piece.rows
        rest = piece.rest
    assert [decode_item(row.item) for row in rows] == (items if whole else entries)
    assert [row.size for row in rows] == [item_size(entry) for entry in entries]
    assert [row.fetched for row in rows] == [item_size(item) if whole else 0 for item in items]
    size_max = rows[0].size + rows[0].fetched
    first = await database.read(
        table,
        EVERYTHING,
        count_max=None,
        size_max=size_max,
        forward=forward,
        consistent=True,
        index="by-n",
        whole=whole,
    )
    assert len(first.rows) == 2, "the row that brings the sum above the size is the last"


async def test_an_update_is_held_to_the_index_keys_it_carries(database: Database) -> None:
    await database.create_table(ADDRESS, LOCAL)
    table = await database.table(ADDRESS)
    assert table.indexes is not None
    wrong = Expression("SET n = :v", None, {":v": {"S": "x"}})
    key = put_key(KEYS, _item(1))
    with pytest.raises(ApiError, match="Index Key n Expected: N Actual: S IndexName: by-n"):
        await database.write(table, Update(key, _item(1), wrong, index_keys=table.indexes.keys))
    assert await database.get(table, key, consistent=True) is None
