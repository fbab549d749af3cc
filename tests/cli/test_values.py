"""Claims about attribute values and plain JSON."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.cli.values import Item, NoPlainForm, exact_item, load_plain, read_item, show_item, to_item

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,37})(\.[0-9]{0,5}[1-9])?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
PLAIN_VALUES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.builds(lambda text: {"S": text}, TEXTS)
    | st.builds(lambda text: {"N": text}, NUMBERS)
    | st.builds(lambda truth: {"BOOL": truth}, st.booleans())
    | st.just({"NULL": True}),
    lambda inner: (
        st.builds(lambda items: {"L": items}, st.lists(inner, max_size=3))
        | st.builds(lambda items: {"M": items}, st.dictionaries(TEXTS, inner, max_size=3))
    ),
    max_leaves=8,
)
PLAIN_ITEMS = st.dictionaries(TEXTS, PLAIN_VALUES, max_size=4)


@given(PLAIN_ITEMS)
def test_plain_json_says_exactly_what_it_can_say(item: dict[str, Any]) -> None:
    assert to_item(load_plain(exact_item(item))) == item
    assert show_item(item) == exact_item(item)


@pytest.mark.parametrize(
    "digits", ["1", "-0.5", "1.50", "1e3", "12345678901234567890123456789012345678", "1E-130"]
)
def test_digits_stay_as_they_are_written(digits: str) -> None:
    assert read_item(f'{{"n": {digits}}}', dynamodb_json=False) == {"n": {"N": digits}}
    assert show_item({"n": {"N": digits}}) == f'{{"n": {digits}}}'


def test_people_see_sets_as_arrays_and_binary_values_as_base64() -> None:
    item: Item = {"s": {"SS": ["ü"]}, "n": {"NS": ["1", "2.5"]}, "b": {"B": "AAE="}, "bs": {"BS": ["AA=="]}}
    assert show_item(item) == '{"s": ["ü"], "n": [1, 2.5], "b": "AAE=", "bs": ["AA=="]}'
    for name in item:
        with pytest.raises(NoPlainForm, match="has no form in plain JSON"):
            exact_item({name: item[name]})
        with pytest.raises(NoPlainForm):
            exact_item({"deep": {"L": [{"M": {name: item[name]}}]}})


@pytest.mark.parametrize("text", ["[1]", "1", "null", '"a"', "{", "", '{"a": NaN}', '{"a": Infinity}'])
def test_what_is_no_item_is_refused(text: str) -> None:
    for dynamodb_json in (False, True):
        with pytest.raises(ValueError):
            read_item(text, dynamodb_json=dynamodb_json)


@pytest.mark.parametrize("value", ['"a"', "{}", '{"S": "a", "N": "1"}', '{"X": "a"}', "[]", "null"])
def test_what_is_no_dynamodb_json_is_refused(value: str) -> None:
    with pytest.raises(NoPlainForm, match="a is not DynamoDB JSON"):
        read_item(f'{{"a": {value}}}', dynamodb_json=True)


@pytest.mark.parametrize("depth", [200, 100_000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(NoPlainForm, match="nested too deep"):
        read_item('{"a": ' + "[" * depth + "]" * depth + "}", dynamodb_json=False)
