"""What a Query or Scan reads, the table itself or one of its indexes: its keys, and what of its rows is shown.

Entries of a local index lack what is not projected. What a request shows or filters by beyond that makes the page
read the items instead, which costs a read of each (`Source.reads_items`). A global index has nothing to fetch from.
"""

from collections.abc import Callable, Sequence

import attrs

from trinamo.expressions import Expressions
from trinamo.gateway.operations.checks import check_paths, key_names
from trinamo.gateway.operations.database import Table
from trinamo.gateway.operations.paging import INVALID_START, start_key
from trinamo.model.errors import ApiError, invalid_parameters, key_mismatch, not_in_this_version, validation
from trinamo.model.indexes import Index
from trinamo.model.keys import KeyAttribute, KeySchema, batch_put_key, check_key_value, decode_key
from trinamo.model.localkeys import LocalKeys
from trinamo.model.shapes import Request
from trinamo.model.values import Item


@attrs.frozen
class Source:
    """A table, or one of its local indexes. `reads_items`: rows shall be items, although an index is read."""

    table: Table
    index: Index | None = None
    reads_items: bool = False

    @property
    def keys(self) -> KeySchema:
        """What key conditions are about."""
        if self.index is None:
            return self.table.spec.keys
        return KeySchema(self.index.key.partition[0], self.index.key.sort[0])

    def start(self, key: Item, *, query: bool) -> bytes:
        """Return the byte key that ExclusiveStartKey means, or raise the error of one that does not fit."""
        if self.index is None:
            return start_key(self.table.spec.keys, key, query=query)
        local_keys = self._local_keys()
        if len(key) != len(local_keys.attributes):
            raise validation(INVALID_START)
        _check_start(self.index.attributes, key)
        try:
            batch_put_key(self.table.spec.keys, key)
            check_key_value(local_keys.sort, key[local_keys.sort.name])
        except ApiError as error:
            raise validation(f"{INVALID_START}: {error.message}") from None
        return local_keys.of_attributes(key)

    def decode(self, key: bytes) -> Item:
        """Return the attributes of LastEvaluatedKey."""
        return decode_key(self.keys, key) if self.index is None else self._local_keys().decode(key)

    def _local_keys(self) -> LocalKeys:
        assert self.index is not None
        return LocalKeys(self.table.spec.keys, self.index.key.sort[0])


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
        raise not_in_this_version("reading a global secondary index")
    shown = [*_shown_names(expressions), *_filtered_names(expressions)]
    return Source(table, index, (_shows_all(request) and index.kept is not None) or not index.holds(shown))


def check_source_paths(source: Source, expressions: Expressions) -> None:
    """Raise the error of an expression that looks inside a key attribute of table or index."""
    more = () if source.index is None else key_names(source.keys)
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
    if request.get("ConsistentRead", False):
        raise validation("Consistent reads are not supported on global secondary indexes")
    if _shows_all(request) and index.kept is not None:
        raise invalid_parameters(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name}"
            " because its projection type is not ALL"
        )
    missing = _missing(index, _shown_names(expressions))
    if missing:
        raise invalid_parameters(f"Global secondary index {index.name} does not project {missing}")
    missing = _missing(index, _filtered_names(expressions))
    if missing and query:
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
