"""What a request is about, as far as faults select by it: operation, tables, indexes and items.

It is read from the JSON as it came, before anything was checked, so everything may be of any type.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from trinamo.model.streams import read_stream_arn
from trinamo.model.tables import table_address

READS: Final = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
STREAM_READS: Final = frozenset({"DescribeStream", "GetShardIterator", "GetRecords"})
WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


@attrs.frozen
class Part:
    """One item or table that a request names. `position` counts the items of one table in a batch."""

    table: str
    index: str | None = None
    attributes: Mapping[str, Any] | None = None
    position: int = 0


@attrs.frozen
class Target:
    """A request, as faults see it."""

    operation: str
    parts: tuple[Part, ...]

    @property
    def writes(self) -> bool:
        return self.operation in WRITES

    @property
    def batch(self) -> bool:
        return self.operation in ("BatchGetItem", "BatchWriteItem")


def selects(fields: Mapping[str, Any], target: Target) -> bool:
    """Whether a fault with these fields is about this request."""
    if fields.get("operation", target.operation) != target.operation:
        return False
    if not any(name in fields for name in ("table", "index", "key")):
        return True
    return any(selects_part(fields, part) for part in target.parts)


def selects_part(fields: Mapping[str, Any], part: Part) -> bool:
    """Whether a fault with these fields is about this part of a request."""
    if fields.get("table", part.table) != part.table:
        return False
    if fields.get("index", part.index) != part.index:
        return False
    key = fields.get("key")
    if key is None:
        return True
    attributes = part.attributes
    return attributes is not None and all(attributes.get(name) == value for name, value in key.items())


def target_of(operation: str, parameters: Mapping[str, Any]) -> Target:
    """Return what a request is about."""
    return Target(operation, tuple(_parts(parameters)))


def _parts(parameters: Mapping[str, Any]) -> Iterator[Part]:
    yield from _part(parameters)
    batch = parameters.get("RequestItems")
    if isinstance(batch, dict):
        for table, asked in batch.items():
            yield from _batch(table, asked)
    transaction = parameters.get("TransactItems")
    if isinstance(transaction, list):
        for each in transaction:
            for inner in _objects([*each.values()] if isinstance(each, dict) else []):
                yield from _part(inner)


def _batch(table: str, asked: Any) -> Iterator[Part]:
    if isinstance(asked, dict):
        keys = asked.get("Keys")
        for position, key in enumerate(_objects(keys if isinstance(keys, list) else [])):
            yield Part(_name(table), None, key, position)
    elif isinstance(asked, list):
        for position, write in enumerate(_objects(asked)):
            for inner in _objects([*write.values()]):
                yield Part(_name(table), None, inner.get("Item", inner.get("Key")), position)


def _part(named: Mapping[str, Any]) -> Iterator[Part]:
    table, index = named.get("TableName", _streamed(named)), named.get("IndexName")
    if not isinstance(table, str):
        return
    attributes = named.get("Key", named.get("Item"))
    yield Part(
        _name(table),
        index if isinstance(index, str) else None,
        attributes if isinstance(attributes, dict) else None,
    )


def _streamed(named: Mapping[str, Any]) -> str | None:
    """Return the table of the stream that is named, or to which an iterator belongs, if any."""
    arn = named.get("StreamArn", named.get("ShardIterator"))
    name = read_stream_arn(arn.partition("|")[0]) if isinstance(arn, str) else None
    return None if name is None else name.address.name


def _objects(values: list[Any]) -> Iterator[dict[str, Any]]:
    return (value for value in values if isinstance(value, dict))


def _name(table: str) -> str:
    return table_address(table, "", "").name
