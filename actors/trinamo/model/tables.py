"""Tables: what a user declared, and when.

A `TableSpec` is what CreateTable, UpdateTable, TagResource and UpdateTimeToLive settled; it is replicated in the catalog.
What changes by itself (status, counts) is beside it. Identity is (account, region, name); everything behind the gateway
knows a table by its id only.

Moments are in seconds since 1970.
"""

import enum
import re
from datetime import UTC, datetime
from typing import NamedTuple

import attrs

from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.wire import Message


class TableStatus(enum.StrEnum):
    """Where a table is in its life."""

    CREATING = "CREATING"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    ACTIVE = "ACTIVE"


class BillingMode(enum.StrEnum):
    """How capacity is paid for."""

    PROVISIONED = "PROVISIONED"
    PAY_PER_REQUEST = "PAY_PER_REQUEST"


@attrs.frozen
class Throughput(Message):
    """Units per second for reading and writing; None where nothing was said."""

    WIRE = "model.throughput"
    read: int | None = None
    write: int | None = None


@attrs.frozen
class Projection(Message):
    """Which attributes an index holds beside the keys: `ALL`, `KEYS_ONLY`, or `INCLUDE` with names."""

    WIRE = "model.projection"
    type: str
    names: tuple[str, ...] = ()


@attrs.frozen
class IndexSpec(Message):
    """A secondary index. A global one may have up to four attributes in each half of its key."""

    WIRE = "model.index_spec"
    name: str
    partition: tuple[KeyAttribute, ...]
    sort: tuple[KeyAttribute, ...]
    projection: Projection
    throughput: Throughput | None = None
    on_demand: Throughput | None = None
    warm: Throughput | None = None


@attrs.frozen
class Encryption(Message):
    """What the user said about encryption at rest."""

    WIRE = "model.encryption"
    enabled: bool
    type: str = "KMS"
    key: str | None = None


@attrs.frozen
class Tag(Message):
    """A name and a value that a user hung on a table."""

    WIRE = "model.tag"
    key: str
    value: str


@attrs.frozen
class Changes(Message):
    """When settings were changed, as far as limits and descriptions want to know; the latest moment stands last."""

    WIRE = "model.changes"
    raised_at: float | None = None  # the provisioned throughput
    lowered: tuple[float, ...] = ()  # the same, on the day on which it was last lowered
    switched: tuple[float, ...] = ()  # from provisioned to on-demand, within a day before the last time
    table_class: tuple[float, ...] = ()  # within thirty days before the last time
    time_to_live_at: float | None = None


class DestinationStatus(enum.StrEnum):
    """Where a Kinesis destination is in its life."""

    ENABLING = "ENABLING"
    ACTIVE = "ACTIVE"
    DISABLING = "DISABLING"
    DISABLED = "DISABLED"
    ENABLE_FAILED = "ENABLE_FAILED"
    UPDATING = "UPDATING"


@attrs.frozen
class Destination(Message):
    """A Kinesis data stream that takes a table's changes (`trinamo.model.destinations`); `number` tells it from former ones.

    `precision` is that of times, MILLISECOND where nothing was said; `description` says why it failed.
    """

    WIRE = "model.destination"
    number: int
    stream_arn: str
    status: DestinationStatus
    precision: str | None
    enabled_at: float
    description: str | None = None


@attrs.frozen
class TableSpec(Message):
    """All that a user declared of a table. `attributes` stand in the order of AttributeDefinitions."""

    WIRE = "model.table_spec"
    name: str
    attributes: tuple[KeyAttribute, ...]
    keys: KeySchema
    billing_mode: BillingMode = BillingMode.PROVISIONED
    throughput: Throughput = Throughput(0, 0)  # zeros for on-demand tables
    local_indexes: tuple[IndexSpec, ...] = ()
    global_indexes: tuple[IndexSpec, ...] = ()
    stream_view: str | None = None
    encryption: Encryption | None = None
    table_class: str | None = None
    deletion_protection: bool = False
    on_demand: Throughput | None = None
    warm: Throughput | None = None
    tags: tuple[Tag, ...] = ()
    resource_policy: str | None = None
    stream_label: str | None = None  # of the latest stream, which may be disabled
    on_demand_since: float | None = None  # the latest time that the table came to be on-demand
    time_to_live: str | None = None  # the attribute, while it is enabled
    changes: Changes = Changes()
    destinations: tuple[Destination, ...] = ()


def at_creation(spec: TableSpec, now: float) -> TableSpec:
    """Return a declared table with the moments that its creation gives it."""
    return attrs.evolve(
        spec,
        stream_label=None if spec.stream_view is None else stream_label(now, None),
        on_demand_since=now if spec.billing_mode is BillingMode.PAY_PER_REQUEST else None,
    )


def stream_label(now: float, former: str | None) -> str:
    """Return the label of a stream that begins now: the time, or what follows on the label of the former stream."""
    ms = round(now * 1000)
    if former is not None:
        ms = max(ms, round(datetime.fromisoformat(former).replace(tzinfo=UTC).timestamp() * 1000) + 1)
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}"


class TableAddress(NamedTuple):
    """Whose table, where, and its name."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The table's Amazon resource name."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.name}"


_ARN = re.compile(r"arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):([0-9]{12}):table/([a-zA-Z0-9_.-]+)")


def table_address(table: str, account: str, region: str) -> TableAddress:
    """Return the address that a `TableName` means: a name, in the caller's account and region, or an ARN."""
    match = _ARN.fullmatch(table) if table.startswith("arn:") else None
    if match is None:
        return TableAddress(account, region, table)
    return TableAddress(match[2], match[1], match[3])
