"""A database in a sorted list: the least that meets the contract (`test_database.py`), for tests of operations.

Its slices are short, so that whoever reads pages must put them together.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import islice

import attrs

from trinamo.expressions import compile_condition, compile_update
from trinamo.gateway.operations.database import (
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
from trinamo.model.errors import (
    deletion_protected,
    resource_not_found,
    table_exists,
    table_not_found,
    updated_item_too_large,
)
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.measure import item_size
from trinamo.model.tables import TableAddress, TableSpec, TableStatus
from trinamo.model.values import Item, decode_item, encode_item

SLICE_COUNT_MAX = 3


@attrs.define
class _Rows:
    table: Table
    keys: list[bytes] = attrs.field(factory=list)
    items: dict[bytes, Stored] = attrs.field(factory=dict)


class MemoryDatabase:
    """Tables are ACTIVE at once."""

    def __init__(self) -> None:
        self._tables: dict[TableAddress, _Rows] = {}

    async def create_table(self, address: TableAddress, spec: TableSpec) -> Table:
        if address in self._tables:
            raise table_exists(address.name)
        table = Table(address, spec, "6b7bd5a5-6a4b-4f0b-8b0f-3c5a3f1c2d3e", TableStatus.CREATING, 1.5)
        self._tables[address] = _Rows(attrs.evolve(table, status=TableStatus.ACTIVE))
        return table

    async def delete_table(self, address: TableAddress) -> Table:
        table = await self.describe_table(address)
        if table.spec.deletion_protection:
            raise deletion_protected()
        del self._tables[address]
        return attrs.evolve(table, status=TableStatus.DELETING)

    async def describe_table(self, address: TableAddress) -> Table:
        rows = self._tables.get(address)
        if rows is None:
            raise table_not_found(address.name)
        return rows.table

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
        new = _new(write, old_item)
        if new is None:
            if old is not None:
                rows.keys.remove(write.key)
                del rows.items[write.key]
            return Written(True, old_size, 0, returned)
        if old is None:
            insort(rows.keys, write.key)
        rows.items[write.key] = new
        return Written(True, old_size, new.size, returned)

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
    ) -> Slice:
        rows = self._tables[table.address]
        start = bisect_left(rows.keys, keys.start)
        end = len(rows.keys) if keys.end is None else bisect_left(rows.keys, keys.end)
        found = rows.keys[start:end] if forward else rows.keys[start:end][::-1]
        read: list[Row] = []
        for key in found[: min(SLICE_COUNT_MAX, count_max or SLICE_COUNT_MAX)]:
            read.append(Row(key, rows.items[key].size, rows.items[key].item))
            if sum(row.size for row in read) > size_max:
                break
        if len(read) == len(found):
            return Slice(read, None)
        return Slice(read, keys.after(read[-1].key, forward=forward))


def _holds(condition: Expression | None, old: Item | None) -> bool:
    if condition is None:
        return True
    return compile_condition(condition.text, condition.names, condition.values)(old)


def _new(write: Put | Delete | Update, old: Item | None) -> Stored | None:
    if isinstance(write, Delete):
        return None
    if isinstance(write, Put):
        return Stored(write.item, write.size)
    given = write.update or Expression("", None, None)
    new = compile_update(given.text, given.names, given.values).apply(old, write.attributes).item
    if new is None:
        return None
    if item_size(new) > ITEM_SIZE_MAX:
        raise updated_item_too_large()
    return Stored(encode_item(new), item_size(new))
