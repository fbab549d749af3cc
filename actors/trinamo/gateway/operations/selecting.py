"""Pages of a SELECT: which keys are read, row by row, and the token that leads from one page to the next.

A SELECT reads ranges of keys, one after the other: one for each value that WHERE leaves to the partition key, or the
whole table. A page ends after `Limit` rows, or after the row that brings the sum of sizes above 1 MB, both counted before
the filter. Over several partition values it also ends after ten rows.

A token is the base64 of

    check (8 bytes) | fingerprint of statement and parameters (16 bytes) | key of the last row read

The check tells a token from anything else; it is no secret. Which range to go on with shows from the key.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Any, Final

import attrs

from trinamo.expressions import KeyCondition, check_key_paths
from trinamo.gateway.operations.checks import key_names
from trinamo.gateway.operations.database import Database, Slice, Table
from trinamo.gateway.operations.operation import add_if
from trinamo.gateway.operations.pages import consumed_of
from trinamo.gateway.operations.paging import KeyRange, condition_range
from trinamo.gateway.operations.sources import Source, check_filtered, check_projected, check_readable
from trinamo.model.capacity import read_units
from trinamo.model.errors import ApiError, not_in_this_version, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.limits import PAGE_SIZE_MAX
from trinamo.model.shapes import Request
from trinamo.model.values import Item, decode_item, encode_item, item_json
from trinamo.partiql import Reach, SelectPlan

_ROWS_OVER_PARTITIONS: Final = 10  # DynamoDB: "pages of up to 10 items"
_CHECK_SIZE: Final = 8
_FINGERPRINT_SIZE: Final = 16
_ITEMS: Final = b'{"Items":['


def _source_of(table: Table, plan: SelectPlan, *, consistent: bool) -> Source:
    """Return what a SELECT reads, or raise the error of an index that is not there or lacks what is asked of it."""
    if plan.source.index is None:
        return Source(table)
    index = None if table.indexes is None else table.indexes.named(plan.source.index)
    if index is None:
        raise validation("The table does not have the specified index")
    if not index.is_local:
        if consistent:
            raise validation("Strongly consistent read is not supported on Global Secondary Indexes")
        check_readable(table, index.name)
        check_projected(index, [str(column.elements[0]) for column in plan.columns or ()])
        return Source(table, index)
    return Source(table, index, not index.holds([str(path[0]) for path in plan.paths]))


def resumed_key(request: Request) -> bytes | None:
    """Return the key behind which a request's NextToken goes on, or raise the error of a token that is not its own."""
    token = request.get("NextToken")
    if token is None:
        return None
    try:
        content = b64decode(token, validate=True)
    except (Base64Error, ValueError):
        raise validation("Invalid NextToken") from None
    check, rest = content[:_CHECK_SIZE], content[_CHECK_SIZE:]
    if check != _digest(_CHECK_SIZE, rest) or len(rest) < _FINGERPRINT_SIZE:
        raise validation("Invalid NextToken")
    if rest[:_FINGERPRINT_SIZE] != _fingerprint(request):
        raise _foreign_token()
    return rest[_FINGERPRINT_SIZE:]


def _token(request: Request, key: bytes) -> str:
    rest = _fingerprint(request) + key
    return b64encode(_digest(_CHECK_SIZE, rest) + rest).decode()


def _fingerprint(request: Request) -> bytes:
    values = {str(at): each.tree["value"] for at, each in enumerate(request.get("Parameters", ()))}
    return _digest(_FINGERPRINT_SIZE, request["Statement"].encode(), encode_item(values))


def _digest(size: int, *parts: bytes) -> bytes:
    found = hashlib.blake2b(digest_size=size)
    for part in parts:
        found.update(len(part).to_bytes(8))
        found.update(part)
    return found.digest()


def _foreign_token() -> ApiError:
    return validation("NextToken does not match request")


@attrs.define
class _Page:
    """What has been read of a page. `items` are JSON already."""

    plan: SelectPlan
    source: Source
    limit: int | None
    consistent: bool
    items: list[bytes] = attrs.field(factory=list)
    scanned: int = 0
    size: int = 0
    fetched: int = 0
    fetches: float = 0.0
    last_key: bytes | None = None
    ended: bool = False

    @property
    def full(self) -> bool:
        return self.ended or self.size + self.fetched > PAGE_SIZE_MAX or self.scanned == self.limit

    def add(self, piece: Slice, *, fetched: bool) -> None:
        self.ended = piece.full
        if not piece.rows:
            return
        self.scanned += len(piece.rows)
        self.size += sum([row.size for row in piece.rows])
        if fetched:
            self.fetched += sum([row.fetched for row in piece.rows])
            self.fetches += sum([read_units(row.fetched, consistent=self.consistent) for row in piece.rows])
        self.last_key = piece.rows[-1].key
        if self.plan.where is None and self.plan.columns is None:
            self.items += [item_json(row.item) for row in piece.rows]
            return
        for row in piece.rows:
            item = decode_item(row.item)
            if self.plan.passes(item):
                self.items.append(dump_json(self._shown(item)))

    def _shown(self, item: Item) -> Item:
        """Return what of a row is shown; `*` of an index means what the index holds, also where items are read."""
        index = self.source.index
        if self.plan.columns is None and self.source.reads_items and index is not None:
            return index.entry(item) or {}
        return self.plan.shown(item)


async def select_page(
    database: Database, table: Table, plan: SelectPlan, request: Request, resumed: bytes | None
) -> bytes:
    """Return the answer to a SELECT, of rows behind the key `resumed` if there is one."""
    consistent: bool = request.get("ConsistentRead", False)
    source = _source_of(table, plan, consistent=consistent)
    reach = _reach(source, plan)
    if source.index is not None and not source.index.is_local and reach.partitions is not None and plan.where:
        check_filtered(source.index, [str(path[0]) for path in plan.where.condition.paths])
    check_key_paths(plan.paths, key_names(table.spec.keys), source.key_names)
    limit: int | None = request.get("Limit")
    if reach.partitions is not None and len(reach.partitions) > 1:
        limit = min(limit or _ROWS_OVER_PARTITIONS, _ROWS_OVER_PARTITIONS)
    ranges = _ranges(source, reach.partitions)
    if resumed is not None:
        ranges = _behind(ranges, resumed, forward=reach.forward)
    page = _Page(plan, source, limit, consistent)
    if source.index is not None and not source.index.is_local:
        await database.catch_up(table, source.index.name)
    for each in ranges:
        await _read(database, page, each, forward=reach.forward)
    return _answer(page, request)


def _reach(source: Source, plan: SelectPlan) -> Reach:
    """Return what has to be read. Of an index's key, the first attribute of each half leads there; the rest filters."""
    if len(source.partition) == 1:
        return plan.reach((*source.partition, *source.sort[:1]))
    if plan.order:
        raise not_in_this_version("ORDER BY of an index with several partition key attributes")
    return Reach(None, True)


def _ranges(source: Source, partitions: Sequence[Sequence[KeyCondition]] | None) -> list[KeyRange]:
    if partitions is None:
        return [KeyRange(b"", None)]
    found = [
        _common([condition_range(source.partition, each) for each in conditions]) for conditions in partitions
    ]
    return [each for each in found if each is not None]


def _common(ranges: Sequence[KeyRange]) -> KeyRange | None:
    """Return the keys that lie in all of these ranges, None if there can be none."""
    start = max(each.start for each in ranges)
    ends = [each.end for each in ranges if each.end is not None]
    end = min(ends) if ends else None
    return None if end is not None and end <= start else KeyRange(start, end)


def _behind(ranges: Sequence[KeyRange], key: bytes, *, forward: bool) -> list[KeyRange]:
    for at, each in enumerate(ranges):
        if each.holds(key):
            return [each.after(key, forward=forward), *ranges[at + 1 :]]
    raise _foreign_token()  # the table is another one than it was


async def _read(database: Database, page: _Page, keys: KeyRange, *, forward: bool) -> None:
    source = page.source
    rest: KeyRange | None = keys
    while rest is not None and not page.full:
        piece = await database.read(
            source.table,
            rest,
            count_max=None if page.limit is None else page.limit - page.scanned,
            size_max=PAGE_SIZE_MAX - page.size - page.fetched,
            forward=forward,
            consistent=page.consistent,
            index=None if source.index is None else source.index.name,
            whole=source.reads_items,
        )
        page.add(piece, fetched=source.reads_items)
        rest = piece.rest


def _answer(page: _Page, request: Request) -> bytes:
    source = page.source
    rest: dict[str, Any] = {}
    if page.full:
        assert page.last_key is not None, "a full page has a row"
        rest["NextToken"] = _token(request, page.last_key)
        rest["LastEvaluatedKey"] = source.decode(page.last_key)
    units = read_units(page.size, consistent=page.consistent)
    consumed = consumed_of(source, units, page.fetches)
    asked = request.get("ReturnConsumedCapacity")
    add_if(rest, "ConsumedCapacity", consumed.told(page.plan.source.table, asked))
    items = _ITEMS + b",".join(page.items) + b"]"
    return items + (b"," + dump_json(rest)[1:] if rest else b"}")
