"""What a replica is asked, and what replicas say to each other.

Each request carries the epoch of the map it was routed with; a replica of another epoch refuses it. Keys are those of
`trinamo.model.keys`, or any bytes in the system partition. Items are bytes that only evaluation looks into.
"""

import enum

import attrs

from trinamo.actor import Request
from trinamo.base import Index, NodeId, PartitionId, Term
from trinamo.model.indexes import IndexKey
from trinamo.partition.shards import ShardRecord
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
    index_keys: tuple[IndexKey, ...] = ()
    """By index name: what an UPDATE's result is checked against."""
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
    collection_size: int | None = None


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
    """Read items by key. Not `strong`: as this replica knows them. With `lag_s`: as they were so long ago."""

    WIRE = "partition.get"
    epoch: int
    keys: tuple[bytes, ...]
    strong: bool = True
    lag_s: float = 0.0


@attrs.frozen
class Rows(Message):
    """Keys and stored values in the order of reading; `done` when nothing is left of the range.

    Where whole items were asked of an index, values are the items', and `sizes` those of the entries.
    """

    WIRE = "partition.rows"
    rows: tuple[tuple[bytes, bytes], ...]
    done: bool
    sizes: tuple[int, ...] = ()


@attrs.frozen
class Read(Request[Rows]):
    """Read on in [start, end) (b"": to the last key), a slice at a time.

    `index` is the number of a local index, from 1, or 0 for the items themselves. Of an index, entries are read or,
    if `whole`, their items: both of one moment. `size_max` counts all that is read.
    """

    WIRE = "partition.read"
    epoch: int
    start: bytes
    end: bytes
    count_max: int
    size_max: int
    forward: bool = True
    strong: bool = True
    lag_s: float = 0.0
    index: int = 0
    whole: bool = False


@attrs.frozen
class Tallied(Message):
    """See `trinamo.partition.tallies`."""

    WIRE = "partition.tallied"
    tallies: tuple[int, ...]


@attrs.frozen
class Tally(Request[Tallied]):
    """Say how much there is of items and of entries in each local index."""

    WIRE = "partition.tally"
    epoch: int
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


# The change feed


@attrs.frozen
class Done(Message):
    """It is committed and applied."""

    WIRE = "partition.done"


@attrs.frozen
class Configure(Request[Done]):
    """Give the partition these settings (`trinamo.partition.feed.Settings`), unless it has these or newer ones."""

    WIRE = "partition.configure"
    epoch: int
    settings: bytes


@attrs.frozen
class FeedRows(Message):
    """Changes as (log index, number within the entry, record), in that order, and how far they reach.

    All changes of entries below `rest` that were asked for are here; `rest` is where to read on. What entries below
    `oldest` changed was trimmed.
    """

    WIRE = "partition.feed_rows"
    rows: tuple[tuple[int, int, bytes], ...]
    rest: tuple[int, int]
    oldest: int


@attrs.frozen
class ReadFeed(Request[FeedRows]):
    """Read changes from (index, number) on, as far as they are committed."""

    WIRE = "partition.read_feed"
    epoch: int
    index: int
    number: int
    count_max: int
    size_max: int


@attrs.frozen
class ReadCursors(Request["Cursors"]):
    """Read where the consumers of a feed, or the sources of an index, have come to."""

    WIRE = "partition.read_cursors"
    epoch: int


@attrs.frozen
class Cursors(Message):
    """By name; `committed` is the index of the last entry that was committed when they were read."""

    WIRE = "partition.cursors"
    positions: dict[str, int]
    committed: int


@attrs.frozen
class Keep(Request[Done]):
    """Move cursors of a feed's consumers, and trim what entries below `trim_below` changed and no consumer needs.

    `shards` are those to forget, by the entries behind which they began.
    """

    WIRE = "partition.keep"
    epoch: int
    positions: dict[str, int]
    trim_below: int = 0
    shards: tuple[int, ...] = ()


@attrs.frozen
class Roll(Request[Done]):
    """Roll over the shard that began behind this entry, unless it is closed already."""

    WIRE = "partition.roll"
    epoch: int
    after: int


@attrs.frozen
class ShardsFound(Message):
    """The shards of a stream, in order. Its changes up to `oldest` (not included) are let go; `applied` is the last entry."""

    WIRE = "partition.shards_found"
    shards: tuple[ShardRecord, ...]
    oldest: int
    applied: int


@attrs.frozen
class ReadShards(Request[ShardsFound]):
    """Read the shards of the stream with this label."""

    WIRE = "partition.read_shards"
    epoch: int
    label: str


@attrs.frozen
class MomentFound(Message):
    WIRE = "partition.moment_found"
    index: int
    number: int


@attrs.frozen
class FindMoment(Request[MomentFound]):
    """Find the first change since a moment (a hybrid timestamp), be it still to come."""

    WIRE = "partition.find_moment"
    epoch: int
    clock: int


@attrs.frozen
class ShardRows(Message):
    """Changes of a shard: as `FeedRows`, and `ended` where no more will come. `found` is False for a shard that is not there."""

    WIRE = "partition.shard_rows"
    rows: tuple[tuple[int, int, bytes], ...]
    rest: tuple[int, int]
    oldest: int
    ended: bool
    found: bool = True


@attrs.frozen
class ReadShard(Request[ShardRows]):
    """Read changes of a shard from (index, number) on: of the stream with this label, the one that began at this moment.

    Not `strong`: as far as they are applied here.
    """

    WIRE = "partition.read_shard"
    epoch: int
    label: str
    began_ms: int
    index: int
    number: int
    count_max: int
    size_max: int
    strong: bool = True


@attrs.frozen
class Taken(Message):
    """How far the source's changes are taken now; where this is not `up_to`, nothing was taken."""

    WIRE = "partition.taken"
    position: int


@attrs.frozen
class TakeChanges(Request[Taken]):
    """To a partition of an index: take all that a source's entries from `after` (not included) to `up_to` change here.

    `changes` are (key, size, item bytes or None), perhaps none at all. Gaps and repetitions are refused.
    """

    WIRE = "partition.take_changes"
    epoch: int
    source: str
    after: int
    up_to: int
    changes: tuple[tuple[bytes, int, bytes | None], ...]


@attrs.frozen
class Touched(Message):
    """What was touched is committed. `rest` is where to go on; None if nothing is left."""

    WIRE = "partition.touched"
    rest: bytes | None


@attrs.frozen
class Touch(Request[Touched]):
    """Leave records in the feed of some items from `start` on, as they are when these are committed."""

    WIRE = "partition.touch"
    epoch: int
    start: bytes


@attrs.frozen
class Expired(Message):
    """The items are deleted but for those of the keys in `kept`, which had not expired, or may not be deleted now."""

    WIRE = "partition.expired"
    kept: tuple[bytes, ...]
    behind: str | None = None
    """The global index that must follow before more is deleted."""


@attrs.frozen
class Expire(Request[Expired]):
    """Delete those of these items that have expired when this is evaluated (`trinamo.partition.expiry`)."""

    WIRE = "partition.expire"
    epoch: int
    keys: tuple[bytes, ...]


@attrs.frozen
class Passed(Message):
    """Whether an index has taken all that was committed when this was asked, or not in time."""

    WIRE = "partition.passed"
    in_time: bool


@attrs.frozen
class PassOn(Request[Passed]):
    """Answer when the global index of this id has taken all changes that are committed now (PROTOCOLS 6)."""

    WIRE = "partition.pass_on"
    epoch: int
    index: str


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
