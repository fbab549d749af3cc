"""What conditions say of an item."""

from typing import Any

import pytest

from trinamo.expressions import compile_condition

ITEM: dict[str, dict[str, Any]] = {
    "pk": {"S": "user#1"},
    "txt": {"S": "Grüße 😀"},
    "hollow": {"S": ""},
    "num": {"N": "5"},
    "price": {"N": "-0.25"},
    "huge": {"N": "9" * 38 + "0" * 50},
    "bin_": {"B": b"\x00\xff\x10"},
    "flag": {"BOOL": True},
    "nothing": {"NULL": True},
    "words": {"SS": ["a", "b"]},
    "primes": {"NS": ["2", "3", "5"]},
    "blobs": {"BS": [b"x", b"y"]},
    "list": {"L": [{"S": "a"}, {"N": "1"}, {"L": [{"SS": ["p", "q"]}]}, {"M": {"deep": {"N": "7"}}}]},
    "map": {"M": {"a": {"S": "x"}, "l": {"L": [{"N": "1"}]}, "dotted.name": {"N": "3"}}},
    "dotted.name": {"N": "4"},
}

TRUE: list[tuple[str, Any]] = [
    ("pk = :v", {"S": "user#1"}),
    (":v = pk", {"S": "user#1"}),
    ("words = :v", {"SS": ["b", "a"]}),
    ("primes = :v", {"NS": ["5", "3", "2"]}),
    ("blobs = :v", {"BS": [b"y", b"x"]}),
    ("#list[2] = :v", {"L": [{"SS": ["q", "p"]}]}),
    ("nothing = :v", {"NULL": True}),
    ("flag = :v", {"BOOL": True}),
    ("pk <> :v", {"S": "user#2"}),
    ("num <> :v", {"S": "5"}),
    ("gone <> :v", {"S": "5"}),
    ("num < :v", {"N": "10"}),
    ("num <= :v", {"N": "5"}),
    ("num > :v", {"N": "-100"}),
    ("price >= :v", {"N": "-0.25"}),
    ("price < num", None),
    ("huge > :v", {"N": "9" * 37 + "0" * 51}),
    ("pk < :v", {"S": "user#10"}),
    ("pk < :v", {"S": "uses"}),
    ("txt > :v", {"S": "Gruße"}),
    ("bin_ < :v", {"B": b"\x00\xff\x11"}),
    ("bin_ > :v", {"B": b"\x00\xff"}),
    ("num BETWEEN :v AND :v", {"N": "5"}),
    ("num BETWEEN price AND :v", {"N": "6"}),
    (":v BETWEEN price AND num", {"N": "0"}),
    ("num IN (pk, :v)", {"N": "5"}),
    ("NOT gone = :v", {"S": "a"}),
    ("NOT gone < :v", {"S": "a"}),
    ("attribute_exists(nothing)", None),
    ("attribute_exists(#map.l[0])", None),
    ("attribute_exists(#map.#dotted)", None),
    ("attribute_not_exists(gone)", None),
    ("attribute_not_exists(#list[4])", None),
    ("attribute_not_exists(#map[0])", None),
    ("attribute_not_exists(#list.a)", None),
    ("attribute_not_exists(pk.a)", None),
    ("attribute_not_exists(gone.a[3].b)", None),
    ("#map.#dotted = :v", {"N": "3"}),
    ("#dotted = :v", {"N": "4"}),
    ("#list[3].deep = :v", {"N": "7"}),
    ("attribute_type(nothing, :v)", {"S": "NULL"}),
    ("attribute_type(#list[3], :v)", {"S": "M"}),
    ("attribute_type(primes, :v)", {"S": "NS"}),
    ("begins_with(pk, :v)", {"S": "user#"}),
    ("begins_with(pk, :v)", {"S": ""}),
    ("begins_with(bin_, :v)", {"B": b"\x00\xff"}),
    ("begins_with(:v, hollow)", {"S": "abc"}),
    ("contains(txt, :v)", {"S": "üß"}),
    ("contains(bin_, :v)", {"B": b"\xff\x10"}),
    ("contains(words, :v)", {"S": "b"}),
    ("contains(primes, :v)", {"N": "5"}),
    ("contains(primes, num)", None),
    ("contains(blobs, :v)", {"B": b"y"}),
    ("contains(#list, :v)", {"N": "1"}),
    ("contains(#list, :v)", {"L": [{"SS": ["q", "p"]}]}),
    ("contains(:v, pk)", {"SS": ["user#1", "user#2"]}),
    ("size(txt) = :v", {"N": "8"}),  # the face is two UTF-16 code units
    ("size(hollow) = :v", {"N": "0"}),
    ("size(bin_) = :v", {"N": "3"}),
    ("size(words) = :v", {"N": "2"}),
    ("size(#list) = :v", {"N": "4"}),
    ("size(#map) = :v", {"N": "3"}),
    ("size(#list) BETWEEN :v AND num", {"N": "4"}),
    ("size(words) < size(primes)", None),
    ("flag = :v OR gone = :v", {"BOOL": True}),
    ("gone = :v OR flag = :v AND NOT nothing = :v", {"BOOL": True}),
]

FALSE: list[tuple[str, Any]] = [
    ("pk = :v", {"S": "USER#1"}),
    ("num = :v", {"S": "5"}),
    ("gone = :v", {"S": "a"}),
    ("gone = lost", None),
    ("gone <> lost", None),
    ("pk <> :v", {"S": "user#1"}),
    ("words <> :v", {"SS": ["b", "a"]}),
    ("words = :v", {"SS": ["a"]}),
    ("flag = :v", {"NULL": True}),
    ("num < :v", {"S": "9"}),
    ("num > :v", {"S": "1"}),
    ("gone < :v", {"N": "5"}),
    ("flag < pk", None),
    ("gone BETWEEN :v AND :v", {"N": "5"}),
    ("pk BETWEEN price AND num", None),
    ("gone IN (:v, gone)", {"N": "5"}),
    ("NOT num = :v", {"N": "5"}),
    ("attribute_exists(gone)", None),
    ("attribute_exists(#list[4])", None),
    ("attribute_not_exists(nothing)", None),
    ("attribute_type(gone, :v)", {"S": "S"}),
    ("attribute_type(pk, :v)", {"S": "N"}),
    ("begins_with(pk, :v)", {"S": "ser"}),
    ("begins_with(pk, :v)", {"B": b"user"}),
    ("begins_with(num, :v)", {"S": "5"}),
    ("begins_with(gone, :v)", {"S": ""}),
    ("contains(pk, :v)", {"N": "1"}),
    ("contains(words, :v)", {"N": "1"}),
    ("contains(primes, :v)", {"S": "2"}),
    ("contains(words, :v)", {"SS": ["a"]}),
    ("contains(#list, :v)", {"S": "1"}),
    ("contains(#map, :v)", {"S": "a"}),
    ("contains(num, :v)", {"N": "5"}),
    ("contains(gone, :v)", {"S": ""}),
    ("size(num) = :v", {"N": "1"}),
    ("size(gone) >= :v", {"N": "0"}),
    ("size(flag) < :v", {"N": "9"}),
    ("flag = :v AND gone = :v", {"BOOL": True}),
    ("(gone = :v OR flag = :v) AND nothing = :v", {"BOOL": True}),
]

NAMES = {"#list": "list", "#map": "map", "#dotted": "dotted.name"}


@pytest.mark.parametrize(("text", "value"), TRUE)
def test_condition_holds(text: str, value: dict[str, Any] | None) -> None:
    assert holds(text, value)


@pytest.mark.parametrize(("text", "value"), FALSE)
def test_condition_does_not_hold(text: str, value: dict[str, Any] | None) -> None:
    assert not holds(text, value)


def holds(text: str, value: dict[str, Any] | None) -> bool:
    return compile_condition(text, NAMES, None if value is None else {":v": value})(ITEM)


def test_nothing_has_no_attributes() -> None:
    assert compile_condition("attribute_not_exists(pk)", None, None)(None)
    assert not compile_condition("attribute_exists(pk)", None, None)(None)
    assert compile_condition("pk <> :v", None, {":v": {"S": "a"}})(None)


def test_one_text_serves_different_values_and_names() -> None:
    assert compile_condition("#a = :v", {"#a": "num"}, {":v": {"N": "5"}})(ITEM)
    assert not compile_condition("#a = :v", {"#a": "num"}, {":v": {"N": "6"}})(ITEM)
    assert compile_condition("#a = :v", {"#a": "price"}, {":v": {"N": "-0.25"}})(ITEM)


def test_order_of_strings_is_that_of_their_bytes_not_of_utf_16() -> None:
    above = compile_condition("a > :v", None, {":v": {"S": "\uffee"}})
    assert above({"a": {"S": "😀"}})  # its first UTF-16 code unit is d83d
