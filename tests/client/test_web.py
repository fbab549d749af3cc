"""Claims about HTTP as the client speaks it: kept connections, framing of bodies, and what counts as lost."""

import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import anyio
import anyio.abc
import anyio.lowlevel
import attrs
import pytest
import trio
import trio.testing

from client.memory import MemoryStream
from trinamo.client import Credentials, Unreachable, connect
from trinamo.client.environment import ByteStream, SystemEnvironment
from trinamo.client.transport import Lost, Unsent
from trinamo.client.web import ANSWER_S_MAX, CONNECT_S_MAX, IDLE_S_MAX, Origin, Response, Web, is_stale

HERE = Origin("here", 80, False)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Pairs(SystemEnvironment):
    """Connections that lead to the test, which gets their other ends."""

    def __init__(self) -> None:
        super().__init__()
        self._send, self.accepted = trio.open_memory_channel[trio.abc.Stream](8)

    async def connect(self, host: str, port: int, tls: bool = False) -> ByteStream:
        ours, theirs = trio.testing.memory_stream_pair()
        await self._send.send(theirs)
        return MemoryStream(ours)


@attrs.define
class Asked:
    """An exchange under way, and how it ended."""

    web: Web
    outcome: object = None

    async def run(self) -> None:
        try:
            self.outcome = await self.web.exchange(HERE, {"host": "here"}, b"body")
        except (Unsent, Lost) as error:
            self.outcome = error


@attrs.define
class Bench:
    environment: Pairs
    web: Web
    nursery: trio.Nursery

    def ask(self) -> Asked:
        asked = Asked(self.web)
        self.nursery.start_soon(asked.run)
        return asked


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    environment = Pairs()
    web = Web(environment)
    async with trio.open_nursery() as nursery:
        yield Bench(environment, web, nursery)
        await web.aclose()
        nursery.cancel_scope.cancel()


async def answer(stream: trio.abc.Stream, response: bytes, *, close: bool = False) -> bytes:
    """Take a request and answer it; return the request."""
    request = b""
    while not request.endswith(b"body"):
        received = await stream.receive_some(4096)
        assert received
        request += received
    for start in range(0, len(response), 7):  # in small pieces, as the network may have it
        await stream.send_all(response[start : start + 7])
    if close:
        await stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    return request


async def test_a_request_says_host_and_length() -> None:
    async with bench() as table:
        table.ask()
        request = await answer(await table.environment.accepted.receive(), OK)
        assert request == b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 4\r\n\r\nbody"


async def test_a_connection_is_kept_and_used_again() -> None:
    async with bench() as table:
        first = table.ask()
        stream = await table.environment.accepted.receive()
        await answer(stream, OK)
        second = table.ask()
        await answer(stream, OK)
        assert first.outcome == second.outcome == Response(200, {"content-length": "2"}, b"{}")


async def test_exchanges_at_the_same_time_have_connections_of_their_own() -> None:
    async with bench() as table:
        asked = [table.ask(), table.ask()]
        streams = [await table.environment.accepted.receive() for _ in asked]
        for stream in streams:
            await answer(stream, OK)
        assert all(isinstance(one.outcome, Response) for one in asked)


@pytest.mark.parametrize(
    ("response", "close"),
    [
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", True),  # the body ends with the connection
    ],
)
async def test_a_connection_that_its_peer_ends_is_not_used_again(response: bytes, close: bool) -> None:
    async with bench() as table:
        first = table.ask()
        await answer(await table.environment.accepted.receive(), response, close=close)
        assert isinstance(first.outcome, Response)
        assert first.outcome.body == b"{}"
        second = table.ask()
        await answer(await table.environment.accepted.receive(), OK)
        assert isinstance(second.outcome, Response)


async def test_chunks_are_put_together() -> None:
    chunked = b"HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    async with bench() as table:
        asked = table.ask()
        await answer(await table.environment.accepted.receive(), chunked)
        assert isinstance(asked.outcome, Response)
        assert (asked.outcome.status, asked.outcome.body) == (400, b"abcde")


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
async def test_half_an_answer_is_none(response: bytes) -> None:
    async with bench() as table:
        asked = table.ask()
        await answer(await table.environment.accepted.receive(), response, close=True)
        assert isinstance(asked.outcome, Lost)


async def test_what_is_no_http_is_no_answer() -> None:
    async with bench() as table:
        asked = table.ask()
        with contextlib.suppress(trio.BrokenResourceError):  # the client does not hear it to its end
            await answer(await table.environment.accepted.receive(), b"SSH-2.0-OpenSSH_9.2\r\n")
        await trio.testing.wait_all_tasks_blocked()
        assert isinstance(asked.outcome, Lost)


async def test_no_answer_in_a_minute_is_none(autojump_clock: object) -> None:
    async with bench() as table:
        asked = table.ask()
        await trio.sleep(ANSWER_S_MAX + 1)
        assert isinstance(asked.outcome, Lost)


async def test_a_connection_that_was_idle_too_long_is_not_used_again(autojump_clock: object) -> None:
    async with bench() as table:
        table.ask()
        old = await table.environment.accepted.receive()
        await answer(old, OK)
        await trio.sleep(IDLE_S_MAX + 1)
        asked = table.ask()
        await answer(await table.environment.accepted.receive(), OK)
        assert isinstance(asked.outcome, Response)
        assert await old.receive_some(1) == b""


async def test_no_connection_in_time_is_unsent(autojump_clock: object) -> None:
    class Silent(Pairs):
        async def connect(self, host: str, port: int, tls: bool = False) -> ByteStream:
            await trio.sleep(CONNECT_S_MAX + 1)
            raise AssertionError("nobody waits so long")

    asked = Asked(Web(Silent()))
    await asked.run()
    assert isinstance(asked.outcome, Unsent)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_where_nobody_listens_nothing_is_sent(backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    async def main() -> None:
        with pytest.raises(Unsent):
            await Web(SystemEnvironment()).exchange(Origin("127.0.0.1", port, False), {})

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_connection_that_was_closed_while_idle_is_noticed(backend: str) -> None:
    """Servers end what is idle: the next request goes out on a new connection, and is in no doubt."""

    async def main() -> None:
        served: list[int] = []

        async def serve(stream: anyio.abc.SocketStream) -> None:
            async with stream:
                await stream.receive()
                await stream.send(OK)
                served.append(1)

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        origin = Origin("127.0.0.1", listener.extra(anyio.abc.SocketAttribute.local_port), False)
        web = Web(SystemEnvironment())
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, serve)
            for _ in range(3):
                assert (await web.exchange(origin, {"host": "here"}, b"body")).status == 200
                with anyio.fail_after(5):
                    while not _idle_ended(web, origin):  # until the end of the connection has come over
                        await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        await web.aclose()
        assert len(served) == 3

    anyio.run(main, backend=backend)


def _idle_ended(web: Web, origin: Origin) -> bool:
    return all(is_stale(one.stream) for one in web._idle[origin])


async def test_a_header_cannot_smuggle_another_in() -> None:
    with pytest.raises(ValueError, match="line break in a header"):
        await Web(Pairs()).exchange(HERE, {"host": "here\r\nx: y"})


def test_who_shows_no_good_certificate_is_not_asked_again() -> None:
    class Impostor(SystemEnvironment):
        dials = 0

        async def connect(self, host: str, port: int, tls: bool = False) -> ByteStream:
            self.dials += 1
            raise ssl.SSLCertVerificationError("self-signed")

    impostor = Impostor()

    async def main() -> None:
        async with connect("https://here", credentials=Credentials("a", "b"), environment=impostor) as db:
            await db.list_tables()

    with pytest.raises(Unreachable, match="here is not who it says"):
        anyio.run(main, backend="asyncio")
    assert impostor.dials == 1


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        ("http://h", Origin("h", 80, False), "h"),
        ("https://h:443/", Origin("h", 443, True), "h"),
        ("http://h:8000", Origin("h", 8000, False), "h:8000"),
        ("http://[::1]:8000", Origin("::1", 8000, False), "[::1]:8000"),
    ],
)
def test_an_origin_is_host_and_port(url: str, origin: Origin, host: str) -> None:
    assert Origin.of(url) == origin
    assert str(origin) == host


@pytest.mark.parametrize("url", ["ftp://h", "http://", "h:8000"])
def test_what_has_no_origin_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Origin.of(url)
