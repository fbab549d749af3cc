"""Claims about the way over TCP: one connection, what becomes of calls when it ends, who may call."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import attrs
import pytest
import trio
import trio.testing

from client.memory import MemoryStream
from dynamodb.server import serving
from trinamo.client import Client, Credentials, Unreachable, connect
from trinamo.client.environment import ByteStream, SystemEnvironment
from trinamo.client.errors import ServerError
from trinamo.client.frames import ANSWER_S_MAX, DIAL_S_MAX, FrameTransport, Greeter
from trinamo.client.retries import Policy
from trinamo.client.transport import Lost, Unsent
from trinamo.wire.calls import (
    CALLS_VERSION,
    Answer,
    Call,
    Farewell,
    Hello,
    MessageReader,
    Refusal,
    Welcome,
    encode_messages,
)
from trinamo.wire.calls import Lost as AnswerLost
from trinamo.wire.message import Message


@attrs.define
class Service:
    """The other end of one connection, as a script has it."""

    stream: trio.abc.Stream
    reader: MessageReader = attrs.field(factory=MessageReader)
    received: list[Message] = attrs.field(factory=list)

    async def next(self) -> Message:
        while not self.received:
            data = await self.stream.receive_some(65_536)
            assert data, "the client has left"
            self.received += self.reader.feed(bytes(data))
        return self.received.pop(0)

    async def calls(self, count: int) -> list[Call]:
        """Return the next calls, by the names of their operations: tasks run in no order."""
        found = [await self.next() for _ in range(count)]
        return sorted((call for call in found if isinstance(call, Call)), key=lambda call: call.operation)

    async def send(self, *messages: Message) -> None:
        await self.stream.send_all(encode_messages(messages))


class Scripted(SystemEnvironment):
    """Connections that lead to the test."""

    def __init__(self) -> None:
        super().__init__()
        self._send, self.accepted = trio.open_memory_channel[Service](8)

    async def connect(self, host: str, port: int, tls: bool = False) -> ByteStream:
        ours, theirs = trio.testing.memory_stream_pair()
        await self._send.send(Service(theirs))
        return MemoryStream(ours)

    async def accept(self) -> Service:
        service = await self.accepted.receive()
        assert isinstance(await service.next(), Hello)
        await service.send(Welcome(CALLS_VERSION))
        return service


@attrs.define
class Asked:
    """A call under way, and how it ended."""

    transport: FrameTransport
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    outcome: object = None

    async def run(self, operation: str) -> None:
        with self.scope:
            try:
                self.outcome = await self.transport.call(operation, {})
            except Exception as error:  # noqa: BLE001 - it is looked at
                self.outcome = error


@attrs.define
class Bench:
    environment: Scripted
    transport: FrameTransport
    nursery: trio.Nursery

    def ask(self, operation: str = "GetItem") -> Asked:
        asked = Asked(self.transport)
        self.nursery.start_soon(asked.run, operation)
        return asked


@contextlib.asynccontextmanager
async def bench(seconds_max: float = 20) -> AsyncIterator[Bench]:
    with trio.fail_after(seconds_max):
        async with anyio.create_task_group() as tasks, trio.open_nursery() as nursery:
            environment = Scripted()
            yield Bench(environment, FrameTransport(environment, "h", 1, Greeter(), tasks), nursery)
            nursery.cancel_scope.cancel()
            tasks.cancel_scope.cancel()


async def settle() -> None:
    await trio.testing.wait_all_tasks_blocked()


async def test_many_calls_share_one_connection_and_are_answered_in_any_order() -> None:
    async with bench() as table:
        asked = [table.ask(operation) for operation in ("DeleteItem", "GetItem", "PutItem")]
        service = await table.environment.accept()
        calls = await service.calls(3)
        for call in reversed(calls):
            await service.send(Answer(call.id, b'{"was": "%b"}' % call.operation.encode()))
        await settle()
        assert [one.outcome for one in asked] == [
            {"was": "DeleteItem"},
            {"was": "GetItem"},
            {"was": "PutItem"},
        ]


async def test_what_the_service_says_of_a_call_is_told() -> None:
    async with bench() as table:
        refused, lost = table.ask("GetItem"), table.ask("PutItem")
        service = await table.environment.accept()
        first, second = await service.calls(2)
        await service.send(
            Refusal(first.id, 500, b'{"__type": "x#InternalServerError"}'), AnswerLost(second.id)
        )
        await settle()
        assert isinstance(refused.outcome, ServerError)
        assert isinstance(lost.outcome, Lost)


async def test_a_connection_that_breaks_leaves_its_calls_in_doubt_and_the_next_one_dials_again() -> None:
    async with bench() as table:
        asked = table.ask()
        service = await table.environment.accept()
        await service.calls(1)
        await service.stream.aclose()
        await settle()
        assert isinstance(asked.outcome, Lost)
        again = table.ask()
        service = await table.environment.accept()
        (call,) = await service.calls(1)
        await service.send(Answer(call.id, b"{}"))
        await settle()
        assert again.outcome == {}


async def test_after_a_farewell_what_is_unanswered_was_not_taken() -> None:
    async with bench() as table:
        asked = table.ask()
        service = await table.environment.accept()
        await service.calls(1)
        await service.send(Farewell("the service stops"))
        await settle()
        assert isinstance(asked.outcome, Unsent)


@pytest.mark.parametrize(
    "nonsense", [b"HTTP/1.1 400 Bad Request\r\n", encode_messages([Welcome(CALLS_VERSION)])]
)
async def test_what_is_not_of_the_protocol_ends_the_connection(nonsense: bytes) -> None:
    async with bench() as table:
        asked = table.ask()
        service = await table.environment.accept()
        await service.calls(1)
        await service.stream.send_all(nonsense)
        await settle()
        assert isinstance(asked.outcome, Lost)


async def test_an_answer_to_who_has_left_wakes_nobody() -> None:
    async with bench() as table:
        left, stays = table.ask("GetItem"), table.ask("PutItem")
        service = await table.environment.accept()
        first, second = await service.calls(2)
        left.scope.cancel()
        await settle()
        await service.send(Answer(first.id, b'{"for": "nobody"}'), Answer(second.id, b"{}"))
        await settle()
        assert (left.outcome, stays.outcome) == (None, {})


async def test_a_service_that_does_not_greet_is_given_up(autojump_clock: object) -> None:
    async with bench() as table:
        asked = table.ask()
        with trio.move_on_after(DIAL_S_MAX + 1):
            await trio.sleep_forever()
        assert isinstance(asked.outcome, Unsent)


async def test_a_silent_connection_is_given_up_with_all_its_calls(autojump_clock: object) -> None:
    async with bench(120) as table:
        first = table.ask("GetItem")
        service = await table.environment.accept()
        await service.calls(1)
        await trio.sleep(ANSWER_S_MAX - 1)
        second = table.ask("PutItem")
        await trio.sleep(2)
        assert isinstance(first.outcome, Lost)
        assert isinstance(second.outcome, Lost)
        again = table.ask()
        service = await table.environment.accept()
        (call,) = await service.calls(1)
        await service.send(Answer(call.id, b"{}"))
        await settle()
        assert again.outcome == {}


async def test_one_slow_answer_does_not_end_a_connection_that_answers(autojump_clock: object) -> None:
    async with bench(120) as table:
        slow, quick = table.ask("GetItem"), table.ask("PutItem")
        service = await table.environment.accept()
        calls = await service.calls(2)
        await trio.sleep(ANSWER_S_MAX - 1)
        await service.send(Answer(calls[1].id, b"{}"))
        await trio.sleep(2)
        assert isinstance(slow.outcome, Lost)
        assert quick.outcome == {}
        again = table.ask()
        (call,) = await service.calls(1)
        await service.send(Answer(calls[0].id, b"{}"), Answer(call.id, b"{}"))
        await settle()
        assert again.outcome == {}


async def test_a_dial_that_is_cancelled_closes_its_connection_and_lets_others_dial() -> None:
    async with bench() as table:
        asked = table.ask()
        service = await table.environment.accepted.receive()
        await settle()
        asked.scope.cancel()
        await settle()
        assert await service.stream.receive_some(65_536)  # the hello
        assert not await service.stream.receive_some(65_536)
        again = table.ask()
        service = await table.environment.accept()
        (call,) = await service.calls(1)
        await service.send(Answer(call.id, b"{}"))
        await settle()
        assert again.outcome == {}


# Against `trinamo dev`.

NO_RETRIES = Policy(tries_max=1)


def use(target: str, credentials: Credentials | None = None) -> object:
    async def main() -> object:
        async with connect(target, credentials=credentials, retries=NO_RETRIES) as db:
            return await names(db)

    return anyio.run(main, backend="asyncio")


async def names(db: Client) -> object:
    return (await db.list_tables())["TableNames"]


def test_dev_takes_calls_at_its_tcp_port_from_who_knows_the_secret(tmp_path: Path) -> None:
    keys = tmp_path / "credentials"
    keys.write_text("[default]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n")
    with serving("--tcp-port", "0", "--auth", str(keys)) as server:
        target = server.ready_line.strip().rstrip(")").partition("calls at ")[2]
        assert target.startswith("tcp://127.0.0.1:")
        assert use(target, Credentials("AKIA", "secret")) == []
        with pytest.raises(
            Unreachable, match="the access key, its secret or its session token is not known here"
        ):
            use(target, Credentials("AKIA", "wrong"))
        assert server.stop() == 0
        with pytest.raises(Unreachable, match="does not answer"):
            use(target)
