"""Whatever is asked, the answer is the service's: requests of every kind, and then the cluster is looked at."""

import os
import zlib
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from dynamodb import server
from dynamodb.clients import connect
from dynamodb.fuzz import Fuzz, FuzzRequest
from dynamodb.fuzz_requests import TABLES
from dynamodb.raw import HEADERS, Answer, ask, dial, read_to_end
from dynamodb.raw import connect as connect_raw
from trinamo.gateway.operations import OPERATIONS

SEED = 20120810
SHORT = 3_000
LONG = 100_000
BROKEN_CONNECTIONS = 50

NAMESPACE = "table is in another namespace"
"""The one warning that a request can cause: it names a region that has no such table, and another has."""

SUCCESS_SHARE_MIN = 0.15
"""Of requests that are left alone, most succeed; where fewer do, the fuzzer no longer reaches what lies behind the checks."""

MEMORY_GROWTH_MAX = 150 * 1024 * 1024
"""Two write buffers of 8 MB for each of three nodes and two families, and what the allocator keeps: 96 MB and half
as much. The caches of texts and layouts are full when memory is measured first."""


def test_a_request_can_be_had_again() -> None:
    first, second = Fuzz(7), Fuzz(7)
    for number in (3, 1, 2):
        assert first.request(number) == second.request(number)
    assert first.request(1) != Fuzz(8).request(1)


def test_every_operation_comes_up() -> None:
    fuzz = Fuzz(SEED)
    drawn = {fuzz.request(number).target.partition(".")[2] for number in range(SHORT)}
    assert drawn >= set(OPERATIONS)


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        (200, b'{"TableNames":[]}', None),
        (400, b'{"__type":"x#ValidationException","message":"m"}', None),
        (400, b'{"__type":"x#ResourceNotFoundException","message":"m"}', None),
        (400, b'{"__type":"x#ExpiredIteratorException","message":"m"}', None),
        (500, b'{"__type":"x#InternalServerError","message":"m"}', "status 500"),
        (503, b'{"__type":"x#ServiceUnavailable","message":"m"}', "status 503"),
        (404, b"<UnknownOperationException/>\n", "status 404, and the body is no JSON"),
        (200, b'{"TableNames":{}}', "$.TableNames: {} is no list"),
        (200, b'{"TableNames":', "status 200, and the body is no JSON"),
        (400, b'{"__type":"x#Surprise","message":"m"}', "Surprise is no code of the service"),
        (400, b'{"message":"m"}', "$: {'message': 'm'} is no error"),
        (400, b'{"__type":"x#ValidationException","message":"<x object at 0x7f>"}', "what was not meant"),
    ],
)
def test_the_judge_knows_what_is_right(status: int, body: bytes, complaint: str | None) -> None:
    fuzz = Fuzz(SEED)
    headers = {**HEADERS, "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    request = FuzzRequest(SEED, 0, "DynamoDB_20120810.ListTables", headers, b"{}")
    answer = answered(status, body)
    found = fuzz.complaints(request, answer)
    if complaint is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].startswith(complaint)
    answer.headers.replace_header("x-amz-crc32", "1")
    assert "the CRC is not that of the body" in fuzz.complaints(request, answer)
    del answer.headers["x-amzn-requestid"]
    assert "there is no request id" in fuzz.complaints(request, answer)


def answered(status: int, body: bytes) -> Answer:
    headers = HTTPMessage()
    headers["x-amzn-requestid"] = "0" * 52
    headers["x-amz-crc32"] = str(zlib.crc32(body))
    return Answer(status, headers, body)


@pytest.fixture
def fuzzed() -> Iterator[server.Server]:
    """A server of its own, with the fuzzer's tables, which must have had nothing to complain about."""
    with server.serving() as running:
        with closing(connect(running.url)) as client:
            for name, keys in TABLES.items():
                roles = zip(keys, ("HASH", "RANGE"), strict=False)
                client.create_table(
                    TableName=name,
                    KeySchema=[{"AttributeName": key, "KeyType": role} for (key, _), role in roles],
                    AttributeDefinitions=[
                        {"AttributeName": key, "AttributeType": kind} for key, kind in keys
                    ],
                    BillingMode="PAY_PER_REQUEST",
                )
        yield running
        code = running.stop()
        complaints = [line for line in running.complaints().splitlines() if NAMESPACE not in line]
        assert (code, complaints) == (0, [])


def run(running: server.Server, fuzz: Fuzz, numbers: range) -> float:
    """Send the requests, all over one connection, and return the share that succeeded."""
    connection = connect_raw(running.url)
    connection.connect()
    connected = connection.sock
    succeeded = 0
    for number in numbers:
        request = fuzz.request(number)
        answer = ask(connection, request.body, request.headers, path=request.path)
        wrong = fuzz.complaints(request, answer)
        assert not wrong, f"{wrong}\n{request}\n{running.complaints()}"
        assert connection.sock is connected, f"the connection was closed\n{request}"
        succeeded += answer.status == 200
    connection.close()
    return succeeded / len(numbers)


def break_connections(running: server.Server, fuzz: Fuzz) -> None:
    """Send what is no HTTP, or not all of it."""
    for number in range(BROKEN_CONNECTIONS):
        request = fuzz.request(number)
        lines = [f"{name}: {value}" for name, value in request.headers.items()]
        head = "\r\n".join(["POST / HTTP/1.1", *lines, f"Content-Length: {len(request.body)}"]).encode()
        cut = number * len(head) // BROKEN_CONNECTIONS
        with dial(running.url) as connection:
            connection.sendall(head[:cut])
        with dial(running.url) as connection:
            connection.sendall(head[:cut] + b"\x00\r\n\r\n" + head[cut:] + b"\r\n\r\n")
            refusal = read_to_end(connection)
            assert refusal.startswith(b"HTTP/1.1 400 "), (number, refusal)


def look(running: server.Server) -> tuple[int, int]:
    """Return the server's connections and tasks, when those that were closed are gone."""
    shown: dict[str, Any] = {}

    def settled() -> bool:
        shown.update(running.view("server"))
        return bool(shown["connections"] == 1)  # that which asks

    server.wait_until(settled, "closed connections are gone", 10.0)
    return shown["failures"], shown["tasks"]


def memory(running: server.Server) -> int:
    """Return the resident bytes of the server's process, 0 where they cannot be seen."""
    path = Path(f"/proc/{running.process.pid}/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if path.exists() else 0


def check_that_it_serves(running: server.Server) -> None:
    values = {"S": "after", "N": "99", "B": b"after"}
    with closing(connect(running.url)) as client:
        for name, keys in TABLES.items():
            item = {**{key: {kind: values[kind]} for key, kind in keys}, "a": {"S": "here"}}
            client.put_item(TableName=name, Item=item)
            key = {name: value for name, value in item.items() if name != "a"}
            assert client.get_item(TableName=name, Key=key, ConsistentRead=True)["Item"] == item
    shown = running.view("cluster")
    assert all(node["alive"] for node in shown["nodes"])
    assert all(len(partition["replicas"]) == 3 and partition["leader"] for partition in shown["partitions"])


def drop_scratch(running: server.Server) -> None:
    """Delete the tables that the requests have made, so that what remains is what was there before."""
    with closing(connect(running.url)) as client:
        for name in client.list_tables()["TableNames"]:
            if name not in TABLES:
                client.delete_table(TableName=name)
                client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05})


def hold(running: server.Server, seed: int, count: int) -> None:
    fuzz = Fuzz(seed)
    check_that_it_serves(running)
    _, tasks = look(running)
    first = run(running, fuzz, range(count // 5))
    full = memory(running)
    rest = run(running, fuzz, range(count // 5, count))
    assert memory(running) - full < MEMORY_GROWTH_MAX
    assert min(first, rest) > SUCCESS_SHARE_MIN
    break_connections(running, fuzz)
    drop_scratch(running)
    check_that_it_serves(running)
    failures, tasks_after = look(running)
    assert failures == 0
    server.wait_until(lambda: look(running)[1] == tasks, f"{tasks_after} tasks are {tasks} again", 10.0)


def test_every_answer_to_anything_is_the_service_s(fuzzed: server.Server) -> None:
    hold(fuzzed, SEED, SHORT)


@pytest.mark.soak
def test_every_answer_to_very_much_is_the_service_s(fuzzed: server.Server) -> None:
    hold(fuzzed, SEED + 1, LONG)
