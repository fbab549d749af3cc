"""A node's view of the catalog: what it was last told, by version. Only a hint: replicas check what they are sent.

1. The version never goes back.
2. Whoever waits for a change is woken by every change.
"""

from bisect import bisect_right

import attrs
import trio

from trinamo.base import PartitionId
from trinamo.cluster.records import CatalogChanged, Counters, IndexRecord, PartitionRecord, TableRecord
from trinamo.model.tables import TableAddress
from trinamo.world import Clock


@attrs.frozen
class Routes:
    """A table and the starts of its partitions, for finding the partition of a key."""

    record: TableRecord
    starts: tuple[bytes, ...]

    def of(self, key: bytes) -> PartitionRecord:
        return self.record.partitions[bisect_right(self.starts, key) - 1]


class CatalogView:
    """Tables by address and by id."""

    def __init__(self) -> None:
        self.counters: Counters | None = None
        self.tables: dict[TableAddress, TableRecord] = {}
        self.routes: dict[str, Routes] = {}
        self.partitions: dict[PartitionId, PartitionRecord] = {}
        self.indexes: dict[str, tuple[TableRecord, IndexRecord]] = {}
        """Global indexes by id, with their tables."""
        self._changed = trio.Event()

    def __repr__(self) -> str:
        return f"<CatalogView version={self.version} {len(self.tables)} tables>"

    @property
    def version(self) -> int:
        return -1 if self.counters is None else self.counters.version

    @property
    def clock_offset_s(self) -> float:
        """How far the wall clock was advanced (PROTOCOLS 7)."""
        return 0.0 if self.counters is None else self.counters.clock_offset_us / 1e6

    async def wait_change(self) -> None:
        """Return at the next change."""
        await self._changed.wait()

    async def wait_change_until(self, clock: Clock, deadline: float) -> None:
        """Return at the next change, or when `deadline` has come."""
        async with trio.open_nursery() as nursery:

            async def ring() -> None:
                await clock.sleep_until(deadline)
                nursery.cancel_scope.cancel()

            nursery.start_soon(ring)
            await self.wait_change()
            nursery.cancel_scope.cancel()

    def apply(self, change: CatalogChanged) -> bool:
        """Take a change; False if it does not follow on what is known."""
        if change.counters.version <= self.version:
            return True
        if change.base != self.version:
            return False
        tables = dict(self.tables)
        for address in [address for address, record in tables.items() if record.key in change.removed]:
            del tables[address]
        for record in change.tables:
            tables[record.address] = record
        self.replace(change.counters, tables)
        return True

    def replace(self, counters: Counters, tables: dict[TableAddress, TableRecord]) -> None:
        """Take the whole catalog as of `counters`."""
        if counters.version <= self.version:
            return
        self.counters = counters
        self.tables = tables
        self.routes = {
            record.table_id: Routes(record, tuple(p.start for p in record.partitions))
            for record in tables.values()
        }
        self.partitions = {p.partition: p for record in tables.values() for p in record.every_partition}
        self.indexes = {
            index.index_id: (record, index) for record in tables.values() for index in record.indexes
        }
        changed, self._changed = self._changed, trio.Event()
        changed.set()
