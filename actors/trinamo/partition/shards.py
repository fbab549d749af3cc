"""The shards of a partition's streams: which stretches of its log they are (PROTOCOLS 5).

    SHARD     entry 8, behind which it begins     CBOR of `ShardRecord`

A shard is open while its stream is the one that the partition's settings name, until it is rolled over: then another, its
child, begins behind the same entry. So shards follow from the log, and every replica has the same.

1. At most one shard is open. Each entry's changes belong to one shard at most, of one stream.
2. Which changes are a shard's is said by its bounds alone: writing the feed knows nothing of shards.
3. What streams keep is bounded by the cursor `STREAMS`: changes of entries up to it are let go.
"""

from collections.abc import Iterable
from typing import Final

import attrs
import cbor2

from trinamo.lsm.layout import Kind
from trinamo.lsm.store import DataBatch, KeyspaceReader
from trinamo.model.streams import NUMBER_MAX, Position, ShardId
from trinamo.partition.stored import Effect, encode_value, item_of
from trinamo.wire import Message, from_wire, to_wire

STREAMS: Final = "streams"
"""The name of the cursor of all streams: up to which entry they keep nothing."""


@attrs.frozen
class ShardRecord(Message):
    """A shard of the stream with this label: changes of the entries behind `after`, up to `up_to` where it is closed.

    Moments are hybrid timestamps, in microseconds. `parent` is the id of the shard that it goes on from, if any.
    """

    WIRE = "partition.shard"
    label: str
    after: int
    opened: int
    parent: str | None = None
    up_to: int | None = None
    closed: int | None = None

    @property
    def began_ms(self) -> int:
        return self.opened // 1000

    def id_in(self, partition: int) -> ShardId:
        """Return its id as a shard of this partition."""
        return ShardId(self.began_ms, partition)

    @property
    def end(self) -> Position | None:
        """The last position that is its own; None while it is open."""
        return None if self.up_to is None else Position(self.up_to, NUMBER_MAX)


class Shards:
    """The shards of one partition, in the order in which they began, as its log has made them."""

    def __init__(self, partition: int, records: Iterable[ShardRecord] = ()) -> None:
        self._partition = partition
        self._records = {record.after: record for record in records}

    def __repr__(self) -> str:
        return f"<Shards {[*self._records]}>"

    @classmethod
    def read(cls, reader: KeyspaceReader) -> "Shards":
        records = [_decode(item_of(value)) for _, value in reader.scan(Kind.SHARD)]
        return cls(reader.record.partition, records)

    @property
    def all(self) -> tuple[ShardRecord, ...]:
        return tuple(self._records.values())

    @property
    def open(self) -> ShardRecord | None:
        """The one that goes on."""
        last = next(reversed(self._records.values()), None)
        return last if last is not None and last.up_to is None else None

    def of(self, label: str) -> tuple[ShardRecord, ...]:
        """Return the shards of one stream."""
        return tuple(record for record in self._records.values() if record.label == label)

    # -- what entries do to them ------------------------------------------------------------------------------

    def follow(
        self, batch: DataBatch, stream: str | None, kept: tuple[str, ...], clock: int, index: int
    ) -> None:
        """Have a shard of `stream` open behind this entry, if of any, and none of streams that are not kept."""
        opened = self.open
        if opened is not None and opened.label != stream:
            self._close(batch, opened, clock, index)
            opened = None
        for record in self.all:
            if record.label not in kept:
                self.drop(batch, record.after)
        if opened is None and stream is not None:
            if not self._records:
                position = index.to_bytes(8)
                batch.put(Kind.CURSOR, STREAMS.encode(), encode_value(clock, index, 0, position))
            self._put(batch, ShardRecord(stream, index, clock), index)

    def roll(self, batch: DataBatch, after: int, clock: int, index: int) -> None:
        """Close the shard that began behind `after`, if it is open still, and open its child."""
        opened = self.open
        if opened is not None and opened.after == after and clock // 1000 > opened.began_ms:
            self._close(batch, opened, clock, index)
            parent = str(opened.id_in(self._partition))
            self._put(batch, ShardRecord(opened.label, index, clock, parent), index)

    def drop(self, batch: DataBatch, after: int) -> None:
        """Forget the shard that began behind `after`, if it is there."""
        if self._records.pop(after, None) is not None:
            batch.delete(Kind.SHARD, _key(after))

    def _close(self, batch: DataBatch, record: ShardRecord, clock: int, index: int) -> None:
        self._put(batch, attrs.evolve(record, up_to=index, closed=clock), index)

    def _put(self, batch: DataBatch, record: ShardRecord, index: int) -> None:
        self._records[record.after] = record
        batch.put(Kind.SHARD, _key(record.after), encode_value(record.opened, index, 0, _encode(record)))


def roll_effect(after: int) -> Effect:
    """The effect that rolls over the shard that began behind an entry."""
    return Effect(_key(after), 0, b"", int(Kind.SHARD))


def drop_effect(after: int) -> Effect:
    """The effect that forgets the shard that began behind an entry."""
    return Effect(_key(after), 0, None, int(Kind.SHARD))


def _key(after: int) -> bytes:
    return after.to_bytes(8)


def _encode(record: ShardRecord) -> bytes:
    encoded: bytes = cbor2.dumps(to_wire(record))
    return encoded


def _decode(item: bytes) -> ShardRecord:
    record = from_wire(cbor2.loads(item))
    assert isinstance(record, ShardRecord)
    return record


__all__ = [
    "STREAMS",
    "ShardRecord",
    "Shards",
    "drop_effect",
    "roll_effect",
]
