"""Reading attribute values from JSON: canonical forms, sizes, and the service's words for what is wrong."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from model.attribute_values import items, values
from trinamo.model.errors import ApiError
from trinamo.model.jsontext import dump_json
from trinamo.model.jsontypes import SHAPES
from trinamo.model.measure import item_size, value_size
from trinamo.model.reading import read_attributes
from trinamo.model.values import AttributeValue, Item, decode_item, encode_item

ONE_TYPE = "must contain exactly one of the supported datatypes"
P = "One or more parameter values were invalid: "


def _size(value: AttributeValue) -> int:
    """The size as values are defined, written as plainly as possible."""
    [(code, content)] = value.items()
    if code == "S":
        return len(content.encode())
    if code == "B":
        return len(content)
    if code in ("BOOL", "NULL"):
        return 1
    if code == "N":
        return _number_size(content)
    if code in ("SS", "NS", "BS"):
        return sum(_size({code[0]: member}) for member in content)
    if code == "L":
        return 3 + sum(1 + _size(element) for element in content)
    return 3 + sum(1 + len(name.encode()) + _size(inner) for name, inner in content.items())


def _number_size(text: str) -> int:
    if text == "0":
        return 1
    whole, _, fraction = text.lstrip("-").partition(".")
    whole = whole.strip("0") if not fraction else whole.lstrip("0")
    fraction = fraction.rstrip("0") if whole else fraction.strip("0")
    return 1 + -(-len(whole) // 2) + -(-len(fraction) // 2) + text.startswith("-")


@given(items)
def test_json_of_an_item_is_read_back_with_its_size(item: Item) -> None:
    read = read_attributes(orjson.loads(dump_json(item)))
    assert read.fault is None
    assert read.tree == item
    assert read.size == sum(len(name.encode()) + _size(value) for name, value in item.items())


@given(items)
def test_stored_bytes_are_read_back_and_measure_the_same(item: Item) -> None:
    stored = decode_item(encode_item(item))
    assert stored == item
    assert item_size(stored) == item_size(item)


@given(items)
def test_an_item_travels_from_json_to_stored_bytes_and_back(item: Item) -> None:
    json = dump_json(item)
    assert dump_json(decode_item(encode_item(read_attributes(orjson.loads(json)).tree))) == json


@given(values)
def test_a_value_alone_has_the_size_it_has_in_an_item(value: AttributeValue) -> None:
    assert value_size(value) == item_size({"name": value}) - len("name") == _size(value)


def test_numbers_and_binaries_become_canonical_at_any_depth() -> None:
    raw = {
        "n": {"N": "1.50"},
        "l": {"L": [{"N": "+1"}, {"B": "YWI="}]},
        "m": {"M": {"ns": {"NS": ["1E1", "2"]}, "bs": {"BS": ["YQ=="]}}},
    }
    assert read_attributes(raw).tree == {
        "n": {"N": "1.5"},
        "l": {"L": [{"N": "1"}, {"B": b"ab"}]},
        "m": {"M": {"ns": {"NS": ["10", "2"]}, "bs": {"BS": [b"a"]}}},
    }


def test_nulls_and_unknown_members_count_as_absent() -> None:
    read = read_attributes({"a": {"S": "x", "N": None, "Future": 1}})
    assert read.tree == {"a": {"S": "x"}}
    assert (read.size, read.fault) == (2, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"),
        ("x", "Unexpected value type in payload"),
        (1, "Unexpected value type in payload"),
        ({"S": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"S": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
        ({"S": True}, "TRUE_VALUE cannot be converted to String"),
        ({"S": False}, "FALSE_VALUE cannot be converted to String"),
        ({"S": []}, "Unrecognized collection type class java.lang.String"),
        ({"S": {}}, "Start of structure or map found where not expected"),
        ({"N": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"BOOL": "true"}, "Unexpected token received from parser"),
        ({"BOOL": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"BOOL": []}, "Unrecognized collection type class java.lang.Boolean"),
        ({"NULL": 0.5}, "DECIMAL_VALUE cannot be converted to Boolean"),
        ({"L": {}}, "Start of structure or map found where not expected"),
        ({"L": 1}, "Unexpected field type"),
        ({"L": ["x"]}, "Unexpected value type in payload"),
        (
            {"M": []},
            f"Unrecognized collection type java.util.Map<java.lang.String, {SHAPES}AttributeValue>",
        ),
        ({"M": "x"}, "Unexpected field type"),
        ({"M": {"a": {"S": 1}}}, "NUMBER_VALUE cannot be converted to String"),
        ({"SS": "x"}, "Unexpected field type"),
        ({"SS": [1]}, "NUMBER_VALUE cannot be converted to String"),
        ({"SS": [{}]}, "Start of structure or map found where not expected"),
    ],
)
def test_wrong_json_types_are_named_before_any_fault_of_values(value: Any, text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_attributes({"first": {"NULL": False}, "second": value, "third": {}})
    assert (caught.value.code, caught.value.message) == ("SerializationException", text)


@pytest.mark.parametrize("text", ["YQ", "YR==", "Y%==", "YQ==\n", "é==="])
def test_binaries_are_strict_base64(text: str) -> None:
    with pytest.raises(ApiError, match="can not be converted to a Blob") as caught:
        read_attributes({"a": {"B": text}})
    assert caught.value.code == "SerializationException"


FAULTS: list[tuple[Any, str]] = [
    ({}, f"Supplied AttributeValue is empty, {ONE_TYPE}"),
    ({"X": 1}, f"Supplied AttributeValue is empty, {ONE_TYPE}"),
    (None, f"Supplied AttributeValue is empty, {ONE_TYPE}"),
    (
        {"S": "a", "N": "1"},
        f"Supplied AttributeValue has more than one datatypes set, {ONE_TYPE}",
    ),
    ({"NULL": False}, P + "Null attribute value types must have the value of true"),
    ({"SS": []}, P + "An string set  may not be empty"),
    ({"NS": []}, P + "An number set  may not be empty"),
    ({"BS": []}, P + "Binary sets should not be empty"),
    ({"SS": ["a", "a"]}, P + "Input collection [a, a] contains duplicates."),
    ({"BS": ["YQ==", "YQ=="]}, P + "Input collection [YQ==, YQ==]of type BS contains duplicates."),
    ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
    ({"NS": ["1", "x"]}, "The parameter cannot be converted to a numeric value: x"),
    ({"N": ""}, "The parameter cannot be converted to a numeric value"),
    (
        {"N": "1E126"},
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
]


@pytest.mark.parametrize(("value", "text"), FAULTS)
@pytest.mark.parametrize("depth", [0, 1, 5])
def test_faults_of_values_are_told_in_the_services_words_at_any_depth(
    value: Any, text: str, depth: int
) -> None:
    value = orjson.loads(orjson.dumps(value))  # reading changes it in place
    for level in range(depth):
        value = {"L": [value]} if level % 2 else {"M": {"k": value}}
    fault = read_attributes({"fine": {"N": "01"}, "bad": value, "b": {"B": "YQ=="}}).fault
    assert fault is not None
    assert (fault.text, fault.entry) == (text, "bad")


def test_null_false_anywhere_comes_before_other_faults() -> None:
    fault = read_attributes({"a": {"SS": []}, "b": {"L": [{"NULL": False}]}}).fault
    assert fault is not None
    assert fault.text == P + "Null attribute value types must have the value of true"


def _nested(containers: int, innermost: str) -> Any:
    value: Any = {"S": "x"}
    for level in range(containers):
        value = {"L": [value]} if (level % 2 == 0) == (innermost == "L") else {"M": {"k": value}}
    return value


@pytest.mark.parametrize("innermost", ["L", "M"])
def test_a_scalar_may_lie_inside_31_containers_and_no_more(innermost: str) -> None:
    assert read_attributes({"a": _nested(31, innermost)}).fault is None
    for containers in (32, 33, 300):
        fault = read_attributes({"a": _nested(containers, innermost)}).fault
        assert fault is not None
        assert fault.nested_too_deep


def test_empty_names_and_names_beyond_64_kilobytes_are_refused() -> None:
    assert read_attributes({"": {"S": "x"}}).fault is not None
    assert read_attributes({"a": {"M": {"": {"S": "x"}}}}).fault is not None
    assert read_attributes({"é" * 32_768: {"S": "x"}}).fault is not None
    assert read_attributes({"a": {"L": [{"M": {"é" * 32_768: {"S": "x"}}}]}}).fault is not None
    assert read_attributes({"a" * 65_535: {"S": "x"}}).fault is None
