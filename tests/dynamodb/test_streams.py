"""Stream records: which changes leave one, and what it shows."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import Item, call, item, refusal
from dynamodb.facts import fact
from dynamodb.streaming import StreamReader, latest_stream, sequence_number, specification, streamed
from trinamo.model.measure import item_size

OLD: dict[str, Any] = {"x": {"S": "old"}}
NEW: dict[str, Any] = {"x": {"S": "naïve"}, "b": {"B": b"\x00"}, "s": {"SS": ["a", "b"]}}
VIEWS = {
    "KEYS_ONLY": (),
    "NEW_IMAGE": ("NewImage",),
    "OLD_IMAGE": ("OldImage",),
    "NEW_AND_OLD_IMAGES": ("NewImage", "OldImage"),
}


@pytest.fixture
def stream(client: Any, streams: Any, name: str) -> Iterator[StreamReader]:
    with streamed(client, streams, name) as reader:
        yield reader


def names(reader: StreamReader) -> list[str]:
    return [record["eventName"] for record in reader.records()]


@fact("streams.10", "streams.14", "streams.17", "streams.18", "streams.20")
@pytest.mark.parametrize("view", VIEWS)
def test_a_record_shows_what_its_stream_is_for(client: Any, streams: Any, name: str, view: str) -> None:
    with streamed(client, streams, name, view) as reader:
        client.put_item(TableName=name, Item=item(1, **OLD))
        client.put_item(TableName=name, Item=item(1, **NEW))
        client.delete_item(TableName=name, Key=item(1))
        found = reader.records()
    images: list[tuple[Item | None, Item | None]] = [
        (None, item(1, **OLD)),
        (item(1, **OLD), item(1, **NEW)),
        (item(1, **NEW), None),
    ]
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    for record, (old, new) in zip(found, images, strict=True):
        possible = {"OldImage": old, "NewImage": new}
        shown = {each: image for each, image in possible.items() if each in VIEWS[view] and image is not None}
        inside = dict(record["dynamodb"])
        del inside["ApproximateCreationDateTime"], inside["SequenceNumber"]
        size = item_size(item(1)) + sum(item_size(image) for image in shown.values())
        assert inside == {"Keys": item(1), **shown, "SizeBytes": size, "StreamViewType": view}


@fact("streams.15", "streams.16", "streams.19", "streams.30")
def test_a_record_has_its_members(client: Any, streams: Any, name: str, stream: StreamReader) -> None:
    for number in range(3):
        client.put_item(TableName=name, Item=item(number))
    found = stream.records()
    for record in found:
        assert set(record) == {
            "eventID",
            "eventName",
            "eventVersion",
            "eventSource",
            "awsRegion",
            "dynamodb",
        }
        assert re.fullmatch(r"[0-9a-f]{32}", record["eventID"])
        told = record["eventVersion"], record["eventSource"], record["awsRegion"]
        assert told == ("1.1", "aws:dynamodb", "us-east-1")
        assert record["dynamodb"]["ApproximateCreationDateTime"].microsecond == 0
        assert re.fullmatch(r"[0-9]{21,40}", record["dynamodb"]["SequenceNumber"])
    numbers = [sequence_number(record) for record in found]
    assert numbers == sorted(set(numbers))
    assert len({record["eventID"] for record in found}) == 3
    assert stream.records() == found


NO_CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("PutItem", {"Item": item(1, n={"N": "5"}, s={"NS": ["1", "2"]})}),
    ("PutItem", {"Item": item(1, n={"N": "5.0"}, s={"NS": ["2.0", "1"]})}),
    ("PutItem", {"Item": item(2), "ConditionExpression": "attribute_exists(pk)"}),
    ("DeleteItem", {"Key": item(3)}),
    ("UpdateItem", {"Key": item(1)}),
    ("UpdateItem", {"Key": item(4), "UpdateExpression": "REMOVE n"}),
    (
        "UpdateItem",
        {"Key": item(1), "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "5"}}},
    ),
]


@fact("streams.11", "streams.12", "streams.13")
@pytest.mark.parametrize(("operation", "request_"), NO_CHANGES)
def test_what_changes_nothing_leaves_no_record(
    client: Any, name: str, stream: StreamReader, operation: str, request_: dict[str, Any]
) -> None:
    client.put_item(TableName=name, Item=item(1, n={"N": "5"}, s={"NS": ["1", "2"]}))
    if "ConditionExpression" in request_:
        refusal(client, operation, {"TableName": name, **request_})
    else:
        call(client, operation, {"TableName": name, **request_})
    assert names(stream) == ["INSERT"]


@fact("streams.22")
def test_every_kind_of_write_leaves_records(client: Any, name: str, stream: StreamReader) -> None:
    puts = [{"PutRequest": {"Item": item(number)}} for number in range(3)]
    client.batch_write_item(RequestItems={name: puts})
    client.update_item(
        TableName=name,
        Key=item(1),
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    client.update_item(TableName=name, Key=item(9))
    client.execute_statement(Statement=f"DELETE FROM \"{name}\" WHERE pk = 'a' AND sk = 2")
    client.batch_write_item(RequestItems={name: [{"DeleteRequest": {"Key": item(0)}}]})
    found = [(each["eventName"], each["dynamodb"]["Keys"]["sk"]["N"]) for each in stream.records()]
    assert sorted(found[:3]) == [("INSERT", "0"), ("INSERT", "1"), ("INSERT", "2")]
    assert found[3:] == [("MODIFY", "1"), ("INSERT", "9"), ("REMOVE", "2"), ("REMOVE", "0")]


@fact("streams.24")
def test_filling_an_index_leaves_no_records(client: Any, name: str, stream: StreamReader) -> None:
    client.put_item(TableName=name, Item=item(1))
    index = {
        "IndexName": "by-sk",
        "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    client.update_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "sk", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )
    assert client.scan(TableName=name, IndexName="by-sk")["Items"] == [item(1)]
    assert names(stream) == ["INSERT"]
    client.put_item(TableName=name, Item=item(2))
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-sk"}}])
    client.describe_table(TableName=name)
    client.put_item(TableName=name, Item=item(3))
    assert names(stream) == ["INSERT"] * 3


@fact("streams.1", "streams.2", "streams.50")
def test_a_stream_is_described(client: Any, name: str, stream: StreamReader) -> None:
    table = client.describe_table(TableName=name)["Table"]
    described = stream.described()
    [shard] = described.pop("Shards")
    assert set(shard) == {"ShardId", "SequenceNumberRange"}
    created = described.pop("CreationRequestDateTime")
    label = described["StreamLabel"]
    assert f"{created.timestamp() * 1000:.0f}"[-3:] == label[-3:]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", label)
    assert described == {
        "StreamArn": f"{table['TableArn']}/stream/{label}",
        "StreamLabel": table["LatestStreamLabel"],
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "TableName": name,
        "KeySchema": table["KeySchema"],
    }


@fact("streams.2", "streams.5")
def test_a_stream_begins_and_ends_and_another_begins(client: Any, streams: Any, table: str) -> None:
    client.put_item(TableName=table, Item=item(0))
    seen: list[tuple[StreamReader, list[str]]] = []
    for view, number in (("KEYS_ONLY", 1), ("NEW_IMAGE", 3)):
        client.update_table(TableName=table, **specification(view))
        client.put_item(TableName=table, Item=item(number))
        seen.append((latest_stream(client, streams, table), [str(number)]))
        client.update_table(TableName=table, **specification(None))
        client.put_item(TableName=table, Item=item(number + 1))
        assert latest_stream(client, streams, table) == seen[-1][0]
    assert len({reader.arn for reader, _ in seen}) == 2
    for reader, expected in seen:
        assert [each["dynamodb"]["Keys"]["sk"]["N"] for each in reader.records()] == expected
        [shard] = reader.shards()
        assert "ParentShardId" not in shard
        assert "EndingSequenceNumber" in shard["SequenceNumberRange"]
        assert reader.described()["StreamStatus"] == "DISABLED"
    listed = streams.list_streams(TableName=table)["Streams"]
    assert [each["StreamArn"] for each in listed] == [reader.arn for reader, _ in seen]


@fact("streams.6", "streams.7")
def test_the_stream_of_a_deleted_table_stays(client: Any, streams: Any, name: str) -> None:
    with streamed(client, streams, name) as reader:
        client.put_item(TableName=name, Item=item(1))
    assert names(reader) == ["INSERT"]
    assert reader.described()["StreamStatus"] == "DISABLED"
    assert name not in client.list_tables()["TableNames"]
    with streamed(client, streams, name) as another:
        assert another.arn != reader.arn
        assert names(another) == []
        assert names(reader) == ["INSERT"]
    listed = streams.list_streams(TableName=name)["Streams"]
    assert [each["StreamArn"] for each in listed] == [reader.arn, another.arn]
