"""One partition on simulated machines: replicas, their host, their links; no catalog, router or gateway.

The least that takes the register workload. Its router is the plainest one that keeps PROTOCOLS 4: ask whoever is said to
lead, repeat only what was certainly not proposed, and report everything else as it is.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
import trio

from trinamo.actor import System
from trinamo.base import NodeId, OperatingError, PartitionId
from trinamo.lsm import GroupCommit, Kind, Store
from trinamo.model.errors import (
    conditional_check_failed,
    internal_server_error,
    service_unavailable,
)
from trinamo.model.values import decode_item, encode_item
from trinamo.partition.host import Assignment, Host
from trinamo.partition.messages import ExpressionText, Found, Get, ItemWrite, Write, WriteKind, WriteResults
from trinamo.partition.stored import item_of
from trinamo.sim.invariants import Member
from trinamo.sim.knobs import Knobs
from trinamo.sim.machine import Machine
from trinamo.world import Crashed, World

PARTITION = PartitionId(2)
PATIENCE_S = 5.0
PAUSE_S = 0.05


@attrs.define(eq=False)
class Life:
    """A node between two crashes."""

    world: World
    system: System
    store: Store
    commit: GroupCommit
    host: Host
    scope: trio.CancelScope
    ended: trio.Event = attrs.Factory(trio.Event)


class GroupSite:
    """A `trinamo.sim.run.Site` of one partition."""

    def __init__(self, machines: Sequence[Machine], knobs: Knobs = Knobs()) -> None:
        self._machines = {machine.node: machine for machine in machines}
        for machine in machines:
            machine.fallen = partial(self._fell, machine.node)
        self._lives: dict[NodeId, Life] = {}
        self._falling: dict[NodeId, Life] = {}
        self._nursery: trio.Nursery | None = None
        self._bounds = knobs.bounds

    @property
    def nodes(self) -> Sequence[NodeId]:
        return list(self._machines)

    @property
    def live(self) -> Sequence[NodeId]:
        return [node for node in self._machines if node in self._lives]

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
        world = self._machines[node].boot()
        store = Store.open(world.storage)
        commit = GroupCommit(world.storage, store, world.sites)
        system = System(world, tuple(self.nodes), "simulated")
        host = Host(world, system, store, commit, self._bounds)
        life = self._lives[node] = Life(world, system, store, commit, host, trio.CancelScope())
        assert self._nursery is not None
        await self._nursery.start(self._live, life)

    async def _live(self, life: Life, task_status: trio.TaskStatus[None]) -> None:
        try:
            with life.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(life.commit.run)
                    nursery.start_soon(life.system.run)
                    await nursery.start(life.host.run)
                    voters = tuple(self.nodes)
                    eager = life.world.node == voters[0]
                    await life.host.assign(Assignment(PARTITION, b"", b"", 1, voters, b"t", eager))
                    task_status.started()
        except BaseExceptionGroup as group:
            _, others = group.split(Crashed)
            if others is not None:
                raise others from None
        finally:
            life.ended.set()
            with suppress(RuntimeError):  # it has begun long ago
                task_status.started()

    def _fell(self, node: NodeId) -> None:
        life = self._falling[node] = self._lives.pop(node)
        life.scope.cancel()

    async def crash(self, node: NodeId, *, machine: bool) -> None:
        life = self._lives.pop(node)
        self._machines[node].crash(machine=machine)
        life.scope.cancel()
        await life.ended.wait()

    def leader(self) -> NodeId | None:
        led = [
            (replica.core.term, node)
            for node, life in self._lives.items()
            if (replica := life.host.replicas.get(PARTITION)) is not None and replica.core.leads
        ]
        return max(led)[1] if led else None

    async def perform(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> bytes:
        if operation == "CreateTable":
            return b"{}"
        if operation == "GetItem":
            get = Get(1, (parameters["Key"]["k"]["S"].encode(),))
            found = await self._ask(node, get)
            assert isinstance(found, Found)
            value = found.values[0]
            return json.dumps({} if value is None else {"Item": decode_item(item_of(value))}).encode()
        results = await self._ask(node, Write(1, (_write(operation, parameters),)))
        assert isinstance(results, WriteResults)
        if not results.results[0].condition_met:
            raise conditional_check_failed()
        return b"{}"

    async def _ask(self, node: NodeId, message: Get | Write) -> Found | WriteResults:
        life = self._lives[node]
        until = trio.current_time() + PATIENCE_S
        while trio.current_time() < until:
            deadline = life.world.clock.monotonic() + PATIENCE_S
            leader = self._leader(life)
            try:
                answer = await self._asked(life, leader, message, deadline)
            except OperatingError as error:
                if not error.retryable:
                    raise internal_server_error() from error
            else:
                return answer
            await trio.sleep(PAUSE_S)
        raise service_unavailable()

    async def _asked(
        self, life: Life, leader: NodeId, message: Get | Write, deadline: float
    ) -> Found | WriteResults:
        system = life.system
        if isinstance(message, Get):
            return await system.ask(leader, PARTITION, message, deadline).wait()
        return await system.ask(leader, PARTITION, message, deadline).wait()

    def _leader(self, life: Life) -> NodeId:
        replica = life.host.replicas.get(PARTITION)
        return (None if replica is None else replica.core.leader) or life.world.node

    def present(self) -> list[tuple[int, int]]:
        return [(id(life), len(life.host.replicas)) for life in self._lives.values()]

    def members(self) -> Iterator[Member]:
        for node, life in self._lives.items():
            yield Member(node, life.host, life.store, life.world.clock)

    def delivered(self, stream_arn: str) -> Sequence[bytes]:
        return []

    def differences(self) -> list[str]:
        found: list[str] = []
        states: dict[NodeId, tuple[int, list[tuple[bytes, bytes]]]] = {}
        for node, life in self._lives.items():
            replica = life.host.replicas.get(PARTITION)
            if replica is None:
                found.append(f"{node} has no replica")
                continue
            rows = list(life.store.keyspace(PARTITION).scan(Kind.ITEM, b"", b""))
            prefix = len(life.store.keyspace(PARTITION).prefix(Kind.ITEM))
            states[node] = replica.applied.index, [(key[prefix:], value) for key, value in rows]
        if len({index for index, _ in states.values()}) > 1:
            found.append(f"applied: {[(node, index) for node, (index, _) in states.items()]}")
        elif any(state != next(iter(states.values())) for state in states.values()):
            found.append(f"contents: {states}")
        return found


def _write(operation: str, parameters: dict[str, Any]) -> ItemWrite:
    if operation == "DeleteItem":
        return ItemWrite(WriteKind.DELETE, parameters["Key"]["k"]["S"].encode(), b"", 0)
    item = parameters["Item"]
    text = parameters.get("ConditionExpression")
    condition = None if text is None else ExpressionText(text, None, b"")
    encoded = encode_item(item)
    return ItemWrite(WriteKind.PUT, item["k"]["S"].encode(), encoded, len(encoded), condition)
