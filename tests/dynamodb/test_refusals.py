"""Faulty requests, and the words in which the service refuses them. `TABLE` stands for a table with the keys pk and sk."""

from typing import Any

import pytest

from dynamodb.calls import RNF, VE, E, P, fault, item, refusal

TABLE = "TABLE"
KEY = item(1)
TOO_LARGE = {"x": {"S": "x" * 409_600}}

REFUSALS: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "PutItem",
        {"Item": {}},
        VE,
        f"{E}Value null at 'tableName' failed to satisfy constraint: Member must not be null",
    ),
    (
        "PutItem",
        {"TableName": TABLE},
        VE,
        f"{E}Value null at 'item' failed to satisfy constraint: Member must not be null",
    ),
    (
        "GetItem",
        {"TableName": TABLE},
        VE,
        f"{E}Value null at 'key' failed to satisfy constraint: Member must not be null",
    ),
    ("PutItem", {"TableName": "no.such", "Item": KEY}, RNF, "Requested resource not found"),
    ("PutItem", {"TableName": TABLE, "Item": {"sk": {"N": "1"}}}, VE, f"{P}Missing the key pk in the item"),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {"pk": {"N": "1"}, "sk": {"N": "1"}}},
        VE,
        f"{P}Type mismatch for key pk expected: S actual: N",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": item(1, "")},
        VE,
        (
            "One or more parameter values are not valid."
            " The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
        ),
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": item(1, "x" * 2049)},
        VE,
        f"{P}Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {**KEY, **TOO_LARGE}},
        VE,
        "Item size has exceeded the maximum allowed size",
    ),
    (
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "UpdateExpression": "SET x = :x",
            "ExpressionAttributeValues": {":x": TOO_LARGE["x"]},
        },
        VE,
        "Item size to update has exceeded the maximum allowed size",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {**KEY, "x": {}}},
        VE,
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {**KEY, "x": {"S": "a", "N": "1"}}},
        VE,
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {**KEY, "x": {"N": "one"}}},
        VE,
        "The parameter cannot be converted to a numeric value: one",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {**KEY, "x": {"N": "1" * 39}}},
        VE,
        "Attempting to store more than 38 significant digits in a Number",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {**KEY, "x": {"N": "1E126"}}},
        VE,
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
    (
        "PutItem",
        {"TableName": TABLE, "Item": {**KEY, "x": {"N": "1E-131"}}},
        VE,
        "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    ),
    (
        "PutItem",
        {
            "TableName": TABLE,
            "Item": KEY,
            "ReturnConsumedCapacity": "ALL",
            "ReturnItemCollectionMetrics": "X",
        },
        VE,
        (
            "2 validation errors detected: Value 'ALL' at 'returnConsumedCapacity' failed to satisfy constraint:"
            " Member must satisfy enum value set: [INDEXES, TOTAL, NONE];"
            " Value 'X' at 'returnItemCollectionMetrics' failed to satisfy constraint:"
            " Member must satisfy enum value set: [SIZE, NONE]"
        ),
    ),
    ("GetItem", {"TableName": TABLE, "Key": {}}, VE, "The provided key element does not match the schema"),
    (
        "GetItem",
        {"TableName": TABLE, "Key": {**KEY, "x": {"S": "x"}}},
        VE,
        "The provided key element does not match the schema",
    ),
    (
        "DeleteItem",
        {"TableName": TABLE, "Key": {"pk": {"S": "a"}}},
        VE,
        "The provided key element does not match the schema",
    ),
    (
        "UpdateItem",
        {"TableName": TABLE, "Key": {**KEY, "sk": {"S": "1"}}},
        VE,
        "The provided key element does not match the schema",
    ),
    (
        "GetItem",
        {"TableName": TABLE, "Key": KEY, "ExpressionAttributeNames": {"#a": "a"}},
        VE,
        "ExpressionAttributeNames can only be specified when using expressions",
    ),
    (
        "GetItem",
        {"TableName": TABLE, "Key": KEY, "ProjectionExpression": "a", "AttributesToGet": ["a"]},
        VE,
        (
            "Can not use both expression and non-expression parameters in the same request:"
            " Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        ),
    ),
    (
        "GetItem",
        {"TableName": TABLE, "Key": KEY, "ProjectionExpression": "a, status"},
        VE,
        "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: status",
    ),
    (
        "GetItem",
        {"TableName": TABLE, "Key": KEY, "ProjectionExpression": "a, a.b"},
        VE,
        (
            "Invalid ProjectionExpression: Two document paths overlap with each other;"
            " must remove or rewrite one of these paths; path one: [a], path two: [a, b]"
        ),
    ),
    (
        "UpdateItem",
        {"TableName": TABLE, "Key": KEY, "UpdateExpression": "SET a = :a"},
        VE,
        "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :a",
    ),
    (
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}},
        },
        VE,
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
    ),
    (
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "UpdateExpression": "SET pk = :a",
            "ExpressionAttributeValues": {":a": {"S": "a"}},
        },
        VE,
        f"{P}Cannot update attribute pk. This attribute is part of the key",
    ),
    (
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "UpdateExpression": "SET a.b = :a",
            "ExpressionAttributeValues": {":a": {"S": "a"}},
        },
        VE,
        "The document path provided in the update expression is invalid for update",
    ),
    (
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "UpdateExpression": "SET a = b",
        },
        VE,
        "The provided expression refers to an attribute that does not exist in the item",
    ),
    # Queries and scans.
    (
        "Query",
        {"TableName": TABLE},
        VE,
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "sk = :v",
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        },
        VE,
        "Query condition missed key schema element: pk",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk > :v",
            "ExpressionAttributeValues": {":v": {"S": "1"}},
        },
        VE,
        "Query key condition not supported",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :v",
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        },
        VE,
        f"{P}Condition parameter type does not match schema type",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :v",
            "FilterExpression": "sk > :n",
            "ExpressionAttributeValues": {":v": {"S": "1"}, ":n": {"N": "1"}},
        },
        VE,
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :v",
            "ExpressionAttributeValues": {":v": {"S": "a"}},
            "Limit": 0,
        },
        VE,
        f"{E}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :v",
            "ExpressionAttributeValues": {":v": {"S": "a"}},
            "ExclusiveStartKey": item(1, "b"),
        },
        VE,
        "The provided starting key is outside query boundaries based on provided conditions",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :v",
            "ExpressionAttributeValues": {":v": {"S": "a"}},
            "ExclusiveStartKey": {"pk": {"S": "a"}},
        },
        VE,
        "The provided starting key is invalid",
    ),
    (
        "Query",
        {
            "TableName": TABLE,
            "IndexName": "idx",
            "KeyConditionExpression": "pk = :v",
            "ExpressionAttributeValues": {":v": {"S": "a"}},
        },
        VE,
        "The table does not have the specified index: idx",
    ),
    (
        "Scan",
        {"TableName": TABLE, "Limit": 0},
        VE,
        f"{E}Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    (
        "Scan",
        {"TableName": TABLE, "Segment": 0},
        VE,
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    ),
    (
        "Scan",
        {"TableName": TABLE, "TotalSegments": 2},
        VE,
        (
            "The Segment parameter is required but was not present in the request"
            " when parameter TotalSegments is present"
        ),
    ),
    (
        "Scan",
        {"TableName": TABLE, "Segment": 5, "TotalSegments": 5},
        VE,
        (
            "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
            " Segment: 5 is not less than TotalSegments: 5"
        ),
    ),
    (
        "Scan",
        {"TableName": TABLE, "Select": "COUNT", "ProjectionExpression": "a"},
        VE,
        "Cannot specify the ProjectionExpression when choosing to get only the Count",
    ),
    (
        "Scan",
        {"TableName": TABLE, "FilterExpression": "a = "},
        VE,
        'Invalid FilterExpression: Syntax error; token: "<EOF>", near: "="',
    ),
    (
        "Scan",
        {"TableName": TABLE, "ExclusiveStartKey": {"pk": {"S": "a"}}},
        VE,
        "The provided starting key is invalid: The provided key element does not match the schema",
    ),
    # Batches.
    ("BatchGetItem", {"RequestItems": {}}, VE, "The requestItems parameter is required for BatchGetItem"),
    ("BatchWriteItem", {"RequestItems": {}}, VE, "The requestItems parameter is required for BatchWriteItem"),
    (
        "BatchGetItem",
        {"RequestItems": {TABLE: {"Keys": [KEY, {**KEY, "sk": {"N": "1.0"}}]}}},
        VE,
        "Provided list of item keys contains duplicates",
    ),
    (
        "BatchGetItem",
        {"RequestItems": {TABLE: {"Keys": [item(sk) for sk in range(101)]}}},
        VE,
        (
            f"{E}Value at 'RequestItems.{TABLE}.member.Keys' failed to satisfy constraint:"
            " Member must have length less than or equal to 100"
        ),
    ),
    (
        "BatchGetItem",
        {"RequestItems": {TABLE: {"Keys": [KEY]}, "no.such": {"Keys": [KEY]}}},
        RNF,
        "Requested resource not found",
    ),
    (
        "BatchWriteItem",
        {"RequestItems": {TABLE: [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": KEY}}]}},
        VE,
        "Provided list of item keys contains duplicates",
    ),
    (
        "BatchWriteItem",
        {"RequestItems": {TABLE: [{"PutRequest": {"Item": KEY}}, {}]}},
        VE,
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    ),
    (
        "BatchWriteItem",
        {
            "RequestItems": {
                TABLE: [{"PutRequest": {"Item": KEY}}],
                "no.such": [{"PutRequest": {"Item": KEY}}],
            }
        },
        RNF,
        "Requested resource not found",
    ),
    (
        "BatchWriteItem",
        {
            "RequestItems": {
                TABLE: [{"PutRequest": {"Item": KEY}}, {"PutRequest": {"Item": {**item(2), **TOO_LARGE}}}]
            }
        },
        VE,
        "Item size has exceeded the maximum allowed size",
    ),
]


def _for(table: str, tree: Any) -> Any:
    """A row's request with the table's name where `TABLE` stands."""
    if isinstance(tree, dict):
        return {_for(table, name): _for(table, value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_for(table, value) for value in tree]
    return tree.replace(TABLE, table) if isinstance(tree, str) else tree


@pytest.mark.parametrize(
    ("operation", "request_", "code", "text"),
    REFUSALS,
    ids=[f"{row[0]}-{row[3].removeprefix(E).removeprefix(P)[:48]}" for row in REFUSALS],
)
def test_a_faulty_request_is_refused_in_words_and_changes_nothing(
    client: Any, standing: str, operation: str, request_: dict[str, Any], code: str, text: str
) -> None:
    error = refusal(client, operation, _for(standing, request_))
    assert fault(error) == (code, text.replace(TABLE, standing))
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert client.scan(TableName=standing, ConsistentRead=True)["Count"] == 0
