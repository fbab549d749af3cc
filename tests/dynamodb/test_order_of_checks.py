"""A request with two faults is refused for the one that comes first in the operation's order of checks."""

from typing import Any

import pytest

from dynamodb.calls import (
    EMPTY_KEY,
    EMPTY_VALUE,
    MISMATCH,
    MIXED,
    NOT_FOUND,
    RNF,
    TABLE,
    E,
    P,
    fault,
    for_table,
    item,
    refusal,
)
from dynamodb.checks import Check, faulty, goes_with
from dynamodb.facts import fact

# In the order in which the service lists them.
LEGACY = (
    "AttributesToGet",
    "AttributeUpdates",
    "Expected",
    "ConditionalOperator",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)
EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
    "KeyConditionExpression",
)
LARGE = {"S": "x" * 409_600}
LONG_KEY = f"{P}Size of hashkey has exceeded the maximum size limit of2048 bytes"
BAD_TABLE_NAME = (
    f"{E}Value 'a!' at 'tableName' failed to satisfy constraint:"
    " Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
)
BAD_CAPACITY = (
    f"{E}Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint:"
    " Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
)
OLD_OR_NONE = "ReturnValues can only be ALL_OLD or NONE"


def mixed(request: dict[str, Any]) -> str:
    legacy = ", ".join(name for name in LEGACY if name in request)
    expressions = ", ".join(name for name in EXPRESSIONS if name in request)
    return MIXED.format(legacy, expressions)


def bad_table_name() -> Check:
    return Check("table name", {"TableName": "a!"}, BAD_TABLE_NAME)


def bad_capacity() -> Check:
    return Check("envelope", {"ReturnConsumedCapacity": "X"}, BAD_CAPACITY)


def no_table() -> Check:
    return Check("table", {"TableName": "no.such"}, NOT_FOUND, code=RNF)


def useless_names(*parameters: str) -> Check:
    """Names without any expression: all of the operation's are left out."""
    return Check(
        "names without expression",
        {"ExpressionAttributeNames.#a": "a", **dict.fromkeys(parameters)},
        "ExpressionAttributeNames can only be specified when using expressions",
    )


def names(needs: dict[str, str]) -> list[Check]:
    return [
        Check(
            "no names", {"ExpressionAttributeNames": {}}, "ExpressionAttributeNames must not be empty", needs
        ),
        Check(
            "name of a name",
            {"ExpressionAttributeNames.a": "a"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
            needs,
        ),
    ]


def values(needs: dict[str, str]) -> list[Check]:
    return [
        Check(
            "no values",
            {"ExpressionAttributeValues": {}},
            "ExpressionAttributeValues must not be empty",
            needs,
        ),
        Check(
            "name of a value",
            {"ExpressionAttributeValues.v": {"S": "x"}},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"',
            needs,
        ),
        Check(
            "value of a value",
            {"ExpressionAttributeValues.:empty": {}},
            f"ExpressionAttributeValues contains invalid value: {EMPTY_VALUE} for key :empty",
            needs,
        ),
    ]


SYNTAX = {
    "ConditionExpression": ("a !", "!", "a !"),
    "FilterExpression": ("a !", "!", "a !"),
    "ProjectionExpression": ("a,", "<EOF>", ","),
    "UpdateExpression": ("REMOVE a !", "!", "a !"),
}


def texts(parameter: str, meaning: str) -> list[Check]:
    """Checks of one expression's text: emptiness, size, syntax, and meaning, which is given with a reserved word."""
    broken, token, near = SYNTAX[parameter]
    faults = [
        ("empty", " ", "The expression can not be empty;"),
        (
            "size",
            "a" * 4097,
            "Expression size has exceeded the maximum allowed size; expression size: 4097",
        ),
        ("syntax", broken, f'Syntax error; token: "{token}", near: "{near}"'),
        ("meaning", meaning, "Attribute name is a reserved keyword; reserved keyword: status"),
    ]
    return [
        Check(f"{parameter} {name}", {parameter: text}, f"Invalid {parameter}: {told}")
        for name, text, told in faults
    ]


def unused(needs: dict[str, str]) -> list[Check]:
    return [
        Check(
            "unused name",
            {"ExpressionAttributeNames.#unused": "a"},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#unused}",
            needs,
        ),
        Check(
            "unused value",
            {"ExpressionAttributeValues.:unused": {"S": "x"}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:unused}",
            needs,
        ),
    ]


CONDITION = {"ConditionExpression": "attribute_exists(a)"}
CONDITION_TEXTS = texts("ConditionExpression", "attribute_exists(status)")
UPDATE_TEXTS = texts("UpdateExpression", "REMOVE status")
KEY_CHECKS = [
    Check("schema", {"Key.extra": {"S": "x"}}, MISMATCH),
    Check("empty key", {"Key.pk": {"S": ""}}, EMPTY_KEY),
]
CONDITION_FALSE = Check(
    "condition", CONDITION, "The conditional request failed", code="ConditionalCheckFailedException"
)

PUT = [
    bad_table_name(),
    bad_capacity(),
    Check(
        "NULL", {"Item.null": {"NULL": False}}, f"{P}Null attribute value types must have the value of true"
    ),
    Check("values", {"Item.empty": {}}, EMPTY_VALUE),
    Check("mixing", {"Expected.a": {"Exists": False}}, mixed, CONDITION),
    useless_names("ConditionExpression"),
    *names(CONDITION),
    *values(CONDITION),
    *CONDITION_TEXTS,
    *unused(CONDITION),
    Check("returned", {"ReturnValues": "ALL_NEW"}, OLD_OR_NONE),
    Check("item's size", {"Item.large": LARGE}, "Item size has exceeded the maximum allowed size"),
    no_table(),
    Check("key is there", {"Item.sk": None}, f"{P}Missing the key sk in the item"),
    Check("key's type", {"Item.pk": {"N": "1"}}, f"{P}Type mismatch for key pk expected: S actual: N"),
    Check("empty key", {"Item.pk": {"S": ""}}, EMPTY_KEY),
    Check("key's size", {"Item.pk": {"S": "x" * 2049}}, LONG_KEY),
    CONDITION_FALSE,
]
PROJECTION = {"ProjectionExpression": "a"}
GET = [
    bad_capacity(),
    Check("mixing", {"AttributesToGet": ["a"]}, mixed, PROJECTION),
    useless_names("ProjectionExpression"),
    *names(PROJECTION),
    Check("key's values", {"Key.sk": {}}, EMPTY_VALUE),
    *texts("ProjectionExpression", "a, status"),
    unused(PROJECTION)[0],
    no_table(),
    *KEY_CHECKS,
    Check("key's size", {"Key.pk": {"S": "x" * 2049}}, LONG_KEY),
]
DELETE = [
    bad_table_name(),
    bad_capacity(),
    Check("mixing", {"Expected.a": {"Exists": False}}, mixed, CONDITION),
    Check("key's values", {"Key.sk": {}}, EMPTY_VALUE),
    *CONDITION_TEXTS,
    *unused(CONDITION),
    Check("returned", {"ReturnValues": "UPDATED_NEW"}, OLD_OR_NONE),
    no_table(),
    *KEY_CHECKS,
    CONDITION_FALSE,
]
UPDATE = [
    bad_table_name(),
    bad_capacity(),
    Check("mixing", {"AttributeUpdates.a": {"Action": "DELETE"}}, mixed, {"UpdateExpression": "REMOVE a"}),
    Check("key's values", {"Key.sk": {}}, EMPTY_VALUE),
    useless_names("UpdateExpression", "ConditionExpression"),
    *names(CONDITION),
    *values(CONDITION),
    UPDATE_TEXTS[0],
    CONDITION_TEXTS[0],
    UPDATE_TEXTS[1],
    CONDITION_TEXTS[1],
    *UPDATE_TEXTS[2:],
    *CONDITION_TEXTS[2:],
    *unused(CONDITION),
    no_table(),
    *KEY_CHECKS,
    Check(
        "targets",
        {"UpdateExpression": "REMOVE pk"},
        f"{P}Cannot update attribute pk. This attribute is part of the key",
    ),
    CONDITION_FALSE,
    Check(
        "what the update meets",
        {"UpdateExpression": "SET a = b"},
        "The provided expression refers to an attribute that does not exist in the item",
    ),
    Check(
        "item's size",
        {"UpdateExpression": "SET x = :large", "ExpressionAttributeValues.:large": LARGE},
        "Item size to update has exceeded the maximum allowed size",
    ),
]
NO_KEY_CONDITION = {"KeyConditionExpression": None, "ExpressionAttributeValues": None}
KEY_CONDITION = {"KeyConditionExpression": "pk = :pk"}
QUERY_EXPRESSIONS = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")
START = {"ExclusiveStartKey.pk": {"S": "a"}, "ExclusiveStartKey.sk": {"N": "0"}}
FILTER = {"FilterExpression": "attribute_exists(a)"}
TWICE = f"{P}Duplicate value in attribute name: a"
SELECT = "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
BAD_SELECT = (
    f"{E}Value 'X' at 'select' failed to satisfy constraint: Member must satisfy enum value set:"
    " [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"
)
INVALID_START = "The provided starting key is invalid"
NO_INDEX = "The table does not have the specified index: idx"
QUERY = [
    bad_table_name(),
    Check("envelope", {"Select": "X"}, BAD_SELECT),
    Check(
        "limit",
        {"Limit": 0},
        f"{E}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    Check("mixing", {"QueryFilter.a": {"ComparisonOperator": "NULL"}}, mixed, KEY_CONDITION),
    useless_names(*QUERY_EXPRESSIONS, "ExpressionAttributeValues"),
    *names(KEY_CONDITION),
    *values(KEY_CONDITION),
    Check(
        "names twice",
        {"AttributesToGet": ["a", "a"], **dict.fromkeys(QUERY_EXPRESSIONS), **NO_KEY_CONDITION},
        TWICE,
    ),
    Check("start's values", {"ExclusiveStartKey.x": {}}, f"{INVALID_START}: {EMPTY_VALUE}", START),
    *texts("FilterExpression", "attribute_exists(status)"),
    *texts("ProjectionExpression", "a, status")[2:],
    *unused(KEY_CONDITION),
    Check("select", {"Select": "SPECIFIC_ATTRIBUTES"}, SELECT),
    Check(
        "key condition is there",
        NO_KEY_CONDITION,
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    ),
    # Unused placeholders are told only when all texts are right, so they are not sent together with this.
    Check(
        "key condition's text",
        {
            "KeyConditionExpression": "pk = :pk OR pk = :pk",
            "ExpressionAttributeNames": None,
            "ExpressionAttributeValues": None,
        },
        "Invalid operator used in KeyConditionExpression: OR",
    ),
    no_table(),
    Check("index", {"IndexName": "idx"}, NO_INDEX),
    Check("start", {"ExclusiveStartKey.more": {"S": "x"}}, INVALID_START, START),
    Check(
        "key condition",
        {"ExpressionAttributeValues.:pk": {"N": "1"}},
        f"{P}Condition parameter type does not match schema type",
    ),
    Check(
        "filter",
        {"FilterExpression": "attribute_exists(sk)"},
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
    ),
]
SCAN = [
    bad_table_name(),
    Check("envelope", {"Select": "X"}, BAD_SELECT),
    Check("mixing", {"ScanFilter.a": {"ComparisonOperator": "NULL"}}, mixed, FILTER),
    useless_names("FilterExpression", "ProjectionExpression"),
    *names(FILTER),
    *values(FILTER),
    Check(
        "names twice",
        {"AttributesToGet": ["a", "a"], "FilterExpression": None, "ProjectionExpression": None},
        TWICE,
    ),
    Check("start's values", {"ExclusiveStartKey.x": {}}, f"{INVALID_START}: {EMPTY_VALUE}", START),
    *texts("FilterExpression", "attribute_exists(status)"),
    *texts("ProjectionExpression", "a, status")[2:],
    *unused(FILTER),
    Check("select", {"Select": "SPECIFIC_ATTRIBUTES"}, SELECT),
    Check(
        "segments",
        {"Segment": 0},
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    ),
    no_table(),
    Check("index", {"IndexName": "idx"}, NO_INDEX),
    Check("start", {"ExclusiveStartKey.more": {"S": "x"}}, f"{INVALID_START}: {MISMATCH}", START),
]
TABLES = "RequestItems"
BATCH_GET = [
    bad_capacity(),
    Check(
        "counts",
        {f"{TABLES}.{TABLE}.Keys": [item(0)] * 101},
        f"{E}Value at 'RequestItems.{TABLE}.member.Keys' failed to satisfy constraint:"
        " Member must have length less than or equal to 100",
    ),
    Check(
        "mixing",
        {f"{TABLES}.{TABLE}.AttributesToGet": ["a"]},
        MIXED.format("AttributesToGet", "ProjectionExpression"),
        {f"{TABLES}.{TABLE}.ProjectionExpression": "a"},
    ),
    Check(
        "names",
        {f"{TABLES}.{TABLE}.ExpressionAttributeNames": {}},
        "ExpressionAttributeNames must not be empty",
        {f"{TABLES}.{TABLE}.ProjectionExpression": "a"},
    ),
    Check("values", {f"{TABLES}.{TABLE}.Keys": [item(0), {"pk": {}}]}, EMPTY_VALUE),
    Check(
        "projection",
        {f"{TABLES}.{TABLE}.ProjectionExpression": "a,"},
        'Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","',
    ),
    Check("table", {f"{TABLES}.no-such.Keys": [item(0)]}, NOT_FOUND, code=RNF),
    Check("schema", {f"{TABLES}.{TABLE}.Keys": [{"pk": {"S": "a"}}]}, MISMATCH),
    Check(
        "duplicates",
        {f"{TABLES}.{TABLE}.Keys": [item(0)] * 2},
        "Provided list of item keys contains duplicates",
    ),
]
BATCH_WRITE = [
    bad_capacity(),
    Check(
        "counts",
        {
            f"{TABLES}.{name}": [{"DeleteRequest": {"Key": item(sk)}} for sk in range(13)]
            for name in (TABLE, "u")
        },
        "Too many items requested for the BatchWriteItem call",
    ),
    Check("values", {f"{TABLES}.{TABLE}": [{"PutRequest": {"Item": {"a": {}}}}]}, EMPTY_VALUE),
    Check(
        "item's size",
        {f"{TABLES}.{TABLE}": [{"PutRequest": {"Item": item(0, large=LARGE)}}]},
        "Item size has exceeded the maximum allowed size",
    ),
    Check("table", {f"{TABLES}.no-such": [{"DeleteRequest": {"Key": item(0)}}]}, NOT_FOUND, code=RNF),
    Check("schema", {f"{TABLES}.{TABLE}": [{"DeleteRequest": {"Key": {}}}]}, MISMATCH),
    Check(
        "duplicates",
        {f"{TABLES}.{TABLE}": [{"DeleteRequest": {"Key": item(0)}}] * 2},
        "Provided list of item keys contains duplicates",
    ),
]

ONE_ITEM = {"TableName": TABLE, "Item": item(0)}
ONE_KEY = {"TableName": TABLE, "Key": item(0)}
ORDERS: list[tuple[str, str, dict[str, Any], list[Check]]] = [
    ("items.40", "PutItem", ONE_ITEM, PUT),
    ("items.43", "GetItem", ONE_KEY, GET),
    ("items.44", "DeleteItem", ONE_KEY, DELETE),
    ("items.46", "UpdateItem", ONE_KEY, UPDATE),
    (
        "reading.50",
        "Query",
        {"TableName": TABLE, **KEY_CONDITION, "ExpressionAttributeValues": {":pk": {"S": "a"}}},
        QUERY,
    ),
    ("reading.51", "Scan", {"TableName": TABLE}, SCAN),
    ("batches.10", "BatchGetItem", {TABLES: {TABLE: {"Keys": [item(0)]}}}, BATCH_GET),
    ("batches.40", "BatchWriteItem", {TABLES: {TABLE: [{"DeleteRequest": {"Key": item(0)}}]}}, BATCH_WRITE),
]


def rows() -> list[Any]:
    return [
        pytest.param(
            operation, base, check, checks[at + 1 :], marks=fact(known), id=f"{operation}-{check.name}"
        )
        for known, operation, base, checks in ORDERS
        for at, check in enumerate(checks)
    ]


@pytest.mark.parametrize(("operation", "base", "check", "later"), rows())
def test_of_two_faults_the_one_checked_earlier_is_told(
    client: Any, standing: str, operation: str, base: dict[str, Any], check: Check, later: list[Check]
) -> None:
    requests = {"alone": faulty(base, check)}
    requests |= {other.name: faulty(base, check, other) for other in later if goes_with(check, other)}
    told, expected = {}, {}
    for name, request in requests.items():
        told[name] = fault(refusal(client, operation, for_table(standing, request)))
        code, text = check.told(request)
        expected[name] = code, text.replace(TABLE, standing)
    assert told == expected


def test_most_checks_are_sent_together() -> None:
    """The others want different things of one place, such as two texts of one expression."""
    pairs = [
        goes_with(check, later)
        for _, _, _, checks in ORDERS
        for at, check in enumerate(checks)
        for later in checks[at + 1 :]
    ]
    assert sum(pairs) > 0.75 * len(pairs)
