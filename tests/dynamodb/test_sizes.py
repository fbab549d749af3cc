"""Sizes to the byte, as capacity shows them, and the limits of 400 KB."""

from typing import Any

import pytest

from dynamodb.calls import VE, Item, call, fault, item, refusal
from dynamodb.facts import fact

ITEM_MAX = 409_600
KEY_SIZE = 7  # of item(1): pk, a, sk, and a number of one digit
TOO_LARGE = "Item size has exceeded the maximum allowed size"
UPDATE_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


def sized(size: int, sk: int = 1, **attributes: Any) -> Item:
    """An item of a key and a string, of this size together; `sk` is one digit, not 0."""
    return item(sk, x={"S": "x" * (size - KEY_SIZE - 1)}, **attributes)


def units(client: Any, operation: str, request: dict[str, Any]) -> float:
    answer = call(client, operation, {**request, "ReturnConsumedCapacity": "TOTAL"})
    found: float = answer["ConsumedCapacity"]["CapacityUnits"]
    return found


@pytest.mark.parametrize(
    ("value", "size"),
    [
        pytest.param({"S": ""}, 0, marks=fact("values.71")),
        pytest.param({"S": "abc"}, 3, marks=fact("values.71")),
        pytest.param({"S": "é\U0001f600"}, 6, marks=fact("values.71")),
        pytest.param({"B": b""}, 0, marks=fact("values.72")),
        pytest.param({"B": b"\x00\xff\x80"}, 3, marks=fact("values.72")),
        pytest.param({"N": "0"}, 1, marks=fact("values.74")),
        pytest.param({"N": "-0.00"}, 1, marks=fact("values.74")),
        pytest.param({"N": "1"}, 2, marks=fact("values.73")),
        pytest.param({"N": "12"}, 2, marks=fact("values.73")),
        pytest.param({"N": "123"}, 3, marks=fact("values.73")),
        pytest.param({"N": "-1"}, 3, marks=fact("values.73")),
        pytest.param({"N": "1.5"}, 3, marks=fact("values.73")),
        pytest.param({"N": "-12.34"}, 4, marks=fact("values.73")),
        pytest.param({"N": "123.456"}, 5, marks=fact("values.73")),
        pytest.param({"N": "9" * 38}, 20, marks=fact("values.73")),
        pytest.param({"N": "-" + "9" * 37 + ".9"}, 22, marks=fact("values.73")),
        pytest.param({"N": "1000"}, 2, marks=fact("values.74")),
        pytest.param({"N": "1E125"}, 2, marks=fact("values.74")),
        pytest.param({"N": "1E-130"}, 2, marks=fact("values.74")),
        pytest.param({"N": "0.001"}, 2, marks=fact("values.74")),
        pytest.param({"N": "0.0123"}, 3, marks=fact("values.74")),
        pytest.param({"N": "100.5"}, 4, marks=fact("values.74")),
        pytest.param({"N": "100.001"}, 5, marks=fact("values.74")),
        pytest.param({"N": "00100.5000"}, 4, marks=fact("values.74")),
        pytest.param({"BOOL": False}, 1, marks=fact("values.75")),
        pytest.param({"NULL": True}, 1, marks=fact("values.75")),
        pytest.param({"SS": ["", "a", "é"]}, 3, marks=fact("values.76")),
        pytest.param({"NS": ["1", "-2", "0.5"]}, 7, marks=fact("values.76")),
        pytest.param({"BS": [b"", b"12"]}, 2, marks=fact("values.76")),
        pytest.param({"L": []}, 3, marks=fact("values.77")),
        pytest.param({"L": [{"S": "ab"}, {"NULL": True}]}, 8, marks=fact("values.77")),
        pytest.param({"L": [{"L": [{"N": "1"}]}]}, 10, marks=fact("values.77")),
        pytest.param({"M": {}}, 3, marks=fact("values.78")),
        pytest.param({"M": {"é": {"S": "ab"}, "n": {"N": "1"}}}, 12, marks=fact("values.78")),
        pytest.param({"M": {"m": {"M": {"k": {"BOOL": True}}}}}, 11, marks=fact("values.78")),
    ],
)
@fact("values.70", "values.85")
def test_a_value_has_its_size_to_the_byte(client: Any, standing: str, value: Item, size: int) -> None:
    """Filled up to a whole kilobyte, an item costs a unit less than with one byte more."""
    for filling, expected in ((4096 - KEY_SIZE - 3 - size, 1), (4097 - KEY_SIZE - 3 - size, 2)):
        client.delete_item(TableName=standing, Key=item(1))
        whole = {**item(1), "é": value, "f": {"S": "f" * filling}}
        written = units(client, "PutItem", {"TableName": standing, "Item": whole})
        assert written == 3 + expected
        read = {"TableName": standing, "Key": item(1), "ConsistentRead": True}
        assert units(client, "GetItem", read) == expected


@fact("values.79")
def test_an_item_of_409600_bytes_is_put_and_read_and_no_larger_one(client: Any, standing: str) -> None:
    largest = sized(ITEM_MAX)
    assert units(client, "PutItem", {"TableName": standing, "Item": largest}) == 400.0
    assert call(client, "GetItem", {"TableName": standing, "Key": item(1)}) == {"Item": largest}
    larger = {"TableName": standing, "Item": sized(ITEM_MAX + 1)}
    assert fault(refusal(client, "PutItem", larger)) == (VE, TOO_LARGE)
    named = {**sized(ITEM_MAX - 10), "0123456789": {"S": ""}}
    assert call(client, "PutItem", {"TableName": standing, "Item": named}) == {}
    named = {**sized(ITEM_MAX - 9), "0123456789": {"S": ""}}
    assert fault(refusal(client, "PutItem", {"TableName": standing, "Item": named})) == (VE, TOO_LARGE)


@fact("values.80", "batches.37", "batches.41")
def test_a_batch_with_an_item_too_large_is_refused_whole(client: Any, table: str) -> None:
    puts = [{"PutRequest": {"Item": sized(size, sk)}} for sk, size in enumerate((ITEM_MAX, ITEM_MAX + 1), 1)]
    assert fault(refusal(client, "BatchWriteItem", {"RequestItems": {table: puts}})) == (VE, TOO_LARGE)
    assert client.scan(TableName=table)["Count"] == 0
    assert call(client, "BatchWriteItem", {"RequestItems": {table: puts[:1]}}) == {"UnprocessedItems": {}}


ONE, TEXT = {"N": "1"}, {"S": "y"}


@pytest.mark.parametrize(
    ("update", "values", "before", "others", "cost"),
    [
        # `others` is the size of what stands beside key and x afterwards, `cost` what the update itself counts for.
        pytest.param("SET x = :x", {}, {}, 0, 3 + 19, marks=fact("values.82")),
        pytest.param("SET x = :x, y = :y", {":y": TEXT}, {}, 2, 3 + 38, marks=fact("values.82")),
        pytest.param("SET x = :x ADD n :n", {":n": ONE}, {}, 3, 3 + 38, marks=fact("values.82")),
        pytest.param("SET x = :x REMOVE y, z", {}, {"y": TEXT}, 0, 3 + 19 + 4, marks=fact("values.82")),
        pytest.param(
            "SET x = :x DELETE s :s", {":s": {"SS": ["a"]}}, {"s": {"SS": ["a", "b"]}}, 2, 3 + 19 + 2,
            marks=fact("values.82"),
        ),
        pytest.param(
            "SET x = :x, l[0] = :y", {":y": TEXT}, {"l": {"L": [TEXT]}}, 6, 3 + 38 + 1, marks=fact("values.83")
        ),
        pytest.param("SET x = :x, n = n + :n", {":n": ONE}, {"n": ONE}, 3, 3 + 38 + 50, marks=fact("values.83")),
        pytest.param("SET x = :x, n = n - :n", {":n": ONE}, {"n": ONE}, 2, 3 + 38 + 50, marks=fact("values.83")),
    ],
)  # fmt: skip
@fact("values.81")
def test_an_update_counts_its_own_actions_towards_the_limit(
    client: Any, standing: str, update: str, values: Item, before: Item, others: int, cost: int
) -> None:
    client.put_item(TableName=standing, Item={**item(1), **before})
    fitting = ITEM_MAX - cost - 1 - others  # what x may hold: its name has a byte
    for length in (fitting + 1, fitting):
        request = {
            "TableName": standing,
            "Key": item(1),
            "UpdateExpression": update,
            "ExpressionAttributeValues": {":x": {"S": "x" * length}, **values},
        }
        if length > fitting:
            assert fault(refusal(client, "UpdateItem", request)) == (VE, UPDATE_TOO_LARGE)
            assert client.get_item(TableName=standing, Key=item(1))["Item"] == {**item(1), **before}
        else:
            assert call(client, "UpdateItem", request) == {}


@fact("values.82")
def test_an_updates_limit_is_the_items_where_the_key_is_larger_than_the_update(
    client: Any, standing: str
) -> None:
    key = item(1, pk="k" * 100)
    for length, fits in ((ITEM_MAX - KEY_SIZE - 99 - 1, True), (ITEM_MAX - KEY_SIZE - 99, False)):
        request = {
            "TableName": standing,
            "Key": key,
            "UpdateExpression": "SET x = :x",
            "ExpressionAttributeValues": {":x": {"S": "x" * length}},
        }
        if fits:
            assert units(client, "UpdateItem", request) == 400.0
        else:
            assert fault(refusal(client, "UpdateItem", request)) == (VE, UPDATE_TOO_LARGE)


@fact("values.82")
def test_an_item_put_at_the_limit_is_updated_only_if_it_shrinks(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=sized(ITEM_MAX - 3, yy={"N": "0"}))
    key = {"TableName": standing, "Key": item(1)}
    values = {":v": {"N": "0"}}
    same = {**key, "UpdateExpression": "SET yy = :v", "ExpressionAttributeValues": values}
    assert fault(refusal(client, "UpdateItem", same)) == (VE, UPDATE_TOO_LARGE)
    assert call(client, "UpdateItem", {**key, "UpdateExpression": "REMOVE yy"}) == {}
