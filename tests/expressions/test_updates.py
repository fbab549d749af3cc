"""What updates make of an item."""

from copy import deepcopy
from typing import Any

import pytest

from trinamo.expressions import Update, compile_update
from trinamo.model.errors import ApiError
from trinamo.model.values import Item

KEY: Item = {"pk": {"S": "k"}}
ITEM: Item = {
    "pk": {"S": "k"},
    "n": {"N": "5"},
    "s": {"S": "x"},
    "ss": {"SS": ["a", "b"]},
    "bs": {"BS": [b"a"]},
    "l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]},
    "m": {"M": {"a": {"N": "1"}, "l": {"L": [{"S": "z"}]}, "ns": {"NS": ["1", "2"]}}},
}
VALUES: dict[str, Any] = {
    ":n": {"N": "2"},
    ":s": {"S": "new"},
    ":t": {"S": "more"},
    ":ss": {"SS": ["b", "c"]},
    ":ab": {"SS": ["b", "a"]},
    ":ns": {"NS": ["1", "2"]},
    ":bs": {"BS": [b"a", b"b"]},
    ":l": {"L": [{"S": "p"}]},
    ":max": {"N": "9" + "0" * 125},
    ":tiny": {"N": "0." + "0" * 129 + "1"},
}


def update(text: str) -> Update:
    return compile_update(text, None, VALUES)


def numbers(*texts: str) -> dict[str, Any]:
    return {"L": [{"N": text} for text in texts]}


@pytest.mark.parametrize(
    ("text", "changed", "touched"),
    [
        ("SET n = :s", {"n": {"S": "new"}}, {"n": {"S": "new"}}),
        ("SET x = :s", {"x": {"S": "new"}}, {"x": {"S": "new"}}),
        ("SET x = n, n = s", {"x": {"N": "5"}, "n": {"S": "x"}}, {"x": {"N": "5"}, "n": {"S": "x"}}),
        ("SET n = n + :n", {"n": {"N": "7"}}, {"n": {"N": "7"}}),
        ("SET n = :n - n", {"n": {"N": "-3"}}, {"n": {"N": "-3"}}),
        ("SET n = (n + n) - (:n + :n)", {"n": {"N": "6"}}, {"n": {"N": "6"}}),
        ("SET n = if_not_exists(n, :n)", {"n": {"N": "5"}}, {"n": {"N": "5"}}),
        ("SET x = if_not_exists(x, n) + :n", {"x": {"N": "7"}}, {"x": {"N": "7"}}),
        ("SET x = list_append(l, :l)", {"x": {"L": [*ITEM["l"]["L"], {"S": "p"}]}}, None),
        ("SET x = list_append(:l, m.l)", {"x": {"L": [{"S": "p"}, {"S": "z"}]}}, None),
        ("SET l[1] = :n", {"l": numbers("0", "2", "2")}, {"l": numbers("2")}),
        (
            "SET l[9] = :n, l[7] = :s",
            {"l": {"L": [*ITEM["l"]["L"], {"S": "new"}, {"N": "2"}]}},
            {"l": {"L": [{"S": "new"}, {"N": "2"}]}},
        ),
        ("REMOVE n", {"n": None}, {}),
        ("REMOVE x, m.x, l[7]", {}, {}),
        ("REMOVE l[0], l[2]", {"l": numbers("1")}, {}),
        ("REMOVE l[0] SET l[2] = :n", {"l": numbers("1", "2")}, {"l": numbers("2")}),
        ("REMOVE l[0] SET l[5] = :n", {"l": numbers("1", "2", "2")}, {"l": numbers("2")}),
        ("ADD n :n", {"n": {"N": "7"}}, {"n": {"N": "7"}}),
        ("ADD x :n", {"x": {"N": "2"}}, {"x": {"N": "2"}}),
        ("ADD ss :ss", {"ss": {"SS": ["a", "b", "c"]}}, {"ss": {"SS": ["a", "b", "c"]}}),
        ("ADD x :ss", {"x": {"SS": ["b", "c"]}}, {"x": {"SS": ["b", "c"]}}),
        ("ADD bs :bs", {"bs": {"BS": [b"a", b"b"]}}, {"bs": {"BS": [b"a", b"b"]}}),
        ("ADD l[1] :n", {"l": numbers("0", "3", "2")}, {"l": numbers("3")}),
        ("DELETE ss :ss", {"ss": {"SS": ["a"]}}, {"ss": {"SS": ["a"]}}),
        ("DELETE ss :ab", {"ss": None}, {}),
        ("DELETE x :ss", {}, {}),
        (
            "SET m.a = :s, m.b = :n DELETE m.ns :ns",
            {"m": {"M": {"a": {"S": "new"}, "l": {"L": [{"S": "z"}]}, "b": {"N": "2"}}}},
            {"m": {"M": {"a": {"S": "new"}, "b": {"N": "2"}}}},
        ),
        (
            "SET m.l[0] = :s",
            {"m": {"M": {**ITEM["m"]["M"], "l": {"L": [{"S": "new"}]}}}},
            {"m": {"M": {"l": {"L": [{"S": "new"}]}}}},
        ),
    ],
)
def test_update_changes(text: str, changed: dict[str, Any], touched: Item | None) -> None:
    expected = {**ITEM, **changed}
    before = deepcopy(ITEM)
    found = update(text).apply(ITEM, KEY)
    assert found.item == {name: value for name, value in expected.items() if value is not None}
    assert found.touched == (changed if touched is None else touched)
    assert before == ITEM, "the old item is changed in place"


DOCUMENT_PATH = "The document path provided in the update expression is invalid for update"
NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
OPERAND = "An operand in the update expression has an incorrect data type"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("SET x.y = :n", DOCUMENT_PATH),
        ("SET x[0] = :n", DOCUMENT_PATH),
        ("SET s.y = :n", DOCUMENT_PATH),
        ("SET m[0] = :n", DOCUMENT_PATH),
        ("SET l.x = :n", DOCUMENT_PATH),
        ("SET m.x.y = :n", DOCUMENT_PATH),
        ("SET l[5].x = :n", DOCUMENT_PATH),
        ("REMOVE x.y", DOCUMENT_PATH),
        ("REMOVE s[0]", DOCUMENT_PATH),
        ("ADD x.y :n", DOCUMENT_PATH),
        ("DELETE x.y :ss", DOCUMENT_PATH),
        ("SET x = y", NO_ATTRIBUTE),
        ("SET x = m.y", NO_ATTRIBUTE),
        ("SET x = y + :n", NO_ATTRIBUTE),
        ("SET x = if_not_exists(y, z)", NO_ATTRIBUTE),
        ("SET x = list_append(y, :l)", NO_ATTRIBUTE),
        ("SET n = s + :n", OPERAND),
        ("SET n = :n - s", OPERAND),
        ("SET x = list_append(s, :l)", OPERAND),
        ("SET x = list_append(ss, :l)", OPERAND),
        ("SET x = if_not_exists(s, :n) + :n", OPERAND),
        ("ADD s :n", OPERAND),
        ("ADD ss :n", OPERAND),
        ("ADD ss :ns", OPERAND),
        ("ADD n :ss", OPERAND),
        ("DELETE s :ss", OPERAND),
        ("DELETE ss :ns", OPERAND),
        ("SET n = n + :tiny", "Attempting to store more than 38 significant digits in a Number"),
        (
            "SET n = :max + :max",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
    ],
)
def test_update_that_does_not_fit_the_item_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ApiError) as caught:
        update(text).apply(ITEM, KEY)
    assert (caught.value.code, caught.value.message) == ("ValidationException", fault)


@pytest.mark.parametrize(
    ("text", "created"),
    [
        ("", KEY),
        ("SET s = :s", {**KEY, "s": {"S": "new"}}),
        ("ADD n :n", {**KEY, "n": {"N": "2"}}),
        ("ADD n :n REMOVE s", {**KEY, "n": {"N": "2"}}),
        ("REMOVE n", None),
        ("REMOVE l, s DELETE ss :ss", None),
    ],
)
def test_missing_item_is_created_by_what_writes(text: str, created: Item | None) -> None:
    assert update(text).apply(None, KEY).item == created


def test_right_hand_sides_see_nothing_where_no_item_is() -> None:
    with pytest.raises(ApiError, match=NO_ATTRIBUTE):
        update("SET x = pk").apply(None, KEY)
    created = update("SET n = if_not_exists(n, :n)").apply(None, KEY).item
    assert created == {**KEY, "n": {"N": "2"}}


def test_update_without_action_changes_nothing() -> None:
    found = compile_update(None, None, None).apply(ITEM, KEY)
    assert (found.item, found.touched) == (ITEM, {})


def test_old_values_of_the_paths_are_those_that_existed() -> None:
    found = update("SET m.a = :n, x = :n REMOVE l[2], l[0], l[9]").touched_of(ITEM)
    assert found == {"m": {"M": {"a": {"N": "1"}}}, "l": numbers("0", "2")}


def test_nested_value_must_not_get_too_deep() -> None:
    value: dict[str, Any] = {"S": "bottom"}
    for _ in range(31):
        value = {"L": [value]}
    values = {":v": value, ":w": value["L"][0]}
    item: Item = {"m": {"M": {}}}
    assert compile_update("SET a = :v", None, values).apply(item, KEY).item is not None
    assert compile_update("SET m.a = :w", None, values).apply(item, KEY).item is not None
    with pytest.raises(ApiError, match="Nesting Levels have exceeded supported limits"):
        compile_update("SET m.a = :v", None, values).apply(item, KEY)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("SET a = :s", 3 + 19),
        ("SET a = :s, b = :s ADD c :n", 3 + 3 * 19),
        ("REMOVE a, b DELETE c :ss", 3 + 3 * 2),
        ("SET a[0] = :s, b[1].c = :s", 3 + 2 * 19 + 1),
        ("SET a = a + :n", 3 + 19 + 50),
        ("SET a = if_not_exists(a, :n) - :n REMOVE b", 3 + 19 + 50 + 2),
    ],
)
def test_limit_of_size_includes_what_the_update_costs(text: str, cost: int) -> None:
    assert update(text).size_to_limit(1000, 0) == 1000 + cost
    assert update(text).size_to_limit(1000, 900) == 1000
