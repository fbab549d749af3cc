"""The streams of the cluster's tables, for operations (`trinamo.gateway.operations.database.Streams`).

Which streams there are, the catalog says; which shards they have, the leaders of the table's partitions. Where the cluster is
settled, records are read from leaders, so all that was acknowledged is seen; else from any replica, which may be behind.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from trinamo.actor import Request
from trinamo.cluster import Catalog, PartitionRecord, Router, TableRecord
from trinamo.cluster.records import StreamRecord
from trinamo.gateway.operations.database import ShardSlice
from trinamo.gateway.outcomes import carry_out
from trinamo.model.errors import shard_not_found, stream_limit_exceeded, trimmed_data_access
from trinamo.model.streamrecords import StreamChange
from trinamo.model.streams import (
    Position,
    Shard,
    ShardId,
    Stream,
    StreamName,
    StreamStatus,
    read_shard_id,
)
from trinamo.model.tables import TableAddress, TableStatus
from trinamo.partition.feed import EXPIRED, TOUCHED, decode_change
from trinamo.partition.messages import FindMoment, ReadShard, ReadShards, ShardRows, ShardsFound
from trinamo.partition.shards import ShardRecord
from trinamo.wire import Message
from trinamo.world import Clock

READS_PER_SECOND_MAX: Final = 10  # DynamoDB: two readers of a shard, each five times a second

Own = Callable[[TableAddress], TableAddress]
"""The address under which a table is kept that a user means by an address."""
Rest = Callable[[TableAddress], Awaitable[TableRecord | None]]
"""Gives a table that changes its status a moment to come to rest."""
R = TypeVar("R", bound=Message)


class ClusterStreams:
    """The streams of all tables, seen from one node."""

    def __init__(
        self, clock: Clock, catalog: Catalog, router: Router, own: Own, rest: Rest, *, settled: bool
    ) -> None:
        self._clock = clock
        self._catalog = catalog
        self._view = catalog.view
        self._router = router
        self._own = own
        self._rest = rest
        self._settled = settled
        self._known: dict[StreamName, tuple[TableRecord, StreamRecord]] = {}
        self._version = -2
        self._reads: dict[tuple[str, ShardId], int] = {}  # of this second
        self._counting_since = 0.0

    def __repr__(self) -> str:
        return f"<ClusterStreams {self._view!r}>"

    def now_ms(self) -> int:
        return int(self._clock.wall() * 1000)

    def admit(self, stream: Stream, id: ShardId) -> None:
        if self._settled:
            return
        now = self._clock.monotonic()
        if now - self._counting_since >= 1:
            self._reads, self._counting_since = {}, now
        self._reads[stream.arn, id] = reads = self._reads.get((stream.arn, id), 0) + 1
        if reads > READS_PER_SECOND_MAX:
            raise stream_limit_exceeded()

    async def every(self, account: str, region: str) -> Sequence[Stream]:
        await carry_out(self._catalog.refresh())
        owner = self._own(TableAddress(account, region, ""))[:2]
        found = [_stream(*known) for name, known in self._all().items() if name.address[:2] == owner]
        return sorted(found, key=lambda stream: stream.arn)

    async def find(self, name: StreamName) -> Stream | None:
        known = await self._find(name)
        if known is None:
            return None
        record, stream = known
        at_rest = record.status is TableStatus.ACTIVE
        if self._settled and not at_rest and await self._rest(record.address) is not None:
            record, stream = await self._find(name) or (record, stream)
        return _stream(record, stream)

    async def _find(self, name: StreamName) -> tuple[TableRecord, StreamRecord] | None:
        own = name._replace(address=self._own(name.address))
        known = self._all().get(own)
        if known is None or known[0].status is not TableStatus.ACTIVE:
            await carry_out(self._catalog.refresh())
            known = self._all().get(own)
        return known

    def _all(self) -> dict[StreamName, tuple[TableRecord, StreamRecord]]:
        """Return all streams that the view knows."""
        if self._version != self._view.version:
            self._known = {
                StreamName(record.user_address, stream.label): (record, stream)
                for record in self._view.tables.values()
                if record.shown or record.retired
                for stream in record.streams
            }
            self._version = self._view.version
        return self._known

    async def shards(self, stream: Stream) -> Sequence[Shard]:
        found: list[Shard] = []
        for route in self._routes(stream):
            found += await self._shards_of(stream, route)
        return sorted(found, key=lambda shard: shard.id)

    async def shard(self, stream: Stream, id: ShardId) -> Shard | None:
        route = self._route(stream, id)
        found = [] if route is None else await self._shards_of(stream, route)
        return next((shard for shard in found if shard.id == id), None)

    async def _shards_of(self, stream: Stream, route: PartitionRecord) -> list[Shard]:
        found = await self._call(route, ReadShards(route.epoch, stream.label))
        return [_shard(record, route, found) for record in found.shards]

    async def first_since(self, stream: Stream, id: ShardId, moment: float) -> Position:
        route = self._existing_route(stream, id)
        found = await self._call(route, FindMoment(route.epoch, max(0, math.ceil(moment * 1_000_000))))
        return Position(found.index, found.number)

    async def read(
        self, stream: Stream, id: ShardId, start: Position, *, count_max: int, size_max: int
    ) -> ShardSlice:
        route = self._existing_route(stream, id)
        request = ReadShard(
            route.epoch, stream.label, id.began_ms, *start, count_max, size_max, strong=self._settled
        )
        found: ShardRows
        if self._settled:
            found = await self._call(route, request)
        else:
            found = await carry_out(self._router.call_any(route, request))
        if not found.found:
            if self._settled:
                raise shard_not_found(str(id), stream.arn)
            return ShardSlice((), start, caught_up=True)  # a replica that is behind may not know it yet
        if start.entry < found.oldest:
            raise trimmed_data_access()
        changes = [(Position(index, number), decode_change(record)) for index, number, record in found.rows]
        shown = [
            StreamChange(position, change.clock, change.old, change.new, change.why == EXPIRED)
            for position, change in changes
            if change.why != TOUCHED
        ]
        rest = None if found.ended else Position(*found.rest)
        return ShardSlice(shown, rest, caught_up=not found.rows)

    def _existing_route(self, stream: Stream, id: ShardId) -> PartitionRecord:
        route = self._route(stream, id)
        if route is None:
            raise shard_not_found(str(id), stream.arn)
        return route

    def _route(self, stream: Stream, id: ShardId) -> PartitionRecord | None:
        return next((route for route in self._routes(stream) if route.partition == id.partition), None)

    def _routes(self, stream: Stream) -> Sequence[PartitionRecord]:
        known = self._all().get(StreamName(stream.address, stream.label))
        return () if known is None else known[0].partitions

    async def _call(self, route: PartitionRecord, request: Request[R]) -> R:
        return await carry_out(self._router.call(route, request))


def _stream(record: TableRecord, stream: StreamRecord) -> Stream:
    return Stream(
        record.user_address,
        stream.label,
        stream.view,
        _status(record, stream),
        stream.created_at,
        record.spec.keys,
    )


def _status(record: TableRecord, stream: StreamRecord) -> StreamStatus:
    in_force = record.spec.stream_view is not None and record.spec.stream_label == stream.label
    if stream.disabled_at is None:
        enabled = in_force and record.status is not TableStatus.CREATING
        return StreamStatus.ENABLED if enabled else StreamStatus.ENABLING
    return StreamStatus.DISABLING if in_force else StreamStatus.DISABLED


def _shard(record: ShardRecord, route: PartitionRecord, found: ShardsFound) -> Shard:
    start, coming = Position(record.after + 1), Position(found.applied + 1)
    end = record.end
    return Shard(
        id=record.id_in(route.partition),
        parent=None if record.parent is None else read_shard_id(record.parent),
        start=start,
        end=end,
        oldest=max(start, Position(found.oldest)),
        coming=coming if end is None else end.after,
    )
