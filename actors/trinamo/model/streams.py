"""Streams of tables: what they are called, their shards, and where in a shard a change is.

A stream belongs to a table and is told from its other streams by its label, the moment it began. Each of its shards is a
stretch of one partition's log; a change is at a `Position`: the index of its log entry, and its number within that.

    shard id          shardId-<20 digits: milliseconds when it began>-<8 hex digits: partition>
    sequence number   1<14 digits: log index><6 digits: number within the entry>
    iterator          <stream ARN>|1|<base64 of: began 8, partition 4, index 8, number 4, issued 8, crc32 4>

Moments in ids and iterators are in milliseconds since 1970. Iterators are whole in themselves, and the checksum covers the
ARN too: they mean the same to every node, and to one that began after they were issued.

1. Sequence numbers grow with the position within a shard, and from a parent to its children.
2. All have the same number of digits, so that they grow as texts as well.
"""

import binascii
import enum
import re
import struct
import zlib
from base64 import b64decode, b64encode
from typing import Final, NamedTuple

import attrs

from trinamo.model.keys import KeySchema
from trinamo.model.tables import TableAddress

ITERATOR_LIFE_MS: Final = 15 * 60 * 1000  # DynamoDB: a shard iterator is valid for 15 minutes
RETENTION_S: Final = 24 * 3600.0  # DynamoDB: what a stream keeps, and how long a disabled one may be read
RECORDS_MAX: Final = 1_000  # DynamoDB: of one GetRecords ...
RECORDS_SIZE_MAX: Final = 1 << 20  # ... or 1 MB
SHARDS_MAX: Final = 100  # DynamoDB: of one DescribeStream, as streams of one ListStreams
NUMBER_MAX: Final = 999_999
"""The highest number within an entry: one of so many changes would be larger than entries may be."""

_ARN = re.compile(
    r"(arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):([0-9]{12}):table/([a-zA-Z0-9_.-]{3,255}))/stream/(.+)"
)
_SHARD_ID = re.compile(r"shardId-([0-9]{20})-([0-9a-f]{8})")
_SEQUENCE = re.compile(r"1([0-9]{14})([0-9]{6})")
_ITERATOR = struct.Struct(">QIQIQ")
_CHECKSUM = struct.Struct(">I")


class StreamStatus(enum.StrEnum):
    """Where a stream is in its life."""

    ENABLING = "ENABLING"
    ENABLED = "ENABLED"
    DISABLING = "DISABLING"
    DISABLED = "DISABLED"


@attrs.frozen
class Stream:
    """One stream of a table, which may be gone; `view` says what its records show."""

    address: TableAddress
    label: str
    view: str
    status: StreamStatus
    created_at: float
    keys: KeySchema

    @property
    def arn(self) -> str:
        return f"{self.address.arn}/stream/{self.label}"


class StreamName(NamedTuple):
    """What an ARN says."""

    address: TableAddress
    label: str


def read_stream_arn(arn: str) -> StreamName | None:
    """Return what the ARN of a stream says, None for what is no such ARN."""
    match = _ARN.fullmatch(arn)
    return None if match is None else StreamName(TableAddress(match[3], match[2], match[4]), match[5])


class Position(NamedTuple):
    """Of a change: the index of its log entry, and its number within that."""

    entry: int
    number: int = 0

    @property
    def after(self) -> "Position":
        """The first position behind this one."""
        return Position(self.entry, self.number + 1)

    @property
    def sequence_number(self) -> str:
        return f"1{self.entry:014}{self.number:06}"


def read_sequence_number(text: str) -> Position | None:
    """Return the position that a sequence number means, None for what is none of ours."""
    match = _SEQUENCE.fullmatch(text)
    return None if match is None else Position(int(match[1]), int(match[2]))


class ShardId(NamedTuple):
    """What the id of a shard says: when it began, and whose log it is of."""

    began_ms: int
    partition: int

    def __str__(self) -> str:
        return f"shardId-{self.began_ms:020}-{self.partition:08x}"


def read_shard_id(text: str) -> ShardId | None:
    """Return what the id of a shard says, None for what is no such id."""
    match = _SHARD_ID.fullmatch(text)
    return None if match is None else ShardId(int(match[1]), int(match[2], 16))


@attrs.frozen
class Shard:
    """A shard as it is now.

    It covers the positions from `start` to `end`, both included; an open one has no end. What is before `oldest` is
    trimmed. `coming` is where the next change will be, or could have been in a shard that is closed.
    """

    id: ShardId
    parent: ShardId | None
    start: Position
    end: Position | None
    oldest: Position
    coming: Position


class ShardIterator(NamedTuple):
    """Where in a shard to read on, and when that was said."""

    stream_arn: str
    shard: ShardId
    position: Position
    issued_ms: int

    def encode(self) -> str:
        packed = _ITERATOR.pack(*self.shard, *self.position, self.issued_ms)
        return f"{self.stream_arn}|1|{b64encode(packed + _checksum(self.stream_arn, packed)).decode()}"


def read_iterator(text: str) -> ShardIterator | None:
    """Return what an iterator says, None for a text that was never one."""
    arn, version, coded = text.rsplit("|", 2) if text.count("|") > 1 else ("", "", "")
    try:
        packed = b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        return None
    body, checksum = packed[: _ITERATOR.size], packed[_ITERATOR.size :]
    if version != "1" or len(body) != _ITERATOR.size or checksum != _checksum(arn, body):
        return None
    began_ms, partition, index, number, issued_ms = _ITERATOR.unpack(body)
    return ShardIterator(arn, ShardId(began_ms, partition), Position(index, number), issued_ms)


def _checksum(arn: str, body: bytes) -> bytes:
    return _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(arn.encode())))
