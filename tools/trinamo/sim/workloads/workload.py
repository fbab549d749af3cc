"""What a workload is: four verbs, setup, start, check and metrics, and a sign of life.

    setup → start, clients act until a moment → responds → check

Between `start` and `responds` anything may happen to the database; after that it is whole again, and what it
says then is final. A workload that is right about a database never fails it for being slow or away: only for
what it said and what it holds.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import trio

from trinamo.base import NodeId
from trinamo.model.errors import ApiError
from trinamo.sim.workloads.asking import PATIENCES_S, POLL_S, Asker, Outcome, Stage
from trinamo.sim.workloads.metrics import Metrics


class Workload(ABC):
    """Clients with a purpose, and a judge."""

    tables: ClassVar[tuple[Mapping[str, Any], ...]]
    """What CreateTable is asked for."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.asker = Asker(stage)
        self.seen_wrong: list[str] = []
        """What clients saw and should not have seen."""

    async def setup(self) -> None:
        """Create the tables, and return when every node answers."""
        for table in self.tables:
            await self.until(lambda: self._create(table))  # noqa: B023  # awaited at once
        await self.prepare()
        await self.responds()

    async def prepare(self) -> None:  # noqa: B027  # most need nothing
        """Do what tables need before anything is written to them."""

    async def _create(self, table: Mapping[str, Any]) -> bool:
        try:
            await self.stage.perform(self.stage.live()[0], "CreateTable", dict(table))
        except ApiError as error:
            return error.code == "ResourceInUseException"  # an earlier attempt, of unknown outcome
        return True

    def start(self, nursery: trio.Nursery, until: float) -> None:
        """Start the clients; all end soon after the moment `until`."""
        for number in range(self.stage.clients):
            if number not in self.stage.muted:
                nursery.start_soon(self._client, f"c{number}", until)

    async def _client(self, name: str, until: float) -> None:
        with self.stage.dice.apart(name):
            await self._live(name, until)

    async def _live(self, name: str, until: float) -> None:
        stage = self.stage
        while stage.now() < until and self.asker.asked < stage.operations_max:
            nodes = stage.live()
            if nodes:
                await self.act(name, stage.dice.choice(nodes))
            await stage.sleep(stage.dice.expovariate(1 / stage.think_mean_s))

    @abstractmethod
    async def act(self, client: str, node: NodeId) -> None:
        """What a client does before it thinks again."""

    @abstractmethod
    async def responds(self) -> None:
        """Return when every node has carried out what clients ask for."""

    @abstractmethod
    async def check(self) -> list[str]:
        """Ask the final questions, and return all that is wrong."""

    def metrics(self) -> Metrics:
        """What became of the requests so far."""
        return self.asker.metrics()

    async def ask(
        self, client: str, node: NodeId, operation: str, parameters: dict[str, Any], patience_s: float = 0.0
    ) -> Outcome:
        """Ask with the patience given, or some that is drawn."""
        patience = patience_s or self.stage.dice.choice(PATIENCES_S)
        return await self.asker.ask(client, node, operation, parameters, patience)

    async def until(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        """Attempt something until it says that it was answered."""
        while not await attempt():
            await self.stage.sleep(POLL_S)


def declare(table: str, hash_key: str, sort_key: str | None = None, sort_type: str = "S") -> dict[str, Any]:
    """Return what CreateTable takes to make a table."""
    keys = [(hash_key, "HASH", "S")] + ([] if sort_key is None else [(sort_key, "RANGE", sort_type)])
    return {
        "TableName": table,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, _, kind in keys],
        "KeySchema": [{"AttributeName": name, "KeyType": role} for name, role, _ in keys],
        "BillingMode": "PAY_PER_REQUEST",
    }
