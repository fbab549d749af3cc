"""The catalog's records and where they lie in the system partition.

    "c"                               Counters
    "t/" account / region / name      TableRecord, with the table's partitions

Every change of the catalog is one `Swap` that expects the counters it read and writes them with the next version:
so changes are serial, and a view is brought up to date by comparing one number.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

import attrs
import cbor2

from trinamo.base import NodeId, PartitionId
from trinamo.model.destinations import arrived, is_passing, taking
from trinamo.model.streams import RETENTION_S
from trinamo.model.tables import Destination, TableAddress, TableSpec, TableStatus
from trinamo.partition.feed import Settings
from trinamo.wire import Message, from_wire, to_wire

SYSTEM_PARTITION: Final = PartitionId(1)
SYSTEM_EPOCH: Final = 1
COUNTERS_KEY: Final = b"c"
TABLES_PREFIX: Final = b"t/"
TABLES_END: Final = b"t0"  # the first key behind all of "t/..."
HIDDEN: Final = (
    "~"  # begins the account of a table that is being filled (copies.py); users' are twelve digits
)
RETIRED: Final = "="  # begins the account of a table that is deleted, and whose streams are still kept: = account = table id
REPLICAS_MAX: Final = 3  # as DynamoDB: three copies, a quorum of two


@attrs.frozen
class Counters(Message):
    """What is given out next, how often the catalog has changed, and how far users advanced the wall clock."""

    WIRE = "catalog.counters"
    partition: int = 2
    version: int = 0
    clock_offset_us: int = 0


@attrs.frozen
class PartitionRecord(Message):
    """A range of a table's keys and who holds it, the most preferred first."""

    WIRE = "catalog.partition"
    partition: PartitionId
    start: bytes
    end: bytes
    epoch: int
    replicas: tuple[NodeId, ...]


@attrs.frozen
class IndexRecord(Message):
    """A global index; `partitions` cover all keys of its entries. `backfilling` while it learns what the table holds.

    CREATING is one that cannot be read yet, DELETING one that the table's next spec is without.
    """

    WIRE = "catalog.index"
    name: str
    index_id: str
    status: TableStatus
    partitions: tuple[PartitionRecord, ...]
    backfilling: bool = False

    def begun(self) -> "IndexRecord":
        """Return the index as it is when the update that brought it is over."""
        return attrs.evolve(self, backfilling=self.status is TableStatus.CREATING)

    def filled(self) -> "IndexRecord":
        """Return the index as it is when it holds what it shall."""
        return attrs.evolve(self, status=TableStatus.ACTIVE, backfilling=False)


@attrs.frozen
class StreamRecord(Message):
    """A stream of a table, which is kept until a day after it was disabled."""

    WIRE = "catalog.stream"
    label: str
    view: str
    created_at: float
    disabled_at: float | None = None

    def is_over(self, now: float) -> bool:
        """Whether nothing of it is kept any more."""
        return self.disabled_at is not None and self.disabled_at + RETENTION_S <= now


@attrs.frozen
class TableRecord(Message):
    """A table; `partitions` are in the order of their ranges and cover all keys.

    `next_spec` is there while the table is UPDATING: the spec that will be in force. `indexes` are the global ones of
    both specs. `expiry` is the attribute by which items expire for sure: behind what the spec says while that is new.
    `streams` are those that are kept, the latest last.
    """

    WIRE = "catalog.table"
    account: str
    region: str
    table_id: str
    spec: TableSpec
    status: TableStatus
    created_at: float
    partitions: tuple[PartitionRecord, ...]
    next_spec: TableSpec | None = None
    indexes: tuple[IndexRecord, ...] = ()
    expiry: str | None = None
    streams: tuple[StreamRecord, ...] = ()

    @property
    def address(self) -> TableAddress:
        return TableAddress(self.account, self.region, self.spec.name)

    @property
    def user_address(self) -> TableAddress:
        """The address by which users know, or knew, the table."""
        return self.address._replace(account=self.owner)

    @property
    def owner(self) -> str:
        """The account whose table it is, also one that is hidden or retired."""
        if self.account.startswith(RETIRED):
            return self.account.split(RETIRED)[1]
        return self.account.removeprefix(HIDDEN)

    @property
    def shown(self) -> bool:
        """Whether users see the table."""
        return not self.account.startswith((HIDDEN, RETIRED))

    @property
    def retired(self) -> bool:
        """Whether the table is deleted, and only its streams are kept."""
        return self.account.startswith(RETIRED)

    @property
    def key(self) -> bytes:
        return table_key(self.address)

    @property
    def coming(self) -> TableSpec:
        """The spec that is or will be in force."""
        return self.next_spec or self.spec

    @property
    def every_partition(self) -> Iterator[PartitionRecord]:
        """The partitions of the table and of its indexes."""
        return chain(self.partitions, *(index.partitions for index in self.indexes))

    @property
    def changes_stream(self) -> bool:
        """Whether a stream is on its way to be enabled or disabled."""
        next_spec = self.next_spec
        return next_spec is not None and next_spec.stream_view != self.spec.stream_view

    def index(self, name: str) -> IndexRecord | None:
        """Return the global index of this name."""
        return next((index for index in self.indexes if index.name == name), None)

    def at_rest(self) -> "TableRecord":
        """Return the table as it is when what it passes through is over: ACTIVE, with the spec that was to come.

        The indexes of a new table are ACTIVE then; one that was added has yet to be filled.
        """
        created = self.status is TableStatus.CREATING
        kept = [index for index in self.indexes if index.status is not TableStatus.DELETING]
        indexes = tuple(index.filled() if created else index.begun() for index in kept)
        rested = attrs.evolve(
            self, status=TableStatus.ACTIVE, spec=self.coming, next_spec=None, indexes=indexes
        )
        return rested.with_expiry()

    def with_expiry(self) -> "TableRecord":
        """Return the table as it is when its items expire as the spec to come says."""
        return attrs.evolve(self, expiry=self.coming.time_to_live)

    @property
    def changes_destinations(self) -> bool:
        """Whether a Kinesis destination is on its way to another status."""
        return is_passing(self.coming)

    def with_destinations(self, problem: Callable[[Destination], str | None]) -> "TableRecord":
        """Return the table with its Kinesis destinations where they were on their way to; `problem` says why one cannot be."""
        next_spec = None if self.next_spec is None else arrived(self.next_spec, problem)
        return attrs.evolve(self, spec=arrived(self.spec, problem), next_spec=next_spec)

    def with_filled(self, index_id: str) -> "TableRecord":
        """Return the table with one of its indexes ACTIVE."""
        indexes = tuple(index.filled() if index.index_id == index_id else index for index in self.indexes)
        return attrs.evolve(self, indexes=indexes)

    def with_streams(self, now: float) -> "TableRecord":
        """Return the table with the streams that the spec to come makes of those it had."""
        spec = self.coming
        label = None if spec.stream_view is None or self.status is TableStatus.DELETING else spec.stream_label
        streams = [
            attrs.evolve(each, disabled_at=now) if each.disabled_at is None and each.label != label else each
            for each in self.streams
        ]
        if label is not None and label not in [each.label for each in streams]:
            assert spec.stream_view is not None, "it has a stream"
            streams.append(StreamRecord(label, spec.stream_view, now))
        return attrs.evolve(self, streams=tuple(streams))

    def without_streams(self, now: float) -> "TableRecord":
        """Return the table without the streams that are over."""
        return attrs.evolve(self, streams=tuple(each for each in self.streams if not each.is_over(now)))

    def as_retired(self) -> "TableRecord":
        """Return what is kept of a deleted table for the sake of its streams."""
        return attrs.evolve(
            self,
            account=f"{RETIRED}{self.account}{RETIRED}{self.table_id}",
            status=TableStatus.ACTIVE,
            spec=attrs.evolve(
                self.coming, stream_view=None, global_indexes=(), time_to_live=None, tags=(), destinations=()
            ),
            next_spec=None,
            indexes=(),
        )


@attrs.frozen
class CatalogChanged(Message):
    """To every node: what a committed change made of the catalog of version `base`."""

    WIRE = "catalog.changed"
    base: int
    counters: Counters
    tables: tuple[TableRecord, ...]
    removed: tuple[bytes, ...]


def settings_of(record: TableRecord, version: int = 0) -> Settings:
    """Return what the partitions of a table do besides keeping items, with the spec that is or will be in force.

    `version` is that of the catalog in which the record was seen.
    """
    going = record.status is TableStatus.DELETING
    kept = [index for index in record.indexes if index.status is not TableStatus.DELETING and not going]
    destinations = () if going or record.retired else taking(record.coming)
    stream = next((each.label for each in record.streams if each.disabled_at is None), None)
    return Settings(
        feed=bool(kept or destinations) or stream is not None,
        expiry=None if going else record.coming.time_to_live,
        indexes=tuple(index.index_id for index in kept),
        version=version,
        stream=stream,
        streams=tuple(each.label for each in record.streams),
        destinations=tuple(each.number for each in destinations),
    )


def table_key(address: TableAddress) -> bytes:
    return TABLES_PREFIX + "/".join(address).encode()


def encode_record(record: Message) -> bytes:
    encoded: bytes = cbor2.dumps(to_wire(record))
    return encoded


def decode_record(item: bytes) -> Message:
    return from_wire(cbor2.loads(item))
