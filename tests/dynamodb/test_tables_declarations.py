"""What CreateTable says of declarations that violate constraints, and what it takes and leaves."""

from typing import Any

import pytest

from dynamodb.calls import VE, E, P, call, fault, refusal
from dynamodb.facts import fact

CONSTRAINT = "failed to satisfy constraint: Member must"
NULL = f"{CONSTRAINT} not be null"
SHORT, LONG = (f"{CONSTRAINT} have length {what} than or equal to" for what in ("greater", "less"))
TYPES = f"{CONSTRAINT} satisfy enum value set: [B, N, S]"
KINDS = f"{CONSTRAINT} satisfy enum value set: [HASH, RANGE]"
PATTERN = f"{CONSTRAINT} satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
LSIS, GSIS = "LocalSecondaryIndexes", "GlobalSecondaryIndexes"
LSI, GSI = "localSecondaryIndexes", "globalSecondaryIndexes"
ALL = {"ProjectionType": "ALL"}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


def keys(*names: str, hashes: int = 1) -> list[dict[str, str]]:
    """A key schema, of which so many elements are HASH."""
    return [
        {"AttributeName": name, "KeyType": "HASH" if at < hashes else "RANGE"}
        for at, name in enumerate(names)
    ]


def definitions(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


PLAIN = {
    "TableName": "refused",
    "KeySchema": keys("pk"),
    "AttributeDefinitions": definitions("pk"),
    "BillingMode": "PAY_PER_REQUEST",
}


def request(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**PLAIN, **changes}.items() if value is not None}


def index(name: str = "idx", *key: str, hashes: int = 1, **members: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": keys(*key, hashes=hashes),
        "Projection": ALL,
        **members,
    }


def included(*names: str) -> dict[str, Any]:
    return {"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(names)}}


@pytest.mark.parametrize(
    ("changes", "violations"),
    [
        pytest.param(
            {
                "BillingMode": "FREE",
                "ProvisionedThroughput": {"ReadCapacityUnits": 0},
                "KeySchema": [{"KeyType": "KEY"}],
                "AttributeDefinitions": [{"AttributeName": "", "AttributeType": "BOOL"}],
                LSIS: [{"IndexName": "a!"}],
            },
            [
                f"Value 'FREE' at 'billingMode' {CONSTRAINT} satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]",
                f"Value null at 'provisionedThroughput.writeCapacityUnits' {NULL}",
                (
                    f"Value '0' at 'provisionedThroughput.readCapacityUnits' {CONSTRAINT}"
                    " have value greater than or equal to 1"
                ),
                f"Value null at 'keySchema.1.member.attributeName' {NULL}",
                f"Value 'KEY' at 'keySchema.1.member.keyType' {KINDS}",
                f"Value '' at 'attributeDefinitions.1.member.attributeName' {SHORT} 1",
                f"Value 'BOOL' at 'attributeDefinitions.1.member.attributeType' {TYPES}",
                f"Value 'a!' at '{LSI}.1.member.indexName' {SHORT} 3",
                f"Value 'a!' at '{LSI}.1.member.indexName' {PATTERN}",
                f"Value null at '{LSI}.1.member.keySchema' {NULL}",
            ],
            marks=fact("tables.41", "tables.42", "tables.44"),
            id="ten of eleven",
        ),
        pytest.param(
            {
                "ProvisionedThroughput": {},
                "KeySchema": None,
                "AttributeDefinitions": None,
                LSIS: [{}],
                GSIS: [{"IndexName": "g", "Projection": {"NonKeyAttributes": []}}],
            },
            [
                f"Value null at 'provisionedThroughput.writeCapacityUnits' {NULL}",
                f"Value null at 'provisionedThroughput.readCapacityUnits' {NULL}",
                f"Value null at 'keySchema' {NULL}",
                f"Value null at 'attributeDefinitions' {NULL}",
                f"Value null at '{LSI}.1.member.indexName' {NULL}",
                f"Value null at '{LSI}.1.member.keySchema' {NULL}",
                f"Value null at '{LSI}.1.member.projection' {NULL}",
                f"Value null at '{GSI}.1.member.keySchema' {NULL}",
                f"Value '[]' at '{GSI}.1.member.projection.nonKeyAttributes' {SHORT} 1",
                f"Value 'g' at '{GSI}.1.member.indexName' {SHORT} 3",
            ],
            marks=fact("tables.41", "tables.44", "tables.81", "tables.84"),
            id="nothing where something must be",
        ),
        pytest.param(
            {"KeySchema": []}, [f"Value '[]' at 'keySchema' {SHORT} 1"], marks=fact("tables.43"), id="no key"
        ),
        pytest.param(
            {"KeySchema": keys("a", "b", "c")},
            [
                (
                    "Value '[KeySchemaElement(attributeName=a, keyType=HASH),"
                    " KeySchemaElement(attributeName=b, keyType=RANGE),"
                    f" KeySchemaElement(attributeName=c, keyType=RANGE)]' at 'keySchema' {LONG} 2"
                )
            ],
            marks=fact("tables.43", "tables.131"),
            id="three key attributes",
        ),
        pytest.param(
            {GSIS: [index("i" * 256, "pk")]},
            [f"Value '{'i' * 256}' at '{GSI}.1.member.indexName' {LONG} 255"],
            marks=fact("tables.44"),
            id="long index name",
        ),
        pytest.param(
            {"KeySchema": keys("k" * 256), "AttributeDefinitions": definitions("k" * 256)},
            [
                f"Value '{'k' * 256}' at 'keySchema.1.member.attributeName' {LONG} 255",
                f"Value '{'k' * 256}' at 'attributeDefinitions.1.member.attributeName' {LONG} 255",
            ],
            marks=fact("tables.147"),
            id="long key name",
        ),
        pytest.param(
            {GSIS: [index("idx", "pk", **included("n" * 256))]},
            [f"Value '{'n' * 256}' at '{GSI}.1.member.projection.nonKeyAttributes.1.member' {LONG} 255"],
            marks=fact("tables.147"),
            id="long projected name",
        ),
        pytest.param(
            {GSIS: [index("idx", "pk", **included(*map(str, range(21))))]},
            [
                (
                    f"Value '[{', '.join(map(str, range(21)))}]' at"
                    f" '{GSI}.1.member.projection.nonKeyAttributes' {LONG} 20"
                )
            ],
            marks=fact("tables.82"),
            id="many projected names",
        ),
        pytest.param(
            {"Tags": [{"Key": "", "Value": "v" * 257}, {"Key": "k" * 129}]},
            [
                f"Value '' at 'tags.1.member.key' {SHORT} 1",
                f"Value '{'v' * 257}' at 'tags.1.member.value' {LONG} 256",
                f"Value '{'k' * 129}' at 'tags.2.member.key' {LONG} 128",
                f"Value null at 'tags.2.member.value' {NULL}",
            ],
            marks=fact("tables.137"),
            id="tags",
        ),
        pytest.param(
            {
                "VectorIndexes": [
                    {
                        "VectorAttribute": {"AttributeName": "v"},
                        "Projection": ALL,
                        "Dimensions": 4097,
                        "DistanceFunction": "TAXICAB",
                    }
                ]
            },
            [
                f"Value null at 'vectorIndexes.1.member.indexName' {NULL}",
                (
                    f"Value '4097' at 'vectorIndexes.1.member.dimensions' {CONSTRAINT}"
                    " have value less than or equal to 4096"
                ),
                (
                    f"Value 'TAXICAB' at 'vectorIndexes.1.member.distanceFunction' {CONSTRAINT}"
                    " satisfy enum value set: [COSINE, DOT_PRODUCT, EUCLIDEAN]"
                ),
            ],
            marks=fact("tables.149"),
            id="vector indexes",
        ),
    ],
)
def test_violations_are_told_together(client: Any, changes: dict[str, Any], violations: list[str]) -> None:
    prefix = E if len(violations) == 1 else f"{len(violations)} validation errors detected: "
    assert fault(refusal(client, "CreateTable", request(**changes))) == (VE, prefix + "; ".join(violations))
    assert "refused" not in client.list_tables()["TableNames"]


TWO = {"KeySchema": keys("pk", "sk"), "AttributeDefinitions": definitions("pk", "sk", "x")}
WARM = f"{P}Requested {{}} for WarmThroughput for {{}} is lower than initial throughput for OnDemand"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param(
            {
                "BillingMode": None,
                "ProvisionedThroughput": UNITS,
                "OnDemandThroughput": {"MaxWriteRequestUnits": 1},
            },
            (
                f"{P}MaxWriteRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is"
                " PROVISIONED."
            ),
            marks=fact("tables.71"),
        ),
        pytest.param(
            {"OnDemandThroughput": {"MaxReadRequestUnits": -1}},
            f"{P}Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
            marks=fact("tables.72"),
        ),
        pytest.param(
            {"WarmThroughput": {"WriteUnitsPerSecond": 3_999}},
            WARM.format("WriteUnitsPerSecond", "table"),
            marks=fact("tables.74"),
        ),
        pytest.param(
            {**TWO, GSIS: [index("idx", "x", WarmThroughput={"ReadUnitsPerSecond": 11_999})]},
            WARM.format("ReadUnitsPerSecond", "index idx"),
            marks=fact("tables.74"),
        ),
        pytest.param(
            {
                "AttributeDefinitions": definitions("pk", "y"),
                "StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"},
            },
            (
                f"{P}Number of attributes in KeySchema does not exactly match number of attributes defined in"
                " AttributeDefinitions"
            ),
            marks=fact("tables.67"),
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    client: Any, changes: dict[str, Any], text: str
) -> None:
    assert fault(refusal(client, "CreateTable", request(**changes))) == (VE, text)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"AttributeDefinitions": definitions("pk", "pk")}, marks=fact("tables.54"), id="defined twice"
        ),
        pytest.param(
            {**TWO, LSIS: [index("idx", "pk", "sk")]}, marks=fact("tables.59"), id="the table's key"
        ),
        pytest.param(
            {"StreamSpecification": {"StreamEnabled": True}}, marks=fact("tables.70"), id="no stream view"
        ),
        pytest.param(
            {"Tags": [{"Key": "aws:x", "Value": ""}]},
            marks=fact("tables.75", "tables.138"),
            id="reserved tag",
        ),
        pytest.param(
            {"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]},
            marks=fact("tables.75", "tables.143"),
            id="tag twice",
        ),
        pytest.param(
            {"Tags": [{"Key": str(number), "Value": ""} for number in range(51)]},
            marks=fact("tables.144"),
            id="51 tags",
        ),
        pytest.param(
            {
                **TWO,
                LSIS: [index(f"lsi{i}", "pk", "x", **included(*map(str, range(20)))) for i in range(5)],
                GSIS: [index("gsi", "x", **included("0"))],
            },
            marks=fact("tables.82"),
            id="101 projected names",
        ),
        pytest.param(
            {
                "AttributeDefinitions": definitions("pk", *"abc"),
                GSIS: [index("idx", KeySchema=[*keys("a", "b"), *keys("c")])],
            },
            marks=fact("tables.131"),
            id="HASH behind RANGE",
        ),
        pytest.param(
            {
                "AttributeDefinitions": definitions("pk", *"abcde"),
                GSIS: [index("idx", *"abcde", hashes=5)],
            },
            marks=fact("tables.131"),
            id="five HASH elements",
        ),
        pytest.param(
            {
                "AttributeDefinitions": definitions("pk", *"abcdefghi"),
                GSIS: [index("idx", *"abcdefghi", hashes=4)],
            },
            marks=fact("tables.131"),
            id="nine elements",
        ),
    ],
)
def test_what_the_service_refuses_in_words_that_are_not_certain_is_refused(
    client: Any, changes: dict[str, Any]
) -> None:
    assert fault(refusal(client, "CreateTable", request(**changes)))[0] == VE


VECTOR = {
    "IndexName": "vec",
    "VectorAttribute": {"AttributeName": "v"},
    "SearchSchema": [{"AttributeName": "pk", "SearchSchemaElementType": "HASH"}],
    "Projection": ALL,
    "Dimensions": 4096,
    "DistanceFunction": "COSINE",
}
SOURCE = "arn:aws:dynamodb:eu-west-1:000000000000:table/source"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param(
            "VectorIndexes", {"VectorIndexes": [VECTOR]}, marks=fact("tables.149"), id="vector index"
        ),
        pytest.param("ResourcePolicy", {"ResourcePolicy": "{}"}, marks=fact("tables.152"), id="policy"),
        pytest.param(
            "GlobalTableSettingsReplicationMode",
            {"GlobalTableSettingsReplicationMode": "ENABLED"},
            marks=fact("tables.152"),
            id="replication mode",
        ),
        pytest.param(
            "GlobalTableSourceArn",
            {"GlobalTableSourceArn": SOURCE, "KeySchema": None, "AttributeDefinitions": None},
            marks=fact("tables.84"),
            id="inherited keys",
        ),
    ],
)
def test_what_is_not_in_this_version_is_said_and_nothing_is_created(
    client: Any, name: str, changes: dict[str, Any]
) -> None:
    told = f"{name} of CreateTable is not in this version of Trinamo"
    assert fault(refusal(client, "CreateTable", request(**changes))) == ("UnknownOperationException", told)
    assert "refused" not in client.list_tables()["TableNames"]


@fact("tables.44", "tables.82", "tables.147")
def test_what_is_at_the_limits_is_created(client: Any, name: str) -> None:
    key = "k" * 255
    declared = request(
        TableName=name,
        KeySchema=keys(key, "sk"),
        AttributeDefinitions=definitions(key, "sk", "x"),
        LocalSecondaryIndexes=[
            index(f"{i}".ljust(255, "-"), key, "x", **included("n" * 255, *map(str, range(19))))
            for i in range(5)
        ],
        Tags=[{"Key": f"{i}".ljust(128, "-"), "Value": "v" * 256} for i in range(50)],
    )
    created = call(client, "CreateTable", declared)["TableDescription"]
    assert len(created["LocalSecondaryIndexes"]) == 5
    client.delete_table(TableName=name)
