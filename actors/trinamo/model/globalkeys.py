"""The byte keys of a global index's entries, whose order is that of the index.

    entry key = MD5(P) (16 bytes) | P | S | T

    P    the encodings of the index's partition key values, in the order of its schema
    S    those of its sort key values
    T    those of the table's key values

The encodings are those of `trinamo.model.keys`: so an index key of several attributes sorts as the tuple of them, and a
condition on its first sort attributes is a range of bytes. Entries with equal index keys differ by the table's key, and
follow in its order. An attribute that both keys have is there twice.
"""

import hashlib
from collections.abc import Sequence

import attrs

from trinamo.model.keys import KeyAttribute, KeySchema, decode_attributes, encode_value
from trinamo.model.values import AttributeValue, Item


@attrs.frozen
class GlobalKeys:
    """The keys of one global index of a table."""

    table: KeySchema
    partition: tuple[KeyAttribute, ...]
    sort: tuple[KeyAttribute, ...]

    @property
    def attributes(self) -> tuple[KeyAttribute, ...]:
        """What an entry's key holds, in that order."""
        return (*self.partition, *self.sort, *self.table.attributes)

    def of_item(self, item: Item) -> bytes:
        """Return the key of the entry of an item that is in the index; or of one with these key attributes."""
        prefix = partition_prefix_of(self.partition, [item[each.name] for each in self.partition])
        return prefix + b"".join([_encoded(each, item) for each in (*self.sort, *self.table.attributes)])

    def decode(self, entry: bytes) -> Item:
        """Return the key attributes of index and table."""
        return decode_attributes(self.attributes, entry)


def partition_prefix_of(attributes: Sequence[KeyAttribute], values: Sequence[AttributeValue]) -> bytes:
    """Return what the keys of all items or entries with these partition values begin with. Their types must fit."""
    pairs = zip(attributes, values, strict=True)
    encoded = b"".join([encode_value(each.type, value[each.type]) for each, value in pairs])
    return hashlib.md5(encoded, usedforsecurity=False).digest() + encoded


def _encoded(attribute: KeyAttribute, item: Item) -> bytes:
    return encode_value(attribute.type, item[attribute.name][attribute.type])
