"""The network between the nodes of one process.

A channel is two pipes, one each way; a pipe is a bounded queue of frames. Frames are bytes, so nothing mutable
is ever shared between nodes, exactly as over TCP.

Invariants:

1. A pipe loses nothing and keeps order until it ends.
2. What was sent before `aclose` still arrives; `sever` takes what is on its way with it, in both directions.
3. A node is reachable while it serves, and no longer.
4. A pipe has at most `CHANNEL_FRAMES_MAX` frames; who sends more waits, who receives lets one sender go on.

`send` and `receive` are checkpoints only when they wait. Two busy ends cannot starve the others, since each
stops at the pipe's bound or its end.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from trinamo.base import LinkDown, NodeId
from trinamo.world.network import Channel, attend

CHANNEL_FRAMES_MAX: Final = 1_024
"""Frames on their way in one direction. A link puts all that waits into one frame, so that this many are rounds
of messages that the receiver is behind by: it is stuck, and the sender's own bounded queue should fill."""


class _Pipe:
    """One direction of a channel."""

    __slots__ = ("_ended", "_frames", "_receiver", "_senders")

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._receiver: trio.lowlevel.Task | None = None
        self._senders: dict[trio.lowlevel.Task, None] = {}  # in the order they came
        self._ended = False

    async def put(self, frame: bytes) -> None:
        while len(self._frames) >= CHANNEL_FRAMES_MAX and not self._ended:
            await self._wait_room()
        if self._ended:
            raise LinkDown("the channel has ended")
        self._frames.append(frame)
        self._wake_receiver()

    async def take(self) -> bytes:
        while not self._frames:
            if self._ended:
                raise LinkDown("the channel has ended")
            await self._wait_frame()
        frame = self._frames.popleft()
        if self._senders:
            self._wake_sender()
        return frame

    def end(self, *, drop: bool) -> None:
        """Take no more frames; with `drop`, deliver none either."""
        self._ended = True
        if drop:
            self._frames.clear()
        self._wake_receiver()
        while self._senders:
            self._wake_sender()

    async def _wait_frame(self) -> None:
        assert self._receiver is None, "one task receives at a time"
        self._receiver = trio.lowlevel.current_task()

        def abort(_: object) -> trio.lowlevel.Abort:
            self._receiver = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    async def _wait_room(self) -> None:
        task = trio.lowlevel.current_task()
        self._senders[task] = None

        def abort(_: object) -> trio.lowlevel.Abort:
            del self._senders[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def _wake_receiver(self) -> None:
        if self._receiver is not None:
            trio.lowlevel.reschedule(self._receiver)
            self._receiver = None

    def _wake_sender(self) -> None:
        task = next(iter(self._senders))
        del self._senders[task]
        trio.lowlevel.reschedule(task)


class MemoryChannel:
    """One end of a channel."""

    __slots__ = ("_inbox", "_local", "_outbox", "_remote")

    def __init__(self, local: "MemoryNetwork", remote: "MemoryNetwork", inbox: _Pipe, outbox: _Pipe) -> None:
        self._local = local
        self._remote = remote
        self._inbox = inbox
        self._outbox = outbox

    def __repr__(self) -> str:
        return f"<MemoryChannel {self._local.node} to {self._remote.node}>"

    async def send(self, frame: bytes) -> None:
        """Hand over one frame, waiting while `CHANNEL_FRAMES_MAX` are on their way."""
        await self._outbox.put(frame)

    async def receive(self) -> bytes:
        """Wait for the next frame. One task receives at a time."""
        return await self._inbox.take()

    async def aclose(self) -> None:
        """End the channel; frames that were sent still arrive. Not a checkpoint."""
        self._outbox.end(drop=False)
        self._inbox.end(drop=True)
        self._local.forget(self)

    def cut(self) -> None:
        """End the channel at once; what is on its way is lost."""
        self._outbox.end(drop=True)
        self._inbox.end(drop=True)
        self._local.forget(self)


class MemoryNetwork:
    """One node's way to the peers of its process, for one life of the node: a severed one stays so."""

    def __init__(self, node: NodeId, serving: "dict[NodeId, MemoryNetwork]") -> None:
        self.node = node
        self._serving = serving
        self._channels: dict[MemoryChannel, None] = {}  # ends of this node; a dict keeps their order
        self._take: Callable[[MemoryChannel], None] | None = None
        self._severed = False

    def __repr__(self) -> str:
        state = "severed" if self._severed else "serving" if self._take else "silent"
        return f"<MemoryNetwork {self.node} {state} channels={len(self._channels)}>"

    async def connect(self, peer: NodeId) -> MemoryChannel:
        """Open a channel to `peer`. Raises `LinkDown` unless it serves."""
        await trio.lowlevel.checkpoint()
        remote = self._serving.get(peer)
        if self._severed or remote is None or remote._take is None:
            raise LinkDown(f"{peer} does not serve" if not self._severed else f"{self.node} is cut off")
        there, back = _Pipe(), _Pipe()
        here = MemoryChannel(self, remote, inbox=back, outbox=there)
        far = MemoryChannel(remote, self, inbox=there, outbox=back)
        self._channels[here] = None
        remote._channels[far] = None
        remote._take(far)
        return here

    async def serve(self, accept: Callable[[Channel], Awaitable[None]]) -> None:
        """Run `accept` for each channel that peers open, until cancelled. Once severed, wait without serving."""
        async with trio.open_nursery() as nursery:
            try:
                if not self._severed:
                    self._begin(lambda channel: nursery.start_soon(attend, accept, channel))
                await trio.sleep_forever()
            finally:
                self._end()

    def sever(self) -> None:
        """Crash: end all channels of this node at once, for both sides, and open and take none any more."""
        self._severed = True
        self._end()
        for channel in list(self._channels):
            channel.cut()

    def forget(self, channel: MemoryChannel) -> None:
        """Drop an end that has ended."""
        self._channels.pop(channel, None)

    def _begin(self, take: Callable[[MemoryChannel], None]) -> None:
        assert self.node not in self._serving, f"{self.node} serves already"
        self._take = take
        self._serving[self.node] = self

    def _end(self) -> None:
        self._take = None
        if self._serving.get(self.node) is self:
            del self._serving[self.node]


class MemoryHub:
    """What joins the nodes of one process."""

    def __init__(self) -> None:
        self._serving: dict[NodeId, MemoryNetwork] = {}

    def __repr__(self) -> str:
        return f"<MemoryHub serving={','.join(self._serving)}>"

    def network(self, node: NodeId) -> MemoryNetwork:
        """Return a new network for `node`: one for each of its lives."""
        return MemoryNetwork(node, self._serving)
