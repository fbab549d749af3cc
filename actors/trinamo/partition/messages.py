"""What a replica is asked, and what replicas say to each other.

Each request carries the epoch of the map it was routed with; a replica of another epoch refuses it. Keys are those of
`trinamo.model.keys`, or any bytes in the system partition. Items are bytes that only evaluation looks into.
"""

import enum

import attrs

from trinamo.actor import Request
from trinamo.base import Index, NodeId, PartitionId, Term
from trinamo.wire import Message


class WriteKind(enum.IntEnum):
    """What a write does to its key."""

    PUT = 0
    DELETE = 1
    UPDATE = 2


@attrs.frozen
class ExpressionText(Message):
    """A checked expression; `values` is its values as an item's bytes, b"" for none."""

    WIRE = "partition.expression"
    text: str
    names: dict[str, str] | None
    values: bytes


@attrs.frozen
class ItemWrite(Message):
    """One write. PUT has `item` and `size`; UPDATE has in `item` the key's attributes.

    With `flat_limit` an UPDATE may bring an item to its full limit of size; without, its own text counts as well.
    """

    WIRE = "partition.item_write"
    kind: WriteKind
    key: bytes
    item: bytes
    size: int
    condition: ExpressionText | None = None
    update: ExpressionText | None = None
    return_old: bool = False
    flat_limit: bool = False


@attrs.frozen
class Fault(Message):
    """An error of the API that evaluation met."""

    WIRE = "partition.fault"
    code: str
    text: str


@attrs.frozen
class WriteResult(Message):
    """What one write did: see `Written` of the gateway's database."""

    WIRE = "partition.write_result"
    condition_met: bool
    old_size: int
    new_size: int
    old: bytes | None = None
    fault: Fault | None = None


@attrs.frozen
class WriteResults(Message):
    WIRE = "partition.write_results"
    results: tuple[WriteResult, ...]


@attrs.frozen
class Write(Request[WriteResults]):
    """Write items, each atomically by itself, in one log entry."""

    WIRE = "partition.write"
    epoch: int
    writes: tuple[ItemWrite, ...]


@attrs.frozen
class Found(Message):
    """Stored values (`trinamo.partition.stored`), in the order of the keys asked for."""

    WIRE = "partition.found"
    values: tuple[bytes | None, ...]


@attrs.frozen
class Get(Request[Found]):
    """Read items by key. Not `strong`: as this replica knows them."""

    WIRE = "partition.get"
    epoch: int
    keys: tuple[bytes, ...]
    strong: bool = True


@attrs.frozen
class Rows(Message):
    """Keys and stored values in the order of reading; `done` when nothing is left of the range."""

    WIRE = "partition.rows"
    rows: tuple[tuple[bytes, bytes], ...]
    done: bool


@attrs.frozen
class Read(Request[Rows]):
    """Read on in [start, end) (b"": to the last key), a slice at a time."""

    WIRE = "partition.read"
    epoch: int
    start: bytes
    end: bytes
    count_max: int
    size_max: int
    forward: bool = True
    strong: bool = True


@attrs.frozen
class Swapped(Message):
    """Whether the expectations held; then the writes are done."""

    WIRE = "partition.swapped"
    done: bool


@attrs.frozen
class Swap(Request[Swapped]):
    """Write several values at once if every key of `expected` holds the given bytes (None: nothing).

    The catalog's one verb: whatever it changes, it changes by one entry.
    """

    WIRE = "partition.swap"
    epoch: int
    expected: tuple[tuple[bytes, bytes | None], ...]
    writes: tuple[tuple[bytes, bytes | None], ...]


# Between replicas


@attrs.frozen
class Raft(Message):
    """A message of one group's Raft."""

    WIRE = "partition.raft"
    partition: PartitionId
    message: Message


@attrs.frozen
class Heartbeats(Message):
    """The heartbeats of many groups to one node: (partition, term, commit, round) each."""

    WIRE = "partition.heartbeats"
    beats: tuple[tuple[int, int, int, int], ...]


@attrs.frozen
class HeartbeatAcks(Message):
    """The answers: (partition, term, round) each."""

    WIRE = "partition.heartbeat_acks"
    acks: tuple[tuple[int, int, int], ...]


@attrs.frozen
class SnapshotChunk(Message):
    """A run of rows of a snapshot at (index, term), offered by the leader of `leader_term`. `last` ends it."""

    WIRE = "partition.snapshot_chunk"
    partition: PartitionId
    leader_term: Term
    index: Index
    term: Term
    voters: tuple[NodeId, ...]
    learners: tuple[NodeId, ...]
    number: int
    rows: bytes
    last: bool


@attrs.frozen
class SnapshotAck(Message):
    """Chunk `number` of the snapshot at `index` is here; or it is refused, and the leader ends it."""

    WIRE = "partition.snapshot_ack"
    partition: PartitionId
    index: Index
    number: int
    taken: bool


@attrs.frozen
class Durable(Message):
    """To oneself: the oldest log write that was outstanding is durable."""

    WIRE = "partition.durable"


@attrs.frozen
class Installed(Message):
    """To oneself: the installing of a snapshot ended."""

    WIRE = "partition.installed"
    index: Index
    term: Term
    done: bool
