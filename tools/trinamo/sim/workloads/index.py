"""The index workload: registers with a global index, which is looked at too.

1. It never shows what nobody wrote.
2. Once the database is whole, it is the projection of its table, from wherever it is read.
"""

from typing import Any, ClassVar, Final

import trio

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import PATIENCES_S, POLL_S, Done
from trinamo.sim.workloads.register import TABLE, TABLE_DECLARATION, Register

INDEX: Final = "by-value"
READ_MEAN_S: Final = 0.3
PROJECTED_WITHIN_S: Final = 15.0  # a read waits two seconds for its index, not longer


class Index(Register):
    """Registers, and an index of their values."""

    tables: ClassVar = (
        {
            **TABLE_DECLARATION,
            "AttributeDefinitions": [
                {"AttributeName": "k", "AttributeType": "S"},
                {"AttributeName": "v", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": INDEX,
                    "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        },
    )

    def start(self, nursery: trio.Nursery, until: float) -> None:
        super().start(nursery, until)
        nursery.start_soon(self._watch, until)

    async def _watch(self, until: float) -> None:
        """Look into the index from time to time."""
        stage = self.stage
        while stage.now() < until:
            nodes = stage.live()
            if nodes:
                self._compare(await self._rows(stage.dice.choice(nodes), INDEX))
            await stage.sleep(stage.dice.expovariate(1 / READ_MEAN_S))

    def _compare(self, rows: set[tuple[str, str]] | None) -> None:
        for row in sorted((rows or set()) - self.written):
            self.seen_wrong.append(f"the index shows {row}, which nobody wrote")

    async def check(self) -> list[str]:
        wrong = await super().check()
        begin = self.stage.now()
        while differences := await self._differences():
            if self.stage.now() - begin > PROJECTED_WITHIN_S:
                return [*wrong, *differences]
            await self.stage.sleep(POLL_S)
        return wrong

    async def _differences(self) -> list[str]:
        found: list[str] = []
        for node in self.stage.live():
            table, index = await self._rows(node), await self._rows(node, INDEX)
            if table is None or table != index:
                found.append(f"from {node}, the table holds {table} and its index {index}")
        return found

    async def _rows(self, node: NodeId, index: str | None = None) -> set[tuple[str, str]] | None:
        """Return the keys and values that the table, read strongly, or its index holds; None if nobody says."""
        parameters: dict[str, Any] = {"TableName": TABLE}
        parameters |= {"ConsistentRead": True} if index is None else {"IndexName": index}
        outcome = await self.asker.ask("watcher", node, "Scan", parameters, PATIENCES_S[-1])
        if not isinstance(outcome, Done):
            return None
        return {(item["k"]["S"], item["v"]["S"]) for item in outcome.answer["Items"]}  # few keys: one page
