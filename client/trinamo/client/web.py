"""HTTP/1.1 as far as a client of DynamoDB needs it: whole requests, whole responses, connections that are kept.

httptools reads what comes; the rest is here, since a request is 20 times as dear with a client that can do everything.

Invariants:

1. A connection carries one exchange at a time and goes back to the pool only after a whole response.
2. `Unsent` is raised only before the first byte of a request was given to a connection.
3. A connection that its peer has closed, or that was idle for `IDLE_S_MAX`, is not used again.
"""

import contextlib
import select
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import anyio
import attrs
import httptools
from anyio.abc import SocketAttribute

from trinamo.client.environment import ByteStream, Environment
from trinamo.client.errors import Unreachable
from trinamo.client.transport import Lost, Unsent

CONNECTIONS_MAX: Final = 128  # who finds none free waits
IDLE_S_MAX: Final = 50.0  # servers part with idle connections after a minute or more
CONNECT_S_MAX: Final = 10.0
ANSWER_S_MAX: Final = 60.0  # what AWS's SDKs wait; a caller's own deadline is its cancel scope's
RESPONSE_SIZE_MAX: Final = 64 * 1024 * 1024  # DynamoDB's largest is 16 MB
RECEIVE_SIZE: Final = 65_536

_TROUBLE: Final = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, httptools.HttpParserError)


@attrs.frozen
class Origin:
    """Whom to connect to."""

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Return the origin of a URL. Raises `ValueError`."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no URL of HTTP")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls)

    def __str__(self) -> str:
        """Return what `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@attrs.frozen
class Response:
    """A response. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Reader:
    """What httptools calls back: one response."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.size = 0
        self.begun = False
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.begun = True

    def on_body(self, body: bytes) -> None:
        self.body.append(body)
        self.size += len(body)

    def on_message_complete(self) -> None:
        self.complete = True


@attrs.define(eq=False)
class _Idle:
    stream: ByteStream
    since: float


class Web:
    """Connections to any number of origins, kept between exchanges unless `keep` says otherwise. `aclose` ends them."""

    def __init__(self, environment: Environment, *, keep: bool = True) -> None:
        self._environment = environment
        self._keep = keep
        self._idle: dict[Origin, list[_Idle]] = {}  # the last used one last
        # A semaphore belongs to one event loop, and who keeps nothing may be used in several.
        self._free = anyio.Semaphore(CONNECTIONS_MAX, fast_acquire=True) if keep else contextlib.nullcontext()

    async def exchange(
        self,
        origin: Origin,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        method: str = "POST",
        path: str = "/",
        seconds_max: float = ANSWER_S_MAX,
    ) -> Response:
        """Send a request and return its response. Raises `Unsent`, `Lost`, `Unreachable`."""
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines.append(f"content-length: {len(body)}")
        head = "\r\n".join(lines)
        if head.count("\n") != len(lines) - 1:
            raise ValueError("there is a line break in a header")
        request = f"{head}\r\n\r\n".encode("latin-1") + body
        async with self._free:
            stream = await self._stream(origin, min(CONNECT_S_MAX, seconds_max))
            kept = False
            try:
                with anyio.fail_after(seconds_max):
                    await stream.send(request)
                    response, kept = await _receive(stream)
            except TimeoutError:
                raise Lost(f"{origin} did not answer in {seconds_max:.0f} s") from None
            except _TROUBLE as error:
                raise Lost(f"{origin}: {str(error) or type(error).__name__}") from error
            finally:
                if kept and self._keep:
                    idle = _Idle(stream, self._environment.monotonic())
                    self._idle.setdefault(origin, []).append(idle)
                else:
                    await close(stream)
        return response

    async def aclose(self) -> None:
        """Close what is idle."""
        idle = [one for ones in self._idle.values() for one in ones]
        self._idle.clear()
        for one in idle:
            await close(one.stream)

    async def _stream(self, origin: Origin, seconds_max: float) -> ByteStream:
        """Return an idle connection, or a new one. Raises `Unsent`, `Unreachable`."""
        idle = self._idle.get(origin, [])
        oldest = self._environment.monotonic() - IDLE_S_MAX
        while idle:
            one = idle.pop()
            if one.since > oldest and not is_stale(one.stream):
                return one.stream
            await close(one.stream)
        try:
            with anyio.fail_after(seconds_max):
                return await self._environment.connect(origin.host, origin.port, origin.tls)
        except TimeoutError:
            raise Unsent(f"{origin} does not answer: no connection in {seconds_max:.0f} s") from None
        except ssl.SSLCertVerificationError as error:  # which no second try makes good
            raise Unreachable(f"{origin} is not who it says: {error}") from error
        except OSError as error:  # TLS's other errors too
            raise Unsent(f"{origin} does not answer: {error}") from error


async def _receive(stream: ByteStream) -> tuple[Response, bool]:
    """Return the response, and whether the connection may be kept. Raises `Lost` and what streams and httptools raise."""
    reader = _Reader()
    parser = httptools.HttpResponseParser(reader)
    while not reader.complete:
        try:
            received = await stream.receive(RECEIVE_SIZE)
        except anyio.EndOfStream:
            if reader.begun and not reader.headers.keys() & {"content-length", "transfer-encoding"}:
                break  # RFC 9112 6.3: such a body ends where the connection does
            raise Lost("the connection ended before the answer did") from None
        parser.feed_data(received)
        if reader.size > RESPONSE_SIZE_MAX:
            raise Lost(f"the answer is longer than {RESPONSE_SIZE_MAX} bytes")
    # httptools' `should_keep_alive` is true only before the message is complete.
    lasting = parser.get_http_version() == "1.1" and reader.headers.get("connection", "").lower() != "close"
    response = Response(parser.get_status_code(), reader.headers, b"".join(reader.body))
    return response, reader.complete and lasting


def is_stale(stream: ByteStream) -> bool:
    """Whether the peer has ended an idle connection, or says what nobody asked."""
    extra = getattr(stream, "extra", None)
    raw = None if extra is None else extra(SocketAttribute.raw_socket, None)
    if raw is None:
        return False
    if raw.fileno() == -1:
        return True
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))


async def close(stream: ByteStream) -> None:
    """Close a connection, whatever has become of the caller."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(1):
        await stream.aclose()
