"""What CreateTable and UpdateTable refuse, in the service's words; of two faults the one that is checked earlier.

The lists stand in the order of the checks. Every request is also made with each fault that stands further down, unless
both want different things of one place. A fault says more than it needs where another would cure it.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import RNF, TABLE, VE, E, P, fault, for_table, refusal
from dynamodb.checks import Check, faulty, goes_with
from dynamodb.facts import fact

IN_USE = "ResourceInUseException"
LIMIT = "LimitExceededException"
HASH = {"AttributeName": "pk", "KeyType": "HASH"}
RANGE = {"AttributeName": "sk", "KeyType": "RANGE"}
X_HASH, X_RANGE = ({"AttributeName": "x", "KeyType": kind} for kind in ("HASH", "RANGE"))
PK, SK, X, Y = (
    {"AttributeName": name, "AttributeType": code}
    for name, code in (("pk", "S"), ("sk", "N"), ("x", "S"), ("y", "S"))
)
ALL = {"ProjectionType": "ALL"}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
TOO_MANY = 10**12 + 1
LSIS, GSIS, UPDATES = "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "GlobalSecondaryIndexUpdates"

NEITHER = f"{P}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
UNDEFINED = "Invalid KeySchema: Some index key attribute have no definition"
FIRST = "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
SAME = "Both the Hash Key and the Range Key element in the KeySchema have the same name"
SECOND = "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
CLASS = (
    f"{E}Value 'GOLD' at 'tableClass' failed to satisfy constraint:"
    " Member must satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]"
)


def lsi(name: str = "lsi", **members: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": [HASH, X_RANGE], "Projection": ALL, **members}


def gsi(name: str = "gsi", **members: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": [X_HASH], "Projection": ALL, **members}


def projected(type_: str | None, *names: str) -> dict[str, Any]:
    projection: dict[str, Any] = {} if type_ is None else {"ProjectionType": type_}
    return {"Projection": {**projection, **({"NonKeyAttributes": list(names)} if names else {})}}


def undefined(key: str, *definitions: str) -> str:
    return (
        f"{P}Some index key attributes are not defined in AttributeDefinitions."
        f" Keys: [{key}], AttributeDefinitions: [{', '.join(definitions)}]"
    )


Fact = str
Rows = list[tuple[Fact, Check]]


def row(known: Fact, changes: dict[str, Any], text: str, code: str = VE) -> tuple[Fact, Check]:
    return known, Check(f"{known}: {text[:40]}", changes, text, code=code)


# A table with an index of each kind, which passes all checks of the service.
TABLE_TO_BE = {
    "TableName": "refused",
    "KeySchema": [HASH, RANGE],
    "AttributeDefinitions": [PK, SK, X],
    "BillingMode": "PAY_PER_REQUEST",
    LSIS: [lsi()],
    GSIS: [gsi()],
}
CREATION: Rows = [
    row(
        "tables.40",
        {"TableName": "ab"},
        f"{E}Value 'ab' at 'tableName' failed to satisfy constraint:"
        " Member must have length greater than or equal to 3",
    ),
    row("tables.41", {"TableClass": "GOLD"}, CLASS),
    row("tables.45", {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS}, NEITHER),
    row(
        "tables.46",
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": dict.fromkeys(UNITS, TOO_MANY)},
        f"Given value {TOO_MANY} for ReadCapacityUnits is out of bounds",
    ),
    row(
        "tables.46",
        {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {**UNITS, "WriteCapacityUnits": TOO_MANY},
        },
        f"Given value {TOO_MANY} for WriteCapacityUnits is out of bounds",
    ),
    row(
        "tables.47",
        {GSIS: [gsi(ProvisionedThroughput={**UNITS, "WriteCapacityUnits": TOO_MANY})]},
        f"Given value {TOO_MANY} for WriteCapacityUnits is out of bounds for index gsi",
    ),
    row(
        "tables.48",
        {"BillingMode": "PROVISIONED"},
        f"{P}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
    row("tables.49", {"KeySchema": [HASH], "AttributeDefinitions": [X, Y]}, undefined("pk", "x", "y")),
    row("tables.50", {"KeySchema": [HASH], "AttributeDefinitions": []}, UNDEFINED),
    row("tables.50", {"KeySchema": [HASH, RANGE], "AttributeDefinitions": [PK, X]}, UNDEFINED),
    row("tables.51", {"KeySchema": [RANGE, HASH]}, FIRST),
    row("tables.51", {"KeySchema": [RANGE]}, FIRST),
    row("tables.52", {"KeySchema": [HASH, {**RANGE, "AttributeName": "pk"}]}, SAME),
    row("tables.52", {"KeySchema": [HASH, HASH]}, SAME),
    row("tables.53", {"KeySchema": [HASH, {**RANGE, "KeyType": "HASH"}]}, SECOND),
    row("tables.55", {LSIS: []}, f"{P}List of LocalSecondaryIndexes is empty"),
    row("tables.55", {GSIS: []}, f"{P}List of GlobalSecondaryIndexes is empty"),
    row(
        "tables.56",
        {"KeySchema": [HASH], "AttributeDefinitions": [PK, X]},
        f"{P}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    ),
    row("tables.57", {LSIS: [lsi(KeySchema=[HASH, {**X_RANGE, "AttributeName": "z"}])]}, UNDEFINED),
    row("tables.57", {LSIS: [lsi(KeySchema=[X_RANGE, HASH])]}, FIRST),
    row("tables.57", {LSIS: [lsi(KeySchema=[HASH, X_HASH])]}, SECOND),
    row(
        "tables.58",
        {LSIS: [lsi(KeySchema=[HASH])]},
        f"{P}Index KeySchema does not have a range key for index: lsi",
    ),
    row(
        "tables.60",
        {LSIS: [lsi(KeySchema=[X_HASH, RANGE])]},
        f"{P}Index KeySchema does not have the same leading hash key as table KeySchema for index: lsi."
        " index hash key: x, table hash key: pk",
    ),
    row("tables.78", {LSIS: [lsi(**projected(None))]}, f"{P}Unknown ProjectionType: null"),
    row(
        "tables.79",
        {LSIS: [lsi(**projected("KEYS_ONLY", "a"))]},
        f"{P}ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
    ),
    row(
        "tables.80",
        {LSIS: [lsi(**projected("INCLUDE"))]},
        f"{P}ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    row("tables.61", {LSIS: [lsi(), lsi()]}, f"{P}Duplicate index name: lsi"),
    row(
        "tables.62",
        {LSIS: [lsi(f"lsi{number}") for number in range(6)]},
        f"{P}Number of LocalSecondaryIndexes exceeds per-table limit of 5",
    ),
    row(
        "tables.63",
        {GSIS: [gsi(KeySchema=[{**X_HASH, "AttributeName": "z"}])], "AttributeDefinitions": [PK, SK, X]},
        undefined("z", "pk", "sk", "x"),
    ),
    row("tables.63", {GSIS: [gsi(KeySchema=[X_RANGE])]}, FIRST),
    row("tables.63", {GSIS: [gsi(KeySchema=[X_HASH, X_RANGE])]}, SAME),
    row("tables.78", {GSIS: [gsi(**projected(None))]}, f"{P}Unknown ProjectionType: null"),
    row(
        "tables.79",
        {GSIS: [gsi(**projected("ALL", "a"))]},
        f"{P}ProjectionType is ALL, but NonKeyAttributes is specified",
    ),
    row("tables.61", {GSIS: [gsi("lsi")]}, f"{P}Duplicate index name: lsi"),
    row("tables.61", {GSIS: [gsi(), gsi()]}, f"{P}Duplicate index name: gsi"),
    row(
        "tables.64",
        {GSIS: [gsi(f"gsi{number}") for number in range(21)]},
        f"{P}GlobalSecondaryIndex count exceeds the per-table limit of 20",
    ),
    row(
        "tables.65",
        {GSIS: [gsi(ProvisionedThroughput=UNITS)], "BillingMode": "PAY_PER_REQUEST"},
        f"{P}ProvisionedThroughput should not be specified for index: gsi when BillingMode is PAY_PER_REQUEST",
    ),
    row(
        "tables.66",
        {"BillingMode": None, "ProvisionedThroughput": UNITS},
        f"{P}ProvisionedThroughput is not specified for index: gsi",
    ),
    row(
        "tables.67",
        {"AttributeDefinitions": [PK, SK, X, Y]},
        f"{P}Number of attributes in KeySchema does not exactly match number of attributes defined in"
        " AttributeDefinitions",
    ),
    row(
        "tables.69",
        {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}},
        f"{P}Table is being created with a stream disabled, UpdateViewType should not be specified",
    ),
    row(
        "tables.71",
        {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": UNITS,
            GSIS: None,
            "AttributeDefinitions": [PK, SK, X],
            "OnDemandThroughput": {"MaxWriteRequestUnits": 5, "MaxReadRequestUnits": 5},
        },
        f"{P}MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.",
    ),
    row(
        "tables.72",
        {"OnDemandThroughput": {"MaxWriteRequestUnits": 0}},
        f"{P}Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range",
    ),
    row(
        "tables.74",
        {"WarmThroughput": {"WriteUnitsPerSecond": 3_999, "ReadUnitsPerSecond": 11_999}},
        f"{P}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand",
    ),
    row("tables.77", {"TableName": TABLE}, f"Table already exists: {TABLE}", IN_USE),
]

# Nothing would change: what is protected against deletion is not.
UPDATE = {"TableName": TABLE, "DeletionProtectionEnabled": False}
NAME = "TableName must be at least 3 characters long and at most 255 characters long"
NOT_FOUND = "Requested resource not found: Table: no.such not found"
BLOCKED = (
    "This operation cannot be performed with given input values. Please contact DynamoDB service team for more info:"
    " Action Blocked: IndexUpdate"
)
CHANGES = (
    "DeletionProtectionEnabled",
    "ProvisionedThroughput",
    "BillingMode",
    "StreamSpecification",
    "OnDemandThroughput",
)
FOR_UNITS = {"IndexName": "gsi", "ProvisionedThroughput": UNITS}
UPDATE_REQUEST: Rows = [  # what the request alone shows
    row("tables.96", {"TableName": "a"}, NAME),
    row("tables.96", {"TableClass": "GOLD"}, CLASS),
    row("tables.97", {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS}, NEITHER),
    row(
        "tables.97",
        {"ProvisionedThroughput": dict.fromkeys(UNITS, TOO_MANY)},
        f"Given value {TOO_MANY} for ReadCapacityUnits is out of bounds",
    ),
    row(
        "tables.97",
        {UPDATES: [{"Update": {**FOR_UNITS, "ProvisionedThroughput": dict.fromkeys(UNITS, TOO_MANY)}}]},
        f"Given value {TOO_MANY} for ReadCapacityUnits is out of bounds for index gsi",
    ),
    row(
        "tables.98",
        {**dict.fromkeys(CHANGES), "AttributeDefinitions": [PK], UPDATES: []},
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or"
        " SSESpecification or ReplicaUpdates is required",
    ),
    row(
        "tables.99",
        {UPDATES: [{"Delete": {"IndexName": "gsi"}}, {}]},
        f"{P}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create,"
        " GlobalSecondaryIndexUpdate.Delete must not be null",
    ),
    row(
        "tables.100",
        {UPDATES: [{"Update": FOR_UNITS}, {"Delete": {"IndexName": "gsi"}}]},
        f"{P}Only one global secondary index update per index is allowed simultaneously. Index: gsi",
    ),
    row(
        "tables.101",
        {UPDATES: [{"Create": gsi(KeySchema=[HASH])}], "AttributeDefinitions": [X]},
        undefined("pk", "x"),
    ),
    row("tables.85", {"TableName": "no.such"}, NOT_FOUND, RNF),
]
UPDATES_TO_COME: Rows = [
    row("tables.108", {UPDATES: [{"Update": FOR_UNITS}]}, BLOCKED),
    row(
        "tables.109",
        {
            UPDATES: [{"Create": gsi("one")}, {"Create": gsi("two")}],
            "AttributeDefinitions": [X],
        },
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        LIMIT,
    ),
    row(
        "tables.125",
        {"StreamSpecification": {"StreamEnabled": False}},
        f"Table has no stream to disable: TableName: {TABLE}",
    ),
]
UPDATE_PROVISIONED: Rows = [
    *UPDATE_REQUEST,
    row(
        "tables.105",
        {"OnDemandThroughput": {"MaxWriteRequestUnits": 5, "MaxReadRequestUnits": 5}},
        f"{P}MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED",
    ),
    row(
        "tables.106",
        {"ProvisionedThroughput": UNITS},
        "The provisioned throughput for the table will not change. The requested value equals the current value."
        " Current ReadCapacityUnits provisioned for the table: 5. Requested ReadCapacityUnits: 5."
        " Current WriteCapacityUnits provisioned for the table: 5. Requested WriteCapacityUnits: 5."
        " Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
    ),
    *UPDATES_TO_COME,
]
UPDATE_ON_DEMAND: Rows = [
    *UPDATE_REQUEST,
    row("tables.102", {"ProvisionedThroughput": UNITS, "BillingMode": None}, NEITHER),
    row(
        "tables.103",
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": None},
        f"{P}ProvisionedThroughput must be specified when BillingMode is PROVISIONED",
    ),
    row(
        "tables.72",
        {"OnDemandThroughput": {"MaxReadRequestUnits": -2}, "BillingMode": None},
        f"{P}Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
    ),
    row("tables.108", {UPDATES: [{"Update": {"IndexName": "gsi"}}]}, BLOCKED),
    *UPDATES_TO_COME[1:],
]
# Kinds of changes that are refused together, before the table is looked at; in which words is not certain.
KINDS = ({"ProvisionedThroughput", "BillingMode"}, {"StreamSpecification"}, {UPDATES})
ORDERS: list[tuple[str, str, dict[str, Any], Rows]] = [
    ("CreateTable", "on_demand", TABLE_TO_BE, CREATION),
    ("UpdateTable", "provisioned", UPDATE, UPDATE_PROVISIONED),
    ("UpdateTable", "on_demand", UPDATE, UPDATE_ON_DEMAND),
]


@pytest.fixture(scope="module")
def provisioned(client: Any) -> Iterator[str]:
    name = "checks.provisioned"
    client.create_table(
        TableName=name, KeySchema=[HASH], AttributeDefinitions=[PK], ProvisionedThroughput=UNITS
    )
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def looked_at(request: pytest.FixtureRequest, standing: str) -> str:
    name: str = standing if request.param == "on_demand" else request.getfixturevalue(request.param)
    return name


def rows() -> list[Any]:
    return [
        pytest.param(
            operation,
            table,
            base,
            check,
            [later for _, later in checks[at + 1 :]],
            marks=fact(known),
            id=f"{operation}-{table}-{at}-{known}",
        )
        for operation, table, base, checks in ORDERS
        for at, (known, check) in enumerate(checks)
    ]


@pytest.mark.parametrize(("operation", "looked_at", "base", "check", "later"), rows(), indirect=["looked_at"])
def test_of_two_faults_the_one_checked_earlier_is_told(
    client: Any, operation: str, looked_at: str, base: dict[str, Any], check: Check, later: list[Check]
) -> None:
    requests = {"alone": faulty(base, check)}
    requests |= {other.name: faulty(base, check, other) for other in later if goes_with(check, other)}
    told, expected = {}, {}
    for name, request in requests.items():
        if operation == "UpdateTable" and sum(bool(kind & set(request)) for kind in KINDS) > 1:
            continue
        told[name] = fault(refusal(client, operation, for_table(looked_at, request)))
        code, text = check.told(request)
        expected[name] = code, text.replace(TABLE, looked_at)
    assert "alone" in told
    assert told == expected
