"""Shapes: what is right is taken, the rest is refused in the service's words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.model.errors import ApiError
from trinamo.model.jsontypes import SHAPES
from trinamo.model.measure import Odd
from trinamo.model.shapes import (
    NAME_PATTERN,
    AttributeMap,
    Boolean,
    Integer,
    List,
    Map,
    Member,
    OneAttribute,
    String,
    Structure,
    TableName,
    alone,
    long,
    read_request,
)

INNER = Structure("Inner", Member("Name", String(1, 3), required=True), Member("Flag", Boolean()))
SHAPE = Structure(
    "OuterInput",
    alone(Member("TableName", TableName(), required=True)),
    Member("Mode", String(one_of=("B", "A"))),
    Member("Item", AttributeMap(), required=True),
    Member("Inners", List(INNER, 1, 2)),
    Member("Limit", Integer(1, 100)),
    Member("Units", long(1)),
    Member("Words", Map(String(1))),
    Member("Lists", Map(List(INNER))),
    Member("Keys", List(AttributeMap())),
    Member("Value", OneAttribute()),
    Member("Index", String(3, 255, NAME_PATTERN)),
)
GOOD: dict[str, Any] = {"TableName": "t", "Item": {"a": {"S": "x"}}}
E = "1 validation error detected: "


def _message(raw: Any) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as caught:
        read_request(SHAPE, raw)
    return caught.value.code, caught.value.message


def test_members_are_read_nulls_and_unknown_ones_left_out() -> None:
    request = read_request(
        SHAPE, {**GOOD, "Mode": None, "Future": 1, "Limit": 3, "Inners": [{"Name": "n", "Flag": False}]}
    )
    assert request.keys() == {"TableName", "Item", "Limit", "Inners"}
    assert request["Item"].tree == {"a": {"S": "x"}}
    assert request["Item"].size == 2
    assert request["Inners"] == [{"Name": "n", "Flag": False}]


@pytest.mark.parametrize("raw", [[], "x", 1, None, True])
def test_a_request_is_an_object(raw: Any) -> None:
    assert _message(raw) == ("SerializationException", None)


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ("TableName", 1, "NUMBER_VALUE cannot be converted to String"),
        ("TableName", [], "Unrecognized collection type class java.lang.String"),
        ("Limit", "1", "STRING_VALUE cannot be converted to Integer"),
        ("Limit", True, "TRUE_VALUE cannot be converted to Integer"),
        ("Limit", [], "Unrecognized collection type class java.lang.Integer"),
        ("Limit", {}, "Start of structure or map found where not expected"),
        ("Units", "1", "STRING_VALUE cannot be converted to Long"),
        ("Inners", {}, "Start of structure or map found where not expected"),
        ("Inners", "x", "Unexpected field type"),
        ("Inners", ["x"], "Unexpected value type in payload"),
        ("Inners", [[]], f"Unrecognized collection type class {SHAPES}Inner"),
        ("Inners", [{"Flag": "true"}], "Unexpected token received from parser"),
        ("Item", [], f"Unrecognized collection type java.util.Map<java.lang.String, {SHAPES}AttributeValue>"),
        ("Item", "x", "Unexpected field type"),
        ("Item", {"a": "x"}, "Unexpected value type in payload"),
        ("Value", [], f"Unrecognized collection type class {SHAPES}AttributeValue"),
        ("Words", [], "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>"),
        ("Words", {"a": {}}, "Start of structure or map found where not expected"),
        (
            "Lists",
            [],
            f"Unrecognized collection type java.util.Map<java.lang.String, java.util.List<{SHAPES}Inner>>",
        ),
    ],
)
def test_json_types_are_bound_first(member: str, value: Any, text: str) -> None:
    assert _message({**GOOD, "Mode": "C", member: value}) == ("SerializationException", text)


@pytest.mark.parametrize(("member", "value"), [("Lists", {"a": {}}), ("Keys", ["x"]), ("Keys", [[]])])
def test_collections_inside_collections_fail_oddly(member: str, value: Any) -> None:
    code, text = _message({**GOOD, member: value})
    assert code == "SerializationException"
    assert text is not None
    assert text.startswith("class sun.reflect.generics")


def test_nested_members_are_bound_before_scalars() -> None:
    raw = {"TableName": 1, "Item": {"a": {"S": 1.5}}}
    assert _message(raw) == ("SerializationException", "DECIMAL_VALUE cannot be converted to String")


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"Item": None}, E + "Value null at 'item' failed to satisfy constraint: Member must not be null"),
        (
            {"Mode": "C"},
            E
            + "Value 'C' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [B, A]",
        ),
        (
            {"Limit": 0},
            E + "Value '0' at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"Inners": []},
            E + "Value '[]' at 'inners' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            {"Inners": [{"Name": "a"}, {"Flag": True}]},
            E + "Value null at 'inners.2.member.name' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Inners": [{"Name": "a"}, {"Name": "b", "Flag": True}, {"Name": "c"}]},
            E
            + "Value '[Inner(name=a, flag=null), Inner(name=b, flag=true), Inner(name=c, flag=null)]' at 'inners'"
            " failed to satisfy constraint: Member must have length less than or equal to 2",
        ),
        (
            {"Lists": {"k": [{"Name": "long"}]}},
            E + "Value 'long' at 'lists.k.member.1.member.name' failed to satisfy constraint: "
            "Member must have length less than or equal to 3",
        ),
        (
            {"Index": "a!"},
            (
                "2 validation errors detected: "
                "Value 'a!' at 'index' failed to satisfy constraint: "
                "Member must have length greater than or equal to 3; "
                "Value 'a!' at 'index' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            ),
        ),
        (
            {"Limit": 101, "Mode": "C"},
            (
                "2 validation errors detected: "
                "Value 'C' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [B, A]; "
                "Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"
            ),
        ),
    ],
)
def test_violations_are_reported_together_in_the_order_of_the_shape(
    members: dict[str, Any], text: str
) -> None:
    assert _message({**GOOD, **members}) == ("ValidationException", text)


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        (None, "Value null at 'tableName' failed to satisfy constraint: Member must not be null"),
        (
            "",
            (
                "Value '' at 'tableName' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
        (
            "a b",
            (
                "Value 'a b' at 'tableName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            ),
        ),
        (
            "a" * 256,
            (
                f"Value '{'a' * 256}' at 'tableName' failed to satisfy constraint: "
                "Member must have length less than or equal to 255"
            ),
        ),
    ],
)
def test_a_bad_table_name_hides_all_other_violations(name: str | None, constraint: str) -> None:
    assert _message({"TableName": name, "Mode": "C"}) == ("ValidationException", E + constraint)


def test_a_table_may_be_named_by_its_arn() -> None:
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/" + "t" * 255
    assert read_request(SHAPE, {**GOOD, "TableName": arn})["TableName"] == arn


def test_at_most_ten_violations_are_told() -> None:
    shape = Structure("ManyInput", *(Member(f"M{i}", String(), required=True) for i in range(12)))
    with pytest.raises(ApiError) as caught:
        read_request(shape, {})
    assert caught.value.message is not None
    assert caught.value.message.startswith("10 validation errors detected: ")
    assert caught.value.message.count("Member must not be null") == 10


def test_faults_of_values_wait_for_the_operation() -> None:
    item = read_request(SHAPE, {**GOOD, "Item": {"a": {"SS": []}}})["Item"]
    assert item.fault.text == "One or more parameter values were invalid: An string set  may not be empty"


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.sampled_from(["", "a", "ab", "abcd", "A", "!"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Name", "Flag", "S", "N", "L"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([member.name for member in SHAPE.members]), _json, max_size=4))
def test_what_is_taken_at_once_is_what_the_slow_reading_finds_right(members: dict[str, Any]) -> None:
    raw = {**GOOD, "Item": {"a": {"S": "x"}}, **members}
    try:
        slow = SHAPE.bind(raw)
        right = not any(SHAPE.violations(slow, ""))
    except ApiError:
        right = False
    try:
        taken = SHAPE.take(raw)
    except Odd:
        # The fast pass leaves faults of values, and what needs cleaning, to the slow one; nothing else.
        assert not right or any(name in members for name in ("Item", "Keys", "Value"))
    else:
        assert right
        assert taken == slow
