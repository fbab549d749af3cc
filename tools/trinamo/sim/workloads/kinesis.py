"""The workload of a Kinesis destination: items are put, updated and deleted, and a data stream is told.

1. What was acknowledged is told, at least once; what nobody wrote is not.
2. Of each item, the last times that its changes are told are in the order of the changes, and the last of them is what the table holds.
"""

import json
from typing import Any, ClassVar, Final

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import POLL_S, Done, Stage, Unknown
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "delivered"
STREAM: Final = "arn:aws:kinesis:us-east-1:000000000000:stream/delivered"
WITHIN_S: Final = 20.0

Record = dict[str, Any]


class Kinesis(Workload):
    """Items with unique values, and what a data stream is told of them."""

    tables: ClassVar = (declare(TABLE, "k"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.asked: set[tuple[str, str]] = set()
        self.told: set[tuple[str, str]] = set()
        self._values = 0

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
        dice = self.stage.dice
        key = f"k{dice.randrange(self.stage.keys)}"
        await self._write(client, node, dice.choice(("put", "put", "update", "delete")), key)

    async def responds(self) -> None:
        for node in self.stage.live():
            for number in range(self.stage.keys):
                await self.until(lambda: self._write("mender", node, "put", f"k{number}", 8.0))  # noqa: B023

    async def _write(self, client: str, node: NodeId, kind: str, key: str, patience_s: float = 0.0) -> bool:
        place: dict[str, Any] = {"TableName": TABLE, "Key": {"k": {"S": key}}}
        if kind == "delete":
            return isinstance(await self.ask(client, node, "DeleteItem", place, patience_s), Done)
        self._values += 1
        value = f"v{self._values}"
        if kind == "put":
            request: dict[str, Any] = {"TableName": TABLE, "Item": {"k": {"S": key}, "v": {"S": value}}}
            outcome = await self.ask(client, node, "PutItem", request, patience_s)
        else:
            values = {":v": {"S": value}}
            request = {**place, "UpdateExpression": "SET v = :v", "ExpressionAttributeValues": values}
            outcome = await self.ask(client, node, "UpdateItem", request, patience_s)
        if isinstance(outcome, Done | Unknown):
            self.asked.add((key, value))
        if isinstance(outcome, Done):
            self.told.add((key, value))
        return isinstance(outcome, Done)

    async def check(self) -> list[str]:
        begin = self.stage.now()
        while wrong := await self._wrong():
            if self.stage.now() - begin > WITHIN_S:
                return wrong
            await self.stage.sleep(5 * POLL_S)
        return []

    async def _wrong(self) -> list[str]:
        answer = await self.asker.insist("Scan", {"TableName": TABLE, "ConsistentRead": True})
        held = {item["k"]["S"]: item for item in answer["Items"]}  # few keys: one page
        records: list[Record] = [json.loads(data) for data in self.stage.delivered(STREAM)]
        seen = {
            (image["k"]["S"], image["v"]["S"])
            for record in records
            if (image := record["dynamodb"].get("NewImage")) is not None
        }
        wrong = [f"{each} is told, and nobody wrote it" for each in sorted(seen - self.asked)]
        wrong += [f"{each} was acknowledged, and is not told" for each in sorted(self.told - seen)]
        for key, changes in _last_times(records).items():
            wrong += _disorder(key, changes)
            last = changes[-1]["dynamodb"].get("NewImage")
            if last != held.get(key):
                wrong.append(f"the last that is told of {key} is {last}, the table holds {held.get(key)}")
        return wrong


def _last_times(records: list[Record]) -> dict[str, list[Record]]:
    """Of each item, its changes as they were told last, in that order."""
    last: dict[str, int] = {record["eventID"]: at for at, record in enumerate(records)}
    changes: dict[str, list[Record]] = {}
    for at, record in enumerate(records):
        if last[record["eventID"]] == at:
            changes.setdefault(record["dynamodb"]["Keys"]["k"]["S"], []).append(record)
    return changes


def _disorder(key: str, changes: list[Record]) -> list[str]:
    image: Any = None
    for record in changes:
        inside = record["dynamodb"]
        if inside.get("OldImage") != image:
            return [f"{key} is told to have been {inside.get('OldImage')}, and was {image}"]
        image = inside.get("NewImage")
    return []
