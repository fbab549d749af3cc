"""Equality and order of attribute values."""

from hypothesis import given
from hypothesis import strategies as st

from model.attribute_values import binaries, numbers, texts, values
from trinamo.model.values import AttributeValue, equal, order


@given(values)
def test_a_value_equals_its_copy_with_sets_turned_round(value: AttributeValue) -> None:
    def turned(value: AttributeValue) -> AttributeValue:
        [(code, content)] = value.items()
        if code in ("SS", "NS", "BS"):
            return {code: content[::-1]}
        if code == "L":
            return {"L": [turned(element) for element in content]}
        if code == "M":
            return {"M": {name: turned(inner) for name, inner in reversed(content.items())}}
        return value

    assert equal(value, turned(value))


def test_equality_is_strict_about_types_order_and_members() -> None:
    assert not equal({"S": "1"}, {"N": "1"})
    assert not equal({"BOOL": True}, {"NULL": True})
    assert not equal({"L": [{"N": "1"}, {"N": "2"}]}, {"L": [{"N": "2"}, {"N": "1"}]})
    assert not equal({"SS": ["a"]}, {"SS": ["a", "b"]})
    assert not equal({"SS": ["a"]}, {"BS": [b"a"]})
    assert not equal({"M": {"a": {"S": "x"}}}, {"M": {"b": {"S": "x"}}})
    assert equal({"M": {"a": {"L": [{"NS": ["1", "2"]}]}}}, {"M": {"a": {"L": [{"NS": ["2", "1"]}]}}})


@given(texts, texts)
def test_strings_are_ordered_by_utf8_bytes(left: str, right: str) -> None:
    a, b = left.encode(), right.encode()
    assert order({"S": left}, {"S": right}) == (a > b) - (a < b)


@given(binaries, binaries)
def test_binaries_are_ordered_by_unsigned_bytes(left: bytes, right: bytes) -> None:
    assert order({"B": left}, {"B": right}) == (left > right) - (left < right)


@given(values, values | st.builds(lambda v: {"N": v}, numbers))
def test_only_two_scalars_of_one_ordered_type_have_an_order(
    left: AttributeValue, right: AttributeValue
) -> None:
    ordered = left.keys() == right.keys() and not left.keys().isdisjoint("SNB")
    assert (order(left, right) is not None) == ordered
