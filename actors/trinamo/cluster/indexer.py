"""The indexer of a node: brings what the partitions led here change to the global indexes of their tables.

For each partition and index there is one conversation (PROTOCOLS 5): the feed is read from where the index is, changes of
items become changes of entries, and every partition of the index is told the same range of the log, with what of it is
its own, if anything. When all have committed, the index has taken the range.

1. How far an index is, its own partitions say; a conversation remembers nothing that is not true whoever leads.
2. Two nodes that both believe to lead derive the same from the same log: an index takes each range once, from either.
3. Ranges end with an entry of the log: an index never holds half of what was committed together.
4. The cursor in the source's partition follows lazily, for it only says what may be trimmed.
"""

from collections.abc import Callable
from typing import Final

import attrs
import trio

from trinamo.actor import System
from trinamo.base import OperatingError, PartitionId, StorageError
from trinamo.cluster.conversations import Conversation, Conversations, Key
from trinamo.cluster.records import IndexRecord, PartitionRecord, TableRecord
from trinamo.cluster.router import Router
from trinamo.cluster.view import CatalogView
from trinamo.model.tables import TableAddress, TableStatus
from trinamo.partition import Host, Replica
from trinamo.partition.consumers import Consumers
from trinamo.partition.feed import Change, cursor_of, decode_change
from trinamo.partition.globalindexes import EntryChange, GlobalIndex
from trinamo.partition.messages import Keep, ReadCursors, ReadFeed, TakeChanges
from trinamo.world import Clock

INDEXER: Final = "indexer"
ROWS_AT_ONCE: Final = 100  # PROTOCOLS 3
BYTES_AT_ONCE: Final = 1 << 20
ROWS_PER_STRETCH: Final = 32  # deriving takes some 30 µs a row
KEEP_ENTRIES: Final = 256  # how far a cursor is behind at most ...
KEEP_S: Final = 0.5  # ... or for about how long
RETRY_S: Final = 0.1  # an index that nobody leads is asked again, after the router has given up

Lag = Callable[[TableAddress, str], float]
"""By how many seconds an index is behind on purpose."""


class Indexer(Conversations[str]):
    """All conversations of a node with global indexes."""

    def __init__(self, clock: Clock, system: System, host: Host, router: Router, view: CatalogView) -> None:
        super().__init__(INDEXER, clock, system, host, view, retry_s=RETRY_S)
        self.router = router
        self.sites = system.world.sites
        self._lag: Lag = lambda _table, _index: 0.0

    def lag(self, lag: Lag) -> None:
        """Be behind as this says, from now on."""
        self._lag = lag
        self.wake()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._remind)
            await super().run()

    async def _remind(self) -> None:
        while True:
            await self.clock.sleep_until(self.clock.monotonic() + KEEP_S)
            for conversation in self._conversations.values():
                assert isinstance(conversation, _Conversation)
                conversation.remind()

    def _wanted(self) -> dict[Key[str], None]:
        return {
            Key(route.partition, index.index_id): None
            for record in self._view.tables.values()
            if record.indexes and record.status is not TableStatus.DELETING
            for route in record.partitions
            if self.leader(route.partition) is not None
            for index in record.indexes
        }

    def _begin(self, key: Key[str]) -> "_Conversation":
        return _Conversation(self, key)

    # -- what conversations ask of it -------------------------------------------------------------------------

    def find(self, key: Key[str]) -> "_Found | None":
        """Return the partition and the index of a conversation, if both are still there and the partition is led here."""
        replica, route = self.leader(key.partition), self._view.partitions.get(key.partition)
        known = self._view.indexes.get(key.consumer)
        if replica is None or route is None or known is None:
            return None
        return _Found(replica, route, *known)

    def lag_s(self, record: TableRecord, index: str) -> float:
        return self._lag(record.address, index)


@attrs.frozen
class _Found:
    replica: Replica
    route: PartitionRecord
    record: TableRecord
    index: IndexRecord


@attrs.define
class _Range:
    """Changes of the entries up to `up_to`; the next begins there."""

    up_to: int
    changes: list[Change]


class _Conversation(Conversation[str]):
    """One partition and one index, from learning where they are until they part."""

    def __init__(self, indexer: Indexer, key: Key[str]) -> None:
        super().__init__(key)
        self._indexer = indexer
        self._source = f"p{key.partition}"
        self._positions: dict[PartitionId, int] = {}
        self._at = 0  # up to where the index has come
        self._kept = 0  # and its cursor
        self._reminded = False

    def remind(self) -> None:
        """Time has passed: a cursor that is behind shall follow."""
        if self._at > self._kept:
            self._reminded = True
            self.ring()

    async def run(self) -> None:
        consumers: Consumers | None = None
        await self._learn()
        while (found := self._indexer.find(self.key)) is not None:
            self.hush()
            if self.listen(found.replica) is not consumers:
                consumers = found.replica.consumers
                self._kept = consumers.position(self.key.consumer)
            if not await self._go_on(found, consumers):
                await self.rung()

    async def _go_on(self, found: "_Found", consumers: Consumers) -> bool:
        """Do what there is to be done; False if there is nothing until the bell rings."""
        index_id = self.key.consumer
        if index_id not in found.replica.settings.indexes:
            return False
        consumers.taken(index_id, min(self._positions.values()))
        self._at = consumers.position(index_id)
        follows = self._reminded or self._at - self._kept >= KEEP_ENTRIES
        if follows or (self._at > self._kept and self._indexer.sites.sometimes("index: cursor at once")):
            await self._keep(found)
            return True
        if self._at >= consumers.last:
            return False
        sent, due = self._read(found, self._at)
        if sent is None:
            assert due is not None
            await self._wait_until(due)
        else:
            await self._send(found, sent)
        return True

    async def _wait_until(self, moment: float) -> None:
        """Return at a moment, or when the bell rings."""
        async with trio.open_nursery() as nursery:

            async def end_at_bell() -> None:
                await self.rung()
                nursery.cancel_scope.cancel()

            nursery.start_soon(end_at_bell)
            await self._indexer.clock.sleep_until(moment)
            nursery.cancel_scope.cancel()

    async def _learn(self) -> None:
        found = self._indexer.find(self.key)
        for route in () if found is None else found.index.partitions:
            cursors = await self._indexer.router.call(route, ReadCursors(route.epoch))
            self._positions[route.partition] = cursors.positions.get(self._source, 0)

    def _read(self, found: _Found, at: int) -> tuple[_Range | None, float | None]:
        """Return what to send next; None if that is not due before a moment, on purpose."""
        replica, epoch = found.replica, found.route.epoch
        count = 1 if self._indexer.sites.sometimes("index: a change at once") else ROWS_AT_ONCE
        rows = replica.read_feed(ReadFeed(epoch, at + 1, 0, count, BYTES_AT_ONCE))
        if rows.oldest > at + 1:
            raise StorageError(f"the feed before {rows.oldest} is gone, the index has taken it up to {at}")
        taken = list(rows.rows)
        index, number = rows.rest
        if number:  # it may have stopped within an entry
            whole = [row for row in taken if row[0] < index]
            while not whole and number:
                rows = replica.read_feed(ReadFeed(epoch, index, number, ROWS_AT_ONCE, BYTES_AT_ONCE))
                taken += [row for row in rows.rows if row[0] == index]
                if rows.rest[0] != index:
                    break
                number = rows.rest[1]
            taken = whole or taken
        ahead = [position for position in self._positions.values() if position > at]
        end = min([taken[-1][0], *ahead])
        changes = [(index, decode_change(record)) for index, _, record in taken if index <= end]
        lag_s = self._indexer.lag_s(found.record, found.index.name)
        if lag_s:
            came_at, now = replica.consumers.came_at, self._indexer.clock.monotonic()
            due = [index for index, _ in changes if came_at(index) + lag_s <= now]
            if not due:
                return None, came_at(changes[0][0]) + lag_s
            end = due[-1]
        return _Range(end, [change for index, change in changes if index <= end]), None

    async def _send(self, found: _Found, sent: _Range) -> None:
        """Bring a range to all partitions of the index that have not taken it."""
        record, index = found.record, found.index
        spec = next((each for each in record.coming.global_indexes if each.name == index.name), None)
        if spec is None:  # it is going
            await self.rung()
            return
        starts = tuple(route.start for route in index.partitions)
        filling = index.status is not TableStatus.ACTIVE
        deriving = GlobalIndex.make(record.spec.keys, spec, starts, filling=filling)
        derived: list[dict[bytes, EntryChange]] = [{} for _ in starts]
        for first in range(0, len(sent.changes), ROWS_PER_STRETCH):
            if first:
                await trio.lowlevel.checkpoint()
            deriving.derive(sent.changes[first : first + ROWS_PER_STRETCH], derived)

        async def tell(route: PartitionRecord, changes: dict[bytes, EntryChange]) -> None:
            after = self._positions[route.partition]
            if after >= sent.up_to:
                return
            take = TakeChanges(route.epoch, self._source, after, sent.up_to, tuple(changes.values()))
            taken = await self._indexer.router.call(route, take)
            self._positions[route.partition] = taken.position
            self._indexer.sites.passes("index: told one partition")

        parts = list(zip(index.partitions, derived, strict=True))
        if len(parts) == 1:
            await tell(*parts[0])
            return
        errors: list[OperatingError] = []

        async def try_to_tell(route: PartitionRecord, changes: dict[bytes, EntryChange]) -> None:
            try:
                await tell(route, changes)
            except OperatingError as error:
                errors.append(error)

        async with trio.open_nursery() as nursery:
            for part in parts:
                nursery.start_soon(try_to_tell, *part)
        if errors:
            raise errors[0]

    async def _keep(self, found: _Found) -> None:
        """Move the cursor, and trim what no other consumer needs."""
        at = self._at
        keep = Keep(found.route.epoch, {cursor_of(self.key.consumer): at}, at + 1)
        await self._indexer.router.call(found.route, keep)
        self._kept, self._reminded = at, False
