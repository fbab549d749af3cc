"""The deliveries of a node: what the partitions led here change goes to the Kinesis destinations of their tables.

For each partition and destination the feed is read from where the destination's cursor is, and what is read is put into the data stream;
then the cursor follows. So a leader goes on where the one before it was: at least once.

1. Records of the same item are put in the order of its changes. Where some of a batch are not taken, they are put again, and with
   them those of the same items that come behind: they may come twice, but the last is always the last.
2. A destination that takes nothing for a day misses what is older, as on AWS; so it does if all feeds together become too large.
3. Nothing waits for a destination.
"""

from collections.abc import Sequence
from typing import Final, Protocol

import attrs
import structlog

from trinamo.actor import System
from trinamo.base import NotLeader
from trinamo.cluster.conversations import Conversation, Conversations, Key
from trinamo.cluster.records import PartitionRecord, TableRecord
from trinamo.cluster.router import Router
from trinamo.cluster.view import CatalogView
from trinamo.model.destinations import taking
from trinamo.model.kinesisrecords import KinesisChange, KinesisRecord, kinesis_record
from trinamo.model.tables import Destination, TableStatus
from trinamo.partition import Host, Replica
from trinamo.partition.feed import EXPIRED, TOUCHED, decode_change, destination_cursor
from trinamo.partition.messages import Keep, ReadCursors, ReadFeed
from trinamo.world import Clock, Random

DELIVERIES: Final = "deliveries"
ROWS_AT_ONCE: Final = 100  # PROTOCOLS 3; Kinesis takes 500 records ...
BYTES_AT_ONCE: Final = 1 << 20  # ... and 5 MiB at once, and images may be larger as JSON
RETRY_MIN_S: Final = 0.05
RETRY_MAX_S: Final = 5.0
RETRY_AFTER_S: Final = 0.5  # a delivery that met an error begins again

_log = structlog.get_logger("trinamo.cluster")


class SinkFailed(Exception):
    """Nothing is known to have been taken; `str(error)` says why."""


class Sink(Protocol):
    """Where data streams are."""

    async def problem(self, stream_arn: str) -> str | None:
        """Return why records cannot be put into a stream, None if they can."""

    async def put(self, stream_arn: str, records: Sequence[KinesisRecord]) -> Sequence[int]:
        """Put records, and return the positions of those that were not taken. Raises `SinkFailed`."""


class NoSink:
    """There is no Kinesis."""

    async def problem(self, stream_arn: str) -> str | None:
        return "No Kinesis is known here: start with --kinesis-endpoint"

    async def put(self, stream_arn: str, records: Sequence[KinesisRecord]) -> Sequence[int]:
        raise SinkFailed("no Kinesis is known here")


class Deliveries(Conversations[int]):
    """All deliveries of a node; who consumes is the destination of a number."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        system: System,
        host: Host,
        router: Router,
        view: CatalogView,
        sink: Sink,
    ) -> None:
        super().__init__(DELIVERIES, clock, system, host, view, retry_s=RETRY_AFTER_S)
        self.random = random
        self.router = router
        self.sink = sink

    def _wanted(self) -> dict[Key[int], None]:
        return {
            Key(route.partition, destination.number): None
            for record in self._view.tables.values()
            if record.shown and record.status is not TableStatus.DELETING
            for destination in taking(record.spec)
            for route in record.partitions
            if self.leader(route.partition) is not None
        }

    def _begin(self, key: Key[int]) -> "_Delivery":
        return _Delivery(self, key)

    def find(self, key: Key[int]) -> "_Found | None":
        """Return what a delivery is from and to, if both are still there and the partition is led here."""
        replica, route = self.leader(key.partition), self._view.partitions.get(key.partition)
        if replica is None or route is None:
            return None
        for record in self._view.tables.values():
            if any(each.partition == key.partition for each in record.partitions):
                for destination in taking(record.spec):
                    if destination.number == key.consumer:
                        return _Found(replica, route, record, destination)
        return None


@attrs.frozen
class _Found:
    replica: Replica
    route: PartitionRecord
    record: TableRecord
    destination: Destination


class _Delivery(Conversation[int]):
    """One partition and one destination."""

    def __init__(self, deliveries: Deliveries, key: Key[int]) -> None:
        super().__init__(key)
        self._deliveries = deliveries

    async def run(self) -> None:
        """Deliver until there is nothing to deliver from or to. Raises operating errors."""
        at: int | None = None
        while (found := self._deliveries.find(self.key)) is not None:
            self.hush()
            consumers = self.listen(found.replica)
            if self.key.consumer not in found.replica.settings.destinations:
                at = None
                await self.rung()
            elif at is None:
                at = await self._learn(found)
            elif at >= consumers.last:
                await self.rung()
            else:
                at = await self._go_on(found, at)

    async def _learn(self, found: _Found) -> int:
        """Return how far the destination was brought, whoever brought it."""
        cursors = await self._deliveries.router.call(found.route, ReadCursors(found.route.epoch))
        return cursors.positions.get(destination_cursor(self.key.consumer), 0)

    async def _go_on(self, found: _Found, at: int) -> int:
        """Deliver some, and return how far it is brought then."""
        epoch = found.route.epoch
        rows = found.replica.read_feed(ReadFeed(epoch, at + 1, 0, ROWS_AT_ONCE, BYTES_AT_ONCE))
        if rows.oldest > at + 1 and at:
            _log.warning(
                "destination has missed changes",
                stream=found.destination.stream_arn,
                partition=self.key.partition,
            )
        records: list[KinesisRecord] = []
        taken = list(rows.rows)
        index, number = rows.rest
        while number and taken:  # it has stopped within an entry: the rest of it goes along
            more = found.replica.read_feed(ReadFeed(epoch, index, number, ROWS_AT_ONCE, BYTES_AT_ONCE))
            taken += [row for row in more.rows if row[0] == index]
            number = more.rest[1] if more.rest[0] == index else 0
        for entry, within, encoded in taken:
            change = decode_change(encoded)
            if change.why != TOUCHED:
                place = f"{self.key.partition}/{entry}/{within}"
                records.append(
                    kinesis_record(
                        found.record.address,
                        found.record.spec.keys,
                        found.destination,
                        KinesisChange(place, change.clock, change.old, change.new, change.why == EXPIRED),
                    )
                )
        await self._put(found, records)
        end = taken[-1][0] if taken else max(at, rows.rest[0] - 1)
        cursor = {destination_cursor(self.key.consumer): end}
        await self._deliveries.router.call(found.route, Keep(epoch, cursor, end + 1))
        return end

    async def _put(self, found: _Found, records: list[KinesisRecord]) -> None:
        """Put records until all were taken, while this node certainly leads: another may have put what comes behind."""
        deliveries, stream_arn = self._deliveries, found.destination.stream_arn
        pause_s = RETRY_MIN_S
        while records:
            if not found.replica.core.lease_valid(deliveries.clock.monotonic()):
                raise NotLeader(found.replica.core.leader)
            try:
                refused = set(await deliveries.sink.put(stream_arn, records))
            except SinkFailed as error:
                _log.info("destination waits", stream=stream_arn, reason=str(error))
                refused = set(range(len(records)))
            behind: set[str] = set()  # the items of which something was not taken
            left: list[KinesisRecord] = []
            for position, record in enumerate(records):
                if position in refused or record.key in behind:
                    behind.add(record.key)
                    left.append(record)
            pause_s = RETRY_MIN_S if len(left) < len(records) else min(2 * pause_s, RETRY_MAX_S)
            records = left
            if records:
                share = 0.5 + deliveries.random.random()
                await deliveries.clock.sleep_until(deliveries.clock.monotonic() + pause_s * share)
