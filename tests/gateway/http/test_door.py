"""Claims about doors: real sockets on loopback, and a real client through them."""

import errno
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import boto3
import botocore.exceptions
import orjson
import pytest
import trio
import trio.testing
from botocore.config import Config

from gateway.http.conversation import Client, TrioClock
from trinamo.gateway.http import Admission, ApiRequest, HttpServer
from trinamo.model import errors
from trinamo.model.errors import ApiError
from trinamo.world.door import TcpDoor, TcpStream, open_door


async def keep(request: ApiRequest) -> bytes | ApiError:
    """A service of one item."""
    if request.operation != "GetItem":
        return b"{}"
    if request.parameters["TableName"] != "there":
        return errors.resource_not_found()
    return orjson.dumps({"Item": {**request.parameters["Key"], "region": {"S": request.region}}})


@asynccontextmanager
async def serving(door: TcpDoor) -> AsyncIterator[HttpServer]:
    clock = TrioClock()
    server = HttpServer(clock, random.Random(1), Admission(clock), keep)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, door)
            yield server
            server.stop()


async def connect(door: TcpDoor, host: str = "127.0.0.1") -> Client:
    return Client(await trio.open_tcp_stream(host, door.port))


# boto3.


def client(port: int) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="ap-northeast-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="anything",
        config=Config(retries={"total_max_attempts": 1}),
    )


async def with_boto3(use: Callable[[Any], None]) -> HttpServer:
    door = await open_door()
    async with serving(door) as server:

        def run() -> None:
            database = client(door.port)
            use(database)
            database.close()

        await trio.to_thread.run_sync(run)
    return server


async def test_boto3_reads_an_item() -> None:
    def use(database: Any) -> None:
        answer = database.get_item(TableName="there", Key={"id": {"B": b"\x00\xff"}})
        assert answer["Item"] == {"id": {"B": b"\x00\xff"}, "region": {"S": "ap-northeast-1"}}
        assert len(answer["ResponseMetadata"]["RequestId"]) == 52

    await with_boto3(use)


async def test_boto3_keeps_its_connection_through_errors() -> None:
    def use(database: Any) -> None:
        for _ in range(5):
            with pytest.raises(database.exceptions.ResourceNotFoundException) as caught:
                database.get_item(TableName="gone", Key={"id": {"S": "x"}})
            assert caught.value.response["Error"]["Message"] == "Requested resource not found"
            database.get_item(TableName="there", Key={"id": {"S": "x"}})

    server = await with_boto3(use)
    assert server.statistics().requests == 10


async def test_boto3_sends_large_bodies_and_hears_that_one_is_too_large() -> None:
    def use(database: Any) -> None:
        database.put_item(TableName="there", Item={"id": {"S": "x" * 15_000_000}})
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            database.put_item(TableName="there", Item={"id": {"S": "x" * 17_000_000}})
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413

    await with_boto3(use)


# Doors.


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


async def test_a_door_opens_on_both_loopback_addresses_with_one_port() -> None:
    door = await open_door()
    hosts = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    assert not door.exposed
    assert [address.rpartition(":")[2] for address in door.addresses] == [str(door.port)] * len(hosts)
    async with serving(door):
        for host in hosts:
            knocking = await connect(door, host)
            assert (await knocking.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 200
            await knocking.stream.aclose()


async def test_a_taken_port_is_refused_in_one_line() -> None:
    door = await open_door()
    for hosts in (("127.0.0.1",), ("127.0.0.1", "::1")):
        with pytest.raises(OSError, match=r"taken") as caught:
            await open_door(hosts, door.port)
        assert caught.value.errno == errno.EADDRINUSE
        assert caught.value.strerror == f"port {door.port} on 127.0.0.1 is taken"
    door.close()


async def test_a_host_of_another_machine_is_refused_in_one_line() -> None:
    with pytest.raises(OSError, match=r"cannot listen on port 0 of 192\.0\.2\.1: ") as caught:
        await open_door(["192.0.2.1"])
    assert "\n" not in str(caught.value)


async def test_no_host_is_refused() -> None:
    with pytest.raises(OSError, match="no host"):
        await open_door([])


async def test_a_door_on_all_addresses_is_exposed() -> None:
    door = await open_door(["0.0.0.0"])
    assert door.exposed
    door.close()


async def test_a_door_is_closed_when_its_server_has_stopped() -> None:
    door = await open_door()
    port = door.port
    async with serving(door):
        pass
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", port)


async def test_a_connection_in_time_wait_does_not_hold_the_port() -> None:
    door = await open_door()
    port = door.port
    async with serving(door) as server:
        knocking = await connect(door)
        await knocking.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert await knocking.is_closed()  # so it is the server who lingers
        await knocking.stream.aclose()
        assert server.statistics().requests == 1
    (await open_door(["127.0.0.1"], port)).close()


# Streams.


def pair() -> tuple[TcpStream, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    return TcpStream(theirs), ours


async def test_a_stream_sends_more_than_the_kernel_takes_at_once() -> None:
    stream, peer = pair()
    data = random.Random(1).randbytes(20_000_000)
    received = bytearray()
    other = trio.SocketStream(trio.socket.from_stdlib_socket(peer))

    async def receive() -> None:
        async for part in other:
            received.extend(part)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await stream.send_all(data)
            await stream.send_eof()
    assert received == data
    await stream.aclose()
    await other.aclose()


async def test_a_stream_whose_peer_reset_it_is_broken() -> None:
    stream, peer = pair()
    peer.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
    )  # close by reset
    peer.close()
    with trio.fail_after(5):
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some(1)
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"x")
    await stream.aclose()
    await stream.aclose()


async def test_closing_a_stream_wakes_its_receiver() -> None:
    stream, peer = pair()

    async def receive() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await stream.receive_some(1)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await trio.testing.wait_all_tasks_blocked()
            await stream.aclose()
    peer.close()
