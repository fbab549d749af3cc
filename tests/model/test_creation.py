"""CreateTable: checks in the service's order, and the description of what was declared."""

from copy import deepcopy
from typing import Any

import cbor2
import pytest

from trinamo.model.creation import read_creation
from trinamo.model.description import table_description
from trinamo.model.errors import ApiError
from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.model.tables import (
    BillingMode,
    TableSpec,
    TableStatus,
    Throughput,
    at_creation,
    table_address,
)
from trinamo.wire import from_wire, to_wire

P = "One or more parameter values were invalid: "
E = "1 validation error detected: "
HASH = {"AttributeName": "pk", "KeyType": "HASH"}
RANGE = {"AttributeName": "sk", "KeyType": "RANGE"}
PK = {"AttributeName": "pk", "AttributeType": "S"}
SK = {"AttributeName": "sk", "AttributeType": "N"}
X = {"AttributeName": "x", "AttributeType": "B"}
BY_X = {"AttributeName": "x", "KeyType": "RANGE"}
ALL = {"ProjectionType": "ALL"}
GOOD: dict[str, Any] = {
    "TableName": "tab",
    "KeySchema": [HASH, RANGE],
    "AttributeDefinitions": [PK, SK],
    "BillingMode": "PAY_PER_REQUEST",
}
NOW = 1_732_000_000.123
UNITS = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}


def _spec(**members: Any) -> TableSpec:
    return read_creation(deepcopy({**GOOD, **members}))[1]


def _message(**members: Any) -> str | None:
    with pytest.raises(ApiError) as caught:
        _spec(**members)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def _lsi(**members: Any) -> dict[str, Any]:
    return {"IndexName": "lsi", "KeySchema": [HASH, BY_X], "Projection": ALL, **members}


def _gsi(**members: Any) -> dict[str, Any]:
    keys = [{"AttributeName": "x", "KeyType": "HASH"}]
    return {"IndexName": "gsi", "KeySchema": keys, "Projection": ALL, **members}


def test_a_plain_table_is_read() -> None:
    spec = _spec()
    assert spec.name == "tab"
    assert spec.keys == KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
    assert spec.billing_mode is BillingMode.PAY_PER_REQUEST


NULL = "failed to satisfy constraint: Member must not be null"
UNDEFINED = "Invalid KeySchema: Some index key attribute have no definition"
SHORT = "failed to satisfy constraint: Member must have length greater than or equal to"


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"TableName": None}, "The parameter 'TableName' is required but was not present in the request"),
        ({"TableName": "ab", "KeySchema": None}, f"{E}Value 'ab' at 'tableName' {SHORT} 3"),
        ({"TableName": ""}, f"{E}Value '' at 'tableName' {SHORT} 3"),
        ({"KeySchema": None}, f"{E}Value null at 'keySchema' {NULL}"),
        ({"KeySchema": []}, f"{E}Value '[]' at 'keySchema' {SHORT} 1"),
        (
            {"KeySchema": [HASH, RANGE, BY_X]},
            (
                f"{E}Value '[KeySchemaElement(attributeName=pk, keyType=HASH),"
                " KeySchemaElement(attributeName=sk, keyType=RANGE),"
                " KeySchemaElement(attributeName=x, keyType=RANGE)]' at 'keySchema'"
                " failed to satisfy constraint: Member must have length less than or equal to 2"
            ),
        ),
        (
            {
                "BillingMode": "FREE",
                "ProvisionedThroughput": {"ReadCapacityUnits": 0},
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "BOOL"}],
            },
            (
                "4 validation errors detected: "
                "Value 'FREE' at 'billingMode' failed to satisfy constraint:"
                " Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]; "
                f"Value null at 'provisionedThroughput.writeCapacityUnits' {NULL}; "
                "Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint:"
                " Member must have value greater than or equal to 1; "
                "Value 'BOOL' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint:"
                " Member must satisfy enum value set: [B, N, S]"
            ),
        ),
        (
            {"GlobalSecondaryIndexes": [{"IndexName": "g"}]},
            (
                "3 validation errors detected: "
                f"Value null at 'globalSecondaryIndexes.1.member.keySchema' {NULL}; "
                f"Value null at 'globalSecondaryIndexes.1.member.projection' {NULL}; "
                f"Value 'g' at 'globalSecondaryIndexes.1.member.indexName' {SHORT} 3"
            ),
        ),
        (
            {"ProvisionedThroughput": UNITS, "KeySchema": [RANGE]},
            P + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
            " when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"BillingMode": None, "KeySchema": [RANGE]},
            P
            + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
        (
            {"BillingMode": None, "ProvisionedThroughput": {**UNITS, "WriteCapacityUnits": 10**12 + 1}},
            f"Given value {10**12 + 1} for WriteCapacityUnits is out of bounds",
        ),
        (
            {"KeySchema": [HASH], "AttributeDefinitions": [X]},
            P + "Some index key attributes are not defined in AttributeDefinitions."
            " Keys: [pk], AttributeDefinitions: [x]",
        ),
        ({"KeySchema": [HASH], "AttributeDefinitions": []}, UNDEFINED),
        ({"AttributeDefinitions": [PK]}, UNDEFINED),
        (
            {"KeySchema": [RANGE, HASH]},
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {"KeySchema": [HASH, {**RANGE, "AttributeName": "pk"}]},
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (
            {"KeySchema": [HASH, {**RANGE, "KeyType": "HASH"}]},
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        ({"LocalSecondaryIndexes": []}, P + "List of LocalSecondaryIndexes is empty"),
        ({"GlobalSecondaryIndexes": []}, P + "List of GlobalSecondaryIndexes is empty"),
        (
            {"KeySchema": [HASH], "AttributeDefinitions": [PK], "LocalSecondaryIndexes": [_lsi()]},
            P + "Table KeySchema does not have a range key, which is required when specifying a"
            " LocalSecondaryIndex",
        ),
        ({"LocalSecondaryIndexes": [_lsi()]}, UNDEFINED),
        (
            {"LocalSecondaryIndexes": [_lsi(KeySchema=[HASH])]},
            P + "Index KeySchema does not have a range key for index: lsi",
        ),
        (
            {
                "AttributeDefinitions": [PK, SK, X],
                "LocalSecondaryIndexes": [_lsi(KeySchema=[{**BY_X, "KeyType": "HASH"}, RANGE])],
            },
            P + "Index KeySchema does not have the same leading hash key as table KeySchema for index: lsi."
            " index hash key: x, table hash key: pk",
        ),
        (
            {"AttributeDefinitions": [PK, SK, X], "LocalSecondaryIndexes": [_lsi(), _lsi()]},
            P + "Duplicate index name: lsi",
        ),
        (
            {
                "AttributeDefinitions": [PK, SK, X],
                "LocalSecondaryIndexes": [_lsi(IndexName=f"lsi{i}") for i in range(6)],
            },
            P + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
        ),
        (
            {
                "AttributeDefinitions": [PK, SK, X],
                "GlobalSecondaryIndexes": [_gsi(IndexName=f"gsi{i}") for i in range(21)],
            },
            P + "GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ),
        (
            {
                "AttributeDefinitions": [PK, SK, X],
                "GlobalSecondaryIndexes": [_gsi(ProvisionedThroughput=UNITS)],
            },
            P
            + "ProvisionedThroughput should not be specified for index: gsi when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {
                "AttributeDefinitions": [PK, SK, X],
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": UNITS,
                "GlobalSecondaryIndexes": [_gsi()],
            },
            P + "ProvisionedThroughput is not specified for index: gsi",
        ),
        (
            {"AttributeDefinitions": [PK, SK, X], "GlobalSecondaryIndexes": [_gsi(Projection={})]},
            P + "Unknown ProjectionType: null",
        ),
        (
            {
                "AttributeDefinitions": [PK, SK, X],
                "GlobalSecondaryIndexes": [_gsi(Projection={**ALL, "NonKeyAttributes": ["a"]})],
            },
            P + "ProjectionType is ALL, but NonKeyAttributes is specified",
        ),
        (
            {
                "AttributeDefinitions": [PK, SK, X],
                "GlobalSecondaryIndexes": [_gsi(Projection={"ProjectionType": "INCLUDE"})],
            },
            P + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            {"AttributeDefinitions": [PK, SK, X]},
            P + "Number of attributes in KeySchema does not exactly match number of attributes defined in"
            " AttributeDefinitions",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}},
            P + "Table is being created with a stream disabled, UpdateViewType should not be specified",
        ),
        (
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": UNITS,
                "OnDemandThroughput": {"MaxWriteRequestUnits": 5, "MaxReadRequestUnits": 5},
            },
            P + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is"
            " PROVISIONED.",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 0}},
            P + "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
        ),
        (
            {"WarmThroughput": {"ReadUnitsPerSecond": 11_999}},
            P
            + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for"
            " OnDemand",
        ),
    ],
)
def test_what_the_service_refuses_is_refused_in_its_words(members: dict[str, Any], text: str) -> None:
    assert _message(**members) == text


def test_a_global_index_may_have_several_attributes_in_each_half_of_its_key() -> None:
    names = "abcdefgh"
    kinds = ["HASH"] * 4 + ["RANGE"] * 4
    definitions = [PK, SK, *({"AttributeName": name, "AttributeType": "S"} for name in names)]
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds, strict=True)]
    [index] = _spec(
        AttributeDefinitions=definitions, GlobalSecondaryIndexes=[_gsi(KeySchema=keys)]
    ).global_indexes
    assert [attribute.name for attribute in index.partition] == list("abcd")
    assert [attribute.name for attribute in index.sort] == list("efgh")
    keys[3], keys[4] = keys[4], keys[3]
    assert _message(AttributeDefinitions=definitions, GlobalSecondaryIndexes=[_gsi(KeySchema=keys)])


FULL = {
    "AttributeDefinitions": [PK, SK, X],
    "LocalSecondaryIndexes": [_lsi()],
    "GlobalSecondaryIndexes": [
        _gsi(Projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b"]})
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/mine"},
    "Tags": [{"Key": "k", "Value": ""}],
    "TableClass": "STANDARD",
    "DeletionProtectionEnabled": True,
    "OnDemandThroughput": {"MaxReadRequestUnits": 10},
    "WarmThroughput": {"ReadUnitsPerSecond": 20_000},
    "ResourcePolicy": "{}",
}


def test_a_spec_crosses_the_wire_whole() -> None:
    spec = _spec(**FULL)
    assert from_wire(cbor2.loads(cbor2.dumps(to_wire(spec)))) == spec


def _description(spec: TableSpec) -> dict[str, Any]:
    return table_description(
        at_creation(spec, NOW),
        address=table_address("tab", "000000000000", "us-east-1"),
        table_id="6b7bd5a5-6a4b-4f0b-8b0f-3c5a3f1c2d3e",
        status=TableStatus.ACTIVE,
        created_at=NOW,
        as_of=NOW,
    )


def test_an_on_demand_table_is_described() -> None:
    assert _description(_spec()) == {
        "AttributeDefinitions": [PK, SK],
        "TableName": "tab",
        "KeySchema": [HASH, RANGE],
        "TableStatus": "ACTIVE",
        "CreationDateTime": NOW,
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 0,
            "WriteCapacityUnits": 0,
        },
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/tab",
        "TableId": "6b7bd5a5-6a4b-4f0b-8b0f-3c5a3f1c2d3e",
        "DeletionProtectionEnabled": False,
        "WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000, "Status": "ACTIVE"},
        "BillingModeSummary": {
            "BillingMode": "PAY_PER_REQUEST",
            "LastUpdateToPayPerRequestDateTime": NOW,
        },
    }


def test_a_provisioned_table_is_described_without_a_billing_summary() -> None:
    spec = _spec(BillingMode=None, ProvisionedThroughput=UNITS)
    assert spec.throughput == Throughput(2, 3)
    description = _description(spec)
    assert description["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **UNITS}
    assert description["WarmThroughput"] == {
        "ReadUnitsPerSecond": 2,
        "WriteUnitsPerSecond": 3,
        "Status": "ACTIVE",
    }
    assert "BillingModeSummary" not in description


def test_all_that_was_declared_is_described() -> None:
    description = _description(_spec(**FULL))
    assert description["TableClassSummary"] == {"TableClass": "STANDARD"}
    assert description["OnDemandThroughput"] == {"MaxReadRequestUnits": 10}
    assert description["WarmThroughput"]["ReadUnitsPerSecond"] == 20_000
    assert description["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert description["LatestStreamLabel"] == "2024-11-19T07:06:40.123"
    assert description["LatestStreamArn"].endswith(":table/tab/stream/2024-11-19T07:06:40.123")
    assert description["SSEDescription"]["KMSMasterKeyArn"].endswith(":alias/mine")
    [lsi], [gsi] = description["LocalSecondaryIndexes"], description["GlobalSecondaryIndexes"]
    assert lsi["KeySchema"] == [HASH, BY_X]
    assert gsi["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b"]}
    assert gsi["IndexStatus"] == "ACTIVE"
    assert gsi["IndexArn"] == "arn:aws:dynamodb:us-east-1:000000000000:table/tab/index/gsi"


def test_an_arn_names_account_region_and_table() -> None:
    address = table_address("arn:aws:dynamodb:eu-west-1:123456789012:table/tab", "0" * 12, "us-east-1")
    assert address == ("123456789012", "eu-west-1", "tab")
    assert table_address("tab", "0" * 12, "us-east-1") == ("0" * 12, "us-east-1", "tab")
