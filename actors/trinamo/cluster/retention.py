"""The retention of a node: ends in time what streams of the partitions led here show and keep.

Looking at them, now and then and whenever the catalog changes, it rolls over shards that are open for long, forgets shards
and changes that are older than a day, and the oldest changes where all together take too much. What it finds due it asks
for through the log. Beside the leader of the system partition it also ends streams that were disabled a day ago.

1. Ages are by hybrid timestamps and the wall clock, so they move as that is advanced.
2. All of it may be asked for twice, by any node, in any order.
"""

from typing import Final

import structlog

from trinamo.actor import Actor, System
from trinamo.base import OperatingError
from trinamo.cluster.catalog import Catalog
from trinamo.cluster.indexfilling import prepare
from trinamo.cluster.records import SYSTEM_PARTITION, PartitionRecord, TableRecord
from trinamo.cluster.router import Router
from trinamo.cluster.view import CatalogView
from trinamo.model.streams import RETENTION_S
from trinamo.model.tables import TableStatus
from trinamo.partition import Host, Replica
from trinamo.partition.feed import destination_cursor
from trinamo.partition.messages import Keep, Roll
from trinamo.partition.shards import STREAMS
from trinamo.world import Clock

RETENTION: Final = "retention"
LOOK_S: Final = 1.0
_US: Final = 1_000_000

_log = structlog.get_logger("trinamo.cluster")


class Retention(Actor):
    """Looks after the streams that are led here. It takes no messages.

    A shard is open for `shard_s`. `bytes_max` bounds the change feeds of all replicas of this node.
    """

    def __init__(
        self,
        clock: Clock,
        system: System,
        host: Host,
        router: Router,
        catalog: Catalog,
        *,
        shard_s: float,
        bytes_max: int,
    ) -> None:
        super().__init__(RETENTION)
        self._clock = clock
        self._system = system
        self._host = host
        self._router = router
        self._catalog = catalog
        self._view: CatalogView = catalog.view
        self._shard_us = round(shard_s * _US)
        self._bytes_max = bytes_max
        self._warned = False

    def __repr__(self) -> str:
        return f"<Retention {self._system.node}>"

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await self._view.wait_change_until(self._clock, self._clock.monotonic() + LOOK_S)

    async def look(self) -> None:
        """Do all that is due now. What cannot be done now is left to the next look."""
        for record in list(self._view.tables.values()):
            if record.streams or record.indexes or record.coming.destinations:
                await self._look_at(record)
        await self._bound()
        if self._leads(SYSTEM_PARTITION) is not None:
            await self._end_streams()

    def _leads(self, partition: int) -> Replica | None:
        replica = self._host.replicas.get(partition)  # type: ignore[call-overload]  # an id, as an int
        return replica if replica is not None and replica.core.settled else None

    async def _look_at(self, record: TableRecord) -> None:
        for route in record.partitions:
            replica = self._leads(route.partition)
            if replica is None:
                continue
            try:
                if record.streams or record.coming.destinations:
                    await self._keep(route, replica)
                await self._trim(route, replica)
            except OperatingError as error:
                _log.info("retention waits", partition=route.partition, reason=str(error))

    async def _keep(self, route: PartitionRecord, replica: Replica) -> None:
        now = int(self._clock.wall() * _US)
        opened = replica.shards.open
        if opened is not None and now - opened.opened >= self._shard_us:
            await self._router.call(route, Roll(route.epoch, opened.after))
        horizon = now - int(RETENTION_S * _US)
        over = [
            each.after for each in replica.shards.all if each.closed is not None and each.closed <= horizon
        ]
        oldest = replica.oldest_change()
        old = oldest is not None and oldest[1] < horizon
        if over or old:
            kept_from = replica.first_change_since(horizon) if old else 0
            await self._let_go(route, replica, kept_from - 1, tuple(over))

    async def _let_go(
        self, route: PartitionRecord, replica: Replica, up_to: int, shards: tuple[int, ...] = ()
    ) -> None:
        """Have streams keep nothing of what entries up to `up_to` changed, nor destinations be told, and forget shards."""
        names = [STREAMS, *map(destination_cursor, replica.settings.destinations)]
        positions = dict.fromkeys(names, up_to) if up_to > 0 else {}
        await self._router.call(route, Keep(route.epoch, positions, max(up_to + 1, 0), shards))

    async def _trim(self, route: PartitionRecord, replica: Replica) -> None:
        """Trim what no consumer needs any more: one effect does not trim much."""
        below, before = replica.trim_point, -1
        while before < replica.trimmed < below and replica.feed_bytes:
            before = replica.trimmed
            await self._router.call(route, Keep(route.epoch, {}, below))

    async def _bound(self) -> None:
        """Let go of the oldest changes, here where they are led, while all together take too much."""
        held = sum(replica.feed_bytes for replica in self._host.replicas.values())
        if held <= self._bytes_max:
            return
        led = [
            (route, replica)
            for record in self._view.tables.values()
            if record.streams or record.coming.destinations
            for route in record.partitions
            if (replica := self._leads(route.partition)) is not None
        ]
        share = sum(replica.feed_bytes for _, replica in led) / held
        excess = int((held - self._bytes_max) * share)
        if excess and not self._warned:
            self._warned = True
            _log.warning("streams keep less than a day", node=self._system.node, bytes_max=self._bytes_max)
        try:
            while excess > 0:
                aged = [(oldest[1], each) for each in led if (oldest := each[1].oldest_change()) is not None]
                if not aged:
                    return
                _, (route, replica) = min(aged, key=lambda pair: (pair[0], pair[1][0].partition))
                up_to, size = replica.oldest_changes(excess)
                excess -= size
                await self._let_go(route, replica, up_to)
                await self._trim(route, replica)
        except OperatingError as error:
            _log.info("retention waits", node=self._system.node, reason=str(error))

    async def _end_streams(self) -> None:
        """End streams that were disabled long ago."""
        now = self._clock.wall()
        for record in list(self._view.tables.values()):
            without = record.without_streams(now)
            if without == record or record.status is not TableStatus.ACTIVE:
                continue
            try:
                if without.streams or record.shown:
                    await prepare(self._router, without, self._view.version)
                await self._catalog.end_streams(record.table_id, now)
            except OperatingError as error:
                _log.info("stream stays", table=record.spec.name, reason=str(error))
