"""What Query and Scan share: checks of Select, starting keys and segments, and ranges of keys.

Keys begin with the 16-byte hash of their partition value (`trinamo.model.keys`), so a segment of a parallel scan,
all of a partition value, and the sort values that meet a condition are each one range [start, end) of bytes. Reading
resumes strictly behind the starting key: above it going forward, below it going backward.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from trinamo.expressions import Expressions, KeyCondition
from trinamo.model.errors import ApiError, select_fault, validation
from trinamo.model.globalkeys import partition_prefix_of
from trinamo.model.keys import (
    HASH_SIZE,
    KeyAttribute,
    KeySchema,
    batch_put_key,
    encode_typed,
    prefix_end,
    sort_range,
    successor,
)
from trinamo.model.reading import Attributes
from trinamo.model.shapes import Request
from trinamo.model.values import Item

_HASHES: Final = 1 << (8 * HASH_SIZE)
INVALID_START: Final = "The provided starting key is invalid"
_MISMATCHED_START: Final = f"{INVALID_START}: The provided key element does not match the schema"


class KeyRange(NamedTuple):
    """The keys from `start` (included) to `end` (excluded; None: to the last)."""

    start: bytes
    end: bytes | None

    def holds(self, key: bytes) -> bool:
        """Whether a key lies in the range."""
        return self.start <= key and (self.end is None or key < self.end)

    def after(self, key: bytes, *, forward: bool) -> "KeyRange":
        """Return what is left of the range behind a key of it, in the direction of reading."""
        return KeyRange(successor(key), self.end) if forward else KeyRange(self.start, key)


def check_start_key_values(key: Attributes | None) -> None:
    """Raise the error of a fault in the values of ExclusiveStartKey."""
    if key is None or key.fault is None:
        return
    bare = key.fault.numeric or key.fault.nested_too_deep
    raise validation(key.fault.text if bare else f"{INVALID_START}: {key.fault.text}")


def check_select(request: Request, expressions: Expressions, *, query: bool) -> None:
    """Raise the error of a Select that does not go with the projection or index."""
    select = request.get("Select")
    projection = None
    if "AttributesToGet" in request:
        projection = "AttributesToGet"
    elif expressions.projection is not None:
        projection = "ProjectionExpression"
    text = _select_fault(select, projection, has_index="IndexName" in request)
    if text is not None:
        raise select_fault(text) if query else validation(text)


def _select_fault(select: str | None, projection: str | None, *, has_index: bool) -> str | None:
    if select == "SPECIFIC_ATTRIBUTES" and projection is None:
        return "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
    if projection is not None and select == "COUNT":
        return f"Cannot specify the {projection} when choosing to get only the Count"
    if projection is not None and select in ("ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"):
        return f"Cannot specify the {projection} when choosing to get {select}"
    if select == "ALL_PROJECTED_ATTRIBUTES" and not has_index:
        return "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    return None


def check_segments(request: Request) -> None:
    """Raise the error of Segment or TotalSegments without the other, or of a segment that there is not."""
    segment, total = request.get("Segment"), request.get("TotalSegments")
    if segment is None and total is None:
        return
    if total is None:
        raise validation(
            "The TotalSegments parameter is required but was not present in the request"
            " when Segment parameter is present"
        )
    if segment is None:
        raise validation(
            "The Segment parameter is required but was not present in the request"
            " when parameter TotalSegments is present"
        )
    if segment >= total:
        raise validation(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
            f" Segment: {segment} is not less than TotalSegments: {total}"
        )


def segment_range(segment: int, total: int) -> KeyRange:
    """Return the keys of one of `total` segments: an equal share of the hashes, up to one."""
    start, end = segment * _HASHES // total, (segment + 1) * _HASHES // total
    return KeyRange(
        b"" if segment == 0 else start.to_bytes(HASH_SIZE),
        None if end == _HASHES else end.to_bytes(HASH_SIZE),
    )


def condition_range(partition: Sequence[KeyAttribute], condition: KeyCondition) -> KeyRange:
    """Return the keys that a key condition names, where these are the partition key attributes."""
    prefix = partition_prefix_of(partition, condition.partition)
    if condition.operator is None:
        return KeyRange(prefix, prefix_end(prefix))
    return KeyRange(*sort_range(sort_prefix(prefix, condition), condition.operator, *condition.operands))


def sort_prefix(prefix: bytes, condition: KeyCondition) -> bytes:
    """Return what the keys begin with that have the sort values which a condition fixes before its last."""
    return prefix + b"".join([encode_typed(value) for value in condition.sort_prefix])


def start_key(schema: KeySchema, key: Item, *, query: bool) -> bytes:
    """Return the key that ExclusiveStartKey names, or raise the error of one that does not fit the schema."""
    if len(key) != len(schema.attributes):
        raise validation(INVALID_START if query else _MISMATCHED_START)
    try:
        return batch_put_key(schema, key)
    except ApiError as error:
        raise validation(f"{INVALID_START}: {error.message}") from None


def query_range(
    partition: Sequence[KeyAttribute], condition: KeyCondition, start: bytes | None, *, forward: bool
) -> KeyRange:
    """Return the keys that a Query has yet to read, or raise the error of a start outside of its condition."""
    whole = condition_range(partition, condition)
    if start is None:
        return whole
    if not whole.holds(start):
        prefix = partition_prefix_of(partition, condition.partition)
        if not start.startswith(prefix):
            raise validation(
                "The provided starting key is outside query boundaries based on provided conditions"
            )
        raise validation("The provided starting key does not match the range key predicate")
    return whole.after(start, forward=forward)


def scan_range(request: Request, start: bytes | None) -> KeyRange:
    """Return the keys that a Scan has yet to read, or raise the error of a start in another segment."""
    segment, total = request.get("Segment", 0), request.get("TotalSegments", 1)
    whole = segment_range(segment, total)
    if start is None:
        return whole
    if not whole.holds(start):
        raise validation(
            f"{INVALID_START}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment."
            f" TotalSegments: {total} Segment: {segment}"
        )
    return whole.after(start, forward=True)
