"""Tables declared in the ways of other tools become the CreateTable requests that those tools would send."""

import json
from pathlib import Path
from typing import Any

import pytest

from trinamo.testing.declared import requests

KEYS = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
ATTRIBUTES = [
    {"AttributeName": "id", "AttributeType": "S"},
    {"AttributeName": "at", "AttributeType": "N"},
]
REQUEST: dict[str, Any] = {
    "TableName": "orders",
    "AttributeDefinitions": ATTRIBUTES,
    "KeySchema": KEYS,
    "BillingMode": "PAY_PER_REQUEST",
}
TERRAFORM = {
    "name": "orders",
    "billing_mode": "PAY_PER_REQUEST",
    "hash_key": "id",
    "range_key": "at",
    "attribute": [{"name": "id", "type": "S"}, {"name": "at", "type": "N"}],
    "ttl": {"attribute_name": "expires", "enabled": True},
    "tags": {"team": "sales"},
}
OF_TERRAFORM = {
    **REQUEST,
    "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"},
    "Tags": [{"Key": "team", "Value": "sales"}],
}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (REQUEST, [REQUEST]),
        (
            {
                "Resources": {
                    "Orders": {
                        "Type": "AWS::DynamoDB::Table",
                        "Properties": {**REQUEST, "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}},
                    },
                    "Queue": {"Type": "AWS::SQS::Queue"},
                    "Named": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": KEYS}},
                }
            },
            [
                {
                    **REQUEST,
                    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
                },
                {"TableName": "Named", "KeySchema": KEYS},
            ],
        ),
        ({"resource": {"aws_dynamodb_table": {"orders": TERRAFORM}}}, [OF_TERRAFORM]),
        ({"resource": {"aws_dynamodb_table": [{"orders": [TERRAFORM]}]}}, [OF_TERRAFORM]),
        (
            {
                "planned_values": {
                    "root_module": {
                        "child_modules": [
                            {"resources": [{"type": "aws_dynamodb_table", "values": TERRAFORM}]}
                        ],
                        "resources": [{"type": "aws_s3_bucket", "values": {}}],
                    }
                }
            },
            [OF_TERRAFORM],
        ),
    ],
)
def test_a_declaration_becomes_requests(
    declared: dict[str, Any], expected: list[Any], tmp_path: Path
) -> None:
    assert list(requests(declared)) == expected
    path = tmp_path / "declared.json"
    path.write_text(json.dumps(declared))
    assert list(requests(path)) == expected


def test_indexes_and_capacity_of_terraform() -> None:
    table = {
        **TERRAFORM,
        "billing_mode": None,
        "read_capacity": 5,
        "write_capacity": 2,
        "stream_enabled": True,
        "stream_view_type": "KEYS_ONLY",
        "local_secondary_index": [{"name": "local", "range_key": "n", "projection_type": "KEYS_ONLY"}],
        "global_secondary_index": {
            "name": "everywhere",
            "hash_key": "n",
            "projection_type": "INCLUDE",
            "non_key_attributes": ["x"],
            "read_capacity": 1,
            "write_capacity": 1,
        },
    }
    [request] = requests({"resource": {"aws_dynamodb_table": {"orders": table}}})
    assert request["ProvisionedThroughput"] == {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
    assert request["LocalSecondaryIndexes"] == [
        {
            "IndexName": "local",
            "KeySchema": [
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "n", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ]
    assert request["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "everywhere",
            "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        }
    ]
    assert request["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


def test_what_is_no_declaration_is_refused() -> None:
    with pytest.raises(ValueError, match="a table is declared by"):
        list(requests({"tables": []}))
