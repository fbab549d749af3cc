"""A play of client and cluster wholly in virtual time: machines, network, disks, door and client follow from one seed.

Writers count while the node whose gateway they use crashes. It is run as a program: in a process where another Trio runs
in a thread, both draw from the dice of one scheduler.
"""

import json
import random
import sys
from typing import Any

import attrs
import trio
import trio.testing

from client.memory import MemoryStream
from trinamo.base import NodeId
from trinamo.client import Add, Client, Key, OutcomeUnknown, Table, connect
from trinamo.client.environment import ByteStream, Dice
from trinamo.gateway.calls import CallServer, Desk
from trinamo.gateway.http.protocol import ApiRequest
from trinamo.model.errors import ApiError
from trinamo.sim.clock import SimulatedClock
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.machine import Machine
from trinamo.sim.network import Hub
from trinamo.sim.trace import Trace
from trinamo.world import Durability

START = 1_800_000_000.0
WRITERS, WRITES = 8, 80
KEY = {"user": "ann", "at": 1}


class Simulated:
    """A client's environment in the simulation: its time is Trio's virtual one, its connections lead to a door."""

    def __init__(self, seed: str, nursery: trio.Nursery, server: CallServer) -> None:
        self.dice: Dice = random.Random(f"{seed}/client")
        self._nursery = nursery
        self._server = server

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> float:
        return START + trio.current_time()

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)

    async def connect(self, host: str, port: int, tls: bool = False) -> ByteStream:
        ours, theirs = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._server.converse, theirs)
        return MemoryStream(ours)


@attrs.define
class Told:
    """What the writers were told, and when."""

    done: int = 0
    unknown: int = 0
    lines: list[str] = attrs.field(factory=list)

    def note(self, what: str) -> None:
        self.lines.append(f"{trio.current_time():.6f} {what}")


@attrs.define
class Play:
    seed: str
    told: Told = attrs.field(factory=Told)
    found: Any = None

    async def run(self) -> None:
        hub = Hub(random.Random(f"{self.seed}/network"), Trace())
        machines = [
            Machine.built(NodeId(f"n{n}"), self.seed, hub, durability=Durability.OS, drift_max=0.05)
            for n in (1, 2, 3)
        ]
        site = ClusterSite(machines)

        async def handle(request: ApiRequest) -> bytes | ApiError:
            return await site.perform(site.live[0], request.operation, request.parameters)

        server = CallServer(SimulatedClock(1.0, 0.0), random.Random(f"{self.seed}/door"), Desk(handle))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            await nursery.start(site.run)
            nursery.start_soon(server.serve)
            environment = Simulated(self.seed, nursery, server)
            async with connect("tcp://simulated:1", environment=environment) as db:
                await self.use(db, site)
            nursery.cancel_scope.cancel()

    async def use(self, db: Client, site: ClusterSite) -> None:
        orders = db.table("orders")
        await orders.create({"user": "S", "at": "N"})
        self.told.note("made")
        async with trio.open_nursery() as writers:
            for number in range(WRITERS):
                writers.start_soon(self.write, orders, number)
            await trio.sleep(0.2)
            gateway = site.live[0]
            await site.crash(gateway, machine=False)
            self.told.note("crashed")
            await trio.sleep(20)
            await site.restart(gateway)
            self.told.note("restarted")
        self.found = await orders.query(Key("user") == "ann", consistent=True).all()

    async def write(self, orders: Table, number: int) -> None:
        dice = random.Random(f"{self.seed}/writer {number}")  # so that they do not write in step
        for count in range(WRITES):
            try:
                value = (await orders.update(KEY, Add("count", 1)))["count"]
                self.told.done += 1
                self.told.note(f"w{number} {count} {value}")
            except OutcomeUnknown as error:
                self.told.unknown += 1
                self.told.note(f"w{number} {count} {error}")
            await trio.sleep(dice.random() * 0.01)


def main(seed: str) -> None:
    """Play a seed, and print as JSON what came of it."""
    played = Play(seed)
    run_deterministically(seed, played.run)
    print(json.dumps({**attrs.asdict(played.told), "count": int(played.found[0]["count"])}))


if __name__ == "__main__":
    main(sys.argv[1])
