"""The workload of a Kinesis destination: items are put, updated and deleted, and a data stream is told (`Tellings`)."""

import json
from typing import Any, ClassVar, Final

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import POLL_S, Done, Stage
from trinamo.sim.workloads.tellings import Tellings
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "delivered"
STREAM: Final = "arn:aws:kinesis:us-east-1:000000000000:stream/delivered"
WITHIN_S: Final = 20.0


class Kinesis(Workload):
    """Items with unique values, and what a data stream is told of them."""

    tables: ClassVar = (declare(TABLE, "k"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.tellings = Tellings(self, TABLE, by_last=True)

    async def prepare(self) -> None:
        request = {"TableName": TABLE, "StreamArn": STREAM}
        await self.until(lambda: self._enable(request))

    async def _enable(self, request: dict[str, Any]) -> bool:
        node = self.stage.live()[0]
        await self.ask("founder", node, "EnableKinesisStreamingDestination", request, 8.0)
        outcome = await self.ask(
            "founder", node, "DescribeKinesisStreamingDestination", {"TableName": TABLE}, 8.0
        )
        if not isinstance(outcome, Done):
            return False
        found = outcome.answer["KinesisDataStreamDestinations"]
        return any(each["DestinationStatus"] == "ACTIVE" for each in found)

    async def act(self, client: str, node: NodeId) -> None:
        await self.tellings.write_any(client, node)

    async def responds(self) -> None:
        await self.tellings.respond()

    async def check(self) -> list[str]:
        begin = self.stage.now()
        while wrong := await self.tellings.faults(list(map(json.loads, self.stage.delivered(STREAM)))):
            if self.stage.now() - begin > WITHIN_S:
                return wrong
            await self.stage.sleep(5 * POLL_S)
        return []
