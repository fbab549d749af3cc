"""Tables come, are described and listed, and go; faulty declarations are refused in the service's words."""

from typing import Any

import boto3
import pytest

from dynamodb.calls import RNF, VE, E, P, call, fault, item, refusal
from dynamodb.clients import create_table


def test_a_table_is_created_described_listed_and_deleted(client: Any, name: str) -> None:
    created = create_table(client, name)["TableDescription"]
    assert created["TableStatus"] == "CREATING"
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    described = client.describe_table(TableName=name)["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert described["TableArn"].endswith(f":table/{name}")
    constant = ("TableId", "TableArn", "CreationDateTime", "KeySchema", "AttributeDefinitions")
    assert {key: created[key] for key in constant} == {key: described[key] for key in constant}
    assert (described["ItemCount"], described["TableSizeBytes"]) == (0, 0)
    assert described["DeletionProtectionEnabled"] is False
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert name in client.list_tables()["TableNames"]
    deleted = client.delete_table(TableName=name)["TableDescription"]
    assert deleted["TableStatus"] == "DELETING"
    assert deleted["TableId"] == created["TableId"]
    client.get_waiter("table_not_exists").wait(
        TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    assert name not in client.list_tables()["TableNames"]


def test_a_table_of_the_same_name_starts_empty(client: Any, name: str) -> None:
    first = create_table(client, name, sort_type="N")["TableDescription"]
    client.put_item(TableName=name, Item=item(1))
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(
        TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    second = create_table(client, name, sort_type="N")["TableDescription"]
    assert first["TableId"] != second["TableId"]
    assert client.scan(TableName=name, ConsistentRead=True)["Count"] == 0
    client.delete_table(TableName=name)


def test_an_operation_on_a_table_that_comes_into_being_waits_for_it(client: Any, name: str) -> None:
    create_table(client, name, sort_type="N")
    client.put_item(TableName=name, Item=item(1))
    assert client.get_item(TableName=name, Key=item(1))["Item"] == item(1)
    client.delete_table(TableName=name)


def test_a_protected_table_is_not_deleted(client: Any, name: str) -> None:
    """It stays until the cluster ends: this version has no UpdateTable to lift the protection."""
    created = create_table(client, name, DeletionProtectionEnabled=True)["TableDescription"]
    assert created["DeletionProtectionEnabled"] is True
    error = refusal(client, "DeleteTable", {"TableName": name})
    assert fault(error) == (
        VE,
        (
            "Resource cannot be deleted as it is currently protected against deletion."
            " Disable deletion protection first."
        ),
    )


def test_tables_are_listed_in_order_and_in_pages(client: Any, name: str) -> None:
    names = [f"{name}.{suffix}" for suffix in ("a", "B", "c")]
    for each in names:
        create_table(client, each)
    start = f"{name}."  # which is no table
    first = call(client, "ListTables", {"ExclusiveStartTableName": start, "Limit": 2})
    assert first["TableNames"] == [f"{name}.B", f"{name}.a"]
    assert first["LastEvaluatedTableName"] == f"{name}.a"
    rest = call(client, "ListTables", {"ExclusiveStartTableName": f"{name}.a", "Limit": 1})
    assert rest["TableNames"] == [f"{name}.c"]
    pages = client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
    listed = [each for page in pages for each in page["TableNames"]]
    assert listed == sorted(listed)
    assert set(names) <= set(listed)
    for each in names:
        client.delete_table(TableName=each)


def test_tables_belong_to_one_region_and_account(url: str, client: Any, table: str) -> None:
    for region, key in (("eu-west-1", "test"), ("us-east-1", "123456789012")):
        other = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="x",
        )
        assert table not in other.list_tables()["TableNames"]
    assert table in client.list_tables()["TableNames"]


HASH = {"AttributeName": "pk", "KeyType": "HASH"}
RANGE = {"AttributeName": "sk", "KeyType": "RANGE"}
PK = {"AttributeName": "pk", "AttributeType": "S"}
SK = {"AttributeName": "sk", "AttributeType": "N"}
CREATE: dict[str, Any] = {
    "TableName": "refused",
    "KeySchema": [HASH],
    "AttributeDefinitions": [PK],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"TableName": None}, VE, "The parameter 'TableName' is required but was not present in the request"),
        (
            {"TableName": "ab"},
            VE,
            (
                f"{E}Value 'ab' at 'tableName' failed to satisfy constraint:"
                " Member must have length greater than or equal to 3"
            ),
        ),
        (
            {"TableName": "a;b"},
            VE,
            (
                f"{E}Value 'a;b' at 'tableName' failed to satisfy constraint:"
                " Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            ),
        ),
        (
            {"BillingMode": "FREE"},
            VE,
            (
                f"{E}Value 'FREE' at 'billingMode' failed to satisfy constraint:"
                " Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
            ),
        ),
        (
            {"KeySchema": []},
            VE,
            (
                f"{E}Value '[]' at 'keySchema' failed to satisfy constraint:"
                " Member must have length greater than or equal to 1"
            ),
        ),
        (
            {"KeySchema": [{"AttributeName": "pk", "KeyType": "KEY"}]},
            VE,
            (
                f"{E}Value 'KEY' at 'keySchema.1.member.keyType' failed to satisfy constraint:"
                " Member must satisfy enum value set: [HASH, RANGE]"
            ),
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
            VE,
            (
                f"{P}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
                " when BillingMode is PAY_PER_REQUEST"
            ),
        ),
        (
            {"BillingMode": None},
            VE,
            (
                f"{P}ReadCapacityUnits and WriteCapacityUnits must both be specified"
                " when BillingMode is PROVISIONED"
            ),
        ),
        (
            {"AttributeDefinitions": [SK]},
            VE,
            (
                f"{P}Some index key attributes are not defined in AttributeDefinitions."
                " Keys: [pk], AttributeDefinitions: [sk]"
            ),
        ),
        (
            {"KeySchema": [HASH, RANGE]},
            VE,
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            {"KeySchema": [RANGE], "AttributeDefinitions": [SK]},
            VE,
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {"KeySchema": [HASH, {**RANGE, "KeyType": "HASH"}], "AttributeDefinitions": [PK, SK]},
            VE,
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            {"AttributeDefinitions": [PK, SK]},
            VE,
            (
                f"{P}Number of attributes in KeySchema does not exactly match"
                " number of attributes defined in AttributeDefinitions"
            ),
        ),
        ({"LocalSecondaryIndexes": []}, VE, f"{P}List of LocalSecondaryIndexes is empty"),
    ],
)
def test_a_faulty_declaration_is_refused(client: Any, change: dict[str, Any], code: str, text: str) -> None:
    request = {name: value for name, value in {**CREATE, **change}.items() if value is not None}
    assert fault(refusal(client, "CreateTable", request)) == (code, text)
    assert "refused" not in client.list_tables()["TableNames"]


def test_a_name_is_taken_once(client: Any, table: str) -> None:
    error = refusal(client, "CreateTable", {**CREATE, "TableName": table})
    assert fault(error) == ("ResourceInUseException", f"Table already exists: {table}")


@pytest.mark.parametrize("operation", ["DescribeTable", "DeleteTable"])
def test_control_operations_name_the_missing_table(client: Any, operation: str) -> None:
    error = refusal(client, operation, {"TableName": "no.such"})
    assert fault(error) == (RNF, "Requested resource not found: Table: no.such not found")


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("TransactWriteItems", {"TransactItems": []}),
        ("TransactGetItems", {"TransactItems": []}),
        ("ExecuteTransaction", {"TransactStatements": [{"Statement": "SELECT * FROM t"}]}),
        ("DescribeContinuousBackups", {"TableName": "ttt"}),
    ],
)
def test_what_this_version_lacks_says_so(client: Any, operation: str, request_: dict[str, Any]) -> None:
    code, text = fault(refusal(client, operation, request_))
    assert code == "UnknownOperationException"
    assert operation in text
    assert "not in this version" in text


def test_a_table_with_an_index_is_refused_not_created_without(client: Any, name: str) -> None:
    index = {"IndexName": "idx", "KeySchema": [HASH], "Projection": {"ProjectionType": "ALL"}}
    code, text = fault(
        refusal(client, "CreateTable", {**CREATE, "TableName": name, "GlobalSecondaryIndexes": [index]})
    )
    assert code == "UnknownOperationException"
    assert "not in this version" in text
    assert name not in client.list_tables()["TableNames"]
