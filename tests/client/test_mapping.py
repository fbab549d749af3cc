"""Claims about items as objects: attrs classes, dataclasses, and what has the shape of pydantic's models."""

import dataclasses
import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NewType

import attrs
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.client.mapping import CannotLoad, dump, load
from trinamo.client.values import from_item, to_item

Sku = NewType("Sku", str)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Line:
    sku: Sku
    count: int = 1


@attrs.define
class Order:
    id: str
    total: Decimal
    weight: float = 0.0
    note: str | None = None
    color: Color = Color.RED
    lines: list[Line] = attrs.field(factory=list)
    pair: tuple[int, str] = (1, "x")
    many: tuple[int, ...] = ()
    tags: frozenset[str] = frozenset()
    by_name: dict[str, Line] = attrs.field(factory=dict)
    either: int | Line = 0
    _secret: str = "s"
    made: int = attrs.field(default=7, init=False)


@dataclasses.dataclass
class Point:
    x: int
    y: int
    marks: set[str]
    raw: bytes = b""


def stored(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return from_item(to_item(mapping, floats=True))


@given(
    st.builds(
        Order,
        id=st.text(),
        total=st.decimals(-999, 999, places=2),
        weight=st.integers(-999, 999).map(lambda n: n / 8),
        note=st.none() | st.text(),
        color=st.sampled_from(Color),
        lines=st.lists(st.builds(Line, sku=st.text(), count=st.integers(-9, 9)), max_size=3),
        pair=st.tuples(st.integers(-9, 9), st.text()),
        many=st.lists(st.integers(-9, 9), max_size=3).map(tuple),
        tags=st.frozensets(st.text(), max_size=3),
        by_name=st.dictionaries(st.text(min_size=1), st.builds(Line, sku=st.text()), max_size=2),
        either=st.integers(-9, 9) | st.builds(Line, sku=st.text()),
        secret=st.text(),
    )
)
def test_what_was_stored_of_an_object_becomes_it_again(order: Order) -> None:
    assert load(Order, stored(dump(order))) == order


def test_dataclasses_too_and_their_empty_sets() -> None:
    point = Point(1, 2, set(), b"\x00")
    assert dump(point) == {"x": 1, "y": 2, "raw": b"\x00"}
    assert load(Point, stored(dump(point))) == point


def test_an_item_may_have_more_and_a_class_defaults() -> None:
    assert load(Line, {"sku": "a", "other": 1}) == Line(Sku("a"))


@pytest.mark.parametrize(
    ("cls", "item", "why"),
    [
        (Line, {}, "Line: .*sku"),
        (Line, {"sku": 1}, "Line.sku: it is a int, and no str"),
        (Line, {"sku": "a", "count": True}, "Line.count: it is a bool, and no int"),
        (Line, {"sku": "a", "count": Decimal("1.5")}, "Line.count: it is a Decimal, and no int"),
        (Order, {"id": "a", "total": 1, "color": "green"}, "Order.color: 'green' is not a valid Color"),
        (Order, {"id": "a", "total": 1, "lines": [{"sku": 1}]}, r"Order.lines\[\].sku: it is a int"),
        (Order, {"id": "a", "total": 1, "lines": ["x"]}, r"Order.lines\[\]: it is a str, and no map"),
        (Order, {"id": "a", "total": 1, "lines": "x"}, "Order.lines: it is a str, and no list"),
        (Order, {"id": "a", "total": 1, "by_name": ["x"]}, "Order.by_name: it is a list, and no dict"),
        (Order, {"id": "a", "total": 1, "pair": [1]}, "Order.pair: it has 1 places, and not 2"),
        (Order, {"id": "a", "total": 1, "note": 5}, "Order.note: it is a int, and no str"),
        (Order, {"id": "a", "total": 1, "either": "x"}, "Order.either: it is none of 2 kinds"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(cls: type, item: dict[str, Any], why: str) -> None:
    with pytest.raises(CannotLoad, match=why):
        load(cls, item)


def test_what_is_of_no_known_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="complex is neither a mapping nor"):
        dump(1j)


class Address(pydantic.BaseModel):
    street: str
    number: int
    marks: set[str] = set()


class Customer(pydantic.BaseModel):
    """A model of pydantic itself, with what it converts and refuses."""

    email: str = pydantic.Field(alias="mail")
    credit: Decimal
    address: Address | None = None
    former: list[Address] = []
    tags: set[str] = set()
    color: Color = Color.RED
    age: pydantic.PositiveInt = 1


ANN = Customer(
    mail="ann@x.org",
    credit=Decimal("9.95"),
    address=Address(street="Elm", number=3),
    former=[Address(street="Oak", number=1)],
    tags={"a"},
)


def test_a_pydantic_model_goes_and_comes() -> None:
    mapping = stored(dump(ANN))
    assert load(Customer, mapping) == ANN


def test_what_a_pydantic_model_refuses_is_told() -> None:
    mapping = {**dump(ANN), "age": -1}
    with pytest.raises(CannotLoad, match="age"):
        load(Customer, mapping)
