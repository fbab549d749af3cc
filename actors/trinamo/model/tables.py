"""Tables: what a user declared, and the description that the service answers.

A `TableSpec` is what CreateTable (and later UpdateTable) settled; it is replicated in the catalog. What changes by
itself (status, counts) is beside it. Identity is (account, region, name); everything behind the gateway knows a table
by its id only.
"""

import enum
import re
from typing import Any, Final, NamedTuple

import attrs

from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.model.limits import WARM_READ_UNITS, WARM_WRITE_UNITS
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
_OWNED_KEYS: Final = "AES256"  # the service's own keys, which a description does not mention


def table_address(table: str, account: str, region: str) -> TableAddress:
    """Return the address that a `TableName` means: a name, in the caller's account and region, or an ARN."""
    match = _ARN.fullmatch(table) if table.startswith("arn:") else None
    if match is None:
        return TableAddress(account, region, table)
    return TableAddress(match[2], match[1], match[3])


def table_description(
    spec: TableSpec,
    *,
    address: TableAddress,
    table_id: str,
    status: TableStatus,
    created_at: float,
    item_count: int = 0,
    size_bytes: int = 0,
) -> dict[str, Any]:
    """Return the TableDescription of an answer. `table_id` is a UUID, `created_at` seconds since 1970."""
    arn = address.arn
    description: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": attribute.name, "AttributeType": attribute.type}
            for attribute in spec.attributes
        ],
        "TableName": spec.name,
        "KeySchema": _key_schema((spec.keys.partition,), spec.keys.attributes[1:]),
        "TableStatus": status.value,
        "CreationDateTime": created_at,
        "ProvisionedThroughput": _provisioned(spec.throughput),
        "TableSizeBytes": size_bytes,
        "ItemCount": item_count,
        "TableArn": arn,
        "TableId": table_id,
        "DeletionProtectionEnabled": spec.deletion_protection,
        "WarmThroughput": _warm(spec, spec.warm, spec.throughput),
    }
    if spec.billing_mode is BillingMode.PAY_PER_REQUEST:
        description["BillingModeSummary"] = {
            "BillingMode": spec.billing_mode.value,
            "LastUpdateToPayPerRequestDateTime": created_at,
        }
    if spec.on_demand is not None:
        description["OnDemandThroughput"] = _on_demand(spec.on_demand)
    if spec.table_class is not None:
        description["TableClassSummary"] = {"TableClass": spec.table_class}
    if spec.encryption is not None and spec.encryption.enabled and spec.encryption.type != _OWNED_KEYS:
        description["SSEDescription"] = _encryption(spec.encryption, address)
    if spec.local_indexes:
        description["LocalSecondaryIndexes"] = [_index(index, arn) for index in spec.local_indexes]
    if spec.global_indexes:
        description["GlobalSecondaryIndexes"] = [
            _global_index(spec, index, arn, status) for index in spec.global_indexes
        ]
    if spec.stream_view is not None:
        description["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": spec.stream_view}
    return description


def _key_schema(partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]) -> list[dict[str, str]]:
    return [
        *({"AttributeName": attribute.name, "KeyType": "HASH"} for attribute in partition),
        *({"AttributeName": attribute.name, "KeyType": "RANGE"} for attribute in sort),
    ]


def _provisioned(throughput: Throughput) -> dict[str, Any]:
    return {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": throughput.read or 0,
        "WriteCapacityUnits": throughput.write or 0,
    }


def _warm(spec: TableSpec, asked: Throughput | None, provisioned: Throughput) -> dict[str, Any]:
    """Return what is warm: what was asked for, but no less than what the billing mode gives anyway."""
    if spec.billing_mode is BillingMode.PAY_PER_REQUEST:
        read, write = WARM_READ_UNITS, WARM_WRITE_UNITS
    else:
        read, write = provisioned.read or 0, provisioned.write or 0
    if asked is not None:
        read, write = max(read, asked.read or 0), max(write, asked.write or 0)
    return {"ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write, "Status": "ACTIVE"}


def _on_demand(limits: Throughput) -> dict[str, Any]:
    members = {"MaxReadRequestUnits": limits.read, "MaxWriteRequestUnits": limits.write}
    return {name: units for name, units in members.items() if units is not None}


def _encryption(encryption: Encryption, address: TableAddress) -> dict[str, Any]:
    key = encryption.key or "alias/aws/dynamodb"
    if not key.startswith("arn:"):
        path = key if key.startswith("alias/") else f"key/{key}"
        key = f"arn:aws:kms:{address.region}:{address.account}:{path}"
    return {"Status": "ENABLED", "SSEType": encryption.type, "KMSMasterKeyArn": key}


def _index(index: IndexSpec, arn: str) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection.type}
    if index.projection.names:
        projection["NonKeyAttributes"] = list(index.projection.names)
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.partition, index.sort),
        "Projection": projection,
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{arn}/index/{index.name}",
    }


def _global_index(spec: TableSpec, index: IndexSpec, arn: str, status: TableStatus) -> dict[str, Any]:
    throughput = index.throughput or Throughput(0, 0)
    description = {
        **_index(index, arn),
        "IndexStatus": TableStatus.CREATING.value
        if status is TableStatus.CREATING
        else TableStatus.ACTIVE.value,
        "ProvisionedThroughput": _provisioned(throughput),
        "WarmThroughput": _warm(spec, index.warm, throughput),
    }
    if index.on_demand is not None:
        description["OnDemandThroughput"] = _on_demand(index.on_demand)
    return description
