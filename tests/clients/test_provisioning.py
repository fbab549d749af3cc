"""What tools that keep tables as code send, and which of it this version lacks.

A row is one tool's requests for one table, in its order. Terraform's AWS provider takes a refusal of
DescribeContinuousBackups for "no backups"; any other operation that is missing ends its run. A CDK app is deployed by
CloudFormation, whose handler reads back everything that a table may have. Who builds an operation takes it out of the
rows.
"""

from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

Request = tuple[str, dict[str, Any]]

TABLE: dict[str, Any] = {
    "KeySchema": [
        {"AttributeName": "route", "KeyType": "HASH"},
        {"AttributeName": "departure", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "route", "AttributeType": "S"},
        {"AttributeName": "departure", "AttributeType": "N"},
    ],
}
ON_DEMAND: dict[str, Any] = {**TABLE, "BillingMode": "PAY_PER_REQUEST"}
PROVISIONED: dict[str, Any] = {
    **TABLE,
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
}
TAGS = [{"Key": "ManagedBy", "Value": "code"}]
EXPIRY = {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"}}
BACKUPS = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}

# Until it is ACTIVE twice in a row.
TERRAFORM_WAITS: list[Request] = [("DescribeTable", {}), ("DescribeTable", {})]
TERRAFORM_READS: list[Request] = [
    ("DescribeTable", {}),
    ("DescribeContinuousBackups", {}),
    ("DescribeTimeToLive", {}),
    ("ListTagsOfResource", {}),
]
CLOUDFORMATION_READS: list[Request] = [
    *TERRAFORM_READS,
    ("DescribeContributorInsights", {}),
    ("DescribeKinesisStreamingDestination", {}),
    ("GetResourcePolicy", {}),
]
BY_ARN = {"ListTagsOfResource", "TagResource", "UntagResource", "GetResourcePolicy"}


def missing(client: Any, name: str, requests: list[Request]) -> list[str]:
    """Send all requests for a table, and return which operations are unknown, in order and once each."""
    arn = f"arn:aws:dynamodb:{client.meta.region_name}:000000000000:table/{name}"
    unknown: dict[str, None] = {}
    for operation, request in requests:
        place = {"ResourceArn": arn} if operation in BY_ARN else {"TableName": name}
        try:
            getattr(client, xform_name(operation))(**place, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "UnknownOperationException":
                raise
            unknown[operation] = None
    return list(unknown)


READING = ["DescribeContinuousBackups"]


@pytest.mark.parametrize(
    ("requests", "lacking"),
    [
        pytest.param(
            [("CreateTable", {**PROVISIONED, "Tags": TAGS}), *TERRAFORM_WAITS, *TERRAFORM_READS],
            READING,
            id="terraform apply, a plain table",
        ),
        pytest.param(
            [
                ("CreateTable", {**ON_DEMAND, "TableClass": "STANDARD"}),
                *TERRAFORM_WAITS,
                ("UpdateTimeToLive", EXPIRY),
                ("UpdateContinuousBackups", BACKUPS),
                *TERRAFORM_READS,
            ],
            ["UpdateContinuousBackups", *READING],
            id="terraform apply, a table with ttl and point_in_time_recovery",
        ),
        pytest.param(
            [
                ("CreateTable", ON_DEMAND),
                *TERRAFORM_WAITS,
                ("UpdateTable", {"DeletionProtectionEnabled": False}),
                ("TagResource", {"Tags": TAGS}),
                ("UntagResource", {"TagKeys": ["ManagedBy"]}),
            ],
            [],
            id="terraform apply, a change of tags and protection",
        ),
        pytest.param(
            [("CreateTable", {**ON_DEMAND, "Tags": TAGS}), ("DescribeTable", {}), *CLOUDFORMATION_READS],
            [
                *READING,
                "DescribeContributorInsights",
                "GetResourcePolicy",
            ],
            id="cdk deploy",
        ),
    ],
)
def test_a_tool_lacks_no_operation_but_these(name: str, requests: list[Request], lacking: list[str]) -> None:
    client = boto3.session.Session().client("dynamodb")
    assert missing(client, name, requests) == lacking
    client.delete_table(TableName=name)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_table(TableName=name)


@pytest.mark.parametrize("declared", [ON_DEMAND, PROVISIONED], ids=["on demand", "provisioned"])
def test_a_plan_after_an_apply_finds_nothing_to_change(name: str, declared: dict[str, Any]) -> None:
    client = boto3.session.Session().client("dynamodb")
    client.create_table(TableName=name, TableClass="STANDARD", **declared)
    found = client.describe_table(TableName=name)["Table"]
    assert found["TableStatus"] == "ACTIVE"
    assert found["TableArn"] == f"arn:aws:dynamodb:eu-west-1:000000000000:table/{name}"
    assert {part: found[part] for part in TABLE} == TABLE
    assert (
        found.get("BillingModeSummary", {"BillingMode": "PROVISIONED"})["BillingMode"]
        == declared["BillingMode"]
    )
    units = declared.get("ProvisionedThroughput", {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0})
    assert {part: found["ProvisionedThroughput"][part] for part in units} == units
    assert found["TableClassSummary"]["TableClass"] == "STANDARD"
    assert found["DeletionProtectionEnabled"] is False
    for absent in (
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "StreamSpecification",
        "SSEDescription",
    ):
        assert absent not in found
    client.delete_table(TableName=name)
