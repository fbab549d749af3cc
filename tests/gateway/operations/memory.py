"""A database in a sorted list: the least that meets the contract (`test_database.py`), for tests of operations.

Its slices are short, so that whoever reads pages must put them together.
"""

from bisect import insort
from collections.abc import Sequence
from itertools import islice

import attrs

from gateway.operations.memory_streams import MemoryStreams
from trinamo.expressions import compile_condition, compile_update
from trinamo.gateway.operations.database import (
    ChangeSettings,
    Delete,
    Expression,
    Put,
    Row,
    Slice,
    Stored,
    Table,
    Update,
    Written,
)
from trinamo.gateway.operations.paging import KeyRange
from trinamo.model.alteration import Alter
from trinamo.model.errors import (
    deletion_protected,
    resource_not_found,
    table_exists,
    table_not_found,
    updated_item_too_large,
)
from trinamo.model.globalkeys import GlobalKeys
from trinamo.model.indexes import check_updated_keys, size_with_entries
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.localkeys import LocalKeys, prefix_end_of
from trinamo.model.measure import item_size
from trinamo.model.tables import TableAddress, TableSpec, TableStatus, at_creation
from trinamo.model.values import Item, decode_item, encode_item

SLICE_COUNT_MAX = 3
NOW = 1.5


@attrs.define
class _Rows:
    table: Table
    keys: list[bytes] = attrs.field(factory=list)
    items: dict[bytes, Stored] = attrs.field(factory=dict)


class MemoryDatabase:
    """Tables are ACTIVE at once."""

    settled = True

    def __init__(self) -> None:
        self._tables: dict[TableAddress, _Rows] = {}
        self.streams = MemoryStreams()

    async def create_table(self, address: TableAddress, spec: TableSpec) -> Table:
        if address in self._tables:
            raise table_exists(address.name)
        table = Table(
            address,
            at_creation(spec, NOW),
            "6b7bd5a5-6a4b-4f0b-8b0f-3c5a3f1c2d3e",
            TableStatus.CREATING,
            NOW,
            as_of=NOW,
        )
        self._tables[address] = _Rows(attrs.evolve(table, status=TableStatus.ACTIVE))
        self.streams.follow(table)
        return table

    async def update_table(self, address: TableAddress, alter: Alter) -> Table:
        table = await self.describe_table(address)
        spec, next_spec = alter(table.spec, NOW)
        self._tables[address].table = attrs.evolve(table, spec=next_spec or spec)
        self.streams.follow(self._tables[address].table)
        status = TableStatus.ACTIVE if next_spec is None else TableStatus.UPDATING
        return attrs.evolve(table, spec=spec, status=status)

    async def change_settings(self, address: TableAddress, change: ChangeSettings) -> Table:
        table = await self.describe_table(address)
        spec = change(table.spec, NOW)
        self._tables[address].table = attrs.evolve(table, spec=spec, expiry=spec.time_to_live)
        return self._tables[address].table

    async def delete_table(self, address: TableAddress) -> Table:
        table = await self.describe_table(address)
        if table.spec.deletion_protection:
            raise deletion_protected()
        del self._tables[address]
        self.streams.follow(attrs.evolve(table, spec=attrs.evolve(table.spec, stream_view=None)))
        return attrs.evolve(table, status=TableStatus.DELETING)

    async def describe_table(self, address: TableAddress) -> Table:
        table = await self.find_table(address)
        if table is None:
            raise table_not_found(address.name)
        return table

    async def find_table(self, address: TableAddress) -> Table | None:
        rows = self._tables.get(address)
        return None if rows is None else rows.table

    async def list_tables(
        self, account: str, region: str, after: str | None, count_max: int
    ) -> Sequence[str]:
        names = sorted(name for *where, name in self._tables if where == [account, region])
        return list(islice((name for name in names if after is None or name > after), count_max))

    async def table(self, address: TableAddress) -> Table:
        rows = self._tables.get(address)
        if rows is None:
            raise resource_not_found()
        return rows.table

    async def wait_for_index(self, table: Table, index: str) -> Table:
        return table

    async def catch_up(self, table: Table, index: str) -> None:
        pass

    async def get(self, table: Table, key: bytes, *, consistent: bool) -> Stored | None:
        return self._tables[table.address].items.get(key)

    async def get_many(
        self, table: Table, keys: Sequence[bytes], *, consistent: bool
    ) -> Sequence[Stored | None]:
        return [await self.get(table, key, consistent=consistent) for key in keys]

    async def write(self, table: Table, write: Put | Delete | Update) -> Written:
        rows = self._tables[table.address]
        old = rows.items.get(write.key)
        old_size = 0 if old is None else old.size
        returned = old.item if old is not None and write.return_old else None
        old_item = None if old is None else decode_item(old.item)
        if not _holds(write.condition, old_item):
            brought = write.size if isinstance(write, Put) else 0
            return Written(False, old_size, brought, returned)
        new = _new(write, old_item, rows.table)
        self.streams.note(rows.table, old, new)
        if new is None:
            if old is not None:
                rows.keys.remove(write.key)
                del rows.items[write.key]
            return Written(True, old_size, 0, returned, _collection_size(rows, write.key))
        if old is None:
            insort(rows.keys, write.key)
        rows.items[write.key] = new
        return Written(True, old_size, new.size, returned, _collection_size(rows, write.key))

    async def write_many(self, table: Table, writes: Sequence[Put | Delete]) -> Sequence[Written | None]:
        return [await self.write(table, write) for write in writes]

    async def read(
        self,
        table: Table,
        keys: KeyRange,
        *,
        count_max: int | None,
        size_max: int,
        forward: bool,
        consistent: bool,
        index: str | None = None,
        whole: bool = False,
    ) -> Slice:
        every = _rows(self._tables[table.address], index, whole=whole)
        found = [row for row in every if keys.holds(row.key)]
        if not forward:
            found.reverse()
        read: list[Row] = []
        for row in found[: min(SLICE_COUNT_MAX, count_max or SLICE_COUNT_MAX)]:
            read.append(row)
            if sum(row.size + row.fetched for row in read) > size_max:
                break
        if len(read) == len(found):
            return Slice(read, None)
        return Slice(read, keys.after(read[-1].key, forward=forward))


def _rows(rows: _Rows, name: str | None, *, whole: bool) -> list[Row]:
    """Return all rows of the table, or of an index, in the order of their keys."""
    if name is None:
        return [Row(key, rows.items[key].size, rows.items[key].item) for key in rows.keys]
    assert rows.table.indexes is not None
    index = rows.table.indexes.named(name)
    assert index is not None
    table = rows.table.spec.keys
    found = []
    for key, stored in rows.items.items():
        entry = index.entry(decode_item(stored.item))
        if entry is not None:
            shown = (stored.item, stored.size) if whole else (encode_item(entry), 0)
            if index.is_local:
                entry_key = LocalKeys(table, index.key.sort[0]).of_item(key, entry)
            else:
                entry_key = GlobalKeys(table, index.key.partition, index.key.sort).of_item(entry)
            found.append(Row(entry_key, item_size(entry), *shown))
    return sorted(found)


def _collection_size(rows: _Rows, key: bytes) -> int | None:
    indexes, keys = rows.table.indexes, rows.table.spec.keys
    if indexes is None or not indexes.local:
        return None
    prefix = key[: prefix_end_of(keys, key)]
    return sum(
        size_with_entries(indexes.local, decode_item(stored.item), stored.size)
        for other, stored in rows.items.items()
        if other.startswith(prefix)
    )


def _holds(condition: Expression | None, old: Item | None) -> bool:
    if condition is None:
        return True
    return compile_condition(condition.text, condition.names, condition.values)(old)


def _new(write: Put | Delete | Update, old: Item | None, table: Table) -> Stored | None:
    if isinstance(write, Delete):
        return None
    if isinstance(write, Put):
        return Stored(write.item, write.size)
    given = write.update or Expression("", None, None)
    new = compile_update(given.text, given.names, given.values).apply(old, write.attributes).item
    if new is None:
        return None
    local = () if table.indexes is None else table.indexes.local
    if size_with_entries(local, new, item_size(new)) > ITEM_SIZE_MAX:
        raise updated_item_too_large()
    check_updated_keys(write.index_keys, old, new)
    return Stored(encode_item(new), item_size(new))
