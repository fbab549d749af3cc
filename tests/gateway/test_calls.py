"""Claims about the door of calls: greeting, many calls at once, what ends a connection and how."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import orjson
import pytest
import structlog.testing
import trio
import trio.testing

from gateway.http.conversation import TrioClock
from trinamo.gateway.calls import GREETING, IDLE, IN_FLIGHT_MAX, CallServer, Desk
from trinamo.gateway.http.protocol import ApiRequest
from trinamo.gateway.http.server import ReplyDropped
from trinamo.gateway.http.sigv4 import Credentials, Secret
from trinamo.model import errors
from trinamo.model.errors import ApiError
from trinamo.model.limits import REQUEST_SIZE_MAX
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
from trinamo.wire.frame import encode_frame
from trinamo.wire.message import Message

HELLO = Hello(CALLS_VERSION, "123456789012", "eu-west-1")
SESSION = Hello(CALLS_VERSION, "ASIA", "eu-west-1", "token")
KEYS: Credentials = {"123456789012": Secret("secret"), "ASIA": Secret("other", "token")}


async def obey(request: ApiRequest) -> bytes | ApiError:
    """Answer `say`, and who asks, after `after` seconds; or do what `do` says."""
    what = request.parameters
    await trio.sleep(what.get("after", 0))
    match what.get("do"):
        case "refuse":
            return errors.resource_not_found()
        case "raise":
            raise errors.service_unavailable()
        case "crash":
            raise ZeroDivisionError
        case "drop":
            raise ReplyDropped
    return orjson.dumps([what.get("say"), request.operation, request.account, request.region])


@attrs.define
class Peer:
    """The other end of a connection."""

    stream: trio.abc.Stream
    reader: MessageReader = attrs.field(factory=MessageReader)
    received: list[Message] = attrs.field(factory=list)

    async def send(self, *messages: Message) -> None:
        await self.stream.send_all(encode_messages(messages))

    async def next(self) -> Message | None:
        while not self.received:
            data = await self.stream.receive_some(65_536)
            if not data:
                return None
            self.received += self.reader.feed(bytes(data))
        return self.received.pop(0)

    async def rest(self) -> list[Message]:
        found: list[Message] = []
        while (message := await self.next()) is not None:
            found.append(message)
        await self.stream.aclose()
        return found


@attrs.define
class Site:
    server: CallServer
    nursery: trio.Nursery

    def connect(self) -> Peer:
        ours, theirs = trio.testing.memory_stream_pair()
        self.nursery.start_soon(self.server.converse, theirs)
        return Peer(ours)

    async def greeted(self) -> Peer:
        peer = self.connect()
        await peer.send(HELLO)
        assert await peer.next() == Welcome(CALLS_VERSION)
        return peer


@asynccontextmanager
async def running(credentials: Credentials | None = None) -> AsyncIterator[Site]:
    with structlog.testing.capture_logs():
        async with trio.open_nursery() as nursery:
            server = CallServer(TrioClock(), random.Random(1), Desk(obey), credentials=credentials)
            nursery.start_soon(server.serve)
            yield Site(server, nursery)
            nursery.cancel_scope.cancel()


def call(id_: int, operation: str = "GetItem", **what: object) -> Call:
    return Call(id_, operation, orjson.dumps(what))


async def test_a_call_is_answered_for_the_account_and_region_of_the_greeting() -> None:
    async with running() as site:
        peer = await site.greeted()
        await peer.send(call(1, say="a"))
        assert await peer.next() == Answer(1, b'["a","GetItem","123456789012","eu-west-1"]')


async def test_an_empty_region_is_the_services_and_any_key_the_default_account() -> None:
    async with running() as site:
        peer = site.connect()
        await peer.send(Hello(CALLS_VERSION, "AKIA", ""), call(1))
        assert await peer.next() == Welcome(CALLS_VERSION)
        assert await peer.next() == Answer(1, b'[null,"GetItem","000000000000","us-east-1"]')


async def test_answers_come_when_they_are_ready(autojump_clock: object) -> None:
    async with running() as site:
        peer = await site.greeted()
        await peer.send(call(1, after=3), call(2, after=1), call(3))
        answers = [await peer.next() for _ in range(3)]
        assert [answer.id for answer in answers if isinstance(answer, Answer)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (call(1, do="refuse"), Refusal(1, 400, errors.resource_not_found().body())),
        (call(1, do="raise"), Refusal(1, 503, errors.service_unavailable().body())),
        (call(1, do="crash"), Refusal(1, 500, errors.internal_server_error().body())),
        (call(1, do="drop"), Lost(1)),
        (call(1, operation="Dance"), Refusal(1, 400, errors.unknown_operation().body())),
        (Call(1, "GetItem", b"{"), Refusal(1, 400, errors.serialization().body())),
        (Call(1, "GetItem", b"[]"), Refusal(1, 400, errors.serialization().body())),
        (Call(1, "GetItem", b" " * (REQUEST_SIZE_MAX + 1)), Refusal(1, 413, b"{}")),
    ],
    ids=["refused", "raised", "crashed", "dropped", "unknown", "no JSON", "no object", "too large"],
)
async def test_what_is_not_done_is_told_and_the_connection_stays(asked: Call, told: Message) -> None:
    async with running() as site:
        peer = await site.greeted()
        async with trio.open_nursery() as nursery:  # the large one is sent while it is received
            nursery.start_soon(peer.send, asked)
            assert await peer.next() == told
        await peer.send(call(2))
        assert isinstance(await peer.next(), Answer)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (encode_messages([call(1)]), "a caller says hello first"),
        (encode_messages([Hello(2, "", "")]), "version 1 of calls is spoken here, not 2"),
        (encode_messages([Hello(CALLS_VERSION, "", "a region")]), "that is not the name of a region"),
        (b"GET / HTTP/1.1\r\n\r\n", "frame announces"),
        (encode_frame(b"x" * (GREETING_SIZE_MAX + 1)), "frame announces"),
        (encode_messages([HELLO, HELLO]), "a caller sends calls, not Hello"),
        (encode_messages([HELLO]) + encode_frame(b"\xff"), "payload is not CBOR"),
    ],
)
async def test_what_is_no_call_gets_a_farewell_that_says_why(sent: bytes, reason: str) -> None:
    async with running() as site:
        peer = site.connect()
        await peer.stream.send_all(sent)
        last = (await peer.rest())[-1]
        assert isinstance(last, Farewell)
        assert last.reason.startswith(reason)
        assert site.server.statistics().refused == 1


async def test_what_was_taken_before_the_fault_is_answered_first(autojump_clock: object) -> None:
    async with running() as site:
        peer = await site.greeted()
        await peer.send(call(1, after=2), HELLO)
        assert [type(message) for message in await peer.rest()] == [Answer, Farewell]


async def test_what_was_taken_is_performed_though_the_caller_leaves(autojump_clock: object) -> None:
    async with running() as site:
        peer = await site.greeted()
        await peer.send(call(1, after=2))
        await trio.testing.wait_all_tasks_blocked()
        await peer.stream.aclose()
        await trio.sleep(1)
        assert site.server.statistics().calls == 0
        await trio.sleep(2)
        assert (site.server.statistics().calls, site.server.statistics().connections) == (1, 0)


async def test_no_more_is_read_than_can_be_held(autojump_clock: object) -> None:
    async with running() as site:
        peer = await site.greeted()
        for start in range(0, 4 * IN_FLIGHT_MAX, IN_FLIGHT_MAX):
            await peer.send(*(call(start + n, after=1) for n in range(IN_FLIGHT_MAX)))
            await trio.testing.wait_all_tasks_blocked()
        ids = {
            message.id for _ in range(4 * IN_FLIGHT_MAX) if isinstance(message := await peer.next(), Answer)
        }
        assert ids == set(range(4 * IN_FLIGHT_MAX))
        assert trio.current_time() >= 2


async def test_a_stop_answers_what_is_in_flight_and_says_farewell(autojump_clock: object) -> None:
    async with running() as site:
        idle, busy, silent = await site.greeted(), await site.greeted(), site.connect()
        await busy.send(call(1, after=1))
        await trio.testing.wait_all_tasks_blocked()
        site.server.stop(grace_s=5)
        farewell = Farewell("the service stops")
        assert await idle.rest() == [farewell]
        assert [type(message) for message in await busy.rest()] == [Answer, Farewell]
        assert await silent.rest() == []


async def test_those_who_are_silent_are_parted_with(autojump_clock: object) -> None:
    async with running() as site:
        stranger, idle = site.connect(), await site.greeted()
        assert await stranger.rest() == []
        assert GREETING.limit_s < trio.current_time() < IDLE.limit_s
        assert await idle.rest() == []
        assert site.server.statistics().reaped == 2


@pytest.mark.parametrize(("hello", "secret"), [(HELLO, "secret"), (SESSION, "other")])
async def test_who_knows_the_secret_may_call(hello: Hello, secret: str) -> None:
    async with running(KEYS) as site:
        peer = site.connect()
        await peer.send(hello)
        challenge = await peer.next()
        assert isinstance(challenge, Challenge)
        await peer.send(Proof(proof(secret, hello, challenge.nonce)), call(1))
        assert await peer.next() == Welcome(CALLS_VERSION)
        assert isinstance(await peer.next(), Answer)


@pytest.mark.parametrize(
    ("hello", "proven", "secret"),
    [
        (HELLO, HELLO, "wrong"),
        (Hello(CALLS_VERSION, "nobody", ""), HELLO, "secret"),
        (Hello(CALLS_VERSION, "ASIA", ""), HELLO, "other"),
        (HELLO, Hello(CALLS_VERSION, "123456789012", "us-east-1"), "secret"),
    ],
    ids=["secret", "key", "session token", "another greeting"],
)
async def test_who_does_not_is_sent_away(hello: Hello, proven: Hello, secret: str) -> None:
    async with running(KEYS) as site:
        peer = site.connect()
        await peer.send(hello)
        challenge = await peer.next()
        assert isinstance(challenge, Challenge)
        await peer.send(Proof(proof(secret, proven, challenge.nonce)))
        (farewell,) = await peer.rest()
        assert isinstance(farewell, Farewell)
        assert farewell.reason == "the access key, its secret or its session token is not known here"
