"""Requests about the change feed and its consumers, evaluated on the leader as writes of items are.

Each appends effects and says what to answer once they are applied. What they look at includes what is in flight.
"""

from collections.abc import Callable
from typing import Any

from trinamo.actor import Request
from trinamo.lsm.layout import Kind
from trinamo.partition.feed import (
    TRIMMED,
    decode_settings,
    position_effect,
    read_position_of,
    settings_effect,
    trim_effect,
    trim_point,
)
from trinamo.partition.messages import Configure, Done, Keep, Roll, TakeChanges, Taken
from trinamo.partition.shards import drop_effect, roll_effect
from trinamo.partition.stored import Current, Effect, LookUp
from trinamo.wire import Message

Overlay = dict[bytes, Current | None]


def configure(message: Configure, look_up: LookUp, overlay: Overlay, effects: list[Effect]) -> Message:
    """Give the partition settings, unless it has newer ones."""
    held = look_up(b"", Kind.SETTINGS)
    version = decode_settings(message.settings).version
    if held is None or (held.item != message.settings and version >= decode_settings(held.item).version):
        effects.append(settings_effect(message.settings))
        overlay[b""] = Current(0, message.settings)
    return Done()


def keep(message: Keep, look_up: LookUp, overlay: Overlay, effects: list[Effect]) -> Message:
    """Move cursors, never back, trim what no consumer needs any more, and forget shards."""

    def position_of(name: str) -> int:
        return read_position_of(look_up(name.encode(), Kind.CURSOR))

    for name, position in message.positions.items():
        if position > position_of(name):
            _move(name, position, overlay, effects)
    if message.trim_below > position_of(TRIMMED):
        held = look_up(b"", Kind.SETTINGS)
        settings = decode_settings(None if held is None else held.item)
        below = trim_point(settings, position_of, message.trim_below)
        if below > position_of(TRIMMED):
            effects.append(trim_effect(below))
    effects += [drop_effect(after) for after in message.shards]
    return Done()


def roll(message: Roll, look_up: LookUp, overlay: Overlay, effects: list[Effect]) -> Message:
    """Roll over a shard; one that is closed already stays as it is when this is applied."""
    effects.append(roll_effect(message.after))
    return Done()


def take_changes(message: TakeChanges, look_up: LookUp, overlay: Overlay, effects: list[Effect]) -> Message:
    """Take what a source changed, if it follows on what was taken from it."""
    position = read_position_of(look_up(message.source.encode(), Kind.CURSOR))
    if position != message.after or message.up_to <= position:
        return Taken(position)
    for key, size, item in message.changes:
        held = look_up(key)
        if held is not None or item is not None:
            effects.append(Effect(key, size, item, old_size=0 if held is None else held.size))
            overlay[key] = None if item is None else Current(size, item)
    _move(message.source, message.up_to, overlay, effects)
    return Taken(message.up_to)


def _move(name: str, position: int, overlay: Overlay, effects: list[Effect]) -> None:
    effect = position_effect(name, position)
    assert effect.item is not None
    effects.append(effect)
    overlay[effect.key] = Current(0, effect.item)


Evaluate = Callable[[Any, LookUp, Overlay, list[Effect]], Message]
KEEPING: dict[type[Request[Any]], Evaluate] = {
    Configure: configure,
    Keep: keep,
    Roll: roll,
    TakeChanges: take_changes,
}
