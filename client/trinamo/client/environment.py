"""What the client takes from the world around it: time, dice, and connections.

By default all of it comes from anyio, and so from Trio or asyncio, whichever runs. A simulator gives `connect` an
environment of its own, and the client lives in its time and on its network.
"""

import random  # noqa: TID251 - the client belongs to no node, hence to no World: this is where its dice come from
import time  # noqa: TID251 - and its time of day
from typing import TYPE_CHECKING, Protocol

import anyio

if TYPE_CHECKING:
    import ssl


class ByteStream(Protocol):
    """A connection: anyio's byte streams are such.

    `receive` raises `anyio.EndOfStream` when the peer has no more; both raise `anyio.BrokenResourceError` and
    `anyio.ClosedResourceError`.
    """

    async def receive(self, max_bytes: int = 65_536, /) -> bytes: ...

    async def send(self, item: bytes, /) -> None: ...

    async def aclose(self) -> None: ...


class Dice(Protocol):
    """A `random.Random` is such."""

    def random(self) -> float: ...

    def randbytes(self, n: int, /) -> bytes: ...


class Environment(Protocol):
    """Time, dice and connections."""

    @property
    def dice(self) -> Dice:
        """What backoff is jittered with."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC: what requests are signed with."""

    async def sleep(self, seconds: float, /) -> None: ...

    async def connect(self, host: str, port: int, tls: bool = False, /) -> ByteStream:
        """Connect over TCP, with TLS where that is asked for. Raises `OSError`."""


class SystemEnvironment:
    """The machine's, through anyio."""

    def __init__(self) -> None:
        self.dice: Dice = random.SystemRandom()
        self._tls: ssl.SSLContext | None = None  # made when it is needed: reading all roots takes 20 ms

    def monotonic(self) -> float:
        return anyio.current_time()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def connect(self, host: str, port: int, tls: bool = False) -> ByteStream:
        if not tls:
            return await anyio.connect_tcp(host, port)  # without delay, as anyio does it
        if self._tls is None:
            import ssl

            self._tls = ssl.create_default_context()
        # Many servers end TLS without its farewell; HTTP knows by itself where an answer ends.
        return await anyio.connect_tcp(
            host, port, tls=True, ssl_context=self._tls, tls_standard_compatible=False
        )
