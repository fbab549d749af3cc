"""A cluster in the event loop of the test that uses it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, Unpack

import trio

from trinamo.gateway.calls import CallServer, Desk
from trinamo.gateway.control import BadControlRequest, ControlPolicy, ControlRouter
from trinamo.gateway.http.protocol import Admission
from trinamo.gateway.http.server import HttpServer, ReplyDropped
from trinamo.node.breaking import ClusterFaults
from trinamo.node.cluster import Cluster, read_duration
from trinamo.node.config import Config
from trinamo.node.trigger import Trigger
from trinamo.node.triggers import Handler
from trinamo.triggers import BadMapping, Settings, mapping_of
from trinamo.world.door import LOOPBACK_HOSTS, TcpDoor, open_door

Mode = Literal["settled", "realistic"]


class TestClock:
    """The wall clock of a cluster's nodes."""

    __test__ = False  # pytest, this is no test

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def advance(self, by: float | str) -> float:
        """Go forward by seconds, or by "90s", "1h30m", "3d"; return how far it is ahead of the machine's clock."""
        return await self._cluster.advance(read_duration(by))


class TrioCluster:
    """A running cluster. `url` and `tcp_url` are where it serves, for programs beside this one."""

    def __init__(self, cluster: Cluster, desk: Desk, door: TcpDoor, tcp_door: TcpDoor) -> None:
        self._cluster = cluster
        self._desk = desk
        self._door = door
        self._tcp_door = tcp_door
        self.clock = TestClock(cluster)

    def __repr__(self) -> str:
        return f"<TrioCluster {self._cluster.config.summary} at {self.url}>"

    @property
    def url(self) -> str:
        return f"http://{self._door.addresses[0]}"

    @property
    def tcp_url(self) -> str:
        return f"tcp://{self._tcp_door.addresses[0]}"

    @property
    def faults(self) -> ClusterFaults:
        """What is broken on purpose: `cluster.faults.throttle(table="orders", probability=0.3, seed=1)`."""
        return self._cluster.faults

    async def request(
        self, operation: str, parameters: Mapping[str, Any], *, region: str | None = None
    ) -> dict[str, Any]:
        """Perform an operation of the API without HTTP: its JSON in, its JSON out. Raises `ApiError`."""
        return await self._cluster.ask(operation, dict(parameters), region)

    async def trigger(
        self,
        table: str,
        handler: Handler,
        *,
        on_failure: Handler | None = None,
        name: str | None = None,
        region: str | None = None,
        **settings: Unpack[Settings],
    ) -> Trigger:
        """Call a function with batches of what happens to a table, as a Lambda event source mapping does.

        `handler(event)` or `handler(event, context)`: a coroutine function, which runs here, any other function, which runs in
        a thread, or a URL. What it does not take it is given again. `on_failure` is called with Lambda's note of records
        that were given up. What is written when this has returned will be seen. Raises `BadMapping`.
        """
        trigger = self._cluster.triggers.add(table, handler, mapping_of(**settings), on_failure, name, region)
        await trigger.wait_placed()
        return trigger

    def remove_trigger(self, trigger: Trigger) -> None:
        """Call its function no more."""
        self._cluster.triggers.remove(trigger)

    async def call(
        self, operation: str, body: bytes, *, key: str = "", region: str = ""
    ) -> tuple[int, bytes] | None:
        """Perform an operation as its JSON: the way in for `trinamo.client`.

        Return status and body; None where a fault has swallowed the answer. `key` and `region` say whose tables.
        """
        if not trio.lowlevel.in_trio_task():
            raise RuntimeError(
                "this cluster is for Trio; from asyncio, connect to `tcp_url` or `url` of cluster_in_thread()"
            )
        try:
            return await self._desk.perform(operation, body, self._desk.caller(key, region))
        except ReplyDropped:
            return None

    async def reset(self) -> None:
        """Drop all tables, faults and snapshots, and undo what the clock was advanced by."""
        await self._cluster.reset({})

    async def snapshot(self) -> str:
        """Copy all tables as of one moment; return the id to `restore` by."""
        return await self._cluster.snapshot()

    async def restore(self, id_: str) -> None:
        """Have all tables as they were."""
        await self._cluster.restore(id_)

    async def describe(self) -> dict[str, Any]:
        """Return nodes, tables, partitions and their replicas."""
        return await self._cluster.cluster()


@asynccontextmanager
async def cluster(
    *, nodes: int = 3, partitions: int = 1, mode: Mode = "settled", seed: int | None = None
) -> AsyncIterator[TrioCluster]:
    """Run a cluster in memory, in this event loop, for as long as the block lasts. `seed` decides its dice."""
    running = Cluster(Config(nodes=nodes, partitions=partitions, mode=mode, seed=seed))
    server: HttpServer
    admission = Admission(running.clock, region=running.config.region)
    control = ControlRouter(running, ControlPolicy(), lambda: server.statistics())
    server = HttpServer(running.clock, running.random, admission, running.handle, control.answer)
    desk = Desk(running.handle, region=running.config.region)
    calls = CallServer(running.clock, running.random, desk)
    doors: list[TcpDoor] = []
    try:
        for _ in range(2):
            doors.append(await open_door(LOOPBACK_HOSTS[:1], 0))
        door, tcp_door = doors
        async with trio.open_nursery() as nursery:
            await nursery.start(running.run)
            nursery.start_soon(server.serve, door)
            nursery.start_soon(calls.serve, tcp_door)
            yield TrioCluster(running, desk, door, tcp_door)
            nursery.cancel_scope.cancel()
    finally:
        for opened in doors:
            opened.close()


__all__ = ["BadControlRequest", "BadMapping", "Mode", "TestClock", "Trigger", "TrioCluster", "cluster"]
