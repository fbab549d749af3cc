"""The byte keys of a local index's entries, whose order is that of the index.

    entry key = MD5(enc(partition value)) (16 bytes) | enc(partition value) | enc(index sort value) | enc(table sort value)

They begin as the keys of their items do (`trinamo.model.keys`): an entry lies in its item's partition, and a range of
index sort values is a range of bytes. Entries with equal sort values follow in the order of the table's. From an entry's
key follows its item's, without a look at either.
"""

import attrs

from trinamo.model.keys import (
    HASH_SIZE,
    KeyAttribute,
    KeySchema,
    decode_attributes,
    encode_value,
    partition_prefix,
    value_end,
)
from trinamo.model.values import Item


@attrs.frozen
class LocalKeys:
    """The keys of one local index. `table` has a sort key, as tables with local indexes do."""

    table: KeySchema
    sort: KeyAttribute

    @property
    def attributes(self) -> tuple[KeyAttribute, ...]:
        """What an entry's key holds, in that order."""
        assert self.table.sort is not None, "tables with local indexes have a sort key"
        return self.table.partition, self.sort, self.table.sort

    def of_item(self, key: bytes, item: Item) -> bytes:
        """Return the key of the entry of the item under `key`, which must be in the index."""
        end = prefix_end_of(self.table, key)
        return key[:end] + self._encoded(item) + key[end:]

    def of_attributes(self, key: Item) -> bytes:
        """Return the key of the entry with these key attributes, whose types must fit."""
        partition, _, sort = self.attributes
        prefix = partition_prefix(partition, key[partition.name])
        return prefix + self._encoded(key) + encode_value(sort.type, key[sort.name][sort.type])

    def decode(self, entry: bytes) -> Item:
        """Return the key attributes of index and table."""
        return decode_attributes(self.attributes, entry)

    def item_key(self, entry: bytes) -> bytes:
        """Return the key of an entry's item."""
        end = prefix_end_of(self.table, entry)
        return entry[:end] + entry[value_end(self.sort.type, entry, end) :]

    def _encoded(self, item: Item) -> bytes:
        return encode_value(self.sort.type, item[self.sort.name][self.sort.type])


def prefix_end_of(table: KeySchema, key: bytes) -> int:
    """Return where the partition prefix ends that a key of an item or entry begins with."""
    return value_end(table.partition.type, key, HASH_SIZE)
