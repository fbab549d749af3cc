"""The network between processes: frames over TCP.

A channel is one TCP connection; frames lie on it one after the other, as `trinamo.wire.frame` describes. What
`receive` returns has been checked. There is no handshake here: who the peer is, the link above asks.

Invariants:

1. A frame is on the stream whole or it is the last thing on it: a sender that is interrupted within a frame ends
   the channel.
2. After a `WireError` the channel has ended, since its frame boundaries are lost.
3. Frames of several senders do not mix: one writes, the others queue in the order they came.

The kernel's socket buffers bound what is on its way; a sender waits when they are full. `send` and `receive` are
checkpoints only when they wait.
"""

import socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from trinamo.base import LinkDown, NodeId, WireError
from trinamo.wire import FrameDecoder, encode_frame
from trinamo.world.door import TcpDoor, TcpStream, open_door
from trinamo.world.network import Channel, attend

Address = tuple[str, int]
"""Host and port."""

CONNECT_TIMEOUT_S: Final = 2.0
"""How long a peer may take to answer. One lost SYN is sent again after 1 s (RFC 6298); who lost two is down."""

_RECEIVE_SIZE: Final = 256 * 1024  # one trip through the scheduler takes what a busy peer sent meanwhile


class TcpChannel:
    """One end of a connection."""

    __slots__ = ("_decoder", "_ended", "_frames", "_network", "_sending", "_stream")

    def __init__(self, network: "TcpNetwork", stream: TcpStream) -> None:
        self._network = network
        self._stream = stream
        self._decoder = FrameDecoder()
        self._frames: deque[bytes] = deque()  # received and not yet asked for: at most _RECEIVE_SIZE bytes
        self._sending = trio.Lock()
        self._ended = False

    def __repr__(self) -> str:
        return f"<TcpChannel of {self._network.node}{' ended' if self._ended else ''}>"

    async def send(self, frame: bytes) -> None:
        """Hand one frame to the kernel, waiting while it takes none."""
        try:
            self._sending.acquire_nowait()  # acquire() would be a checkpoint each time
        except trio.WouldBlock:
            await self._sending.acquire()
        try:
            await self._send(frame)
        finally:
            self._sending.release()

    async def _send(self, frame: bytes) -> None:
        if self._ended:
            raise LinkDown("the channel has ended")
        whole = False
        try:
            await self._stream.send_all(frame)
            whole = True
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise LinkDown("the connection broke") from error
        finally:
            if not whole:
                self.cut()

    async def receive(self) -> bytes:
        """Wait for the next frame. One task receives at a time."""
        while not self._frames:
            if self._ended:
                raise LinkDown("the channel has ended")
            self._cut_frames(await self._receive_some())
        return self._frames.popleft()

    async def _receive_some(self) -> bytes:
        try:
            received = await self._stream.receive_some(_RECEIVE_SIZE)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self.cut()
            raise LinkDown("the connection broke") from error
        if not received:
            self.cut()
            raise LinkDown("the peer ended the channel")
        return received

    def _cut_frames(self, received: bytes) -> None:
        try:
            payloads = self._decoder.feed(received)
        except WireError:
            self.cut()
            raise
        self._frames.extend(map(encode_frame, payloads))

    async def aclose(self) -> None:
        """End the channel. Not a checkpoint."""
        self.cut()

    def cut(self) -> None:
        """End the channel at once. What the kernel was given may still arrive."""
        self._ended = True
        self._frames.clear()
        self._stream.close()
        self._network.forget(self)


class TcpNetwork:
    """One node's way to its peers, for one life of the node: a severed one stays so.

    `addresses` says where the nodes listen. It is read at each `connect`, so that it may be filled later.
    """

    def __init__(self, node: NodeId, addresses: dict[NodeId, Address]) -> None:
        self.node = node
        self._addresses = addresses
        self._channels: dict[TcpChannel, None] = {}
        self._door: TcpDoor | None = None
        self._taking: trio.CancelScope | None = None
        self._severed = False

    def __repr__(self) -> str:
        state = "severed" if self._severed else repr(self._door) if self._door else "silent"
        return f"<TcpNetwork {self.node} {state} channels={len(self._channels)}>"

    async def bind(self) -> int:
        """Take this node's address and return its port, which is entered in `addresses`: 0 stands for any.

        From here on peers can connect; they are heard once `serve` runs. Raises `OSError` as `open_door`.
        """
        assert self._door is None, f"{self.node} is bound already"
        assert not self._severed, f"{self.node} is cut off"
        host, port = self._addresses[self.node]
        self._door = await open_door([host], port)
        self._addresses[self.node] = (host, self._door.port)
        return self._door.port

    async def connect(self, peer: NodeId) -> TcpChannel:
        """Open a channel to `peer`. Raises `LinkDown` when nobody answers within `CONNECT_TIMEOUT_S`."""
        if self._severed or peer not in self._addresses:
            await trio.lowlevel.checkpoint()
            raise LinkDown(f"{self.node} is cut off" if self._severed else f"{peer} has no address")
        stream = await _connect(peer, self._addresses[peer])
        if self._severed:
            stream.close()
            raise LinkDown(f"{self.node} is cut off")
        return self._channel(stream)

    async def serve(self, accept: Callable[[Channel], Awaitable[None]]) -> None:
        """Run `accept` for each channel that peers open, until cancelled. Once severed, wait without serving."""
        async with trio.open_nursery() as nursery:

            def take(stream: TcpStream) -> None:
                if self._severed:
                    stream.close()
                else:
                    nursery.start_soon(attend, accept, self._channel(stream))

            if not self._severed:
                await self._take_until_severed(take)
            await trio.sleep_forever()

    async def _take_until_severed(self, take: Callable[[TcpStream], None]) -> None:
        if self._door is None:
            await self.bind()
        assert self._door is not None
        assert self._taking is None, f"{self.node} serves already"
        try:
            with trio.CancelScope() as self._taking:
                await self._door.serve(take)  # closes the door at its end
        finally:
            self._taking = self._door = None

    def sever(self) -> None:
        """Crash: end all channels of this node at once, and open and take none any more."""
        self._severed = True
        if self._taking is not None:
            self._taking.cancel()  # whoever waits at the door closes it; under him it would be an error
        elif self._door is not None:
            self._door.close()
        for channel in list(self._channels):
            channel.cut()

    def forget(self, channel: TcpChannel) -> None:
        """Drop an end that has ended."""
        self._channels.pop(channel, None)

    def _channel(self, stream: TcpStream) -> TcpChannel:
        channel = TcpChannel(self, stream)
        self._channels[channel] = None
        return channel


async def _connect(peer: NodeId, address: Address) -> TcpStream:
    host, port = address
    try:
        with trio.fail_after(CONNECT_TIMEOUT_S):
            return TcpStream(await _dial(host, port))
    except (OSError, trio.TooSlowError) as error:
        raise LinkDown(f"{peer} does not answer at {host}:{port}") from error


async def _dial(host: str, port: int) -> socket.socket:
    refusal: OSError | None = None
    for family, _, _, _, address in await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        dialling = trio.socket.socket(family, socket.SOCK_STREAM)
        try:
            await dialling.connect(address)
            # A loopback port of the ephemeral range where nobody listens may connect to itself.
            if dialling.getsockname() == dialling.getpeername():
                raise ConnectionRefusedError
        except OSError as error:
            dialling.close()
            refusal = error
        else:
            return socket.socket(fileno=dialling.detach())
    raise refusal or OSError(f"{host} has no address")
