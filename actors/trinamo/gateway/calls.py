"""The door of calls: operations over a stream of frames (`trinamo.wire.calls`), many at once on one connection.

    door -> connection task: receive -> MessageReader -> a task for each call -> Desk -> outbox -> sender -> send

Bodies are the JSON of the API. What may go wrong with an operation, faults included, happens as it does over HTTP:
both doors give their requests to the same `handle`.

Invariants:

1. A call that was taken is performed to its end, whether or not somebody waits for the answer.
2. Nothing is read while `IN_FLIGHT_MAX` calls or `OUTBOX_SIZE_MAX` bytes of answers wait, so a peer that does not read stops
   itself.
3. What is no call is answered by a `Farewell` that says why, and the connection ends. Silence of `IDLE` ends it too. A
   `Farewell` leaves behind all answers: who has not been answered by then was never taken.
4. `stop` loses no call that had been taken: what is in flight is answered within the grace.
5. Before a connection is closed its peer gets time to read what was sent: TCP throws that away when a socket with unread
   bytes is closed.
"""

import hmac
from typing import Final

import attrs
import orjson
import structlog
import trio

from trinamo.base import WireError
from trinamo.gateway.http.protocol import DEFAULT_REGION, ApiRequest, Caller, caller_of
from trinamo.gateway.http.server import (
    CONNECTIONS_MAX,
    STOP_GRACE_S,
    ByteStream,
    Door,
    Handle,
    Phase,
    ReplyDropped,
)
from trinamo.gateway.http.sigv4 import Credentials, is_token
from trinamo.model import errors
from trinamo.model.errors import ApiError
from trinamo.model.limits import REQUEST_SIZE_MAX
from trinamo.model.operations import SERVICES
from trinamo.wire.calls import (
    CALLS_VERSION,
    GREETING_SIZE_MAX,
    Answer,
    Call,
    Challenge,
    Farewell,
    Hello,
    Lost,
    MessageReader,
    Proof,
    Refusal,
    Welcome,
    encode_messages,
    proof,
)
from trinamo.wire.message import Message
from trinamo.world import Clock, Random

RECEIVE_SIZE: Final = 65_536
IN_FLIGHT_MAX: Final = 256  # calls of one connection; each costs a task and its body
OUTBOX_SIZE_MAX: Final = 4 * 1024 * 1024
CALL_FRAME_SIZE_MAX: Final = (
    REQUEST_SIZE_MAX + 1024 * 1024
)  # a caller's frame ends with the call that fills it
NONCE_SIZE: Final = 32
REAP_INTERVAL_S: Final = 1.0

GREETING: Final = Phase("greeting", 10.0)
IDLE: Final = Phase("idle", 300.0)  # as long as the HTTP door lets a connection wait
SENDING: Final = Phase("sending", 60.0)
DRAINING: Final = Phase("draining", 5.0)

Told = Answer | Refusal | Lost


class Desk:
    """Takes operations by name and JSON, performs them, and says how it went, as the service would."""

    def __init__(self, handle: Handle, *, region: str = DEFAULT_REGION, newer_wording: bool = False) -> None:
        self.region = region
        """What a caller without a region means."""
        self._handle = handle
        self._newer_wording = newer_wording
        self._log = structlog.get_logger(component="gateway")

    def caller(self, key: str, region: str) -> Caller:
        """Return whose tables are meant. Raises `WireError` for a region that can be nobody's."""
        caller = caller_of(key, region or self.region)
        if caller is None:
            raise WireError("that is not the name of a region")
        return caller

    async def perform(self, operation: str, body: bytes, caller: Caller) -> tuple[int, bytes]:
        """Return status and body of the answer, which for 200 is the result. Raises `ReplyDropped`."""
        if len(body) > REQUEST_SIZE_MAX:
            return 413, b"{}"  # as over HTTP, where it has no body
        try:
            outcome = await self._perform(operation, body, caller)
        except ApiError as error:
            outcome = error
        except ReplyDropped:
            raise
        except Exception:  # noqa: BLE001 - one call's accident is not the others'
            self._log.exception("call failed", operation=operation)
            outcome = errors.internal_server_error()
        if isinstance(outcome, bytes):
            return 200, outcome
        newer = self._newer_wording and operation in outcome.worded_newer_in
        return outcome.status, outcome.body(newer_wording=newer)

    async def _perform(self, operation: str, body: bytes, caller: Caller) -> bytes | ApiError:
        service = SERVICES.get(operation)
        if service is None:
            return errors.unknown_operation()
        try:
            parameters = orjson.loads(body)
        except orjson.JSONDecodeError:
            return errors.serialization()
        if type(parameters) is not dict:
            return errors.serialization()
        return await self._handle(ApiRequest(operation, service, parameters, caller.account, caller.region))


@attrs.define(eq=False)
class Connection:
    """One peer: what it has asked for and what waits to be sent to it."""

    stream: ByteStream
    since: float
    phase: Phase = GREETING
    in_flight: int = 0
    outbox: list[Message] = attrs.field(factory=list)
    outbox_size: int = 0
    ending: bool = False  # the sender ends when nothing more is to be sent
    farewell: str | None = None  # what it says last
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    to_send: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)
    room: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    @property
    def full(self) -> bool:
        return self.in_flight >= IN_FLIGHT_MAX or self.outbox_size >= OUTBOX_SIZE_MAX

    @property
    def done(self) -> bool:
        """Whether everything that was asked for has been put into the outbox."""
        return self.ending and self.in_flight == 0

    def put(self, message: Message, size: int = 0) -> None:
        """Have a message sent."""
        self.outbox.append(message)
        self.outbox_size += size
        self.to_send.unpark_all()

    def end(self) -> None:
        """Take nothing more; end when all is sent."""
        self.ending = True
        self.to_send.unpark_all()
        self.room.unpark_all()


@attrs.frozen
class CallStatistics:
    """What a server has done since it was made."""

    connections: int
    calls: int
    refused: int  # connections that were not of this protocol, or of nobody who may call
    reaped: int  # too slow, or silent
    turned_away: int  # more than CONNECTIONS_MAX


class CallServer:
    """Serves calls on any number of doors."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        desk: Desk,
        *,
        credentials: Credentials | None = None,
    ) -> None:
        self._clock = clock
        self._random = random
        self._desk = desk
        self._credentials = credentials
        self._connections: dict[Connection, None] = {}  # a set in order of arrival
        self._now = clock.monotonic()  # coarse: moved by the reaper
        self._stop_asked = trio.Event()
        self._all_closed = trio.Event()
        self._grace_s = STOP_GRACE_S
        self._calls = self._refused = self._reaped = self._turned_away = 0

    def __repr__(self) -> str:
        return f"<CallServer connections={len(self._connections)} calls={self._calls}>"

    def statistics(self) -> CallStatistics:
        return CallStatistics(
            len(self._connections), self._calls, self._refused, self._reaped, self._turned_away
        )

    async def serve(self, *doors: Door) -> None:
        """Serve until `stop` has been called and the last connection has ended, or its grace is over."""
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
                self._dismiss(connection, "the service stops")
            await self._wait_until_closed(self._clock.monotonic() + self._grace_s)
            connections.cancel_scope.cancel()

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Take no more connections and calls; answer what is in flight within `grace_s`; then end."""
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
            pass  # the peer is gone
        finally:
            self._connections.pop(connection, None)
            if not self._connections:
                self._all_closed.set()
            await stream.aclose()

    # A connection.

    async def _exchange(self, connection: Connection) -> None:
        reader = MessageReader(GREETING_SIZE_MAX)
        try:
            caller, early = await self._greet(connection, reader)
        except WireError as error:
            self._refused += 1
            await connection.stream.send_all(encode_messages([Farewell(str(error))]))
            await self._drain(connection)
            return
        if caller is None:
            return
        async with trio.open_nursery() as tasks:
            with trio.CancelScope() as taking:
                tasks.start_soon(self._send_all, connection, taking)
                try:
                    self._begin(early, connection, caller, tasks)
                    await self._take_calls(connection, reader, caller, tasks)
                except WireError as error:
                    self._refused += 1
                    self._dismiss(connection, str(error))
                except trio.BrokenResourceError:
                    pass  # what was taken is performed all the same
                connection.end()
        await self._drain(connection)

    async def _greet(
        self, connection: Connection, reader: MessageReader
    ) -> tuple[Caller | None, list[Message]]:
        """Return who calls and what came behind the greeting; nobody if the peer left. Raises `WireError`."""
        hello, early = await self._next(connection, reader)
        if hello is None:
            return None, []
        if not isinstance(hello, Hello):
            raise WireError("a caller says hello first")
        if hello.version != CALLS_VERSION:
            raise WireError(f"version {CALLS_VERSION} of calls is spoken here, not {hello.version}")
        caller = self._desk.caller(hello.key, hello.region)
        if self._credentials is not None:
            if early:
                raise WireError("a caller waits for the challenge")
            nonce = self._random.randbytes(NONCE_SIZE)
            await connection.stream.send_all(encode_messages([Challenge(nonce)]))
            answer, early = await self._next(connection, reader)
            if answer is None:
                return None, []
            if not isinstance(answer, Proof) or not _is_proof(self._credentials, hello, nonce, answer.digest):
                raise WireError("the access key, its secret or its session token is not known here")
        reader.admit(CALL_FRAME_SIZE_MAX)
        connection.phase, connection.since = IDLE, self._now
        await connection.stream.send_all(encode_messages([Welcome(CALLS_VERSION)]))
        return caller, early

    async def _next(
        self, connection: Connection, reader: MessageReader
    ) -> tuple[Message | None, list[Message]]:
        """Return the next message and what came with it."""
        messages: list[Message] = []
        while not messages:
            received = await connection.stream.receive_some(RECEIVE_SIZE)
            if not received:
                return None, []
            messages = reader.feed(bytes(received))
        return messages[0], messages[1:]

    async def _take_calls(
        self, connection: Connection, reader: MessageReader, caller: Caller, tasks: trio.Nursery
    ) -> None:
        receive = connection.stream.receive_some
        while not connection.ending:
            while connection.full and not connection.ending:
                await connection.room.park()
            received = await receive(RECEIVE_SIZE)
            if not received:
                return
            connection.since = self._now
            self._begin(reader.feed(bytes(received)), connection, caller, tasks)

    def _begin(
        self, messages: list[Message], connection: Connection, caller: Caller, tasks: trio.Nursery
    ) -> None:
        for message in messages:
            if not isinstance(message, Call):
                raise WireError(f"a caller sends calls, not {type(message).__name__}")
            if connection.ending:
                return
            connection.in_flight += 1
            tasks.start_soon(self._perform, message, connection, caller)

    async def _perform(self, call: Call, connection: Connection, caller: Caller) -> None:
        told: Told
        try:
            status, body = await self._desk.perform(call.operation, call.body, caller)
        except ReplyDropped:
            told, body = Lost(call.id), b""
        else:
            told = Answer(call.id, body) if status == 200 else Refusal(call.id, status, body)
        self._calls += 1
        connection.in_flight -= 1
        connection.since = self._now
        connection.put(told, len(body))
        if not connection.full:
            connection.room.unpark_all()

    async def _send_all(self, connection: Connection, taking: trio.CancelScope) -> None:
        """Send what is put into the outbox, whatever waits at once, until everything is answered; then end `taking`."""
        broken = False
        while True:
            while not connection.outbox:
                if not connection.done:
                    await connection.to_send.park()
                elif connection.farewell is None:
                    taking.cancel()
                    return
                else:
                    connection.outbox.append(Farewell(connection.farewell))
                    connection.farewell = None
            outbox, connection.outbox, connection.outbox_size = connection.outbox, [], 0
            connection.phase, connection.since = SENDING, self._now
            if not broken:
                try:
                    await connection.stream.send_all(encode_messages(outbox))
                except trio.BrokenResourceError:
                    broken = True
                    connection.end()
            connection.phase, connection.since = IDLE, self._now
            connection.room.unpark_all()

    def _dismiss(self, connection: Connection, reason: str) -> None:
        """Tell a peer why no more is taken of it, and end when what it asked for is answered."""
        if connection.phase is GREETING:
            connection.scope.cancel()
        elif not connection.ending:
            connection.farewell = reason
            connection.end()

    async def _drain(self, connection: Connection) -> None:
        """Say that nothing follows, and drop what still comes until the peer closes."""
        connection.phase, connection.since = DRAINING, self._now
        await connection.stream.send_eof()
        while await connection.stream.receive_some(RECEIVE_SIZE):
            pass

    # Limits.

    async def _reap(self) -> None:
        """Move the coarse clock and end what has used up its time."""
        while True:
            await self._clock.sleep_until(self._now + REAP_INTERVAL_S)
            now = self._now = self._clock.monotonic()
            for connection in self._connections:
                if now - connection.since > connection.phase.limit_s and not connection.in_flight:
                    self._reaped += 1
                    connection.scope.cancel()

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


def _is_proof(credentials: Credentials, hello: Hello, nonce: bytes, digest: bytes) -> bool:
    secret = credentials.get(hello.key)
    if secret is None or not is_token(secret, hello.token):
        return False
    return hmac.compare_digest(proof(secret.key, hello, nonce), digest)
