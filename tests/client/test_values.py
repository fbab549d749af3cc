"""Claims about values: Python's to DynamoDB's JSON and back."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.client.values import NotAnAttribute, from_attribute, from_item, to_attribute, to_item

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(-(10**9), 10**9, places=4)
SCALARS = st.text() | st.binary() | st.booleans() | st.none() | NUMBERS
SETS = st.sets(st.text(), min_size=1) | st.sets(st.binary(), min_size=1) | st.sets(NUMBERS, min_size=1)
VALUES = st.recursive(
    SCALARS | SETS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert from_attribute(to_attribute(value)) == value


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("x", {"S": "x"}),
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        (Decimal("1.50"), {"N": "1.5"}),
        (Decimal("1E+3"), {"N": "1000"}),
        (Decimal("-0.0"), {"N": "0"}),
        (10**37, {"N": "1" + "0" * 37}),
        (None, {"NULL": True}),
        (b"\xff\x00", {"B": "/wA="}),
        (bytearray(b"a"), {"B": "YQ=="}),
        ((1, "a"), {"L": [{"N": "1"}, {"S": "a"}]}),
        (frozenset({"b", "a"}), {"SS": ["a", "b"]}),
        ({2, 1, Decimal("1.5")}, {"NS": ["1", "1.5", "2"]}),
        ({}, {"M": {}}),
        ([], {"L": []}),
    ],
)
def test_each_kind_has_its_form(value: Any, attribute: dict[str, Any]) -> None:
    assert to_attribute(value) == attribute


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("-12", -12), ("1.5", Decimal("1.5")), ("1E3", 1000), ("2.0", 2), ("0.1", Decimal("0.1"))],
)
def test_whole_numbers_are_int_and_others_decimal(text: str, number: Any) -> None:
    found = from_attribute({"N": text})
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0.5, "a: 0.5 is a float"),
        (10**38 + 1, "a: 1000.*: Attempting to store more than 38 significant digits"),
        (Decimal("1E+126"), "a: 1E.126: Number overflow"),
        (Decimal("NaN"), "a: NaN: The parameter cannot be converted"),
        (set(), "a: DynamoDB has no empty sets"),
        ({1, "x"}, "a: a set holds str, or numbers, or bytes"),
        ({True}, "a: a set holds"),
        ([{"b": {1: 2}}], r"a\[0\].b: names of attributes are str, not int"),
        (range(3), "a: DynamoDB has no range"),
    ],
)
def test_what_has_no_form_is_refused_with_its_place(value: Any, why: str) -> None:
    with pytest.raises(NotAnAttribute, match=why):
        to_item({"a": value})


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(NotAnAttribute, match="nested too deep"):
        to_attribute(loop)


def test_floats_are_their_shortest_decimals_where_asked_for() -> None:
    assert to_attribute([0.1, 1e22, -2.5e-7], floats=True) == {
        "L": [{"N": "0.1"}, {"N": "10000000000000000000000"}, {"N": "-0.00000025"}]
    }
    with pytest.raises(NotAnAttribute):
        to_attribute(float("inf"), floats=True)


def test_bytes_of_raw_answers_are_taken_too() -> None:
    assert from_item({"a": {"B": b"x"}, "b": {"BS": ["eA==", b"y"]}}) == {"a": b"x", "b": {b"x", b"y"}}
    with pytest.raises(ValueError, match="X is no type"):
        from_attribute({"X": 1})
