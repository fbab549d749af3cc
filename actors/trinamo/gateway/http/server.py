"""The HTTP server: a connection is one task, its requests are answered in order.

    door -> connection task: receive -> RequestReader -> Admission -> handle -> Renderer -> send

Invariants:

1. Answers leave in the order of their requests. What came in one read is answered in one send (up to
   `SEND_SIZE`); nothing is read while anything is unanswered, so a peer that does not read stops itself.
2. A connection stays open after every answer to well-formed HTTP, whatever the status. Malformed or
   oversized HTTP is answered (400, 413, 431) and the connection closed.
3. An exception of `handle` costs its request a 500 and nothing else.
4. Every state of a connection but being answered has a limit (`Phase`); deadlines of answers are the
   operation's. One reaper looks at all connections once a second: a cancel scope per read would cost 2 µs.
5. `stop` loses no request that had been taken: what is in flight is answered (`Connection: close`).

What a request costs (boto3's PutItem of 1,284 bytes, an answer of 500; CPython 3.11, best of many runs, in µs):

    reading 3.7    of which llhttp 1.8
    admitting 2.3  of which JSON 1.2
    rendering 1.7  of which the request id 0.4, the CRC 0.3
    the rest of this module 3.0
    sockets, epoll and trio 15 at 16 connections, 27 at one; with trio.SocketStream 35 and 62
"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import attrs
import structlog
import trio

from trinamo.gateway.http.compression import COMPRESSED_SIZE_MIN, GZIP_LINE, accepts_gzip, compress
from trinamo.gateway.http.protocol import CONTROL_PREFIX, CORS, JSON_1_0, Admission, ApiRequest, json_type
from trinamo.gateway.http.requests import RECEIVE_SIZE, HttpRequest, RequestReader
from trinamo.gateway.http.responses import CONTINUE, Answer, Renderer
from trinamo.model import errors
from trinamo.model.errors import ApiError
from trinamo.world import Clock, Random


class ReplyDropped(Exception):
    """Raised by `handle` for a request whose asker shall never be told: the connection ends."""


Handle = Callable[[ApiRequest], Awaitable[bytes | ApiError]]
"""Performs an operation and returns the JSON body of its result. An `ApiError` is returned, which is cheaper, or raised."""

AnswerControl = Callable[[HttpRequest], Awaitable[Answer]]
"""Answers a request under `/_trinamo/`: `trinamo.gateway.control.ControlRouter.answer`."""

SEND_SIZE: Final = 262_144  # answers to pipelined requests are sent when there is this much of them
DRAIN_SIZE_MAX: Final = 4 * 16 * 1024 * 1024
"""Bytes read and dropped behind a refusal, so that the peer gets to read it: TCP throws away what was
sent when a socket with unread bytes is closed. Four times the largest request."""
CONNECTIONS_MAX: Final = 4_096  # an SDK pools 10 to 50 a client; each costs a task and, at worst, 17 MB
REAP_INTERVAL_S: Final = 1.0
STOP_GRACE_S: Final = 1.5  # `trinamo dev` is to be gone two seconds after a signal


class ByteStream(Protocol):
    """A connection: trio's streams, memory streams, and `trinamo.world.door.TcpStream` are such."""

    async def receive_some(self, max_bytes: int, /) -> bytes | bytearray: ...

    async def send_all(self, data: bytes, /) -> None: ...

    async def send_eof(self) -> None: ...

    async def aclose(self) -> None: ...


Take = Callable[[ByteStream], None]


class Door(Protocol):
    """Where connections come from; runs until cancelled, then takes no more."""

    async def serve(self, take: Take, /) -> None: ...


@attrs.frozen(eq=False)
class Phase:
    """What a connection is doing, and how long it may."""

    name: str
    limit_s: float


# Longer than the SDKs keep unused connections (60 s and less), so that it is nearly always they who close:
# a server that closes while a request is on its way makes the client guess.
IDLE: Final = Phase("idle", 300.0)
RECEIVING: Final = Phase("receiving", 60.0)  # from first to last byte of a request; 16 MB at 280 KB/s
ANSWERING: Final = Phase("answering", float("inf"))
SENDING: Final = Phase("sending", 60.0)  # one send; SDKs give up reading after 60 s themselves
DRAINING: Final = Phase("draining", 5.0)


@attrs.define(eq=False)
class Connection:
    """What the reaper and `stop` see of a connection."""

    stream: ByteStream
    since: float
    phase: Phase = IDLE
    called_off: bool = False  # asking the scope would read a clock each time
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    def call_off(self) -> None:
        """End the connection at its next wait; no request is begun any more."""
        self.called_off = True
        self.scope.cancel()


@attrs.frozen
class ServerStatistics:
    """What a server has done since it was made."""

    connections: int
    requests: int
    failures: int  # exceptions of `handle`
    refusals: int  # malformed or oversized
    reaped: int  # too slow
    turned_away: int  # more than CONNECTIONS_MAX


class HttpServer:
    """Serves operations, and `/_trinamo/` if there is a `control`, on any number of doors."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        admission: Admission,
        handle: Handle,
        control: AnswerControl | None = None,
        *,
        newer_wording: bool = False,
    ) -> None:
        self._clock = clock
        self._admission = admission
        self._handle = handle
        self._control = control
        self._newer_wording = newer_wording
        self._renderer = Renderer(clock, random)
        self._log = structlog.get_logger(component="gateway")
        self._connections: dict[Connection, None] = {}  # a set in order of arrival
        self._now = clock.monotonic()  # coarse: moved by the reaper
        self._stop_asked = trio.Event()
        self._all_closed = trio.Event()
        self._grace_s = STOP_GRACE_S
        self._requests = self._failures = self._refusals = self._reaped = self._turned_away = 0

    def __repr__(self) -> str:
        return f"<HttpServer connections={len(self._connections)} requests={self._requests}>"

    def statistics(self) -> ServerStatistics:
        return ServerStatistics(
            len(self._connections),
            self._requests,
            self._failures,
            self._refusals,
            self._reaped,
            self._turned_away,
        )

    async def serve(self, *doors: Door) -> None:
        """Serve until `stop` has been called and the last connection has closed, or its grace is over."""
        async with trio.open_nursery() as connections:

            def take(stream: ByteStream) -> None:
                connections.start_soon(self.converse, stream)

            async with trio.open_nursery() as service:
                service.start_soon(self._reap)
                for door in doors:
                    service.start_soon(door.serve, take)
                await self._stop_asked.wait()
                service.cancel_scope.cancel()
            for connection in self._connections:
                if connection.phase is IDLE:
                    connection.call_off()
            await self._wait_until_closed(self._clock.monotonic() + self._grace_s)
            connections.cancel_scope.cancel()

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Take no more connections; answer the requests in flight within `grace_s`; then close."""
        self._grace_s = grace_s
        self._stop_asked.set()

    async def converse(self, stream: ByteStream) -> None:
        """Serve one connection to its end. `serve` must be running, for the limits' sake."""
        connection = Connection(stream, self._now)
        try:
            if len(self._connections) >= CONNECTIONS_MAX:
                self._turned_away += 1
                return
            self._connections[connection] = None
            with connection.scope:
                await self._exchange(connection)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the peer is gone; whoever waited for its request to be performed knows by itself
        finally:
            self._connections.pop(connection, None)
            if not self._connections:
                self._all_closed.set()
            await stream.aclose()

    # A connection.

    async def _exchange(self, connection: Connection) -> None:
        reader = RequestReader()
        receive = connection.stream.receive_some
        stopping = self._stop_asked.is_set
        while not (stopping() and connection.phase is IDLE):
            received = await receive(RECEIVE_SIZE)
            if not received or connection.called_off:
                return
            reader.receive(received)
            if reader.requests:
                connection.phase = ANSWERING
                if not await self._answer_all(connection, reader.requests):
                    return
                connection.phase = RECEIVING if reader.partial else IDLE
                connection.since = self._now
            elif reader.partial and connection.phase is IDLE:
                connection.phase = RECEIVING
                connection.since = self._now
            if reader.refusal is not None:
                await self._refuse(connection, reader.refusal)
                return
            if reader.partial and reader.take_expectation():
                await connection.stream.send_all(CONTINUE)

    async def _answer_all(self, connection: Connection, requests: list[HttpRequest]) -> bool:
        """Answer and forget `requests`; return whether the connection goes on."""
        last = requests[-1]
        ready: list[bytes] = []
        size = 0
        for request in requests:
            answer = await self._answer(request, last)
            ready.append(answer)
            size += len(answer)
            if request is last or size > SEND_SIZE:
                connection.phase = SENDING
                connection.since = self._now
                await connection.stream.send_all(b"".join(ready))
                connection.phase = ANSWERING
                ready.clear()
                size = 0
        self._requests += len(requests)
        requests.clear()
        return last.keep_alive and not self._stop_asked.is_set()

    async def _refuse(self, connection: Connection, status: int) -> None:
        """Say why, then read on a while so that the peer, still sending, comes to read it."""
        self._refusals += 1
        connection.phase = DRAINING
        connection.since = self._now
        stream = connection.stream
        await stream.send_all(self._renderer.render(status, None, b"", keep_alive=False))
        await stream.send_eof()
        drained = 0
        while drained < DRAIN_SIZE_MAX:
            dropped = await stream.receive_some(RECEIVE_SIZE)
            if not dropped:
                return
            drained += len(dropped)

    # A request.

    async def _answer(self, request: HttpRequest, last: HttpRequest) -> bytes:
        """Return the response to one request; `last` is the last of those that are here."""
        layout = request.layout
        content_type = json_type(request.headers.get(layout.content_type, b""))
        headers = CORS if layout.origin else b""
        outcome: bytes | ApiError | Answer
        try:
            if self._control is not None and request.url != b"/" and request.path.startswith(CONTROL_PREFIX):
                headers = b""  # never with CORS
                outcome = await self._control(request)
            else:
                admitted = self._admission.admit(request, content_type)
                outcome = await self._handle(admitted) if isinstance(admitted, ApiRequest) else admitted
        except ApiError as error:
            outcome = error
        except ReplyDropped:
            raise trio.BrokenResourceError from None
        except Exception:  # noqa: BLE001 - one request's accident is not the others'
            self._failures += 1
            self._log.exception("request failed", url=request.url, target=request.header(b"x-amz-target"))
            outcome = errors.internal_server_error()
        keep_alive = request.keep_alive and not (request is last and self._stop_asked.is_set())
        if isinstance(outcome, bytes):
            status, body = 200, outcome
        elif isinstance(outcome, ApiError):
            status, body = outcome.status, self._body(request, outcome)
        else:
            return self._render(request, outcome, keep_alive, headers)
        if len(body) >= COMPRESSED_SIZE_MIN and accepts_gzip(
            request.headers.get(layout.accept_encoding, b"")
        ):
            body = await compress(body)
            headers += GZIP_LINE
        return self._renderer.render(status, content_type or JSON_1_0, body, keep_alive, headers)

    def _body(self, request: HttpRequest, error: ApiError) -> bytes:
        """Return the body of an error in the generation of wording that is switched on."""
        if not self._newer_wording:
            return error.body()
        target = request.headers.get(request.layout.amz_target, b"").decode("latin-1")
        return error.body(newer_wording=target.partition(".")[2] in error.worded_newer_in)

    def _render(self, request: HttpRequest, outcome: Answer, keep_alive: bool, headers: bytes) -> bytes:
        """Render what is neither the result of an operation nor its error."""
        # A preflight says itself what its origin may do.
        headers = outcome.headers if outcome.cors else headers + outcome.headers
        response = self._renderer.render(
            outcome.status, outcome.content_type, outcome.body, keep_alive, headers
        )
        if request.method == b"HEAD":  # RFC 9110 9.3.2: the headers of a GET, and no body
            return response[: len(response) - len(outcome.body)]
        return response

    # Limits.

    async def _reap(self) -> None:
        """Move the coarse clock and end what has used up its time."""
        while True:
            await self._clock.sleep_until(self._now + REAP_INTERVAL_S)
            now = self._now = self._clock.monotonic()
            for connection in self._connections:
                if now - connection.since > connection.phase.limit_s:
                    self._reaped += 1
                    connection.call_off()

    async def _wait_until_closed(self, deadline: float) -> None:
        """Return when no connection is left, or at the deadline."""
        if not self._connections:
            return
        self._all_closed = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._expire, deadline, nursery.cancel_scope)
            await self._all_closed.wait()
            nursery.cancel_scope.cancel()

    async def _expire(self, deadline: float, scope: trio.CancelScope) -> None:
        await self._clock.sleep_until(deadline)
        scope.cancel()
