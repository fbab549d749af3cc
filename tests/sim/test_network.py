"""Claims about the simulated network. Each run is a Trio of its own, in virtual time."""

import random
from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio

from trinamo.base import LinkDown, NodeId
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.network import CHANNEL_FRAMES_MAX, Hub, SimulatedChannel, SimulatedNetwork, Weather
from trinamo.sim.trace import Trace
from trinamo.world import Channel

A, B, C = NodeId("a"), NodeId("b"), NodeId("c")


@attrs.define
class Stage:
    """A hub with three nodes that serve; what b and the others accept and receive is collected."""

    hub: Hub
    trace: Trace
    networks: dict[NodeId, SimulatedNetwork] = attrs.Factory(dict)
    received: list[bytes] = attrs.Factory(list)
    accepted: list[Channel] = attrs.Factory(list)
    reading: bool = True

    async def accept(self, channel: Channel) -> None:
        self.accepted.append(channel)
        while self.reading:
            self.received.append(await channel.receive())
        await trio.sleep_forever()

    async def connect(self, source: NodeId = A, target: NodeId = B) -> SimulatedChannel:
        return await self.networks[source].connect(target)


def run(
    main: Callable[[Stage], Awaitable[None]],
    *,
    seed: int = 1,
    weather: Weather | None = None,
    reading: bool = True,
) -> Stage:
    trace = Trace()
    stage = Stage(Hub(random.Random(seed), trace, weather or Weather()), trace, reading=reading)

    async def play() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.hub.run)
            for node in (A, B, C):
                stage.networks[node] = stage.hub.network(node)
                nursery.start_soon(stage.networks[node].serve, stage.accept)
            await trio.sleep(0.001)
            await main(stage)
            nursery.cancel_scope.cancel()

    run_deterministically(str(seed), play)
    return stage


async def _send_numbers(stage: Stage, count: int = 200) -> None:
    channel = await stage.connect()
    for number in range(count):
        await channel.send(b"%d" % number)
        await trio.sleep(0.000_1)
    await trio.sleep(10)


NUMBERS = [b"%d" % number for number in range(200)]


def test_fair_weather_keeps_frames_and_their_order() -> None:
    assert run(_send_numbers).received == NUMBERS


def test_frames_take_time() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        await channel.send(b"x")
        assert stage.received == []
        await trio.sleep(1)
        assert stage.received == [b"x"]

    run(main)


def test_loss_loses_and_keeps_order() -> None:
    received = run(_send_numbers, weather=Weather(loss_rate=0.2)).received
    assert 120 < len(received) < 190
    assert received == sorted(received, key=int)


def test_duplication_delivers_twice() -> None:
    received = run(_send_numbers, weather=Weather(duplication_rate=0.2)).received
    assert sorted(set(received), key=int) == NUMBERS
    assert 210 < len(received) < 290


def test_reordering_overtakes() -> None:
    received = run(_send_numbers, weather=Weather(reordering_rate=0.3)).received
    assert received != NUMBERS
    assert sorted(received, key=int) == NUMBERS


def test_some_frames_are_very_slow() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        await trio.sleep(5)
        slow = 0
        for _ in range(100):
            before = len(stage.received)
            await channel.send(b"x")
            await trio.sleep(0.02)
            slow += len(stage.received) == before
            await trio.sleep(1)
        assert 5 < slow < 40

    run(main, weather=Weather(slow_rate=0.2))


def test_a_partition_stops_both_ways_until_healed() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        stage.hub.partition([A], [B, C])
        await channel.send(b"lost")
        await stage.accepted[0].send(b"lost")
        with trio.move_on_after(5) as scope:
            await channel.receive()
        assert scope.cancelled_caught
        with pytest.raises(LinkDown, match="does not answer"):
            await stage.connect(A, C)
        stage.hub.heal()
        await channel.send(b"found")
        await stage.accepted[0].send(b"found too")
        assert await channel.receive() == b"found too"
        await trio.sleep(1)
        assert stage.received == [b"found"]

    run(main)


def test_a_one_way_cut_lets_the_other_way_pass() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        stage.hub.cut(A, B)
        await channel.send(b"lost")
        await stage.accepted[0].send(b"passes")
        assert await channel.receive() == b"passes"
        assert stage.received == []

    run(main)


def test_isolation_spares_the_others() -> None:
    async def main(stage: Stage) -> None:
        stage.hub.isolate(A, [A, B, C])
        for source, target in ((A, B), (C, A)):
            with pytest.raises(LinkDown):
                await stage.connect(source, target)
        channel = await stage.connect(B, C)
        await channel.send(b"x")
        await trio.sleep(1)
        assert stage.received == [b"x"]

    run(main)


def test_frames_on_their_way_do_not_pass_a_cut() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        await channel.send(b"x")
        stage.hub.cut(A, B)
        await trio.sleep(1)
        assert stage.received == []

    run(main)


def test_closing_is_heard_after_what_was_sent() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        await channel.send(b"1")
        await channel.send(b"2")
        await channel.aclose()
        await channel.aclose()
        with pytest.raises(LinkDown):
            await channel.send(b"3")
        with pytest.raises(LinkDown):
            await channel.receive()
        await trio.sleep(1)
        assert stage.received == [b"1", b"2"]
        with pytest.raises(LinkDown):
            await stage.accepted[0].send(b"4")

    run(main)


def test_a_process_crash_ends_channels_on_both_sides() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        stage.networks[B].sever()
        with pytest.raises(LinkDown):
            await channel.receive()
        with pytest.raises(LinkDown, match="does not serve"):
            await stage.connect(A, B)
        with pytest.raises(LinkDown, match="cut off"):
            await stage.connect(B, A)

    run(main)


def test_a_machine_crash_is_found_out_by_sending() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        stage.networks[B].sever(silently=True)
        with trio.move_on_after(5) as scope:
            await channel.receive()
        assert scope.cancelled_caught
        await channel.send(b"x")
        with pytest.raises(LinkDown):
            await channel.receive()

    run(main)


def test_a_node_may_live_again() -> None:
    async def main(stage: Stage) -> None:
        stage.networks[B].sever()
        second = stage.hub.network(B)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(second.serve, stage.accept)
            await trio.sleep(0.001)
            channel = await stage.connect()
            await channel.send(b"x")
            await trio.sleep(1)
            nursery.cancel_scope.cancel()
        assert stage.received == [b"x"]

    run(main)


def test_a_full_channel_makes_its_sender_wait() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        sent = 0
        with trio.move_on_after(10):
            while True:
                await channel.send(b"x")
                sent += 1
        assert sent == CHANNEL_FRAMES_MAX

        async def one_more() -> None:
            await channel.send(b"y")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one_more)
            assert await stage.accepted[0].receive() == b"x"

    run(main, reading=False)


def test_a_full_channel_that_ends_frees_its_sender() -> None:
    async def main(stage: Stage) -> None:
        channel = await stage.connect()
        for _ in range(CHANNEL_FRAMES_MAX):
            await channel.send(b"x")
        await trio.sleep(1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.accepted[0].aclose)
            with pytest.raises(LinkDown):
                await channel.send(b"y")

    run(main, reading=False)


STORM = Weather(slow_rate=0.1, loss_rate=0.1, duplication_rate=0.1, reordering_rate=0.1)


def test_a_seed_replays_its_trace() -> None:
    digests = [run(_send_numbers, seed=seed, weather=STORM).trace.digest() for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]
