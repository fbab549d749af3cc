"""What follows a write: what an index and a stream cost a PutItem, how late they are, and how fast an index is filled.

1. Lags are measured under load, as a user sees them: from the answer to a marked PutItem to the answer of a Query of the index,
   or of a GetRecords, that has it. The marks are puts of this process's own; eventually consistent reads ask for them
   again and again.
2. A server that has no streams is measured without; what it cannot do has no figure.
"""

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import orjson

from trinamo.bench import payload, rounds
from trinamo.bench.generator import Load
from trinamo.bench.rounds import Demand
from trinamo.bench.systems import System, create_table

MARKS = 200
MARK_PAUSE_SECONDS = 0.005
LOAD_CONNECTIONS = 4
LOST_SECONDS = 5.0
BACKFILL_SECONDS_MAX = 300.0
BACKFILL_POLL_SECONDS = 0.02
STREAMS = "DynamoDBStreams_20120810"
DYNAMODB = "DynamoDB_20120810"


class Refused(Exception):
    """The server answered an error."""


@attrs.frozen
class Lag:
    """From an acknowledged write to where it shows, in ms."""

    p50_ms: float
    p99_ms: float


@attrs.frozen
class Feed:
    """One system's figures; None is what it cannot do."""

    system: str
    plain_rate: float
    fed_rate: float
    with_stream: bool
    index_lag: Lag | None
    stream_lag: Lag | None
    backfill_rate: float | None
    """Items a second into an index that is added to a full table."""

    @property
    def ratio(self) -> float:
        """A PutItem with an index and a stream, by a plain one."""
        return self.fed_rate / self.plain_rate if self.plain_rate else 0.0


class Caller:
    """One kept-alive connection."""

    def __init__(self, system: System) -> None:
        self._connection = http.client.HTTPConnection(system.host, system.port, timeout=30)

    def __call__(self, operation: str, body: Mapping[str, Any], service: str = DYNAMODB) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{service}.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": (
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/dynamodb/aws4_request, "
                f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'9f' * 32}"
            ),
        }
        self._connection.request("POST", "/", orjson.dumps(body), headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Refused(f"{operation}: {answer.status} {text[:200].decode(errors='replace')}")
        found: dict[str, Any] = orjson.loads(text)
        return found

    def close(self) -> None:
        self._connection.close()


@contextmanager
def calling(system: System) -> Iterator[Caller]:
    caller = Caller(system)
    try:
        yield caller
    finally:
        caller.close()


def prepare(system: System) -> bool:
    """Make the tables; return whether there is a stream."""
    create_table(system)
    rounds.fill(system, Demand("put"))
    with calling(system) as call:
        try:
            call("CreateTable", payload.CREATE_FED)
            call("ListStreams", {"TableName": payload.FED}, STREAMS)
        except Refused:
            with_stream = False
            _without_stream(call)
        else:
            with_stream = True
        wait_active(call, payload.FED)
    rounds.fill(system, Demand("put-fed"))
    return with_stream


def _without_stream(call: Caller) -> None:
    declaration = {name: value for name, value in payload.CREATE_FED.items() if name != "StreamSpecification"}
    try:
        call("CreateTable", declaration)
    except Refused as error:
        if "ResourceInUse" not in str(error):
            raise


def wait_active(call: Caller, table: str) -> None:
    deadline = time.monotonic() + BACKFILL_SECONDS_MAX
    while time.monotonic() < deadline:
        found = call("DescribeTable", {"TableName": table})["Table"]
        indexes = found.get("GlobalSecondaryIndexes", [])
        if found["TableStatus"] == "ACTIVE" and all(each["IndexStatus"] == "ACTIVE" for each in indexes):
            return
        time.sleep(BACKFILL_POLL_SECONDS)
    raise Refused(f"{table} does not become ACTIVE")


# Lags.


@contextmanager
def load(system: System, seconds: float) -> Iterator[None]:
    """Puts over some connections while the block lasts, by a process of its own."""
    demanded = Load(system.host, system.port, "put-fed", LOAD_CONNECTIONS, seconds)
    process = subprocess.Popen(
        [sys.executable, "-m", "trinamo.bench.generator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(orjson.dumps(attrs.asdict(demanded)))
    process.stdin.close()
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _mark(number: int) -> dict[str, Any]:
    return {
        **payload.item(number),
        "order_id": {"S": f"mark-{number}"},
        "customer": {"S": f"marked-{number}"},
    }


def index_lag(system: System) -> Lag:
    """How late an index shows a write."""
    with calling(system) as call:

        def shows(number: int) -> bool:
            request = {
                "TableName": payload.FED,
                "IndexName": payload.BY_CUSTOMER,
                "KeyConditionExpression": "customer = :c",
                "ExpressionAttributeValues": {":c": {"S": f"marked-{number}"}},
            }
            return bool(call("Query", request)["Items"])

        return _measure(call, shows)


def stream_lag(system: System) -> Lag:
    """How late a stream shows a write, to a consumer that asks all the time."""
    with calling(system) as call:
        stream = call("ListStreams", {"TableName": payload.FED}, STREAMS)["Streams"][0]["StreamArn"]
        description = call("DescribeStream", {"StreamArn": stream}, STREAMS)["StreamDescription"]
        iterators = [
            call(
                "GetShardIterator",
                {"StreamArn": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "LATEST"},
                STREAMS,
            )["ShardIterator"]
            for shard in description["Shards"]
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]
        seen: set[str] = set()

        def shows(number: int) -> bool:
            for at, iterator in enumerate(iterators):
                answer = call("GetRecords", {"ShardIterator": iterator}, STREAMS)
                iterators[at] = answer["NextShardIterator"]
                seen.update(record["dynamodb"]["Keys"]["order_id"]["S"] for record in answer["Records"])
            return f"mark-{number}" in seen

        return _measure(call, shows)


def _measure(call: Caller, shows: Callable[[int], bool]) -> Lag:
    """Mark again and again, and look until the mark is seen."""
    lags: list[float] = []
    for number in range(MARKS):
        call("PutItem", {"TableName": payload.FED, "Item": _mark(number)})
        begin = time.perf_counter()
        while not shows(number):
            if time.perf_counter() - begin > LOST_SECONDS:
                raise Refused(f"mark {number} is not seen within {LOST_SECONDS:g} s")
        lags.append(time.perf_counter() - begin)
        call("DeleteItem", {"TableName": payload.FED, "Key": {"order_id": {"S": f"mark-{number}"}}})
        time.sleep(MARK_PAUSE_SECONDS)
    lags.sort()
    return Lag(statistics.median(lags) * 1000, lags[int(len(lags) * 0.99)] * 1000)


# Filling an index.


def backfill_rate(system: System, items: int) -> float:
    """Items a second: from UpdateTable to an index that is ACTIVE."""
    table = "bench.backfill"
    with calling(system) as call:
        call("CreateTable", {**payload.CREATE_TABLE, "TableName": table})
        wait_active(call, table)
        for first in range(0, items, 25):
            puts = [
                {"PutRequest": {"Item": payload.item(number)}}
                for number in range(first, min(first + 25, items))
            ]
            while puts:
                answer = call("BatchWriteItem", {"RequestItems": {table: puts}})
                puts = answer.get("UnprocessedItems", {}).get(table, [])
        begin = time.perf_counter()
        try:
            _add_index(call, table, {})
        except Refused:  # a server may want to know the index's throughput, for all that the table has none
            units = {"ReadCapacityUnits": 40_000, "WriteCapacityUnits": 40_000}
            _add_index(call, table, {"ProvisionedThroughput": units})
        wait_active(call, table)
        taken = time.perf_counter() - begin
        counted = call("Scan", {"TableName": table, "IndexName": payload.BY_CUSTOMER, "Select": "COUNT"})
        if not counted["Count"]:
            raise Refused("the index is ACTIVE, and empty")
        return items / taken


def _add_index(call: Caller, table: str, more: Mapping[str, Any]) -> None:
    request = {
        "TableName": table,
        "AttributeDefinitions": [*payload.CREATE_TABLE["AttributeDefinitions"], payload.CUSTOMER],
        "GlobalSecondaryIndexUpdates": [{"Create": {**payload.INDEX_BY_CUSTOMER, **more}}],
    }
    call("UpdateTable", request)


def measure(
    systems: list[System],
    seconds: float,
    rounds_: int,
    items: int,
    connections: int,
    progress: rounds.Progress,
) -> list[Feed]:
    """All figures of all systems. Rates are medians of rounds in turn."""
    streams: dict[str, bool] = {}
    for system in systems:
        progress(f"filling {system.name}")
        streams[system.name] = prepare(system)
    plan = rounds.Plan((Demand("put"), Demand("put-fed")), (connections,), seconds, rounds_)
    rates = {(row.system, row.operation): row.rate for row in rounds.measure(systems, plan, progress)}
    return [
        Feed(
            system.name,
            rates[system.name, "put"],
            rates[system.name, "put-fed"],
            streams[system.name],
            None,
            _lag(system, stream_lag, progress) if streams[system.name] else None,
            _backfill(system, items, progress),
        )
        for system in systems
    ]


def with_lag(feed: Feed, index_lag: Lag | None) -> Feed:
    return attrs.evolve(feed, index_lag=index_lag)


def index_lags(systems: list[System], progress: rounds.Progress) -> list[Lag | None]:
    """How late indexes are. Of Trinamo this is a cluster in mode realistic: in the other, reads wait for the index."""
    for system in systems:
        progress(f"filling {system.name}")
        prepare(system)
    return [_lag(system, index_lag, progress) for system in systems]


def _lag(system: System, measured: Callable[[System], Lag], progress: rounds.Progress) -> Lag | None:
    progress(f"lags, {system.name}")
    try:
        with load(system, seconds=MARKS * LOST_SECONDS):
            return measured(system)
    except Refused:
        return None


def _backfill(system: System, items: int, progress: rounds.Progress) -> float | None:
    progress(f"filling an index, {system.name}")
    try:
        return backfill_rate(system, items)
    except Refused:
        return None
