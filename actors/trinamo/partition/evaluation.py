"""Evaluation of writes, on the leader, against the state and what is in flight (PROTOCOLS 3).

Pure: `look_up` says what a key holds, be it applied or in flight; the outcome is a result and perhaps an effect.
"""

from collections.abc import Callable
from typing import NamedTuple

from trinamo.expressions import compile_condition, compile_update
from trinamo.model.errors import ApiError, updated_item_too_large
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.measure import item_size
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.partition.messages import ExpressionText, Fault, ItemWrite, WriteKind, WriteResult
from trinamo.partition.stored import Effect


class Current(NamedTuple):
    """What a key holds now."""

    size: int
    item: bytes


LookUp = Callable[[bytes], Current | None]


class Evaluated(NamedTuple):
    """A write's result, and what it does to its key, if anything."""

    result: WriteResult
    effect: Effect | None


def evaluate(write: ItemWrite, look_up: LookUp) -> Evaluated:
    """Evaluate one write."""
    current = look_up(write.key)
    old_size = 0 if current is None else current.size
    returned = current.item if current is not None and write.return_old else None
    try:
        if not _holds(write.condition, current):
            brought = write.size if write.kind is WriteKind.PUT else 0
            return Evaluated(WriteResult(False, old_size, brought, returned), None)
        effect = _effect(write, current)
    except ApiError as error:
        fault = Fault(error.code, error.message or "")
        return Evaluated(WriteResult(True, old_size, 0, None, fault), None)
    new_size = 0 if effect is None or effect.item is None else effect.size
    return Evaluated(WriteResult(True, old_size, new_size, returned), effect)


def _holds(condition: ExpressionText | None, current: Current | None) -> bool:
    if condition is None:
        return True
    values = decode_item(condition.values) if condition.values else None
    item = None if current is None else decode_item(current.item)
    return compile_condition(condition.text, condition.names, values)(item)


def _effect(write: ItemWrite, current: Current | None) -> Effect | None:
    match write.kind:
        case WriteKind.PUT:
            return Effect(write.key, write.size, write.item)
        case WriteKind.DELETE:
            return None if current is None else Effect(write.key, 0, None)
        case WriteKind.UPDATE:
            return _updated(write, current)


def _updated(write: ItemWrite, current: Current | None) -> Effect | None:
    key: Item = decode_item(write.item)
    text, names, values = None, None, None
    if write.update is not None:
        text, names = write.update.text, write.update.names
        values = decode_item(write.update.values) if write.update.values else None
    update = compile_update(text, names, values)
    new = update.apply(None if current is None else decode_item(current.item), key).item
    if new is None:
        return None
    size = item_size(new)
    limited = size if write.flat_limit else update.size_to_limit(size, item_size(key))
    if limited > ITEM_SIZE_MAX:
        raise updated_item_too_large()
    return Effect(write.key, size, encode_item(new))
