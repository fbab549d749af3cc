"""Reading streams: lists, descriptions, iterators and pages of records, and what is refused."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb import clients, server
from dynamodb.calls import RNF, VE, E, call, fault, item, refusal
from dynamodb.facts import fact
from dynamodb.streaming import StreamReader, created, sequence_number, specification, streamed

TYPES = "[AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON, AT_TIMESTAMP]"
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/no.such/stream/2026-01-01T00:00:00.000"
SHARD = "shardId-00000001700000000000-00000001"
NUMBER = "1" + 20 * "0"
COUNT = 10


@pytest.fixture(scope="module")
def stream(client: Any, streams: Any) -> Iterator[StreamReader]:
    """The stream of a table into which items 0 to 9 were put; nobody writes to it."""
    with streamed(client, streams, "streamed.standing") as reader:
        for number in range(COUNT):
            client.put_item(TableName="streamed.standing", Item=item(number))
        yield reader


def keys(records: list[dict[str, Any]]) -> list[int]:
    return [int(record["dynamodb"]["Keys"]["sk"]["N"]) for record in records]


# --- streams and shards


@fact("streams.40", "streams.41", "streams.42")
def test_streams_are_listed_page_by_page(url: str) -> None:
    """In an account of its own, where nobody else's tables are."""
    account = "000000000042"
    db = clients.connect(url, account=account)
    streams = clients.connect(url, service="dynamodbstreams", account=account)
    assert call(streams, "ListStreams", {}) == {"Streams": []}
    for name in ("bbb", "aaa", "aaa.b"):
        clients.create_table(db, name, **specification("KEYS_ONLY"))
    for view in (None, "NEW_IMAGE"):
        db.update_table(TableName="aaa", **specification(view))
    pages: list[list[dict[str, Any]]] = []
    after: dict[str, str] = {}
    while True:
        page = call(streams, "ListStreams", {"Limit": 3, **after})
        pages.append(page["Streams"])
        if "LastEvaluatedStreamArn" not in page:
            break
        assert page["LastEvaluatedStreamArn"] == pages[-1][-1]["StreamArn"]
        after = {"ExclusiveStartStreamArn": page["LastEvaluatedStreamArn"]}
    assert [len(page) for page in pages] == [3, 1]
    every = [each for page in pages for each in page]
    assert sorted(each["TableName"] for each in every) == ["aaa", "aaa", "aaa.b", "bbb"]
    assert call(streams, "ListStreams", {})["Streams"] == every
    for each in every:
        arn = db.describe_table(TableName=each["TableName"])["Table"]["TableArn"]
        assert each["StreamArn"] == f"{arn}/stream/{each['StreamLabel']}"
    named = call(streams, "ListStreams", {"TableName": "aaa"})["Streams"]
    assert named == [each for each in every if each["TableName"] == "aaa"]
    assert call(streams, "ListStreams", {"TableName": "ccc"}) == {"Streams": []}


@fact("streams.31", "streams.32")
def test_an_open_shard_has_no_end(stream: StreamReader) -> None:
    [shard] = stream.shards()
    assert re.fullmatch(r"shardId-[0-9]{20}-[0-9a-f]{8}", shard["ShardId"])
    numbers = shard["SequenceNumberRange"]
    assert list(numbers) == ["StartingSequenceNumber"]
    first = sequence_number(stream.records()[0])
    assert 0 < int(numbers["StartingSequenceNumber"]) <= first


# --- where to begin


@fact("streams.60", "streams.61", "streams.62", "streams.69", "streams.76")
def test_iterators_begin_where_they_are_told_to(stream: StreamReader) -> None:
    shard = stream.last_shard
    records = stream.read(stream.iterator(shard))
    assert keys(records) == list(range(COUNT))
    for at in (0, 4, COUNT - 1):
        number = {"SequenceNumber": records[at]["dynamodb"]["SequenceNumber"]}
        for kind, start in (("AT_SEQUENCE_NUMBER", at), ("AFTER_SEQUENCE_NUMBER", at + 1)):
            iterator = stream.iterator(shard, kind, **number)
            assert len(iterator) <= 2048
            assert stream.read(iterator) == records[start:]
            assert stream.read(iterator, Limit=3) == records[start:]
    assert stream.read(stream.iterator(shard, "LATEST")) == []
    start_of_shard = stream.shards()[-1]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert stream.read(stream.iterator(shard, "AT_SEQUENCE_NUMBER", SequenceNumber=start_of_shard)) == records


@fact("streams.61", "streams.72")
def test_the_latest_iterator_sees_what_comes(client: Any, streams: Any, name: str) -> None:
    with streamed(client, streams, name) as reader:
        client.put_item(TableName=name, Item=item(0))
        iterator: str | None = reader.iterator(reader.last_shard, "LATEST")
        for number in range(1, 4):
            answer = streams.get_records(ShardIterator=iterator)
            assert answer["Records"] == []
            client.put_item(TableName=name, Item=item(number))
            answer = streams.get_records(ShardIterator=answer["NextShardIterator"])
            assert keys(answer["Records"]) == [number]
            iterator = answer["NextShardIterator"]


@fact("streams.37")
def test_each_partition_has_a_shard() -> None:
    with server.serving("--nodes", "1", "--partitions", "4") as running:
        db = clients.connect(running.url)
        streams = clients.connect(running.url, service="dynamodbstreams")
        reader = created(db, streams, "parts")
        for number in range(40):
            db.put_item(TableName="parts", Item=item(number, f"p{number % 9}"))
            db.put_item(TableName="parts", Item=item(number, f"p{number % 9}", n={"N": "1"}))
        shards = reader.shards()
        assert len(shards) == 4
        assert reader.described(Limit=3)["LastEvaluatedShardId"] == shards[2]["ShardId"]
        found = [reader.records(each["ShardId"]) for each in shards]
        homes: dict[str, int] = {}
        for home, records in enumerate(found):
            for record in records:
                assert homes.setdefault(record["dynamodb"]["Keys"]["pk"]["S"], home) == home
        assert sorted(keys([record for records in found for record in records])) == sorted(2 * [*range(40)])


# --- pages


@fact("streams.70", "streams.71")
def test_pages_end_with_their_limit(client: Any, streams: Any, stream: StreamReader) -> None:
    iterator: str | None = stream.iterator(stream.last_shard)
    sizes = []
    for _ in range(4):
        answer = streams.get_records(ShardIterator=iterator, Limit=3)
        sizes.append(len(answer["Records"]))
        iterator = answer["NextShardIterator"]
    assert sizes == [3, 3, 3, 1]


@fact("streams.71")
def test_pages_hold_a_thousand_records_or_a_megabyte(client: Any, streams: Any, name: str) -> None:
    with streamed(client, streams, name) as reader:
        clients.load(client, name, [item(number) for number in range(1_100)])
        large = {"S": "x" * 390_000}
        for number in range(3):
            client.put_item(TableName=name, Item=item(number, "b", x=large))
        iterator = reader.iterator(reader.last_shard)
        sizes = []
        for _ in range(4):
            answer = streams.get_records(ShardIterator=iterator)
            sizes.append(len(answer["Records"]))
            iterator = answer["NextShardIterator"]
    assert sizes == [1_000, 102, 1, 0]


# --- what is refused


@pytest.mark.parametrize(
    ("operation", "request_", "code", "text"),
    [
        pytest.param(
            "DescribeStream",
            {"StreamArn": ARN},
            RNF,
            f"Requested resource not found: Stream: {ARN} not found",
            marks=fact("streams.53"),
        ),
        pytest.param(
            "GetShardIterator",
            {"StreamArn": ARN, "ShardId": SHARD, "ShardIteratorType": "LATEST"},
            RNF,
            f"Requested resource not found: Stream: {ARN} not found",
            marks=fact("streams.53"),
        ),
        pytest.param(
            "DescribeStream",
            {},
            VE,
            f"{E}Value null at 'streamArn' failed to satisfy constraint: Member must not be null",
            marks=fact("streams.55"),
        ),
        pytest.param(
            "DescribeStream",
            {"StreamArn": "a" * 36},
            VE,
            (
                f"{E}Value '{'a' * 36}' at 'streamArn' failed to satisfy constraint:"
                " Member must have length greater than or equal to 37"
            ),
            marks=fact("streams.55"),
        ),
        pytest.param(
            "DescribeStream",
            {"StreamArn": "a" * 1025},
            VE,
            (
                f"{E}Value '{'a' * 1025}' at 'streamArn' failed to satisfy constraint:"
                " Member must have length less than or equal to 1024"
            ),
            marks=fact("streams.55"),
        ),
        pytest.param(
            "DescribeStream",
            {"StreamArn": ARN, "Limit": 101},
            VE,
            (
                f"{E}Value '101' at 'limit' failed to satisfy constraint:"
                " Member must have value less than or equal to 100"
            ),
            marks=fact("streams.51"),
        ),
        pytest.param(
            "ListStreams",
            {"Limit": 0},
            VE,
            (
                f"{E}Value '0' at 'limit' failed to satisfy constraint:"
                " Member must have value greater than or equal to 1"
            ),
            marks=fact("streams.41"),
        ),
        pytest.param(
            "ListStreams",
            {"Limit": 101},
            VE,
            (
                f"{E}Value '101' at 'limit' failed to satisfy constraint:"
                " Member must have value less than or equal to 100"
            ),
            marks=fact("streams.41"),
        ),
        pytest.param(
            "GetRecords",
            {"ShardIterator": "x", "Limit": 1001},
            VE,
            (
                f"{E}Value '1001' at 'limit' failed to satisfy constraint:"
                " Member must have value less than or equal to 1000"
            ),
            marks=fact("streams.70"),
        ),
        pytest.param(
            "GetRecords",
            {"ShardIterator": "x", "Limit": 0},
            VE,
            (
                f"{E}Value '0' at 'limit' failed to satisfy constraint:"
                " Member must have value greater than or equal to 1"
            ),
            marks=fact("streams.70"),
        ),
        pytest.param(
            "GetRecords",
            {"ShardIterator": "nonsense"},
            VE,
            "Invalid ShardIterator",
            marks=fact("streams.74"),
        ),
        pytest.param(
            "GetRecords",
            {"ShardIterator": f"{ARN}|1|AAABohfK8lsAAAACAAAAAAAAAAcAAAAAAAABohfK8midowx3"},
            VE,
            "Invalid ShardIterator",
            marks=fact("streams.74"),
        ),
    ],
)
def test_a_request_about_no_stream_is_refused(
    streams: Any, operation: str, request_: dict[str, Any], code: str, text: str
) -> None:
    assert fault(refusal(streams, operation, request_)) == (code, text)


@fact("streams.54")
@pytest.mark.parametrize("operation", ["DescribeStream", "GetShardIterator", "ListStreams"])
def test_a_malformed_arn_is_refused(streams: Any, operation: str) -> None:
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/no.such"
    request: dict[str, Any] = {"StreamArn": arn, "ShardId": SHARD, "ShardIteratorType": "LATEST"}
    if operation == "ListStreams":
        request = {"ExclusiveStartStreamArn": arn}
    if operation == "DescribeStream":
        request = {"StreamArn": arn}
    code, text = fault(refusal(streams, operation, request))
    assert (code, text.startswith("Invalid StreamArn")) == (VE, True)


@fact("streams.67")
def test_another_type_of_iterator_is_refused(streams: Any, stream: StreamReader) -> None:
    request = {"StreamArn": stream.arn, "ShardId": stream.last_shard, "ShardIteratorType": "OLDEST"}
    text = (
        f"{E}Value 'OLDEST' at 'shardIteratorType' failed to satisfy constraint:"
        f" Member must satisfy enum value set: {TYPES}"
    )
    assert fault(refusal(streams, "GetShardIterator", request)) == (VE, text)


@fact("streams.64", "streams.65")
@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "ShardIteratorType AT_SEQUENCE_NUMBER requires a"),
        (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER"},
            "ShardIteratorType AFTER_SEQUENCE_NUMBER requires a",
        ),
        ({"ShardIteratorType": "AT_TIMESTAMP"}, "ShardIteratorType AT_TIMESTAMP requires a"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": NUMBER}, "Invalid SequenceNumber"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "9" * 40}, "Invalid SequenceNumber"),
        (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "x" * 21},
            "Invalid SequenceNumber",
        ),
        (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "1" + "9" * 20},
            "Invalid SequenceNumber",
        ),
    ],
)
def test_numbers_are_of_the_shard(
    streams: Any, stream: StreamReader, more: dict[str, str], text: str
) -> None:
    request = {"StreamArn": stream.arn, "ShardId": stream.last_shard, **more}
    code, told = fault(refusal(streams, "GetShardIterator", request))
    assert (code, told.startswith(text)) == (VE, True)


@fact("streams.68")
@pytest.mark.parametrize("shard", [SHARD, "s" * 28])
def test_an_unknown_shard_is_named(streams: Any, stream: StreamReader, shard: str) -> None:
    request = {"StreamArn": stream.arn, "ShardId": shard, "ShardIteratorType": "LATEST"}
    code, text = fault(refusal(streams, "GetShardIterator", request))
    assert code == RNF
    assert shard in text
    assert stream.arn in text


@fact("streams.52")
def test_a_filter_of_shards_is_whole(streams: Any, stream: StreamReader) -> None:
    for part in ({"Type": "CHILD_SHARDS"}, {"ShardId": SHARD}):
        request = {"StreamArn": stream.arn, "ShardFilter": part}
        assert fault(refusal(streams, "DescribeStream", request))[0] == VE
    whole = {"Type": "CHILD_SHARDS", "ShardId": stream.last_shard}
    assert stream.described(ShardFilter=whole)["Shards"] == []
