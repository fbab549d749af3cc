"""Stored values and log payloads (PROTOCOLS 1).

    stored value   format 1 | hybrid timestamp 8 | log index 8 | DynamoDB size 4 | item bytes      (big-endian)
    payload        CBOR [hybrid timestamp, [[key, size, item bytes or null, kind, old size], ...], olds]

`olds` is there where a partition has a change feed: what items held before, as item bytes, by the number of the effect.
Kinds are those of `trinamo.lsm.layout`. Of an index entry, size and item bytes are the entry's. The size of an item
collection does not fit the header: it is 8 bytes in the place of the item bytes.

A hybrid timestamp is microseconds of the leader's wall clock, or one more than the last if that is more: it
only grows within a group, whoever leads.
"""

import struct
from typing import NamedTuple, Protocol

import cbor2

from trinamo.lsm.layout import Kind

ITEM = int(Kind.ITEM)
FORMAT = 1
_HEADER = struct.Struct(">BQQI")
HEADER_SIZE = _HEADER.size
_SIZE = struct.Struct(">I")
_SIZE_AT = HEADER_SIZE - 4
_VERSION = struct.Struct(">QQ")


class Effect(NamedTuple):
    """What becomes of a key: its new item, or None. `old_size` is of what it held, 0 for nothing."""

    key: bytes
    size: int
    item: bytes | None
    kind: int = ITEM
    old_size: int = 0


class Current(NamedTuple):
    """What a key holds now."""

    size: int
    item: bytes


class LookUp(Protocol):
    """What a key holds, be it applied or in flight."""

    def __call__(self, key: bytes, kind: Kind = Kind.ITEM, /) -> Current | None: ...


def encode_value(clock: int, index: int, size: int, item: bytes) -> bytes:
    return _HEADER.pack(FORMAT, clock, index, size) + item


def size_of(value: bytes) -> int:
    """The DynamoDB size of a stored item, from its header alone."""
    size: int = _SIZE.unpack_from(value, _SIZE_AT)[0]
    return size


def item_of(value: bytes) -> bytes:
    return value[HEADER_SIZE:]


def version_of(value: bytes) -> tuple[int, int]:
    """(hybrid timestamp, log index) of the write that left this value."""
    clock, index = _VERSION.unpack_from(value, 1)
    return clock, index


Olds = dict[int, bytes]
"""What items held, as item bytes, by the number of the effect that replaces it within its entry."""


def encode_payload(clock: int, effects: list[Effect], olds: Olds) -> bytes:
    payload: bytes = cbor2.dumps([clock, effects, olds] if olds else [clock, effects])
    return payload


def decode_payload(payload: bytes) -> tuple[int, list[Effect], Olds]:
    clock, effects, *olds = cbor2.loads(payload)
    return clock, [Effect(*effect) for effect in effects], olds[0] if olds else {}
