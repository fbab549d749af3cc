"""The supervisor: an actor on every node that keeps the node's replicas as the catalog wants them.

The one beside the leader of the system partition is the active one and moves tables through their lives. Every step
looks only at the catalog, so it is idempotent and goes on after a failover:

    CREATING  → every partition has a leader and its settings      → ACTIVE
    UPDATING  → the same with the next spec, which is then in force → ACTIVE
    DELETING  → replicas are dismissed                              → gone
    DELETING, with streams that are kept → shards are closed         → retired, until these are over

An index that was added to a table is then filled, and ACTIVE after that. A change of the time to live, or of Kinesis
destinations, is over when every partition has it.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
import trio

from trinamo.actor import Actor, Envelope
from trinamo.base import NodeId, OperatingError, StorageError
from trinamo.cluster.catalog import SUPERVISOR, Catalog
from trinamo.cluster.indexfilling import fill, prepare
from trinamo.cluster.records import SYSTEM_PARTITION, CatalogChanged, PartitionRecord, TableRecord
from trinamo.cluster.router import Router
from trinamo.model.destinations import taking
from trinamo.model.tables import TableStatus
from trinamo.partition import Assignment, Host
from trinamo.partition.localindexes import schema_of
from trinamo.world import Clock, Random

LOOK_S: Final = (
    0.5  # how often a node looks whether it missed a change, and whether leaders are where they should be
)

PASSING_MIN_S: Final = 0.3
PASSING_MAX_S: Final = 2.0
"""How long tables take to come, change and go where things are realistic: less than on AWS, but long enough to be met."""

_PASSING: Final = (TableStatus.CREATING, TableStatus.UPDATING, TableStatus.DELETING)
_log = structlog.get_logger("trinamo.cluster")


class Supervisor(Actor):
    """Brings one node in line with the catalog."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        host: Host,
        router: Router,
        catalog: Catalog,
        node: NodeId,
        *,
        spread_leaders: bool,
        settled: bool,
        problem: Callable[[str], Awaitable[str | None]],
    ) -> None:
        """`problem` says why changes cannot go to a Kinesis data stream, None if they can."""
        super().__init__(SUPERVISOR)
        self._problem = problem
        self._clock = clock
        self._host = host
        self._router = router
        self._catalog = catalog
        self._node = node
        self._spread = spread_leaders
        self._settled = settled
        self._random = random
        self._missed = False
        self._woken = trio.Event()
        self._changing = trio.Lock()  # many tables that change at once would only refuse each other's swaps

    def __repr__(self) -> str:
        return f"<Supervisor {self._node} {self._catalog.view!r}>"

    def receive(self, batch: list[Envelope]) -> None:
        for envelope in batch:
            message = envelope.message
            if isinstance(message, CatalogChanged) and not self._catalog.view.apply(message):
                self._missed = True
                self._woken.set()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(super().run)
            nursery.start_soon(self._keep_replicas)
            nursery.start_soon(self._keep_tables)
            nursery.start_soon(self._look)

    def wake(self) -> None:
        """Look at the tables again: leadership has moved."""
        self._woken.set()

    def preferred(self, route: PartitionRecord) -> NodeId:
        """Who should lead: where the gateway is, so that requests need no hop, unless leaders shall be spread."""
        return route.replicas[0] if self._spread else min(route.replicas, key=_node_number)

    async def _keep_replicas(self) -> None:
        view, done = self._catalog.view, -1
        while True:
            if view.version == done:
                await view.wait_change()
                continue
            done = view.version
            self._woken.set()
            try:
                await self._match_replicas()
            except StorageError as error:
                _log.error("replicas not kept", node=self._node, reason=str(error))

    async def _match_replicas(self) -> None:
        wanted: dict[int, Assignment] = {}
        for record in list(self._catalog.view.tables.values()):
            going = record.status is TableStatus.DELETING
            if going and not record.streams:
                continue
            schema, owner = schema_of(record.spec), record.table_id.encode()
            groups: list[tuple[TableStatus, tuple[PartitionRecord, ...], bytes]] = [
                (record.status, record.partitions, schema)
            ]
            groups += [(index.status, index.partitions, b"") for index in record.indexes if not going]
            for status, routes, its_schema in groups:
                for route in routes:
                    if self._node in route.replicas:
                        eager = self.preferred(route) == self._node and status is TableStatus.CREATING
                        wanted[route.partition] = Assignment(
                            route.partition,
                            route.start,
                            route.end,
                            route.epoch,
                            route.replicas,
                            owner,
                            eager,
                            its_schema,
                        )
        for held in self._host.store.records():
            if held.partition not in wanted and held.partition != SYSTEM_PARTITION:
                await self._host.dismiss(held.partition)
        for assignment in wanted.values():
            await self._host.assign(assignment)

    async def _keep_tables(self) -> None:
        """As the active supervisor, move tables on: each by itself, for one may wait long for its leaders."""
        moving: set[str] = set()

        async def move(record: TableRecord, version: int) -> None:
            try:
                await self._move(record, version)
            except OperatingError as error:
                _log.info("table waits", node=self._node, table=record.spec.name, reason=str(error))
            else:
                self._woken.set()  # its status may have changed meanwhile
            finally:
                moving.remove(record.table_id)

        async with trio.open_nursery() as nursery:
            while True:
                self._woken = trio.Event()
                if self._is_active():
                    await self._catch_up()
                    for record in self._catalog.view.tables.values():
                        if not record.shown:
                            continue  # whoever fills it makes it ACTIVE
                        if _is_passing(record) and record.table_id not in moving:
                            moving.add(record.table_id)
                            nursery.start_soon(move, record, self._catalog.view.version)
                await self._woken.wait()

    def _is_active(self) -> bool:
        replica = self._host.replicas.get(SYSTEM_PARTITION)
        return replica is not None and replica.core.leads

    async def _catch_up(self) -> None:
        """Learn what was missed; failing that, `_look` will, and wakes us then."""
        if self._missed or self._catalog.view.version < 0:
            try:
                await self._catalog.refresh()
                self._missed = False
            except OperatingError as error:
                _log.info("catalog not read", node=self._node, reason=str(error))

    async def _move(self, record: TableRecord, version: int) -> None:
        """Take one table, of the catalog of this version, to its next status."""
        table_id = record.table_id
        if not self._settled:  # as on AWS, where it takes seconds
            passing_s = PASSING_MIN_S + self._random.random() * (PASSING_MAX_S - PASSING_MIN_S)
            await self._clock.sleep_until(self._clock.monotonic() + passing_s)
        if record.status is TableStatus.ACTIVE:
            await self._change_expiry(record, version)
            await self._change_destinations(record, version)
            await self._fill_indexes(record)
            return
        going = record.status is TableStatus.DELETING
        if not going or record.streams:
            await prepare(self._router, record, version)
            self._host.sites.passes("table: prepared, not recorded")
        async with self._changing:
            if going and record.streams:
                await self._catalog.retire(table_id)
            elif going:
                await self._catalog.remove(lambda other: other.table_id == table_id)
            else:
                await self._catalog.activate(record)

    async def _change_expiry(self, record: TableRecord, version: int) -> None:
        if record.with_expiry() != record:
            await prepare(self._router, record, version)
            async with self._changing:
                await self._catalog.activate_expiry(record)

    async def _change_destinations(self, record: TableRecord, version: int) -> None:
        if not record.changes_destinations:
            return
        problems: dict[int, str] = {}
        for each in taking(record.coming):
            problem = await self._problem(each.stream_arn)
            if problem is not None:
                problems[each.number] = problem
        arrived = record.with_destinations(lambda each: problems.get(each.number))
        await prepare(self._router, arrived, version)
        async with self._changing:
            await self._catalog.arrive_destinations(record, lambda each: problems.get(each.number))

    async def _fill_indexes(self, record: TableRecord) -> None:
        for index in record.indexes:
            if index.status is TableStatus.CREATING:
                await fill(self._router, record, index.index_id)
                async with self._changing:
                    await self._catalog.activate_index(record.table_id, index.index_id)

    async def _look(self) -> None:
        """Catch up with what was missed, and bring leadership home."""
        while True:
            try:
                await self._catalog.refresh()
            except OperatingError as error:
                _log.info("catalog not read", node=self._node, reason=str(error))
            self._woken.set()
            self._bring_leaders_home()
            await self._clock.sleep_until(self._clock.monotonic() + LOOK_S)

    def _bring_leaders_home(self) -> None:
        routes = [self._router.system_route, *self._catalog.view.partitions.values()]
        for route in routes:
            replica, home = self._host.replicas.get(route.partition), self.preferred(route)
            if replica is None or home == self._node or not replica.core.settled:
                continue
            status = replica.core.status()
            for peer in status.peers:
                if peer.node == home and peer.active and peer.match >= status.commit:
                    replica.transfer(home)


def _is_passing(record: TableRecord) -> bool:
    filling = any(index.status is TableStatus.CREATING for index in record.indexes)
    changing = record.with_expiry() != record or record.changes_destinations
    return record.status in _PASSING or filling or changing


def _node_number(node: NodeId) -> tuple[int, str]:
    digits = "".join(character for character in node if character.isdigit())
    return int(digits or 0), node
