"""Key attributes: what PutItem and Key parameters say of them, their limits, and numeric identity."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import MISMATCH, VE, Item, P, call, fault, item, refusal
from dynamodb.facts import fact

LONG_PARTITION = f"{P}Size of hashkey has exceeded the maximum size limit of2048 bytes"
LONG_SORT = f"{P}Aggregated size of all range keys has exceeded the size limit of 1024 bytes"

NO_NUMBERS: dict[str, Any] = {
    "S": "1",
    "B": b"1",
    "SS": ["1"],
    "NS": ["1"],
    "BS": [b"1"],
    "BOOL": True,
    "NULL": True,
    "L": [],
    "M": {},
}


@pytest.fixture(scope="module")
def binary(client: Any) -> Iterator[str]:
    """A table with the keys b (binary) and s (string)."""
    client.create_table(
        TableName="keys.binary",
        KeySchema=[
            {"AttributeName": "b", "KeyType": "HASH"},
            {"AttributeName": "s", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "b", "AttributeType": "B"},
            {"AttributeName": "s", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    yield "keys.binary"
    client.delete_table(TableName="keys.binary")


def writes(table: str, put: Item) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("PutItem", {"TableName": table, "Item": put}),
        ("BatchWriteItem", {"RequestItems": {table: [{"PutRequest": {"Item": put}}]}}),
    ]


def by_key(table: str, key: Item) -> list[tuple[str, dict[str, Any]]]:
    """Every operation that takes a Key."""
    return [
        ("GetItem", {"TableName": table, "Key": key}),
        ("DeleteItem", {"TableName": table, "Key": key}),
        ("UpdateItem", {"TableName": table, "Key": key}),
        ("BatchGetItem", {"RequestItems": {table: {"Keys": [key]}}}),
        ("BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": key}}]}}),
    ]


@pytest.mark.parametrize(
    ("put", "text"),
    [
        pytest.param({}, f"{P}Missing the key pk in the item", marks=fact("values.50")),
        pytest.param({"pk": {"S": "a"}}, f"{P}Missing the key sk in the item", marks=fact("values.50")),
        pytest.param({"sk": {"N": "1"}}, f"{P}Missing the key pk in the item", marks=fact("values.50")),
        *[
            pytest.param(
                {"pk": {"S": "a"}, "sk": {kind: content}},
                f"{P}Type mismatch for key sk expected: N actual: {kind}",
                marks=fact("values.51"),
            )
            for kind, content in NO_NUMBERS.items()
        ],
        # Of two faults: missing, wrong type, empty, size.
        pytest.param({"pk": {"N": "1"}}, f"{P}Missing the key sk in the item", marks=fact("items.51")),
        pytest.param(
            {"pk": {"S": ""}, "sk": {"S": "1"}},
            f"{P}Type mismatch for key sk expected: N actual: S",
            marks=fact("items.51"),
        ),
        pytest.param(
            {"pk": {"S": "x" * 2049}, "sk": {"S": "1"}},
            f"{P}Type mismatch for key sk expected: N actual: S",
            marks=fact("items.51"),
        ),
    ],
)
def test_a_put_says_what_is_wrong_with_its_key(client: Any, standing: str, put: Item, text: str) -> None:
    put_item, batch = writes(standing, put)
    assert fault(refusal(client, *put_item)) == (VE, text)
    code, told = fault(refusal(client, *batch))
    assert code == VE
    if "Type mismatch" in text:
        assert told == MISMATCH


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"pk": {"S": "a"}},
        {"sk": {"N": "1"}},
        {"pk": {"S": "a"}, "sk": {"S": "1"}},
        {"pk": {"N": "1"}, "sk": {"N": "1"}},
        {"pk": {"NULL": True}, "sk": {"N": "1"}},
        {"pk": {"SS": ["a"]}, "sk": {"N": "1"}},
        {"pk": {"S": "a"}, "sx": {"N": "1"}},
        {"PK": {"S": "a"}, "sk": {"N": "1"}},
        {**item(1), "x": {"S": "a"}},
    ],
)
@fact("values.52", "items.61", "batches.11")
def test_a_key_has_exactly_the_attributes_of_the_schema(client: Any, standing: str, key: Item) -> None:
    for operation, request in by_key(standing, key):
        assert fault(refusal(client, operation, request)) == (VE, MISMATCH), operation


@fact("values.53", "values.54", "batches.38")
def test_a_batch_says_of_a_puts_key_that_it_does_not_match(client: Any, standing: str) -> None:
    for put in ({"pk": {"N": "1"}, "sk": {"N": "1"}}, {**item(1), "sk": {"B": b"1"}}):
        assert fault(refusal(client, *writes(standing, put)[1])) == (VE, MISMATCH)
    for put in ({}, {"pk": {"S": "a"}, "x": {"S": "y"}}):
        assert fault(refusal(client, *writes(standing, put)[1]))[0] == VE


@pytest.mark.parametrize(
    ("key", "kind", "name"),
    [
        pytest.param({"b": {"B": b""}, "s": {"S": "s"}}, "binary", "b", marks=fact("values.56")),
        pytest.param({"b": {"B": b"b"}, "s": {"S": ""}}, "string", "s", marks=fact("values.55")),
        pytest.param({"b": {"B": b""}, "s": {"S": "s" * 1025}}, "binary", "b", marks=fact("items.51")),
        pytest.param({"b": {"B": bytes(2049)}, "s": {"S": ""}}, "string", "s", marks=fact("items.51")),
    ],
)
@fact("batches.11", "batches.39")
def test_key_attributes_are_not_empty(client: Any, binary: str, key: Item, kind: str, name: str) -> None:
    text = (
        "One or more parameter values are not valid. The AttributeValue for a key attribute"
        f" cannot contain an empty {kind} value. Key: {name}"
    )
    for operation, request in (*writes(binary, key), *by_key(binary, key)):
        assert fault(refusal(client, operation, request)) == (VE, text), operation


@pytest.mark.parametrize(
    ("key", "text"),
    [
        pytest.param(
            {"b": {"B": bytes(2048)}, "s": {"S": "é" * 512}}, None, marks=fact("values.57", "values.58")
        ),
        pytest.param({"b": {"B": bytes(2049)}, "s": {"S": "s"}}, LONG_PARTITION, marks=fact("values.57")),
        pytest.param({"b": {"B": b"b"}, "s": {"S": "é" * 512 + "s"}}, LONG_SORT, marks=fact("values.58")),
        pytest.param(
            {"b": {"B": bytes(2049)}, "s": {"S": "s" * 1025}}, LONG_PARTITION, marks=fact("values.57")
        ),
    ],
)
def test_keys_have_up_to_2048_and_1024_bytes(client: Any, binary: str, key: Item, text: str | None) -> None:
    for operation, request in (*writes(binary, key), *by_key(binary, key)):
        if text is None:
            call(client, operation, request)
        else:
            assert fault(refusal(client, operation, request)) == (VE, text), operation


@fact("values.57")
def test_the_limit_of_strings_counts_bytes(client: Any, standing: str) -> None:
    fits, longer = item(1, pk="é" * 1024), item(1, pk="é" * 1024 + "x")
    client.put_item(TableName=standing, Item=fits)
    assert call(client, "GetItem", {"TableName": standing, "Key": fits}) == {"Item": fits}
    assert fault(refusal(client, "PutItem", {"TableName": standing, "Item": longer})) == (VE, LONG_PARTITION)


@fact("values.41")
@pytest.mark.parametrize("spelling", ["1", "1.0", "10E-1", "+1", "01", "0.1e1"])
def test_keys_are_equal_as_numbers(client: Any, standing: str, spelling: str) -> None:
    key = {"pk": {"S": "a"}, "sk": {"N": spelling}}
    client.put_item(TableName=standing, Item=item(1))
    assert call(client, "GetItem", {"TableName": standing, "Key": key}) == {"Item": item(1)}
    old = {"TableName": standing, "Item": {**key, "x": {"S": "new"}}, "ReturnValues": "ALL_OLD"}
    assert call(client, "PutItem", old) == {"Attributes": item(1)}
    assert call(client, "BatchGetItem", {"RequestItems": {standing: {"Keys": [key]}}})["Responses"] == {
        standing: [item(1, x={"S": "new"})]
    }


@fact("values.24")
@pytest.mark.parametrize("kind", ["SS", "NS", "BS", "BOOL", "NULL", "L", "M"])
def test_only_scalars_with_an_order_are_key_attributes(client: Any, name: str, kind: str) -> None:
    request = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": kind}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert fault(refusal(client, "CreateTable", request))[0] == VE
