"""Local indexes on the leader: from a write's effect on an item to its effects on entries and the item collection.

A partition's schema is the CBOR of `PartitionSchema`; it is empty for tables without local indexes, which pay nothing.

1. An index holds, under `LocalKeys`, exactly the projections of the items that are in it, at every applied index.
2. The size of an item collection is the sum over its items and their entries, and is kept under its partition prefix.
   It is never the key of an item or entry, since these hold sort values as well.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import attrs
import cbor2

from trinamo.lsm.layout import Kind
from trinamo.model.errors import collection_too_large, updated_item_too_large
from trinamo.model.indexes import Index, entry_size, make_index
from trinamo.model.keys import KeySchema
from trinamo.model.limits import ITEM_COLLECTION_SIZE_MAX, ITEM_SIZE_MAX
from trinamo.model.localkeys import LocalKeys, prefix_end_of
from trinamo.model.tables import IndexSpec, TableSpec
from trinamo.model.values import decode_item, encode_item
from trinamo.partition.messages import ItemWrite, WriteKind
from trinamo.partition.stored import Current, Effect, LookUp
from trinamo.wire import Message, from_wire, to_wire

# By an index's number, from 1: what its entries are in the store. Number 0 is the table.
KINDS: Final = (Kind.ITEM, Kind.LSI_1, Kind.LSI_2, Kind.LSI_3, Kind.LSI_4, Kind.LSI_5)

_U64 = struct.Struct(">Q")


@attrs.frozen
class PartitionSchema(Message):
    """The keys of a partition's table, and the local indexes in the order of their numbers."""

    WIRE = "partition.schema"
    keys: KeySchema
    indexes: tuple[IndexSpec, ...]


def schema_of(spec: TableSpec) -> bytes:
    """Return the schema of a table's partitions; b"" if it has no local index."""
    if not spec.local_indexes:
        return b""
    return cbor2.dumps(to_wire(PartitionSchema(spec.keys, spec.local_indexes)))


class Derived(NamedTuple):
    """What a write does besides, and how large the item collection is afterwards."""

    effects: Sequence[Effect]
    collection_size: int


@attrs.frozen
class LocalIndexes:
    """The local indexes of one partition's table."""

    keys: KeySchema
    indexes: tuple[Index, ...]
    index_keys: tuple[LocalKeys, ...]
    collection_size_max: int = ITEM_COLLECTION_SIZE_MAX

    @staticmethod
    def read(schema: bytes) -> "LocalIndexes | None":
        """Return the indexes of a partition's schema, None for one without."""
        if not schema:
            return None
        found = from_wire(cbor2.loads(schema))
        assert isinstance(found, PartitionSchema), "what the supervisor assigned"
        return LocalIndexes(
            found.keys,
            tuple(make_index(found.keys, index, is_local=True) for index in found.indexes),
            tuple(LocalKeys(found.keys, index.sort[0]) for index in found.indexes),
        )

    def item_key(self, number: int, entry: bytes) -> bytes:
        """Return the key of the item of an entry of index `number`."""
        return self.index_keys[number - 1].item_key(entry)

    def derive(
        self, write: ItemWrite, effect: Effect | None, current: Current | None, look_up: LookUp
    ) -> Derived:
        """Return what follows from a write's effect, or raise the `ApiError` of a size that it may not lead to."""
        collection = write.key[: prefix_end_of(self.keys, write.key)]
        held = look_up(collection, Kind.COLLECTION)
        before = 0 if held is None else _U64.unpack(held.item)[0]
        if effect is None:
            return Derived((), before)
        old = None if current is None else decode_item(current.item)
        new = None if effect.item is None else decode_item(effect.item)
        effects: list[Effect] = []
        size_before, size_after = 0 if current is None else current.size, effect.size
        for kind, index, keys in zip(KINDS[1:], self.indexes, self.index_keys, strict=False):
            old_entry, new_entry = index.entry(old), index.entry(new)
            old_size = entry_size(old_entry, old, 0 if current is None else current.size)
            new_size = entry_size(new_entry, new, effect.size)
            size_before += old_size
            size_after += new_size
            if old_entry == new_entry:
                continue
            old_key = None if old_entry is None else keys.of_item(write.key, old_entry)
            new_key = None if new_entry is None else keys.of_item(write.key, new_entry)
            if old_key is not None and old_key != new_key:
                effects.append(Effect(old_key, 0, None, kind, old_size))
            if new_key is not None and new_entry is not None:
                encoded = effect.item if new_entry is new else encode_item(new_entry)
                stays = old_key == new_key
                effects.append(Effect(new_key, new_size, encoded, kind, old_size if stays else 0))
        if write.kind is WriteKind.UPDATE and size_after > ITEM_SIZE_MAX:
            raise updated_item_too_large()
        after = before + size_after - size_before
        if after > max(before, self.collection_size_max):
            raise collection_too_large()
        if after != before:
            effects.append(Effect(collection, 0, _U64.pack(after) if after else None, Kind.COLLECTION))
        return Derived(effects, after)
