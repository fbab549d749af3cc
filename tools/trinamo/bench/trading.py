"""The trading workload: trades under user and moment, an index by ticker, a stream into a consumer that keeps totals.

Trades are put over several connections while a consumer reads the stream and adds up, by ticker, what was bought less what was sold.
In the end its totals, those of the index and those that Python computes from the trades must be the same, to the last digit.
"""

import threading
import time
from collections import defaultdict
from decimal import Decimal
from typing import Any

import attrs

from trinamo.bench import payload, rounds
from trinamo.bench.feed import STREAMS, Caller, Refused, calling, wait_active
from trinamo.bench.generator import Load
from trinamo.bench.systems import System

CATCH_UP_SECONDS_MAX = 120.0

Totals = dict[str, Decimal]


@attrs.frozen
class Trading:
    """One system's day of trading. `stream_*` is None where there is no stream."""

    system: str
    trades: int
    rate: float
    p50_ms: float
    p99_ms: float
    index_exact: bool
    stream_exact: bool | None
    stream_behind_s: float | None
    """From the last acknowledged trade until the consumer had them all."""


def amount(item: dict[str, Any]) -> Decimal:
    worth = Decimal(item["quantity"]["N"]) * Decimal(item["price"]["N"])
    return worth if item["side"]["S"] == "buy" else -worth


def expected(trades: int) -> Totals:
    totals: Totals = defaultdict(Decimal)
    for number in range(trades):
        item = payload.trade(number)
        totals[str(item["ticker"]["S"])] += amount(item)
    return dict(totals)


@attrs.define
class Consumer:
    """Reads all shards of a stream and adds up."""

    system: System
    stream: str
    totals: Totals = attrs.field(factory=lambda: defaultdict(Decimal))
    count: int = 0
    failure: str | None = None

    def run(self, wanted: int, stop: threading.Event) -> None:
        try:
            with calling(self.system) as call:
                iterators = self._iterators(call)
                while self.count < wanted and not stop.is_set():
                    iterators = [iterator for each in iterators if (iterator := self._read(call, each))]
        except (Refused, OSError) as error:
            self.failure = str(error)

    def _iterators(self, call: Caller) -> list[str]:
        description = call("DescribeStream", {"StreamArn": self.stream}, STREAMS)["StreamDescription"]
        request = {"StreamArn": self.stream, "ShardIteratorType": "TRIM_HORIZON"}
        return [
            call("GetShardIterator", {**request, "ShardId": shard["ShardId"]}, STREAMS)["ShardIterator"]
            for shard in description["Shards"]
        ]

    def _read(self, call: Caller, iterator: str) -> str | None:
        answer = call("GetRecords", {"ShardIterator": iterator}, STREAMS)
        for record in answer["Records"]:
            item = record["dynamodb"]["NewImage"]
            self.totals[item["ticker"]["S"]] += amount(item)
        self.count += len(answer["Records"])
        following: str | None = answer.get("NextShardIterator")
        return following


def by_index(call: Caller) -> Totals:
    """The totals as the index has them."""
    totals: Totals = defaultdict(Decimal)
    for ticker in payload.TICKERS:
        request: dict[str, Any] = {
            "TableName": payload.TRADES,
            "IndexName": payload.BY_TICKER,
            "KeyConditionExpression": "ticker = :t",
            "ExpressionAttributeValues": {":t": {"S": ticker}},
        }
        while True:
            answer = call("Query", request)
            for item in answer["Items"]:
                totals[ticker] += amount(item)
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return dict(totals)


def trade(system: System, trades: int, connections: int) -> Trading:
    """Put all trades, with a consumer beside if there is a stream, and compare the totals."""
    with calling(system) as call:
        stream = _create(call)
        consumer = None if stream is None else Consumer(system, stream)
        stop = threading.Event()
        thread = None if consumer is None else threading.Thread(target=consumer.run, args=(trades, stop))
        if thread is not None:
            thread.start()
        try:
            load = Load(system.host, system.port, "trade", connections, items=trades)
            sample = rounds.generate(load, system.name)
            acknowledged = time.perf_counter()
            if sample.errors:
                raise Refused(f"{system.name} refused {sample.errors} trades: {sample.first_error}")
            if thread is not None:
                thread.join(CATCH_UP_SECONDS_MAX)
            behind_s = time.perf_counter() - acknowledged
        finally:
            stop.set()
            if thread is not None:
                thread.join()
        totals = expected(trades)
        return Trading(
            system.name,
            trades,
            sample.rate,
            sample.p50_ms,
            sample.p99_ms,
            by_index(call) == totals,
            None if consumer is None else consumer.totals == totals,
            None if consumer is None else behind_s,
        )


def _create(call: Caller) -> str | None:
    """Make the table; return its stream, if it has one."""
    try:
        call("CreateTable", payload.CREATE_TRADES)
        stream: str = call("ListStreams", {"TableName": payload.TRADES}, STREAMS)["Streams"][0]["StreamArn"]
    except (Refused, LookupError):
        plain = {
            name: value for name, value in payload.CREATE_TRADES.items() if name != "StreamSpecification"
        }
        try:
            call("CreateTable", plain)
        except Refused as error:
            if "ResourceInUse" not in str(error):
                raise
        wait_active(call, payload.TRADES)
        return None
    wait_active(call, payload.TRADES)
    return stream
