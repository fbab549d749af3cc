"""Claims about evaluation: a table of writes against what a key holds."""

from typing import Any

import attrs
import pytest

from trinamo.lsm.layout import Kind
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.measure import item_size
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.partition.evaluation import evaluate
from trinamo.partition.messages import ExpressionText, ItemWrite, WriteKind, WriteResult
from trinamo.partition.stored import Current, Effect, LookUp

KEY: Item = {"pk": {"S": "a"}}
OLD: Item = {"pk": {"S": "a"}, "n": {"N": "1"}}
NEW: Item = {"pk": {"S": "a"}, "n": {"N": "22"}}
HELD = Current(item_size(OLD), encode_item(OLD))


def text(expression: str, **values: dict[str, Any]) -> ExpressionText:
    named = {f":{name}": value for name, value in values.items()}
    return ExpressionText(expression, None, encode_item(named) if named else b"")


ABSENT, IS_ONE, IS_TWO = (
    text("attribute_not_exists(pk)"),
    text("n = :v", v={"N": "1"}),
    text("n = :v", v={"N": "2"}),
)
ADD = text("ADD n :v", v={"N": "21"})
PUT = ItemWrite(WriteKind.PUT, b"k", encode_item(NEW), item_size(NEW))
DELETE = ItemWrite(WriteKind.DELETE, b"k", b"", 0)
UPDATE = ItemWrite(WriteKind.UPDATE, b"k", encode_item(KEY), 0, None, ADD)
WRITTEN = Effect(b"k", item_size(NEW), encode_item(NEW))
GONE = Effect(b"k", 0, None)
OLD_SIZE, NEW_SIZE = HELD.size, item_size(NEW)


def holding(current: Current | None) -> LookUp:
    """Every key holds this."""
    return lambda _key, _kind=Kind.ITEM, /: current


@pytest.mark.parametrize(
    ("write", "condition", "current", "met", "old_size", "new_size", "effect"),
    [
        (PUT, None, None, True, 0, NEW_SIZE, WRITTEN),
        (PUT, None, HELD, True, OLD_SIZE, NEW_SIZE, WRITTEN),
        (PUT, ABSENT, None, True, 0, NEW_SIZE, WRITTEN),
        (PUT, ABSENT, HELD, False, OLD_SIZE, NEW_SIZE, None),  # a refused put costs what it brought
        (PUT, IS_ONE, HELD, True, OLD_SIZE, NEW_SIZE, WRITTEN),
        (PUT, IS_ONE, None, False, 0, NEW_SIZE, None),
        (DELETE, None, None, True, 0, 0, None),
        (DELETE, None, HELD, True, OLD_SIZE, 0, GONE),
        (DELETE, IS_ONE, HELD, True, OLD_SIZE, 0, GONE),
        (DELETE, IS_TWO, HELD, False, OLD_SIZE, 0, None),
        (UPDATE, None, HELD, True, OLD_SIZE, NEW_SIZE, WRITTEN),
        (UPDATE, IS_ONE, HELD, True, OLD_SIZE, NEW_SIZE, WRITTEN),
        (UPDATE, IS_TWO, HELD, False, OLD_SIZE, 0, None),
        (UPDATE, IS_ONE, None, False, 0, 0, None),
    ],
)
@pytest.mark.parametrize("return_old", [True, False])
def test_a_write_gives_its_result_and_its_effect(
    write: ItemWrite,
    condition: ExpressionText | None,
    current: Current | None,
    met: bool,
    old_size: int,
    new_size: int,
    effect: Effect | None,
    return_old: bool,
) -> None:
    write = attrs.evolve(write, condition=condition, return_old=return_old)
    returned = current.item if current is not None and return_old else None
    result, done, *_ = evaluate(write, holding(current))
    assert result == WriteResult(met, old_size, new_size, returned)
    assert (done is None) == (effect is None)
    if effect is not None and done is not None:
        assert done[:2] == effect[:2]
        assert (done.item and decode_item(done.item)) == (effect.item and decode_item(effect.item))


def test_an_update_of_nothing_starts_from_the_key() -> None:
    result, effect, *_ = evaluate(UPDATE, holding(None))
    assert (result.condition_met, result.old_size) == (True, 0)
    assert effect is not None
    assert effect.item is not None
    assert decode_item(effect.item) == {"pk": {"S": "a"}, "n": {"N": "21"}}
    assert result.new_size == effect.size == item_size(decode_item(effect.item))


def test_an_update_without_expression_makes_the_bare_item() -> None:
    _, effect, *_ = evaluate(attrs.evolve(UPDATE, update=None), holding(None))
    assert effect is not None
    assert effect.item is not None
    assert decode_item(effect.item) == KEY


def test_an_update_that_cannot_be_done_is_a_fault_without_effect() -> None:
    held: Item = {"pk": {"S": "a"}, "n": {"S": "text"}}
    result, effect, *_ = evaluate(UPDATE, holding(Current(item_size(held), encode_item(held))))
    assert effect is None
    assert result.fault is not None
    assert result.fault.code == "ValidationException"


def test_an_update_that_makes_the_item_too_large_is_a_fault_without_effect() -> None:
    grow = text("SET b = :v", v={"B": bytes(ITEM_SIZE_MAX)})
    result, effect, *_ = evaluate(attrs.evolve(UPDATE, update=grow), holding(HELD))
    assert effect is None
    assert result.fault is not None
    assert result.fault.text == "Item size to update has exceeded the maximum allowed size"


@pytest.mark.parametrize(("flat", "size", "fits"), [(False, 0, False), (True, 0, True), (True, 1, False)])
def test_the_text_of_an_update_counts_towards_the_limit_unless_it_is_flat(
    flat: bool, size: int, fits: bool
) -> None:
    room = ITEM_SIZE_MAX - item_size(OLD) - len("b")
    grow = text("SET b = :v", v={"B": bytes(room + size)})
    result, effect, *_ = evaluate(attrs.evolve(UPDATE, update=grow, flat_limit=flat), holding(HELD))
    assert (result.fault is None, effect is not None) == (fits, fits)


def test_only_the_key_of_the_write_is_looked_up() -> None:
    asked: list[bytes] = []

    def look_up(key: bytes, _kind: Kind = Kind.ITEM, /) -> None:
        asked.append(key)

    evaluate(attrs.evolve(PUT, condition=ABSENT), look_up)
    assert asked == [b"k"]
