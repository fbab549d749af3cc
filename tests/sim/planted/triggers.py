"""Bugs in how triggers call functions."""

from contextlib import suppress
from typing import Any

import pytest

from sim.planted.planting import plant, whole
from trinamo.node.functions import FunctionFailed
from trinamo.node.trigger import Trigger
from trinamo.triggers import lambda_event
from trinamo.triggers.delivery import sequence_number

TRIGGER = whole("trigger")


@plant("a trigger's checkpoint goes before the call", TRIGGER)
def _checkpoint_first(patch: pytest.MonkeyPatch) -> None:
    deliver = Trigger._deliver

    async def write_and_deliver(self: Trigger, records: Any, stream_arn: str, shard_id: str) -> None:
        await self._means.checkpoints.write(self.name, shard_id, sequence_number(records[-1]))
        await deliver(self, records, stream_arn, shard_id)

    patch.setattr(Trigger, "_deliver", write_and_deliver)


@plant("a function that failed is not called again", TRIGGER)
def _no_retries(patch: pytest.MonkeyPatch) -> None:
    async def call(self: Trigger, delivery: Any, stream_arn: str) -> tuple[None, None]:
        with suppress(FunctionFailed):
            await self._function(lambda_event(delivery.next(), stream_arn), self._request_id())
        delivery.succeeded()
        return None, None

    patch.setattr(Trigger, "_call", call)


@plant("a trigger reads children beside their parents", TRIGGER)
def _no_lineage(patch: pytest.MonkeyPatch) -> None:
    shards = Trigger._shards

    async def orphans(self: Trigger, stream_arn: str) -> Any:
        status, found = await shards(self, stream_arn)
        return status, [{**each, "ParentShardId": None} for each in found]

    patch.setattr(Trigger, "_shards", orphans)
