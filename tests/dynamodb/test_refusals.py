"""Faulty requests, and the words in which the service refuses them. `TABLE` stands for a table with the keys pk and sk.

What is wrong with values and keys in themselves has tests of its own, and so has the order of checks.
"""

from typing import Any

import pytest

from dynamodb.calls import (
    EMPTY_KEY,
    MISMATCH,
    MIXED,
    NOT_FOUND,
    RNF,
    SEVERAL_TYPES,
    TABLE,
    VE,
    E,
    P,
    fault,
    for_table,
    item,
    raw_fault,
    refusal,
)
from dynamodb.facts import fact

KEY = item(1)
ONE_KEY = {"TableName": TABLE, "Key": KEY}
ONE_ITEM = {"TableName": TABLE, "Item": KEY}
QUERY = {
    "TableName": TABLE,
    "KeyConditionExpression": "pk = :v",
    "ExpressionAttributeValues": {":v": {"S": "a"}},
}
SCAN = {"TableName": TABLE}

NULL = "failed to satisfy constraint: Member must not be null"
NOT_SUPPORTED = "Query key condition not supported"
CAPACITIES = "failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
RETURNED = (
    "failed to satisfy constraint:"
    " Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
)
METRICS = "failed to satisfy constraint: Member must satisfy enum value set: [SIZE, NONE]"
DUPLICATES = "Provided list of item keys contains duplicates"


def row(operation: str, request: dict[str, Any], text: str, *facts: str, code: str = VE) -> Any:
    name = f"{operation}-{text.removeprefix(E).removeprefix(P)[:48]}"
    return pytest.param(operation, request, code, text, id=name, marks=fact(*facts) if facts else ())


SHAPES = [
    row("PutItem", {"Item": {}}, f"{E}Value null at 'tableName' {NULL}"),
    row("PutItem", {"TableName": TABLE}, f"{E}Value null at 'item' {NULL}", "items.60"),
    *[
        row(operation, {"TableName": TABLE}, f"{E}Value null at 'key' {NULL}", "items.60")
        for operation in ("GetItem", "DeleteItem", "UpdateItem")
    ],
    row(
        "PutItem",
        {
            "TableName": TABLE,
            "ReturnValues": "R",
            "ReturnItemCollectionMetrics": "M",
            "ReturnConsumedCapacity": "C",
        },
        (
            f"4 validation errors detected: Value null at 'item' {NULL};"
            f" Value 'C' at 'returnConsumedCapacity' {CAPACITIES};"
            f" Value 'R' at 'returnValues' {RETURNED};"
            f" Value 'M' at 'returnItemCollectionMetrics' {METRICS}"
        ),
        "items.41",
    ),
    row(
        "GetItem",
        {"TableName": "a!", "ReturnConsumedCapacity": "total"},
        (
            f"3 validation errors detected: Value null at 'key' {NULL};"
            " Value 'a!' at 'tableName' failed to satisfy constraint:"
            " Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+;"
            f" Value 'total' at 'returnConsumedCapacity' {CAPACITIES}"
        ),
        "items.42",
    ),
    row(
        "DeleteItem",
        {"TableName": TABLE, "ReturnItemCollectionMetrics": "M", "ReturnConsumedCapacity": "C"},
        (
            f"3 validation errors detected: Value null at 'key' {NULL};"
            f" Value 'C' at 'returnConsumedCapacity' {CAPACITIES};"
            f" Value 'M' at 'returnItemCollectionMetrics' {METRICS}"
        ),
        "items.45",
    ),
    row(
        "UpdateItem",
        {
            "TableName": TABLE,
            "AttributeUpdates": {"a": {"Action": "X"}},
            "ReturnItemCollectionMetrics": "M",
            "ReturnConsumedCapacity": "C",
        },
        (
            f"4 validation errors detected: Value null at 'key' {NULL};"
            f" Value 'C' at 'returnConsumedCapacity' {CAPACITIES};"
            f" Value 'M' at 'returnItemCollectionMetrics' {METRICS};"
            " Value 'X' at 'attributeUpdates.a.member.action' failed to satisfy constraint:"
            " Member must satisfy enum value set: [ADD, PUT, DELETE]"
        ),
        "items.47",
    ),
    *[
        row(
            operation,
            {**request, "ReturnValues": "X"},
            f"{E}Value 'X' at 'returnValues' {RETURNED}",
            "items.63",
        )
        for operation, request in (("PutItem", ONE_ITEM), ("DeleteItem", ONE_KEY), ("UpdateItem", ONE_KEY))
    ],
    row(
        "Scan",
        {
            **SCAN,
            "IndexName": "i!",
            "Segment": -1,
            "TotalSegments": 1_000_001,
            "AttributesToGet": [],
            "Limit": 0,
            "ReturnConsumedCapacity": "C",
            "Select": "S",
        },
        (
            "8 validation errors detected: Value 'S' at 'select' failed to satisfy constraint: Member must satisfy"
            " enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES];"
            f" Value 'C' at 'returnConsumedCapacity' {CAPACITIES};"
            " Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1;"
            " Value '[]' at 'attributesToGet' failed to satisfy constraint:"
            " Member must have length greater than or equal to 1;"
            " Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0;"
            " Value '1000001' at 'totalSegments' failed to satisfy constraint:"
            " Member must have value less than or equal to 1000000;"
            " Value 'i!' at 'indexName' failed to satisfy constraint:"
            " Member must have length greater than or equal to 3;"
            " Value 'i!' at 'indexName' failed to satisfy constraint:"
            " Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        ),
        "reading.52",
        "reading.83",
    ),
    row(
        "Scan",
        {**SCAN, "Segment": 1_000_000, "TotalSegments": 0},
        (
            "2 validation errors detected: Value '1000000' at 'segment' failed to satisfy constraint:"
            " Member must have value less than or equal to 999999;"
            " Value '0' at 'totalSegments' failed to satisfy constraint:"
            " Member must have value greater than or equal to 1"
        ),
        "reading.83",
    ),
]
ITEMS = [
    *[
        row(operation, {**request, "TableName": "no.such"}, NOT_FOUND, "items.62", code=RNF)
        for operation, request in (
            ("PutItem", ONE_ITEM),
            ("GetItem", ONE_KEY),
            ("DeleteItem", ONE_KEY),
            ("UpdateItem", ONE_KEY),
        )
    ],
    *[
        row(
            operation,
            {**request, "ReturnValues": returned},
            "ReturnValues can only be ALL_OLD or NONE",
            "items.2",
        )
        for operation, request in (("PutItem", ONE_ITEM), ("DeleteItem", ONE_KEY))
        for returned in ("ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
    ],
    row(
        "GetItem",
        {**ONE_KEY, "ExpressionAttributeNames": {"#a": "a"}},
        "ExpressionAttributeNames can only be specified when using expressions",
        "items.65",
    ),
    row(
        "GetItem",
        {**ONE_KEY, "ProjectionExpression": "a", "AttributesToGet": ["a"]},
        MIXED.format("AttributesToGet", "ProjectionExpression"),
        "items.3",
        "items.64",
    ),
    row(
        "UpdateItem",
        {
            **ONE_KEY,
            "ConditionalOperator": "AND",
            "Expected": {"a": {"Exists": False}},
            "AttributeUpdates": {"a": {"Action": "DELETE"}},
            "ConditionExpression": "attribute_exists(a)",
            "UpdateExpression": "REMOVE a",
        },
        MIXED.format(
            "AttributeUpdates, Expected, ConditionalOperator", "UpdateExpression, ConditionExpression"
        ),
        "items.3",
        "items.66",
    ),
    row(
        "Query",
        {
            **QUERY,
            "AttributesToGet": ["a"],
            "QueryFilter": {"a": {"ComparisonOperator": "NULL"}},
            "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}},
            "ConditionalOperator": "OR",
        },
        MIXED.format(
            "AttributesToGet, ConditionalOperator, KeyConditions, QueryFilter", "KeyConditionExpression"
        ),
        "items.66",
    ),
    row(
        "GetItem",
        {**ONE_KEY, "ProjectionExpression": "a, status"},
        "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: status",
    ),
    row(
        "GetItem",
        {**ONE_KEY, "ProjectionExpression": "a, a.b"},
        (
            "Invalid ProjectionExpression: Two document paths overlap with each other;"
            " must remove or rewrite one of these paths; path one: [a], path two: [a, b]"
        ),
    ),
    row(
        "UpdateItem",
        {**ONE_KEY, "UpdateExpression": "SET a = :a"},
        "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :a",
    ),
    row(
        "UpdateItem",
        {
            **ONE_KEY,
            "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}},
        },
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
    ),
    row(
        "UpdateItem",
        {**ONE_KEY, "UpdateExpression": "SET pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
        f"{P}Cannot update attribute pk. This attribute is part of the key",
    ),
    row(
        "UpdateItem",
        {**ONE_KEY, "UpdateExpression": "SET a.b = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
        "The document path provided in the update expression is invalid for update",
    ),
    row(
        "UpdateItem",
        {**ONE_KEY, "UpdateExpression": "SET a = b"},
        "The provided expression refers to an attribute that does not exist in the item",
    ),
    row(
        "UpdateItem",
        {**ONE_KEY, "UpdateExpression": "REMOVE status", "ConditionExpression": "a !"},
        "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status",
        "items.48",
    ),
    row(
        "UpdateItem",
        {**ONE_KEY, "UpdateExpression": "REMOVE a", "ConditionExpression": "a !"},
        'Invalid ConditionExpression: Syntax error; token: "!", near: "a !"',
        "items.48",
    ),
]


def _key_condition(text: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": text,
        "ExpressionAttributeValues": {":v": value, **more},
    }


QUERIES = [
    row(
        "Query",
        {"TableName": TABLE},
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        "reading.55",
    ),
    row(
        "Query",
        _key_condition("sk = :v", {"N": "1"}),
        "Query condition missed key schema element: pk",
        "reading.56",
    ),
    row("Query", _key_condition("pk > :v", {"S": "1"}), NOT_SUPPORTED, "reading.57"),
    row("Query", _key_condition("begins_with(pk, :v)", {"S": "1"}), NOT_SUPPORTED, "reading.57"),
    *[
        row(
            "Query",
            _key_condition(text, value, **more),
            f"{P}Condition parameter type does not match schema type",
            "reading.58",
        )
        for text, value, more in (
            ("pk = :v", {"N": "1"}, {}),
            ("pk = :v AND sk > :n", {"S": "a"}, {":n": {"S": "1"}}),
            ("pk = :v AND sk BETWEEN :n AND :n", {"S": "a"}, {":n": {"B": b"1"}}),
        )
    ],
    row("Query", _key_condition("pk = :v", {"S": ""}), EMPTY_KEY, "reading.59"),
    *[
        row(
            "Query",
            {**QUERY, "FilterExpression": text},
            f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}",
            "reading.60",
        )
        for text, name in (
            ("attribute_exists(sk)", "sk"),
            ("a = b AND size(pk) > a", "pk"),
            ("begins_with(pk, :v)", "pk"),
        )
    ],
    *[
        row(
            operation,
            request,
            (
                "Key attributes must be scalars;"
                " list random access '[]' and map lookup '.' are not allowed: Key: pk"
            ),
            "reading.62",
        )
        for operation, request in (
            ("Query", {**QUERY, "ProjectionExpression": "a, pk[0]"}),
            ("Scan", {**SCAN, "FilterExpression": "attribute_exists(pk.a)"}),
            ("GetItem", {**ONE_KEY, "ProjectionExpression": "pk.a"}),
            ("PutItem", {**ONE_ITEM, "ConditionExpression": "attribute_exists(pk[1])"}),
        )
    ],
    row(
        "Query",
        {**QUERY, "Limit": 0},
        f"{E}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        "reading.53",
    ),
    row(
        "Scan",
        {**SCAN, "Limit": 0},
        f"{E}Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        "reading.54",
    ),
    *[
        row(operation, {**request, "TableName": "no.such"}, NOT_FOUND, "reading.63", code=RNF)
        for operation, request in (("Query", QUERY), ("Scan", SCAN))
    ],
    *[
        row(
            operation,
            {**request, "IndexName": "idx"},
            "The table does not have the specified index: idx",
            "reading.63",
        )
        for operation, request in (("Query", QUERY), ("Scan", SCAN))
    ],
    row(
        "Scan",
        {**SCAN, "FilterExpression": "a = "},
        'Invalid FilterExpression: Syntax error; token: "<EOF>", near: "="',
    ),
    row(
        "Scan",
        {**SCAN, "Segment": 0},
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
        "reading.80",
    ),
    row(
        "Scan",
        {**SCAN, "TotalSegments": 2},
        (
            "The Segment parameter is required but was not present in the request"
            " when parameter TotalSegments is present"
        ),
        "reading.81",
    ),
    *[
        row(
            "Scan",
            {**SCAN, "Segment": segment, "TotalSegments": 5},
            (
                "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
                f" Segment: {segment} is not less than TotalSegments: 5"
            ),
            "reading.82",
        )
        for segment in (5, 999_999)
    ],
]
SELECTS = [
    row(operation, {**request, "Select": select, **more}, text, known)
    for operation, request in (("Query", QUERY), ("Scan", SCAN))
    for select, more, text, known in (
        (
            "SPECIFIC_ATTRIBUTES",
            {},
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
            "reading.71",
        ),
        *[
            (
                select,
                {"ProjectionExpression": "a"},
                f"Cannot specify the ProjectionExpression when choosing to get {what}",
                "reading.72",
            )
            for select, what in (
                ("ALL_ATTRIBUTES", "ALL_ATTRIBUTES"),
                ("ALL_PROJECTED_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
                ("COUNT", "only the Count"),
            )
        ],
        (
            "ALL_PROJECTED_ATTRIBUTES",
            {},
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
            "reading.73",
        ),
    )
] + [
    row(
        "Scan",
        {**SCAN, "Select": "COUNT", "AttributesToGet": ["a"]},
        "Cannot specify the AttributesToGet when choosing to get only the Count",
        "reading.72",
    )
]


def _gets(**tables: Any) -> dict[str, Any]:
    return {"RequestItems": {name.replace("_", "."): wanted for name, wanted in tables.items()}}


def _puts(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": each}} for each in items]


BATCHES = [
    row("BatchGetItem", _gets(), "The requestItems parameter is required for BatchGetItem", "batches.5"),
    row(
        "BatchGetItem",
        _gets(TABLE={"Keys": [item(sk) for sk in range(101)]}),
        (
            f"{E}Value at 'RequestItems.{TABLE}.member.Keys' failed to satisfy constraint:"
            " Member must have length less than or equal to 100"
        ),
        "batches.6",
    ),
    row(
        "BatchGetItem",
        _gets(TABLE={"Keys": [item(sk) for sk in range(100)]}, other={"Keys": [KEY]}),
        "Too many items requested for the BatchGetItem call",
        "batches.7",
    ),
    *[
        row("BatchGetItem", _gets(TABLE={"Keys": [KEY, other]}), DUPLICATES, "batches.9")
        for other in (KEY, {**KEY, "sk": {"N": "1.0"}}, {**KEY, "sk": {"N": "10E-1"}})
    ],
    row(
        "BatchGetItem",
        _gets(TABLE={"Keys": [KEY]}, no_such={"Keys": [KEY]}),
        NOT_FOUND,
        "batches.10",
        code=RNF,
    ),
    row("BatchGetItem", _gets(TABLE={"Keys": [KEY, {"pk": {"S": "a"}}]}), MISMATCH, "batches.11"),
    row("BatchGetItem", _gets(TABLE={"Keys": [item(1, "")]}), EMPTY_KEY, "batches.11"),
    row(
        "BatchGetItem",
        _gets(TABLE={"Keys": [KEY], "ProjectionExpression": "a", "AttributesToGet": ["a"]}),
        MIXED.format("AttributesToGet", "ProjectionExpression"),
        "batches.12",
    ),
    *[
        row(
            "BatchGetItem",
            _gets(TABLE={"Keys": [KEY], **one}, no_such={"Keys": [KEY], **other}),
            MIXED.format("AttributesToGet", "ProjectionExpression"),
            "batches.13",
        )
        for one, other in (
            ({"ProjectionExpression": "a"}, {"AttributesToGet": ["a"]}),
            ({"AttributesToGet": ["a"]}, {"ProjectionExpression": "a"}),
        )
    ],
    row(
        "BatchWriteItem",
        {"RequestItems": {}},
        "The requestItems parameter is required for BatchWriteItem",
        "batches.31",
    ),
    row(
        "BatchWriteItem",
        {"RequestItems": {TABLE: _puts(*map(item, range(25))), "other": _puts(KEY)}},
        "Too many items requested for the BatchWriteItem call",
        "batches.34",
    ),
    *[
        row(
            "BatchWriteItem",
            {"RequestItems": {TABLE: [*_puts(KEY), other]}},
            DUPLICATES,
            "batches.35",
            "batches.41",
        )
        for other in (
            {"PutRequest": {"Item": {**KEY, "x": {"S": "x"}}}},
            {"PutRequest": {"Item": {**KEY, "sk": {"N": "1.0"}}}},
            {"DeleteRequest": {"Key": KEY}},
        )
    ],
    *[
        row(
            "BatchWriteItem", {"RequestItems": {TABLE: [*_puts(KEY), other]}}, SEVERAL_TYPES, "batches.36"
        )  # sic
        for other in ({}, {**_puts(item(2))[0], "DeleteRequest": {"Key": item(3)}})
    ],
    row(
        "BatchWriteItem",
        {"RequestItems": {TABLE: _puts(KEY), "no.such": _puts(KEY)}},
        NOT_FOUND,
        "batches.40",
        "batches.41",
        code=RNF,
    ),
    row(
        "BatchWriteItem",
        {"RequestItems": {TABLE: _puts(KEY, item(2, x={"SS": []}))}},
        f"{P}An string set  may not be empty",
        "batches.39",
        "batches.41",
    ),
    row(
        "BatchWriteItem",
        {"RequestItems": {TABLE: _puts(KEY, {"pk": {"N": "1"}, "sk": {"N": "1"}})}},
        MISMATCH,
        "batches.38",
        "batches.41",
    ),
]


@pytest.mark.parametrize(
    ("operation", "request_", "code", "text"), [*SHAPES, *ITEMS, *QUERIES, *SELECTS, *BATCHES]
)
def test_a_faulty_request_is_refused_in_words_and_changes_nothing(
    client: Any, standing: str, operation: str, request_: dict[str, Any], code: str, text: str
) -> None:
    error = refusal(client, operation, for_table(standing, request_))
    assert fault(error) == (code, text.replace(TABLE, standing))
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert client.scan(TableName=standing, ConsistentRead=True)["Count"] == 0


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        pytest.param("BatchGetItem", _gets(TABLE={"Keys": []}), marks=fact("batches.8")),
        pytest.param("BatchGetItem", _gets(TABLE={}), marks=fact("batches.8")),
        pytest.param("BatchWriteItem", {"RequestItems": {TABLE: []}}, marks=fact("batches.32")),
        pytest.param("BatchWriteItem", {"RequestItems": {TABLE: [*_puts(KEY), {"PutRequest": {}}]}}),
        pytest.param("BatchWriteItem", {"RequestItems": {TABLE: [{"DeleteRequest": {}}]}}),
    ],
)
def test_a_faulty_batch_whose_words_are_not_certain_is_refused(
    client: Any, standing: str, operation: str, request_: dict[str, Any]
) -> None:
    assert fault(refusal(client, operation, for_table(standing, request_)))[0] == VE


@fact("batches.4")
@pytest.mark.parametrize("operation", ["BatchGetItem", "BatchWriteItem"])
def test_a_batch_needs_request_items(url: str, operation: str) -> None:
    for request in ({}, {"RequestItems": None}):
        assert raw_fault(url, operation, request)[0] == VE
