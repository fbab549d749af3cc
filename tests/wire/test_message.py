"""Claims about messages: what goes out comes back, and nothing else comes in."""

import enum
from typing import Any, NewType

import attrs
import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.base import WireError
from trinamo.wire import Message, from_wire, to_wire

Serial = NewType("Serial", int)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 0
    HIGH = 1


@attrs.frozen
class Point(Message):
    WIRE = "test.wire.point"
    x: int
    y: int = 0


@attrs.frozen
class Everything(Message):
    WIRE = "test.wire.everything"
    number: int
    text: str
    raw: bytes
    flag: bool
    real: float
    serial: Serial
    colour: Colour
    level: Level
    perhaps: bytes | None
    either: int | str
    some: tuple[int, ...]
    pair: tuple[str, bytes | None]
    pairs: tuple[tuple[bytes, int], ...]
    colours: tuple[Colour, ...]
    named: dict[str, int]
    levels: dict[str, Level]
    point: Point
    points: tuple[Point, ...]
    maybe_point: Point | None
    anything: Message


@attrs.frozen
class Nothing(Message):
    WIRE = "test.wire.nothing"


points = st.builds(Point, st.integers(), st.integers())
everything = st.builds(
    Everything,
    number=st.integers(),
    text=st.text(),
    raw=st.binary(),
    flag=st.booleans(),
    real=st.floats(allow_nan=False),
    serial=st.integers().map(Serial),
    colour=st.sampled_from(Colour),
    level=st.sampled_from(Level),
    perhaps=st.none() | st.binary(),
    either=st.integers() | st.text(),
    some=st.lists(st.integers()).map(tuple),
    pair=st.tuples(st.text(), st.none() | st.binary()),
    pairs=st.lists(st.tuples(st.binary(), st.integers())).map(tuple),
    colours=st.lists(st.sampled_from(Colour)).map(tuple),
    named=st.dictionaries(st.text(), st.integers()),
    levels=st.dictionaries(st.text(), st.sampled_from(Level)),
    point=points,
    points=st.lists(points).map(tuple),
    maybe_point=st.none() | points,
    anything=points | st.just(Nothing()),
)


@given(everything)
def test_a_message_of_every_kind_of_field_comes_back_from_its_bytes(message: Everything) -> None:
    back = from_wire(cbor2.loads(cbor2.dumps(to_wire(message))))
    assert back == message
    assert [type(value) for value in attrs.astuple(back, recurse=False)] == [
        type(value) for value in attrs.astuple(message, recurse=False)
    ]


def test_a_message_lies_on_the_wire_as_its_name_and_fields() -> None:
    assert to_wire(Point(7, 8)) == ["test.wire.point", 7, 8]
    assert to_wire(Nothing()) == ["test.wire.nothing"]


def test_a_field_left_out_by_an_older_sender_has_its_default() -> None:
    assert from_wire(["test.wire.point", 7]) == Point(7, 0)


def test_a_whole_number_is_a_float_where_a_float_belongs() -> None:
    @attrs.frozen
    class Weight(Message):
        WIRE = "test.wire.weight"
        grams: float

    back = from_wire(["test.wire.weight", 2])
    assert back == Weight(2.0)
    assert type(back.grams) is float


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({}, "begins with its name"),
        ([], "begins with its name"),
        ([1, 2], "begins with its name"),
        (["test.wire.unheard"], "unknown message"),
        (["test.wire.point"], "has 2 fields, 0 came"),
        (["test.wire.point", 1, 2, 3], "has 2 fields, 3 came"),
        (["test.wire.point", "1"], "where it may not"),
        (["test.wire.point", True], "where it may not"),
        (["test.wire.point", None], "where it may not"),
        (["test.wire.point", 1.0], "where it may not"),
    ],
)
def test_what_is_not_exactly_a_message_is_refused(tree: Any, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        from_wire(tree)


SAMPLE = Everything(
    1, "t", b"r", True, 0.5, Serial(2), Colour.RED, Level.LOW, None, 3, (4,), ("p", None), ((b"k", 5),),
    (Colour.BLUE,), {"n": 6}, {"l": Level.HIGH}, Point(7), (Point(8),), None, Nothing(),
)  # fmt: skip

WRONG: dict[str, list[Any]] = {
    "number": ["1", None, True, 1.5],
    "text": [b"t", 1],
    "raw": ["r", None],
    "flag": [1, None],
    "real": ["0.5", True],
    "serial": ["2", None],
    "colour": ["green", 0, None],
    "level": [2, "LOW"],
    "perhaps": ["text", 0],
    "either": [None, b"e"],
    "some": [[1, "2"], 1, None],
    "pair": [["p"], ["p", None, None], ["p", 1]],
    "pairs": [[[b"k"]], [["k", 5]], [5]],
    "colours": [["green"], "red"],
    "named": [{"n": "6"}, {6: 6}, []],
    "levels": [{"l": 9}],
    "point": [[], ["7"], [7, 8, 9], ["test.wire.point", 7], None],
    "points": [[["8"]], [8]],
    "maybe_point": [[None], 0],
    "anything": [[], [7, 0], ["test.wire.unheard"], None],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_field_of_the_wrong_kind_is_refused(name: str, value: Any) -> None:
    tree = to_wire(SAMPLE)
    tree[1 + [field.name for field in attrs.fields(Everything)].index(name)] = value
    with pytest.raises(WireError):
        from_wire(tree)


def test_two_classes_cannot_bear_one_name() -> None:
    with pytest.raises(TypeError, match="both call themselves"):

        @attrs.frozen
        class Impostor(Message):
            WIRE = "test.wire.point"
            x: int


def test_what_cannot_cross_the_wire_is_refused_at_its_first_use() -> None:
    @attrs.frozen
    class Loose(Message):
        WIRE = "test.wire.loose"
        things: list[int]

    with pytest.raises(TypeError, match=r"Loose\.things: list\[int\] cannot cross the wire"):
        to_wire(Loose([1]))
