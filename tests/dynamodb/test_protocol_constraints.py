"""Constraints of shapes, reported together; names of tables, reported by each operation in its own way."""

from typing import Any

import pytest

from dynamodb.calls import RNF, VE, E, call, fault, refusal
from dynamodb.facts import fact
from dynamodb.raw import send, target

NULL = "Member must not be null"
PATTERN = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"


def longer(count: int) -> str:
    return f"Member must have length greater than or equal to {count}"


def shorter(count: int) -> str:
    return f"Member must have length less than or equal to {count}"


def at_least(count: int) -> str:
    return f"Member must have value greater than or equal to {count}"


def at_most(count: int) -> str:
    return f"Member must have value less than or equal to {count}"


def one_of(*words: str) -> str:
    return f"Member must satisfy enum value set: [{', '.join(words)}]"


def violated(path: str, value: str | None, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def envelope(*violations: str) -> str:
    plural = "" if len(violations) == 1 else "s"
    return f"{len(violations)} validation error{plural} detected: {'; '.join(violations)}"


CAPACITY = one_of("INDEXES", "TOTAL", "NONE")
RETURNED = one_of("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
METRICS = one_of("SIZE", "NONE")
SELECT = one_of("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
KEY_TYPE = one_of("HASH", "RANGE")
ATTRIBUTE_TYPE = one_of("B", "N", "S")
BILLING = one_of("PROVISIONED", "PAY_PER_REQUEST")
CLASS = one_of("STANDARD", "STANDARD_INFREQUENT_ACCESS")
PROJECTION = one_of("ALL", "INCLUDE", "KEYS_ONLY")
ACTION = one_of("ADD", "PUT", "DELETE")

KEY = {"Key": {"pk": {"S": "a"}}}
HASH = {"AttributeName": "pk", "KeyType": "HASH"}
DECLARED = {
    "KeySchema": [HASH],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ALL = {"ProjectionType": "ALL"}


def index(**change: Any) -> dict[str, Any]:
    return {"IndexName": "idx", "KeySchema": [HASH], "Projection": ALL, **change}


def row(held: str, operation: str, request: dict[str, Any], *violations: str) -> Any:
    return pytest.param(operation, request, violations, marks=fact(held))


ROWS = [
    # Texts.
    row("protocol.103", "GetItem", {}, violated("key", None, NULL)),
    row("protocol.104", "PutItem", {}, violated("item", None, NULL)),
    row("protocol.105", "Scan", {"AttributesToGet": []}, violated("attributesToGet", "[]", longer(1))),
    row("protocol.105", "Query", {"IndexName": "ab"}, violated("indexName", "ab", longer(3))),
    row("protocol.106", "Query", {"IndexName": "x" * 256}, violated("indexName", "x" * 256, shorter(255))),
    row("protocol.106", "CreateTable", {**DECLARED, "KeySchema": [HASH] * 3}, violated(
        "keySchema",
        "[" + ", ".join(["KeySchemaElement(attributeName=pk, keyType=HASH)"] * 3) + "]",
        shorter(2),
    )),
    row("protocol.107", "Scan", {"Limit": 0}, violated("limit", "0", at_least(1))),
    row("protocol.107", "Scan", {"Segment": -1}, violated("segment", "-1", at_least(0))),
    row("protocol.107", "Scan", {"TotalSegments": 0}, violated("totalSegments", "0", at_least(1))),
    row("protocol.108", "Scan", {"TotalSegments": 1_000_001}, violated("totalSegments", "1000001", at_most(1_000_000))),
    row("protocol.108", "Scan", {"Segment": 1_000_000}, violated("segment", "1000000", at_most(999_999))),
    row("protocol.108", "ListTables", {"Limit": 101}, violated("limit", "101", at_most(100))),
    row("protocol.109", "PutItem", {"Item": {}, "ReturnValues": ""}, violated("returnValues", "", RETURNED)),
    row("protocol.110", "Scan", {"IndexName": "a b c"}, violated("indexName", "a b c", PATTERN)),
    # Several, and the paths to them.
    row(
        "protocol.101",
        "GetItem",
        {"ReturnConsumedCapacity": "x"},
        violated("key", None, NULL),
        violated("returnConsumedCapacity", "x", CAPACITY),
    ),
    row(
        "protocol.101",
        "Scan",
        {"Limit": 0, "IndexName": "é", "Select": "x"},
        violated("select", "x", SELECT),
        violated("limit", "0", at_least(1)),
        violated("indexName", "é", longer(3)),
        violated("indexName", "é", PATTERN),
    ),
    row(
        "protocol.111",
        "CreateTable",
        {**DECLARED, "KeySchema": [{"AttributeName": "pk"}, {"AttributeName": "", "KeyType": "RANGE"}]},
        violated("keySchema.1.member.keyType", None, NULL),
        violated("keySchema.2.member.attributeName", "", longer(1)),
    ),
    row(
        "protocol.111",
        "CreateTable",
        {**DECLARED, "GlobalSecondaryIndexes": [index(KeySchema=[HASH, {**HASH, "KeyType": "KEY"}])]},
        violated("globalSecondaryIndexes.1.member.keySchema.2.member.keyType", "KEY", KEY_TYPE),
    ),
    row(
        "protocol.112",
        "UpdateItem",
        {**KEY, "AttributeUpdates": {"the name": {"Action": "SET"}}},
        violated("attributeUpdates.the name.member.action", "SET", ACTION),
    ),
    # Sets.
    row("protocol.113", "Scan", {"ReturnConsumedCapacity": "X"}, violated("returnConsumedCapacity", "X", CAPACITY)),
    row("protocol.114", "UpdateItem", {**KEY, "ReturnValues": "X"}, violated("returnValues", "X", RETURNED)),
    row("protocol.115", "DeleteItem", {**KEY, "ReturnItemCollectionMetrics": "X"}, violated("returnItemCollectionMetrics", "X", METRICS)),
    row("protocol.116", "Query", {"Select": "X"}, violated("select", "X", SELECT)),
    row("protocol.117", "CreateTable", {**DECLARED, "KeySchema": [{**HASH, "KeyType": "X"}]}, violated("keySchema.1.member.keyType", "X", KEY_TYPE)),
    row("protocol.118", "CreateTable", {**DECLARED, "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "X"}]}, violated("attributeDefinitions.1.member.attributeType", "X", ATTRIBUTE_TYPE)),
    row("protocol.119", "CreateTable", {**DECLARED, "BillingMode": "X"}, violated("billingMode", "X", BILLING)),
    row("protocol.120", "CreateTable", {**DECLARED, "TableClass": "X"}, violated("tableClass", "X", CLASS)),
    row("protocol.121", "CreateTable", {**DECLARED, "LocalSecondaryIndexes": [index(Projection={"ProjectionType": "X"})]}, violated("localSecondaryIndexes.1.member.projection.projectionType", "X", PROJECTION)),
    row("protocol.122", "UpdateItem", {**KEY, "AttributeUpdates": {"a": {"Action": "X"}}}, violated("attributeUpdates.a.member.action", "X", ACTION)),
    row("protocol.124", "Scan", {"ReturnConsumedCapacity": "total"}, violated("returnConsumedCapacity", "total", CAPACITY)),
    row("protocol.124", "Query", {"Select": "Count"}, violated("select", "Count", SELECT)),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "request_", "violations"), ROWS)
def test_violated_constraints_are_reported_together(
    client: Any, operation: str, request_: dict[str, Any], violations: tuple[str, ...]
) -> None:
    named = request_ if operation == "ListTables" else {"TableName": "none", **request_}
    assert fault(refusal(client, operation, named)) == (VE, envelope(*violations))


@fact("protocol.104", "protocol.112")
def test_what_a_batch_lacks_is_named_by_its_table(url: str) -> None:
    for operation, body, path in (
        ("BatchGetItem", b"{}", "requestItems"),
        ("BatchWriteItem", b"{}", "requestItems"),
        ("BatchGetItem", b'{"RequestItems":{"ttt":{}}}', "requestItems.ttt.member.keys"),
    ):
        answer = send(url, body, target(operation))
        assert answer.tree["message"] == envelope(violated(path, None, NULL))


@fact("protocol.102")
def test_at_most_ten_violations_are_listed(client: Any) -> None:
    definitions = [{"AttributeName": "", "AttributeType": "X"} for _ in range(20)]
    request = {**DECLARED, "TableName": "none", "AttributeDefinitions": definitions}
    listed = [
        violation
        for position in range(1, 6)
        for violation in (
            violated(f"attributeDefinitions.{position}.member.attributeName", "", longer(1)),
            violated(f"attributeDefinitions.{position}.member.attributeType", "X", ATTRIBUTE_TYPE),
        )
    ]
    assert fault(refusal(client, "CreateTable", request)) == (VE, envelope(*listed))


@fact("protocol.123")
@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({"ConditionalOperator": "XOR"}, "conditionalOperator"),
        ({"ScanFilter": {"a": {"ComparisonOperator": "LIKE"}}}, "scanFilter.a.member.comparisonOperator"),
    ],
)
def test_words_of_legacy_parameters_are_of_a_set(client: Any, request_: dict[str, Any], path: str) -> None:
    code, text = fault(refusal(client, "Scan", {"TableName": "none", **request_}))
    assert code == VE
    assert text.startswith(f"{E}Value '")
    assert f"at '{path}' failed to satisfy constraint: Member must satisfy enum value set: [" in text


# Names of tables.

ON_ITEMS: dict[str, dict[str, Any]] = {
    "PutItem": {"Item": {"pk": {"S": "a"}}},
    "GetItem": KEY,
    "UpdateItem": KEY,
    "DeleteItem": KEY,
    "Query": {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
    "Scan": {},
}
ON_TABLES = ("DescribeTable", "DeleteTable")
REQUIRED = "The parameter 'TableName' is required but was not present in the request"
LENGTH = "TableName must be at least 3 characters long and at most 255 characters long"
LONG = "x" * 256


def named(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"TableName": name}


@pytest.mark.parametrize("operation", ON_ITEMS)
@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        pytest.param(None, NULL, marks=fact("protocol.125")),
        pytest.param("", longer(1), marks=fact("protocol.126")),
        pytest.param("a;b", PATTERN, marks=fact("protocol.127")),
        pytest.param("täble", PATTERN, marks=fact("protocol.127")),
        pytest.param("ttt\n", PATTERN, marks=fact("protocol.127")),
        pytest.param(LONG, shorter(255), marks=fact("protocol.128")),
    ],
)
def test_operations_on_items_report_names_as_constraints(
    client: Any, operation: str, name: str | None, constraint: str
) -> None:
    error = fault(refusal(client, operation, {**ON_ITEMS[operation], **named(name)}))
    assert error == (VE, envelope(violated("tableName", name, constraint)))


@fact("protocol.134")
@pytest.mark.parametrize("operation", ON_ITEMS)
@pytest.mark.parametrize("name", ["a", "ab", "x" * 255])
def test_a_name_of_any_other_length_is_only_not_found(client: Any, operation: str, name: str) -> None:
    error = fault(refusal(client, operation, {**ON_ITEMS[operation], "TableName": name}))
    assert error == (RNF, "Requested resource not found")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(None, REQUIRED, marks=fact("protocol.129")),
        pytest.param("ab", envelope(violated("tableName", "ab", longer(3))), marks=fact("protocol.130")),
        pytest.param("", envelope(violated("tableName", "", longer(3))), marks=fact("protocol.130")),
        pytest.param("a;bc", envelope(violated("tableName", "a;bc", PATTERN)), marks=fact("protocol.131")),
        pytest.param(LONG, envelope(violated("tableName", LONG, shorter(255))), marks=fact("protocol.131")),
    ],
)
def test_create_table_reports_a_name_before_all_else(client: Any, name: str | None, text: str) -> None:
    for declared in (DECLARED, {"BillingMode": "X"}):
        assert fault(refusal(client, "CreateTable", {**declared, **named(name)})) == (VE, text)


@pytest.mark.parametrize("operation", ON_TABLES)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(None, REQUIRED, marks=fact("protocol.132")),
        pytest.param("", LENGTH, marks=fact("protocol.133")),
        pytest.param("ab", LENGTH, marks=fact("protocol.133")),
        pytest.param(LONG, LENGTH, marks=fact("protocol.133")),
        pytest.param("ab;cd", envelope(violated("tableName", "ab;cd", PATTERN)), marks=fact("protocol.133")),
    ],
)
def test_other_operations_on_tables_report_a_name_in_their_own_words(
    client: Any, operation: str, name: str | None, text: str
) -> None:
    assert fault(refusal(client, operation, named(name))) == (VE, text)


@fact("protocol.135")
def test_the_arn_of_a_table_is_as_good_as_its_name(client: Any, filled: str) -> None:
    arn = client.describe_table(TableName=filled)["Table"]["TableArn"]
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    query = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    requests: list[tuple[str, dict[str, Any]]] = [
        ("DescribeTable", {}),
        ("GetItem", {"Key": key}),
        ("PutItem", {"Item": key}),
        ("UpdateItem", {"Key": key, "ReturnValues": "ALL_NEW"}),
        ("DeleteItem", {"Key": {**key, "sk": {"N": "77"}}}),
        ("Query", query),
        ("Scan", {}),
    ]
    for operation, request in requests:
        by_arn, by_name = (call(client, operation, {**request, "TableName": t}) for t in (arn, filled))
        assert by_arn == by_name


@fact("protocol.136")
def test_consumed_capacity_is_of_the_table_by_the_name_given(client: Any, filled: str) -> None:
    answer = client.scan(TableName=filled, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["TableName"] == filled
    arn = client.describe_table(TableName=filled)["Table"]["TableArn"]
    answer = client.scan(TableName=arn, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["TableName"] in (filled, arn)
