"""Batches over several tables, whole refusals, and what is left unprocessed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dynamodb.calls import VE, Item, call, fault, item, refusal
from dynamodb.clients import create_table, load
from dynamodb.facts import fact
from dynamodb.server import Server


@fact("batches.1", "batches.3", "batches.16", "batches.30", "batches.42")
def test_a_batch_writes_and_reads_several_tables(client: Any, table: str, name: str) -> None:
    other = f"{name}.other"
    create_table(client, other, sort=None)
    client.put_item(TableName=table, Item=item(0))
    written = call(
        client,
        "BatchWriteItem",
        {
            "RequestItems": {
                table: [{"PutRequest": {"Item": item(1)}}, {"DeleteRequest": {"Key": item(0)}}],
                other: [{"PutRequest": {"Item": {"pk": {"S": "x"}, "b": {"B": b"\xff"}}}}],
            }
        },
    )
    assert written == {"UnprocessedItems": {}}
    read = call(
        client,
        "BatchGetItem",
        {
            "RequestItems": {
                table: {"Keys": [item(0), item(1)], "ConsistentRead": True},
                other: {"Keys": [{"pk": {"S": "x"}}], "ProjectionExpression": "b"},
            }
        },
    )
    assert read == {"Responses": {table: [item(1)], other: [{"b": {"B": b"\xff"}}]}, "UnprocessedKeys": {}}
    client.delete_table(TableName=other)


@pytest.fixture
def other(client: Any, name: str) -> Iterator[str]:
    """A second table with the keys pk and sk."""
    create_table(client, f"{name}.other", sort_type="N")
    yield f"{name}.other"
    client.delete_table(TableName=f"{name}.other")


def sized(size: int, sk: int) -> Item:
    """An item of this size; `sk` has two digits, which makes the key 7 bytes."""
    return item(sk, x={"S": "x" * (size - 8)})


def asked(client: Any, **tables: Any) -> dict[str, Any]:
    return call(client, "BatchGetItem", {"RequestItems": tables})


@fact("batches.33", "batches.41")
def test_a_batch_over_twenty_five_is_refused_whole(client: Any, table: str) -> None:
    puts = [{"PutRequest": {"Item": item(sk)}} for sk in range(26)]
    code, text = fault(refusal(client, "BatchWriteItem", {"RequestItems": {table: puts}}))
    assert code == VE
    assert text.startswith(f"1 validation error detected: Value '{{{table}=[")
    assert text.endswith(
        "' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint:"
        " [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
    )
    assert client.scan(TableName=table)["Count"] == 0


@fact("batches.1", "batches.2", "batches.3", "batches.6")
def test_missing_items_are_left_out_and_every_table_answers(client: Any, table: str, other: str) -> None:
    load(client, table, [item(sk) for sk in range(0, 99, 2)])
    answer = asked(client, **{table: {"Keys": [item(sk) for sk in range(99)]}, other: {"Keys": [item(1)]}})
    assert answer["UnprocessedKeys"] == {}
    assert answer["Responses"][other] == []
    found = sorted(int(each["sk"]["N"]) for each in answer["Responses"][table])
    assert found == list(range(0, 99, 2))


@fact("batches.16")
def test_each_table_has_its_own_options(client: Any, table: str, other: str) -> None:
    for each in (table, other):
        client.put_item(TableName=each, Item=item(1, a={"S": "a"}, status={"S": "b"}))
    projected = {
        "Keys": [item(1)],
        "ProjectionExpression": "#s",
        "ExpressionAttributeNames": {"#s": "status"},
        "ConsistentRead": True,
    }
    answer = asked(client, **{table: projected, other: {"Keys": [item(1)]}})
    assert answer["Responses"] == {
        table: [{"status": {"S": "b"}}],
        other: [item(1, a={"S": "a"}, status={"S": "b"})],
    }
    answer = asked(
        client,
        **{
            table: {"Keys": [item(1)], "AttributesToGet": ["status", "sk", "nothing"]},
            other: {"Keys": [item(1)], "AttributesToGet": ["a"]},
        },
    )
    assert answer["Responses"] == {
        table: [{"status": {"S": "b"}, "sk": {"N": "1"}}],
        other: [{"a": {"S": "a"}}],
    }


@fact("batches.1", "batches.14", "batches.15", "batches.16", "batches.43")
def test_a_batch_answers_sixteen_megabytes_and_leaves_the_rest_to_ask_again(
    client: Any, table: str, other: str
) -> None:
    """Forty items of 400 KB are as many as there is room for."""
    for first in (11, 36):
        puts = [{"PutRequest": {"Item": sized(409_600, sk)}} for sk in range(first, min(first + 25, 56))]
        answer = call(client, "BatchWriteItem", {"RequestItems": {table: puts}})
        assert answer == {"UnprocessedItems": {}}
    names = {"ProjectionExpression": "#k", "ExpressionAttributeNames": {"#k": "sk"}}
    wanted = {"Keys": [item(sk) for sk in range(11, 56)], "ConsistentRead": True, **names}
    answer = asked(client, **{table: wanted, other: {"Keys": [item(1)], "ConsistentRead": False}})
    read = [int(each["sk"]["N"]) for each in answer["Responses"][table]]
    assert len(read) == 40
    left = answer["UnprocessedKeys"]
    assert {**left[table], "Keys": None} == {**wanted, "Keys": None}
    rest = asked(client, **left)
    assert rest["UnprocessedKeys"] == {}
    read += [int(each["sk"]["N"]) for each in rest["Responses"][table]]
    assert sorted(read) == list(range(11, 56))
    # The other table is answered, be it now or when it is asked again.
    assert answer["Responses"][other] == []
    assert left.get(other, {"Keys": [item(1)]})["Keys"] == [item(1)]


@fact("batches.14")
def test_sixteen_megabytes_exactly_are_answered(client: Any, table: str) -> None:
    for first in range(11, 75, 16):
        load(client, table, [sized(262_144, sk) for sk in range(first, first + 16)])
    wanted = {"Keys": [item(sk) for sk in range(11, 75)], "AttributesToGet": ["sk"]}
    answer = asked(client, **{table: wanted})
    assert (len(answer["Responses"][table]), answer["UnprocessedKeys"]) == (64, {})
    client.put_item(TableName=table, Item=sized(262_145, 11))
    answer = asked(client, **{table: wanted})
    assert len(answer["Responses"][table]) == 63
    [last] = answer["UnprocessedKeys"][table].pop("Keys")
    assert answer["UnprocessedKeys"] == {table: {"AttributesToGet": ["sk"]}}
    assert {"sk": last["sk"]} not in answer["Responses"][table]


@fact("batches.60", "batches.61", "batches.63")
def test_reads_are_charged_item_by_item(client: Any, table: str, other: str) -> None:
    load(client, table, [sized(4096, 11), sized(4097, 12), sized(500, 13), sized(500, 14)])
    keys = [item(sk) for sk in (11, 12, 13, 14, 99)]  # 1, 2, 1, 1 units, and 1 for the missing one
    tables: dict[str, Any] = {
        table: {"Keys": keys},
        other: {"Keys": [item(1), item(2)], "ConsistentRead": True},
    }
    for what, entries in (
        ("TOTAL", [{"CapacityUnits": 3.0}, {"CapacityUnits": 2.0}]),
        (
            "INDEXES",
            [
                {"CapacityUnits": 3.0, "Table": {"CapacityUnits": 3.0}},
                {"CapacityUnits": 2.0, "Table": {"CapacityUnits": 2.0}},
            ],
        ),
    ):
        request = {"RequestItems": tables, "ReturnConsumedCapacity": what}
        told = {
            each.pop("TableName"): each for each in call(client, "BatchGetItem", request)["ConsumedCapacity"]
        }
        assert told == dict(zip((table, other), entries, strict=True))
    tables[table]["ConsistentRead"] = True
    request = {"RequestItems": tables, "ReturnConsumedCapacity": "TOTAL"}
    told = {
        each["TableName"]: each["CapacityUnits"]
        for each in call(client, "BatchGetItem", request)["ConsumedCapacity"]
    }
    assert told == {table: 6.0, other: 2.0}
    assert "ConsumedCapacity" not in call(client, "BatchGetItem", {"RequestItems": tables})


@fact("batches.45", "batches.62", "batches.63")
def test_writes_are_charged_one_by_one(client: Any, table: str, other: str) -> None:
    client.put_item(TableName=table, Item=sized(2500, 11))
    client.put_item(TableName=table, Item=sized(3500, 12))
    request = {
        "RequestItems": {
            table: [
                {"DeleteRequest": {"Key": item(11)}},  # 3
                {"PutRequest": {"Item": sized(1025, 12)}},  # 4, of the old item
                {"PutRequest": {"Item": sized(1025, 13)}},  # 2
            ],
            other: [{"DeleteRequest": {"Key": item(1)}}],  # 1, of nothing
        },
        "ReturnConsumedCapacity": "TOTAL",
        "ReturnItemCollectionMetrics": "SIZE",
    }
    answer = call(client, "BatchWriteItem", request)
    assert sorted(answer) == ["ConsumedCapacity", "UnprocessedItems"]
    told = {each["TableName"]: each for each in answer["ConsumedCapacity"]}
    assert told == {
        table: {"TableName": table, "CapacityUnits": 9.0},
        other: {"TableName": other, "CapacityUnits": 1.0},
    }


@fact("batches.42")
def test_twenty_five_writes_of_two_tables_are_one_batch(client: Any, table: str, other: str) -> None:
    writes = {
        each: [{"PutRequest": {"Item": item(sk)}} for sk in range(count)]
        for each, count in ((table, 13), (other, 12))
    }
    assert call(client, "BatchWriteItem", {"RequestItems": writes}) == {"UnprocessedItems": {}}
    assert [client.scan(TableName=each)["Count"] for each in (table, other)] == [13, 12]


@pytest.fixture
def throttle(cluster: Server, table: str) -> Iterator[Callable[..., None]]:
    """Throttles what is asked of the items of `table` with these sort keys; none means all."""
    ids: list[str] = []

    def begin(*sks: int) -> None:
        error = {"error": "ProvisionedThroughputExceededException"}
        for which in [{"key": {"sk": {"N": str(sk)}}} for sk in sks] or [{}]:
            ids.append(cluster.change("faults", verb="throttle", table=table, **which, **error)["id"])

    yield begin
    for each in ids:
        cluster.remove(f"faults/{each}")


@fact("batches.15", "batches.17")
def test_throttled_keys_are_left_unprocessed(
    client: Any, table: str, other: str, throttle: Callable[..., None]
) -> None:
    for each in (table, other):
        load(client, each, [item(sk, status={"S": "s"}) for sk in range(5)])
    throttle(1, 3)
    keys = [item(sk) for sk in range(5)]
    settings = {
        "ProjectionExpression": "sk, #s",
        "ExpressionAttributeNames": {"#s": "status"},
        "ConsistentRead": True,
    }
    answer = asked(client, **{table: {"Keys": keys, **settings}, other: {"Keys": keys}})
    assert answer["UnprocessedKeys"] == {table: {"Keys": [item(1), item(3)], **settings}}
    assert {each["sk"]["N"] for each in answer["Responses"][table]} == {"0", "2", "4"}
    assert len(answer["Responses"][other]) == 5
    throttle()
    error = refusal(client, "BatchGetItem", {"RequestItems": {table: {"Keys": keys}}})
    assert fault(error)[0] == "ProvisionedThroughputExceededException"


@fact("batches.46")
def test_throttled_writes_are_left_unprocessed(
    client: Any, table: str, other: str, throttle: Callable[..., None]
) -> None:
    load(client, table, [item(0), item(1)])
    throttle(1, 2)
    first = {"DeleteRequest": {"Key": item(0)}}
    left = [
        {"DeleteRequest": {"Key": item(1)}},
        {"PutRequest": {"Item": item(2, n={"N": "1"}, b={"B": b"\xff"}, s={"SS": ["a"]})}},
    ]
    request = {table: [first, *left], other: [{"PutRequest": {"Item": item(1)}}]}
    assert call(client, "BatchWriteItem", {"RequestItems": request}) == {"UnprocessedItems": {table: left}}
    assert client.scan(TableName=table)["Items"] == [item(1)]
    assert client.scan(TableName=other)["Items"] == [item(1)]
    error = refusal(client, "BatchWriteItem", {"RequestItems": {table: left}})
    assert fault(error)[0] == "ProvisionedThroughputExceededException"
