"""What time does to streams: shards roll over, records and streams go after a day; on servers whose clocks are advanced."""

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from dynamodb import clients
from dynamodb.calls import RNF, item, refusal
from dynamodb.calls import fault as told
from dynamodb.facts import fact
from dynamodb.server import Server, serving, wait_until
from dynamodb.streaming import Record, StreamReader, created, sequence_number, specification

TABLE = "dated"
TRIMMED = "TrimmedDataAccessException"
WAIT_S = 20.0


@pytest.fixture(scope="module")
def settled() -> Iterator[Server]:
    with serving("--partitions", "2") as running:
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture
def db(settled: Server) -> Iterator[Any]:
    yield clients.connect(settled.url)
    settled.change("reset")


@pytest.fixture
def reading(settled: Server, db: Any) -> Any:
    return clients.connect(settled.url, service="dynamodbstreams")


def keys(records: list[Record]) -> list[int]:
    return [int(record["dynamodb"]["Keys"]["sk"]["N"]) for record in records]


def put(db: Any, *numbers: int) -> None:
    for number in numbers:
        db.put_item(TableName=TABLE, Item=item(number))


def own_shards(reader: StreamReader) -> list[dict[str, Any]]:
    """The shards of the partition that holds the items, oldest first."""
    shards = reader.shards()
    partitions = {each["ShardId"][-8:] for each in shards if reader.records(each["ShardId"])}
    assert len(partitions) == 1
    return [each for each in shards if each["ShardId"][-8:] in partitions]


@fact("streams.33", "streams.34", "streams.35", "streams.52")
def test_shards_roll_over_and_children_go_on(settled: Server, db: Any, reading: Any) -> None:
    reader = created(db, reading, TABLE)
    for number in range(3):
        put(db, number)
        settled.change("clock", advance="3h59m")
        put(db, 10 + number)
        settled.change("clock", advance="2m")
    shards = own_shards(reader)
    assert len(shards) == 4
    for parent, child in pairwise(shards):
        assert child["ParentShardId"] == parent["ShardId"]
        before, after = parent["SequenceNumberRange"], child["SequenceNumberRange"]
        assert int(before["EndingSequenceNumber"]) < int(after["StartingSequenceNumber"])
        filtered = reader.described(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": parent["ShardId"]})
        assert [each["ShardId"] for each in filtered["Shards"]] == [child["ShardId"]]
    assert "EndingSequenceNumber" not in shards[-1]["SequenceNumberRange"]
    found = [reader.records(each["ShardId"]) for each in shards]
    assert [keys(records) for records in found] == [[0, 10], [1, 11], [2, 12], []]
    numbers = [sequence_number(record) for records in found for record in records]
    assert numbers == sorted(numbers)
    answer = reading.get_records(ShardIterator=reader.iterator(shards[0]["ShardId"]))
    assert keys(answer["Records"]) == [0, 10]
    if "NextShardIterator" in answer:
        answer = reading.get_records(ShardIterator=answer["NextShardIterator"])
        assert answer["Records"] == []
    assert "NextShardIterator" not in answer


@fact("streams.25", "streams.36", "streams.66")
def test_records_and_shards_are_kept_for_a_day(settled: Server, db: Any, reading: Any) -> None:
    reader = created(db, reading, TABLE)
    put(db, 0, 1)
    first = own_shards(reader)[0]["ShardId"]
    [old, _] = reader.records(first)
    settled.change("clock", advance="12h")
    put(db, 2)
    settled.change("clock", advance="11h50m")
    assert keys(reader.records()) == [0, 1, 2]
    settled.change("clock", advance="15m")
    assert keys(reader.records()) == [2]
    number = old["dynamodb"]["SequenceNumber"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        request = {"StreamArn": reader.arn, "ShardId": first, "ShardIteratorType": kind}
        code, text = told(refusal(reading, "GetShardIterator", {**request, "SequenceNumber": number}))
        assert code == TRIMMED
        assert text.startswith("The data you are trying to access has been trimmed")
    fresh = reader.iterator(first)
    assert reading.get_records(ShardIterator=fresh)["Records"] == []
    settled.change("clock", advance="13h")
    assert first not in [each["ShardId"] for each in reader.shards()]


@fact("streams.75")
def test_an_iterator_meets_what_was_trimmed_meanwhile(settled: Server, db: Any, reading: Any) -> None:
    reader = created(db, reading, TABLE)
    put(db, 0)
    first = own_shards(reader)[0]["ShardId"]
    settled.change("clock", advance="23h55m")
    iterator = reader.iterator(first)
    assert keys(reading.get_records(ShardIterator=iterator)["Records"]) == [0]
    settled.change("clock", advance="10m")
    assert told(refusal(reading, "GetRecords", {"ShardIterator": iterator}))[0] == TRIMMED


@fact("streams.73")
def test_iterators_are_valid_for_fifteen_minutes(settled: Server, db: Any, reading: Any) -> None:
    reader = created(db, reading, TABLE)
    iterator = reader.iterator(reader.last_shard)
    settled.change("clock", advance="14m50s")
    reading.get_records(ShardIterator=iterator)
    settled.change("clock", advance="20s")
    code, _ = told(refusal(reading, "GetRecords", {"ShardIterator": iterator}))
    assert code == "ExpiredIteratorException"


@fact("streams.4", "streams.6")
@pytest.mark.parametrize("ending", ["disabled", "deleted"])
def test_what_has_ended_can_be_read_for_a_day(settled: Server, db: Any, reading: Any, ending: str) -> None:
    reader = created(db, reading, TABLE)
    settled.change("clock", advance="1h")
    put(db, 0)
    if ending == "disabled":
        db.update_table(TableName=TABLE, **specification(None))
    else:
        db.delete_table(TableName=TABLE)
    settled.change("clock", advance="23h")
    assert keys(reader.records()) == [0]
    settled.change("clock", advance="1h5m")
    assert told(refusal(reading, "DescribeStream", {"StreamArn": reader.arn}))[0] == RNF
    assert reading.list_streams()["Streams"] == []


@fact("streams.63")
def test_a_moment_is_a_place_to_begin(settled: Server, db: Any, reading: Any) -> None:
    reader = created(db, reading, TABLE)
    begin = time.time()
    for number in range(3):
        put(db, number)
        settled.change("clock", advance="10m")
    shard = own_shards(reader)[0]["ShardId"]
    for after_s, left in ((-60, [0, 1, 2]), (300, [1, 2]), (900, [2]), (7200, [])):
        iterator = reader.iterator(shard, "AT_TIMESTAMP", Timestamp=begin + after_s)
        assert keys(reader.read(iterator)) == left


@fact("streams.21")
def test_deletions_by_time_to_live_say_so(settled: Server, db: Any, reading: Any) -> None:
    reader = created(db, reading, TABLE)
    db.update_time_to_live(TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "at"})
    soon = {"N": str(int(time.time()) + 600)}
    for number in (0, 1):
        db.put_item(TableName=TABLE, Item=item(number, at=soon))
    db.delete_item(TableName=TABLE, Key=item(1))
    settled.change("clock", advance="1h")
    records = reader.records()
    assert [record["eventName"] for record in records] == ["INSERT", "INSERT", "REMOVE", "REMOVE"]
    assert keys(records)[2:] == [1, 0]
    assert records[3]["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert records[3]["dynamodb"]["OldImage"] == item(0, at=soon)
    assert not any("userIdentity" in record for record in records[:3])


@fact("streams.3", "streams.77")
def test_where_things_are_realistic_streams_take_time_and_have_two_readers() -> None:
    with serving("--mode", "realistic") as running:
        db = clients.connect(running.url)
        reading = clients.connect(running.url, service="dynamodbstreams")
        clients.create_table(db, TABLE, sort_type="N")

        def status() -> Any:
            return db.describe_table(TableName=TABLE)["Table"]["TableStatus"]

        wait_until(lambda: status() == "ACTIVE", "the table is ACTIVE", WAIT_S)
        db.update_table(TableName=TABLE, **specification("KEYS_ONLY"))
        [listed] = reading.list_streams(TableName=TABLE)["Streams"]
        reader = StreamReader(reading, listed["StreamArn"])
        assert reader.described()["StreamStatus"] == "ENABLING"
        wait_until(lambda: reader.described()["StreamStatus"] == "ENABLED", "the stream is ENABLED", WAIT_S)
        iterator = reader.iterator(reader.last_shard)
        request = {"ShardIterator": iterator}
        codes: set[str] = set()
        deadline = time.monotonic() + WAIT_S
        while not codes and time.monotonic() < deadline:
            try:
                reading.get_records(**request)
            except reading.exceptions.LimitExceededException as error:
                codes.add(error.response["Error"]["Code"])
        assert codes == {"LimitExceededException"}
        wait_until(lambda: status() == "ACTIVE", "the table is ACTIVE", WAIT_S)
        db.update_table(TableName=TABLE, **specification(None))
        assert reader.described()["StreamStatus"] == "DISABLING"
        wait_until(lambda: reader.described()["StreamStatus"] == "DISABLED", "the stream is DISABLED", WAIT_S)
