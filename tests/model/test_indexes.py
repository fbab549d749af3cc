"""Claims about secondary indexes of both kinds: entries, keys, and what a write costs in them."""

from typing import Any

import pytest

from trinamo.model.capacity import Consumed, index_write_units
from trinamo.model.errors import ApiError
from trinamo.model.indexes import Indexes, check_updated_keys, indexes_of
from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.model.measure import item_size
from trinamo.model.tables import IndexSpec, Projection, TableSpec
from trinamo.model.values import Item

P = "One or more parameter values were invalid: "
HASH_TOO_LONG = f"{P}Size of hashkey has exceeded the maximum size limit of2048 bytes"
RANGE_TOO_LONG = f"{P}Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
PK, SK = KeyAttribute("pk", "S"), KeyAttribute("sk", "S")
A, B, C, D = (KeyAttribute(name, "S") for name in "abcd")
N = KeyAttribute("n", "N")
KEY: Item = {"pk": {"S": "p"}, "sk": {"S": "s"}}


def indexes(*, local: tuple[IndexSpec, ...] = (), global_: tuple[IndexSpec, ...] = ()) -> Indexes:
    found = indexes_of(TableSpec("tab", (), KeySchema(PK, SK), local_indexes=local, global_indexes=global_))
    assert found is not None
    return found


def index(
    name: str, partition: Any, sort: Any = (), *, projection: str = "ALL", names: Any = ()
) -> IndexSpec:
    return IndexSpec(name, tuple(partition), tuple(sort), Projection(projection, tuple(names)))


MANY = indexes(
    local=(index("local", [PK], [A], projection="KEYS_ONLY"),),
    global_=(
        index("one", [B]),
        index("two", [A, B], [C, N], projection="INCLUDE", names=["x"]),
        index("inverted", [SK], [PK], projection="KEYS_ONLY"),
    ),
)


def test_a_table_without_indexes_has_none() -> None:
    assert indexes_of(TableSpec("tab", (), KeySchema(PK, SK))) is None


def test_indexes_are_known_by_name_and_local_ones_by_number() -> None:
    assert [each.name for each in MANY.every] == ["inverted", "local", "one", "two"]
    assert [each.name for each in MANY.local] == ["local"]
    assert MANY.named("two") is MANY.every[3]
    assert MANY.named("three") is None
    assert MANY.key_names == {"pk", "sk", "a", "b", "c", "n"}


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({}, {"inverted": {}}),
        ({"b": {"S": "b"}, "x": {"S": "x"}}, {"inverted": {}, "one": {"b", "x"}}),
        (
            {
                "a": {"S": "a"},
                "b": {"S": "b"},
                "c": {"S": "c"},
                "n": {"N": "1"},
                "x": {"S": "x"},
                "y": {"S": "y"},
            },
            {
                "inverted": {},
                "local": {"a"},
                "one": {"a", "b", "c", "n", "x", "y"},
                "two": {"a", "b", "c", "n", "x"},
            },
        ),
        (
            {"a": {"S": "a"}, "b": {"S": "b"}, "c": {"S": "c"}},
            {"inverted": {}, "local": {"a"}, "one": {"a", "b", "c"}},
        ),
        ({"a": {"N": "1"}, "b": {"NULL": True}}, {"inverted": {}}),
        ({"b": {"S": ""}}, {"inverted": {}}),
        ({"b": {"S": "b" * 2049}}, {"inverted": {}}),
        (
            {"a": {"S": "a" * 1024}, "b": {"S": "b" * 1024}},
            {"inverted": {}, "local": {"a"}, "one": {"a", "b"}},
        ),
    ],
)
def test_an_item_is_in_the_indexes_whose_key_it_has_whole_and_right(more: Item, held: dict[str, Any]) -> None:
    item = {**KEY, **more}
    found = {each.name: entry for each in MANY.every if (entry := each.entry(item)) is not None}
    assert found == {
        name: {each: item[each] for each in ("pk", "sk", *names)} for name, names in held.items()
    }


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"a": {"N": "1"}}, f"{P}Type mismatch for Index Key a Expected: S Actual: N IndexName: local"),
        (
            {"n": {"S": "1"}, "b": {"M": {}}},
            f"{P}Type mismatch for Index Key b Expected: S Actual: M IndexName: one",
        ),
        ({"n": {"S": "1"}}, f"{P}Type mismatch for Index Key n Expected: N Actual: S IndexName: two"),
        ({"b": {"S": "é" * 1025}}, HASH_TOO_LONG),
        ({"a": {"S": "a" * 1024}, "b": {"S": "b" * 1025}}, HASH_TOO_LONG),  # two's together
        ({"a": {"S": "a" * 1025}}, RANGE_TOO_LONG),  # local's sort key, half of two's partition key
        ({"c": {"S": "c" * 1025}}, RANGE_TOO_LONG),
        ({"pk": {"S": "p" * 1025}}, RANGE_TOO_LONG),  # fit for the table, not for the inverted index
        ({"a": {"S": "a" * 1024}, "b": {"S": "b" * 1024}, "c": {"S": "c" * 1024}}, None),
        ({"n": {"N": "0"}}, None),
    ],
)
def test_a_put_brings_index_keys_of_the_right_type_and_length(more: Item, text: str | None) -> None:
    item = {**KEY, **more}
    if text is None:
        MANY.check_put(item, item_size(item))
        return
    with pytest.raises(ApiError) as caught:
        MANY.check_put(item, item_size(item))
    assert (caught.value.code, caught.value.message) == ("ValidationException", text)


@pytest.mark.parametrize(
    ("old", "more", "text"),
    [
        (None, {"b": {"S": ""}}, "an empty string value."),
        ({"b": {"S": ""}}, {"b": {"S": ""}, "c": {"S": "c"}}, None),
        ({"c": {"S": "c" * 2000}}, {"c": {"S": "c" * 2000}, "a": {"S": "a"}}, None),
        ({"c": {"S": "c" * 2000}}, {"c": {"S": "c" * 1999}}, RANGE_TOO_LONG),
        ({"a": {"S": "a" * 1024}}, {"a": {"S": "a" * 1024}, "b": {"S": "b" * 1025}}, HASH_TOO_LONG),
        ({"n": {"S": "1"}}, {}, None),
        ({}, {"n": {"S": "1"}}, f"{P}Type mismatch for Index Key n Expected: N Actual: S IndexName: two"),
    ],
)
def test_an_update_answers_for_the_index_keys_it_changes(
    old: Item | None, more: Item, text: str | None
) -> None:
    before = None if old is None else {**KEY, **old}
    if text is None:
        check_updated_keys(MANY.keys, before, {**KEY, **more})
        return
    with pytest.raises(ApiError) as caught:
        check_updated_keys(MANY.keys, before, {**KEY, **more})
    assert str(caught.value.message).endswith(text)


def test_names_are_held_if_they_are_projected_or_part_of_a_key() -> None:
    one, two = MANY.named("one"), MANY.named("two")
    assert one is not None
    assert two is not None
    assert one.holds(["whatever"])
    assert two.holds(["pk", "sk", "a", "n", "x"])
    assert not two.holds(["x", "y"])


def test_a_write_costs_in_each_arm_by_itself() -> None:
    consumed = Consumed(3.0)
    item = {**KEY, "a": {"S": "a"}, "b": {"S": "b" * 1500}}
    consumed.write(MANY, None, item)
    consumed.write(MANY, item, {**item, "b": {"S": "c"}})
    told = consumed.told("tab", "INDEXES")
    assert told == {
        "TableName": "tab",
        "CapacityUnits": 3 + 1 + 2 + (2 + 1) + 1,
        "Table": {"CapacityUnits": 3.0},
        "LocalSecondaryIndexes": {"local": {"CapacityUnits": 1.0}},
        "GlobalSecondaryIndexes": {"inverted": {"CapacityUnits": 1.0}, "one": {"CapacityUnits": 5.0}},
    }
    assert consumed.told("tab", "TOTAL") == {"TableName": "tab", "CapacityUnits": 10.0}
    assert consumed.told("tab", "NONE") is None


def test_an_entry_that_moves_by_any_part_of_its_key_is_deleted_and_put() -> None:
    two = MANY.named("two")
    assert two is not None
    old: Item = {**KEY, "a": {"S": "a"}, "b": {"S": "b"}, "c": {"S": "c"}, "n": {"N": "1"}}
    assert index_write_units(two, old, {**old, "n": {"N": "2"}}) == 2
    assert index_write_units(two, old, {**old, "x": {"N": "2"}}) == 1
    assert index_write_units(two, old, {**old, "y": {"N": "2"}}) == 0
