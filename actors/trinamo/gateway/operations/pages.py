"""A page of Query or Scan: read slice by slice, filtered, projected and rendered as it comes.

Reading stops after `Limit` items, or after the item that brings the sum of sizes above 1 MB, both counted before the
filter; only then does the answer have a LastEvaluatedKey, that of the last item read, even if nothing follows.
Items that are fetched for the entries of a local index count towards the 1 MB as well, so that pages stay bounded.
"""

from collections.abc import Callable
from typing import Any, Final

import attrs

from trinamo.expressions import Condition, Expressions
from trinamo.gateway.operations.database import Database, Row, Slice
from trinamo.gateway.operations.operation import add_if
from trinamo.gateway.operations.paging import KeyRange
from trinamo.gateway.operations.sources import Source, shower
from trinamo.model.capacity import Consumed, read_units
from trinamo.model.jsontext import dump_json
from trinamo.model.limits import PAGE_SIZE_MAX
from trinamo.model.shapes import Request
from trinamo.model.values import Item, decode_item, item_json

_ITEMS: Final = b'{"Items":['


@attrs.define
class _Page:
    """What has been read of a page. `items` are JSON already; None where the answer only counts.

    `size` is of the rows read, `fetched` of the items read for index entries, `fetches` what those cost.
    """

    expressions: Expressions
    show: Callable[[Item], Item] | None
    consistent: bool
    items: list[bytes] | None
    count: int = 0
    scanned: int = 0
    size: int = 0
    fetched: int = 0
    fetches: float = 0.0
    last_key: bytes | None = None

    def add(self, piece: Slice, *, fetched: bool) -> None:
        rows = piece.rows
        if not rows:
            return
        self.scanned += len(rows)
        self.size += sum([row.size for row in rows])
        self.last_key = rows[-1].key
        if fetched:
            self.fetched += sum([row.fetched for row in rows])
            self.fetches += sum([read_units(row.fetched, consistent=self.consistent) for row in rows])
        passes = self.expressions.filter
        if self.items is None and passes is None:
            self.count += len(rows)
            return
        for row in rows:
            self._add_row(row, passes)

    def _add_row(self, row: Row, passes: Condition | None) -> None:
        show = self.show
        if passes is None and show is None:
            self.count += 1
            if self.items is not None:
                self.items.append(item_json(row.item))
            return
        item = decode_item(row.item)
        if passes is None or passes.evaluate(item):
            self.count += 1
            if self.items is not None:
                self.items.append(item_json(row.item) if show is None else dump_json(show(item)))


async def read_page(
    database: Database,
    source: Source,
    keys: KeyRange,
    request: Request,
    expressions: Expressions,
    *,
    forward: bool = True,
) -> bytes:
    """Return the answer to a Query or Scan that has `keys` yet to read."""
    limit: int | None = request.get("Limit")
    consistent: bool = request.get("ConsistentRead", False)
    items: list[bytes] | None = None if request.get("Select") == "COUNT" else []
    page = _Page(expressions, shower(source, request, expressions), consistent, items)
    index = None if source.index is None else source.index.name
    rest: KeyRange | None = keys
    full = False
    if source.index is not None and not source.index.is_local:
        await database.catch_up(source.table, source.index.name)
    while rest is not None and not full:
        piece = await database.read(
            source.table,
            rest,
            count_max=None if limit is None else limit - page.scanned,
            size_max=PAGE_SIZE_MAX - page.size - page.fetched,
            forward=forward,
            consistent=consistent,
            index=index,
            whole=source.reads_items,
        )
        page.add(piece, fetched=source.reads_items)
        full = page.size + page.fetched > PAGE_SIZE_MAX or page.scanned == limit or piece.full
        rest = piece.rest
    return _answer(page, source, request, full=full)


def consumed_of(source: Source, units: float, fetches: float) -> Consumed:
    """Return what reading rows cost, and fetching the items of those of a local index."""
    if source.index is None:
        return Consumed(units)
    arm = {source.index.name: units}
    return Consumed(fetches, arm) if source.index.is_local else Consumed(0.0, global_=arm)


def _answer(page: _Page, source: Source, request: Request, *, full: bool) -> bytes:
    counts: dict[str, Any] = {"Count": page.count, "ScannedCount": page.scanned}
    if full:
        assert page.last_key is not None, "a full page has an item"
        counts["LastEvaluatedKey"] = source.decode(page.last_key)
    asked = request.get("ReturnConsumedCapacity")
    if asked is not None:
        units = read_units(page.size, consistent=page.consistent)
        consumed = consumed_of(source, units, page.fetches)
        add_if(counts, "ConsumedCapacity", consumed.told(request["TableName"], asked))
    rendered = dump_json(counts)
    if page.items is None:
        return rendered
    return _ITEMS + b",".join(page.items) + b"]," + rendered[1:]
