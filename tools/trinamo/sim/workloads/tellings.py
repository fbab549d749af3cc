"""Writes of unique values, and what is told of them somewhere else, at least once: by a data stream, or to a function."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import Done, Unknown
from trinamo.sim.workloads.workload import Workload

Record = dict[str, Any]
"""A change as DynamoDB tells it: `eventID`, and under `dynamodb` keys and images."""


@attrs.define(eq=False)
class Tellings:
    """What was written to a table, and the judge of what is told of it.

    1. What was acknowledged is told, at least once; what nobody wrote is not.
    2. Of each item, the first times that its changes are told are in the order of the changes, and the last of them is what the table
       holds; or the last times, where some of a batch may be taken and the rest comes again (`by_last`).
    """

    workload: Workload
    table: str
    by_last: bool = False
    asked: set[tuple[str, str]] = attrs.Factory(set)
    told: set[tuple[str, str]] = attrs.Factory(set)
    _values: int = 0

    async def write_any(self, client: str, node: NodeId) -> None:
        """Put, update or delete some item."""
        dice = self.workload.stage.dice
        key = f"k{dice.randrange(self.workload.stage.keys)}"
        await self.write(client, node, dice.choice(("put", "put", "update", "delete")), key)

    async def write(self, client: str, node: NodeId, kind: str, key: str, patience_s: float = 0.0) -> bool:
        """Put, update or delete an item; True if that was acknowledged."""
        ask = self.workload.ask
        place: dict[str, Any] = {"TableName": self.table, "Key": {"k": {"S": key}}}
        if kind == "delete":
            return isinstance(await ask(client, node, "DeleteItem", place, patience_s), Done)
        self._values += 1
        value = f"v{self._values}"
        if kind == "put":
            item = {"k": {"S": key}, "v": {"S": value}}
            outcome = await ask(client, node, "PutItem", {"TableName": self.table, "Item": item}, patience_s)
        else:
            values = {":v": {"S": value}}
            request = {**place, "UpdateExpression": "SET v = :v", "ExpressionAttributeValues": values}
            outcome = await ask(client, node, "UpdateItem", request, patience_s)
        if isinstance(outcome, Done | Unknown):
            self.asked.add((key, value))
        if isinstance(outcome, Done):
            self.told.add((key, value))
        return isinstance(outcome, Done)

    async def respond(self) -> None:
        """Return when every node has taken a write of every key."""
        for node in self.workload.stage.live():
            for number in range(self.workload.stage.keys):
                await self.workload.until(lambda: self.write("mender", node, "put", f"k{number}", 8.0))  # noqa: B023

    async def faults(self, records: Sequence[Record]) -> list[str]:
        """Say what is wrong with what was told."""
        answer = await self.workload.asker.insist("Scan", {"TableName": self.table, "ConsistentRead": True})
        held = {item["k"]["S"]: item for item in answer["Items"]}  # few keys: one page
        seen = {
            (image["k"]["S"], image["v"]["S"])
            for record in records
            if (image := record["dynamodb"].get("NewImage")) is not None
        }
        wrong = [f"{each} is told, and nobody wrote it" for each in sorted(seen - self.asked)]
        wrong += [f"{each} was acknowledged, and is not told" for each in sorted(self.told - seen)]
        for key, changes in self._once(records).items():
            wrong += _disorder(key, changes)
            last = changes[-1]["dynamodb"].get("NewImage")
            if last != held.get(key):
                wrong.append(f"the last that is told of {key} is {last}, the table holds {held.get(key)}")
        return wrong

    def _once(self, records: Sequence[Record]) -> Mapping[str, list[Record]]:
        """Of each item, its changes, each once, in the order in which they were told first, or last."""
        places = list(enumerate(records))
        counting = {record["eventID"]: at for at, record in (places if self.by_last else places[::-1])}
        changes: dict[str, list[Record]] = {}
        for at, record in places:
            if counting[record["eventID"]] == at:
                changes.setdefault(record["dynamodb"]["Keys"]["k"]["S"], []).append(record)
        return changes


def _disorder(key: str, changes: Sequence[Record]) -> list[str]:
    image: Any = None
    for record in changes:
        inside = record["dynamodb"]
        if inside.get("OldImage") != image:
            return [f"{key} is told to have been {inside.get('OldImage')}, and was {image}"]
        image = inside.get("NewImage")
    return []
