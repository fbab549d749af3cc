"""Copies of tables, taken from a cluster and put back into it (PROTOCOLS 8).

Putting back makes new tables beside the old ones, under an owner that no user can have; fills them through their logs;
and then exchanges them for what there is by one entry of the catalog. So until that entry everything is as it was, and
after it everything is as it was copied. Whoever asks for a copy keeps writers away meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import attrs
import trio

from trinamo.cluster.catalog import Catalog, Change
from trinamo.cluster.indexfilling import prepare
from trinamo.cluster.records import HIDDEN, Counters, PartitionRecord, TableRecord
from trinamo.cluster.router import Router
from trinamo.model.tables import TableAddress, TableStatus, stream_label
from trinamo.partition.messages import ItemWrite, PassOn, Read, Write, WriteKind
from trinamo.partition.replica import INDEX_BEHIND
from trinamo.partition.stored import item_of, size_of

_ROWS_AT_ONCE: Final = 100
_SIZE_AT_ONCE: Final = 1 << 20


class CopiedRow(NamedTuple):
    key: bytes
    size: int
    item: bytes


@attrs.frozen
class TableCopy:
    """A table as it was at one moment."""

    record: TableRecord
    rows: Sequence[CopiedRow]


async def copy_out(
    catalog: Catalog, router: Router, chosen: Callable[[TableRecord], bool]
) -> list[TableCopy]:
    """Return copies of the tables that are chosen and not on their way out. Raises operating errors."""
    await catalog.refresh()
    copies: list[TableCopy] = []
    for record in list(catalog.view.tables.values()):
        if chosen(record) and record.shown and record.status is not TableStatus.DELETING:
            rows = [row for route in record.partitions for row in await _rows(router, route)]
            copies.append(TableCopy(record, rows))
    return copies


async def _rows(router: Router, route: PartitionRecord) -> list[CopiedRow]:
    rows: list[CopiedRow] = []
    start = route.start
    while True:
        read = Read(route.epoch, start, route.end, _ROWS_AT_ONCE, _SIZE_AT_ONCE)
        answer = await router.call(route, read)
        rows += [CopiedRow(key, size_of(value), item_of(value)) for key, value in answer.rows]
        if answer.done:
            return rows
        start = rows[-1].key + b"\x00"


async def put_back(
    catalog: Catalog,
    router: Router,
    copies: Sequence[TableCopy],
    chosen: Callable[[TableRecord], bool],
    now: float,
) -> None:
    """Exchange the tables that are chosen for the copies. Raises operating errors; then nothing was exchanged.

    Streams begin anew, with labels of `now`.
    """
    hidden: Sequence[TableRecord] = [_begun_anew(copy.record.at_rest(), now) for copy in copies]
    try:
        hidden = await catalog.add(hidden)
        async with trio.open_nursery() as nursery:
            for record, copy in zip(hidden, copies, strict=True):
                nursery.start_soon(_fill, router, record, catalog.view.version, copy.rows)
        await _exchange(catalog, hidden, copies, chosen)
    except BaseExceptionGroup as group:
        await _give_up(catalog, hidden)
        raise group.exceptions[0] from None
    except BaseException:
        await _give_up(catalog, hidden)
        raise


def _begun_anew(record: TableRecord, now: float) -> TableRecord:
    spec = record.spec
    if spec.stream_view is not None:
        spec = attrs.evolve(spec, stream_label=stream_label(now, spec.stream_label))
    account = HIDDEN + record.account
    anew = attrs.evolve(record, account=account, status=TableStatus.CREATING, spec=spec, streams=())
    return anew.with_streams(now)


async def _fill(router: Router, record: TableRecord, version: int, rows: Sequence[CopiedRow]) -> None:
    """Put items into a table; its stream begins behind them."""
    await prepare(router, attrs.evolve(record, streams=()), version)
    for route in record.partitions:
        inside = [row for row in rows if route.start <= row.key and (not route.end or row.key < route.end)]
        for at in range(0, len(inside), _ROWS_AT_ONCE):
            writes = [
                ItemWrite(WriteKind.PUT, row.key, row.item, row.size)
                for row in inside[at : at + _ROWS_AT_ONCE]
            ]
            await _write(router, route, tuple(writes))
    for index in record.indexes:
        for route in record.partitions:
            while not (await router.call(route, PassOn(route.epoch, index.index_id))).in_time:
                pass  # it was asked for two seconds
    if record.streams:
        await prepare(router, record, version)


async def _write(router: Router, route: PartitionRecord, writes: tuple[ItemWrite, ...]) -> None:
    """Put items back. Where an index cannot follow, wait for it."""
    while True:
        answer = await router.call(route, Write(route.epoch, writes))
        faults = [result.fault for result in answer.results if result.fault is not None]
        behind = [fault.text for fault in faults if fault.code == INDEX_BEHIND]
        if not behind:
            return
        await router.call(route, PassOn(route.epoch, behind[0]))


async def _exchange(
    catalog: Catalog,
    hidden: Sequence[TableRecord],
    copies: Sequence[TableCopy],
    chosen: Callable[[TableRecord], bool],
) -> None:
    ids = {record.table_id for record in hidden}

    def decide(_: Counters, tables: dict[TableAddress, TableRecord]) -> Change:
        removed = [record.key for record in tables.values() if chosen(record) or record.table_id in ids]
        shown = [
            attrs.evolve(record.at_rest(), account=copy.record.account)
            for record, copy in zip(hidden, copies, strict=True)
        ]
        put = {record.key for record in shown}
        return Change(shown, [key for key in removed if key not in put])

    await catalog.change(decide)


async def _give_up(catalog: Catalog, hidden: Sequence[TableRecord]) -> None:
    ids = {record.table_id for record in hidden}
    with trio.CancelScope(shield=True):
        await catalog.remove(lambda record: record.table_id in ids)
