"""Names and values of expressions: which maps are right, which entries, and when the faults of each are told."""

from copy import deepcopy
from itertools import combinations
from typing import Any

import pytest

from dynamodb.calls import MIXED, SEVERAL_TYPES, VE, Item, P, call, fault, for_table, item, refusal
from dynamodb.checks import Check, faulty, goes_with
from dynamodb.expressions import CONDITION, FILTER, KEYS, PROJECTION, UPDATE
from dynamodb.facts import fact

NAMES = "ExpressionAttributeNames"
VALUES = "ExpressionAttributeValues"
KEY = item(1)
V: Item = {":v": {"S": "a"}}
N = {"#a": "a"}
WITHOUT = "can only be specified when using expressions"
BAD_NAME = f'{NAMES} contains invalid key: Syntax error; key: "{{}}"'
BAD_VALUE = f'{VALUES} contains invalid key: Syntax error; key: "{{}}"'
UNUSED_NAMES = f"Value provided in {NAMES} unused in expressions: keys: {{{{{{}}}}}}"
UNUSED_VALUES = f"Value provided in {VALUES} unused in expressions: keys: {{{{{{}}}}}}"
BY_KEY = {KEYS: "pk = :pk", VALUES: {":pk": {"S": "a"}}}


def deep(levels: int) -> Item:
    value: Item = {"S": "a"}
    for _ in range(levels - 1):
        value = {"L": [value]}
    return value


REFUSED: list[Any] = [
    pytest.param("GetItem", {PROJECTION: "a", NAMES: {}}, f"{NAMES} must not be empty", marks=fact("expressions.110")),
    pytest.param("Scan", {FILTER: "a = b", NAMES: {}}, f"{NAMES} must not be empty", marks=fact("expressions.110")),
    pytest.param("DeleteItem", {CONDITION: "a = b", VALUES: {}}, f"{VALUES} must not be empty", marks=fact("expressions.111")),
    *(
        pytest.param(operation, {NAMES: given}, f"{NAMES} {WITHOUT}", marks=fact("expressions.112"))
        for operation in ("PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "Scan")
        for given in (N, {})
    ),
    *(
        pytest.param(operation, {VALUES: V}, f"{VALUES} {WITHOUT}: {missing}", marks=fact("expressions.113"))
        for operation, missing in (
            ("PutItem", "ConditionExpression is null"),
            ("DeleteItem", "ConditionExpression is null"),
            ("UpdateItem", "UpdateExpression is null and ConditionExpression is null"),
            ("Query", "FilterExpression is null and KeyConditionExpression is null"),
            ("Scan", "FilterExpression is null"),
        )
    ),
    pytest.param("Scan", {PROJECTION: "a", VALUES: V}, f"{VALUES} {WITHOUT}: FilterExpression is null", marks=fact("expressions.113")),
    *(
        pytest.param("GetItem", {PROJECTION: "a", NAMES: {key: "a"}}, BAD_NAME.format(key), marks=fact("expressions.114"))
        for key in ("a", "#", "#a-b", "##a", ":a", "#a ", "#é", "")
    ),
    *(
        pytest.param("DeleteItem", {CONDITION: "a = b", VALUES: {key: V[":v"]}}, BAD_VALUE.format(key), marks=fact("expressions.115"))
        for key in ("v", ":", ":a-b", "::a", "#a", ":a.b", "")
    ),
    pytest.param(
        "DeleteItem", {CONDITION: "a = :v", VALUES: {":v": {"S": "a", "N": "1"}}},
        f"{VALUES} contains invalid value: {SEVERAL_TYPES} for key :v", marks=fact("expressions.117"),
    ),
    pytest.param(
        "UpdateItem", {UPDATE: "SET a = :v", VALUES: {":v": {"SS": []}}},
        f"{VALUES} contains invalid value: {P}An string set  may not be empty for key :v", marks=fact("expressions.117"),
    ),
    pytest.param(
        "Scan", {FILTER: "a = :v AND b = :n", VALUES: {**V, ":n": {"N": "x"}}},
        f"{VALUES} contains invalid value: The parameter cannot be converted to a numeric value: x for key :n",
        marks=fact("expressions.117"),
    ),
    pytest.param(
        "UpdateItem", {UPDATE: "SET a = :v", VALUES: {":v": deep(33)}},
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        marks=fact("expressions.117", "expressions.129"),
    ),
    pytest.param("GetItem", {PROJECTION: "#a", NAMES: {"#c": "c", "#a": "a", "#b": "b"}}, UNUSED_NAMES.format("#c, #b"), marks=fact("expressions.118")),
    pytest.param("Scan", {FILTER: "a = :v", NAMES: N, VALUES: V}, UNUSED_NAMES.format("#a"), marks=fact("expressions.118")),
    pytest.param("PutItem", {CONDITION: "a = :v", VALUES: {":b": V[":v"], **V, ":a": V[":v"]}}, UNUSED_VALUES.format(":b, :a"), marks=fact("expressions.119")),
    pytest.param("Query", {**BY_KEY, VALUES: {":pk": {"S": "a"}, **V}}, UNUSED_VALUES.format(":v"), marks=fact("expressions.119")),
    pytest.param(
        "PutItem", {CONDITION: "a = :v", "Expected": {"a": {"Exists": False}}}, MIXED.format("Expected", CONDITION),
        marks=fact("expressions.121"),
    ),
    pytest.param(
        "UpdateItem", {UPDATE: "x", "Expected": {"a": {"Exists": False}}, "ConditionalOperator": "OR"},
        MIXED.format("Expected, ConditionalOperator", UPDATE), marks=fact("expressions.121", "expressions.122"),
    ),
    pytest.param(
        "UpdateItem", {CONDITION: "x", UPDATE: "x", "AttributeUpdates": {"a": {"Action": "DELETE"}}, "Expected": {}},
        MIXED.format("AttributeUpdates, Expected", f"{UPDATE}, {CONDITION}"), marks=fact("expressions.122"),
    ),
    pytest.param(
        "Scan", {FILTER: "a = b", "AttributesToGet": ["a"]}, MIXED.format("AttributesToGet", FILTER),
        marks=fact("expressions.121"),
    ),
    pytest.param(
        "Query",
        {KEYS: "pk = :v", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}},
        MIXED.format("KeyConditions", KEYS), marks=fact("expressions.121"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "members", "told"), REFUSED)
def test_faulty_placeholders_are_refused(
    client: Any, standing: str, operation: str, members: dict[str, Any], told: str
) -> None:
    made: dict[str, Any] = {"TableName": standing, **members}
    if operation in ("GetItem", "UpdateItem", "DeleteItem"):
        made["Key"] = KEY
    if operation == "PutItem":
        made["Item"] = KEY
    assert fault(refusal(client, operation, made)) == (VE, told)


@fact("expressions.116")
@pytest.mark.parametrize("name", ["", "a" * 65_536])
def test_a_placeholder_stands_for_a_name_that_an_attribute_may_have(
    client: Any, standing: str, name: str
) -> None:
    made = {"TableName": standing, "Key": KEY, PROJECTION: "#a", NAMES: {"#a": name}}
    code, told = fault(refusal(client, "GetItem", made))
    assert (code, told.startswith(f"{NAMES} contains invalid value: ")) == (VE, True)
    assert call(client, "GetItem", {**made, NAMES: {"#a": "a" * 65_535}}) == {}


@fact("expressions.120")
def test_a_placeholder_may_be_used_by_any_expression_of_the_request(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=item(1, a={"S": "a"}, b={"N": "1"}))
    made = {
        "TableName": standing,
        KEYS: "#pk = :v",
        FILTER: "#a = :v",
        PROJECTION: "#b, #a",
        NAMES: {"#pk": "pk", "#a": "a", "#b": "b"},
        VALUES: V,
    }
    assert call(client, "Query", made)["Items"] == [{"a": {"S": "a"}, "b": {"N": "1"}}]


@fact("expressions.126")
def test_placeholders_have_up_to_255_bytes(client: Any, standing: str) -> None:
    for length, right in ((254, True), (255, False)):
        name, value = "#" + "n" * length, ":" + "v" * length
        read = {"TableName": standing, "Key": item(7), PROJECTION: name, NAMES: {name: "a"}}
        scan = {"TableName": standing, FILTER: f"a = {value}", VALUES: {value: {"S": "a"}}}
        if right:
            assert call(client, "GetItem", read) == {}
            call(client, "Scan", scan)
        else:
            assert fault(refusal(client, "GetItem", read))[0] == VE
            assert fault(refusal(client, "Scan", scan))[0] == VE


@fact("expressions.128")
def test_names_and_values_together_have_up_to_two_megabytes(client: Any, standing: str) -> None:
    def scan(sizes: list[int]) -> dict[str, Any]:
        values = {f":{i}": {"S": "x" * size} for i, size in enumerate(sizes)}
        text = " OR ".join(f"a = {placeholder}" for placeholder in values)
        return {"TableName": standing, FILTER: text, VALUES: values}

    call(client, "Scan", scan([390_000] * 5))
    assert fault(refusal(client, "Scan", scan([390_000] * 6)))[0] == VE


# Order


BASE: dict[str, Any] = {"TableName": "TABLE", "Key": KEY, UPDATE: "SET a = b", CONDITION: "c = d"}
CHECKS = [
    Check("mixing", {"Expected.x": {"Exists": False}}, MIXED.format("Expected", f"{UPDATE}, {CONDITION}")),
    Check("name's key", {f"{NAMES}.x": "a"}, BAD_NAME.format("x")),
    Check("value's key", {f"{VALUES}.x": {"S": "a"}}, BAD_VALUE.format("x")),
    Check("value", {f"{VALUES}.:bad": {"N": ""}}, f"{VALUES} contains invalid value: The parameter cannot be converted to a numeric value for key :bad"),
    Check("empty", {UPDATE: " "}, f"Invalid {UPDATE}: The expression can not be empty;"),
    Check("size", {CONDITION: "!" * 4097}, f"Invalid {CONDITION}: Expression size has exceeded the maximum allowed size; expression size: 4097"),
    Check("syntax", {UPDATE: "SET a"}, f'Invalid {UPDATE}: Syntax error; token: "<EOF>", near: "a"'),
    Check("meaning", {CONDITION: "c = :none"}, f"Invalid {CONDITION}: An expression attribute value used in expression is not defined; attribute value: :none"),
    Check("unused name", {f"{NAMES}.#unused": "a"}, UNUSED_NAMES.format("#unused")),
    Check("unused value", {f"{VALUES}.:unused": {"S": "a"}}, UNUSED_VALUES.format(":unused")),
]  # fmt: skip


@fact("expressions.123", "expressions.124", "expressions.125", "expressions.127")
@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(one, other, id=f"{one.name}-{other.name}")
        for one, other in combinations(CHECKS, 2)
        if goes_with(one, other)
    ],
)
def test_of_two_faults_the_earlier_is_told(client: Any, standing: str, earlier: Check, later: Check) -> None:
    made = for_table(standing, faulty(deepcopy(BASE), later, earlier))
    assert fault(refusal(client, "UpdateItem", made)) == earlier.told(made)


@fact("expressions.123")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.name))
def test_each_fault_alone_is_told(client: Any, standing: str, check: Check) -> None:
    made = for_table(standing, faulty(BASE, check))
    assert fault(refusal(client, "UpdateItem", made)) == check.told(made)
