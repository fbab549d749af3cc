"""Secondary indexes, local and global alike: which items are in them, what their entries hold, how keys are checked.

An item is in an index iff it has every key attribute of the index with its declared type, not empty, and not longer than
keys may be. Its entry holds the keys of table and index and what the projection names; measured as items are.

Checks. Puts are checked whole; of an updated item only what the update changed, so that an item that was there before
the index stays updatable. Where several indexes have a fault, that of the first by name is told.
"""

from collections.abc import Callable, Sequence

import attrs

from trinamo.model.errors import ApiError, invalid_parameters, item_too_large, validation
from trinamo.model.keys import (
    KeyAttribute,
    KeySchema,
    content_size,
    partition_key_too_long,
    sort_key_too_long,
)
from trinamo.model.limits import ITEM_SIZE_MAX, PARTITION_KEY_SIZE_MAX, SORT_KEY_SIZE_MAX
from trinamo.model.measure import item_size
from trinamo.model.tables import IndexSpec, TableSpec
from trinamo.model.values import Item, type_of
from trinamo.wire import Message


@attrs.frozen
class IndexKey(Message):
    """The key attributes of the index of this name."""

    WIRE = "model.index_key"
    name: str
    partition: tuple[KeyAttribute, ...]
    sort: tuple[KeyAttribute, ...]

    @property
    def attributes(self) -> tuple[KeyAttribute, ...]:
        """The key attributes, those of the partition key first."""
        return (*self.partition, *self.sort)


@attrs.frozen
class Index:
    """A secondary index of a table. `kept` names the attributes that an entry may hold; None: all."""

    key: IndexKey
    attributes: tuple[KeyAttribute, ...]
    kept: frozenset[str] | None
    is_local: bool

    @property
    def name(self) -> str:
        """The index's name."""
        return self.key.name

    def entry(self, item: Item | None) -> Item | None:
        """Return an item's entry, which is the item itself if all is projected; None if it is not in the index."""
        if item is None:
            return None
        for attribute in self.attributes:
            value = item.get(attribute.name)
            if value is None or not value.get(attribute.type):
                return None
        if any(_size(half, item) > size_max for half, size_max, _ in _halves(self.key)):
            return None
        kept = self.kept
        return item if kept is None else {name: value for name, value in item.items() if name in kept}

    def holds(self, names: Sequence[str]) -> bool:
        """Whether entries hold all of these attributes, where items have them."""
        return self.kept is None or self.kept.issuperset(names)


@attrs.frozen
class Indexes:
    """The secondary indexes of one table."""

    local: tuple[Index, ...]
    """In the order of their declaration, which is their number in a partition."""
    every: tuple[Index, ...]
    """Local and global ones, by name."""
    keys: tuple[IndexKey, ...]
    """Of every index, by name."""
    key_names: frozenset[str]
    """Of the attributes in them."""

    def named(self, name: str) -> Index | None:
        """Return an index by its name."""
        return next((index for index in self.every if index.name == name), None)

    def check_put(self, item: Item, size: int) -> None:
        """Raise the `ApiError` of an item, of this size, that may not be put because of the indexes."""
        for key in self.keys:
            _check_key(key, item, _always, _empty_in_put)
        if (
            size * (1 + len(self.local)) > ITEM_SIZE_MAX
            and size_with_entries(self.local, item, size) > ITEM_SIZE_MAX
        ):
            raise item_too_large()


def indexes_of(spec: TableSpec) -> Indexes | None:
    """Return the indexes of a table, None if it has none."""
    local = tuple(make_index(spec.keys, index, is_local=True) for index in spec.local_indexes)
    others = (make_index(spec.keys, index, is_local=False) for index in spec.global_indexes)
    every = tuple(sorted((*local, *others), key=lambda index: index.name))
    if not every:
        return None
    names = frozenset(attribute.name for index in every for attribute in index.attributes)
    return Indexes(local, every, tuple(index.key for index in every), names)


def make_index(keys: KeySchema, spec: IndexSpec, *, is_local: bool) -> Index:
    """Return the index that was declared, of a table with these keys."""
    key = IndexKey(spec.name, spec.partition, spec.sort)
    kept = None
    if spec.projection.type != "ALL":
        named = (attribute.name for attribute in (*keys.attributes, *key.attributes))
        kept = frozenset((*named, *spec.projection.names))
    return Index(key, key.attributes, kept, is_local)


def size_with_entries(local: Sequence[Index], item: Item, size: int) -> int:
    """Return the size of an item together with its entries in local indexes, which share the limit of 400 KB."""
    return size + sum(entry_size(index.entry(item), item, size) for index in local)


def entry_size(entry: Item | None, item: Item | None, size: int) -> int:
    """Return the size of an item's entry, 0 for none; `size` is the item's, of which an entry may be the whole."""
    if entry is None:
        return 0
    return size if entry is item else item_size(entry)


def check_updated_keys(keys: Sequence[IndexKey], old: Item | None, new: Item) -> None:
    """Raise the `ApiError` of an index key that an update changed to what it may not be. `keys` are by index name."""
    before: Item = {} if old is None else old

    def changed(name: str) -> bool:
        return new.get(name) != before.get(name)

    for key in keys:
        _check_key(key, new, changed, _empty_in_update)


def _check_key(
    key: IndexKey,
    item: Item,
    concerns: Callable[[str], bool],
    empty: Callable[[IndexKey, KeyAttribute], ApiError],
) -> None:
    for half, size_max, too_long in _halves(key):
        checked = [attribute for attribute in half if attribute.name in item and concerns(attribute.name)]
        for attribute in checked:
            content = item[attribute.name].get(attribute.type)
            if content is None:
                raise invalid_parameters(
                    f"Type mismatch for Index Key {attribute.name} Expected: {attribute.type}"
                    f" Actual: {type_of(item[attribute.name])} IndexName: {key.name}"
                )
            if not content:
                raise empty(key, attribute)
        if checked and _size(half, item) > size_max:
            raise too_long()


def _always(_name: str) -> bool:
    return True


def _empty_in_put(key: IndexKey, attribute: KeyAttribute) -> ApiError:
    return validation(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported."
        f" The AttributeValue for a key attribute cannot contain an empty {_kind(attribute)} value."
        f" IndexName: {key.name}, IndexKey: {attribute.name}"
    )


def _empty_in_update(_key: IndexKey, attribute: KeyAttribute) -> ApiError:
    return validation(
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key"
        " to a value that is not supported. The AttributeValue for a key attribute cannot contain"
        f" an empty {_kind(attribute)} value."
    )


def _kind(attribute: KeyAttribute) -> str:
    return "string" if attribute.type == "S" else "binary"


_Half = tuple[tuple[KeyAttribute, ...], int, Callable[[], ApiError]]


def _halves(key: IndexKey) -> tuple[_Half, _Half]:
    """Return the two halves of a key, each with how long its values may be together, and the error of longer ones."""
    return (
        (key.partition, PARTITION_KEY_SIZE_MAX, partition_key_too_long),
        (key.sort, SORT_KEY_SIZE_MAX, sort_key_too_long),
    )


def _size(attributes: Sequence[KeyAttribute], item: Item) -> int:
    """Return the bytes of strings and binaries among key values; numbers are never long."""
    size = 0
    for attribute in attributes:
        if attribute.type != "N" and attribute.name in item:
            size += content_size(item[attribute.name].get(attribute.type, ""))
    return size
