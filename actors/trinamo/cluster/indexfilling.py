"""Filling a global index with what its table holds, while writes go on (PROTOCOLS 5).

Every item is touched: its partition's log gets an entry that leaves a record of the item, as it is then, in the feed. So
what was there before the index, and what is written meanwhile, come to the index in one order. When the index has
passed all that was touched it holds all entries of the table.

Touching may be begun again at any time, by anyone.
"""

from typing import Final

from trinamo.cluster.records import PartitionRecord, TableRecord, settings_of
from trinamo.cluster.router import Router
from trinamo.model.tables import TableStatus
from trinamo.partition.feed import TRIMMED, Settings, encode_settings
from trinamo.partition.messages import Configure, Get, Keep, PassOn, ReadCursors, Touch

TOUCHES_AHEAD: Final = 8  # of a hundred items each; then the index shall follow


async def prepare(router: Router, record: TableRecord, version: int) -> None:
    """Wait for leaders of a table's partitions and of its indexes', and give its own the settings that are to come.

    `version` is that of the catalog in which the record was seen. Raises operating errors.
    """
    going = record.status is TableStatus.DELETING
    for index in record.indexes:
        if index.status is not TableStatus.DELETING and not going:
            for route in index.partitions:
                await router.call(route, Get(route.epoch, ()))
    settings = settings_of(record, version)
    for route in record.partitions:
        if settings_of(record) == Settings() and record.status is TableStatus.CREATING:
            await router.call(route, Get(route.epoch, ()))  # they have none yet
        else:
            await router.call(route, Configure(route.epoch, encode_settings(settings)))
            spec = record.coming
            had_feed = record.indexes or spec.destinations or spec.stream_label is not None
            if had_feed and not settings.feed and not settings.streams:
                await _forget_feed(router, route)


async def _forget_feed(router: Router, route: PartitionRecord) -> None:
    """Trim what nobody will read: no consumer is left, unless somebody was faster and the feed has others again."""
    cursors = await router.call(route, ReadCursors(route.epoch))
    below, trimmed = cursors.committed + 1, -1
    while trimmed < cursors.positions.get(TRIMMED, 0) < below:
        trimmed = cursors.positions.get(TRIMMED, 0)
        await router.call(route, Keep(route.epoch, {}, below))
        cursors = await router.call(route, ReadCursors(route.epoch))


async def fill(router: Router, record: TableRecord, index_id: str) -> None:
    """Return when an index holds all that its table does. Raises operating errors."""
    for route in record.partitions:
        start: bytes | None = route.start
        touches = 0
        while start is not None:
            start = (await router.call(route, Touch(route.epoch, start))).rest
            touches += 1
            if touches % TOUCHES_AHEAD == 0:
                await router.call(route, PassOn(route.epoch, index_id))
        while not (await router.call(route, PassOn(route.epoch, index_id))).in_time:
            pass  # it was asked for two seconds
