"""Tables come, are described and listed, and go."""

import re
from datetime import UTC
from typing import Any

import boto3
import pytest

from dynamodb.calls import RNF, VE, E, call, fault, item, refusal
from dynamodb.clients import connect, create_table
from dynamodb.facts import fact

CONSTRAINT = "failed to satisfy constraint: Member must"
AT_LEAST_VALUE = f"{CONSTRAINT} have value greater than or equal to"
AT_MOST_VALUE = f"{CONSTRAINT} have value less than or equal to"
AT_LEAST_LENGTH = f"{CONSTRAINT} have length greater than or equal to"
AT_MOST_LENGTH = f"{CONSTRAINT} have length less than or equal to"
PATTERN = f"{CONSTRAINT} satisfy regular expression pattern: [a-zA-Z0-9_.-]+"


HASH = {"AttributeName": "pk", "KeyType": "HASH"}
RANGE = {"AttributeName": "sk", "KeyType": "RANGE"}
PK = {"AttributeName": "pk", "AttributeType": "S"}
SK = {"AttributeName": "sk", "AttributeType": "N"}
WAIT = {"Delay": 0.05, "MaxAttempts": 200}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@fact("tables.1", "tables.3", "tables.25", "tables.27")
def test_a_table_is_created_described_listed_and_deleted(client: Any, name: str) -> None:
    created = create_table(client, name, sort_type="N")["TableDescription"]
    assert created["TableStatus"] == "CREATING"
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig=WAIT)
    described = client.describe_table(TableName=name)["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["KeySchema"] == [HASH, RANGE]
    assert described["TableName"] == name
    assert UUID.fullmatch(described["TableId"])
    constant = ("TableId", "TableArn", "CreationDateTime", "KeySchema", "AttributeDefinitions")
    assert {key: created[key] for key in constant} == {key: described[key] for key in constant}
    assert name in client.list_tables()["TableNames"]
    deleted = client.delete_table(TableName=name)["TableDescription"]
    assert deleted["TableStatus"] == "DELETING"
    assert deleted["TableId"] == created["TableId"]
    client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig=WAIT)
    assert name not in client.list_tables()["TableNames"]


def _described(client: Any, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a new table without what is told apart from others by id and time."""
    client.create_table(TableName=name, **request)
    described: dict[str, Any] = client.describe_table(TableName=name)["Table"]
    client.delete_table(TableName=name)
    created_at = described.pop("CreationDateTime")
    assert UUID.fullmatch(described.pop("TableId"))
    if "BillingModeSummary" in described:
        assert described["BillingModeSummary"].pop("LastUpdateToPayPerRequestDateTime") == created_at
    return described


def _arn(name: str) -> str:
    return f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}"


@fact("tables.2", "tables.4", "tables.5", "tables.7", "tables.17", "tables.19", "tables.22")
def test_a_table_on_demand_is_described(client: Any, name: str) -> None:
    request = {
        "KeySchema": [HASH, RANGE],
        "AttributeDefinitions": [SK, PK],
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert _described(client, name, request) == {
        "TableName": name,
        "TableArn": _arn(name),
        "TableStatus": "ACTIVE",
        "AttributeDefinitions": [SK, PK],
        "KeySchema": [HASH, RANGE],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 0,
            "WriteCapacityUnits": 0,
        },
        "WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000, "Status": "ACTIVE"},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "DeletionProtectionEnabled": False,
    }


@fact("tables.8", "tables.19", "tables.48")
def test_a_provisioned_table_is_described(client: Any, name: str) -> None:
    units = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3}
    request = {"KeySchema": [HASH], "AttributeDefinitions": [PK], "ProvisionedThroughput": units}
    assert _described(client, name, request) == {
        "TableName": name,
        "TableArn": _arn(name),
        "TableStatus": "ACTIVE",
        "AttributeDefinitions": [PK],
        "KeySchema": [HASH],
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **units},
        "WarmThroughput": {"ReadUnitsPerSecond": 7, "WriteUnitsPerSecond": 3, "Status": "ACTIVE"},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "DeletionProtectionEnabled": False,
    }


KEY = "arn:aws:kms:us-east-1:000000000000:"


@pytest.mark.parametrize(
    ("settings", "members"),
    [
        pytest.param(
            {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/mine"}},
            {
                "SSEDescription": {
                    "Status": "ENABLED",
                    "SSEType": "KMS",
                    "KMSMasterKeyArn": f"{KEY}alias/mine",
                }
            },
            marks=fact("tables.15"),
        ),
        pytest.param({"SSESpecification": {"Enabled": False}}, {}, marks=fact("tables.15")),
        pytest.param(
            {"TableClass": "STANDARD"},
            {"TableClassSummary": {"TableClass": "STANDARD"}},
            marks=fact("tables.16"),
        ),
        pytest.param(
            {"OnDemandThroughput": {"MaxWriteRequestUnits": 9}},
            {"OnDemandThroughput": {"MaxWriteRequestUnits": 9}},
            marks=fact("tables.18"),
        ),
        pytest.param({"OnDemandThroughput": {}}, {}, marks=fact("tables.73")),
        pytest.param(
            {"WarmThroughput": {"ReadUnitsPerSecond": 15_000}},
            {
                "WarmThroughput": {
                    "ReadUnitsPerSecond": 15_000,
                    "WriteUnitsPerSecond": 4_000,
                    "Status": "ACTIVE",
                }
            },
            marks=fact("tables.19"),
        ),
        pytest.param({"StreamSpecification": {"StreamEnabled": False}}, {}, marks=fact("tables.13")),
    ],
)
def test_a_setting_shows_where_it_says_something(
    client: Any, name: str, settings: dict[str, Any], members: dict[str, Any]
) -> None:
    request = {"KeySchema": [HASH], "AttributeDefinitions": [PK], "BillingMode": "PAY_PER_REQUEST"}
    plain = _described(client, name, request)
    assert _described(client, name, {**request, **settings}) == {**plain, **members}


@fact("tables.13", "tables.22", "tables.23")
def test_a_stream_has_a_label_of_its_moment(client: Any, name: str) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    request = {"KeySchema": [HASH], "AttributeDefinitions": [PK], "BillingMode": "PAY_PER_REQUEST"}
    client.create_table(TableName=name, **request, StreamSpecification=stream)
    described = client.describe_table(TableName=name)["Table"]
    client.delete_table(TableName=name)
    created_at = described["CreationDateTime"].astimezone(UTC)
    label = f"{created_at:%Y-%m-%dT%H:%M:%S}.{created_at.microsecond // 1000:03}"
    assert described["StreamSpecification"] == stream
    assert (described["LatestStreamLabel"], described["LatestStreamArn"]) == (
        label,
        f"{_arn(name)}/stream/{label}",
    )


@fact("tables.11", "tables.22")
def test_a_local_index_is_described(client: Any, name: str) -> None:
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b"]}
    index = {"IndexName": "by-sk", "KeySchema": [HASH, RANGE], "Projection": projection}
    request = {
        "KeySchema": [HASH, {"AttributeName": "x", "KeyType": "RANGE"}],
        "AttributeDefinitions": [PK, SK, {"AttributeName": "x", "AttributeType": "B"}],
        "BillingMode": "PAY_PER_REQUEST",
        "LocalSecondaryIndexes": [index],
    }
    assert _described(client, name, request)["LocalSecondaryIndexes"] == [
        {**index, "IndexSizeBytes": 0, "ItemCount": 0, "IndexArn": f"{_arn(name)}/index/by-sk"}
    ]


@fact("tables.86")
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


@fact("tables.17", "tables.28", "tables.129")
def test_a_protected_table_is_not_deleted(client: Any, name: str) -> None:
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
    client.describe_table(TableName=name)  # waits for it
    lifted = client.update_table(TableName=name, DeletionProtectionEnabled=False)["TableDescription"]
    assert (lifted["TableStatus"], lifted["DeletionProtectionEnabled"]) == ("ACTIVE", False)
    client.delete_table(TableName=name)


@fact("tables.88", "tables.90", "tables.91")
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


@fact("tables.93")
def test_no_tables_are_a_list_too(client: Any) -> None:
    assert call(client, "ListTables", {"ExclusiveStartTableName": "zzzz"}) == {"TableNames": []}


@fact("tables.89", "tables.91")
def test_a_page_of_names_has_a_hundred(url: str) -> None:
    client = connect(url, account="1" * 12)
    names = [f"page.{number:03}" for number in range(101)]
    for name in names:
        create_table(client, name)
    assert call(client, "ListTables", {}) == {
        "TableNames": names[:100],
        "LastEvaluatedTableName": names[99],
    }
    assert call(client, "ListTables", {"ExclusiveStartTableName": names[0]}) == {"TableNames": names[1:]}
    for name in names:
        client.delete_table(TableName=name)


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"Limit": 0}, f"{E}Value '0' at 'limit' {AT_LEAST_VALUE} 1"),
        ({"Limit": 101}, f"{E}Value '101' at 'limit' {AT_MOST_VALUE} 100"),
        (
            {"ExclusiveStartTableName": "a!"},
            (
                "2 validation errors detected: "
                f"Value 'a!' at 'exclusiveStartTableName' {AT_LEAST_LENGTH} 3; "
                f"Value 'a!' at 'exclusiveStartTableName' {PATTERN}"
            ),
        ),
        (
            {"ExclusiveStartTableName": "a" * 256, "Limit": 0},
            (
                "2 validation errors detected: "
                f"Value '{'a' * 256}' at 'exclusiveStartTableName' {AT_MOST_LENGTH} 255; "
                f"Value '0' at 'limit' {AT_LEAST_VALUE} 1"
            ),
        ),
    ],
)
@fact("tables.92")
def test_listing_has_constraints(client: Any, request_: dict[str, Any], text: str) -> None:
    assert fault(refusal(client, "ListTables", request_)) == (VE, text)


@fact("tables.94")
def test_the_quotas_are_the_services(client: Any) -> None:
    assert call(client, "DescribeLimits", {}) == {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


@fact("tables.95")
def test_the_endpoint_is_the_services(client: Any) -> None:
    endpoint = {"Address": "dynamodb.us-east-1.amazonaws.com", "CachePeriodInMinutes": 1440}
    assert call(client, "DescribeEndpoints", {}) == {"Endpoints": [endpoint]}


@fact("tables.77")
def test_a_name_is_taken_once(client: Any, table: str) -> None:
    error = refusal(
        client,
        "CreateTable",
        {
            "TableName": table,
            "KeySchema": [HASH],
            "AttributeDefinitions": [PK],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    assert fault(error) == ("ResourceInUseException", f"Table already exists: {table}")


@pytest.mark.parametrize("operation", ["DescribeTable", "DeleteTable"])
@fact("tables.85")
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
