"""Legacy parameters as expressions: the texts they become."""

from typing import Any

import pytest

from trinamo.expressions import (
    Expressions,
    KeyCondition,
    read_attribute_updates,
    read_attributes_to_get,
    read_expected,
    read_filter,
    read_key_conditions,
)
from trinamo.expressions.limits import SIZE_MAX
from trinamo.model.errors import ApiError
from trinamo.model.keys import KeyAttribute
from trinamo.model.values import Item

S, N, M = {"S": "a"}, {"N": "1"}, {"N": "2"}
SS, L = {"SS": ["a"]}, {"L": [{"S": "b"}]}


def asked(operator: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (asked("EQ", S), "#0 = :0"),
        (asked("NE", S), "#0 <> :0"),
        (asked("LE", N), "#0 <= :0"),
        (asked("LT", N), "#0 < :0"),
        (asked("GE", N), "#0 >= :0"),
        (asked("GT", N), "#0 > :0"),
        (asked("BETWEEN", N, M), "#0 BETWEEN :0 AND :1"),
        (asked("IN", N, M), "#0 IN (:0, :1)"),
        (asked("BEGINS_WITH", S), "begins_with(#0, :0)"),
        (asked("CONTAINS", S), "contains(#0, :0)"),
        (asked("NOT_CONTAINS", S), "NOT contains(#0, :0)"),
        (asked("NULL"), "attribute_not_exists(#0)"),
        ({"ComparisonOperator": "NOT_NULL"}, "attribute_exists(#0)"),
        ({"Value": S}, "#0 = :0"),
        ({"Value": S, "Exists": True}, "#0 = :0"),
        ({"Value": N, "ComparisonOperator": "GT"}, "#0 > :0"),
        ({"Exists": False}, "attribute_not_exists(#0)"),
    ],
)
def test_a_condition_on_an_attribute_is_one_test(entry: dict[str, Any], text: str) -> None:
    condition = read_expected({"a.b": entry}, None)
    assert condition is not None
    assert (condition.plan.text, condition.plan.given_names) == (text, {"#0": "a.b"})
    assert condition.paths == (("a.b",),)
    given = entry.get("AttributeValueList", [entry[name] for name in ("Value",) if name in entry])
    assert list(condition.values.values()) == given


def test_conditions_are_joined_and_their_texts_do_not_depend_on_names_and_values() -> None:
    one, other = {"a": asked("EQ", S), "b": asked("NULL")}, {"x y": asked("EQ", N), "select": asked("NULL")}
    both = read_filter("ScanFilter", one, "AND"), read_filter("QueryFilter", other, None)
    assert [found and found.plan.text for found in both] == ["#0 = :0 AND attribute_not_exists(#1)"] * 2
    either = read_filter("ScanFilter", one, "OR")
    assert either is not None
    assert either.plan.text == "#0 = :0 OR attribute_not_exists(#1)"


def test_no_conditions_are_no_condition() -> None:
    assert read_expected(None, None) is None
    assert read_expected({}, None) is None
    assert read_filter("ScanFilter", {}, None) is None


def test_an_in_of_many_is_several_of_as_many_as_an_expression_may_have() -> None:
    many = [{"N": str(number)} for number in range(250)]
    condition = read_filter("ScanFilter", {"a": asked("IN", *many), "b": asked("NOT_NULL")}, None)
    assert condition is not None
    assert condition.plan.text.count(" IN ") == 3
    for number in (0, 99, 100, 249):
        assert condition.evaluate({"a": {"N": str(number)}, "b": N})
    assert not condition.evaluate({"a": {"N": "250"}, "b": N})
    assert not condition.evaluate({"a": {"N": "0"}})


def test_operators_are_limited_as_in_expressions() -> None:
    conditions = {f"a{number}": asked("EQ", N) for number in range(151)}
    with pytest.raises(ApiError, match="Invalid Expected: The expression contains too many operators"):
        read_expected(conditions, None)
    del conditions["a0"]
    assert read_expected(conditions, None) is not None


def test_attribute_updates_become_the_sections_of_an_update() -> None:
    update = read_attribute_updates(
        {
            "a": {"Value": S},
            "b": {"Action": "DELETE"},
            "c": {"Action": "ADD", "Value": N},
            "d": {"Action": "DELETE", "Value": SS},
            "e": {"Action": "ADD", "Value": L},
            "f": {"Action": "PUT", "Value": M},
            "g": {"Action": "ADD", "Value": SS},
        }
    )
    assert update.plan.text == (
        "SET #0 = :0, #4 = list_append(if_not_exists(#4, :3), :4), #5 = :5"
        " REMOVE #1 ADD #2 :1, #6 :6 DELETE #3 :2"
    )
    assert update.plan.given_names == {f"#{number}": name for number, name in enumerate("abcdefg")}


def test_no_attribute_updates_are_the_update_without_actions() -> None:
    update = read_attribute_updates({})
    assert update.plan.text == ""
    assert update.apply(None, {"pk": S}).item == {"pk": S}


def test_the_text_of_a_legacy_parameter_may_be_longer_than_an_expressions() -> None:
    updates = {f"a{number}": {"Value": N} for number in range(1000)}
    update = read_attribute_updates(updates)
    assert len(update.plan.text) > SIZE_MAX
    assert update.apply(None, {}).item == dict.fromkeys(updates, N)


def test_key_conditions_are_held_against_the_schema_like_others() -> None:
    terms = read_key_conditions({"sk": asked("BETWEEN", N, M), "pk": asked("EQ", S)})
    assert terms.plan.text == "#0 BETWEEN :0 AND :1 AND #1 = :2"
    condition = Expressions(key_terms=terms).key_condition(
        [KeyAttribute("pk", "S")], [KeyAttribute("sk", "N")]
    )
    assert condition == KeyCondition((S,), (), "BETWEEN", (N, M))


def test_attributes_to_get_are_a_projection_of_whole_attributes() -> None:
    projection = read_attributes_to_get(["a.b", "size", "l[0]"])
    assert projection.plan.text == "#0, #1, #2"
    item: Item = {"a.b": S, "a": {"M": {"b": N}}, "size": N, "l": L}
    assert projection.apply(item) == {"a.b": S, "size": N}
