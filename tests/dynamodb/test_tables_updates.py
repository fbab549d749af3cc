"""What UpdateTable makes of a table: what its answer shows, and what the table is afterwards.

DescribeTable waits until an update is over, where the cluster is settled.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dynamodb.calls import VE, fault, item, refusal
from dynamodb.clients import create_table
from dynamodb.facts import fact
from dynamodb.indexed import Local, declaration

UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
ON_DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
NO_STREAM = {"StreamEnabled": False}
UPDATES = "GlobalSecondaryIndexUpdates"
MOMENTS = ("LastIncreaseDateTime", "LastDecreaseDateTime")

Update = Callable[..., tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture
def provisioned(client: Any, name: str) -> Iterator[str]:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        ProvisionedThroughput=UNITS,
    )
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def update(client: Any) -> Update:
    """Updates a table, and returns the description of the answer and that of the table afterwards."""

    def act(table: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        answer = client.update_table(TableName=table, **changes)["TableDescription"]
        after = client.describe_table(TableName=table)["Table"]
        assert after["TableStatus"] == "ACTIVE"
        return answer, after

    return act


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the members that changed, with their new values; None for those that are gone."""
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return {name: after.get(name) for name in names}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            {"TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"}},
            marks=fact("tables.16"),
            id="class",
        ),
        pytest.param(
            {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "my-key"}},
            {
                "SSEDescription": {
                    "Status": "ENABLED",
                    "SSEType": "KMS",
                    "KMSMasterKeyArn": "arn:aws:kms:us-east-1:000000000000:key/my-key",
                }
            },
            marks=fact("tables.15", "tables.128"),
            id="encryption",
        ),
        pytest.param(
            {"WarmThroughput": {"ReadUnitsPerSecond": 13_000}},
            {
                "WarmThroughput": {
                    "ReadUnitsPerSecond": 13_000,
                    "WriteUnitsPerSecond": 4_000,
                    "Status": "ACTIVE",
                }
            },
            marks=fact("tables.123"),
            id="warm throughput",
        ),
    ],
)
@fact("tables.1", "tables.26")
def test_a_setting_is_in_force_when_the_table_is_active_again(
    client: Any, table: str, update: Update, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = client.describe_table(TableName=table)["Table"]
    answer, after = update(table, **changes)
    assert differences(before, answer) == {"TableStatus": "UPDATING"}
    changed = differences(before, after)
    if "TableClassSummary" in changed:
        assert changed["TableClassSummary"].pop("LastUpdateDateTime") >= before["CreationDateTime"]
    assert changed == expected


@fact("tables.115")
def test_throughput_shows_old_numbers_and_when_they_were_changed(
    client: Any, provisioned: str, update: Update
) -> None:
    created_at = client.describe_table(TableName=provisioned)["Table"]["CreationDateTime"]
    old = UNITS
    steps = [  # and how often it has been lowered then, and what was noted now
        ({"ReadCapacityUnits": 8, "WriteCapacityUnits": 5}, 0, {"LastIncreaseDateTime"}),
        ({"ReadCapacityUnits": 8, "WriteCapacityUnits": 2}, 1, {"LastDecreaseDateTime"}),
        ({"ReadCapacityUnits": 9, "WriteCapacityUnits": 1}, 2, set(MOMENTS)),
    ]
    moments: dict[str, Any] = {}
    for new, lowered, noted in steps:
        answer, after = update(provisioned, ProvisionedThroughput=new)
        for shown, units in ((answer["ProvisionedThroughput"], old), (after["ProvisionedThroughput"], new)):
            assert {name: shown[name] for name in units} == units
            assert shown["NumberOfDecreasesToday"] == lowered
        former, moments = moments, {name: shown[name] for name in MOMENTS if name in shown}
        assert {name for name in moments if moments[name] != former.get(name)} == noted
        assert all(moment >= created_at for moment in moments.values())
        old = new


@fact("tables.19", "tables.123")
def test_what_is_warm_stays_warm(client: Any, provisioned: str, update: Update) -> None:
    more, less = ({"ReadCapacityUnits": units, "WriteCapacityUnits": 5} for units in (50, 6))
    for units in (more, less):
        _, after = update(provisioned, ProvisionedThroughput=units)
        assert after["WarmThroughput"]["ReadUnitsPerSecond"] == 50
    request = {"TableName": provisioned, "WarmThroughput": {"ReadUnitsPerSecond": 49}}
    assert fault(refusal(client, "UpdateTable", request))[0] == VE
    _, after = update(provisioned, WarmThroughput={"WriteUnitsPerSecond": 60})
    warm = after["WarmThroughput"]
    assert (warm["ReadUnitsPerSecond"], warm["WriteUnitsPerSecond"]) == (50, 60)


@fact("tables.7", "tables.8", "tables.9")
def test_a_table_becomes_on_demand_and_provisioned_again(
    client: Any, provisioned: str, update: Update
) -> None:
    before = client.describe_table(TableName=provisioned)["Table"]
    assert "BillingModeSummary" not in before
    answer, after = update(provisioned, BillingMode=ON_DEMAND)
    assert "BillingModeSummary" not in answer
    switched = after["BillingModeSummary"].pop("LastUpdateToPayPerRequestDateTime")
    assert switched > before["CreationDateTime"]
    assert after["BillingModeSummary"] == {"BillingMode": ON_DEMAND}
    units = after["ProvisionedThroughput"]
    assert (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) == (0, 0)
    answer, after = update(provisioned, BillingMode=PROVISIONED, ProvisionedThroughput=UNITS)
    assert answer["BillingModeSummary"]["BillingMode"] == ON_DEMAND
    assert after["BillingModeSummary"] == {
        "BillingMode": PROVISIONED,
        "LastUpdateToPayPerRequestDateTime": switched,
    }
    units = after["ProvisionedThroughput"]
    assert (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) == (5, 5)


@fact("tables.107")
def test_what_is_on_demand_already_stays_as_it_is(client: Any, table: str, update: Update) -> None:
    before = client.describe_table(TableName=table)["Table"]
    answer, after = update(table, BillingMode=ON_DEMAND)
    assert answer["TableStatus"] == "ACTIVE"
    assert after == before


@fact("tables.18", "tables.120", "tables.121")
def test_on_demand_limits_are_merged_and_taken_away(client: Any, table: str, update: Update) -> None:
    steps: list[tuple[dict[str, int], dict[str, int], dict[str, int] | None]] = [
        ({"MaxReadRequestUnits": 5}, {"MaxReadRequestUnits": 5}, {"MaxReadRequestUnits": 5}),
        (
            {"MaxWriteRequestUnits": 7},
            {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 7},
            {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 7},
        ),
        (
            {"MaxReadRequestUnits": -1},
            {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 7},
            {"MaxWriteRequestUnits": 7},
        ),
        ({"MaxWriteRequestUnits": -1}, {"MaxWriteRequestUnits": -1}, None),
    ]
    for asked, answered, left in steps:
        answer, after = update(table, OnDemandThroughput=asked)
        assert (answer["TableStatus"], answer["OnDemandThroughput"]) == ("UPDATING", answered)
        assert after.get("OnDemandThroughput") == left


@fact("tables.119")
def test_a_switch_clears_on_demand_limits(table: str, update: Update) -> None:
    limits = {"MaxReadRequestUnits": 5}
    update(table, OnDemandThroughput=limits)
    answer, after = update(table, BillingMode=PROVISIONED, ProvisionedThroughput=UNITS)
    assert answer["OnDemandThroughput"] == limits
    assert "OnDemandThroughput" not in after
    _, after = update(table, BillingMode=ON_DEMAND)
    assert "OnDemandThroughput" not in after
    update(table, BillingMode=PROVISIONED, ProvisionedThroughput=UNITS)
    _, after = update(table, BillingMode=ON_DEMAND, OnDemandThroughput=limits)
    assert after["OnDemandThroughput"] == limits


@fact("tables.122")
def test_empty_on_demand_limits_are_an_internal_failure(client: Any, table: str) -> None:
    request = {"TableName": table, "OnDemandThroughput": {}}
    assert fault(refusal(client, "UpdateTable", request))[0] == "InternalServerError"


@fact("tables.13", "tables.14", "tables.124", "tables.125", "tables.126")
def test_a_stream_is_enabled_disabled_and_another_one_enabled(
    client: Any, table: str, update: Update
) -> None:
    labels = []
    for view in ("NEW_IMAGE", "KEYS_ONLY"):
        stream = {"StreamEnabled": True, "StreamViewType": view}
        answer, enabled = update(table, StreamSpecification=stream)
        assert "StreamSpecification" not in answer
        assert enabled["StreamSpecification"] == stream
        labels.append(enabled["LatestStreamLabel"])
        assert enabled["LatestStreamArn"] == f"{enabled['TableArn']}/stream/{labels[-1]}"
        for other in ("NEW_IMAGE", "KEYS_ONLY"):
            again = {**stream, "StreamViewType": other}
            told = fault(refusal(client, "UpdateTable", {"TableName": table, "StreamSpecification": again}))
            assert told == (VE, f"Table already has an enabled stream: TableName: {table}")
        _, disabled = update(table, StreamSpecification=NO_STREAM)
        assert differences(enabled, disabled) == {"StreamSpecification": None}
        told = fault(refusal(client, "UpdateTable", {"TableName": table, "StreamSpecification": NO_STREAM}))
        assert told == (VE, f"Table has no stream to disable: TableName: {table}")
    assert labels == sorted(set(labels))
    assert len(labels) == 2


@fact("tables.128")
def test_encryption_is_disabled(table: str, update: Update) -> None:
    _, on = update(table, SSESpecification={"Enabled": True, "SSEType": "KMS"})
    assert on["SSEDescription"]["SSEType"] == "KMS"
    _, off = update(table, SSESpecification={"Enabled": False})
    assert "SSEDescription" not in off


@fact("tables.129")
def test_deletion_protection_is_in_force_at_once(client: Any, table: str, update: Update) -> None:
    for protected in (True, False):
        answer, _ = update(table, DeletionProtectionEnabled=protected)
        assert (answer["TableStatus"], answer["DeletionProtectionEnabled"]) == ("ACTIVE", protected)
    answer, after = update(table, DeletionProtectionEnabled=True, StreamSpecification=STREAM)
    assert (answer["TableStatus"], answer["DeletionProtectionEnabled"]) == ("UPDATING", True)
    assert after["DeletionProtectionEnabled"] is True
    update(table, DeletionProtectionEnabled=False)


@fact("tables.112", "tables.114")
def test_definitions_are_added_and_dropped_unless_used(client: Any, name: str, update: Update) -> None:
    client.create_table(TableName=name, **declaration({"idx": Local("x", "B")}))
    before = client.describe_table(TableName=name)["Table"]
    redeclared = [
        {"AttributeName": attribute, "AttributeType": code} for attribute, code in (("x", "S"), ("y", "N"))
    ]
    _, after = update(name, AttributeDefinitions=redeclared, StreamSpecification=STREAM)
    assert after["AttributeDefinitions"] == before["AttributeDefinitions"]
    assert after["LocalSecondaryIndexes"] == before["LocalSecondaryIndexes"]
    client.delete_table(TableName=name)


def test_updates_wait_for_one_another_and_leave_items_and_tags_alone(
    client: Any, table: str, update: Update
) -> None:
    client.put_item(TableName=table, Item=item(1))
    update(table, StreamSpecification=STREAM)
    client.update_table(TableName=table, TableClass="STANDARD_INFREQUENT_ACCESS")
    client.put_item(TableName=table, Item=item(2))
    client.tag_resource(
        ResourceArn=client.describe_table(TableName=table)["Table"]["TableArn"],
        Tags=[{"Key": "k", "Value": "v"}],
    )
    _, after = update(table, StreamSpecification=NO_STREAM)
    assert after["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert client.scan(TableName=table)["Count"] == 2


GSI = {
    "IndexName": "idx",
    "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
REGION = {"RegionName": "eu-west-1"}
VECTOR = {
    "IndexName": "vec",
    "VectorAttribute": {"AttributeName": "v"},
    "Projection": {"ProjectionType": "ALL"},
    "Dimensions": 3,
    "DistanceFunction": "EUCLIDEAN",
}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        pytest.param("ReplicaUpdates", [{"Create": REGION}], marks=fact("tables.152")),
        pytest.param("GlobalTableWitnessUpdates", [{"Create": REGION}], marks=fact("tables.152")),
        pytest.param("MultiRegionConsistency", "STRONG", marks=fact("tables.152")),
        pytest.param("GlobalTableSettingsReplicationMode", "ENABLED", marks=fact("tables.152")),
        pytest.param("DisassociationProtectionEnabled", False, marks=fact("tables.152")),
        pytest.param("VectorIndexUpdates", [{"Create": VECTOR}], marks=fact("tables.149")),
    ],
)
def test_what_is_not_in_this_version_is_said_and_nothing_is_updated(
    client: Any, table: str, member: str, value: Any
) -> None:
    before = client.describe_table(TableName=table)["Table"]
    x = {"AttributeName": "x", "AttributeType": "S"}
    request = {
        "TableName": table,
        member: value,
        "AttributeDefinitions": [x],
        "DeletionProtectionEnabled": True,
    }
    told = f"{member} of UpdateTable is not in this version of Trinamo"
    assert fault(refusal(client, "UpdateTable", request)) == ("UnknownOperationException", told)
    assert client.describe_table(TableName=table)["Table"] == before


CONSTRAINT = "failed to satisfy constraint: Member must"


@pytest.mark.parametrize(
    ("changes", "violations"),
    [
        pytest.param(
            {
                "TableClass": "GOLD",
                "BillingMode": "FREE",
                UPDATES: [{"Update": {"IndexName": "i!", "ProvisionedThroughput": {"ReadCapacityUnits": 0}}}],
                "ProvisionedThroughput": {"WriteCapacityUnits": 0},
            },
            [
                (
                    f"Value '0' at 'provisionedThroughput.writeCapacityUnits' {CONSTRAINT}"
                    " have value greater than or equal to 1"
                ),
                f"Value null at 'provisionedThroughput.readCapacityUnits' {CONSTRAINT} not be null",
                (
                    f"Value 'i!' at 'globalSecondaryIndexUpdates.1.member.update.indexName' {CONSTRAINT}"
                    " have length greater than or equal to 3"
                ),
                (
                    f"Value 'i!' at 'globalSecondaryIndexUpdates.1.member.update.indexName' {CONSTRAINT}"
                    " satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
                ),
                (
                    "Value null at 'globalSecondaryIndexUpdates.1.member.update.provisionedThroughput"
                    f".writeCapacityUnits' {CONSTRAINT} not be null"
                ),
                (
                    "Value '0' at 'globalSecondaryIndexUpdates.1.member.update.provisionedThroughput"
                    f".readCapacityUnits' {CONSTRAINT} have value greater than or equal to 1"
                ),
                (
                    f"Value 'FREE' at 'billingMode' {CONSTRAINT}"
                    " satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
                ),
                (
                    f"Value 'GOLD' at 'tableClass' {CONSTRAINT}"
                    " satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]"
                ),
            ],
            marks=fact("tables.96"),
        ),
        pytest.param(
            {"VectorIndexUpdates": [{"Create": {**VECTOR, "Dimensions": 0}}, {"Delete": {}}]},
            [
                (
                    f"Value '0' at 'vectorIndexUpdates.1.member.create.dimensions' {CONSTRAINT}"
                    " have value greater than or equal to 1"
                ),
                f"Value null at 'vectorIndexUpdates.2.member.delete.indexName' {CONSTRAINT} not be null",
            ],
            marks=fact("tables.149"),
        ),
    ],
)
def test_violations_are_told_together(
    client: Any, standing: str, changes: dict[str, Any], violations: list[str]
) -> None:
    told = f"{len(violations)} validation errors detected: {'; '.join(violations)}"
    assert fault(refusal(client, "UpdateTable", {"TableName": standing, **changes})) == (VE, told)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param(
            {UPDATES: [{"Delete": {"IndexName": "idx"}}]},
            "ResourceNotFoundException",
            marks=fact("tables.110"),
        ),
        pytest.param({"StreamSpecification": STREAM, "BillingMode": ON_DEMAND}, VE, marks=fact("tables.130")),
        pytest.param(
            {"StreamSpecification": STREAM, UPDATES: [{"Delete": {"IndexName": "idx"}}]},
            VE,
            marks=fact("tables.130"),
        ),
        pytest.param({"StreamSpecification": {"StreamEnabled": True}}, VE, marks=fact("tables.70")),
        pytest.param({"WarmThroughput": {"WriteUnitsPerSecond": 3_999}}, VE, marks=fact("tables.123")),
    ],
)
def test_what_is_refused_in_words_that_are_not_certain_is_refused(
    client: Any, standing: str, changes: dict[str, Any], code: str
) -> None:
    assert fault(refusal(client, "UpdateTable", {"TableName": standing, **changes}))[0] == code


@fact("tables.85")
def test_a_missing_table_is_named(client: Any) -> None:
    told = fault(refusal(client, "UpdateTable", {"TableName": "no.such", "BillingMode": ON_DEMAND}))
    assert told == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: no.such not found",
    )


def test_a_table_in_creating_is_waited_for(client: Any, name: str) -> None:
    create_table(client, name)
    answer = client.update_table(TableName=name, DeletionProtectionEnabled=True)["TableDescription"]
    assert (answer["TableStatus"], answer["DeletionProtectionEnabled"]) == ("ACTIVE", True)
    client.update_table(TableName=name, DeletionProtectionEnabled=False, StreamSpecification=STREAM)
    assert client.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
