"""Attribute values: all ten types come back, what is wrong with one is told wherever it stands; and numbers."""

from typing import Any

import pytest

from dynamodb.calls import (
    EMPTY_VALUE,
    EVERY_TYPE,
    SEVERAL_TYPES,
    VE,
    Item,
    P,
    call,
    fault,
    item,
    raw_fault,
    refusal,
)
from dynamodb.facts import fact

NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
TOO_MANY_DIGITS = "Attempting to store more than 38 significant digits in a Number"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
TOO_DEEP = (
    "Nesting Levels have exceeded supported limits:"
    " Attributes in the item have nested levels beyond supported limit"
)


def nested(containers: int, value: Item | None = None) -> Item:
    """A value inside of lists and maps in turn."""
    found = {"S": "x"} if value is None else value
    for level in range(containers):
        found = {"L": [found]} if level % 2 else {"M": {"k": found}}
    return found


# --- what comes back


def sets_sorted(attributes: Item) -> Item:
    """Sets have no order."""
    return {
        name: {
            kind: sorted(value, key=repr) if kind in ("SS", "NS", "BS") else value
            for kind, value in each.items()
        }
        for name, each in attributes.items()
    }


@fact("values.1", "values.16", "values.17", "values.18", "values.23", "items.10", "items.12")
def test_all_ten_types_come_back_as_they_went_in(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=item(1, **EVERY_TYPE))
    for consistent in (True, False):
        found = client.get_item(TableName=standing, Key=item(1), ConsistentRead=consistent)["Item"]
        assert sets_sorted(found) == sets_sorted(item(1, **EVERY_TYPE))


@fact("values.23")
def test_names_and_values_are_case_sensitive_and_of_any_characters(client: Any, standing: str) -> None:
    names = ["a", "A", " ", ".", "#", "a.b[0]", "\u00e9", "e\u0301", "\U0001f600", "\x00", "status", "0"]
    attributes = {name: {"S": name} for name in names}
    client.put_item(TableName=standing, Item={**item(1), **attributes})
    assert call(client, "GetItem", {"TableName": standing, "Key": item(1)}) == {
        "Item": {**item(1), **attributes}
    }
    client.put_item(TableName=standing, Item=item(1, pk="A"))
    assert call(client, "GetItem", {"TableName": standing, "Key": item(1, pk="A")}) == {
        "Item": item(1, pk="A")
    }


@fact("values.22")
def test_names_have_up_to_65535_bytes(client: Any, standing: str) -> None:
    long = {**item(1), "é" * 32_767 + "a": {"NULL": True}}
    client.put_item(TableName=standing, Item=long)
    assert call(client, "GetItem", {"TableName": standing, "Key": item(1)}) == {"Item": long}
    for name in ("é" * 32_768, ""):
        for attributes in ({name: {"NULL": True}}, {"m": {"M": {name: {"NULL": True}}}}):
            code, _ = fault(
                refusal(client, "PutItem", {"TableName": standing, "Item": {**item(1), **attributes}})
            )
            assert code == VE


# --- what is wrong with a value


FAULTS = [
    pytest.param({}, EMPTY_VALUE, marks=fact("values.2")),
    pytest.param({"S": "a", "N": "1"}, SEVERAL_TYPES, marks=fact("values.3")),
    pytest.param(
        {"NULL": False}, f"{P}Null attribute value types must have the value of true", marks=fact("values.4")
    ),
    pytest.param({"SS": []}, f"{P}An string set  may not be empty", marks=fact("values.5")),
    pytest.param({"NS": []}, f"{P}An number set  may not be empty", marks=fact("values.6")),
    pytest.param({"BS": []}, f"{P}Binary sets should not be empty", marks=fact("values.7")),
    pytest.param(
        {"SS": ["b", "a", "b"]}, f"{P}Input collection [b, a, b] contains duplicates.", marks=fact("values.8")
    ),
    pytest.param(
        {"BS": [b"a", b"a"]},
        f"{P}Input collection [YQ==, YQ==]of type BS contains duplicates.",
        marks=fact("values.9"),
    ),
    pytest.param({"NS": ["1", "2", "1.0"]}, "Input collection contains duplicates", marks=fact("values.10")),
]
BAD_NUMBERS = [
    pytest.param({"N": ""}, NOT_NUMERIC, marks=fact("values.32")),
    *[
        pytest.param({"N": text}, f"{NOT_NUMERIC}: {text}", marks=fact("values.31"))
        for text in (
            "one",
            " 1",
            "1 ",
            "1\n",
            "0x1F",
            "NaN",
            "Infinity",
            "-Infinity",
            "1e",
            ".",
            "+",
            "1.2.3",
            "1_0",
            "١",
        )
    ],
    pytest.param({"NS": ["1", "x"]}, f"{NOT_NUMERIC}: x", marks=fact("values.31")),
    *[
        pytest.param({"N": text}, TOO_MANY_DIGITS, marks=fact("values.33"))
        for text in (
            "1" * 39,
            "-" + "1" * 39,
            "0." + "9" * 39,
            "1" + "0" * 37 + "1",
            "0." + "1" * 39 + "E100",
        )
    ],
    *[
        pytest.param({"N": text}, OVERFLOW, marks=fact("values.34"))
        for text in (
            "1E126",
            "-1E126",
            "9.9999999999999999999999999999999999999E126",
            "10E125",
            "1E999999999999",
        )
    ],
    *[
        pytest.param({"N": text}, UNDERFLOW, marks=fact("values.35"))
        for text in ("1E-131", "-1E-131", "9.9E-131", "0.1E-130", "1E-999999999999")
    ],
]


@fact("values.12")
@pytest.mark.parametrize("containers", [0, 1, 2, 7])
@pytest.mark.parametrize(("value", "text"), [*FAULTS, *BAD_NUMBERS])
def test_a_faulty_value_is_refused_at_any_depth(
    client: Any, standing: str, value: Item, text: str, containers: int
) -> None:
    attributes = {"fine": {"N": "01"}, "bad": nested(containers, value)}
    assert fault(refusal(client, "PutItem", {"TableName": standing, "Item": {**item(1), **attributes}})) == (
        VE,
        text,
    )
    write = {standing: [{"PutRequest": {"Item": {**item(1), **attributes}}}]}
    assert fault(refusal(client, "BatchWriteItem", {"RequestItems": write})) == (VE, text)


@fact("values.2")
def test_unknown_members_count_as_absent(url: str, standing: str) -> None:
    """boto3 sends no members that it does not know."""
    request = {"TableName": standing, "Item": item(1, bad={"X": "y"})}
    assert raw_fault(url, "PutItem", request) == (VE, EMPTY_VALUE)


@fact("values.13")
@pytest.mark.parametrize(("value", "text"), [*FAULTS, *BAD_NUMBERS])
def test_a_faulty_value_of_an_expression_names_its_placeholder(
    client: Any, standing: str, value: Item, text: str
) -> None:
    request = {
        "TableName": standing,
        "Key": item(1),
        "UpdateExpression": "SET a = :x",
        "ExpressionAttributeValues": {":x": nested(1, value)},
    }
    told = f"ExpressionAttributeValues contains invalid value: {text} for key :x"
    assert fault(refusal(client, "UpdateItem", request)) == (VE, told)


@fact("values.15", "reading.40")
@pytest.mark.parametrize("operation", ["Query", "Scan"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(*row.values[:1], f"The provided starting key is invalid: {row.values[1]}")
        for row in FAULTS
    ]
    + BAD_NUMBERS,
)
def test_a_faulty_value_of_a_starting_key_is_told_before_anything_about_the_table(
    client: Any, operation: str, value: Item, text: str
) -> None:
    request: dict[str, Any] = {"TableName": "no.such", "ExclusiveStartKey": {"pk": value}}
    if operation == "Query":
        request |= {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "a"}}}
    assert fault(refusal(client, operation, request)) == (VE, text)


# --- depth


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (nested(31), True),
        (nested(31, {"SS": ["x"]}), True),
        (nested(31, {"L": []}), True),
        (nested(32), False),
        (nested(31, {"L": [{"S": "x"}]}), False),
        (nested(33), False),
        (nested(200), False),
    ],
)
@fact("values.11", "values.14", "values.19", "values.20")
def test_values_are_nested_32_levels_deep_and_no_deeper(
    client: Any, standing: str, value: Item, fits: bool
) -> None:
    put = {"TableName": standing, "Item": item(1, v=value)}
    update = {
        "TableName": standing,
        "Key": item(1),
        "UpdateExpression": "SET v = :v",
        "ExpressionAttributeValues": {":v": value},
    }
    if not fits:
        assert fault(refusal(client, "PutItem", put)) == (VE, TOO_DEEP)
        assert fault(refusal(client, "UpdateItem", update)) == (VE, TOO_DEEP)
        return
    for operation, request in (("PutItem", put), ("UpdateItem", update)):
        assert call(client, operation, request) == {}
        assert client.get_item(TableName=standing, Key=item(1))["Item"] == item(1, v=value)


@fact("values.21")
def test_an_update_does_not_build_deeper_values(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=item(1, v={"M": {}}))
    for containers, fits in ((30, True), (31, False)):
        request = {
            "TableName": standing,
            "Key": item(1),
            "UpdateExpression": "SET v.w = :v",
            "ExpressionAttributeValues": {":v": nested(containers)},
        }
        if fits:
            assert call(client, "UpdateItem", request) == {}
        else:
            assert fault(refusal(client, "UpdateItem", request))[0] == VE
    assert client.get_item(TableName=standing, Key=item(1))["Item"] == item(1, v={"M": {"w": nested(30)}})


# --- numbers


NINES = "9.9999999999999999999999999999999999999E125"  # 38 of them


@fact("values.30", "values.33", "values.34", "values.35", "values.39", "values.40")
@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("+1.50", "1.5"),
        ("1.5E2", "150"),
        ("1.5e+2", "150"),
        ("1e-3", "0.001"),
        ("0012", "12"),
        ("-0", "0"),
        ("-0.0E5", "0"),
        ("0E999999999999", "0"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("1E125", "1" + "0" * 125),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("-1E-130", "-0." + "0" * 129 + "1"),
        (NINES, "9" * 38 + "0" * 88),
        ("-" + NINES, "-" + "9" * 38 + "0" * 88),
        ("1." + "2" * 37 + "E-92", "0." + "0" * 91 + "1" + "2" * 37),
        ("9" * 38, "9" * 38),
        ("1" + "0" * 100, "1" + "0" * 100),
        ("000" + "1" * 38 + ".000", "1" * 38),
        ("0.000" + "1" * 38 + "000", "0.000" + "1" * 38),
    ],
)
def test_numbers_come_back_in_canonical_form(client: Any, standing: str, given: str, canonical: str) -> None:
    client.put_item(TableName=standing, Item=item(1, n={"N": given}, ns={"NS": [given]}))
    found = client.get_item(TableName=standing, Key=item(1))["Item"]
    assert (found["n"], found["ns"]) == ({"N": canonical}, {"NS": [canonical]})


TINY = "0." + "0" * 129 + "1"


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        pytest.param("0.1", "+", "0.2", "0.3", marks=fact("values.36")),
        pytest.param("1", "-", "1.000", "0", marks=fact("values.36")),
        pytest.param("9" * 38, "+", "1", "1" + "0" * 38, marks=fact("values.36")),
        pytest.param("1" + "0" * 37, "+", "1", "1" + "0" * 36 + "1", marks=fact("values.36")),
        pytest.param(
            "0." + "0" * 37 + "1", "-", "0." + "0" * 37 + "2", "-0." + "0" * 37 + "1", marks=fact("values.36")
        ),
        pytest.param(TINY, "-", TINY, "0", marks=fact("values.36")),
        pytest.param("9E125", "+", "1E125", OVERFLOW, marks=fact("values.37")),
        pytest.param("-9E125", "-", "1E125", OVERFLOW, marks=fact("values.37")),
        pytest.param("1" + "0" * 38, "+", "1", VE, marks=fact("values.38")),
        pytest.param("1E125", "+", "1E-130", VE, marks=fact("values.38")),
        pytest.param("1" * 38, "-", "0.1", VE, marks=fact("values.38")),
    ],
)
def test_arithmetic_is_exact_or_refused(
    client: Any, standing: str, left: str, operator: str, right: str, result: str
) -> None:
    key = {"TableName": standing, "Key": item(1)}
    for update in (f"SET n = n {operator} :d", *(["ADD n :d"] if operator == "+" else [])):
        client.put_item(TableName=standing, Item=item(1, n={"N": left}))
        before = call(client, "GetItem", key)
        request = {
            **key,
            "UpdateExpression": update,
            "ExpressionAttributeValues": {":d": {"N": right}},
            "ReturnValues": "UPDATED_NEW",
        }
        if result[0] in "-0123456789":
            assert call(client, "UpdateItem", request) == {"Attributes": {"n": {"N": result}}}
            continue
        code, text = fault(refusal(client, "UpdateItem", request))
        assert code == VE
        assert result in (text, code)  # the words about too many digits are not certain
        assert call(client, "GetItem", key) == before
