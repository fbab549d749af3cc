"""Legacy parameters against plain models: conditions on values as Python's own, updates on a dict."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from expressions.natives import native
from expressions.trees import patient
from model.attribute_values import values
from trinamo.expressions import compile_condition, read_attribute_updates, read_expected, read_filter
from trinamo.expressions.legacyconditions import condition_tree, filter_tests
from trinamo.expressions.parser import parse_condition_text
from trinamo.expressions.placeholders import Placeholders
from trinamo.expressions.syntax import print_tree
from trinamo.model.errors import ApiError
from trinamo.model.numbers import NumberFault, add
from trinamo.model.values import AttributeValue, Item, order

NAMES = ("a", "b", "size", "a.b", "#a")
EXAMPLES: list[AttributeValue] = [
    {"S": "a"}, {"S": "ab"}, {"N": "1"}, {"N": "2"}, {"B": b"a"}, {"BOOL": True}, {"NULL": True},
    {"SS": ["a", "ab"]}, {"NS": ["1", "2"]}, {"L": [{"S": "a"}, {"N": "1"}, {"NULL": True}]}, {"L": []},
]  # fmt: skip
few = values | st.sampled_from(EXAMPLES)
items: st.SearchStrategy[Item] = st.dictionaries(st.sampled_from(NAMES), few)

# --- conditions


ORDERED: dict[str, list[Any]] = {
    "S": ["", "a", "ab", "b"],
    "N": ["1", "2", "-0.5"],
    "B": [b"", b"a", b"ab"],
}
OPERATORS = (
    "EQ", "NE", "LE", "LT", "GE", "GT", "BETWEEN", "IN", "BEGINS_WITH", "CONTAINS", "NOT_CONTAINS", "NULL", "NOT_NULL",
)  # fmt: skip


def arguments(operator: str) -> st.SearchStrategy[list[AttributeValue]]:
    """What an operator takes."""
    ordered = [
        st.sampled_from([{code: content} for content in contents]) for code, contents in ORDERED.items()
    ]
    if operator in ("NULL", "NOT_NULL"):
        return st.just([])
    if operator in ("EQ", "NE"):
        return few.map(lambda value: [value])
    if operator == "IN":
        return st.one_of([st.lists(one, min_size=1, max_size=3) for one in ordered])
    if operator == "BETWEEN":
        pairs = st.one_of([st.lists(one, min_size=2, max_size=2) for one in ordered])
        return pairs.map(lambda pair: pair if order(*pair) != 1 else pair[::-1])
    if operator == "BEGINS_WITH":
        return st.one_of(ordered[0], ordered[2]).map(lambda value: [value])
    other: list[AttributeValue] = [{"BOOL": True}, {"NULL": True}]
    more = [st.sampled_from(other)] if "CONTAINS" in operator else []
    return st.one_of(*ordered, *more).map(lambda value: [value])


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    found = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        operator = draw(st.sampled_from(OPERATORS))
        found[name] = {
            "ComparisonOperator": operator,
            "AttributeValueList": draw(arguments(operator)),
        }
    return found


def says(stored: AttributeValue | None, operator: str, arguments: list[AttributeValue]) -> bool:
    """What one condition says of an attribute, or of none."""
    if operator in ("NULL", "NOT_NULL"):
        return (stored is None) == (operator == "NULL")
    if operator in ("NE", "NOT_CONTAINS"):
        return not says(stored, {"NE": "EQ", "NOT_CONTAINS": "CONTAINS"}[operator], arguments)
    if stored is None:
        return False
    (code, content), given = native(stored), [native(argument) for argument in arguments]
    first_code, first = given[0]
    if operator in ("EQ", "IN"):
        return (code, content) in given
    if operator == "CONTAINS":
        if code == "L":
            return given[0] in content
        return bool(
            ((code == first_code and code in ("S", "B")) or code == f"{first_code}S") and first in content
        )
    if code != first_code or code not in ("S", "N", "B"):
        return False
    if operator == "BEGINS_WITH":
        return bool(content.startswith(first))
    if operator == "BETWEEN":
        return bool(first <= content <= given[1][1])
    return bool(
        {"LE": content <= first, "LT": content < first, "GE": content >= first, "GT": content > first}[
            operator
        ]
    )


@patient
@given(conditions(), items, st.sampled_from([None, "AND", "OR"]))
def test_legacy_conditions_say_what_the_plain_model_says(
    conditions: dict[str, Any], item: Item, joined: str | None
) -> None:
    each = [
        says(item.get(name), entry["ComparisonOperator"], entry["AttributeValueList"])
        for name, entry in conditions.items()
    ]
    expected = any(each) if joined == "OR" else all(each)
    for read in (read_expected(conditions, joined), read_filter("ScanFilter", conditions, joined)):
        assert read is not None
        assert read.evaluate(item) == expected
        # and so it does where only text, names and values arrive
        assert compile_condition(read.plan.text, read.plan.given_names, read.values)(item) == expected


@patient
@given(conditions(), st.booleans())
def test_legacy_conditions_print_to_what_parses_to_them(conditions: dict[str, Any], any_of: bool) -> None:
    tree = condition_tree(filter_tests(conditions), Placeholders(), any_of=any_of)
    assert parse_condition_text(print_tree(tree)) == tree


# --- updates

ACTIONS: list[dict[str, Any]] = [
    {"Action": "PUT", "Value": {"S": "put"}},
    {"Value": {"L": []}},
    {"Action": "DELETE"},
    {"Action": "DELETE", "Value": {"SS": ["a", "b"]}},
    {"Action": "DELETE", "Value": {"NS": ["1"]}},
    {"Action": "ADD", "Value": {"N": "-0.5"}},
    {"Action": "ADD", "Value": {"SS": ["b", "c"]}},
    {"Action": "ADD", "Value": {"NS": ["3"]}},
    {"Action": "ADD", "Value": {"L": [{"S": "x"}, {"N": "1"}]}},
]
updates = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ACTIONS))
KEY: Item = {"pk": {"S": "k"}}


class Refused(Exception):
    """The update does not fit the item."""


def changed(old: AttributeValue | None, entry: dict[str, Any]) -> AttributeValue | None:
    """What an entry makes of an attribute, or of none."""
    action, value = entry.get("Action", "PUT"), entry.get("Value")
    if action == "PUT" or value is None:
        return value
    [(code, content)] = value.items()
    if old is None:
        return value if action == "ADD" else None
    if code not in old:
        raise Refused
    before = old[code]
    if code == "N":
        try:
            return {"N": add(before, content)}
        except NumberFault:
            raise Refused from None
    if code == "L":
        return {"L": before + content}
    after = set(before) | set(content) if action == "ADD" else set(before) - set(content)
    return {code: list(after)} if after else None


@patient
@given(updates, st.none() | items)
def test_attribute_updates_do_what_the_plain_model_does(updates: dict[str, Any], item: Item | None) -> None:
    expected: Item | None = dict(KEY if item is None else item)
    try:
        for name, entry in updates.items():
            value = changed((item or {}).get(name), entry)
            assert expected is not None
            expected.pop(name, None)
            if value is not None:
                expected[name] = value
    except Refused:
        expected = None
        refused = True
    else:
        refused = False
        if item is None and updates and all(entry.get("Action") == "DELETE" for entry in updates.values()):
            expected = None
    try:
        found = read_attribute_updates(updates).apply(item, KEY).item
    except ApiError:
        assert refused
        return
    assert not refused
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert native({"M": found}) == native({"M": expected})
