"""Descriptions: what the service answers about a table.

A member stands in a description only when there is something to say: a table that has always been provisioned has no
billing summary, one that never had a stream no label.
"""

from typing import Any, Final

from trinamo.model.keys import KeyAttribute
from trinamo.model.tables import (
    BillingMode,
    Changes,
    Encryption,
    IndexSpec,
    TableAddress,
    TableSpec,
    TableStatus,
    Throughput,
)
from trinamo.model.throughput import lowered_on_day, warm_units

_OWNED_KEYS: Final = "AES256"  # the service's own keys, which a description does not mention


def table_description(
    spec: TableSpec,
    *,
    address: TableAddress,
    table_id: str,
    status: TableStatus,
    created_at: float,
    as_of: float,
    item_count: int = 0,
    size_bytes: int = 0,
) -> dict[str, Any]:
    """Return the TableDescription of an answer. `table_id` is a UUID, the moments are in seconds since 1970."""
    arn = address.arn
    description: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": attribute.name, "AttributeType": attribute.type}
            for attribute in spec.attributes
        ],
        "TableName": spec.name,
        "KeySchema": key_schema((spec.keys.partition,), spec.keys.attributes[1:]),
        "TableStatus": status.value,
        "CreationDateTime": created_at,
        "ProvisionedThroughput": _provisioned(spec, as_of),
        "TableSizeBytes": size_bytes,
        "ItemCount": item_count,
        "TableArn": arn,
        "TableId": table_id,
        "DeletionProtectionEnabled": spec.deletion_protection,
        "WarmThroughput": _warm(spec.billing_mode, spec.throughput, spec.warm),
        **_billing(spec),
        **_stream(spec, arn),
    }
    if spec.on_demand is not None:
        description["OnDemandThroughput"] = _on_demand(spec.on_demand)
    if spec.table_class is not None:
        description["TableClassSummary"] = _table_class(spec.table_class, spec.changes)
    if spec.encryption is not None and spec.encryption.enabled and spec.encryption.type != _OWNED_KEYS:
        description["SSEDescription"] = _encryption(spec.encryption, address)
    if spec.local_indexes:
        description["LocalSecondaryIndexes"] = [_index(index, arn) for index in spec.local_indexes]
    if spec.global_indexes:
        description["GlobalSecondaryIndexes"] = [
            _global_index(spec, index, arn, status) for index in spec.global_indexes
        ]
    return description


def key_schema(partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]) -> list[dict[str, str]]:
    return [
        *({"AttributeName": attribute.name, "KeyType": "HASH"} for attribute in partition),
        *({"AttributeName": attribute.name, "KeyType": "RANGE"} for attribute in sort),
    ]


def _provisioned(spec: TableSpec, as_of: float) -> dict[str, Any]:
    changes = spec.changes
    described = _units(spec.throughput)
    described["NumberOfDecreasesToday"] = len(lowered_on_day(changes, as_of))
    if changes.raised_at is not None:
        described["LastIncreaseDateTime"] = changes.raised_at
    if changes.lowered:
        described["LastDecreaseDateTime"] = changes.lowered[-1]
    return described


def _units(throughput: Throughput) -> dict[str, Any]:
    return {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": throughput.read or 0,
        "WriteCapacityUnits": throughput.write or 0,
    }


def _warm(mode: BillingMode, provisioned: Throughput, asked: Throughput | None) -> dict[str, Any]:
    warm = warm_units(mode, provisioned, asked)
    return {"ReadUnitsPerSecond": warm.read, "WriteUnitsPerSecond": warm.write, "Status": "ACTIVE"}


def _billing(spec: TableSpec) -> dict[str, Any]:
    """Return the summary of a table that is on-demand, or once was."""
    if spec.billing_mode is BillingMode.PROVISIONED and spec.on_demand_since is None:
        return {}
    summary: dict[str, Any] = {"BillingMode": spec.billing_mode.value}
    if spec.on_demand_since is not None:
        summary["LastUpdateToPayPerRequestDateTime"] = spec.on_demand_since
    return {"BillingModeSummary": summary}


def _stream(spec: TableSpec, arn: str) -> dict[str, Any]:
    """Return the stream, of which label and ARN outlast its end."""
    described: dict[str, Any] = {}
    if spec.stream_view is not None:
        described["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": spec.stream_view}
    if spec.stream_label is not None:
        described["LatestStreamLabel"] = spec.stream_label
        described["LatestStreamArn"] = f"{arn}/stream/{spec.stream_label}"
    return described


def _table_class(table_class: str, changes: Changes) -> dict[str, Any]:
    summary: dict[str, Any] = {"TableClass": table_class}
    if changes.table_class:
        summary["LastUpdateDateTime"] = changes.table_class[-1]
    return summary


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
        "KeySchema": key_schema(index.partition, index.sort),
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
        "ProvisionedThroughput": _units(throughput),
        "WarmThroughput": _warm(spec.billing_mode, throughput, index.warm),
    }
    if index.on_demand is not None:
        description["OnDemandThroughput"] = _on_demand(index.on_demand)
    return description
