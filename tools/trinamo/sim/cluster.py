"""The whole database on simulated machines: `trinamo.node.node.Node`s in Worlds of ours.

What a process adds (doors, signals, data directories) is left out; a request goes straight to a node's gateway.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
import trio

from trinamo.base import NodeId, OperatingError, PartitionId
from trinamo.gateway.http.protocol import DEFAULT_ACCOUNT, DYNAMODB, STREAMS, TARGETS, ApiRequest
from trinamo.lsm import Kind
from trinamo.model.errors import internal_server_error
from trinamo.node.node import Node, NodeConfig
from trinamo.partition import Replica
from trinamo.sim.invariants import Member
from trinamo.sim.kinesis import SimulatedKinesis
from trinamo.sim.knobs import Knobs
from trinamo.sim.machine import Machine
from trinamo.world import Crashed


@attrs.define(eq=False)
class _Life:
    node: Node
    scope: trio.CancelScope = attrs.Factory(trio.CancelScope)
    ended: trio.Event = attrs.Factory(trio.Event)


class ClusterSite:
    """A `trinamo.sim.run.Site` of whole nodes."""

    def __init__(self, machines: Sequence[Machine], knobs: Knobs = Knobs()) -> None:
        self._machines = {machine.node: machine for machine in machines}
        for machine in machines:
            machine.fallen = partial(self._fell, machine.node)
        self._lives: dict[NodeId, _Life] = {}
        self._falling: dict[NodeId, _Life] = {}
        self._nursery: trio.Nursery | None = None
        self._kinesis = SimulatedKinesis(random.Random(f"{machines[0].seed}/kinesis"))
        self._config = NodeConfig(
            nodes=tuple(self._machines),
            partitions=knobs.partitions,
            spread_leaders=knobs.spread_leaders,
            shard_s=knobs.shard_s,
            bounds=knobs.bounds,
            sink=lambda _: self._kinesis,
        )

    def __repr__(self) -> str:
        return f"<ClusterSite {[life.node for life in self._lives.values()]}>"

    @property
    def nodes(self) -> Sequence[NodeId]:
        return list(self._machines)

    @property
    def live(self) -> Sequence[NodeId]:
        return [node for node in self._machines if node in self._lives]

    def leader(self) -> NodeId | None:
        """The node that leads most partitions, the first of several."""
        counts = {node: self._led_by(node) for node in self.live}
        return max(counts, key=lambda node: counts[node]) if any(counts.values()) else None

    def _led_by(self, node: NodeId) -> int:
        return sum(replica.core.leads for replica in self._replicas(node).values())

    def _replicas(self, node: NodeId) -> dict[PartitionId, Replica]:
        return self._lives[node].node.host.replicas

    # Lives

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for node in self._machines:
                await self.restart(node)
            task_status.started()
            await trio.sleep_forever()

    async def restart(self, node: NodeId) -> None:
        if node in self._lives:
            return
        if node in self._falling:
            await self._falling.pop(node).ended.wait()
        assert self._nursery is not None
        life = self._lives[node] = _Life(Node(self._machines[node].boot(), self._config))
        await self._nursery.start(self._live, life)

    async def _live(self, life: _Life, task_status: trio.TaskStatus[None]) -> None:
        try:
            with life.scope:
                await life.node.run(task_status=task_status)
        except BaseExceptionGroup as group:
            _, others = group.split(Crashed)
            if others is not None:
                raise others from None
        finally:
            life.ended.set()
            with suppress(RuntimeError):  # it has begun long ago
                task_status.started()

    def _fell(self, node: NodeId) -> None:
        """A life has ended from within."""
        life = self._falling[node] = self._lives.pop(node)
        life.node.crash()
        life.scope.cancel()

    async def crash(self, node: NodeId, *, machine: bool) -> None:
        life = self._lives.pop(node)
        self._machines[node].crash(machine=machine)
        life.node.crash()
        life.scope.cancel()
        await life.ended.wait()

    # Requests

    async def perform(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> bytes:
        """As the process does it: what no gateway answered has an unknown outcome."""
        gateway = self._lives[node].node
        service = STREAMS if f"{STREAMS}.{operation}".encode() in TARGETS else DYNAMODB
        request = ApiRequest(operation, service, parameters, DEFAULT_ACCOUNT, "us-east-1")
        try:
            return await gateway.handle(request)
        except (OperatingError, Crashed) as error:
            raise internal_server_error() from error

    def delivered(self, stream_arn: str) -> Sequence[bytes]:
        return [record.data for record in self._kinesis.records(stream_arn)]

    # Replicas

    def present(self) -> list[tuple[int, int]]:
        return [(id(life), len(life.node.host.replicas)) for life in self._lives.values()]

    def members(self) -> Iterator[Member]:
        for name, life in self._lives.items():
            node = life.node
            yield Member(name, node.host, node.store, node.world.clock)

    def differences(self) -> list[str]:
        if self.live != self.nodes:
            return [f"only {self.live} live"]
        held: dict[PartitionId, dict[NodeId, Replica]] = {}
        for node in self.nodes:
            for partition, replica in self._replicas(node).items():
                held.setdefault(partition, {})[node] = replica
        found = [self._difference(partition, replicas) for partition, replicas in sorted(held.items())]
        return [difference for difference in found if difference is not None]

    def _difference(self, partition: PartitionId, replicas: Mapping[NodeId, Replica]) -> str | None:
        voters = {node: sorted(replica.record.voters) for node, replica in replicas.items()}
        if any(each != sorted(replicas) for each in voters.values()):
            return f"p{partition} is held by {sorted(replicas)}, its voters are {voters}"
        applied = {node: replica.applied for node, replica in replicas.items()}
        if len(set(applied.values())) > 1:
            return f"p{partition} applied {applied}"
        contents = [self._contents(node, partition) for node in replicas]
        if any(rows != contents[0] for rows in contents):
            return f"p{partition} holds {dict(zip(replicas, contents, strict=True))}"
        return None

    def _contents(self, node: NodeId, partition: PartitionId) -> list[tuple[int, bytes, bytes]]:
        keyspace = self._lives[node].node.store.keyspace(partition)
        return [
            (kind, key[len(keyspace.prefix(kind)) :], value)
            for kind in Kind
            if kind is not Kind.APPLIED
            for key, value in keyspace.scan(kind, b"", b"")
        ]
