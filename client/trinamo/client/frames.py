"""The way to a cluster over TCP: many calls on one connection, in frames (`trinamo.wire.calls`).

    call -> dial, if there is no link -> outbox -> sender ... receiver -> the call that waits

Invariants:

1. Whatever waits is sent at once. A call whose caller was cancelled before it was sent is not sent.
2. A link that ended answers all its calls: with `Unsent` where the service has certainly not taken them, else `Lost`.
3. One link at a time takes new calls. Who finds none dials, while the others wait for that.
4. A link from which nothing has come while a call waited for `ANSWER_S_MAX` is dead, and ended.
5. What waits is as much as there are callers, who each wait for their one call.
"""

from collections.abc import Mapping
from typing import Any, Final

import anyio
import anyio.abc
import attrs

from trinamo.base import WireError
from trinamo.client.environment import ByteStream, Environment
from trinamo.client.errors import Unreachable, error_of
from trinamo.client.transport import BODY_SIZE_MAX, Lost, Unsent, dump, load
from trinamo.client.web import close
from trinamo.wire.calls import (
    CALLS_VERSION,
    Answer,
    Call,
    Challenge,
    Farewell,
    Hello,
    MessageReader,
    Proof,
    Refusal,
    Welcome,
    encode_messages,
    proof,
)
from trinamo.wire.calls import Lost as AnswerLost
from trinamo.wire.message import Message

DIAL_S_MAX: Final = 10.0
ANSWER_S_MAX: Final = 60.0  # as over HTTP; a caller's own deadline is its cancel scope
_TROUBLE: Final = (
    OSError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    WireError,
)


@attrs.frozen
class Greeter:
    """Who calls: an access key with its secret, and the region that is meant. All may be empty."""

    key: str = ""
    secret: str = attrs.field(default="", repr=False)
    token: str | None = attrs.field(default=None, repr=False)
    region: str = ""


@attrs.define(eq=False)
class _Waiting:
    """A call that waits for its answer."""

    sent: bool = False
    told: Message | Unsent | Lost | None = None
    done: anyio.Event = attrs.field(factory=anyio.Event)

    def tell(self, told: Message | Unsent | Lost) -> None:
        self.told = told
        self.done.set()


class _Link:
    """A connection that has been greeted."""

    def __init__(self, stream: ByteStream, reader: MessageReader) -> None:
        self._stream = stream
        self._reader = reader
        self._waiting: dict[int, _Waiting] = {}
        self._outbox: list[Call] = []
        self._to_send = anyio.Event()
        self._calls = 0
        self._heard = 0  # how often something came
        self._scope = anyio.CancelScope()
        self._farewell = False
        self._reason = "the client was closed"
        self.ended = False

    async def ask(self, operation: str, body: bytes) -> Message:
        """Return what the service says. Raises `Unsent`, `Lost`."""
        self._calls += 1
        waiting = self._waiting[self._calls] = _Waiting()
        call = Call(self._calls, operation, body)
        self._outbox.append(call)
        self._to_send.set()
        heard = self._heard
        try:
            with anyio.move_on_after(ANSWER_S_MAX):
                await waiting.done.wait()
        finally:
            self._waiting.pop(call.id, None)
        told = waiting.told
        if told is None:
            if self._heard == heard:
                self._reason = "the connection is silent"
                self.ended = True
                self._scope.cancel()
            raise Lost(f"no answer came in {ANSWER_S_MAX:.0f} s")
        if isinstance(told, Exception):
            raise told
        return told

    async def run(self) -> None:
        """Serve the calls until the connection ends."""
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._send)
                    await self._receive()
                    tasks.cancel_scope.cancel()
        finally:
            self._end()
            await close(self._stream)

    async def _receive(self) -> None:
        try:
            while not self._farewell:
                received = await self._stream.receive(65_536)
                self._heard += 1
                self._farewell = self._take(self._reader.feed(received))
        except _TROUBLE as error:
            self._reason = str(error) or "the connection broke"
        else:
            self._reason = "the service said farewell"

    def _take(self, messages: list[Message]) -> bool:
        """Wake those who are answered; return whether the service has said farewell."""
        for message in messages:
            match message:
                case Answer() | Refusal() | AnswerLost():
                    waiting = self._waiting.get(message.id)
                    if waiting is not None:  # else its caller has left
                        waiting.tell(message)
                case Farewell():
                    return True
                case _:
                    raise WireError(f"a service does not send {type(message).__name__}")
        return False

    async def _send(self) -> None:
        while True:
            while not self._outbox:
                self._to_send = anyio.Event()
                await self._to_send.wait()
            calls, self._outbox = self._outbox, []
            wanted: list[Message] = []
            for call in calls:
                waiting = self._waiting.get(call.id)
                if waiting is not None:
                    waiting.sent = True
                    wanted.append(call)
            try:
                await self._stream.send(encode_messages(wanted))
            except _TROUBLE:
                return  # the receiver learns it, after what was answered still

    def _end(self) -> None:
        self.ended = True
        reason = self._reason
        for waiting in self._waiting.values():
            if not waiting.done.is_set():
                waiting.tell(Unsent(reason) if self._farewell or not waiting.sent else Lost(reason))


class FrameTransport:
    """Calls a cluster at a TCP address."""

    def __init__(
        self, environment: Environment, host: str, port: int, greeter: Greeter, tasks: anyio.abc.TaskGroup
    ) -> None:
        self._environment = environment
        self._host = host
        self._port = port
        self._greeter = greeter
        self._tasks = tasks
        self._dialling = anyio.Lock()
        self._link: _Link | None = None

    def __repr__(self) -> str:
        return f"<FrameTransport tcp://{self._host}:{self._port}>"

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        body = dump(parameters)
        if len(body) > BODY_SIZE_MAX:
            raise error_of(413, b"{}")
        link = self._link
        if link is None or link.ended:
            link = await self._dial()
        told = await link.ask(operation, body)
        match told:
            case Answer():
                return load(told.body)
            case Refusal():
                raise error_of(told.status, told.body)
            case _:
                raise Lost("the answer was lost")

    async def _dial(self) -> _Link:
        async with self._dialling:
            if self._link is None or self._link.ended:
                try:
                    with anyio.fail_after(DIAL_S_MAX):
                        self._link = await self._connect()
                except TimeoutError:
                    raise Unsent(f"{self._host}:{self._port} did not greet in {DIAL_S_MAX:.0f} s") from None
                self._tasks.start_soon(self._link.run)
            return self._link

    async def _connect(self) -> _Link:
        try:
            stream = await self._environment.connect(self._host, self._port)
        except OSError as error:
            raise Unsent(f"{self._host}:{self._port} does not answer: {error}") from error
        reader = MessageReader()
        try:
            await self._greet(stream, reader)
        except _TROUBLE as error:
            await close(stream)
            raise Unsent(f"{self._host}:{self._port} does not take calls: {error}") from error
        except BaseException:  # cancelled
            await close(stream)
            raise
        return _Link(stream, reader)

    async def _greet(self, stream: ByteStream, reader: MessageReader) -> None:
        greeter = self._greeter
        hello = Hello(CALLS_VERSION, greeter.key, greeter.region, greeter.token)
        await stream.send(encode_messages([hello]))
        while True:
            for message in reader.feed(await stream.receive(65_536)):
                match message:
                    case Welcome():
                        return
                    case Challenge():
                        digest = proof(greeter.secret, hello, message.nonce)
                        await stream.send(encode_messages([Proof(digest)]))
                    case Farewell():  # what it says of the greeting, it will say again
                        raise Unreachable(f"{self._host}:{self._port} takes no calls: {message.reason}")
                    case _:
                        raise WireError(f"a service does not greet by {type(message).__name__}")
