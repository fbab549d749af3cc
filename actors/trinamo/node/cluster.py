"""A cluster: several nodes in one process, each with a World of its own, and what the process shows of them.

`faults` is what is broken on purpose: see `trinamo.node.breaking`.

A request goes to the gateway of the first node that lives (PROTOCOLS 4) and is in touch with the others. A crashed node's storage stays in its World,
and a restart is a new `Node` over it.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import orjson
import trio

from trinamo.base import NodeId, OperatingError, PartitionId
from trinamo.cluster import SYSTEM_PARTITION, TableCopy, TableRecord, copy_out, put_back
from trinamo.faults import BadFault
from trinamo.gateway.control import BadControlRequest
from trinamo.gateway.http.protocol import DEFAULT_ACCOUNT, DYNAMODB, STREAMS, TARGETS, ApiRequest
from trinamo.model.errors import ApiError, internal_server_error, service_unavailable
from trinamo.node.breaking import ClusterFaults
from trinamo.node.checkpoints import Checkpoints
from trinamo.node.config import Config
from trinamo.node.directory import storages
from trinamo.node.kinesis import sink_of
from trinamo.node.node import Node, NodeConfig
from trinamo.node.shardreader import Means
from trinamo.node.triggers import Triggers
from trinamo.world import (
    MemoryHub,
    Network,
    Storage,
    SystemClock,
    TcpNetwork,
    World,
    seeded_random,
    system_random,
)

SNAPSHOTS_MAX = 64
BARRIER_S = 10.0  # how long a snapshot may wait for the requests in flight, and take
BARRIER_LOOK_S = 0.001
SWEEP_S = 10.0  # how long an advance of the clock may wait for what has expired then to be deleted
SWEEP_LOOK_S = 0.01
START_MAX_S = 10.0  # a cluster that has no leader by then will not get one


@attrs.define
class Seat:
    """A node's place in the process: what outlives its lives."""

    id: NodeId
    storage: Storage
    node: Node | None = None


class Cluster:
    """Several nodes in one process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = SystemClock()
        self.random = system_random() if config.seed is None else seeded_random(config.seed)
        self.node_config = NodeConfig(
            nodes=config.node_ids,
            partitions=config.partitions,
            spread_leaders=config.spread_leaders,
            settled=config.mode == "settled",
            shared=config.shared,
            shard_s=config.shard_hours * 3600,
            stream_bytes=config.stream_bytes // config.nodes,
            sink=sink_of(config.kinesis_endpoint),
        )
        self.faults = ClusterFaults(self)
        checkpoints = Checkpoints(None if config.data is None else self.ask)
        self.triggers = Triggers(Means(self.ask, self.clock, self._wall, self.random, checkpoints))
        self._hub = MemoryHub()
        self._addresses: dict[NodeId, tuple[str, int]] = dict.fromkeys(config.node_ids, ("127.0.0.1", 0))
        self._seats: dict[NodeId, Seat] = {}
        self._nursery: trio.Nursery | None = None
        self._in_flight = 0
        self._closed: trio.Event | None = None
        self._copied = 0
        self._snapshots: dict[str, tuple[Callable[[TableRecord], bool], list[TableCopy]]] = {}

    def __repr__(self) -> str:
        return f"<Cluster {self.config.summary}>"

    @property
    def nodes(self) -> list[Node]:
        """The nodes that live, in order."""
        return [seat.node for seat in self._seats.values() if seat.node is not None and seat.node.alive]

    # -- running ----------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start all nodes, say so when requests can be served, and run until cancelled."""
        opened = storages(self.config)
        try:
            self._seats = {node: Seat(node, storage) for node, storage in opened.items()}
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self.faults.run)
                nursery.start_soon(self.triggers.run, self.config.triggers)
                for seat in self._seats.values():
                    await self.begin(seat)
                with trio.move_on_after(START_MAX_S) as waiting:
                    await self.nodes[0].wait_ready()
                if waiting.cancelled_caught:
                    raise OSError("the cluster found no leader")
                task_status.started()
                await trio.sleep_forever()  # also while no node lives: one may be started again
        finally:
            for storage in opened.values():
                storage.close()

    async def begin(self, seat: Seat) -> None:
        """Begin a life of a node, over what its storage holds."""
        assert self._nursery is not None
        network = await self._network(seat.id)
        world = World(seat.id, self.clock, network, seat.storage, self.random, self.faults.weather)
        seat.node = Node(world, self.node_config)
        self.faults.prepare(seat.node)
        await self._nursery.start(seat.node.run)

    async def _network(self, node: NodeId) -> Network:
        if self.config.transport == "memory":
            return self._hub.network(node)
        network = TcpNetwork(node, self._addresses)
        await network.bind()
        return network

    # -- requests ---------------------------------------------------------------------------------------------

    async def handle(self, request: ApiRequest) -> bytes | ApiError:
        while self._closed is not None:
            await self._closed.wait()
        self._in_flight += 1
        try:
            return await self._handle(request)
        except ApiError as error:
            return error
        except OperatingError:
            return internal_server_error()
        finally:
            self._in_flight -= 1

    async def ask(
        self, operation: str, parameters: dict[str, Any], region: str | None = None
    ) -> dict[str, Any]:
        """Perform an operation of the API, JSON trees in and out, as the default account. Raises `ApiError`."""
        service = STREAMS if f"{STREAMS}.{operation}".encode() in TARGETS else DYNAMODB
        body: dict[str, Any] = orjson.loads(orjson.dumps(parameters))  # it becomes the cluster's
        where = region or self.config.region
        answer = await self.handle(ApiRequest(operation, service, body, DEFAULT_ACCOUNT, where))
        if isinstance(answer, ApiError):
            raise answer
        tree: dict[str, Any] = orjson.loads(answer)
        return tree

    def _wall(self) -> float:
        for node in self.nodes:
            return node.world.clock.wall()
        return self.clock.wall()

    async def _handle(self, request: ApiRequest) -> bytes:
        node = self._gateway()
        try:
            return await self._ask(node, request)
        except ApiError as error:
            # 503: surely nothing was done. A node that was parted meanwhile could reach nobody; another may.
            other = node if error.status != 503 or node.in_touch else self._gateway()
            if other is node:
                raise
        return await self._ask(other, request)

    async def _ask(self, node: Node, request: ApiRequest) -> bytes:
        if self.faults.any:
            return await self.faults.handle(node, request)
        return await node.handle(request)

    def _gateway(self) -> Node:
        """The first node that lives and knows a leader, else the first that lives: as a load balancer would choose."""
        first: Node | None = None
        for seat in self._seats.values():
            node = seat.node
            if node is not None and node.alive:
                if node.in_touch:
                    return node
                first = first or node
        if first is None:
            raise service_unavailable()
        return first

    # -- copies -----------------------------------------------------------------------------------------------

    async def snapshot(self, account: str | None = None, region: str | None = None) -> str:
        """Copy all tables, or those of one account and region, as of one moment; return the id to `restore` by.

        Copies are in memory and end with the process, or a `reset`. Raises `BadControlRequest`.
        """
        if len(self._snapshots) >= SNAPSHOTS_MAX:
            raise BadControlRequest(f"there are {SNAPSHOTS_MAX} snapshots already; a reset forgets them")
        node, chosen = self._any_node(), _of(account, region)
        with trio.move_on_after(BARRIER_S) as waiting:
            async with self._without_requests():
                try:
                    copies = await copy_out(node.catalog, node.router, chosen)
                except OperatingError as error:
                    raise BadControlRequest(f"not copied: {error}") from error
        if waiting.cancelled_caught:
            raise BadControlRequest("requests in flight did not end in time for a snapshot")
        self._copied += 1
        id_ = f"s{self._copied}"
        self._snapshots[id_] = (chosen, copies)
        return id_

    async def restore(self, id_: str) -> None:
        """Have the tables of a snapshot as they were, and none that came since. Raises `BadControlRequest`."""
        if id_ not in self._snapshots:
            raise BadControlRequest(f"there is no snapshot {id_!r}")
        chosen, copies = self._snapshots[id_]
        node = self._any_node()
        try:
            await put_back(node.catalog, node.router, copies, chosen, node.world.clock.wall())
        except OperatingError as error:
            raise BadControlRequest(f"not restored: {error}") from error

    @asynccontextmanager
    async def _without_requests(self) -> AsyncIterator[None]:
        """Keep requests waiting at the door, once those inside have left."""
        while self._closed is not None:
            await self._closed.wait()
        self._closed = trio.Event()
        try:
            while self._in_flight:
                await self.clock.sleep_until(self.clock.monotonic() + BARRIER_LOOK_S)
            yield
        finally:
            opened, self._closed = self._closed, None
            opened.set()

    # -- control ----------------------------------------------------------------------------------------------

    async def health(self) -> dict[str, Any]:
        """Whether the door is open and how many nodes live."""
        return {"status": "ok" if self.nodes else "down", "nodes": len(self.nodes)}

    async def cluster(self) -> dict[str, Any]:
        """Nodes, tables, partitions and replicas, as they are now."""
        alive = self.nodes
        shown = alive[0].view if alive else None
        tables = [] if shown is None else sorted(shown.tables.values(), key=lambda record: record.key)
        tables = [record for record in tables if record.shown]
        partitions = [self._show(SYSTEM_PARTITION, None, b"", b"", 1)]
        for record in tables:
            groups = [(None, record.partitions), *((each.name, each.partitions) for each in record.indexes)]
            for index, routes in groups:
                for route in routes:
                    shown_as = record.spec.name, route.start, route.end, route.epoch, index
                    partitions.append(self._show(route.partition, *shown_as))
        return {
            "nodes": [
                {"id": seat.id, "alive": seat.node is not None and seat.node.alive}
                for seat in self._seats.values()
            ],
            "tables": [
                {
                    "id": record.table_id,
                    "account": record.account,
                    "region": record.region,
                    "name": record.spec.name,
                    "status": record.status.value,
                }
                for record in tables
            ],
            "partitions": partitions,
        }

    def _show(
        self,
        partition: int,
        table: str | None,
        start: bytes,
        end: bytes,
        epoch: int,
        index: str | None = None,
    ) -> dict[str, Any]:
        replicas: list[dict[str, Any]] = []
        leader: NodeId | None = None
        term = -1
        for node in self.nodes:
            replica = node.host.replicas.get(partition)  # type: ignore[call-overload]  # an id, as an int
            if replica is None:
                continue
            core = replica.core
            if core.leads and core.term > term:
                leader, term = node.id, core.term
            replicas.append(
                {
                    "node": node.id,
                    "role": core.role_name,
                    "term": core.term,
                    "commit": core.commit,
                    "applied": replica.applied.index,
                }
            )
        return {
            "id": partition,
            "table": table,
            "index": index,
            "range": [start.hex(), end.hex()],
            "epoch": epoch,
            "leader": leader,
            "replicas": replicas,
        }

    async def reset(self, body: dict[str, Any]) -> dict[str, Any]:
        """Drop every table and undo faults and advances of the clock; or drop the tables of one `account` and `region`."""
        account, region = _namespace("reset", body)
        catalog = self._any_node().catalog
        try:
            if body:
                await catalog.remove(_of(account, region))
            else:
                self.faults.clear()
                self._snapshots.clear()
                await catalog.reset()
                self.triggers.reset()
        except OperatingError as error:
            raise BadControlRequest(f"not reset: {error}") from error
        return {}

    async def take_snapshot(self, body: dict[str, Any]) -> dict[str, Any]:
        """`{}`, or of one `account` and `region`."""
        return {"id": await self.snapshot(*_namespace("snapshot", body))}

    async def restore_snapshot(self, body: dict[str, Any]) -> dict[str, Any]:
        """`{"id": "s1"}`."""
        if list(body) != ["id"] or not isinstance(body["id"], str):
            raise BadControlRequest('restore takes {"id": "s1"}, the id that snapshot answered')
        await self.restore(body["id"])
        return {}

    async def clock_view(self) -> dict[str, Any]:
        """How far the wall clock of the nodes is ahead of the machine's."""
        return {"offset_s": self._any_node().view.clock_offset_s}

    async def advance_clock(self, body: dict[str, Any]) -> dict[str, Any]:
        """`{"advance": "3d"}`: answer when every live node has it."""
        if list(body) != ["advance"]:
            raise BadControlRequest('the clock takes {"advance": "3d"}, or a number of seconds')
        return {"offset_s": await self.advance(read_duration(body["advance"]))}

    async def advance(self, seconds: float) -> float:
        """Move the wall clock of every node ahead; return how far it is ahead now."""
        try:
            offset = await self._any_node().catalog.advance_clock(seconds)
            for node in self.nodes:
                while node.alive and node.view.clock_offset_s * 1e6 < offset:
                    await node.catalog.refresh()
        except OperatingError as error:
            raise BadControlRequest(f"the clock was not moved for sure: {error}") from error
        if self.node_config.settled:
            with trio.move_on_after(SWEEP_S):
                await self._sweep()
        if self.node_config.settled:  # PROTOCOLS 7: what is due by now is done
            for node in self.nodes:
                await node.retention.look()
        return offset / 1e6

    async def _sweep(self) -> None:
        """Return when nothing is left that has expired."""
        for record in list(self._any_node().view.tables.values()):
            for route in record.partitions if record.expiry is not None and record.shown else ():
                while not await self._swept(route.partition):
                    await self.clock.sleep_until(self.clock.monotonic() + SWEEP_LOOK_S)

    async def _swept(self, partition: PartitionId) -> bool:
        for node in self.nodes:
            if await node.sweeper.sweep(partition):
                return True
        return False

    async def trigger_view(self) -> dict[str, Any]:
        """The triggers and what they have done."""
        return {"triggers": self.triggers.show()}

    async def fault_view(self) -> dict[str, Any]:
        return {"faults": self.faults.show()}

    async def fault(self, body: dict[str, Any]) -> dict[str, Any]:
        """`{"verb": "throttle", "table": "orders", "probability": 0.3, "seed": 1}`: see `trinamo.faults.verbs`."""
        try:
            return await self.faults.ask(body)
        except BadFault as error:
            raise BadControlRequest(str(error)) from None

    async def remove_fault(self, id_: str | None) -> dict[str, Any]:
        """End one fault, or all."""
        try:
            return {"removed": self.faults.clear() if id_ is None else [self.faults.remove(id_)]}
        except BadFault as error:
            raise BadControlRequest(str(error)) from None

    def seat(self, name: str) -> Seat:
        """Return the place of a node. Raises `BadFault` for a name that is none's."""
        seat = self._seats.get(NodeId(name))
        if seat is None:
            raise BadFault(f"unknown node {name!r}; known are {', '.join(self._seats)}")
        return seat

    def _any_node(self) -> Node:
        for node in self.nodes:
            return node
        raise BadControlRequest("no node is alive")


def _namespace(what: str, body: dict[str, Any]) -> tuple[str | None, str | None]:
    unknown = [name for name in body if name not in ("account", "region")]
    if unknown:
        raise BadControlRequest(f"{what} knows account and region, not {unknown[0]!r}")
    return body.get("account"), body.get("region")


def _of(account: str | None, region: str | None) -> Callable[[TableRecord], bool]:
    return lambda record: account in (None, record.owner) and region in (None, record.region)


_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
ADVANCE_MAX_S: Final = 100 * 365 * 86400.0


def read_duration(value: Any) -> float:
    """Return the seconds of `90`, `"90s"`, `"1h30m"`, `"3d"`. Raises `BadControlRequest`."""
    seconds: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and _DURATION.fullmatch(value):
        parts = re.findall(r"([\d.]+)(ms|s|m|h|d)", value)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds is None or not 0 <= seconds <= ADVANCE_MAX_S:
        raise BadControlRequest(f'{value!r} is no time to go forward: say 90, "90s", "1h30m" or "3d"')
    return seconds
