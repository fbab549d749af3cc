"""What a DynamoDB costs a test suite: starts, resets, and fifty tests as pytest runs them.

Each test finds no tables, makes one, and puts, queries, updates and deletes through boto3. Between two tests

    trinamo             the fixture `dynamodb_url` resets the cluster of the session
    moto                `mock_aws` begins anew, in the process of the tests: there is no server
    dynalite, dynoxide  the fixture deletes all tables

Times are medians of the rounds, in milliseconds; `suite` is all of pytest's run, `test` the share of one test, without pytest's own start.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import attrs
import trio

from trinamo.bench import systems
from trinamo.bench.systems import StartFailed, System

TESTS: Final = 50
STARTS: Final = 20
MOTO: Final = "moto"
SUITE_SECONDS_MAX: Final = 300
Progress = Callable[[str], None]


@attrs.frozen
class Row:
    """What a system costs a suite, in milliseconds."""

    system: str
    suite_ms: float
    test_ms: float


@attrs.frozen
class Fixtures:
    """What ours cost beside that, in milliseconds. The first start of a process also imports."""

    first_start_ms: float
    start_ms: float
    thread_start_ms: float
    reset_ms: float


_SUITE: Final = """
import time

import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_orders(db, number):
    db.create_table(
        TableName="orders",
        AttributeDefinitions=[
            {{"AttributeName": "user", "AttributeType": "S"}}, {{"AttributeName": "at", "AttributeType": "N"}}
        ],
        KeySchema=[{{"AttributeName": "user", "KeyType": "HASH"}}, {{"AttributeName": "at", "KeyType": "RANGE"}}],
        BillingMode="PAY_PER_REQUEST",
    )
    while db.describe_table(TableName="orders")["Table"]["TableStatus"] != "ACTIVE":
        time.sleep(0.001)
    for at in range(5):
        db.put_item(TableName="orders", Item={{"user": {{"S": "ann"}}, "at": {{"N": str(at)}}, "qty": {{"N": "1"}}}})
    found = db.query(
        TableName="orders",
        KeyConditionExpression="#u = :u",
        ExpressionAttributeNames={{"#u": "user"}},
        ExpressionAttributeValues={{":u": {{"S": "ann"}}}},
    )
    assert found["Count"] == 5
    key = {{"user": {{"S": "ann"}}, "at": {{"N": "0"}}}}
    updated = db.update_item(
        TableName="orders",
        Key=key,
        UpdateExpression="SET qty = qty + :one",
        ConditionExpression="qty = :one",
        ExpressionAttributeValues={{":one": {{"N": "1"}}}},
        ReturnValues="ALL_NEW",
    )
    assert updated["Attributes"]["qty"] == {{"N": "2"}}
    db.delete_item(TableName="orders", Key=key)
    assert "Item" not in db.get_item(TableName="orders", Key=key, ConsistentRead=True)
"""
_CLIENT: Final = """
import boto3, pytest

def client(**where):
    return boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="bench", aws_secret_access_key="bench", **where
    )
"""
_FIXTURES: Final = {
    systems.TRINAMO: """
@pytest.fixture
def db(dynamodb_url):
    return client(endpoint_url=dynamodb_url)
""",
    MOTO: """
from moto import mock_aws

@pytest.fixture
def db():
    with mock_aws():
        yield client()
""",
}
_OF_SERVER: Final = """
import os, time

@pytest.fixture
def db():
    db = client(endpoint_url=os.environ["BENCH_URL"])
    yield db
    for name in db.list_tables()["TableNames"]:
        db.delete_table(TableName=name)
    while db.list_tables()["TableNames"]:
        time.sleep(0.001)
"""


def measure(
    peers: Sequence[str], directory: Path, rounds: int, progress: Progress
) -> tuple[list[Row], Fixtures, list[str]]:
    """Return the rows, what our fixtures cost, and in a word each what was left out. Raises `StartFailed`."""
    skipped: list[str] = []
    rows = [_row(systems.TRINAMO, None, rounds, progress)]
    with ExitStack() as stack:
        for name in peers:
            if name == MOTO:
                if importlib.util.find_spec(MOTO) is None:
                    skipped.append("moto is not installed: skipped")
                else:
                    rows.append(_row(MOTO, None, rounds, progress))
                continue
            program = systems.find_peer(name, directory)
            if program is None:
                skipped.append(f"{name} is not installed: skipped")
            else:
                system = stack.enter_context(systems.peer(name, program))
                rows.append(_row(name, system, rounds, progress))
    progress("starts and resets")
    return rows, _fixtures(), skipped


def _row(name: str, system: System | None, rounds: int, progress: Progress) -> Row:
    progress(f"{TESTS} tests with {name}")
    whole: list[float] = []
    alone: list[float] = []
    for _ in range(rounds):
        whole.append(_run(name, system, TESTS))
        alone.append(_run(name, system, 1))
    suite = statistics.median(whole)
    return Row(name, suite, (suite - statistics.median(alone)) / (TESTS - 1))


def _run(name: str, system: System | None, tests: int) -> float:
    """Run a suite, and return for how many milliseconds it ran."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(_CLIENT + _FIXTURES.get(name, _OF_SERVER))
        Path(folder, "test_orders.py").write_text(_SUITE.format(tests=tests))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        if system is not None:
            environment["BENCH_URL"] = f"http://{system.host}:{system.port}"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        begin = time.perf_counter()
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SUITE_SECONDS_MAX,
            check=False,
        )
        took = (time.perf_counter() - begin) * 1000
    if ended.returncode:
        raise StartFailed(f"the suite failed with {name}: {ended.stdout[-500:]}")
    return took


def _fixtures() -> Fixtures:
    from trinamo.testing import cluster, cluster_in_thread

    async def start() -> float:
        begin = time.perf_counter()
        async with cluster() as running:
            await running.request("ListTables", {})
            return (time.perf_counter() - begin) * 1000

    first = trio.run(start)
    starts = [trio.run(start) for _ in range(STARTS)]
    in_threads: list[float] = []
    for _ in range(STARTS // 4):
        begin = time.perf_counter()
        with cluster_in_thread():
            in_threads.append((time.perf_counter() - begin) * 1000)
    resets: list[float] = []
    with cluster_in_thread() as running:
        for _ in range(STARTS):
            running.request(
                "CreateTable",
                {
                    "TableName": "orders",
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                    "BillingMode": "PAY_PER_REQUEST",
                },
            )
            for number in range(10):
                running.request("PutItem", {"TableName": "orders", "Item": {"id": {"S": str(number)}}})
            begin = time.perf_counter()
            running.reset()
            resets.append((time.perf_counter() - begin) * 1000)
    return Fixtures(first, *map(statistics.median, (starts, in_threads, resets)))
