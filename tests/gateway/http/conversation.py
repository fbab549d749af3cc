"""Talking to a server in raw bytes over memory streams, in trio's time (which a test may jump)."""

import random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import orjson
import trio
import trio.testing

from trinamo.gateway.control import Control, ControlPolicy, ControlRouter
from trinamo.gateway.http import Admission, ApiRequest, HttpServer
from trinamo.gateway.http.requests import HttpRequest, RequestReader
from trinamo.gateway.http.sigv4 import Credentials
from trinamo.model.errors import ApiError

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-west-1/dynamodb/aws4_request,"
    " SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "0" * 64
)
WALL_START = 1_795_406_220.0  # Mon, 23 Nov 2026 03:57:00 GMT


class TrioClock:
    """Trio's clock as a World's: with `autojump_clock` no test waits."""

    def __init__(self) -> None:
        self._start = trio.current_time()

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> float:
        return WALL_START + trio.current_time() - self._start

    async def sleep_until(self, deadline: float) -> None:
        await trio.sleep_until(deadline)


class FixedClock:
    """A clock for code that runs outside Trio."""

    def __init__(self, wall: float = WALL_START) -> None:
        self._wall = wall

    def monotonic(self) -> float:
        return 0.0

    def wall(self) -> float:
        return self._wall

    async def sleep_until(self, deadline: float) -> None:
        raise AssertionError("nobody waits here")


@attrs.frozen
class Response:
    """A response as it came. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """The other end of a connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._received = b""

    async def send(self, *parts: bytes) -> None:
        await self.stream.send_all(b"".join(parts))

    async def read(self, *, to_head: bool = False) -> Response:
        """Read one response; `to_head` when it answers a HEAD and has no body."""
        head = await self._read_through(b"\r\n\r\n")
        status_line, *lines = head.decode().rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = b"" if to_head else await self._read_exactly(int(headers.get("content-length", "0")))
        if body:
            assert int(headers["x-amz-crc32"]) == zlib.crc32(body)
        return Response(int(status_line.split()[1]), headers, body)

    async def ask(self, *parts: bytes) -> Response:
        await self.send(*parts)
        return await self.read()

    async def is_closed(self) -> bool:
        """Wait for more; true when the server has closed instead of sending."""
        assert not self._received, self._received
        return not await self.stream.receive_some(1)

    async def _read_through(self, end: bytes) -> bytes:
        while end not in self._received:
            await self._read_more()
        head, _, self._received = self._received.partition(end)
        return head + end

    async def _read_exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            await self._read_more()
        body, self._received = self._received[:size], self._received[size:]
        return body

    async def _read_more(self) -> None:
        more = await self.stream.receive_some(65_536)
        assert more, f"closed after {self._received!r}"
        self._received += more


Handle = Callable[[ApiRequest], Awaitable[bytes | ApiError]]


async def echo(request: ApiRequest) -> bytes:
    """Answer with what was understood."""
    return orjson.dumps(attrs.asdict(request))


class Site:
    """A running server to which one may open connections."""

    def __init__(self, server: HttpServer, nursery: trio.Nursery) -> None:
        self.server = server
        self._nursery = nursery

    def connect(self) -> Client:
        ours, theirs = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self.server.converse, theirs)
        return Client(ours)


@asynccontextmanager
async def running(
    handle: Handle = echo,
    *,
    control: Control | None = None,
    policy: ControlPolicy | None = None,
    region: str = "us-east-1",
    credentials: Credentials | None = None,
) -> AsyncIterator[Site]:
    """Run a server for the length of the block."""
    clock = TrioClock()
    admission = Admission(clock, region=region, credentials=credentials)
    router = control and ControlRouter(control, policy or ControlPolicy(), lambda: server.statistics())
    server = HttpServer(clock, random.Random(1), admission, handle, router.answer if router else None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve)
        yield Site(server, nursery)
        nursery.cancel_scope.cancel()


def post(
    target: str | None = "DynamoDB_20120810.GetItem",
    body: bytes = b"{}",
    *,
    content_type: str | None = "application/x-amz-json-1.0",
    authorization: str | None = AUTHORIZATION,
    date: bool = True,
    url: str = "/",
    version: str = "1.1",
    headers: tuple[str, ...] = (),
) -> bytes:
    """Return the bytes of a POST as an SDK sends them; None leaves a header out."""
    lines = [f"POST {url} HTTP/{version}", "Host: localhost:8000"]
    lines += [f"X-Amz-Target: {target}"] if target is not None else []
    lines += [f"Content-Type: {content_type}"] if content_type is not None else []
    lines += ["X-Amz-Date: 20261123T035700Z"] if date else []
    lines += [f"Authorization: {authorization}"] if authorization is not None else []
    lines += [*headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse(raw: bytes) -> HttpRequest:
    """Return the one request in `raw`."""
    reader = RequestReader()
    reader.receive(raw)
    [request] = reader.requests
    return request
