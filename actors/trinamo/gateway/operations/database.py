"""What operations ask of the database: tables by address, items by key, ranges of keys in slices.

Operations know the API; whoever implements this knows the cluster. Between them pass keys (`trinamo.model.keys`), item
bytes (`trinamo.model.values.encode_item`), sizes, and expressions that are already checked, as text, names and values.

Errors. An implementation raises `ApiError` where the service would answer one (no such table, throttled, internal error)
and leaves everything it does not know the outcome of as an internal error. A condition that is false is an
answer, not an exception.

Consistency. `consistent` asks for a strong read: one that sees every write acknowledged before it began.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import attrs

from trinamo.gateway.operations.paging import KeyRange
from trinamo.model.tables import TableAddress, TableSpec, TableStatus
from trinamo.model.values import Item


@attrs.frozen
class Table:
    """A table of the catalog. `table_id` is the UUID that users see; `created_at` is in seconds since 1970."""

    address: TableAddress
    spec: TableSpec
    table_id: str
    status: TableStatus
    created_at: float
    item_count: int = 0
    size_bytes: int = 0


@attrs.frozen
class Expression:
    """A checked expression on its way to the leader that evaluates it."""

    text: str
    names: Mapping[str, str] | None
    values: Item | None


class Stored(NamedTuple):
    """An item as it is stored."""

    item: bytes
    size: int


class Row(NamedTuple):
    """An item of a range, with its key."""

    key: bytes
    size: int
    item: bytes


class Slice(NamedTuple):
    """Some rows of a range, in the order of reading, and what is left of the range; None if nothing is."""

    rows: Sequence[Row]
    rest: KeyRange | None


@attrs.frozen
class Put:
    """Write this item under this key."""

    key: bytes
    item: bytes
    size: int
    condition: Expression | None = None
    return_old: bool = False


@attrs.frozen
class Delete:
    """Remove what is under this key, if anything."""

    key: bytes
    condition: Expression | None = None
    return_old: bool = False


@attrs.frozen
class Update:
    """Change what is under this key; no expression is the update without any action.

    `attributes` are the key's, for an item that the update creates. The leader applies the limit of item size, which
    charges UpdateItem for its text as well; with `flat_limit` it does not.
    """

    key: bytes
    attributes: Item
    update: Expression | None
    condition: Expression | None = None
    return_old: bool = False
    flat_limit: bool = False


@attrs.frozen
class Written:
    """What a write did. Sizes are 0 where there is no item; `old` only if it was asked for and existed.

    With `condition_met` false nothing was written: `new_size` is that of the item that the write brought.
    """

    condition_met: bool
    old_size: int
    new_size: int
    old: bytes | None = None


class Database(Protocol):
    """The cluster, as operations see it."""

    async def create_table(self, address: TableAddress, spec: TableSpec) -> Table:
        """Declare a table, and return it as CREATING. Raises `table_exists`."""
        ...

    async def delete_table(self, address: TableAddress) -> Table:
        """Begin to drop a table, and return it as DELETING. Raises `table_not_found`, `table_in_use`, …"""
        ...

    async def describe_table(self, address: TableAddress) -> Table:
        """Return a table in any status. Raises `table_not_found`."""
        ...

    async def list_tables(
        self, account: str, region: str, after: str | None, count_max: int
    ) -> Sequence[str]:
        """Return up to `count_max` names in ascending order of bytes, those above `after`."""
        ...

    async def table(self, address: TableAddress) -> Table:
        """Return a table that takes reads and writes. Raises `resource_not_found`.

        Called by every operation on items, so it should not wait when the table is known.
        """
        ...

    async def get(self, table: Table, key: bytes, *, consistent: bool) -> Stored | None:
        """Read one item."""
        ...

    async def get_many(
        self, table: Table, keys: Sequence[bytes], *, consistent: bool
    ) -> Sequence[Stored | None]:
        """Read several items, each by itself; an answer for each key, in their order. None: there is no such item."""
        ...

    async def write(self, table: Table, write: Put | Delete | Update) -> Written:
        """Write one item atomically. Raises the `ApiError` of an update that cannot be applied."""
        ...

    async def write_many(self, table: Table, writes: Sequence[Put | Delete]) -> Sequence[Written | None]:
        """Write several items, each atomically by itself; None for one that was certainly not done."""
        ...

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
        """Read on from the first (`forward`) or last key of a range.

        A slice ends after `count_max` items, after the item that brings the sum of sizes above `size_max`, or earlier, at
        the convenience of the database; then `rest` says where to go on. A slice may be empty and yet have a rest.
        """
        ...
