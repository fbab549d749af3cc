"""Equality and order of values, as conditions judge them."""

from itertools import pairwise
from typing import Any

import pytest

from dynamodb.calls import VE, Item, call, fault, item, refusal
from dynamodb.facts import fact

STORED: Item = {"L": [{"N": "1"}, {"NS": ["1", "2"]}, {"M": {"k": {"B": b"\x00"}}}]}
DIGITS = "1" * 37


def holds(client: Any, table: str, stored: Item | None, condition: str, **values: Item) -> bool:
    """Whether a condition holds for an item whose attribute a has a value, or is not there."""
    client.put_item(TableName=table, Item=item(1) if stored is None else item(1, a=stored))
    request = {
        "TableName": table,
        "Key": item(1),
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }
    try:
        call(client, "DeleteItem", request)
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


@pytest.mark.parametrize(
    ("stored", "given", "same"),
    [
        pytest.param({"N": "1"}, {"S": "1"}, False, marks=fact("values.90")),
        pytest.param({"S": "a"}, {"B": b"a"}, False, marks=fact("values.90")),
        pytest.param({"SS": ["1"]}, {"NS": ["1"]}, False, marks=fact("values.90")),
        pytest.param({"S": "1"}, {"SS": ["1"]}, False, marks=fact("values.90")),
        pytest.param({"BOOL": True}, {"NULL": True}, False, marks=fact("values.90")),
        pytest.param({"L": []}, {"M": {}}, False, marks=fact("values.90")),
        pytest.param({"N": "1"}, {"N": "1.00"}, True, marks=fact("values.91")),
        pytest.param({"N": "-0"}, {"N": "0"}, True, marks=fact("values.91")),
        pytest.param({"N": "1E125"}, {"N": "10E124"}, True, marks=fact("values.91")),
        pytest.param({"N": DIGITS + "1"}, {"N": DIGITS + "2"}, False, marks=fact("values.91")),
        pytest.param({"N": "0.1"}, {"N": "0." + "1" + "0" * 36 + "1"}, False, marks=fact("values.91")),
        pytest.param({"NS": ["1", "2"]}, {"NS": ["2.0", "1.0"]}, True, marks=fact("values.91", "values.92")),
        pytest.param({"SS": ["a", "b", "c"]}, {"SS": ["c", "a", "b"]}, True, marks=fact("values.92")),
        pytest.param({"SS": ["a", "b"]}, {"SS": ["a", "b", "c"]}, False, marks=fact("values.92")),
        pytest.param({"BS": [b"a", b"b"]}, {"BS": [b"b", b"a"]}, True, marks=fact("values.92")),
        pytest.param({"L": [{"N": "1"}, {"S": "b"}]}, {"L": [{"N": "1.0"}, {"S": "b"}]}, True, marks=fact("values.93")),
        pytest.param({"L": [{"N": "1"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"N": "1"}]}, False, marks=fact("values.93")),
        pytest.param({"L": [{"N": "1"}]}, {"L": [{"N": "1"}, {"N": "1"}]}, False, marks=fact("values.93")),
        pytest.param(
            {"M": {"x": {"N": "1"}, "y": {"NULL": True}}}, {"M": {"y": {"NULL": True}, "x": {"N": "1"}}}, True, marks=fact("values.94")
        ),
        pytest.param({"M": {"x": {"N": "1"}}}, {"M": {"X": {"N": "1"}}}, False, marks=fact("values.94")),
        pytest.param({"M": {"x": {"N": "1"}}}, {"M": {"x": {"N": "2"}}}, False, marks=fact("values.94")),
        pytest.param(STORED, {"L": [{"N": "1.0"}, {"NS": ["2", "1"]}, {"M": {"k": {"B": b"\x00"}}}]}, True, marks=fact("values.91", "values.93", "values.94")),
        pytest.param({"NULL": True}, {"NULL": True}, True, marks=fact("values.95")),
        pytest.param({"B": b"\x00\xff"}, {"B": b"\x00\xff"}, True, marks=fact("values.95")),
        pytest.param({"B": b"\x00"}, {"B": b"\x00\x00"}, False, marks=fact("values.95")),
        pytest.param({"S": "a"}, {"S": "A"}, False, marks=fact("values.23")),
        pytest.param({"S": "\u00e9"}, {"S": "e\u0301"}, False, marks=fact("values.23")),
        pytest.param(None, {"NULL": True}, False, marks=fact("values.106")),
    ],
)  # fmt: skip
@fact("values.106", "values.108")
def test_values_are_equal_deeply_and_by_type(
    client: Any, standing: str, stored: Item | None, given: Item, same: bool
) -> None:
    other: Item = {"S": "something else"}
    assert holds(client, standing, stored, "a = :v", v=given) is same
    assert holds(client, standing, stored, "a <> :v", v=given) is not same
    assert holds(client, standing, stored, "a IN (:o, :v)", v=given, o=other) is same


ORDERS = [
    pytest.param("S", ["", "A", "B", "a", "aa", "b", "é", "￿", "\U0001f600"], marks=fact("values.100")),
    pytest.param(
        "N",
        ["-1E125", "-10", "-9.5", "-1E-130", "0", "1E-130", "0.5", "2", DIGITS + "1", DIGITS + "2", "1E125"],
        marks=fact("values.101"),
    ),
    pytest.param(
        "B", [b"", b"\x00", b"\x00\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\x00"], marks=fact("values.102")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "ordered"), ORDERS)
def test_values_are_ordered_by_type(client: Any, standing: str, kind: str, ordered: list[Any]) -> None:
    everything = "(a < :v AND a <= :v AND NOT a > :v AND NOT a >= :v)"
    for below, above in pairwise(ordered):
        assert holds(client, standing, {kind: below}, everything, v={kind: above})
        assert not holds(client, standing, {kind: above}, "a < :v OR a <= :v", v={kind: below})
        assert holds(client, standing, {kind: above}, "a > :v AND a >= :v", v={kind: below})
    for value in ordered:
        assert holds(client, standing, {kind: value}, "a <= :v AND a >= :v", v={kind: value})
    low, middle, high = ordered[0], ordered[3], ordered[-1]
    between = {"low": {kind: low}, "high": {kind: high}}
    assert holds(client, standing, {kind: middle}, "a BETWEEN :low AND :high", **between)
    assert holds(client, standing, {kind: high}, "a BETWEEN :low AND :high", **between)
    assert not holds(
        client, standing, {kind: low}, "a BETWEEN :low AND :high", low={kind: middle}, high={kind: high}
    )


@pytest.mark.parametrize(
    ("stored", "given"),
    [
        pytest.param({"S": "1"}, {"N": "2"}, marks=fact("values.103")),
        pytest.param({"N": "1"}, {"S": "2"}, marks=fact("values.103")),
        pytest.param({"B": b"1"}, {"S": "2"}, marks=fact("values.103")),
        pytest.param({"NULL": True}, {"S": "2"}, marks=fact("values.103", "values.104")),
        pytest.param({"L": [{"N": "1"}]}, {"N": "2"}, marks=fact("values.103", "values.104")),
        pytest.param(None, {"N": "2"}, marks=fact("values.103")),
    ],
)
def test_different_types_have_no_order(client: Any, standing: str, stored: Item | None, given: Item) -> None:
    for operator in ("<", "<=", ">", ">="):
        assert not holds(client, standing, stored, f"a {operator} :v", v=given)
        assert not holds(client, standing, stored, f":v {operator} a", v=given)
    assert not holds(client, standing, stored, "a BETWEEN :v AND :v", v=given)


@fact("values.104")
@pytest.mark.parametrize("value", [{"BOOL": True}, {"NULL": True}, {"SS": ["a"]}, {"L": []}, {"M": {}}])
def test_stored_values_without_order_compare_as_false(client: Any, standing: str, value: Item) -> None:
    client.put_item(TableName=standing, Item=item(1, a=value, b=value))
    for operator in ("<", "<=", ">", ">="):
        request = {"TableName": standing, "Key": item(1), "ConditionExpression": f"a {operator} b"}
        assert fault(refusal(client, "DeleteItem", request))[0] == "ConditionalCheckFailedException"


@fact("values.105")
@pytest.mark.parametrize(
    ("operator", "condition"), [("<", "a < :v"), (">=", "a >= :v"), ("BETWEEN", "a BETWEEN :v AND :v")]
)
@pytest.mark.parametrize(
    "value", [{"BOOL": True}, {"NULL": True}, {"SS": ["a"]}, {"NS": ["1"]}, {"BS": [b"a"]}, {"L": []}, {"M": {}}]
)  # fmt: skip
def test_literals_without_order_are_refused_before_reading(
    client: Any, operator: str, condition: str, value: Item
) -> None:
    request = {
        "TableName": "no.such",
        "Key": item(1),
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":v": value},
    }
    text = (
        "Invalid ConditionExpression: Incorrect operand type for operator or function;"
        f" operator or function: {operator}, operand type: {next(iter(value))}"
    )
    assert fault(refusal(client, "DeleteItem", request)) == (VE, text)


@fact("values.107")
@pytest.mark.parametrize(
    ("stored", "prefix", "begins"),
    [
        ({"S": "abc"}, {"S": "ab"}, True),
        ({"S": "abc"}, {"S": ""}, True),
        ({"S": "abc"}, {"S": "b"}, False),
        ({"B": b"\x00\x01"}, {"B": b"\x00"}, True),
        ({"B": b"ab"}, {"S": "a"}, False),
        ({"S": "ab"}, {"B": b"a"}, False),
        ({"N": "12"}, {"S": "1"}, False),
        (None, {"S": "a"}, False),
    ],
)
def test_begins_with_is_of_strings_or_of_binaries(
    client: Any, standing: str, stored: Item | None, prefix: Item, begins: bool
) -> None:
    assert holds(client, standing, stored, "begins_with(a, :v)", v=prefix) is begins
