"""Claims about items of one table: put, got, updated, deleted, under conditions, in Python's values."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from client.stage import Stage, everywhere
from trinamo.client import (
    Add,
    Attr,
    ConditionalCheckFailed,
    Delete,
    Key,
    NotAnAttribute,
    Raw,
    Remove,
    ResourceInUse,
    ResourceNotFound,
    Set,
    ValidationError,
)

KEY = {"user": "ann", "at": 1}
FULL: dict[str, Any] = {
    **KEY,
    "text": "naïve ☃",
    "bytes": b"\x00\xff",
    "yes": True,
    "none": None,
    "whole": 10**37,
    "part": Decimal("-1.50"),
    "list": [1, "two", b"3", [None], {"four": 4}],
    "map": {"a.b": 1, "nested": {"x": [True]}},
    "words": {"a", "b"},
    "numbers": {1, Decimal("2.5")},
    "blobs": {b"x", b"y"},
    "empty": "",
}


@attrs.frozen
class Line:
    sku: str
    count: int = 1


@attrs.frozen
class Order:
    user: str
    at: int
    total: Decimal
    lines: list[Line] = attrs.field(factory=list)


@everywhere
async def test_what_was_put_is_got_as_it_was(stage: Stage) -> None:
    orders = await stage.orders()
    assert await orders.put(FULL) is None
    got = await orders.get(KEY, consistent=True)
    assert got == FULL
    assert got is not None
    assert {name: type(value) for name, value in got.items()} == {
        name: type(value) for name, value in FULL.items()
    }
    assert await orders.get({"user": "ann", "at": 2}) is None


@everywhere
async def test_of_an_item_only_what_is_asked_for_is_got(stage: Stage) -> None:
    orders = await stage.orders()
    await orders.put({**KEY, "size": 5, "map": {"x": [1, 2], "y": 3}})
    assert await orders.get(KEY, attributes=["size", "map.x[1]"]) == {"size": 5, "map": {"x": [2]}}


@everywhere
async def test_objects_go_in_and_come_out(stage: Stage) -> None:
    orders = await stage.orders()
    order = Order("ann", 1, Decimal("9.95"), [Line("a"), Line("b", 2)])
    await orders.put(order)
    assert await orders.get(KEY, into=Order) == order
    assert await orders.query(Key("user") == "ann", into=Order).all() == [order]
    assert await orders.batch_get([KEY], into=Order) == [order]


@everywhere
async def test_old_items_are_returned_when_asked_for(stage: Stage) -> None:
    orders = await stage.orders()
    assert await orders.put({**KEY, "v": 1}, returning="old") is None
    assert await orders.put({**KEY, "v": 2}, returning="old") == {**KEY, "v": 1}
    assert await orders.delete(KEY, returning="old") == {**KEY, "v": 2}
    assert await orders.delete(KEY, returning="old") is None


@everywhere
async def test_updates_change_what_they_name(stage: Stage) -> None:
    orders = await stage.orders()
    await orders.put({**KEY, "qty": 5, "name": "x", "tags": {"a", "b"}, "log": ["new"], "map": {"x": 1}})
    changed = await orders.update(
        KEY,
        Set("qty", Attr("qty") + 1),
        Set("map.y", Attr("qty") - Attr("map.x")),
        Set("log", Attr("log").append(["sold"])),
        Set("seen", Attr("seen").if_missing(0) + 1),
        Remove("name"),
        Add("visits", 3),
        Delete("tags", {"a"}),
    )
    assert changed == {
        **KEY,
        "qty": 6,
        "map": {"x": 1, "y": 4},
        "log": ["new", "sold"],
        "seen": 1,
        "visits": 3,
        "tags": {"b"},
    }
    assert await orders.update(KEY, Set("qty", 0), returning="updated_old") == {"qty": 6}
    assert await orders.update(KEY, "SET size_x = qty", returning=None) == {}
    assert await orders.update(
        KEY, Raw("ADD #q :one", {"#q": "qty"}, {":one": 1}), returning="updated_new"
    ) == {"qty": 1}


@everywhere
async def test_a_condition_that_does_not_hold_changes_nothing(stage: Stage) -> None:
    orders = await stage.orders()
    await orders.put({**KEY, "qty": 1}, condition=Attr("user").missing())
    with pytest.raises(ConditionalCheckFailed) as failed:
        await orders.put({**KEY, "qty": 2}, condition=Attr("user").missing())
    assert failed.value.item == {**KEY, "qty": 1}
    with pytest.raises(ConditionalCheckFailed):
        await orders.update(KEY, Set("qty", Attr("qty") - 2), condition=Attr("qty") >= 2)
    with pytest.raises(ConditionalCheckFailed):
        await orders.delete(KEY, condition=Raw("qty = :n", values={":n": 7}))
    assert await orders.get(KEY) == {**KEY, "qty": 1}


CONDITIONS = [
    (Attr("n") == 5, True),
    (Attr("n") != 5, False),
    ((Attr("n") > 4) & (Attr("n") < 6) & (Attr("n") >= 5) & (Attr("n") <= 5), True),
    ((Attr("n") == 1) | (Attr("n") == 2) & (Attr("n") == 5), False),
    (((Attr("n") == 5) | (Attr("n") == 2)) & (Attr("s") == "no"), False),
    (~((Attr("n") == 1) | (Attr("n") == 2)), True),
    (Attr("n").between(5, 7), True),
    (Attr("n").is_in([1, 2, 5]), True),
    (Attr("s").begins_with("he"), True),
    (Attr("s").contains("ll"), True),
    (Attr("set").contains("a"), True),
    (Attr("s").size() == 5, True),
    (Attr("list[1]").exists(), True),
    (Attr("list")[2].exists(), False),
    (Attr("map")["a.b"] == Attr("n"), True),
    (Attr("map.a").missing(), True),
    (Attr("s").is_type("S"), True),
    (Raw("n = :five OR n = :six", values={":five": 6, ":six": 7}) & (Attr("n") == 5), False),
]


@everywhere
async def test_conditions_mean_what_they_say(stage: Stage) -> None:
    orders = await stage.orders()
    await orders.put({**KEY, "n": 5, "s": "hello", "set": {"a"}, "list": [1, 2], "map": {"a.b": 5}})
    for condition, holds in CONDITIONS:
        found = await orders.query(Key("user") == "ann", filter=condition).first()
        assert (found is not None) is holds, condition


@everywhere
async def test_what_dynamodb_does_not_have_is_refused_before_anything_is_sent(stage: Stage) -> None:
    orders = stage.db.table("no.such.table")
    for value, why in (
        (0.1, "v: 0.1 is a float"),
        (10**38 + 1, "more than 38 significant digits"),
        (set(), "no empty sets"),
        ({1, "a"}, "a set holds"),
        (object(), "DynamoDB has no object"),
        ([{"x": 1j}], r"v\[0\].x: DynamoDB has no complex"),
    ):
        with pytest.raises(NotAnAttribute, match=why):
            await orders.put({**KEY, "v": value})


@everywhere
async def test_floats_are_taken_where_they_are_asked_for(stage: Stage) -> None:
    await stage.orders()
    orders = stage.db.table("orders", floats=True)
    await orders.put({**KEY, "v": 0.1})
    assert await orders.get(KEY) == {**KEY, "v": Decimal("0.1")}


@everywhere
async def test_refusals_have_their_class_and_their_text(stage: Stage) -> None:
    with pytest.raises(ResourceNotFound) as missing:
        await stage.db.table("nowhere").get(KEY)
    assert (missing.value.code, missing.value.status) == ("ResourceNotFoundException", 400)
    assert missing.value.message == "Requested resource not found"
    orders = await stage.orders()
    with pytest.raises(ResourceInUse):
        await orders.create({"user": "S", "at": "N"})
    with pytest.raises(ValidationError, match="The provided key element does not match the schema"):
        await orders.get({"user": 1, "at": 1})
