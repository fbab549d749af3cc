"""All expressions of one request: placeholder maps, and the order of checks."""

import pytest

from expressions.requests import error_of, read
from trinamo.expressions import Expressions
from trinamo.model.errors import VALIDATION_PREFIX, ApiError
from trinamo.model.keys import KeyAttribute

V = {"S": "a"}
PK = [KeyAttribute("pk", "S")]

UNUSED_NAMES = "Value provided in ExpressionAttributeNames unused in expressions: keys: "
UNUSED_VALUES = "Value provided in ExpressionAttributeValues unused in expressions: keys: "


def test_a_request_without_expressions_is_fine() -> None:
    expressions = read(condition=None)
    assert expressions == Expressions()
    assert not expressions.has_key_condition


def test_every_offending_parameter_of_a_mixture_is_named() -> None:
    assert error_of(legacy=["Expected", "AttributeUpdates"], update="x", condition="y") == (
        "Can not use both expression and non-expression parameters in the same request:"
        " Non-expression parameters: {Expected, AttributeUpdates}"
        " Expression parameters: {UpdateExpression, ConditionExpression}"
    )
    assert error_of(legacy=["AttributesToGet"], projection="a", filter=None) == (
        "Can not use both expression and non-expression parameters in the same request:"
        " Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
    )


def test_legacy_parameters_alone_are_not_mixed() -> None:
    read(legacy=["Expected"], condition=None)


def test_maps_need_an_expression() -> None:
    names = "ExpressionAttributeNames can only be specified when using expressions"
    values = "ExpressionAttributeValues can only be specified when using expressions: "
    assert error_of({"#a": "a"}, None, projection=None) == names
    assert error_of({}, None, projection=None) == names
    assert error_of({"#a": "a"}, {":v": V}, condition=None) == names
    assert error_of(None, {":v": V}, condition=None) == values + "ConditionExpression is null"
    assert error_of(None, {":v": V}, update=None, condition=None) == (
        values + "UpdateExpression is null and ConditionExpression is null"
    )
    assert error_of(None, {":v": V}, filter=None, projection=None, key=None) == (
        values + "FilterExpression is null and KeyConditionExpression is null"
    )
    assert error_of(None, {":v": V}, filter=None, projection="a") == values + "FilterExpression is null"


def test_maps_must_not_be_empty() -> None:
    assert error_of({}, None, projection="a") == "ExpressionAttributeNames must not be empty"
    assert error_of(None, {}, condition="a = b") == "ExpressionAttributeValues must not be empty"


@pytest.mark.parametrize("key", ["", "a", "#", "#a-b", "##a", ":a", "#a ", "#é"])
def test_keys_of_names_are_checked(key: str) -> None:
    expected = f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{key}"'
    assert error_of({key: "a"}, None, projection="a") == expected


@pytest.mark.parametrize("key", ["", "v", ":", ":a-b", "::a", "#a", ":v\n"])
def test_keys_of_values_are_checked(key: str) -> None:
    expected = f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{key}"'
    assert error_of(None, {key: V}, condition="a = b") == expected


def test_too_long_a_placeholder_and_too_long_or_empty_a_name_are_refused() -> None:
    assert "invalid key" in error_of({"#" + "a" * 255: "a"}, None, projection="a")
    assert "invalid value" in error_of({"#a": ""}, None, projection="#a")
    assert "invalid value" in error_of({"#a": "a" * 65_536}, None, projection="#a")
    read({"#" + "a" * 254: "a" * 65_535}, None, projection="#" + "a" * 254)


def test_faults_of_values_name_their_placeholder() -> None:
    prefix = "ExpressionAttributeValues contains invalid value: "
    assert error_of(None, {":v": {}}, condition="a = :v") == (
        prefix
        + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :v"
    )
    assert error_of(None, {":v": V, ":n": {"N": "x"}}, condition="a = :v") == (
        prefix + "The parameter cannot be converted to a numeric value: x for key :n"
    )
    assert error_of(None, {":v": {"SS": []}}, condition="a = :v") == (
        prefix + "One or more parameter values were invalid: An string set  may not be empty for key :v"
    )


def test_faults_of_nesting_are_not_wrapped() -> None:
    value: dict[str, object] = {"S": "a"}
    for _ in range(32):
        value = {"L": [value]}
    assert error_of(None, {":v": value}, condition="a = :v").startswith("Nesting Levels have exceeded")


@pytest.mark.parametrize("text", ["", " ", "\t\r\n"])
def test_empty_expression_is_refused(text: str) -> None:
    assert error_of(condition=text) == "Invalid ConditionExpression: The expression can not be empty;"


def test_size_of_an_expression_is_its_bytes_and_checked_before_its_syntax() -> None:
    text = "Invalid FilterExpression: Expression size has exceeded the maximum allowed size; expression size: 4098"
    assert error_of(filter="é" * 2049) == text
    assert "Syntax error" in error_of(filter="é" * 2048)
    read(projection="a" * 4096)


def test_unused_placeholders_are_listed_in_order() -> None:
    names = {"#b": "b", "#a": "a", "#c": "c"}
    assert error_of(names, None, projection="#a") == UNUSED_NAMES + "{#b, #c}"
    assert error_of(None, {":b": V, ":a": V}, condition="x = :b") == UNUSED_VALUES + "{:a}"


def test_a_placeholder_may_be_used_by_any_of_the_expressions() -> None:
    read(
        {"#a": "a", "#p": "pk"},
        {":v": V, ":w": V},
        filter="#a = :v",
        projection="#p",
        key="#p = :w",
    )


def test_names_are_checked_before_values_at_each_step() -> None:
    assert error_of({"x": "a"}, {}, condition="a = b").startswith("ExpressionAttributeNames contains")
    assert error_of({"#a": "a"}, {":v": V}, condition="a = b") == UNUSED_NAMES + "{#a}"


def test_the_earlier_check_is_reported_first() -> None:
    """Each request has the fault of its row and those of all rows below."""
    assert error_of({}, {}, ["Expected"], condition=" ").startswith("Can not use both")
    assert error_of({}, {"x": V}, condition=" ") == "ExpressionAttributeNames must not be empty"
    assert error_of({"#a": "a"}, {"x": V}, condition=" ").startswith("ExpressionAttributeValues contains")
    assert error_of({"#a": "a"}, None, update="a" * 5000, condition=" ").endswith("can not be empty;")
    assert error_of({"#a": "a"}, None, update="SET", condition="a" * 5000).startswith(
        "Invalid ConditionExpression: Expression size"
    )
    assert error_of({"#a": "a"}, None, condition="status = ") == (
        'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="'
    )
    assert "reserved keyword: status" in error_of({"#a": "a"}, None, condition="status = :v OR #b = foo(a)")
    assert "attribute name: #b" in error_of({"#a": "a"}, None, condition="a < :v OR #b = c")
    assert "attribute value: :v" in error_of(
        {"#a": "a"}, {":w": {"BOOL": True}}, condition="a < :w OR a < :v"
    )
    assert "operand type: BOOL" in error_of({"#a": "a"}, {":w": {"BOOL": True}}, condition="a < :w")
    assert error_of({"#a": "a"}, {":w": V}, condition="a < :w") == UNUSED_NAMES + "{#a}"


def test_update_is_read_before_condition() -> None:
    assert error_of(update="SET", condition="a").startswith("Invalid UpdateExpression: ")


def test_fault_of_a_key_condition_waits_and_hides_unused_placeholders() -> None:
    parameters = {"FilterExpression": "a = b", "KeyConditionExpression": "pk"}
    expressions = Expressions.read(parameters, {"#unused": "x"}, None)
    assert expressions.has_key_condition
    with pytest.raises(ApiError, match="Invalid KeyConditionExpression: Syntax error"):
        expressions.check_key_condition()
    with pytest.raises(ApiError, match="Invalid KeyConditionExpression: Syntax error"):
        expressions.key_condition(PK)


def test_faults_bear_the_newer_prefix_where_it_is_switched_on() -> None:
    with pytest.raises(ApiError) as caught:
        read(condition="a")
    prefix = VALIDATION_PREFIX.encode()
    assert prefix in caught.value.body(newer_wording=True)
    assert prefix not in caught.value.body()


def test_expressions_are_given_by_kind() -> None:
    found = read(None, {":v": V}, update="SET a = :v", condition="a = :v")
    assert found.update is not None
    assert found.condition is not None
    assert found.filter is None
    assert found.projection is None
    assert found.update.targets == (("a",),)
    assert found.condition.paths == (("a",),)
