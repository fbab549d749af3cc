"""A node: one World, one set of actors. `run` is its life; a crash is the end of that task.

Order of birth: store, system (links), host (replicas), supervisor. What is wrong with the storage shows before
anything is running.
"""

from collections.abc import Callable
from typing import Final

import attrs
import trio

from trinamo.actor import Actor, System, supervise
from trinamo.base import NodeId
from trinamo.cluster import (
    SYSTEM_EPOCH,
    SYSTEM_PARTITION,
    Catalog,
    CatalogView,
    Deliveries,
    Indexer,
    NoSink,
    Retention,
    Router,
    Sink,
    Supervisor,
    Sweeper,
)
from trinamo.cluster.records import REPLICAS_MAX
from trinamo.gateway.clustered import ClusterDatabase
from trinamo.gateway.http.protocol import ApiRequest
from trinamo.gateway.operations import perform
from trinamo.lsm import GroupCommit, Store
from trinamo.node.weather import NodeClock
from trinamo.partition import Assignment, Host, Replica
from trinamo.partition.bounds import Bounds
from trinamo.world import Clock, World

CLUSTER_ID: Final = "trinamo"


@attrs.frozen(kw_only=True)
class NodeConfig:
    """What every node of a cluster is told alike."""

    nodes: tuple[NodeId, ...]
    partitions: int = 1
    spread_leaders: bool = False
    settled: bool = True
    shared: bool = False
    shard_s: float = 4 * 3600.0  # DynamoDB: about how long a shard is open
    stream_bytes: int = 256 << 20
    """What the change feeds of one node's replicas may hold together."""
    bounds: Bounds = Bounds()
    sink: Callable[[Clock], Sink] = lambda _: NoSink()
    """Makes what Kinesis destinations are in, for a node with this clock."""


class Node:
    """One life of a node. A restart makes another over the same storage."""

    def __init__(self, world: World, config: NodeConfig) -> None:
        self.view = CatalogView()
        clock = NodeClock(world.clock, world.weather, world.node, lambda: self.view.clock_offset_s)
        world = self.world = attrs.evolve(world, clock=clock)
        self.config = config
        self.id = world.node
        self.store = Store.open(world.storage)
        self.commit = GroupCommit(world.storage, self.store, world.sites)
        self.system = System(world, config.nodes, CLUSTER_ID)
        self.host = Host(world, self.system, self.store, self.commit, config.bounds)
        system_nodes = config.nodes[:REPLICAS_MAX]
        self.router = Router(world.clock, world.random, self.system, self.host, self.view, system_nodes)
        self.catalog = Catalog(
            self.system, self.router, self.view, world.random, config.nodes, config.partitions
        )
        sink = config.sink(world.clock)
        self.supervisor = Supervisor(
            world.clock,
            world.random,
            self.host,
            self.router,
            self.catalog,
            self.id,
            spread_leaders=config.spread_leaders,
            settled=config.settled,
            problem=sink.problem,
        )
        self.indexer = Indexer(world.clock, self.system, self.host, self.router, self.view)
        self.sweeper = Sweeper(
            world.clock,
            world.random,
            self.system,
            self.host,
            self.router,
            self.view,
            settled=config.settled,
        )
        self.retention = Retention(
            world.clock,
            self.system,
            self.host,
            self.router,
            self.catalog,
            shard_s=config.shard_s,
            bytes_max=config.stream_bytes,
        )
        self.deliveries = Deliveries(
            world.clock, world.random, self.system, self.host, self.router, self.view, sink
        )
        self.database = ClusterDatabase(
            world.clock, self.catalog, self.router, settled=config.settled, shared=config.shared
        )
        self.host.leadership_changed = self._leadership_changed
        self.router.in_touch = lambda: self.in_touch
        self.alive = False
        self.in_touch = True
        """Whether a leader of the system partition is known here, as far as this node can know."""
        self.ended = trio.Event()
        self._scope = trio.CancelScope()
        self._led: trio.Event = trio.Event()

    def __repr__(self) -> str:
        return f"<Node {self.id} {'alive' if self.alive else 'dead'} {self.host!r}>"

    async def handle(self, request: ApiRequest) -> bytes:
        """Perform an operation. Raises `ApiError`."""
        return await perform(
            self.database, request.operation, request.account, request.region, request.parameters
        )

    async def wait_ready(self) -> None:
        """Return when the system partition has a leader that this node knows."""
        while self.router.leader(SYSTEM_PARTITION) is None:
            await self._led.wait()
        await self.catalog.refresh()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled or crashed."""
        with self._scope:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.commit.run)
                    await nursery.start(self._run_host)
                    nursery.start_soon(self.system.run)
                    await self._assign_system()
                    nursery.start_soon(self._run_supervisor)
                    nursery.start_soon(self._run_actor, self.indexer)
                    nursery.start_soon(self._run_actor, self.sweeper)
                    nursery.start_soon(self._run_actor, self.retention)
                    nursery.start_soon(self._run_actor, self.deliveries)
                    self.alive = True
                    task_status.started()
            finally:
                self.alive = False
                self.system.stop()
                self.ended.set()

    def crash(self) -> None:
        """End at once: nothing more is sent or answered; what was written stays with the World's storage."""
        self.alive = False
        sever: Callable[[], None] | None = getattr(self.world.network, "sever", None)
        if sever is not None:
            sever()
        self.system.stop()
        self._scope.cancel()

    async def _run_host(self, *, task_status: trio.TaskStatus[None]) -> None:
        await self.host.run(task_status=task_status)

    async def _run_supervisor(self) -> None:
        supervisor = self.supervisor
        self.system.register(supervisor)

        def make() -> Supervisor:
            return supervisor

        await supervise(make, self.world.clock, lambda _: None, lambda _actor, _error, _again: None)

    async def _run_actor(self, actor: Actor) -> None:
        def make() -> Actor:
            return actor

        await supervise(make, self.world.clock, lambda _: None, lambda _actor, _error, _again: None)

    async def _assign_system(self) -> None:
        nodes = self.config.nodes[:REPLICAS_MAX]
        if self.id in nodes:
            first = self.id == nodes[0]
            await self.host.assign(
                Assignment(SYSTEM_PARTITION, b"", b"", SYSTEM_EPOCH, nodes, b"", eager=first)
            )

    def _leadership_changed(self, replica: Replica) -> None:
        if replica.partition == SYSTEM_PARTITION:
            self.in_touch = replica.core.leader is not None
            led, self._led = self._led, trio.Event()
            led.set()
            self.supervisor.wake()
        else:
            self.indexer.wake()
            self.sweeper.wake()
            self.deliveries.wake()
