"""Key conditions: what they read, and what they refuse."""

from typing import Any

import pytest

from expressions.requests import error_of, read
from trinamo.expressions import KeyCondition
from trinamo.model.errors import ApiError
from trinamo.model.keys import KeyAttribute

S, N, B = ({"S": "a"}, {"N": "1"}, {"B": b"a"})
PK, SK = KeyAttribute("pk", "S"), KeyAttribute("sk", "N")
VALUES: dict[str, Any] = {":h": S, ":a": N, ":b": {"N": "2"}, ":s": {"S": "x"}}
UNSUPPORTED = "Query key condition not supported"


def condition(
    text: str,
    partition: list[KeyAttribute] | None = None,
    sort: list[KeyAttribute] | None = None,
    names: dict[str, str] | None = None,
    values: dict[str, Any] | None = None,
) -> KeyCondition:
    given = {key: value for key, value in (values or VALUES).items() if key in text}
    expressions = read(names, given, key=text)
    return expressions.key_condition([PK] if partition is None else partition, [SK] if sort is None else sort)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pk = :h", KeyCondition((S,))),
        (":h = pk", KeyCondition((S,))),
        ("(pk = :h)", KeyCondition((S,))),
        ("pk = :h AND sk = :a", KeyCondition((S,), (), "=", (N,))),
        ("sk = :a AND pk = :h", KeyCondition((S,), (), "=", (N,))),
        ("(pk = :h) AND (sk < :a)", KeyCondition((S,), (), "<", (N,))),
        ("(pk = :h and sk <= :a)", KeyCondition((S,), (), "<=", (N,))),
        ("pk = :h AND sk > :a", KeyCondition((S,), (), ">", (N,))),
        ("pk = :h AND sk >= :a", KeyCondition((S,), (), ">=", (N,))),
        ("pk = :h AND :a < sk", KeyCondition((S,), (), ">", (N,))),
        ("pk = :h AND :a <= sk", KeyCondition((S,), (), ">=", (N,))),
        ("pk = :h AND :a > sk", KeyCondition((S,), (), "<", (N,))),
        ("pk = :h AND :a >= sk", KeyCondition((S,), (), "<=", (N,))),
        ("sk BETWEEN :a AND :b AND pk = :h", KeyCondition((S,), (), "BETWEEN", (N, {"N": "2"}))),
    ],
)
def test_key_condition_is_one_range(text: str, expected: KeyCondition) -> None:
    assert condition(text) == expected


def test_names_are_resolved_and_sort_keys_may_begin_with_something() -> None:
    names = {"#p": "pk", "#s": "sk.dotted"}
    found = condition("#p = :h AND begins_with(#s, :s)", None, [KeyAttribute("sk.dotted", "S")], names)
    assert found == KeyCondition((S,), (), "begins_with", ({"S": "x"},))


def test_multi_attribute_keys_take_equalities_from_the_left_and_one_range_last() -> None:
    partition = [PK, KeyAttribute("p2", "N")]
    sort = [SK, KeyAttribute("s2", "S"), KeyAttribute("s3", "S")]
    text = "p2 = :a AND pk = :h"
    assert condition(text, partition, sort) == KeyCondition((S, N))
    text += " AND s2 > :s AND sk = :b"
    assert condition(text, partition, sort) == KeyCondition((S, N), ({"N": "2"},), ">", ({"S": "x"},))
    missed = "Query condition missed key schema element: "
    assert refusal("pk = :h", partition, sort) == missed + "p2"
    assert refusal("pk = :h AND p2 = :a AND s2 = :s", partition, sort) == missed + "sk"
    assert refusal("pk = :h AND p2 = :a AND sk > :a AND s2 = :s", partition, sort) == UNSUPPORTED


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("pk = :v OR sk = :v", "OR"),
        ("NOT pk = :v", "NOT"),
        ("pk IN (:v)", "IN"),
        ("pk = :v AND sk <> :v", "<>"),
        ("pk = :v AND contains(sk, :v)", "contains"),
        ("pk = :v AND attribute_exists(sk)", "attribute_exists"),
        ("pk = :v AND size(sk) > :v", "size"),
    ],
)
def test_operators_of_other_conditions_are_refused(text: str, operator: str) -> None:
    expected = f"Invalid operator used in KeyConditionExpression: {operator}"
    assert error_of(None, {":v": S}, key=text) == expected


def test_a_key_has_one_condition() -> None:
    expected = "KeyConditionExpressions must only contain one condition per key"
    assert error_of(None, {":v": S}, key="pk = :v AND sk > :v AND sk < :v") == expected
    assert error_of({"#p": "pk"}, {":v": S}, key="pk = :v AND #p = :v") == expected


@pytest.mark.parametrize("text", ["pk = sk", ":v = :v", "begins_with(:v, pk)", "sk BETWEEN :v AND pk"])
def test_a_term_is_of_one_attribute_and_values(text: str) -> None:
    assert error_of(None, {":v": S}, key=text).startswith("Invalid condition in KeyConditionExpression: ")


def refusal(
    text: str,
    partition: list[KeyAttribute] | None = None,
    sort: list[KeyAttribute] | None = None,
    values: dict[str, Any] | None = None,
) -> str:
    with pytest.raises(ApiError) as caught:
        condition(text, partition, sort, None, values)
    assert caught.value.code == "ValidationException"
    assert caught.value.message is not None
    return caught.value.message


def test_every_partition_key_attribute_needs_its_equality() -> None:
    assert refusal("sk = :a") == "Query condition missed key schema element: pk"
    assert refusal("pk > :h") == UNSUPPORTED
    assert refusal("begins_with(pk, :h)") == UNSUPPORTED


def test_other_attributes_have_no_place() -> None:
    assert refusal("pk = :h AND extra = :a") == "Query condition missed key schema element: sk"
    assert refusal("pk = :h AND sk = :a AND extra = :b") == UNSUPPORTED
    assert refusal("pk = :h AND extra = :a", sort=[]) == UNSUPPORTED


def test_operands_have_the_types_of_the_schema() -> None:
    expected = (
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    )
    assert refusal("pk = :a") == expected
    assert refusal("pk = :h AND sk = :s") == expected
    assert refusal("pk = :h AND begins_with(sk, :s)") == expected
    assert refusal("pk = :h", values={":h": {"SS": ["a"]}}) == expected


def test_key_values_are_neither_empty_nor_too_long() -> None:
    text = (
        "One or more parameter values are not valid. The AttributeValue for a key attribute"
        " cannot contain an empty {} value. Key: {}"
    )
    assert refusal("pk = :h", values={":h": {"S": ""}}) == text.format("string", "pk")
    blob = [KeyAttribute("sk", "B")]
    values = {":h": S, ":a": {"B": b""}}
    assert refusal("pk = :h AND sk = :a", sort=blob, values=values) == text.format("binary", "sk")
    prefix = "One or more parameter values were invalid: "
    values = {":h": {"S": "é" * 1025}}
    assert refusal("pk = :h", values=values) == prefix + (
        "Size of hashkey has exceeded the maximum size limit of2048 bytes"
    )
    values = {":h": S, ":a": {"B": b"x" * 1025}}
    assert refusal("pk = :h AND sk < :a", sort=blob, values=values) == prefix + (
        "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
    )


def test_bounds_of_between_are_in_order() -> None:
    assert error_of(
        None, {":h": S, ":a": {"N": "5"}, ":b": N}, key="pk = :h AND sk BETWEEN :a AND :b"
    ).startswith("Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater")
