"""Primary keys: their schema, and byte keys whose order is DynamoDB's.

    key = MD5(enc(partition value)) (16 bytes) | enc(partition value) | enc(sort value)

The hash spreads partition values over the partitions; the value itself follows, so that equal hashes of different
values do no harm; the sort value is last, so that a range of sort values is a range of bytes. A table without
sort key leaves the last part out.

enc is self-delimiting (no encoding is a proper prefix of another) and keeps order, for each of the key types:

    S    UTF-8 bytes, each 00 written 00 FF, then 00 00
    B    the bytes, each 00 written 00 FF, then 00 00
    N    `trinamo.model.numbers`

Invariants.
1. For two keys of one schema with equal partition values: byte order is the order of their sort values.
2. The keys of one partition value are exactly those that begin with its `partition_prefix`.
3. The sort values that begin with a string or binary p are exactly those whose bytes begin with escape(p): the
   terminator 00 00 sorts below every continuation, and escaping acts on single bytes.
4. A partition prefix, a key of one sort value and a key of two never equal one another, whatever their values.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal

import attrs

from trinamo.model.errors import ApiError, invalid_parameters, key_mismatch, validation
from trinamo.model.limits import PARTITION_KEY_SIZE_MAX, SORT_KEY_SIZE_MAX
from trinamo.model.numbers import decode_number, encode_number
from trinamo.model.values import AttributeValue, Item, type_of
from trinamo.wire import Message

HASH_SIZE = 16
SortOperator = Literal["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"]

_END = b"\x00\x00"
_ESCAPED_ZERO = b"\x00\xff"


@attrs.frozen
class KeyAttribute(Message):
    """An attribute that is part of a key, and its type: `S`, `N` or `B`."""

    WIRE = "model.key_attribute"
    name: str
    type: str


@attrs.frozen
class KeySchema(Message):
    """The partition key of a table or index and, if it has one, its sort key."""

    WIRE = "model.key_schema"
    partition: KeyAttribute
    sort: KeyAttribute | None = None

    @property
    def attributes(self) -> tuple[KeyAttribute, ...]:
        """The key attributes, partition key first."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)


def put_key(schema: KeySchema, item: Item) -> bytes:
    """Return the key of an item that PutItem brings, or raise the `ApiError` of its key attributes."""
    partition, sort = schema.partition, schema.sort
    try:
        first = item[partition.name][partition.type]
        second = None if sort is None else item[sort.name][sort.type]
    except KeyError:
        raise _put_fault(schema, item) from None
    return _checked_key(schema, first, second)


def item_key(schema: KeySchema, key: Item) -> bytes:
    """Return the key that a `Key` parameter names, or raise the `ApiError` of what it holds."""
    if len(key) != (1 if schema.sort is None else 2):
        raise key_mismatch()
    return batch_put_key(schema, key)


def batch_put_key(schema: KeySchema, item: Item) -> bytes:
    """Return the key of an item that BatchWriteItem brings; it words faults as for a `Key` parameter."""
    partition, sort = schema.partition, schema.sort
    try:
        first = item[partition.name][partition.type]
        second = None if sort is None else item[sort.name][sort.type]
    except KeyError:
        raise key_mismatch() from None
    return _checked_key(schema, first, second)


def key_of(schema: KeySchema, item: Item) -> Item:
    """Return the key attributes of a stored item."""
    return {attribute.name: item[attribute.name] for attribute in schema.attributes}


def partition_prefix(attribute: KeyAttribute, value: AttributeValue) -> bytes:
    """Return what the keys of all items with this partition value begin with. The value's type must fit."""
    encoded = encode_value(attribute.type, value[attribute.type])
    return hashlib.md5(encoded, usedforsecurity=False).digest() + encoded


def sort_range(
    prefix: bytes, operator: SortOperator, low: AttributeValue, high: AttributeValue | None = None
) -> tuple[bytes, bytes]:
    """Return the bounds [start, end) of the keys under `prefix` whose first sort value meets the condition.

    BETWEEN takes `low` and `high`, both inclusive; the other operators take `low` alone. Further values may follow the
    first: since no encoding is a proper prefix of another, the keys of one sort value are those that begin with it.
    """
    if operator == "begins_with":
        code = type_of(low)
        start = prefix + _escape(low[code].encode() if code == "S" else low[code])
        return start, prefix_end(start)
    at = prefix + encode_typed(low)
    match operator:
        case "=":
            return at, prefix_end(at)
        case "<":
            return prefix, at
        case "<=":
            return prefix, prefix_end(at)
        case ">":
            return prefix_end(at), prefix_end(prefix)
        case ">=":
            return at, prefix_end(prefix)
        case "BETWEEN":
            assert high is not None, "BETWEEN has two bounds"
            return at, prefix_end(prefix + encode_typed(high))


def successor(key: bytes) -> bytes:
    """Return the least byte string above `key`."""
    return key + b"\x00"


def prefix_end(prefix: bytes) -> bytes:
    """Return the least byte string above all that begin with `prefix`, which must not be all FF."""
    kept = prefix.rstrip(b"\xff")
    assert kept, "nothing is above a prefix of FF"
    return kept[:-1] + bytes((kept[-1] + 1,))


def encode_value(code: str, content: str | bytes) -> bytes:
    """Return the self-delimiting, order-preserving encoding of the content of a key attribute."""
    if code == "S":
        assert isinstance(content, str)
        content = content.encode()
    elif code == "N":
        assert isinstance(content, str)
        return encode_number(content)
    assert isinstance(content, bytes)
    return _escape(content) + _END


def decode_value(code: str, encoded: bytes, start: int = 0) -> tuple[AttributeValue, int]:
    """Return the key value that begins at `start`, and where what follows it begins."""
    if code == "N":
        text, after = decode_number(encoded, start)
        return {"N": text}, after
    end = _end_of_escaped(encoded, start)
    content = encoded[start:end].replace(_ESCAPED_ZERO, b"\x00")
    return {code: content.decode() if code == "S" else content}, end + len(_END)


def decode_key(schema: KeySchema, key: bytes) -> Item:
    """Return the key attributes that `put_key` encoded."""
    return decode_attributes(schema.attributes, key)


def decode_attributes(attributes: Iterable[KeyAttribute], key: bytes) -> Item:
    """Return the attributes whose encodings follow the hash, which are all that there is."""
    decoded: Item = {}
    after = HASH_SIZE
    for attribute in attributes:
        decoded[attribute.name], after = decode_value(attribute.type, key, after)
    assert after == len(key), "a key ends with its last attribute"
    return decoded


def value_end(code: str, encoded: bytes, start: int) -> int:
    """Return where what follows the key value that begins at `start` begins."""
    if code == "N":
        return decode_number(encoded, start)[1]
    return _end_of_escaped(encoded, start) + len(_END)


def check_key_value(attribute: KeyAttribute, value: AttributeValue) -> None:
    """Raise the `ApiError` of a key value of the right type that is empty."""
    if attribute.type != "N" and not value[attribute.type]:
        raise _empty_fault(attribute)


def _checked_key(schema: KeySchema, first: str | bytes, second: str | bytes | None) -> bytes:
    partition, sort = schema.partition, schema.sort
    if not first:
        raise _empty_fault(partition)
    if sort is not None and not second:
        raise _empty_fault(sort)
    encoded = encode_value(partition.type, first)
    if len(encoded) > PARTITION_KEY_SIZE_MAX and content_size(first) > PARTITION_KEY_SIZE_MAX:
        raise partition_key_too_long()
    key = hashlib.md5(encoded, usedforsecurity=False).digest() + encoded
    if sort is None or second is None:
        return key
    encoded = encode_value(sort.type, second)
    if len(encoded) > SORT_KEY_SIZE_MAX and content_size(second) > SORT_KEY_SIZE_MAX:
        raise sort_key_too_long()
    return key + encoded


def partition_key_too_long() -> ApiError:
    """A partition key value of more than 2048 bytes."""
    return invalid_parameters("Size of hashkey has exceeded the maximum size limit of2048 bytes")


def sort_key_too_long() -> ApiError:
    """A sort key value of more than 1024 bytes, or several that are longer together."""
    return invalid_parameters("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")


def content_size(content: str | bytes) -> int:
    """Return the bytes of a key value's content."""
    return len(content.encode() if isinstance(content, str) else content)


def _put_fault(schema: KeySchema, item: Item) -> ApiError:
    """Return the error of an item that lacks a key attribute, or has one of the wrong type; the former goes first."""
    for attribute in schema.attributes:
        if attribute.name not in item:
            return invalid_parameters(f"Missing the key {attribute.name} in the item")
    for attribute in schema.attributes:
        if attribute.type not in item[attribute.name]:
            actual = type_of(item[attribute.name])
            return invalid_parameters(
                f"Type mismatch for key {attribute.name} expected: {attribute.type} actual: {actual}"
            )
    raise AssertionError("the key attributes are all there")


def _empty_fault(attribute: KeyAttribute) -> ApiError:
    kind = "string" if attribute.type == "S" else "binary"
    return validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute"
        f" cannot contain an empty {kind} value. Key: {attribute.name}"
    )


def encode_typed(value: AttributeValue) -> bytes:
    """Return the encoding of a key value of its own type."""
    [(code, content)] = value.items()
    return encode_value(code, content)


def _escape(content: bytes) -> bytes:
    return content.replace(b"\x00", _ESCAPED_ZERO) if b"\x00" in content else content


def _end_of_escaped(encoded: bytes, start: int) -> int:
    at = encoded.index(b"\x00", start)
    while encoded[at + 1]:  # 00 FF, an escaped zero
        at = encoded.index(b"\x00", at + 2)
    return at
