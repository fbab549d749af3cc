"""Claims about links over a bad network: what a channel may do, a link must stand."""

import random

import attrs
import trio

from trinamo.actor import Actor, Envelope, Request, System
from trinamo.actor.system import WINDOW, Received
from trinamo.base import NodeId, OperatingError
from trinamo.sim.clock import SimulatedClock
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.machine import Machine
from trinamo.sim.network import Hub, Weather
from trinamo.sim.trace import Trace
from trinamo.wire import Message
from trinamo.world import Durability

A, B = NodeId("a"), NodeId("b")


@attrs.frozen
class Counted(Message):
    WIRE = "sim_test.counted"
    count: int


@attrs.frozen
class Count(Request[Counted]):
    WIRE = "sim_test.count"
    number: int


class Counter(Actor):
    """Notes every request it gets."""

    def __init__(self) -> None:
        super().__init__("counter")
        self.numbers: list[int] = []

    def receive(self, batch: list[Envelope]) -> None:
        for envelope in batch:
            assert isinstance(envelope.message, Count)
            assert envelope.reply is not None
            self.numbers.append(envelope.message.number)
            envelope.reply.resolve(Counted(len(self.numbers)))


def asked(weather: Weather) -> tuple[list[int], int]:
    """Ask 300 times under a weather; return what arrived and how many were answered."""

    async def main() -> tuple[list[int], int]:
        hub = Hub(random.Random(1), Trace(), weather)
        systems, counter, answered = {}, Counter(), 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            for node in (A, B):
                machine = Machine.built(node, "1", hub, durability=Durability.OS, drift_max=0.0)
                systems[node] = System(machine.boot(), (A, B), "test")
                nursery.start_soon(systems[node].run)
            systems[B].register(counter)
            nursery.start_soon(counter.run)
            clock = SimulatedClock()
            for number in range(300):
                await trio.sleep(0.1)
                systems[A].expire(clock.monotonic())
                reply = systems[A].ask(B, "counter", Count(number), clock.monotonic() + 1)
                with trio.move_on_after(0.2):
                    try:
                        await reply.wait()
                        answered += 1
                    except OperatingError:
                        pass
            nursery.cancel_scope.cancel()
        return counter.numbers, answered

    return run_deterministically("1", main)


def test_a_request_is_done_once_though_frames_are_duplicated() -> None:
    numbers, answered = asked(Weather(duplication_rate=0.5))
    assert answered > 250
    assert len(numbers) == len(set(numbers))


def test_a_link_outlives_loss_and_disorder() -> None:
    numbers, answered = asked(Weather(loss_rate=0.1, reordering_rate=0.3, duplication_rate=0.1))
    assert 150 < answered <= len(numbers)
    assert len(numbers) == len(set(numbers))


def test_frames_that_overtake_are_taken_once() -> None:
    received, dice = Received(), random.Random(1)
    numbers = [number for number in range(1, 2_000) for _ in range(2)]
    numbers.sort(key=lambda number: number + dice.random() * WINDOW / 2)
    taken = [number for number in numbers if received.is_new(number)]
    assert sorted(taken) == list(range(1, 2_000))


def test_a_frame_that_is_too_late_is_not_taken() -> None:
    received = Received()
    assert received.is_new(1 << 62)
    assert not received.is_new((1 << 62) - WINDOW)
    assert received.is_new((1 << 62) - WINDOW + 1)
