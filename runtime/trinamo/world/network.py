"""The network contract: channels that carry frames (`trinamo.wire.frame`) between nodes.

A channel delivers frames whole. It may lose, delay, duplicate and reorder them (a simulated one does, TCP
does not), and it may end; it never delivers part of a frame or joins two. What arrives may be corrupt:
whoever receives checks it.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from trinamo.base import LinkDown, NodeId, WireError


class Channel(Protocol):
    """One connection between two nodes; both ends send and receive. Several tasks may send, one receives."""

    async def send(self, frame: bytes) -> None:
        """Hand over one frame, waiting while the channel is full. Raises `LinkDown` when the channel has ended."""

    async def receive(self) -> bytes:
        """Wait for the next frame. Raises `LinkDown` when none will come, `WireError` for a broken stream."""

    async def aclose(self) -> None:
        """End the channel on both sides. Safe to call twice."""


class Network(Protocol):
    """A node's way to its peers."""

    async def connect(self, peer: NodeId) -> Channel:
        """Open a channel to `peer`. Raises `LinkDown` when it cannot be reached."""

    async def serve(self, accept: Callable[[Channel], Awaitable[None]]) -> None:
        """Take channels opened by peers and run `accept` for each in its own task, until cancelled."""


async def attend(accept: Callable[[Channel], Awaitable[None]], channel: Channel) -> None:
    """Run `accept` and close `channel` after it. A link that breaks is nothing unusual: its errors end here."""
    try:
        await accept(channel)
    except (LinkDown, WireError):
        pass
    finally:
        await channel.aclose()
