"""What only the network over TCP can show: streams that are wrong."""

import pytest
import trio

from trinamo.base import LinkDown, NodeId, WireError
from trinamo.wire import FRAME_SIZE_MAX, encode_frame
from trinamo.world import Channel, TcpNetwork

N1, N2 = NodeId("n1"), NodeId("n2")
LIMIT_S = 5.0
GOOD = encode_frame(b"payload")


async def outcome_of(nursery: trio.Nursery, stream: bytes) -> tuple[list[bytes], type[Exception]]:
    """Send `stream` and its end to a node; return the frames that it receives and the error after them."""
    addresses = {N1: ("127.0.0.1", 0)}
    network = TcpNetwork(N1, addresses)
    frames: list[bytes] = []
    errors, error = trio.open_memory_channel[type[Exception]](1)

    async def receive_all(channel: Channel) -> None:
        try:
            while True:
                frames.append(await channel.receive())
        except (LinkDown, WireError) as ended:
            errors.send_nowait(type(ended))
        with pytest.raises(LinkDown):
            await channel.receive()

    port = await network.bind()
    assert addresses[N1] == ("127.0.0.1", port)
    nursery.start_soon(network.serve, receive_all)
    with trio.fail_after(LIMIT_S):
        async with await trio.open_tcp_stream("127.0.0.1", port) as peer:
            await peer.send_all(stream)
            await peer.send_eof()
            return frames, await error.receive()


async def test_frames_of_a_foreign_stream_keep_their_header(nursery: trio.Nursery) -> None:
    assert await outcome_of(nursery, GOOD * 3) == ([GOOD] * 3, LinkDown)


async def test_a_wrong_checksum_breaks_the_stream(nursery: trio.Nursery) -> None:
    assert await outcome_of(nursery, GOOD[:-1] + b"?") == ([], WireError)


async def test_an_absurd_length_breaks_the_stream_at_once(nursery: trio.Nursery) -> None:
    header = (FRAME_SIZE_MAX + 1).to_bytes(4, "big") + bytes(4)
    assert await outcome_of(nursery, header) == ([], WireError)


async def test_half_a_frame_is_never_delivered(nursery: trio.Nursery) -> None:
    assert await outcome_of(nursery, GOOD + GOOD[:-1]) == ([GOOD], LinkDown)


async def test_a_sender_called_off_within_a_frame_ends_the_channel(nursery: trio.Nursery) -> None:
    addresses = {N1: ("127.0.0.1", 0), N2: ("127.0.0.1", 0)}
    far = TcpNetwork(N1, addresses)
    await far.bind()

    async def ignore(channel: Channel) -> None:
        await trio.sleep_forever()

    nursery.start_soon(far.serve, ignore)
    channel = await TcpNetwork(N2, addresses).connect(N1)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as sending:
            sending.start_soon(channel.send, encode_frame(bytes(FRAME_SIZE_MAX)))
            await trio.testing.wait_all_tasks_blocked(0.01)
            scope.cancel()
    with pytest.raises(LinkDown):
        await channel.send(GOOD)


async def test_a_taken_port_is_told(nursery: trio.Nursery) -> None:
    first = TcpNetwork(N1, {N1: ("127.0.0.1", 0)})
    port = await first.bind()
    with pytest.raises(OSError, match="taken"):
        await TcpNetwork(N2, {N2: ("127.0.0.1", port)}).bind()
    first.sever()
