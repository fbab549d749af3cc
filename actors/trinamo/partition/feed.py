"""The change feed of a partition: what each entry changed, with old and new images (PROTOCOLS 5).

It is written as the effects are applied, in the same batch, on every replica: so it is as exact as the items are,
comes with snapshots, and outlives every failover. It is kept for partitions whose settings ask for it.

    FEED      log index 8 | number 4     CBOR [hybrid timestamp, key, old item or null, new item or null, why]
    CURSOR    name                       position 8: how far a consumer has come; "trimmed" is how far the feed was trimmed,
                                         "bytes" how large it is
    SETTINGS  (nothing)                  CBOR of `Settings`

1. An effect that leaves an item as it was makes no record. Equal are items whose trees are, sets as sets.
2. Numbers within an entry count from 0 in the order of its effects; records lie in the order of the log.
3. Positions are log indexes: a consumer at 7 has seen all that entries up to 7 changed. They never go back.
4. Who trims is the log: a trim is an effect. Nothing here holds the log back.
5. A global index that settings name for the first time has seen all before: its cursor begins there. What items there
   were it learns by touches: records of items as they are, in the order of the log, which change nothing.
"""

import struct
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import attrs
import cbor2

from trinamo.lsm.layout import Kind
from trinamo.lsm.store import DataBatch, KeyspaceReader
from trinamo.model.values import decode_item, equal
from trinamo.partition.shards import STREAMS
from trinamo.partition.stored import Current, Effect, Olds, encode_value, item_of
from trinamo.wire import Message, from_wire, to_wire

TRIMMED: Final = "trimmed"
BYTES: Final = "bytes"
USER: Final = 0
EXPIRED: Final = 1
TOUCHED: Final = 2
"""Why a change was made: by a user; because the item's time had come. Or it is none, and the item was only touched."""

TRIM_AT_ONCE: Final = 1_000  # records that one effect removes at most (PROTOCOLS 3)
_KEY = struct.Struct(">QI")
_POSITION = struct.Struct(">Q")


@attrs.frozen
class Settings(Message):
    """What a partition does besides keeping items.

    A feed of changes, which the global indexes of these ids and the Kinesis destinations of these numbers take; letting items expire by an attribute. `version` is
    that of the catalog which says so: settings of an older one never take the place of newer ones. `stream` is the label
    of the stream that shows what is changed from now on, `streams` are those that still keep something, by their labels.
    """

    WIRE = "partition.settings"
    feed: bool = False
    expiry: str | None = None
    indexes: tuple[str, ...] = ()
    version: int = 0
    stream: str | None = None
    streams: tuple[str, ...] = ()
    destinations: tuple[int, ...] = ()


class Change(NamedTuple):
    """One change. `clock` is the hybrid timestamp of its entry, in microseconds; items are item bytes."""

    clock: int
    key: bytes
    old: bytes | None
    new: bytes | None
    why: int = USER


Replaced = dict[bytes, bytes | None]
"""What keys hold by earlier effects of a batch that is not written yet: item bytes, None for nothing."""


def decode_settings(encoded: bytes | None) -> Settings:
    if not encoded:
        return Settings()
    settings = from_wire(cbor2.loads(encoded))
    assert isinstance(settings, Settings)
    return settings


def encode_settings(settings: Settings) -> bytes:
    encoded: bytes = cbor2.dumps(to_wire(settings))
    return encoded


def decode_change(record: bytes) -> Change:
    return Change(*cbor2.loads(record))


def record_changes(
    batch: DataBatch,
    reader: KeyspaceReader,
    index: int,
    clock: int,
    effects: Iterable[Effect],
    olds: Olds,
    replaced: Replaced,
) -> int:
    """Add to a batch what an entry's effects change, and return the bytes of it.

    What an item held is in `olds`, or is read. `replaced` is of the same batch, and is kept up to date.
    """
    number = size = 0
    expired: set[bytes] = set()
    for at, (key, _, new, kind, old_size) in enumerate(effects):
        if kind == Kind.MARK:
            expired.add(key)
        touched = kind == Kind.FEED and new is not None
        if kind != Kind.ITEM and not touched:
            continue
        old = olds.get(at)
        if old is None and (touched or old_size):
            old = replaced[key] if key in replaced else _held(reader, key)
        if touched:
            if old is None:
                continue
            change = Change(clock, key, None, old, TOUCHED)
        else:
            replaced[key] = new
            why = EXPIRED if key in expired else USER
            expired.discard(key)
            if _same(old, new):
                continue
            change = Change(clock, key, old, new, why)
        record = cbor2.dumps(change)
        batch.put(Kind.FEED, _KEY.pack(index, number), record)
        number += 1
        size += len(record)
    return size


def _held(reader: KeyspaceReader, key: bytes) -> bytes | None:
    value = reader.get(Kind.ITEM, key)
    return None if value is None else item_of(value)


def _same(old: bytes | None, new: bytes | None) -> bool:
    if old is None or new is None or len(old) != len(new):
        return old is None and new is None
    if old == new:
        return True
    # Equal items have equal bytes but for the order of what has none: so most of those that differ are told by their sums,
    # for which this is the fastest way there is: 256 is 1 modulo 255.
    return int.from_bytes(old) % 255 == int.from_bytes(new) % 255 and equal(
        {"M": decode_item(old)}, {"M": decode_item(new)}
    )


def read_changes(
    reader: KeyspaceReader, start: tuple[int, int], applied: int, count_max: int, size_max: int
) -> tuple[tuple[tuple[int, int, bytes], ...], tuple[int, int]]:
    """Return records from `start` on, at least one if there is any, and where to read on."""
    prefix = len(reader.prefix(Kind.FEED))
    rows: list[tuple[int, int, bytes]] = []
    size = 0
    for key, record in reader.scan(Kind.FEED, _KEY.pack(*start)):
        index, number = _KEY.unpack(key[prefix:])
        rows.append((index, number, record))
        size += len(record)
        if len(rows) >= count_max or size >= size_max:
            return tuple(rows), (index, number + 1)
    return tuple(rows), max(start, (applied + 1, 0))


def read_position(reader: KeyspaceReader, name: str) -> int:
    """Return how far a consumer has come, 0 for one that was never here."""
    value = reader.get(Kind.CURSOR, name.encode())
    return 0 if value is None else int(_POSITION.unpack(item_of(value))[0])


def read_position_of(held: Current | None) -> int:
    """Return the position that a cursor holds, 0 for none."""
    return 0 if held is None else int(_POSITION.unpack(held.item)[0])


def read_positions(reader: KeyspaceReader) -> dict[str, int]:
    """Return how far all consumers have come."""
    prefix = len(reader.prefix(Kind.CURSOR))
    positions = {
        key[prefix:].decode(): int(_POSITION.unpack(item_of(value))[0])
        for key, value in reader.scan(Kind.CURSOR)
    }
    positions.pop(BYTES, None)
    return positions


def encode_position(position: int, clock: int, index: int) -> bytes:
    """Return the stored value of a cursor that comes to a position by an entry."""
    return encode_value(clock, index, 0, _POSITION.pack(position))


def first_since(reader: KeyspaceReader, clock: int, start: int, applied: int) -> tuple[int, int]:
    """Return where the first change of entries from `start` on is that was made at `clock` or later.

    Clocks grow with the log, so it is found by halving.
    """
    prefix = len(reader.prefix(Kind.FEED))
    low, high = start, applied + 1  # it is in an entry of [low, high], the last of which nothing is in yet
    while low < high:
        middle = (low + high) // 2
        found = next(reader.scan(Kind.FEED, _KEY.pack(middle, 0)), None)
        if found is None or decode_change(found[1]).clock >= clock:
            high = middle
        else:
            low = int(_KEY.unpack(found[0][prefix:])[0]) + 1
    return low, 0


def oldest_change(reader: KeyspaceReader, start: int) -> tuple[int, int] | None:
    """Return entry and clock of the first change from an entry on."""
    prefix = len(reader.prefix(Kind.FEED))
    for key, record in reader.scan(Kind.FEED, _KEY.pack(start, 0)):
        return int(_KEY.unpack(key[prefix:])[0]), decode_change(record).clock
    return None


def last_change(reader: KeyspaceReader) -> int:
    """Return the index of the last entry that left a record; 0 if none is there."""
    prefix = len(reader.prefix(Kind.FEED))
    for key, _ in reader.scan(Kind.FEED, reverse=True):
        return int(_KEY.unpack(key[prefix:])[0])
    return 0


def cursor_of(index_id: str) -> str:
    """Return the name of the cursor of a global index."""
    return f"i/{index_id}"


def destination_cursor(number: int) -> str:
    """Return the name of the cursor of a Kinesis destination."""
    return f"k/{number}"


def trim_point(settings: Settings, position: Callable[[str], int], asked: int) -> int:
    """Return below which entry the feed may be trimmed: as asked for, but for what a consumer still needs.

    Every consumer is asked here: global indexes and destinations for what they have not taken, streams for what they keep.
    `position` is of a cursor.
    """
    cursors = [cursor_of(index) for index in settings.indexes]
    cursors += [destination_cursor(number) for number in settings.destinations]
    if settings.streams:
        cursors.append(STREAMS)
    return min([asked, *(position(cursor) + 1 for cursor in cursors)])


def begin_cursors(batch: DataBatch, old: Settings, new: Settings, clock: int, index: int) -> None:
    """Have indexes and destinations that settings name for the first time, in this entry, begin here."""
    begun = [cursor_of(each) for each in new.indexes if each not in old.indexes]
    begun += [destination_cursor(each) for each in new.destinations if each not in old.destinations]
    for name in begun:
        batch.put(Kind.CURSOR, name.encode(), encode_position(index, clock, index))


def position_effect(name: str, position: int) -> Effect:
    return Effect(name.encode(), 0, _POSITION.pack(position), int(Kind.CURSOR))


def trim_effect(below: int) -> Effect:
    """The effect that removes what entries below `below` changed, `TRIM_AT_ONCE` records at most."""
    return Effect(_POSITION.pack(below), 0, None, int(Kind.FEED))


def touch_effect(key: bytes) -> Effect:
    """The effect that leaves a record of an item, if there is one, as it is."""
    return Effect(key, 0, b"", int(Kind.FEED))


def expiry_effect(key: bytes) -> Effect:
    """The effect that says of the one behind it that the item's time had come."""
    return Effect(key, 0, None, int(Kind.MARK))


def settings_effect(settings: bytes) -> Effect:
    return Effect(b"", 0, settings, int(Kind.SETTINGS))


def trim(batch: DataBatch, reader: KeyspaceReader, key: bytes) -> tuple[int, int]:
    """Remove what the key of a trim effect says: of what the reader sees, so that must be all that was changed before.

    Returns the position below which the feed is trimmed now, and the bytes that are gone.
    """
    below: int = _POSITION.unpack(key)[0]
    prefix = len(reader.prefix(Kind.FEED))
    size = 0
    for removed, (found, record) in enumerate(reader.scan(Kind.FEED, b"", _KEY.pack(below, 0))):
        if removed >= TRIM_AT_ONCE and not _KEY.unpack(found[prefix:])[1]:  # entries go whole
            return _KEY.unpack(found[prefix:])[0], size
        batch.delete(Kind.FEED, found[prefix:])
        size += len(record)
    return below, size


__all__ = [
    "BYTES",
    "EXPIRED",
    "TOUCHED",
    "TRIMMED",
    "TRIM_AT_ONCE",
    "USER",
    "Change",
    "Replaced",
    "Settings",
    "begin_cursors",
    "cursor_of",
    "decode_change",
    "decode_settings",
    "destination_cursor",
    "encode_position",
    "encode_settings",
    "expiry_effect",
    "first_since",
    "last_change",
    "oldest_change",
    "position_effect",
    "read_changes",
    "read_position",
    "read_position_of",
    "read_positions",
    "record_changes",
    "settings_effect",
    "touch_effect",
    "trim",
    "trim_effect",
    "trim_point",
]
