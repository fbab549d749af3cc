"""Where things lie in a node's store (PROTOCOLS 1). All numbers are unsigned and big-endian, so that they sort.

Family `log`:

    "f"                                 format number, 4 bytes
    "k"                                 keyspace ids below this are spent, 8 bytes
    "r" partition 8                     replica record: CBOR, see `ReplicaRecord`
    "h" partition 8                     hard state of the partition's log: see `trinamo.raft.storage`
    "e" partition 8 | index 8           log entry: see there

Family `data`:

    keyspace 8 | kind 1 | rest

Kinds below 128 are *ranged*: `rest` is a position in the key range of the partitions that share the keyspace. An
index entry's begins as its item's does, and so lies in the same partition.
Kinds from 128 on are *owned*: `rest` begins with the 8 bytes of the partition they belong to. So a snapshot
finds all that is a replica's, and two children of a split do not meet in their parent's keyspace.
Kind 255 is the replica's applied state, `rest` being the partition alone: see `AppliedState`.
"""

import struct
from enum import IntEnum
from functools import cache

import attrs

from trinamo.base import Index, KeyspaceId, NodeId, PartitionId, Term
from trinamo.wire import Message

FORMAT = 1
FORMAT_KEY = b"f"
KEYSPACE_KEY = b"k"
RECORD_PREFIX = b"r"
OWNED = 128  # the first owned kind

U64 = struct.Struct(">Q")
_ENTRY_KEY = struct.Struct(">cQQ")
_REPLICA_KEY = struct.Struct(">cQ")
_DATA_PREFIX = struct.Struct(">QB")
_OWNED_PREFIX = struct.Struct(">QBQ")
KEYSPACE_END = 1 << 64


@cache
def _numbers(count: int) -> struct.Struct:
    return struct.Struct(f">{count}Q")


class Kind(IntEnum):
    """What a data key's rest means."""

    ITEM = 1
    LSI_1 = 2  # entries of a table's local indexes, by their position in its declaration
    LSI_2 = 3
    LSI_3 = 4
    LSI_4 = 5
    LSI_5 = 6
    COLLECTION = 7  # the sizes of item collections
    FEED = 128
    MARK = 129
    TOKEN = 130
    CURSOR = 131
    SETTINGS = 132
    SHARD = 133
    APPLIED = 255


@attrs.frozen
class ReplicaRecord(Message):
    """That this node holds a replica, and where its data is."""

    WIRE = "lsm.replica"
    partition: PartitionId
    keyspace: KeyspaceId
    start: bytes
    """Of the key range [start, end)."""
    end: bytes
    """b"" for no end."""
    epoch: int
    voters: tuple[NodeId, ...]
    learners: tuple[NodeId, ...]
    owner: bytes
    """To whom the partition belongs, a table say, in the words of the layer above."""
    truncated_index: Index = Index(0)
    """The last entry that is not in the log because its effects are durable in `data`."""
    truncated_term: Term = Term(0)
    schema: bytes = b""
    """What the partition's state machine must know, in the words of the layer above."""


@attrs.frozen
class AppliedState:
    """How far a replica's data has come, and the clocks that came with it."""

    index: Index = Index(0)
    term: Term = Term(0)
    clock: int = 0
    """The hybrid clock: the greatest hybrid timestamp applied."""
    deleted: int = 0
    """The greatest hybrid timestamp of a delete."""
    tallies: tuple[int, ...] = ()
    """How much there is, in the words of the layer above."""

    def encode(self) -> bytes:
        tallies = self.tallies
        return _numbers(4 + len(tallies)).pack(self.index, self.term, self.clock, self.deleted, *tallies)

    @staticmethod
    def decode(value: bytes) -> "AppliedState":
        index, term, clock, deleted, *tallies = _numbers(len(value) // U64.size).unpack(value)
        return AppliedState(Index(index), Term(term), clock, deleted, tuple(tallies))


def record_key(partition: PartitionId) -> bytes:
    return _REPLICA_KEY.pack(b"r", partition)


def hard_state_key(partition: PartitionId) -> bytes:
    return _REPLICA_KEY.pack(b"h", partition)


def entry_key(partition: PartitionId, index: int) -> bytes:
    return _ENTRY_KEY.pack(b"e", partition, index)


def log_end(partition: PartitionId) -> bytes:
    """The key behind every entry of the partition; index 2^64 - 1 is never reached."""
    return _ENTRY_KEY.pack(b"e", partition, KEYSPACE_END - 1)


def keyspace_prefix(keyspace: int) -> bytes:
    """The least key of the keyspace. For `KEYSPACE_END`, what lies behind all keyspaces."""
    return U64.pack(keyspace) if keyspace < KEYSPACE_END else b"\xff" * 9


def kind_prefix(keyspace: KeyspaceId, kind: int) -> bytes:
    return _DATA_PREFIX.pack(keyspace, kind)


def kind_end(keyspace: KeyspaceId, kind: int) -> bytes:
    return kind_prefix(keyspace, kind + 1) if kind < 255 else keyspace_prefix(keyspace + 1)


def applied_key(keyspace: KeyspaceId, partition: PartitionId) -> bytes:
    return _OWNED_PREFIX.pack(keyspace, Kind.APPLIED, partition)


def replica_bounds(record: ReplicaRecord, kind: int) -> tuple[bytes, bytes]:
    """Between which data keys everything of `kind` lies that is this replica's."""
    if kind >= OWNED:
        start = _OWNED_PREFIX.pack(record.keyspace, kind, record.partition)
        return start, _OWNED_PREFIX.pack(record.keyspace, kind, record.partition + 1)
    prefix = kind_prefix(record.keyspace, kind)
    return prefix + record.start, prefix + record.end if record.end else kind_end(record.keyspace, kind)
