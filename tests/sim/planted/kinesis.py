"""Bugs in the delivery to Kinesis data streams."""

from collections.abc import Sequence
from typing import Any

import pytest

from sim.planted.planting import plant, whole
from trinamo.cluster import SinkFailed, deliveries
from trinamo.model.kinesisrecords import KinesisRecord
from trinamo.partition.feed import destination_cursor
from trinamo.partition.messages import Keep

KINESIS = whole("kinesis")


@plant("what a stream did not take is forgotten", KINESIS)
def _forgets_refused(patch: pytest.MonkeyPatch) -> None:
    async def put_once(self: Any, found: Any, records: Sequence[KinesisRecord]) -> None:
        try:
            await self._deliveries.sink.put(found.destination.stream_arn, records)
        except SinkFailed:
            await self._deliveries.sink.put(found.destination.stream_arn, records)

    patch.setattr(deliveries._Delivery, "_put", put_once)


@plant("what stands behind something that was not taken is not put again", KINESIS)
def _overtakes(patch: pytest.MonkeyPatch) -> None:
    async def put(self: Any, found: Any, records: Sequence[KinesisRecord]) -> None:
        while records:
            try:
                refused = set(await self._deliveries.sink.put(found.destination.stream_arn, records))
                records = [record for position, record in enumerate(records) if position in refused]
            except SinkFailed:
                pass

    patch.setattr(deliveries._Delivery, "_put", put)


@plant("a destination's cursor follows before anything is put", KINESIS)
def _follows_early(patch: pytest.MonkeyPatch) -> None:
    put = deliveries._Delivery._put

    async def keep_and_put(self: Any, found: Any, records: Any) -> None:
        position = found.replica.consumers.last
        cursor = {destination_cursor(self.key.consumer): position}
        keep = Keep(found.route.epoch, cursor, 0)
        await self._deliveries.router.call(found.route, keep)
        await put(self, found, records)

    patch.setattr(deliveries._Delivery, "_put", keep_and_put)


@plant("a new leader delivers only what comes after it", KINESIS)
def _begins_at_end(patch: pytest.MonkeyPatch) -> None:
    async def learn(self: Any, found: Any) -> int:
        last: int = found.replica.consumers.last
        return last

    patch.setattr(deliveries._Delivery, "_learn", learn)


@plant("the feed is trimmed before a destination was told", KINESIS)
def _trims(patch: pytest.MonkeyPatch) -> None:
    from trinamo.partition import keeping

    patch.setattr(keeping, "trim_point", lambda settings, position, asked: asked)
    put = deliveries._Delivery._put

    async def trim_and_put(self: Any, found: Any, records: Any) -> None:
        keep = Keep(found.route.epoch, {}, found.replica.applied.index + 1)
        await self._deliveries.router.call(found.route, keep)
        await put(self, found, records)

    patch.setattr(deliveries._Delivery, "_put", trim_and_put)
