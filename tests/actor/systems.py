"""Two nodes that are nothing but their systems, and actors to talk to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from trinamo.actor import Actor, Envelope, Request, System
from trinamo.base import NodeId
from trinamo.lsm import MemoryStorage
from trinamo.wire import Message
from trinamo.world import MemoryHub, MemoryNetwork, SystemClock, World, system_random

N1, N2 = NodeId("n1"), NodeId("n2")
CLUSTER = "tried"


@attrs.frozen
class Pong(Message):
    WIRE = "test.actor.pong"
    number: int


@attrs.frozen
class Ping(Request[Pong]):
    WIRE = "test.actor.ping"
    number: int


@attrs.frozen
class Word(Message):
    WIRE = "test.actor.word"
    text: str
    raw: bytes = b""


class Listener(Actor):
    """Keeps what it hears, and answers as it is told to."""

    def __init__(self, answer: Callable[[Envelope], None] = lambda _: None, mailbox_limit: int = 64) -> None:
        super().__init__("listener", mailbox_limit)
        self.heard: list[Envelope] = []
        self._answer = answer

    def receive(self, batch: list[Envelope]) -> None:
        for envelope in batch:
            self.heard.append(envelope)
            self._answer(envelope)


def echo(envelope: Envelope) -> None:
    if envelope.reply is not None:
        assert isinstance(envelope.message, Ping)
        envelope.reply.resolve(Pong(envelope.message.number))


def system(hub: MemoryHub, node: NodeId) -> tuple[System, MemoryNetwork]:
    network = hub.network(node)
    world = World(node, SystemClock(), network, MemoryStorage(), system_random())
    return System(world, (N1, N2), CLUSTER), network


@attrs.frozen
class Pair:
    """n1 and n2, linked both ways; `network` is n2's."""

    n1: System
    n2: System
    network: MemoryNetwork
    nursery: trio.Nursery

    def host(self, where: System, actor: Actor) -> None:
        where.register(actor)
        self.nursery.start_soon(actor.run)


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    """Needs the autojump clock: links are tried again after pauses."""
    hub = MemoryHub()
    (n1, _), (n2, network) = system(hub, N1), system(hub, N2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(n1.run)
        nursery.start_soon(n2.run)
        await linked(n1, N2)
        await linked(n2, N1)
        yield Pair(n1, n2, network, nursery)
        nursery.cancel_scope.cancel()


async def linked(here: System, peer: NodeId) -> None:
    """Wait for a link, by the clock that jumps."""
    clock = here.world.clock
    with trio.fail_after(5):
        while not here.linked(peer):
            await clock.sleep_until(clock.monotonic() + 0.01)
    await wait_all_tasks_blocked()
