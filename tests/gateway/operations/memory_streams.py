"""Streams in lists: the least that meets the contract of `Streams`. Each has one shard, which is never closed or trimmed."""

from collections.abc import Sequence

import attrs

from trinamo.gateway.operations.database import ShardSlice, Stored, Table
from trinamo.model.streamrecords import StreamChange
from trinamo.model.streams import Position, Shard, ShardId, Stream, StreamName, StreamStatus
from trinamo.model.values import decode_item, equal

NOW = 1.5
SLICE_COUNT_MAX = 3
START = Position(1)


@attrs.define
class _Kept:
    stream: Stream
    changes: list[StreamChange] = attrs.field(factory=list)


class MemoryStreams:
    def __init__(self) -> None:
        self._kept: dict[StreamName, _Kept] = {}

    def follow(self, table: Table) -> None:
        """Have the streams that a table has."""
        for kept in self._kept.values():
            if kept.stream.address == table.address and kept.stream.label != _open_label(table):
                kept.stream = attrs.evolve(kept.stream, status=StreamStatus.DISABLED)
        label, view = _open_label(table), table.spec.stream_view
        if label is not None and view is not None:
            stream = Stream(table.address, label, view, StreamStatus.ENABLED, NOW, table.spec.keys)
            self._kept.setdefault(StreamName(table.address, label), _Kept(stream))

    def note(self, table: Table, old: Stored | None, new: Stored | None) -> None:
        """Take a change of an item."""
        label = _open_label(table)
        before, after = (None if each is None else each.item for each in (old, new))
        same = before == after
        if before is not None and after is not None:
            same = equal({"M": decode_item(before)}, {"M": decode_item(after)})
        if label is not None and not same:
            changes = self._kept[StreamName(table.address, label)].changes
            position = Position(1 + len(changes))
            changes.append(StreamChange(position, int(NOW * 1e6), before, after, False))

    def now_ms(self) -> int:
        return int(NOW * 1000)

    def admit(self, stream: Stream, id: ShardId) -> None:
        pass

    async def every(self, account: str, region: str) -> Sequence[Stream]:
        found = [kept.stream for name, kept in self._kept.items() if name.address[:2] == (account, region)]
        return sorted(found, key=lambda stream: stream.arn)

    async def find(self, name: StreamName) -> Stream | None:
        kept = self._kept.get(name)
        return None if kept is None else kept.stream

    async def shards(self, stream: Stream) -> Sequence[Shard]:
        coming = Position(1 + len(self._changes(stream)))
        return [Shard(ShardId(1500, 1), None, START, None, START, coming)]

    async def shard(self, stream: Stream, id: ShardId) -> Shard | None:
        [shard] = await self.shards(stream)
        return shard if shard.id == id else None

    async def first_since(self, stream: Stream, id: ShardId, moment: float) -> Position:
        found = [each.position for each in self._changes(stream) if each.clock >= moment * 1e6]
        return min([*found, Position(1 + len(self._changes(stream)))])

    async def read(
        self, stream: Stream, id: ShardId, start: Position, *, count_max: int, size_max: int
    ) -> ShardSlice:
        found = [each for each in self._changes(stream) if each.position >= start]
        found = found[: min(count_max, SLICE_COUNT_MAX)]
        rest = found[-1].position.after if found else start
        return ShardSlice(found, rest, caught_up=not found)

    def _changes(self, stream: Stream) -> list[StreamChange]:
        return self._kept[StreamName(stream.address, stream.label)].changes


def _open_label(table: Table) -> str | None:
    return None if table.spec.stream_view is None else table.spec.stream_label
