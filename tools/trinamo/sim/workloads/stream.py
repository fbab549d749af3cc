"""The stream workload: items are put, updated and deleted, and a consumer that dies again and again reads the stream.

1. The stream is the history of the table: record after record of an item, each begins with what the last left; the last
   leaves what the table holds; sequence numbers grow.
2. What was acknowledged is in it, once; what nobody wrote is not.
3. What a consumer read between its checkpoints, whatever happened meanwhile, is what the stream says when all is over.
"""

from typing import Any, ClassVar, Final

import trio

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import POLL_S, Done, Stage, Unknown
from trinamo.sim.workloads.shards import StreamReader
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "streamed"
READ_MEAN_S: Final = 0.2
WITHIN_S: Final = 15.0


class Stream(Workload):
    """Items with unique values, and their stream."""

    tables: ClassVar = (
        {
            **declare(TABLE, "k"),
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        },
    )

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.consumer = StreamReader(self.asker, TABLE)
        self.asked: set[tuple[str, str]] = set()
        self.told: set[tuple[str, str]] = set()
        self._values = 0

    async def act(self, client: str, node: NodeId) -> None:
        draw = self.stage.dice.choice
        await self._write(client, node, draw(("put", "put", "update", "update", "delete")), self._key())

    def _key(self) -> str:
        return f"k{self.stage.dice.randrange(self.stage.keys)}"

    async def _write(self, client: str, node: NodeId, kind: str, key: str, patience_s: float = 0.0) -> bool:
        item: dict[str, Any] = {"k": {"S": key}}
        if kind == "delete":
            outcome = await self.ask(
                client, node, "DeleteItem", {"TableName": TABLE, "Key": item}, patience_s
            )
            return isinstance(outcome, Done)
        self._values += 1
        value = f"v{self._values}"
        request: dict[str, Any] = {"TableName": TABLE, "Item": {**item, "v": {"S": value}}}
        if kind == "update":
            request = {
                "TableName": TABLE,
                "Key": item,
                "UpdateExpression": "SET v = :v",
                "ExpressionAttributeValues": {":v": {"S": value}},
            }
        operation = "PutItem" if kind == "put" else "UpdateItem"
        outcome = await self.ask(client, node, operation, request, patience_s)
        if isinstance(outcome, Done | Unknown):
            self.asked.add((key, value))
        if isinstance(outcome, Done):
            self.told.add((key, value))
        return isinstance(outcome, Done)

    async def responds(self) -> None:
        for node in self.stage.live():
            for number in range(self.stage.keys):
                await self.until(lambda: self._write("mender", node, "put", f"k{number}", 8.0))  # noqa: B023

    def start(self, nursery: trio.Nursery, until: float) -> None:
        super().start(nursery, until)
        nursery.start_soon(self._consume, until)

    async def _consume(self, until: float) -> None:
        """Be a consumer, and die in the middle of a shard now and then: what is not checked is read again."""
        stage = self.stage
        while stage.now() < until:
            nodes = stage.live()
            if nodes:
                node = stage.dice.choice(nodes)
                if await self.consumer.find(node) and (ready := self.consumer.readable):
                    shard = stage.dice.choice(ready)
                    await self.consumer.read(
                        node, shard, stage.dice.choice((1, 5, 1_000)), stage.dice.randrange(1, 5)
                    )
            await stage.sleep(stage.dice.expovariate(1 / READ_MEAN_S))

    async def check(self) -> list[str]:
        begin = self.stage.now()
        while wrong := await self._wrong():
            if self.stage.now() - begin > WITHIN_S:
                return wrong
            await self.stage.sleep(5 * POLL_S)
        return []

    async def _wrong(self) -> list[str]:
        wrong: list[str] = []
        for node in self.stage.live():
            reader = StreamReader(self.asker, TABLE)
            if not await reader.read_all(node):
                return [f"{node} does not tell the stream"]
            wrong += [
                f"from {node}: {fault}" for fault in [*reader.faults(), *await self._unlike(node, reader)]
            ]
            wrong += self._invented(reader)
        return wrong

    async def _unlike(self, node: NodeId, reader: StreamReader) -> list[str]:
        """Compare a stream with its table, and with what the consumer read of it."""
        answer = await reader.ask(node, "Scan", {"TableName": TABLE, "ConsistentRead": True})
        if answer is None:
            return ["the table is not told"]
        held = {str({"k": item["k"]}): item for item in answer["Items"]}  # few keys: one page
        wrong = (
            []
            if held == reader.images()
            else [f"the table holds {held}, the stream ends with {reader.images()}"]
        )
        for shard, records in self.consumer.records.items():
            if records != reader.records.get(shard, [])[: len(records)]:
                wrong.append(
                    f"the consumer read {records} of {shard}, which holds {reader.records.get(shard)}"
                )
        return wrong

    def _invented(self, reader: StreamReader) -> list[str]:
        images = [record["dynamodb"].get("NewImage") for record in reader.in_order()]
        seen = [(image["k"]["S"], image["v"]["S"]) for image in images if image is not None]
        wrong = [f"{each} is in the stream, and nobody wrote it" for each in sorted(set(seen) - self.asked)]
        wrong += [
            f"{each} was acknowledged, and is not in the stream" for each in sorted(self.told - set(seen))
        ]
        if len(seen) != len(set(seen)):
            wrong.append(f"a value comes twice: {sorted(seen)}")
        return wrong
