"""A cluster: several nodes in one process, each with a World of its own, and what the process shows of them.

A request goes to the gateway of the first node that lives (PROTOCOLS 4). A crashed node's storage stays in its World,
and a restart is a new `Node` over it.
"""

from collections.abc import Callable
from typing import Any

import attrs
import trio

from trinamo.base import NodeId, OperatingError
from trinamo.cluster.records import SYSTEM_PARTITION
from trinamo.gateway.control import BadControlRequest
from trinamo.gateway.http.protocol import ApiRequest
from trinamo.model.errors import ApiError, internal_server_error, service_unavailable
from trinamo.node.config import Config
from trinamo.node.directory import storages
from trinamo.node.node import Node, NodeConfig
from trinamo.world import MemoryHub, Network, Storage, SystemClock, TcpNetwork, World, system_random

START_MAX_S = 10.0  # a cluster that has no leader by then will not get one


@attrs.define
class _Seat:
    """A node's place in the process: what outlives its lives."""

    id: NodeId
    storage: Storage
    node: Node | None = None


class Cluster:
    """Several nodes in one process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = SystemClock()
        self.random = system_random()
        self.node_config = NodeConfig(
            nodes=config.node_ids,
            partitions=config.partitions,
            spread_leaders=config.spread_leaders,
            settled=config.mode == "settled",
            shared=config.shared,
        )
        self._hub = MemoryHub()
        self._addresses: dict[NodeId, tuple[str, int]] = dict.fromkeys(config.node_ids, ("127.0.0.1", 0))
        self._seats: dict[NodeId, _Seat] = {}
        self._nursery: trio.Nursery | None = None

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
            self._seats = {node: _Seat(node, storage) for node, storage in opened.items()}
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                for seat in self._seats.values():
                    await self._begin(seat)
                with trio.move_on_after(START_MAX_S) as waiting:
                    await self.nodes[0].wait_ready()
                if waiting.cancelled_caught:
                    raise OSError("the cluster found no leader")
                task_status.started()
        finally:
            for storage in opened.values():
                storage.close()

    async def _begin(self, seat: _Seat) -> None:
        assert self._nursery is not None
        network = await self._network(seat.id)
        world = World(seat.id, self.clock, network, seat.storage, self.random)
        seat.node = Node(world, self.node_config)
        await self._nursery.start(seat.node.run)

    async def _network(self, node: NodeId) -> Network:
        if self.config.transport == "memory":
            return self._hub.network(node)
        network = TcpNetwork(node, self._addresses)
        await network.bind()
        return network

    # -- requests ---------------------------------------------------------------------------------------------

    async def handle(self, request: ApiRequest) -> bytes | ApiError:
        for seat in self._seats.values():
            node = seat.node
            if node is not None and node.alive:
                try:
                    return await node.handle(request)
                except ApiError as error:
                    return error
                except OperatingError:
                    return internal_server_error()
        return service_unavailable()

    # -- control ----------------------------------------------------------------------------------------------

    async def health(self) -> dict[str, Any]:
        """Whether the door is open and how many nodes live."""
        return {"status": "ok" if self.nodes else "down", "nodes": len(self.nodes)}

    async def cluster(self) -> dict[str, Any]:
        """Nodes, tables, partitions and replicas, as they are now."""
        alive = self.nodes
        shown = alive[0].view if alive else None
        tables = [] if shown is None else sorted(shown.tables.values(), key=lambda record: record.key)
        partitions = [self._show(SYSTEM_PARTITION, None, b"", b"", 1)]
        for record in tables:
            for route in record.partitions:
                partitions.append(
                    self._show(route.partition, record.spec.name, route.start, route.end, route.epoch)
                )
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
        self, partition: int, table: str | None, start: bytes, end: bytes, epoch: int
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
            "index": None,
            "range": [start.hex(), end.hex()],
            "epoch": epoch,
            "leader": leader,
            "replicas": replicas,
        }

    async def reset(self, body: dict[str, Any]) -> dict[str, Any]:
        """Drop every table, or those of one `account` and `region`, by one entry."""
        unknown = [name for name in body if name not in ("account", "region")]
        if unknown:
            raise BadControlRequest(f"reset knows account and region, not {unknown[0]!r}")
        account, region = body.get("account"), body.get("region")
        nodes = self.nodes
        if not nodes:
            raise BadControlRequest("no node is alive")
        try:
            await nodes[0].catalog.remove(
                lambda record: account in (None, record.account) and region in (None, record.region)
            )
        except OperatingError as error:
            raise BadControlRequest(f"not reset: {error}") from error
        return {}

    async def fault(self, body: dict[str, Any]) -> dict[str, Any]:
        """`{"verb": "crash" | "restart", "node": "n2"}`."""
        verbs: dict[str, Callable[[_Seat], Any]] = {"crash": self._crash, "restart": self._restart}
        verb, name = body.get("verb"), body.get("node")
        act = verbs.get(verb) if isinstance(verb, str) else None
        if act is None:
            raise BadControlRequest(f"unknown verb {verb!r}; known are crash and restart")
        unknown = [field for field in body if field not in ("verb", "node")]
        if unknown:
            raise BadControlRequest(f"{verb} takes node, not {unknown[0]!r}")
        seat = self._seats.get(NodeId(name)) if isinstance(name, str) else None
        if seat is None:
            raise BadControlRequest(f"unknown node {name!r}; known are {', '.join(self._seats)}")
        await act(seat)
        return {"node": seat.id, "alive": seat.node is not None and seat.node.alive}

    async def _crash(self, seat: _Seat) -> None:
        if seat.node is None or not seat.node.alive:
            raise BadControlRequest(f"{seat.id} is not alive")
        seat.node.crash()
        await seat.node.ended.wait()  # its last task is over: nothing of it touches the store any more

    async def _restart(self, seat: _Seat) -> None:
        if seat.node is not None and seat.node.alive:
            raise BadControlRequest(f"{seat.id} is alive")
        await self._begin(seat)
