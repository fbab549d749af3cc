"""Connections of a client that lead nowhere but to the test."""

import anyio
import attrs
import trio


@attrs.frozen
class MemoryStream:
    """A stream of trio's as the client wants it."""

    stream: trio.abc.Stream

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        try:
            data = bytes(await self.stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise anyio.BrokenResourceError from None
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        try:
            await self.stream.send_all(item)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise anyio.BrokenResourceError from None

    async def aclose(self) -> None:
        await self.stream.aclose()
