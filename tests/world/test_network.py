"""The network contract, over every network."""

from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trinamo.base import LinkDown, NodeId, WireError
from trinamo.wire import encode_frame
from trinamo.world import Channel
from world.networks import NEIGHBOURHOODS, MortalNetwork, Neighbourhood

N1, N2, N3 = NodeId("n1"), NodeId("n2"), NodeId("n3")
LIMIT_S = 5.0  # no wait here takes long; what hangs should say where


def frame(number: int, size: int = 8) -> bytes:
    return encode_frame(number.to_bytes(8, "big") * (size // 8))


async def received(channel: Channel) -> bytes:
    with trio.fail_after(LIMIT_S):
        return await channel.receive()


async def refuses_to_receive(channel: Channel) -> None:
    with trio.fail_after(LIMIT_S), pytest.raises(LinkDown):
        await channel.receive()


async def refuses_to_send(channel: Channel) -> None:
    """A peer's end is not known before the network has carried the news: send until it is."""
    with trio.fail_after(LIMIT_S), pytest.raises(LinkDown):
        await flood(channel, frame(0))


async def flood(channel: Channel, one: bytes) -> None:
    while True:
        await channel.send(one)
        await trio.lowlevel.checkpoint()


async def serve(
    nursery: trio.Nursery, network: MortalNetwork, accept: Callable[[Channel], Awaitable[None]]
) -> trio.CancelScope:
    scope = trio.CancelScope()

    async def run() -> None:
        with scope:
            await network.serve(accept)

    nursery.start_soon(run)
    await wait_all_tasks_blocked()
    return scope


async def echo(channel: Channel) -> None:
    while True:
        await channel.send(await channel.receive())


@attrs.define
class Pair:
    """Two nodes and one channel from the first to the second, which serves."""

    near_network: MortalNetwork
    far_network: MortalNetwork
    near: Channel
    far: Channel
    serving: trio.CancelScope


@pytest.fixture(params=NEIGHBOURHOODS)
async def neighbourhood(request: pytest.FixtureRequest) -> AsyncIterator[Neighbourhood]:
    neighbourhood = NEIGHBOURHOODS[request.param]()
    yield neighbourhood
    neighbourhood.close()


@pytest.fixture
async def pair(neighbourhood: Neighbourhood, nursery: trio.Nursery) -> Pair:
    arrivals, arrived = trio.open_memory_channel[Channel](1)

    async def hold(channel: Channel) -> None:
        arrivals.send_nowait(channel)
        await trio.sleep_forever()

    near_network, far_network = await neighbourhood.join(N1), await neighbourhood.join(N2)
    serving = await serve(nursery, far_network, hold)
    near = await near_network.connect(N2)
    with trio.fail_after(LIMIT_S):
        far = await arrived.receive()
    return Pair(near_network, far_network, near, far, serving)


async def test_frames_arrive_whole_and_in_order_both_ways(pair: Pair) -> None:
    frames = [frame(number, size) for number, size in enumerate((8, 80_000, 16, 8_000, 8))]
    for one in frames:
        await pair.near.send(one)
        await pair.far.send(one)
    assert [await received(pair.far) for _ in frames] == frames
    assert [await received(pair.near) for _ in frames] == frames


async def test_an_empty_payload_is_a_frame(pair: Pair) -> None:
    await pair.near.send(encode_frame(b""))
    assert await received(pair.far) == encode_frame(b"")


async def test_a_frame_larger_than_any_buffer_arrives(pair: Pair, nursery: trio.Nursery) -> None:
    large = encode_frame(bytes(16 * 1024 * 1024))
    nursery.start_soon(pair.near.send, large)
    assert await received(pair.far) == large


async def test_who_waits_for_a_frame_gets_it(pair: Pair) -> None:
    got: list[bytes] = []

    async def wait() -> None:
        got.append(await received(pair.far))

    async with trio.open_nursery() as waiting:
        waiting.start_soon(wait)
        await wait_all_tasks_blocked()
        assert not got
        await pair.near.send(frame(1))
    assert got == [frame(1)]


async def test_a_receiver_called_off_takes_no_frame_with_it(pair: Pair) -> None:
    with trio.move_on_after(0):
        await pair.far.receive()
    await pair.near.send(frame(1))
    assert await received(pair.far) == frame(1)


async def test_senders_wait_when_nobody_receives_and_lose_nothing(pair: Pair) -> None:
    sent = 0

    async def number_from(first: int) -> None:
        nonlocal sent
        for number in range(first, first + 2_000):
            await pair.near.send(frame(number, size=4_000))
            sent += 1

    async with trio.open_nursery() as flooding:
        flooding.start_soon(number_from, 0)
        flooding.start_soon(number_from, 10_000)
        await wait_all_tasks_blocked(0.01)
        assert 0 < sent < 4_000
        got = [await received(pair.far) for _ in range(4_000)]
    assert sorted(got) == sorted(
        frame(n, size=4_000) for first in (0, 10_000) for n in range(first, first + 2_000)
    )


async def test_each_sender_keeps_its_order_among_others(pair: Pair) -> None:
    async def number_from(first: int) -> None:
        for number in range(first, first + 500):
            await pair.near.send(frame(number, size=20_000))

    async with trio.open_nursery() as flooding:
        for first in (0, 1_000, 2_000):
            flooding.start_soon(number_from, first)
        got = [int.from_bytes((await received(pair.far))[8:16], "big") for _ in range(1_500)]
    for first in (0, 1_000, 2_000):
        assert [number for number in got if first <= number < first + 500] == list(range(first, first + 500))


async def test_what_was_sent_before_the_end_still_arrives(pair: Pair) -> None:
    await pair.near.send(frame(1))
    await pair.near.send(frame(2))
    await pair.near.aclose()
    assert [await received(pair.far), await received(pair.far)] == [frame(1), frame(2)]
    await refuses_to_receive(pair.far)


async def test_closing_one_end_wakes_who_waits_at_either(pair: Pair) -> None:
    async with trio.open_nursery() as waiting:
        waiting.start_soon(refuses_to_receive, pair.near)
        waiting.start_soon(refuses_to_receive, pair.far)
        await wait_all_tasks_blocked()
        await pair.near.aclose()
    await refuses_to_send(pair.near)
    await refuses_to_send(pair.far)


async def test_closing_wakes_a_sender_that_waits_for_room(pair: Pair) -> None:
    async def flood_until_end() -> None:
        with trio.fail_after(LIMIT_S), pytest.raises(LinkDown):
            await flood(pair.near, frame(1, size=80_000))

    async with trio.open_nursery() as flooding:
        flooding.start_soon(flood_until_end)
        await wait_all_tasks_blocked(0.01)
        await pair.far.aclose()


async def test_closing_twice_does_no_harm(pair: Pair) -> None:
    await pair.near.aclose()
    await pair.near.aclose()
    await refuses_to_receive(pair.near)


async def test_who_does_not_serve_cannot_be_reached(neighbourhood: Neighbourhood) -> None:
    network = await neighbourhood.join(N1)
    with pytest.raises(LinkDown):
        await network.connect(N3)


async def test_who_serves_no_more_cannot_be_reached(pair: Pair) -> None:
    pair.serving.cancel()
    await refuses_to_receive(pair.near)
    with pytest.raises(LinkDown):
        await pair.near_network.connect(N2)


async def test_a_channel_ends_with_its_accept(neighbourhood: Neighbourhood, nursery: trio.Nursery) -> None:
    async def answer_once(channel: Channel) -> None:
        await channel.send(await channel.receive())

    near, far = await neighbourhood.join(N1), await neighbourhood.join(N2)
    await serve(nursery, far, answer_once)
    channel = await near.connect(N2)
    await channel.send(frame(1))
    assert await received(channel) == frame(1)
    await refuses_to_receive(channel)


@pytest.mark.parametrize("error", [LinkDown, WireError])
async def test_a_broken_link_ends_its_channel_and_no_other(
    neighbourhood: Neighbourhood, nursery: trio.Nursery, error: type[Exception]
) -> None:
    async def break_or_echo(channel: Channel) -> None:
        first = await channel.receive()
        if first == frame(0):
            raise error
        await channel.send(first)
        await echo(channel)

    near, far = await neighbourhood.join(N1), await neighbourhood.join(N2)
    await serve(nursery, far, break_or_echo)
    healthy, broken = await near.connect(N2), await near.connect(N2)
    await healthy.send(frame(1))
    await broken.send(frame(0))
    await refuses_to_receive(broken)
    assert await received(healthy) == frame(1)
    await healthy.send(frame(2))
    assert await received(healthy) == frame(2)


async def test_severing_ends_every_channel_for_both_sides(pair: Pair) -> None:
    async with trio.open_nursery() as waiting:
        waiting.start_soon(refuses_to_receive, pair.near)
        waiting.start_soon(refuses_to_receive, pair.far)
        await wait_all_tasks_blocked()
        pair.far_network.sever()
    await refuses_to_send(pair.near)
    await refuses_to_send(pair.far)


async def test_a_severed_node_receives_nothing_that_was_on_its_way(pair: Pair) -> None:
    await pair.near.send(frame(1))
    await pair.near.send(frame(2))
    assert await received(pair.far) == frame(1)
    pair.far_network.sever()
    await refuses_to_receive(pair.far)


async def test_a_severed_node_neither_reaches_nor_is_reached(pair: Pair, nursery: trio.Nursery) -> None:
    await serve(nursery, pair.near_network, echo)
    pair.far_network.sever()
    await wait_all_tasks_blocked()
    with pytest.raises(LinkDown):
        await pair.far_network.connect(N1)
    with pytest.raises(LinkDown):
        await pair.near_network.connect(N2)


async def test_a_severed_node_returns_with_a_new_network(
    neighbourhood: Neighbourhood, nursery: trio.Nursery, pair: Pair
) -> None:
    pair.far_network.sever()
    await wait_all_tasks_blocked()
    reborn = await neighbourhood.join(N2)
    await serve(nursery, reborn, echo)
    channel = await pair.near_network.connect(N2)
    await channel.send(frame(1))
    assert await received(channel) == frame(1)


async def test_severing_before_serving_is_final(neighbourhood: Neighbourhood, nursery: trio.Nursery) -> None:
    near, far = await neighbourhood.join(N1), await neighbourhood.join(N2)
    far.sever()
    await serve(nursery, far, echo)
    with pytest.raises(LinkDown):
        await near.connect(N2)
