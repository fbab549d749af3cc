"""What a Query or Scan reads, the table itself or one of its indexes: its keys, and what of its rows is shown.

Entries of a local index lack what is not projected. What a request shows or filters by beyond that makes the page
read the items instead, which costs a read of each (`Source.reads_items`). A global index has nothing to fetch from.
"""

from collections.abc import Callable, Sequence

import attrs

from trinamo.expressions import Expressions
from trinamo.gateway.operations.checks import check_paths
from trinamo.gateway.operations.database import Database, Table
from trinamo.gateway.operations.paging import INVALID_START, start_key
from trinamo.model.errors import ApiError, invalid_parameters, key_mismatch, validation
from trinamo.model.globalkeys import GlobalKeys
from trinamo.model.indexes import Index
from trinamo.model.keys import KeyAttribute, batch_put_key, check_key_value, decode_key
from trinamo.model.localkeys import LocalKeys
from trinamo.model.shapes import Request
from trinamo.model.tables import TableAddress, TableStatus
from trinamo.model.values import Item


@attrs.frozen
class Source:
    """A table, or one of its indexes. `reads_items`: rows shall be items, although a local index is read."""

    table: Table
    index: Index | None = None
    reads_items: bool = False

    @property
    def partition(self) -> tuple[KeyAttribute, ...]:
        """The partition key attributes that key conditions are about."""
        return self.table.spec.keys.attributes[:1] if self.index is None else self.index.key.partition

    @property
    def sort(self) -> tuple[KeyAttribute, ...]:
        """The sort key attributes that key conditions are about."""
        return self.table.spec.keys.attributes[1:] if self.index is None else self.index.key.sort

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of both."""
        return tuple(attribute.name for attribute in (*self.partition, *self.sort))

    def start(self, key: Item, *, query: bool) -> bytes:
        """Return the byte key that ExclusiveStartKey means, or raise the error of one that does not fit."""
        if self.index is None:
            return start_key(self.table.spec.keys, key, query=query)
        keys = self._index_keys()
        if len(key) != len({attribute.name for attribute in keys.attributes}):
            raise validation(INVALID_START)
        _check_start(self.index.attributes, key)
        try:
            batch_put_key(self.table.spec.keys, key)
            for attribute in self.index.attributes:
                check_key_value(attribute, key[attribute.name])
        except ApiError as error:
            raise validation(f"{INVALID_START}: {error.message}") from None
        return keys.of_attributes(key) if isinstance(keys, LocalKeys) else keys.of_item(key)

    def decode(self, key: bytes) -> Item:
        """Return the attributes of LastEvaluatedKey."""
        return decode_key(self.table.spec.keys, key) if self.index is None else self._index_keys().decode(key)

    def _index_keys(self) -> LocalKeys | GlobalKeys:
        assert self.index is not None
        if self.index.is_local:
            return LocalKeys(self.table.spec.keys, self.index.key.sort[0])
        return GlobalKeys(self.table.spec.keys, self.partition, self.sort)


async def readable_table(database: Database, address: TableAddress, index: str | None) -> Table:
    """Return a table that takes requests, and if that can be waited for, also requests to read one of its indexes."""
    table = await database.table(address)
    if index is not None and not _is_readable(table, index):
        table = await database.wait_for_index(table, index)
    return table


def check_readable(table: Table, index: str) -> None:
    """Raise the error of a global index that is still being filled."""
    if not _is_readable(table, index):
        raise validation(f"Cannot read from backfilling global secondary index: {index}")


def _is_readable(table: Table, index: str) -> bool:
    state = table.index_states.get(index)
    return state is None or state.status is not TableStatus.CREATING


def source_of(table: Table, request: Request, expressions: Expressions, *, query: bool) -> Source:
    """Return what a request reads, or raise the error of an index that is not there or lacks what is asked of it."""
    name = request.get("IndexName")
    if name is None:
        return Source(table)
    index = None if table.indexes is None else table.indexes.named(name)
    if index is None:
        raise validation(f"The table does not have the specified index: {name}")
    if not index.is_local:
        _check_global(index, request, expressions, query=query)
        check_readable(table, name)
        return Source(table, index)
    shown = [*_shown_names(expressions), *_filtered_names(expressions)]
    return Source(table, index, (_shows_all(request) and index.kept is not None) or not index.holds(shown))


def check_source_paths(source: Source, expressions: Expressions) -> None:
    """Raise the error of an expression that looks inside a key attribute of table or index."""
    more = () if source.index is None else source.key_names
    check_paths(expressions, source.table.spec.keys, more)


def shower(source: Source, request: Request, expressions: Expressions) -> Callable[[Item], Item] | None:
    """Return what makes of a row's item what is shown of it; None if that is all of it."""
    if expressions.projection is not None:
        return expressions.projection.apply
    index = source.index
    if index is not None and source.reads_items and not _shows_all(request):
        return lambda item: index.entry(item) or {}
    return None


def _shows_all(request: Request) -> bool:
    return request.get("Select") == "ALL_ATTRIBUTES"


def _shown_names(expressions: Expressions) -> list[str]:
    """Return the attributes that a request names to be shown."""
    paths = () if expressions.projection is None else expressions.projection.paths
    return [str(path[0]) for path in paths]


def _filtered_names(expressions: Expressions) -> list[str]:
    paths = () if expressions.filter is None else expressions.filter.paths
    return [str(path[0]) for path in paths]


def _check_global(index: Index, request: Request, expressions: Expressions, *, query: bool) -> None:
    """Raise the error of what a global index cannot give."""
    if request.get("ConsistentRead", False):
        raise validation("Consistent reads are not supported on global secondary indexes")
    if _shows_all(request) and index.kept is not None:
        raise invalid_parameters(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name}"
            " because its projection type is not ALL"
        )
    check_projected(index, _shown_names(expressions))
    if query:
        check_filtered(index, _filtered_names(expressions))


def check_projected(index: Index, names: Sequence[str]) -> None:
    """Raise the error of showing what a global index lacks."""
    missing = _missing(index, names)
    if missing:
        raise invalid_parameters(f"Global secondary index {index.name} does not project {missing}")


def check_filtered(index: Index, names: Sequence[str]) -> None:
    """Raise the error of filtering by what a global index lacks."""
    missing = _missing(index, names)
    if missing:
        raise invalid_parameters(
            f"Secondary index {index.name} does not project one or more filter attributes: {missing}"
        )


def _missing(index: Index, names: Sequence[str]) -> str:
    """Return the names that an index does not hold, as a text shows them; "" for none."""
    missing = [name for name in names if not index.holds((name,))]
    return f"[{', '.join(dict.fromkeys(missing))}]" if missing else ""


def _check_start(attributes: Sequence[KeyAttribute], key: Item) -> None:
    for attribute in attributes:
        value = key.get(attribute.name)
        if value is None:
            raise validation(INVALID_START)
        if attribute.type not in value:
            raise key_mismatch()
