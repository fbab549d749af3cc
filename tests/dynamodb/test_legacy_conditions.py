"""Legacy conditions: Expected, QueryFilter and ScanFilter, what they say of an item and what is refused."""

from typing import Any

import pytest

from dynamodb.calls import SEVERAL_TYPES, VE, Item, P, call, fault, item, refusal
from dynamodb.facts import fact

S, T, N1, N5, N9, B, X = {"S": "a"}, {"S": "b"}, {"N": "1"}, {"N": "5.0"}, {"N": "9"}, {"B": b"a"}, {"S": "x"}
BOOL, NULL, SS, NS = {"BOOL": True}, {"NULL": True}, {"SS": ["a"]}, {"NS": ["1"]}
ITEM: Item = item(
    1,
    s={"S": "text"},
    n={"N": "5"},
    b={"B": b"\x01\x02"},
    flag=BOOL,
    null=NULL,
    ss={"SS": ["a", "b"]},
    ns={"NS": ["1", "5"]},
    l={"L": [{"S": "a"}, {"N": "5"}, BOOL, NULL]},
    m={"M": {"k": {"S": "v"}}},
    status={"S": "on"},
) | {"m.k": {"S": "dotted"}}


def asked(operator: str, *values: Item) -> dict[str, Any]:
    entry: dict[str, Any] = {"ComparisonOperator": operator}
    if values:
        entry["AttributeValueList"] = list(values)
    return entry


def row(held: str, attribute: str, operator: str, *values: Item, expected: bool = True) -> Any:
    marks = fact(held)
    return pytest.param(
        {attribute: asked(operator, *values)}, expected, marks=marks, id=f"{attribute} {operator} {values}"
    )


def not_(held: str, attribute: str, operator: str, *values: Item) -> Any:
    return row(held, attribute, operator, *values, expected=False)


@pytest.fixture(scope="module")
def stored(client: Any, standing: str) -> str:
    client.put_item(TableName=standing, Item=ITEM)
    return standing


def passes(client: Any, table: str, conditions: dict[str, Any], **more: Any) -> bool:
    """Whether the item passes as a filter and as an expectation, which say the same of it."""
    scanned = call(client, "Scan", {"TableName": table, "ScanFilter": conditions, **more})["Count"] == 1
    query = {"TableName": table, "KeyConditions": {"pk": asked("EQ", S)}, "QueryFilter": conditions}
    assert call(client, "Query", {**query, **more})["Count"] == scanned
    update = {"TableName": table, "Key": item(1), "Expected": conditions, **more}
    try:
        call(client, "UpdateItem", update)
    except client.exceptions.ConditionalCheckFailedException:
        assert not scanned
        return False
    assert scanned
    return True


WORDS = {
    "s": {"S": "text"}, "n": N5, "b": {"B": b"\x01\x02"}, "flag": BOOL, "null": NULL, "ss": {"SS": ["b", "a"]},
    "ns": {"NS": ["5", "1"]}, "l": ITEM["l"], "m": ITEM["m"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        *(row("expressions.232", name, "EQ", value) for name, value in WORDS.items()),
        *(not_("expressions.232", name, "NE", value) for name, value in WORDS.items()),
        not_("expressions.232", "n", "EQ", {"S": "5"}),
        row("expressions.232", "n", "NE", {"S": "5"}),
        not_("expressions.232", "gone", "EQ", S),
        row("expressions.233", "gone", "NE", S),
        row("expressions.234", "n", "LT", N9),
        not_("expressions.234", "n", "LT", N5),
        row("expressions.234", "n", "LE", N5),
        row("expressions.234", "n", "GT", N1),
        not_("expressions.234", "n", "GT", N5),
        row("expressions.234", "n", "GE", N5),
        row("expressions.234", "s", "GT", {"S": "tex"}),
        row("expressions.234", "b", "LT", {"B": b"\x02"}),
        not_("expressions.234", "n", "LT", {"S": "9"}),
        not_("expressions.234", "gone", "LT", N9),
        not_("expressions.234", "flag", "GE", N1),
        row("expressions.235", "n", "BETWEEN", N1, N5),
        row("expressions.235", "n", "BETWEEN", N5, N5),
        row("expressions.235", "s", "BETWEEN", S, X),
        not_("expressions.235", "n", "BETWEEN", N1, N1),
        not_("expressions.235", "n", "BETWEEN", S, X),
        not_("expressions.235", "gone", "BETWEEN", N1, N5),
        row("expressions.236", "n", "IN", N1, N5, N9),
        row("expressions.236", "s", "IN", {"S": "text"}),
        row("expressions.236", "b", "IN", B, {"B": b"\x01\x02"}),
        not_("expressions.236", "n", "IN", N1, N9),
        not_("expressions.236", "ns", "IN", N1),
        not_("expressions.236", "gone", "IN", N1),
        pytest.param({"n": asked("IN", *({"N": str(n)} for n in range(9, 300)), N5)}, True, marks=fact("expressions.236")),
        pytest.param({"n": asked("IN", *({"N": str(n)} for n in range(9, 300)))}, False, marks=fact("expressions.236")),
        row("expressions.237", "s", "BEGINS_WITH", {"S": "te"}),
        row("expressions.237", "b", "BEGINS_WITH", {"B": b"\x01"}),
        not_("expressions.237", "s", "BEGINS_WITH", {"S": "ext"}),
        not_("expressions.237", "s", "BEGINS_WITH", {"B": b"te"}),
        not_("expressions.237", "gone", "BEGINS_WITH", S),
        row("expressions.238", "s", "CONTAINS", {"S": "ex"}),
        row("expressions.238", "b", "CONTAINS", {"B": b"\x02"}),
        row("expressions.238", "ss", "CONTAINS", S),
        row("expressions.238", "ns", "CONTAINS", N5),
        row("expressions.239", "l", "CONTAINS", S),
        row("expressions.239", "l", "CONTAINS", N5),
        row("expressions.239", "l", "CONTAINS", BOOL),
        row("expressions.239", "l", "CONTAINS", NULL),
        not_("expressions.239", "l", "CONTAINS", T),
        not_("expressions.238", "ss", "CONTAINS", X),
        not_("expressions.238", "n", "CONTAINS", N5),
        not_("expressions.238", "gone", "CONTAINS", S),
        not_("expressions.240", "s", "NOT_CONTAINS", {"S": "ex"}),
        not_("expressions.240", "ss", "NOT_CONTAINS", S),
        not_("expressions.240", "l", "NOT_CONTAINS", N5),
        row("expressions.240", "s", "NOT_CONTAINS", {"S": "xe"}),
        row("expressions.240", "ss", "NOT_CONTAINS", X),
        row("expressions.240", "l", "NOT_CONTAINS", T),
        row("expressions.241", "gone", "NULL"),
        not_("expressions.241", "s", "NULL"),
        not_("expressions.241", "null", "NULL"),
        row("expressions.241", "s", "NOT_NULL"),
        row("expressions.241", "null", "NOT_NULL"),
        not_("expressions.241", "gone", "NOT_NULL"),
        row("expressions.231", "status", "EQ", {"S": "on"}),
        row("expressions.231", "m.k", "EQ", {"S": "dotted"}),
        row("expressions.231", "l[0]", "NULL"),
        row("expressions.231", "#s", "NULL"),
    ],
)  # fmt: skip
def test_a_legacy_condition_asks_one_thing_of_one_attribute(
    client: Any, stored: str, conditions: dict[str, Any], expected: bool
) -> None:
    assert passes(client, stored, conditions) is expected


@fact("expressions.243")
def test_all_conditions_must_hold_or_any_with_or(client: Any, stored: str) -> None:
    yes, no, other = {"n": asked("EQ", N5)}, {"s": asked("NULL")}, {"flag": asked("NOT_NULL")}
    assert passes(client, stored, {**yes, **other})
    assert not passes(client, stored, {**yes, **no, **other})
    assert not passes(client, stored, {**yes, **no}, ConditionalOperator="AND")
    assert passes(client, stored, {**no, **yes}, ConditionalOperator="OR")
    assert not passes(client, stored, {**no, "gone": asked("EQ", S)}, ConditionalOperator="OR")
    nearly: dict[str, Any] = {"n": asked("IN", *({"N": str(n)} for n in range(9, 300)))}
    assert passes(client, stored, {**nearly, **other}, ConditionalOperator="OR")
    assert not passes(client, stored, {**nearly, **other})


@fact("expressions.244")
def test_or_with_one_condition_is_fine(client: Any, stored: str) -> None:
    assert passes(client, stored, {"n": asked("EQ", N5)}, ConditionalOperator="OR")


@fact("expressions.245")
@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("Scan", {}),
        ("Query", {"KeyConditions": {"pk": asked("EQ", S)}}),
        ("PutItem", {"Item": ITEM}),
        ("UpdateItem", {"Key": item(1), "AttributeUpdates": {"n": {"Value": N1}}}),
        ("DeleteItem", {"Key": item(1)}),
    ],
)
def test_the_conditional_operator_needs_conditions(
    client: Any, stored: str, operation: str, members: dict[str, Any]
) -> None:
    made = {"TableName": stored, "ConditionalOperator": "OR", **members}
    assert fault(refusal(client, operation, made))[0] == VE


# Expected


EXPECTED = [
    ({"n": {"Value": N5}}, True),
    ({"n": {"Value": N1}}, False),
    ({"n": {"Value": {"S": "5"}}}, False),
    ({"gone": {"Value": N5}}, False),
    ({"n": {"Value": N5, "Exists": True}}, True),
    ({"n": {"Value": N1, "Exists": True}}, False),
    ({"gone": {"Exists": False}}, True),
    ({"n": {"Exists": False}}, False),
    ({"null": {"Exists": False}}, False),
    ({"n": {"Value": N1, "ComparisonOperator": "GT"}}, True),
    ({"n": {"Value": N9, "ComparisonOperator": "GT"}}, False),
    ({"gone": {"ComparisonOperator": "NULL"}}, True),
    ({"gone": {"ComparisonOperator": "NULL", "AttributeValueList": []}}, True),
    ({"gone": {"Exists": False}, "n": {"Value": N5}, "s": asked("BEGINS_WITH", {"S": "t"})}, True),
    ({"gone": {"Exists": False}, "n": {"Value": N9}}, False),
    ({}, True),
]


@fact("expressions.242")
@pytest.mark.parametrize(("expected", "met"), EXPECTED)
def test_what_is_expected_decides_whether_a_write_happens(
    client: Any, stored: str, expected: dict[str, Any], met: bool
) -> None:
    requests: list[tuple[str, dict[str, Any]]] = [
        ("PutItem", {"Item": ITEM}),
        ("UpdateItem", {"Key": item(1)}),
    ]
    for operation, members in requests:
        made = {"TableName": stored, "Expected": expected, **members}
        if met:
            assert call(client, operation, made) == {}
        else:
            error = refusal(client, operation, made)
            assert fault(error) == ("ConditionalCheckFailedException", "The conditional request failed")


@fact("expressions.242")
def test_deletes_and_first_puts_may_be_expected_too(client: Any, standing: str) -> None:
    key = {"TableName": standing, "Key": item(2)}
    put = {"TableName": standing, "Item": item(2, v=N1), "Expected": {"pk": {"Exists": False}}}
    call(client, "PutItem", put)
    error = refusal(client, "PutItem", {**put, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    assert error.response["Item"] == item(2, v=N1)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        call(client, "DeleteItem", {**key, "Expected": {"v": {"Value": N9}}})
    deleted = call(client, "DeleteItem", {**key, "Expected": {"v": {"Value": N1}}, "ReturnValues": "ALL_OLD"})
    assert deleted == {"Attributes": item(2, v=N1)}


# What is refused


COUNT = f"{P}Invalid number of argument(s) for the {{}} ComparisonOperator"
ONE_TYPE = f"{P}AttributeValues inside AttributeValueList must be of same type"
NO_TYPE = f"{P}ComparisonOperator {{}} is not valid for {{}} AttributeValue type"
RANGE = "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
ONE = ("EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH")
CODES: Item = {
    "BOOL": BOOL,
    "NULL": NULL,
    "SS": SS,
    "NS": NS,
    "BS": {"BS": [b"a"]},
    "L": {"L": []},
    "M": {"M": {}},
    "N": N1,
    "S": S,
}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        *(pytest.param(asked(operator), COUNT.format(operator), marks=fact("expressions.250")) for operator in ONE),
        *(pytest.param(asked(operator, S, S), COUNT.format(operator), marks=fact("expressions.250")) for operator in ONE),
        pytest.param(asked("BETWEEN", S), COUNT.format("BETWEEN"), marks=fact("expressions.250")),
        pytest.param(asked("BETWEEN", S, S, S), COUNT.format("BETWEEN"), marks=fact("expressions.250")),
        pytest.param({**asked("IN"), "AttributeValueList": []}, COUNT.format("IN"), marks=fact("expressions.250")),
        pytest.param(asked("NULL", S), COUNT.format("NULL"), marks=fact("expressions.250")),
        pytest.param(asked("NOT_NULL", BOOL), COUNT.format("NOT_NULL"), marks=fact("expressions.250")),
        pytest.param(asked("IN", S, N1), ONE_TYPE, marks=fact("expressions.251")),
        pytest.param(asked("BETWEEN", N1, B), ONE_TYPE, marks=fact("expressions.251")),
        *(
            pytest.param(asked(operator, *[CODES[code]] * count), NO_TYPE.format(operator, code), marks=fact("expressions.252"))
            for operator, count in (("LT", 1), ("LE", 1), ("GT", 1), ("GE", 1), ("IN", 1), ("BETWEEN", 2))
            for code in ("BOOL", "NULL", "SS", "NS", "BS", "L", "M")
        ),
        *(
            pytest.param(asked(operator, CODES[code]), NO_TYPE.format(operator, code), marks=fact("expressions.252"))
            for operator in ("CONTAINS", "NOT_CONTAINS")
            for code in ("SS", "NS", "BS", "L", "M")
        ),
        *(
            pytest.param(asked("BEGINS_WITH", CODES[code]), NO_TYPE.format("BEGINS_WITH", code), marks=fact("expressions.252"))
            for code in ("N", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
        ),
        pytest.param(asked("BETWEEN", N5, N1), RANGE, marks=fact("expressions.253")),
        pytest.param(asked("BETWEEN", T, S), RANGE, marks=fact("expressions.253")),
        pytest.param(asked("EQ", {"S": "a", "N": "1"}), SEVERAL_TYPES, marks=fact("expressions.254")),
        pytest.param(asked("EQ", {"NS": []}), f"{P}An number set  may not be empty", marks=fact("expressions.254")),
    ],
)  # fmt: skip
def test_arguments_that_do_not_suit_the_operator_are_refused(
    client: Any, stored: str, entry: dict[str, Any], told: str
) -> None:
    fine = {"a": asked("NULL")}
    scan = {"TableName": stored, "ScanFilter": {**fine, "x": entry}}
    assert fault(refusal(client, "Scan", scan)) == (VE, told)
    query = {
        "TableName": stored,
        "KeyConditions": {"pk": asked("EQ", S)},
        "QueryFilter": {**fine, "x": entry},
    }
    assert fault(refusal(client, "Query", query)) == (VE, told)
    if "AttributeValueList" in entry:
        for operation, members in (
            ("PutItem", {"Item": ITEM}),
            ("UpdateItem", {"Key": item(1)}),
            ("DeleteItem", {"Key": item(1)}),
        ):
            made = {"TableName": stored, "Expected": {**fine, "x": entry}, **members}
            assert fault(refusal(client, operation, made)) == (VE, told)


EXPECTED_FAULTS: list[Any] = [
    pytest.param({"Exists": True, "ComparisonOperator": "EQ"}, "Exists and ComparisonOperator cannot be used together for Attribute: a", marks=fact("expressions.255")),
    pytest.param({"Exists": False, **asked("EQ", S)}, "Exists and ComparisonOperator cannot be used together for Attribute: a", marks=fact("expressions.255")),
    pytest.param({"Value": S, **asked("EQ", S)}, "Value and AttributeValueList cannot be used together for Attribute: a", marks=fact("expressions.256")),
    pytest.param({"Value": S, "AttributeValueList": [S]}, "Value and AttributeValueList cannot be used together for Attribute: a", marks=fact("expressions.256")),
    pytest.param({"AttributeValueList": [S]}, "AttributeValueList can only be used with a ComparisonOperator for Attribute: a", marks=fact("expressions.257")),
    pytest.param({"AttributeValueList": [S], "Exists": True}, "AttributeValueList can only be used with a ComparisonOperator for Attribute: a", marks=fact("expressions.257")),
    *(
        pytest.param({"ComparisonOperator": operator}, f"Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: a", marks=fact("expressions.258"))
        for operator in (*ONE, "IN", "BETWEEN")
    ),
    pytest.param({"Exists": True}, "Value must be provided when Exists is true for Attribute: a", marks=fact("expressions.259")),
    pytest.param({}, "Value must be provided when Exists is null for Attribute: a", marks=fact("expressions.259")),
    pytest.param({"Exists": False, "Value": S}, "Value cannot be used when Exists is false for Attribute: a", marks=fact("expressions.260")),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "told"), EXPECTED_FAULTS)
def test_expectations_that_say_too_much_or_too_little_are_refused(
    client: Any, stored: str, entry: dict[str, Any], told: str
) -> None:
    made = {
        "TableName": stored,
        "Key": item(1),
        "Expected": {"fine": {"Exists": False}, "a": entry, "b": {"Exists": True}},
    }
    assert fault(refusal(client, "DeleteItem", made)) == (VE, P + told)
    assert call(client, "Scan", {"TableName": stored})["Count"] == 1
