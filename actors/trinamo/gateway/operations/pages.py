"""A page of Query or Scan: read slice by slice, filtered, projected and rendered as it comes.

Reading stops after `Limit` items, or after the item that brings the sum of sizes above 1 MB, both counted before the
filter; only then does the answer have a LastEvaluatedKey, that of the last item read, even if nothing follows.
"""

from typing import Any, Final

import attrs

from trinamo.expressions import Expressions
from trinamo.gateway.operations.checks import shown
from trinamo.gateway.operations.database import Database, Slice, Table
from trinamo.gateway.operations.operation import add_if
from trinamo.gateway.operations.paging import KeyRange
from trinamo.model.capacity import consumed_capacity, read_units
from trinamo.model.jsontext import dump_json
from trinamo.model.keys import decode_key
from trinamo.model.limits import PAGE_SIZE_MAX
from trinamo.model.shapes import Request
from trinamo.model.values import decode_item

_ITEMS: Final = b'{"Items":['


@attrs.define
class _Page:
    """What has been read of a page. `items` are JSON already; None where the answer only counts."""

    request: Request
    expressions: Expressions
    items: list[bytes] | None
    count: int = 0
    scanned: int = 0
    size: int = 0
    last_key: bytes | None = None

    def add(self, piece: Slice) -> None:
        rows = piece.rows
        if not rows:
            return
        self.scanned += len(rows)
        self.size += sum([row.size for row in rows])
        self.last_key = rows[-1].key
        passes = self.expressions.filter
        if self.items is None and passes is None:
            self.count += len(rows)
            return
        for row in rows:
            item = decode_item(row.item)
            if passes is None or passes.evaluate(item):
                self.count += 1
                if self.items is not None:
                    self.items.append(dump_json(shown(item, self.request, self.expressions)))


async def read_page(
    database: Database,
    table: Table,
    keys: KeyRange,
    request: Request,
    expressions: Expressions,
    *,
    forward: bool = True,
) -> bytes:
    """Return the answer to a Query or Scan that has `keys` yet to read."""
    limit: int | None = request.get("Limit")
    consistent: bool = request.get("ConsistentRead", False)
    page = _Page(request, expressions, None if request.get("Select") == "COUNT" else [])
    rest: KeyRange | None = keys
    full = False
    while rest is not None and not full:
        piece = await database.read(
            table,
            rest,
            count_max=None if limit is None else limit - page.scanned,
            size_max=PAGE_SIZE_MAX - page.size,
            forward=forward,
            consistent=consistent,
        )
        page.add(piece)
        full = page.size > PAGE_SIZE_MAX or page.scanned == limit or piece.full
        rest = piece.rest
    return _answer(page, table, full=full, consistent=consistent)


def _answer(page: _Page, table: Table, *, full: bool, consistent: bool) -> bytes:
    counts: dict[str, Any] = {"Count": page.count, "ScannedCount": page.scanned}
    if full:
        assert page.last_key is not None, "a full page has an item"
        counts["LastEvaluatedKey"] = decode_key(table.spec.keys, page.last_key)
    units = read_units(page.size, consistent=consistent)
    asked = page.request.get("ReturnConsumedCapacity")
    add_if(counts, "ConsumedCapacity", consumed_capacity(page.request["TableName"], units, asked))
    rendered = dump_json(counts)
    if page.items is None:
        return rendered
    return _ITEMS + b",".join(page.items) + b"]," + rendered[1:]
