"""The two generations of wording: a server of the newer one, and the same requests to one of the older."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb import clients, server
from dynamodb.calls import VE, E, P, fault, item, refusal
from dynamodb.facts import fact

TABLE = "wording"


@pytest.fixture(scope="module")
def newer() -> Iterator[Any]:
    """A client of a server of the newer generation, with a table."""
    with server.serving("--nodes", "1", "--wording", "newer") as running:
        client = clients.connect(running.url)
        clients.create_table(client, TABLE, sort_type="N")
        yield client


@pytest.fixture(scope="module")
def older(client: Any) -> Iterator[Any]:
    clients.create_table(client, TABLE, sort_type="N")
    yield client
    client.delete_table(TableName=TABLE)


KEY = {"Key": item(1)}
WRITES: dict[str, dict[str, Any]] = {"PutItem": {"Item": item(1)}, "UpdateItem": KEY, "DeleteItem": KEY}
ONE = {":v": {"N": "1"}}


def on_writes(held: str, text: str, **request: Any) -> list[Any]:
    """Return rows of all three writes."""
    return [
        pytest.param(operation, {**more, **request}, text, marks=fact(held))
        for operation, more in WRITES.items()
    ]


def one(held: str, operation: str, text: str, **request: Any) -> Any:
    return pytest.param(operation, request, text, marks=fact(held))


NO_SET = f"{P}An string set  may not be empty"
PREFIXED = [
    one("protocol.137", "PutItem", NO_SET, Item=item(1, x={"SS": []})),
    one(
        "protocol.137",
        "PutItem",
        f"{P}Input collection [a, a] contains duplicates.",
        Item=item(1, x={"L": [{"SS": ["a", "a"]}]}),
    ),
    one(
        "protocol.137",
        "PutItem",
        f"{P}Null attribute value types must have the value of true",
        Item=item(1, x={"NULL": False}),
    ),
    one("protocol.137", "DeleteItem", NO_SET, Key=item(1, x={"SS": []})),
    *on_writes(
        "protocol.138",
        "Invalid ConditionExpression: The expression can not be empty;",
        ConditionExpression="",
    ),
    *on_writes(
        "protocol.138",
        "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size;"
        " expression size: 4097",
        ConditionExpression="a" * 4097,
    ),
    one(
        "protocol.138",
        "UpdateItem",
        'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
        **KEY,
        UpdateExpression="SET a = :v SET b = :v",
        ExpressionAttributeValues=ONE,
    ),
    one(
        "protocol.138",
        "UpdateItem",
        "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of"
        " these paths; path one: [a], path two: [a]",
        **KEY,
        UpdateExpression="REMOVE a, a",
    ),
    *on_writes(
        "protocol.139",
        "ExpressionAttributeNames can only be specified when using expressions",
        ExpressionAttributeNames={"#a": "a"},
    ),
    *on_writes(
        "protocol.139",
        "ExpressionAttributeNames must not be empty",
        ConditionExpression="a = b",
        ExpressionAttributeNames={},
    ),
    *on_writes(
        "protocol.139",
        'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"',
        ConditionExpression="a = b",
        ExpressionAttributeValues={"v": {"N": "1"}},
    ),
    *on_writes(
        "protocol.140",
        "Can not use both expression and non-expression parameters in the same request: Non-expression"
        " parameters: {Expected} Expression parameters: {ConditionExpression}",
        ConditionExpression="a = b",
        Expected={"a": {"Exists": False}},
    ),
    one(
        "protocol.141",
        "PutItem",
        "ReturnValues can only be ALL_OLD or NONE",
        Item=item(1),
        ReturnValues="ALL_NEW",
    ),
    one("protocol.141", "DeleteItem", "ReturnValues can only be ALL_OLD or NONE", **KEY, ReturnValues="ALL_NEW"),
    one(
        "protocol.142",
        "Query",
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        KeyConditionExpression="pk = :v",
        ExpressionAttributeValues=ONE,
        Select="SPECIFIC_ATTRIBUTES",
    ),
]  # fmt: skip

BARE = [
    one(
        "protocol.143",
        "GetItem",
        "ExpressionAttributeNames must not be empty",
        **KEY,
        ProjectionExpression="a",
        ExpressionAttributeNames={},
    ),
    one("protocol.143", "GetItem", NO_SET, Key=item(1, x={"SS": []})),
    one(
        "protocol.143",
        "Scan",
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        Select="SPECIFIC_ATTRIBUTES",
    ),
    one("protocol.143", "Scan", "Invalid FilterExpression: The expression can not be empty;", FilterExpression=""),
    one("protocol.143", "Query", "Invalid FilterExpression: The expression can not be empty;", FilterExpression=""),
    one(
        "protocol.145",
        "PutItem",
        f"{P}Type mismatch for key pk expected: S actual: N",
        Item={**item(1), "pk": {"N": "1"}},
    ),
    one("protocol.145", "DeleteItem", "The provided key element does not match the schema", Key={}),
    one(
        "protocol.146",
        "UpdateItem",
        f"{P}Cannot update attribute pk. This attribute is part of the key",
        **KEY,
        UpdateExpression="SET pk = :v",
        ExpressionAttributeValues=ONE,
    ),
    one(
        "protocol.147",
        "UpdateItem",
        "The document path provided in the update expression is invalid for update",
        **KEY,
        UpdateExpression="SET a.b = :v",
        ExpressionAttributeValues=ONE,
    ),
    one(
        "protocol.148",
        "UpdateItem",
        "The provided expression refers to an attribute that does not exist in the item",
        **KEY,
        UpdateExpression="SET a = b",
    ),
    one(
        "protocol.148",
        "UpdateItem",
        "An operand in the update expression has an incorrect data type",
        **KEY,
        UpdateExpression="SET a = s + :v",
        ExpressionAttributeValues=ONE,
    ),
    one(
        "protocol.149",
        "PutItem",
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        Item=item(1, x={}),
    ),
    one(
        "protocol.149",
        "PutItem",
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        Item=item(1, x={"S": "", "N": "1"}),
    ),
    one(
        "protocol.149",
        "PutItem",
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty"
        " string value. Key: pk",
        Item=item(1, pk=""),
    ),
    one(
        "protocol.149",
        "PutItem",
        "Item size has exceeded the maximum allowed size",
        Item=item(1, x={"S": "x" * 409_600}),
    ),
]  # fmt: skip


def on_table(client: Any, operation: str, request: dict[str, Any]) -> tuple[str, str]:
    return fault(refusal(client, operation, {"TableName": TABLE, **request}))


@pytest.fixture(autouse=True)
def _an_item_is_there(newer: Any, older: Any) -> None:
    for client in (newer, older):
        client.put_item(TableName=TABLE, Item=item(1, s={"S": "text"}))


@fact("protocol.150")
@pytest.mark.parametrize(("operation", "request_", "text"), PREFIXED)
def test_newer_wording_prefixes_faults_of_the_request_s_shape(
    newer: Any, older: Any, operation: str, request_: dict[str, Any], text: str
) -> None:
    assert on_table(older, operation, request_) == (VE, text)
    assert on_table(newer, operation, request_) == (VE, E + text)


@pytest.mark.parametrize(("operation", "request_", "text"), BARE)
def test_all_else_is_bare_in_both(
    newer: Any, older: Any, operation: str, request_: dict[str, Any], text: str
) -> None:
    for client in (older, newer):
        assert on_table(client, operation, request_) == (VE, text)


@fact("protocol.144")
@pytest.mark.parametrize("operation", WRITES)
def test_an_empty_set_among_values_is_wrapped_in_the_older_only(
    newer: Any, older: Any, operation: str
) -> None:
    request = {
        **WRITES[operation],
        "ConditionExpression": "a = :v",
        "ExpressionAttributeValues": {":v": {"SS": []}},
    }
    wrapped = f"ExpressionAttributeValues contains invalid value: {NO_SET} for key :v"
    assert on_table(older, operation, request) == (VE, wrapped)
    assert on_table(newer, operation, request) == (VE, E + NO_SET)
    scan = {"FilterExpression": "a = :v", "ExpressionAttributeValues": {":v": {"SS": []}}}
    assert on_table(newer, "Scan", scan) == (VE, wrapped)
