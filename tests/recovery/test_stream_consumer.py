"""A consumer of a stream, written with boto3 alone, as the Kinesis Client Library works: shards, lineage, leases, checkpoints.

While nodes crash and leaders move, shards roll over every second or two and the consumer itself dies again and again, it sees
every change of every item once, in order, between its checkpoints.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from dynamodb.clients import connect, create_table, every_item
from dynamodb.server import Server, serving, wait_until
from dynamodb.streaming import specification

NODES = ("n1", "n2", "n3")
TABLE = "watched"
WRITERS = 3
KEYS = 4
SHARD_HOURS = 1.5 / 3600
PAUSE_SECONDS = 0.02  # behind a failure
QUIET_SECONDS = 0.3
FINISHED = "finished"
WAIT_SECONDS_MAX = 30.0


@attrs.define
class Consumer:
    """Reads all shards, parents before children, and takes what lies between two checkpoints as one."""

    streams: Any
    arn: str
    dice: random.Random
    checkpoints: dict[str, str] = attrs.field(factory=dict)
    taken: dict[str, list[dict[str, Any]]] = attrs.field(factory=lambda: defaultdict(list))
    lineage: dict[str, str | None] = attrs.field(factory=dict)
    deaths: int = 0

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.live()
            except (BotoCoreError, ClientError):
                time.sleep(PAUSE_SECONDS)
            self.deaths += 1

    def live(self) -> None:
        """One life: find shards, read each whose turn it is for a while."""
        for shard in self.shards():
            id_, parent = shard["ShardId"], shard.get("ParentShardId")
            self.lineage[id_] = parent
            if self.checkpoints.get(id_) == FINISHED:
                continue
            if parent in self.lineage and self.checkpoints.get(parent) != FINISHED:
                continue
            self.read(id_)

    def shards(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        while True:
            page = self.streams.describe_stream(StreamArn=self.arn, Limit=5, **more)["StreamDescription"]
            found += page["Shards"]
            if "LastEvaluatedShardId" not in page:
                return found
            more = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}

    def read(self, shard: str) -> None:
        at = self.checkpoints.get(shard)
        where = (
            {"ShardIteratorType": "TRIM_HORIZON"}
            if at is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": at}
        )
        answer = self.streams.get_shard_iterator(StreamArn=self.arn, ShardId=shard, **where)
        iterator: str | None = answer["ShardIterator"]
        unchecked: list[dict[str, Any]] = []
        for _ in range(self.dice.randrange(1, 6)):
            page = self.streams.get_records(ShardIterator=iterator, Limit=self.dice.choice((3, 50, 1000)))
            unchecked += page["Records"]
            iterator = page.get("NextShardIterator")
            if self.dice.random() < 0.2:
                return  # it dies here, and what it has not checked it will read again
            if iterator is None or self.dice.random() < 0.5:
                self.check(shard, unchecked, finished=iterator is None)
                unchecked = []
            if iterator is None:
                return
        self.check(shard, unchecked, finished=False)

    def check(self, shard: str, records: list[dict[str, Any]], *, finished: bool) -> None:
        self.taken[shard] += records
        if finished:
            self.checkpoints[shard] = FINISHED
        elif records:
            self.checkpoints[shard] = records[-1]["dynamodb"]["SequenceNumber"]

    def in_order(self) -> list[dict[str, Any]]:
        """All records, each shard behind its parent."""
        done: list[str] = []
        left = sorted(self.lineage)
        while left:
            ready = [shard for shard in left if self.lineage[shard] is None or self.lineage[shard] in done]
            assert ready, "lineage has a circle, or a parent that was never seen"
            done += ready
            left = [shard for shard in left if shard not in ready]
        return [record for shard in done for record in self.taken[shard]]


def write(url: str, name: str, stop: threading.Event, acknowledged: dict[str, list[int]]) -> None:
    """Put, update and delete items of one's own, each time with the next number."""
    client = connect(url, read_seconds=10.0)
    dice = random.Random(name)
    number = 0
    while not stop.is_set():
        number += 1
        key = {"pk": {"S": f"{name}.{dice.randrange(KEYS)}"}, "sk": {"N": "0"}}
        try:
            if dice.random() < 0.15:
                client.delete_item(TableName=TABLE, Key=key)
                continue
            client.update_item(
                TableName=TABLE,
                Key=key,
                UpdateExpression="SET n = :n",
                ExpressionAttributeValues={":n": {"N": str(number)}},
            )
            acknowledged[key["pk"]["S"]].append(number)
        except (BotoCoreError, ClientError):
            time.sleep(PAUSE_SECONDS)


@contextmanager
def working(targets: list[Any]) -> Iterator[None]:
    """Threads that are told to stop when the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=target, args=(*args, stop, *more)) for target, args, more in targets]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60.0)


def disturb(server: Server, dice: random.Random, cycles: int) -> None:
    """Crash and restart nodes, and move leaders."""
    for _ in range(cycles):
        node = dice.choice(NODES)
        server.change("faults", verb="crash", node=node)
        time.sleep(QUIET_SECONDS)  # load goes on meanwhile: this is how long the node is away
        server.change("faults", verb="restart", node=node)
        time.sleep(QUIET_SECONDS)
        server.try_change("faults", verb="transfer", table=TABLE, to=dice.choice(NODES))


def watch(cycles: int, seed: int) -> Consumer:
    with serving("--partitions", "2", "--shard-hours", str(SHARD_HOURS)) as server:
        db = connect(server.url)
        create_table(db, TABLE, sort_type="N", **specification("NEW_AND_OLD_IMAGES"))
        arn = db.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        consumer = Consumer(
            connect(server.url, service="dynamodbstreams", read_seconds=10.0), arn, random.Random(seed)
        )
        acknowledged: dict[str, list[int]] = defaultdict(list)
        writers = [(write, (server.url, f"writer {number}"), (acknowledged,)) for number in range(WRITERS)]
        with working([(consumer.run, (), ())]):
            with working(writers):
                disturb(server, random.Random(seed), cycles)
            held = {
                each["pk"]["S"]: each for each in every_item(db.scan, TableName=TABLE, ConsistentRead=True)
            }
            wait_until(lambda: images(consumer) == held, "the consumer has seen all", WAIT_SECONDS_MAX)
        judge(consumer, acknowledged)
        assert server.stop() == 0
    return consumer


def images(consumer: Consumer) -> dict[str, Any]:
    """The items as the records leave them."""
    found: dict[str, Any] = {}
    for record in consumer.in_order():
        name = record["dynamodb"]["Keys"]["pk"]["S"]
        if "NewImage" in record["dynamodb"]:
            found[name] = record["dynamodb"]["NewImage"]
        else:
            found.pop(name, None)
    return found


def judge(consumer: Consumer, acknowledged: dict[str, list[int]]) -> None:
    for shard, records in consumer.taken.items():
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
        assert numbers == sorted(set(numbers)), f"sequence numbers of {shard}"
    histories: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in consumer.in_order():
        histories[record["dynamodb"]["Keys"]["pk"]["S"]].append(record["dynamodb"])
    for name, history in histories.items():
        before: dict[str, Any] | None = None
        for change in history:
            assert change.get("OldImage") == before, f"a change of {name} is missing, twice there, or late"
            before = change.get("NewImage")
        seen = [int(change["NewImage"]["n"]["N"]) for change in history if "NewImage" in change]
        assert seen == sorted(set(seen))
        assert set(acknowledged[name]) <= set(seen), f"acknowledged, and not in the stream of {name}"


def test_a_consumer_sees_every_change_once_and_in_order() -> None:
    consumer = watch(cycles=4, seed=1)
    assert sum(map(len, consumer.taken.values())) > 100
    assert any(parent is not None for parent in consumer.lineage.values()), "no shard rolled over"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 5))
def test_a_consumer_sees_every_change_for_long(seed: int) -> None:
    consumer = watch(cycles=25, seed=seed)
    records = sum(map(len, consumer.taken.values()))
    print(f"seed {seed}: {records} records, {len(consumer.lineage)} shards, {consumer.deaths} lives")
    assert len(consumer.lineage) > 10
