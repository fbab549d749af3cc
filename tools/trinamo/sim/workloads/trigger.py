"""The workload of a trigger: a function is told what happens to a table (`Tellings`), and fails; what calls it crashes again and again.

A crash of it is that of its process: the next one knows what stands in the table of checkpoints. What a life wrote there may show after the
next has begun, so records may come again, and not all that followed on them.
"""

from collections.abc import Mapping as Tree
from functools import partial
from typing import Any, ClassVar, Final

import trio

from trinamo.base import NodeId
from trinamo.model.errors import internal_server_error, service_unavailable
from trinamo.node.checkpoints import Checkpoints
from trinamo.node.functions import FunctionFailed
from trinamo.node.shardreader import Means
from trinamo.node.trigger import Trigger as Running
from trinamo.sim.clock import SimulatedClock
from trinamo.sim.workloads.asking import PATIENCES_S, POLL_S, Stage
from trinamo.sim.workloads.tellings import Record, Tellings
from trinamo.sim.workloads.workload import Workload, declare
from trinamo.triggers import Mapping, StartingPosition

TABLE: Final = "triggering"
LIFE_MEAN_S: Final = 1.5
CALL_MEAN_S: Final = 0.01
FAILURE_RATE: Final = 0.1
WITHIN_S: Final = 25.0

MAPPING: Final = Mapping(batch_size=5, starting_position=StartingPosition.TRIM_HORIZON)


class Trigger(Workload):
    """Items with unique values, and a function that is called with what happens to them."""

    tables: ClassVar = (
        {
            **declare(TABLE, "k"),
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        },
    )

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.tellings = Tellings(self, TABLE)
        self.records: list[Record] = []
        self._clock = SimulatedClock()

    async def act(self, client: str, node: NodeId) -> None:
        await self.tellings.write_any(client, node)

    async def responds(self) -> None:
        await self.tellings.respond()

    def start(self, nursery: trio.Nursery, until: float) -> None:
        super().start(nursery, until)
        nursery.start_soon(self._live_again_and_again, until)

    async def _live_again_and_again(self, until: float) -> None:
        stage = self.stage
        with stage.dice.apart("trigger"):
            while stage.now() < until:
                life_s = min(stage.dice.expovariate(1 / LIFE_MEAN_S), until - stage.now())
                with trio.move_on_after(life_s):
                    await self._running().run()
                await stage.sleep(stage.dice.expovariate(1 / CALL_MEAN_S))

    async def check(self) -> list[str]:
        wrong: list[str] = ["nobody was asked"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._running().run)
            begin = self.stage.now()
            while self.stage.now() - begin < WITHIN_S:
                await self.stage.sleep(5 * POLL_S)
                wrong = await self.tellings.faults(self.records)
                if not wrong:
                    break
            nursery.cancel_scope.cancel()
        return wrong

    def _running(self) -> Running:
        """A trigger that knows nothing but what is kept."""
        means = Means(self._ask, self._clock, self.stage.wall, self.stage.dice, Checkpoints(self._ask))
        return Running("trigger", TABLE, MAPPING, self._call, None, means)

    async def _ask(
        self, operation: str, parameters: Tree[str, Any], region: str | None = None
    ) -> dict[str, Any]:
        live = self.stage.live()
        if not live:
            raise service_unavailable()
        perform = partial(self.stage.perform, self.stage.dice.choice(live), operation, dict(parameters))
        with trio.move_on_after(PATIENCES_S[-1]):
            return await perform()
        raise internal_server_error()

    async def _call(self, event: dict[str, Any], request_id: str) -> None:
        """Be the function: it fails before it has done anything, or behind."""
        dice = self.stage.dice
        await self.stage.sleep(dice.expovariate(1 / CALL_MEAN_S))
        fate = dice.random()
        if fate > FAILURE_RATE / 2:
            self.records += event["Records"]
        if fate < FAILURE_RATE:
            raise FunctionFailed("it was its fate")
