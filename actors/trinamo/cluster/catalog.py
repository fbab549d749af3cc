"""The catalog: its changes, each one entry of the system partition, told to every node when committed."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import attrs

from trinamo.actor import System
from trinamo.base import NodeId, PartitionId
from trinamo.cluster.records import (
    COUNTERS_KEY,
    REPLICAS_MAX,
    SYSTEM_EPOCH,
    TABLES_END,
    TABLES_PREFIX,
    CatalogChanged,
    Counters,
    IndexRecord,
    PartitionRecord,
    TableRecord,
    decode_record,
    encode_record,
    settings_of,
)
from trinamo.cluster.router import Router
from trinamo.cluster.view import CatalogView
from trinamo.model.tables import Destination, TableAddress, TableSpec, TableStatus, at_creation
from trinamo.partition.messages import Get, Read, Swap
from trinamo.partition.stored import item_of
from trinamo.ring import place, split_evenly, token_of
from trinamo.world import Random

SUPERVISOR: Final = "supervisor"
_ROWS_MAX: Final = 1 << 30
RETIRED_MAX: Final = 16
"""Deleted tables whose streams are kept. Each costs as much as a table that nobody uses; tests delete many."""
_ARRIVING: Final = (TableStatus.CREATING, TableStatus.UPDATING)


class Change(NamedTuple):
    """Records to write and keys to remove; ids used up, and where the wall clock's offset is then (None: as it is)."""

    tables: Sequence[TableRecord]
    removed: Sequence[bytes]
    partitions: int = 0
    clock_offset_us: int | None = None


Tables = dict[TableAddress, TableRecord]
Decide = Callable[[Counters, Tables], Change | None]


class Catalog:
    """Reads and changes the catalog from any node."""

    def __init__(
        self,
        system: System,
        router: Router,
        view: CatalogView,
        random: Random,
        nodes: tuple[NodeId, ...],
        partitions: int,
    ) -> None:
        self.view = view
        self._system = system
        self._router = router
        self._random = random
        self._nodes = nodes
        self._partitions = partitions

    def __repr__(self) -> str:
        return f"<Catalog {self.view!r}>"

    # -- reading ----------------------------------------------------------------------------------------------

    async def is_current(self) -> bool:
        """Whether the view is as new as the catalog."""
        counters, _ = await self._read_counters()
        return counters.version <= self.view.version

    async def refresh(self) -> None:
        """Bring the view up to date."""
        while True:
            counters, _ = await self._read_counters()
            if counters.version <= self.view.version:
                return
            tables = await self._read_tables()
            again, _ = await self._read_counters()
            if again == counters:
                self.view.replace(counters, tables)
                return

    async def _read_counters(self) -> tuple[Counters, bytes | None]:
        route = self._router.system_route
        found = await self._router.call(route, Get(SYSTEM_EPOCH, (COUNTERS_KEY,)))
        value = found.values[0]
        if value is None:
            return Counters(), None
        item = item_of(value)
        counters = decode_record(item)
        assert isinstance(counters, Counters)
        return counters, item

    async def _read_tables(self) -> dict[TableAddress, TableRecord]:
        tables: dict[TableAddress, TableRecord] = {}
        start = TABLES_PREFIX
        while True:
            read = Read(SYSTEM_EPOCH, start, TABLES_END, _ROWS_MAX, _ROWS_MAX)
            rows = await self._router.call(self._router.system_route, read)
            for key, value in rows.rows:
                record = decode_record(item_of(value))
                assert isinstance(record, TableRecord)
                tables[record.address] = record
                start = key + b"\x00"
            if rows.done:
                return tables

    # -- changing ---------------------------------------------------------------------------------------------

    async def change(self, decide: Decide) -> Change | None:
        """Commit what `decide` makes of the current catalog, and tell every node.

        `decide` may be asked again when somebody else was faster; it may raise, and None means no change.
        Raises `OutcomeUnknown` when nobody knows whether it was committed.
        """
        while True:
            counters, found = await self._read_counters()
            if counters.version != self.view.version:
                await self.refresh()
                continue
            change = decide(counters, self.view.tables)
            if change is None:
                return None
            offset = change.clock_offset_us
            new = attrs.evolve(
                counters,
                version=counters.version + 1,
                partition=counters.partition + change.partitions,
                clock_offset_us=counters.clock_offset_us if offset is None else offset,
            )
            writes: list[tuple[bytes, bytes | None]] = [(COUNTERS_KEY, encode_record(new))]
            writes += [(record.key, encode_record(record)) for record in change.tables]
            writes += [(key, None) for key in change.removed]
            swap = Swap(SYSTEM_EPOCH, ((COUNTERS_KEY, found),), tuple(writes))
            swapped = await self._router.call(self._router.system_route, swap)
            if swapped.done:
                self._tell(counters, new, change)
                return change
            await self.refresh()

    def _tell(self, old: Counters, new: Counters, change: Change) -> None:
        message = CatalogChanged(old.version, new, tuple(change.tables), tuple(change.removed))
        self.view.apply(message)
        for node in self._nodes:
            if node != self._system.node:
                self._system.tell(node, SUPERVISOR, message)

    async def create_table(
        self, address: TableAddress, spec: TableSpec, now: float, admit: Callable[[Tables], None]
    ) -> TableRecord:
        """Declare a table, CREATING, with its partitions placed. `admit` raises if the tables there forbid it."""
        table_id = self._draw_id()

        def decide(counters: Counters, tables: Tables) -> Change:
            admit(tables)
            partitions = self._placed(table_id, counters.partition)
            account, region, _ = address
            declared = at_creation(spec, now)
            bare = TableRecord(account, region, table_id, declared, TableStatus.CREATING, now, partitions)
            record = bare.with_streams(now)
            record, used = self._with_indexes(record, counters.partition + len(partitions))
            return Change([record], [], len(partitions) + used)

        change = await self.change(decide)
        assert change is not None
        return change.tables[0]

    async def add(self, records: Sequence[TableRecord]) -> Sequence[TableRecord]:
        """Add tables like these, with ids and partitions of their own, by one entry."""
        ids = [self._draw_id() for _ in records]

        def decide(counters: Counters, _: Tables) -> Change:
            first = counters.partition
            added: list[TableRecord] = []
            for record, table_id in zip(records, ids, strict=True):
                partitions = self._placed(table_id, first)
                first += len(partitions)
                bare = attrs.evolve(record, table_id=table_id, partitions=partitions, indexes=())
                whole, used = self._with_indexes(bare, first)
                first += used
                added.append(whole)
            return Change(added, [], first - counters.partition)

        change = await self.change(decide)
        assert change is not None
        return change.tables

    def _with_indexes(self, record: TableRecord, first: int) -> tuple[TableRecord, int]:
        """Give each global index of the spec to come a record, and partitions whose ids count from `first`.

        Those that will go are marked. Returns the table and how many ids were used.
        """
        coming = {index.name for index in record.coming.global_indexes}
        indexes = [
            index if index.name in coming else attrs.evolve(index, status=TableStatus.DELETING)
            for index in record.indexes
        ]
        used = 0
        there = {index.name for index in record.indexes}
        for spec in record.coming.global_indexes:
            if spec.name not in there:
                index_id = self._draw_id()
                partitions = self._placed(index_id, first + used)
                used += len(partitions)
                indexes.append(IndexRecord(spec.name, index_id, TableStatus.CREATING, partitions))
        return attrs.evolve(record, indexes=tuple(indexes)), used

    def _placed(self, table_id: str, first: int) -> tuple[PartitionRecord, ...]:
        """Divide the key space evenly and place the replicas of each partition; ids count from `first`."""
        bounds = split_evenly(self._partitions)
        tokens = [token_of(f"{table_id}/{number}".encode()) for number in range(len(bounds))]
        placed = place(tokens, self._nodes, REPLICAS_MAX)
        return tuple(
            PartitionRecord(PartitionId(first + number), start, end, 1, replicas)
            for number, ((start, end), replicas) in enumerate(zip(bounds, placed, strict=True))
        )

    async def alter_table(self, alter: Callable[[Tables], TableRecord]) -> TableRecord:
        """Commit what `alter` makes of one of the tables, and return it; it may raise. No change is no commit."""
        altered: TableRecord | None = None

        def decide(counters: Counters, tables: Tables) -> Change | None:
            nonlocal altered
            altered, used = self._with_indexes(alter(tables), counters.partition)
            return None if altered == tables[altered.address] else Change([altered], [], used)

        await self.change(decide)
        assert altered is not None
        return altered

    async def activate(self, prepared: TableRecord) -> None:
        """End a table's creation or update, with the spec that is then in force; but no other than was prepared for."""

        def decide(_: Counters, tables: Tables) -> Change | None:
            for record in tables.values():
                arriving = record.table_id == prepared.table_id and record.status in _ARRIVING
                if arriving and settings_of(record) == settings_of(prepared):
                    return Change([record.at_rest()], [])
            return None

        await self.change(decide)

    async def activate_expiry(self, prepared: TableRecord) -> None:
        """End a change of a table's time to live; but only of the one that was prepared for."""

        def decide(_: Counters, tables: Tables) -> Change | None:
            for record in tables.values():
                same = record.table_id == prepared.table_id and record.with_expiry() != record
                if same and settings_of(record) == settings_of(prepared):
                    return Change([record.with_expiry()], [])
            return None

        await self.change(decide)

    async def arrive_destinations(
        self, prepared: TableRecord, problem: Callable[[Destination], str | None]
    ) -> None:
        """End a change of a table's Kinesis destinations; but only of the one that was prepared for."""

        def decide(_: Counters, tables: Tables) -> Change | None:
            for record in tables.values():
                same = record.table_id == prepared.table_id and record.changes_destinations
                if same and record.coming.destinations == prepared.coming.destinations:
                    return Change([record.with_destinations(problem)], [])
            return None

        await self.change(decide)

    async def activate_index(self, table_id: str, index_id: str) -> None:
        """End the filling of a global index."""

        def decide(_: Counters, tables: Tables) -> Change | None:
            for record in tables.values():
                if record.table_id == table_id and record.with_filled(index_id) != record:
                    return Change([record.with_filled(index_id)], [])
            return None

        await self.change(decide)

    async def remove(self, chosen: Callable[[TableRecord], bool]) -> None:
        """Take tables out of the catalog, by one entry."""

        def decide(_: Counters, tables: Tables) -> Change | None:
            removed = [record.key for record in tables.values() if chosen(record)]
            return Change([], removed) if removed else None

        await self.change(decide)

    async def retire(self, table_id: str) -> None:
        """Take a table out of the catalog but for what its streams need; of tables retired long ago, that too."""

        def decide(_: Counters, tables: Tables) -> Change | None:
            for record in tables.values():
                if record.table_id == table_id and not record.retired:
                    retired = [each for each in tables.values() if each.retired]
                    retired.sort(key=lambda each: max(stream.disabled_at or 0 for stream in each.streams))
                    forgotten = retired[: max(0, len(retired) + 1 - RETIRED_MAX)]
                    return Change([record.as_retired()], [record.key, *(each.key for each in forgotten)])
            return None

        await self.change(decide)

    async def end_streams(self, table_id: str, now: float) -> None:
        """Take the streams of a table out of the catalog that are over, and a retired table with its last."""

        def decide(_: Counters, tables: Tables) -> Change | None:
            for record in tables.values():
                without = record.without_streams(now)
                if record.table_id == table_id and without != record:
                    gone = record.retired and not without.streams
                    return Change([], [record.key]) if gone else Change([without], [])
            return None

        await self.change(decide)

    async def reset(self) -> None:
        """Take all tables out of the catalog and undo every advance of the clock, by one entry."""

        def decide(counters: Counters, tables: Tables) -> Change | None:
            removed = [record.key for record in tables.values()]
            return Change([], removed, 0, 0) if removed or counters.clock_offset_us else None

        await self.change(decide)

    async def advance_clock(self, seconds: float) -> int:
        """Move the wall clock of every node ahead. Returns the new offset in microseconds."""

        def decide(counters: Counters, _: Tables) -> Change:
            return Change([], [], 0, counters.clock_offset_us + round(seconds * 1e6))

        change = await self.change(decide)
        assert change is not None
        assert change.clock_offset_us is not None
        return change.clock_offset_us

    def _draw_id(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
