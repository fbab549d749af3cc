"""The catalog's records and where they lie in the system partition.

    "c"                               Counters
    "t/" account / region / name      TableRecord, with the table's partitions

Every change of the catalog is one `Swap` that expects the counters it read and writes them with the next version:
so changes are serial, and a view is brought up to date by comparing one number.
"""

from typing import Final

import attrs
import cbor2

from trinamo.base import NodeId, PartitionId
from trinamo.model.tables import TableAddress, TableSpec, TableStatus
from trinamo.wire import Message, from_wire, to_wire

SYSTEM_PARTITION: Final = PartitionId(1)
SYSTEM_EPOCH: Final = 1
COUNTERS_KEY: Final = b"c"
TABLES_PREFIX: Final = b"t/"
TABLES_END: Final = b"t0"  # the first key behind all of "t/..."
HIDDEN: Final = (
    "~"  # begins the account of a table that is being filled (copies.py); users' are twelve digits
)
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
class TableRecord(Message):
    """A table; `partitions` are in the order of their ranges and cover all keys.

    `next_spec` is there while the table is UPDATING: the spec that will be in force.
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

    @property
    def address(self) -> TableAddress:
        return TableAddress(self.account, self.region, self.spec.name)

    @property
    def key(self) -> bytes:
        return table_key(self.address)

    def at_rest(self) -> "TableRecord":
        """Return the table as it is when what it passes through is over: ACTIVE, with the spec that was to come."""
        return attrs.evolve(self, status=TableStatus.ACTIVE, spec=self.next_spec or self.spec, next_spec=None)


@attrs.frozen
class CatalogChanged(Message):
    """To every node: what a committed change made of the catalog of version `base`."""

    WIRE = "catalog.changed"
    base: int
    counters: Counters
    tables: tuple[TableRecord, ...]
    removed: tuple[bytes, ...]


def table_key(address: TableAddress) -> bytes:
    return TABLES_PREFIX + "/".join(address).encode()


def encode_record(record: Message) -> bytes:
    encoded: bytes = cbor2.dumps(to_wire(record))
    return encoded


def decode_record(item: bytes) -> Message:
    return from_wire(cbor2.loads(item))
