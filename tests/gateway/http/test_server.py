"""Claims about connections."""

import contextlib
import random

import pytest
import structlog.testing
import trio
import trio.testing

from gateway.http.conversation import Client, Site, TrioClock, echo, post, running
from trinamo.gateway.http import Admission, ApiRequest, HttpServer
from trinamo.gateway.http import server as server_module
from trinamo.gateway.http.requests import BODY_SIZE_MAX
from trinamo.gateway.http.server import IDLE, RECEIVING, SENDING


async def say(request: ApiRequest) -> bytes:
    """Answer with the value of `say`, after `after` seconds."""
    await trio.sleep(request.parameters.get("after", 0))
    return str(request.parameters["say"]).encode()


def saying(word: str, after: float = 0, **how: object) -> bytes:
    body = b'{"say": "%b", "after": %f}' % (word.encode(), after)
    return post(body=body, **how)  # type: ignore[arg-type]  # keywords of post


class Room:
    """A place where requests wait until they are let go."""

    def __init__(self) -> None:
        self.entered = trio.Event()
        self.leave = trio.Event()

    async def wait(self, _: ApiRequest) -> bytes:
        self.entered.set()
        await self.leave.wait()
        return b"done"


async def test_pipelined_requests_are_answered_in_order_in_one_send(autojump_clock: object) -> None:
    async with running(say) as site:
        client = site.connect()
        await client.send(saying("a", after=3), saying("b", after=1), saying("c"))
        received = await client.stream.receive_some(65_536)
        assert [part[-1:] for part in bytes(received).split(b"HTTP/1.1 200 OK")[1:]] == [b"a", b"b", b"c"]
    assert site.server.statistics().requests == 3


async def test_answers_to_pipelined_requests_do_not_pile_up() -> None:
    async def long(_: ApiRequest) -> bytes:
        return b"x" * 100_000

    ours, theirs = trio.testing.lockstep_stream_pair()  # what is sent at once is received at once
    async with running(long) as site, trio.open_nursery() as nursery:
        nursery.start_soon(site.server.converse, theirs)
        await ours.send_all(post() * 100)
        sizes: list[int] = []
        while sum(sizes) < 100 * 100_000:
            sizes.append(len(await ours.receive_some(BODY_SIZE_MAX)))
        assert max(sizes) < server_module.SEND_SIZE + 101_000
        assert len(sizes) < 50  # yet they are sent together
        await ours.aclose()


async def test_a_request_in_single_bytes_is_answered() -> None:
    async with running(say) as site:
        client = site.connect()
        for byte in saying("slow"):
            await client.send(bytes([byte]))
        assert (await client.read()).body == b"slow"


async def test_a_connection_outlives_errors_of_the_api() -> None:
    async with running(say) as site:
        client = site.connect()
        for raw in (
            post(body=b"["),
            post("no.such"),
            post(authorization=None),
            post(url="/x"),
            post(body=b""),
        ):
            response = await client.ask(raw)
            assert response.status in (400, 404)
            assert response.headers["connection"] == "keep-alive"
        assert (await client.ask(saying("still here"))).body == b"still here"


async def test_an_exception_costs_its_request_a_500_and_is_logged_once() -> None:
    async def handle(request: ApiRequest) -> bytes:
        if not request.parameters:
            raise ZeroDivisionError("a bug")
        return await say(request)

    with structlog.testing.capture_logs() as logs:
        async with running(handle) as site:
            client = site.connect()
            response = await client.ask(post(body=b"{}"))
            assert (await client.ask(saying("next"))).body == b"next"
    assert response.status == 500
    assert response.json == {
        "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "message": "The server encountered an internal error trying to fulfill the request.",
    }
    [entry] = logs
    assert (entry["event"], entry["log_level"], entry["exc_info"]) == ("request failed", "error", True)
    assert site.server.statistics().failures == 1


# Versions and closing.


async def test_a_connection_is_closed_when_the_client_wants_it() -> None:
    async with running(say) as site:
        for how in ({"headers": ("Connection: close",)}, {"version": "1.0"}):
            client = site.connect()
            response = await client.ask(saying("bye", **how))
            assert (response.body, response.headers["connection"]) == (b"bye", "close")
            assert await client.is_closed()


async def test_http_1_0_may_keep_the_connection() -> None:
    async with running(say) as site:
        client = site.connect()
        for word in ("one", "two"):
            response = await client.ask(saying(word, version="1.0", headers=("Connection: keep-alive",)))
            assert (response.body, response.headers["connection"]) == (word.encode(), "keep-alive")


async def test_requests_before_malformed_http_are_answered_then_400_closes() -> None:
    async with running(say) as site:
        client = site.connect()
        await client.send(saying("good"), b"bad\r\n\r\n")
        assert (await client.read()).body == b"good"
        refusal = await client.read()
        assert (refusal.status, refusal.headers["connection"], refusal.body) == (400, "close", b"")
        assert await client.is_closed()
    assert site.server.statistics().refusals == 1


async def test_an_oversized_body_is_refused_with_413_while_the_client_still_sends() -> None:
    async with running(say) as site:
        client = site.connect()
        body = b"x" * (BODY_SIZE_MAX + 1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send, post(body=body))
            response = await client.read()
        assert (response.status, response.body) == (413, b"")
        assert response.headers["connection"] == "close"
        assert await client.is_closed()


async def test_an_endless_head_is_refused_with_431() -> None:
    async with running(say) as site:
        client = site.connect()
        await client.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000)
        assert (await client.read()).status == 431


async def test_chunked_bodies_are_taken() -> None:
    raw = (
        saying("x").partition(b"\r\n\r\n")[0].rpartition(b"\r\n")[0]
        + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    async with running(say) as site:
        client = site.connect()
        for _ in range(2):
            await client.send(raw + b'8\r\n{"say": \r\n')
            await client.send(b'7\r\n"whole"\r\n1\r\n}\r\n0\r\n\r\n')
            assert (await client.read()).body == b"whole"


async def test_a_client_that_expects_100_gets_it_before_its_body() -> None:
    head, _, body = saying("polite", headers=("Expect: 100-continue",)).partition(b"\r\n\r\n")
    async with running(say) as site:
        client = site.connect()
        await client.send(saying("before"), head, b"\r\n\r\n")
        assert (await client.read()).body == b"before"
        assert (await client.read()).status == 100
        await client.send(body)
        assert (await client.read()).body == b"polite"


async def test_a_peer_that_leaves_takes_only_its_connection_along() -> None:
    room = Room()
    async with running(room.wait) as site:
        leaver, stayer = site.connect(), site.connect()
        await leaver.send(post())
        await room.entered.wait()
        await leaver.stream.aclose()
        room.leave.set()
        assert (await stayer.ask(post())).body == b"done"
        await trio.testing.wait_all_tasks_blocked()
        assert site.server.statistics().connections == 1


# Limits in time.


async def closing_time(client: Client) -> float:
    start = trio.current_time()
    assert await client.is_closed()
    return trio.current_time() - start


async def test_an_idle_connection_is_closed_in_the_end(autojump_clock: object) -> None:
    async with running(say) as site:
        client = site.connect()
        await client.ask(saying("hello"))
        assert IDLE.limit_s <= await closing_time(client) <= IDLE.limit_s + 2
    assert site.server.statistics().reaped == 1


async def test_a_request_must_be_whole_in_time_however_it_trickles(autojump_clock: object) -> None:
    async def trickle(client: Client) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            while True:
                await client.send(b"x")
                await trio.sleep(1)

    async with running(say) as site:
        client = site.connect()
        await client.send(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trickle, client)
            assert RECEIVING.limit_s <= await closing_time(client) <= RECEIVING.limit_s + 2


async def test_a_client_that_does_not_read_is_given_up(autojump_clock: object) -> None:
    ours, theirs = trio.testing.lockstep_stream_pair()  # sending waits for the reader
    async with running(say) as site, trio.open_nursery() as nursery:
        start = trio.current_time()
        nursery.start_soon(ours.send_all, saying("unheard"))
        await site.server.converse(theirs)
        assert SENDING.limit_s <= trio.current_time() - start <= SENDING.limit_s + 2


async def test_an_operation_may_take_its_time(autojump_clock: object) -> None:
    async with running(say) as site:
        assert (await site.connect().ask(saying("at last", after=1_000))).body == b"at last"


async def test_a_busy_connection_is_not_idle(autojump_clock: object) -> None:
    async with running(say) as site:
        client = site.connect()
        for _ in range(10):
            await trio.sleep(IDLE.limit_s - 10)
            assert (await client.ask(saying("here"))).body == b"here"


async def test_connections_are_limited_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "CONNECTIONS_MAX", 2)
    async with running(say) as site:
        kept = [site.connect(), site.connect()]
        for client in kept:
            await client.ask(saying("in"))
        assert await site.connect().is_closed()
        assert (await kept[0].ask(saying("still"))).body == b"still"
        assert site.server.statistics().turned_away == 1


# Stopping.


def make_server(room: Room) -> HttpServer:
    clock = TrioClock()
    return HttpServer(clock, random.Random(1), Admission(clock), room.wait)


async def test_stopping_answers_what_is_in_flight_and_closes_what_is_idle(autojump_clock: object) -> None:
    room = Room()
    server = make_server(room)
    async with trio.open_nursery() as outer, trio.open_nursery() as nursery:
        nursery.start_soon(server.serve)
        site = Site(server, outer)
        idle, busy = site.connect(), site.connect()
        await busy.send(post(), post())
        await room.entered.wait()
        server.stop(grace_s=60)
        assert await idle.is_closed()
        await trio.sleep(50)
        room.leave.set()
        first, second = await busy.read(), await busy.read()
        assert (first.body, first.headers["connection"]) == (b"done", "keep-alive")
        assert (second.body, second.headers["connection"]) == (b"done", "close")
        assert await busy.is_closed()
    assert trio.current_time() < 60


async def test_stopping_does_not_wait_beyond_its_grace(autojump_clock: object) -> None:
    room = Room()

    class OneKnock:
        """A door through which one connection comes."""

        def __init__(self) -> None:
            ours, self._theirs = trio.testing.memory_stream_pair()
            self.client = Client(ours)

        async def serve(self, take: server_module.Take) -> None:
            take(self._theirs)
            await trio.sleep_forever()

    door = OneKnock()
    server = make_server(room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, door)
        await door.client.send(post())
        await room.entered.wait()
        server.stop(grace_s=2)
    assert trio.current_time() == pytest.approx(2)
    assert await door.client.is_closed()


async def test_a_stopped_server_takes_no_request_from_a_new_connection() -> None:
    async with running(echo) as site:
        site.server.stop()
        await trio.testing.wait_all_tasks_blocked()
        client = site.connect()
        assert await client.is_closed()
