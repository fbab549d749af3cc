"""What conditions and filters say of an item: of one that has all types, and of none."""

from typing import Any

import pytest

from dynamodb.calls import Item, call, item
from dynamodb.expressions import CONDITION, FILTER, KEYS, PROJECTION, holds, placeholders, request
from dynamodb.facts import fact

ITEM: Item = item(
    1,
    txt={"S": "Grüße 😀"},
    hollow={"S": ""},
    num={"N": "5"},
    bin_={"B": b"\x00\xff\x10"},
    flag={"BOOL": True},
    nothing={"NULL": True},
    strs={"SS": ["a", "b"]},
    nums={"NS": ["2", "3", "5"]},
    bins={"BS": [b"x", b"y"]},
    list_={"L": [{"S": "a"}, {"N": "1"}, {"L": [{"SS": ["p", "q"]}]}, {"M": {"deep": {"N": "7"}}}]},
    map_={"M": {"a": {"S": "x"}, "l": {"L": [{"N": "1"}]}, "x.y": {"N": "3"}}},
) | {"x.y": {"N": "4"}}
NAMES = {"#xy": "x.y"}


def row(held: str, text: str, expected: bool, value: Item | None = None) -> Any:
    shown = "" if value is None else f" {value}"
    return pytest.param(text, value, expected, marks=fact(held), id=f"{text}{shown}")


ROWS = [
    # missing operands
    row("expressions.140", "gone = :v", False, {"S": "a"}),
    row("expressions.140", "gone = lost", False),
    row("expressions.140", "gone < :v", False, {"N": "9"}),
    row("expressions.140", "gone >= :v", False, {"N": "0"}),
    row("expressions.140", "gone BETWEEN :v AND num", False, {"N": "0"}),
    row("expressions.140", "num BETWEEN gone AND :v", False, {"N": "9"}),
    row("expressions.140", "gone IN (:v, lost)", False, {"N": "5"}),
    row("expressions.140", "num IN (gone, :v)", True, {"N": "5"}),
    row("expressions.140", "begins_with(gone, :v)", False, {"S": ""}),
    row("expressions.140", "begins_with(txt, gone)", False),
    row("expressions.140", "contains(gone, :v)", False, {"S": ""}),
    row("expressions.140", "contains(txt, gone)", False),
    row("expressions.140", "attribute_type(gone, :v)", False, {"S": "S"}),
    row("expressions.140", "map_.gone = :v", False, {"S": "x"}),
    row("expressions.140", "list_[9] = :v", False, {"S": "a"}),
    row("expressions.141", "gone <> :v", True, {"S": "a"}),
    row("expressions.141", "num <> gone", True),
    row("expressions.141", "gone <> lost", False),
    row("expressions.141", "num <> :v", True, {"S": "5"}),
    row("expressions.141", "num <> :v", False, {"N": "5.0"}),
    row("expressions.142", "NOT gone = :v", True, {"S": "a"}),
    row("expressions.142", "NOT gone < :v", True, {"N": "1"}),
    row("expressions.142", "NOT begins_with(gone, :v)", True, {"S": "a"}),
    row("expressions.142", "NOT (gone = :v OR gone <> :v)", False, {"S": "a"}),
    row("expressions.142", "NOT num = :v", False, {"N": "5"}),
    # size
    row("expressions.143", "size(txt) = :v", True, {"N": "8"}),
    row("expressions.143", "size(hollow) = :v", True, {"N": "0"}),
    row("expressions.144", "size(bin_) = :v", True, {"N": "3"}),
    row("expressions.145", "size(strs) = :v", True, {"N": "2"}),
    row("expressions.145", "size(nums) = :v", True, {"N": "3"}),
    row("expressions.145", "size(bins) = :v", True, {"N": "2"}),
    row("expressions.145", "size(list_) = :v", True, {"N": "4"}),
    row("expressions.145", "size(map_) = :v", True, {"N": "3"}),
    row("expressions.145", "size(list_[2]) = :v", True, {"N": "1"}),
    row("expressions.146", "size(num) >= :v", False, {"N": "0"}),
    row("expressions.146", "size(flag) >= :v", False, {"N": "0"}),
    row("expressions.146", "size(nothing) >= :v", False, {"N": "0"}),
    row("expressions.146", "size(gone) >= :v", False, {"N": "0"}),
    row("expressions.146", "size(gone) <> :v", True, {"N": "0"}),
    row("expressions.147", "size(strs) < size(nums)", True),
    row("expressions.147", "size(nums) BETWEEN :v AND num", True, {"N": "3"}),
    row("expressions.147", "size(list_) IN (num, :v)", True, {"N": "4"}),
    row("expressions.147", "num > size(nums)", True),
    row("expressions.147", "contains(nums, size(strs))", True),
    # contains
    row("expressions.148", "contains(txt, :v)", True, {"S": "üß"}),
    row("expressions.148", "contains(txt, :v)", True, {"S": ""}),
    row("expressions.148", "contains(txt, :v)", False, {"S": "uss"}),
    row("expressions.148", "contains(txt, :v)", False, {"B": b"Gr"}),
    row("expressions.149", "contains(bin_, :v)", True, {"B": b"\xff\x10"}),
    row("expressions.149", "contains(bin_, :v)", False, {"B": b"\x10\xff"}),
    row("expressions.150", "contains(strs, :v)", True, {"S": "b"}),
    row("expressions.150", "contains(strs, :v)", False, {"S": "c"}),
    row("expressions.150", "contains(strs, :v)", False, {"SS": ["a"]}),
    row("expressions.150", "contains(nums, :v)", True, {"N": "5.00"}),
    row("expressions.150", "contains(nums, :v)", False, {"S": "5"}),
    row("expressions.150", "contains(bins, :v)", True, {"B": b"y"}),
    row("expressions.151", "contains(list_, :v)", True, {"N": "1.0"}),
    row("expressions.151", "contains(list_, :v)", True, {"L": [{"SS": ["q", "p"]}]}),
    row("expressions.151", "contains(list_, :v)", True, {"M": {"deep": {"N": "7"}}}),
    row("expressions.151", "contains(list_, :v)", False, {"S": "1"}),
    row("expressions.152", "contains(map_, :v)", False, {"S": "a"}),
    row("expressions.152", "contains(num, :v)", False, {"N": "5"}),
    row("expressions.152", "contains(nothing, :v)", False, {"NULL": True}),
    # begins_with
    row("expressions.153", "begins_with(txt, :v)", True, {"S": "Grü"}),
    row("expressions.153", "begins_with(txt, :v)", True, {"S": ""}),
    row("expressions.153", "begins_with(txt, :v)", False, {"S": "gr"}),
    row("expressions.153", "begins_with(txt, :v)", False, {"B": b"Gr"}),
    row("expressions.153", "begins_with(bin_, :v)", True, {"B": b"\x00\xff"}),
    row("expressions.153", "begins_with(num, :v)", False, {"S": "5"}),
    row("expressions.153", "begins_with(strs, :v)", False, {"S": "a"}),
    row("expressions.153", "begins_with(:v, hollow)", True, {"S": "x"}),
    # attribute_type, attribute_exists
    *(
        row("expressions.154", f"attribute_type({name}, :v)", code == other, {"S": other})
        for name, code in (
            ("txt", "S"), ("num", "N"), ("bin_", "B"), ("flag", "BOOL"), ("nothing", "NULL"), ("strs", "SS"),
            ("nums", "NS"), ("bins", "BS"), ("list_", "L"), ("map_", "M"),
        )
        for other in (code, "S", "N", "NULL")
    ),
    row("expressions.154", "attribute_type(txt, map_.a)", False),
    row("expressions.155", "attribute_exists(nothing)", True),
    row("expressions.155", "attribute_not_exists(nothing)", False),
    row("expressions.156", "attribute_exists(pk)", True),
    row("expressions.156", "attribute_exists(hollow)", True),
    row("expressions.156", "attribute_exists(map_.l[0])", True),
    row("expressions.156", "attribute_exists(gone)", False),
    row("expressions.156", "attribute_not_exists(gone)", True),
    row("expressions.156", "attribute_not_exists(map_.l[1])", True),
    # paths
    row("expressions.157", "list_[2][0] = :v", True, {"SS": ["q", "p"]}),
    row("expressions.157", "list_[3].deep = :v", True, {"N": "7"}),
    row("expressions.157", "map_.l[0] = :v", True, {"N": "1"}),
    row("expressions.157", "attribute_not_exists(list_[4])", True),
    row("expressions.158", "attribute_not_exists(map_[0])", True),
    row("expressions.158", "attribute_not_exists(list_.a)", True),
    row("expressions.158", "attribute_not_exists(txt.a)", True),
    row("expressions.158", "attribute_not_exists(txt[0])", True),
    row("expressions.158", "attribute_not_exists(gone.a[3].b)", True),
    row("expressions.159", "#xy = :v", True, {"N": "4"}),
    row("expressions.159", "map_.#xy = :v", True, {"N": "3"}),
    row("expressions.159", "attribute_not_exists(x.y)", True),
    # comparisons between attributes, and between values
    row("expressions.160", "map_.l[0] = list_[1]", True),
    row("expressions.160", "num > list_[1]", True),
    row("expressions.160", "flag < num", False),
    row("expressions.160", ":v = :v", True, {"S": "a"}),
    row("expressions.160", ":v IN (strs, num)", True, {"SS": ["b", "a"]}),
]  # fmt: skip


@pytest.fixture(scope="module")
def stored(client: Any, standing: str) -> str:
    client.put_item(TableName=standing, Item=ITEM)
    return standing


@pytest.mark.parametrize(("text", "value", "expected"), ROWS)
def test_conditions_and_filters_say_the_same_of_an_item(
    client: Any, stored: str, text: str, value: Item | None, expected: bool
) -> None:
    values = None if value is None else {":v": value}
    assert holds(client, stored, text, NAMES, values) is expected
    operation, made = request(stored, FILTER, text, NAMES, values)
    assert call(client, operation, made)["Count"] == expected
    query: dict[str, Any] = {
        "TableName": stored,
        KEYS: "pk = :pk",
        **placeholders(f"{text} :pk", NAMES, {**(values or {}), ":pk": {"S": "a"}}),
    }
    if "pk" not in text:  # a query's filter may not look at keys
        assert call(client, "Query", {**query, FILTER: text})["Count"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("attribute_not_exists(pk)", True),
        ("attribute_exists(pk)", False),
        ("pk = :a", False),
        ("pk <> :a", True),
        ("NOT pk = :a", True),
        ("size(pk) = :one", False),
    ],
)
@fact("expressions.161")
def test_the_condition_of_a_write_sees_nothing_where_no_item_is(
    client: Any, stored: str, text: str, expected: bool
) -> None:
    values: Item = {":a": {"S": "a"}, ":one": {"N": "1"}}
    _, made = request(stored, CONDITION, text, None, values, key=item(99))
    if expected:
        call(client, "DeleteItem", made)
    else:
        with pytest.raises(client.exceptions.ConditionalCheckFailedException):
            call(client, "DeleteItem", made)


@fact("expressions.161")
def test_the_condition_of_a_put_sees_the_stored_item_and_not_the_new_one(client: Any, stored: str) -> None:
    put = {
        "TableName": stored,
        "Item": {**ITEM, "fresh": {"N": "1"}},
        CONDITION: "attribute_exists(fresh)",
    }
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        call(client, "PutItem", put)
    call(client, "PutItem", {**put, "Item": ITEM, CONDITION: "attribute_not_exists(fresh)"})


@fact("expressions.162")
def test_a_filter_sees_attributes_that_are_not_shown(client: Any, stored: str) -> None:
    values: Item = {":five": {"N": "5"}}
    for projection, shown in (("flag", [{"flag": {"BOOL": True}}]), ("gone", [{}])):
        made = {"TableName": stored, FILTER: "num = :five", PROJECTION: projection}
        answer = call(client, "Scan", {**made, "ExpressionAttributeValues": values})
        assert answer["Items"] == shown
