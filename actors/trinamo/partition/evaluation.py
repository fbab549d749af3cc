"""Evaluation of writes, on the leader, against the state and what is in flight (PROTOCOLS 3).

Pure: `look_up` says what a key holds, be it applied or in flight; the outcome is a result and perhaps an effect, and
where the table has local indexes, what that does to them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from trinamo.expressions import compile_condition, compile_update
from trinamo.model.errors import ApiError, updated_item_too_large
from trinamo.model.indexes import check_updated_keys
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.measure import item_size
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.partition.localindexes import LocalIndexes
from trinamo.partition.messages import ExpressionText, Fault, ItemWrite, WriteKind, WriteResult
from trinamo.partition.stored import ITEM, Current, Effect, LookUp


class Evaluated(NamedTuple):
    """A write's result, and what it does to its key, if anything.

    `derived` is what follows for local indexes, `old` what the key held, as item bytes.
    """

    result: WriteResult
    effect: Effect | None
    derived: Sequence[Effect] = ()
    old: bytes | None = None


def evaluate(write: ItemWrite, look_up: LookUp, indexes: LocalIndexes | None = None) -> Evaluated:
    """Evaluate one write."""
    current = look_up(write.key)
    old_size = 0 if current is None else current.size
    returned = current.item if current is not None and write.return_old else None
    try:
        if not _holds(write.condition, current):
            brought = write.size if write.kind is WriteKind.PUT else 0
            return Evaluated(WriteResult(False, old_size, brought, returned), None)
        effect = _effect(write, current)
        derived = None if indexes is None else indexes.derive(write, effect, current, look_up)
    except ApiError as error:
        fault = Fault(error.code, error.message or "")
        return Evaluated(WriteResult(True, old_size, 0, None, fault), None)
    old = None if current is None else current.item
    new_size = 0 if effect is None or effect.item is None else effect.size
    if derived is None:
        return Evaluated(WriteResult(True, old_size, new_size, returned), effect, old=old)
    result = WriteResult(True, old_size, new_size, returned, collection_size=derived.collection_size)
    return Evaluated(result, effect, derived.effects, old)


def _holds(condition: ExpressionText | None, current: Current | None) -> bool:
    if condition is None:
        return True
    values = decode_item(condition.values) if condition.values else None
    item = None if current is None else decode_item(current.item)
    return compile_condition(condition.text, condition.names, values)(item)


def _effect(write: ItemWrite, current: Current | None) -> Effect | None:
    old_size = 0 if current is None else current.size
    match write.kind:
        case WriteKind.PUT:
            return Effect(write.key, write.size, write.item, ITEM, old_size)
        case WriteKind.DELETE:
            return None if current is None else Effect(write.key, 0, None, ITEM, old_size)
        case WriteKind.UPDATE:
            return _updated(write, current)


def _updated(write: ItemWrite, current: Current | None) -> Effect | None:
    key: Item = decode_item(write.item)
    text, names, values = None, None, None
    if write.update is not None:
        text, names = write.update.text, write.update.names
        values = decode_item(write.update.values) if write.update.values else None
    update = compile_update(text, names, values)
    old = None if current is None else decode_item(current.item)
    new = update.apply(old, key).item
    if new is None:
        return None
    size = item_size(new)
    limited = size if write.flat_limit else update.size_to_limit(size, item_size(key))
    if limited > ITEM_SIZE_MAX:
        raise updated_item_too_large()
    if write.index_keys:
        check_updated_keys(write.index_keys, old, new)
    return Effect(write.key, size, encode_item(new), ITEM, 0 if current is None else current.size)
