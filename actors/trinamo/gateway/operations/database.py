"""What operations ask of the database: tables by address, items by key, ranges of keys in slices.

Operations know the API; whoever implements this knows the cluster. Between them pass keys (`trinamo.model.keys`), item
bytes (`trinamo.model.values.encode_item`), sizes, and expressions that are already checked, as text, names and values.

Errors. An implementation raises `ApiError` where the service would answer one (no such table, throttled, internal error)
and leaves everything it does not know the outcome of as an internal error. A condition that is false is an
answer, not an exception.

Consistency. `consistent` asks for a strong read: one that sees every write acknowledged before it began.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import attrs

from trinamo.gateway.operations.paging import KeyRange
from trinamo.model.alteration import Alter
from trinamo.model.indexes import Indexes, IndexKey, indexes_of
from trinamo.model.streamrecords import StreamChange
from trinamo.model.streams import Position, Shard, ShardId, Stream, StreamName
from trinamo.model.tables import TableAddress, TableSpec, TableStatus
from trinamo.model.values import Item

ChangeSettings = Callable[[TableSpec, float], TableSpec]
"""Takes a table and the present moment; may raise `ApiError`."""


class Counted(NamedTuple):
    """How many entries an index has, and how large they are together."""

    entries: int
    bytes: int


class IndexState(NamedTuple):
    """Where a global index is in its life; `backfilling` while it learns what the table holds."""

    status: TableStatus
    backfilling: bool = False


@attrs.frozen
class Table:
    """A table of the catalog. `table_id` is the UUID that users see; moments are in seconds since 1970.

    `as_of` is when it was looked at; only operations on tables know it. `index_states` are of global indexes, by name;
    those of which nothing is said are as the table is. By `expiry` items expire for sure.
    """

    address: TableAddress
    spec: TableSpec
    table_id: str
    status: TableStatus
    created_at: float
    item_count: int = 0
    size_bytes: int = 0
    index_sizes: Mapping[str, Counted] = attrs.field(factory=dict)
    as_of: float = 0.0
    index_states: Mapping[str, IndexState] = attrs.field(factory=dict)
    expiry: str | None = None
    indexes: Indexes | None = attrs.field(init=False, repr=False, eq=False)
    """Those of `spec`, ready to use."""

    @indexes.default
    def _make_indexes(self) -> Indexes | None:
        return indexes_of(self.spec)


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


class Unread(enum.Enum):
    """Says of a key in a batch that nothing was read for it."""

    UNREAD = enum.auto()


UNREAD: Final = Unread.UNREAD


class Row(NamedTuple):
    """An item of a range, with its key; or an index entry, with its key and size.

    Where whole items were asked for, `item` is the table's, and `fetched` its size.
    """

    key: bytes
    size: int
    item: bytes
    fetched: int = 0


class Slice(NamedTuple):
    """Some rows of a range, in the order of reading, and what is left of the range; None if nothing is.

    A page ends with a slice that is `full`, whatever else it could hold.
    """

    rows: Sequence[Row]
    rest: KeyRange | None
    full: bool = False


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
    charges UpdateItem for its text as well (with `flat_limit` it does not), and checks of `index_keys` what the update
    changed.
    """

    key: bytes
    attributes: Item
    update: Expression | None
    condition: Expression | None = None
    return_old: bool = False
    index_keys: tuple[IndexKey, ...] = ()
    flat_limit: bool = False


@attrs.frozen
class Written:
    """What a write did. Sizes are 0 where there is no item; `old` only if it was asked for and existed.

    With `condition_met` false nothing was written: `new_size` is that of the item that the write brought. Where the
    table has local indexes, `collection_size` is that of all items and entries with this partition key value, afterwards.
    """

    condition_met: bool
    old_size: int
    new_size: int
    old: bytes | None = None
    collection_size: int | None = None


class ShardSlice(NamedTuple):
    """Some changes of a shard, in order, and where to read on; None if no more will come.

    `caught_up` says that more have yet to happen.
    """

    changes: Sequence[StreamChange]
    rest: Position | None
    caught_up: bool


class Streams(Protocol):
    """The streams of tables, as operations see them. A stream is there while something of it is kept."""

    def now_ms(self) -> int:
        """The present moment, in milliseconds since 1970."""
        ...

    def admit(self, stream: Stream, id: ShardId) -> None:
        """Count a GetRecords of a shard. Raises `stream_limit_exceeded`, where there are limits."""
        ...

    async def every(self, account: str, region: str) -> Sequence[Stream]:
        """Return all streams of an account in a Region, in ascending order of their ARNs."""
        ...

    async def find(self, name: StreamName) -> Stream | None:
        """Return a stream, None if there is none."""
        ...

    async def shards(self, stream: Stream) -> Sequence[Shard]:
        """Return the shards of a stream as they are now, in ascending order of their ids."""
        ...

    async def shard(self, stream: Stream, id: ShardId) -> Shard | None:
        """Return one shard, None if there is none."""
        ...

    async def first_since(self, stream: Stream, id: ShardId, moment: float) -> Position:
        """Return the position of the first change since a moment in the partition of a shard, be it still to come."""
        ...

    async def read(
        self, stream: Stream, id: ShardId, start: Position, *, count_max: int, size_max: int
    ) -> ShardSlice:
        """Read changes of a shard on from a position: up to `count_max`, and until they are about `size_max` large.

        There may be fewer, at the convenience of the database. Raises `shard_not_found`, `trimmed_data_access`.
        """
        ...


class Database(Protocol):
    """The cluster, as operations see it."""

    @property
    def streams(self) -> Streams:
        """The streams of its tables."""
        ...

    @property
    def settled(self) -> bool:
        """Whether what takes time in the service takes none here."""
        ...

    async def create_table(self, address: TableAddress, spec: TableSpec) -> Table:
        """Declare a table, and return it as CREATING. Raises `table_exists`, `limit_exceeded`."""
        ...

    async def update_table(self, address: TableAddress, alter: Alter) -> Table:
        """Begin to make of a table what `alter` makes of it, and return it as UPDATING; or ACTIVE, if all is done.

        `alter` sees the table as it is when the update begins, and may be asked again. Raises what it raises,
        `table_not_found`, `table_in_use`.
        """
        ...

    async def change_settings(self, address: TableAddress, change: ChangeSettings) -> Table:
        """Change settings of a table that are in force at once, be it UPDATING or not.

        Raises what `change` raises, `table_not_found`, `table_in_use`.
        """
        ...

    async def delete_table(self, address: TableAddress) -> Table:
        """Begin to drop a table, and return it as DELETING. Raises `table_not_found`, `table_in_use`, …"""
        ...

    async def describe_table(self, address: TableAddress) -> Table:
        """Return a table in any status, with counts if it takes reads and writes. Raises `table_not_found`."""
        ...

    async def find_table(self, address: TableAddress) -> Table | None:
        """Return a table in any status as it is now, without its counts; None if there is none."""
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

    async def wait_for_index(self, table: Table, index: str) -> Table:
        """Return the table when a global index of it can be read; where things take time, at once, as it is."""
        ...

    async def catch_up(self, table: Table, index: str) -> None:
        """Return when a global index holds what was written before; where things are eventual, at once."""
        ...

    async def get(self, table: Table, key: bytes, *, consistent: bool) -> Stored | None:
        """Read one item."""
        ...

    async def get_many(
        self, table: Table, keys: Sequence[bytes], *, consistent: bool
    ) -> Sequence[Stored | Unread | None]:
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
        index: str | None = None,
        whole: bool = False,
    ) -> Slice:
        """Read on from the first (`forward`) or last key of a range of the table, or of the index of a name.

        Of an index, entries are read, or with `whole` the items of a local one, both as they are at one moment; the keys
        are the entries' (`trinamo.model.localkeys`, `trinamo.model.globalkeys`). What is fetched so counts towards
        `size_max`.

        A slice ends after `count_max` items, after the item that brings the sum of sizes above `size_max`, or earlier, at
        the convenience of the database; then `rest` says where to go on. A slice may be empty and yet have a rest.
        """
        ...
