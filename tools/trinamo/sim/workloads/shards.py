"""Reading the streams of a table as a consumer does: shards, parents before children, iterators, checkpoints."""

from typing import Any

import attrs

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import PATIENCES_S, Asker, Done

Record = dict[str, Any]


@attrs.define(eq=False)
class StreamReader:
    """Reads the latest stream of a table, and remembers what it read and how far it is in each shard.

    Whatever is not answered is asked again at another time, so it may be told to go on by whoever has the patience.
    """

    asker: Asker
    table: str
    arn: str | None = None
    parents: dict[str, str | None] = attrs.Factory(dict)
    """The shards, and whose children they are."""
    records: dict[str, list[Record]] = attrs.Factory(dict)
    """What was read of each shard."""
    over: set[str] = attrs.Factory(set)
    """Shards that were read to their end."""

    async def ask(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
        outcome = await self.asker.ask("consumer", node, operation, parameters, PATIENCES_S[-1])
        return outcome.answer if isinstance(outcome, Done) else None

    async def find(self, node: NodeId) -> bool:
        """Learn which shards there are; False if nobody says."""
        if self.arn is None:
            streams = await self.ask(node, "ListStreams", {"TableName": self.table})
            if not streams or not streams["Streams"]:
                return False
            self.arn = streams["Streams"][-1]["StreamArn"]
        request: dict[str, Any] = {"StreamArn": self.arn}
        while True:
            answer = await self.ask(node, "DescribeStream", request)
            if answer is None:
                return False
            description = answer["StreamDescription"]
            for shard in description["Shards"]:
                self.parents[shard["ShardId"]] = shard.get("ParentShardId")
            if "LastEvaluatedShardId" not in description:
                return True
            request["ExclusiveStartShardId"] = description["LastEvaluatedShardId"]

    @property
    def readable(self) -> list[str]:
        """The shards whose parents are over and which are not."""
        return [
            shard
            for shard, parent in self.parents.items()
            if shard not in self.over and (parent not in self.parents or parent in self.over)
        ]

    async def read(self, node: NodeId, shard: str, limit: int, pages: int) -> bool:
        """Read on in a shard, up to so many pages; return whether its end, or the present, was reached.

        What is read counts only when all pages came: else it is read again, as by a consumer that died.
        """
        so_far = self.records.setdefault(shard, [])
        request: dict[str, Any] = {
            "StreamArn": self.arn,
            "ShardId": shard,
            "ShardIteratorType": "TRIM_HORIZON",
        }
        if so_far:
            number = so_far[-1]["dynamodb"]["SequenceNumber"]
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number}
        answer = await self.ask(node, "GetShardIterator", request)
        if answer is None:
            return False
        iterator: str | None = answer["ShardIterator"]
        found: list[Record] = []
        present = False
        for _ in range(pages):
            page = await self.ask(node, "GetRecords", {"ShardIterator": iterator, "Limit": limit})
            if page is None:
                return False
            found += page["Records"]
            iterator = page.get("NextShardIterator")
            present = iterator is None or not page["Records"]
            if present:
                break
        so_far += found
        if iterator is None:
            self.over.add(shard)
        return present

    async def read_all(self, node: NodeId) -> bool:
        """Read everything that is there now; False if nobody says."""
        done: set[str] = set()
        if not await self.find(node):
            return False
        while ready := [shard for shard in self.readable if shard not in done]:
            for shard in ready:
                if not await self.read(node, shard, 1_000, 1_000):
                    return False
                done.add(shard)
            if not await self.find(node):
                return False
        return True

    def in_order(self) -> list[Record]:
        """All that was read, each shard behind its parent."""
        ordered: list[str] = []
        left = list(self.parents)
        while left:
            ready = [shard for shard in left if self.parents[shard] not in left]
            assert ready, f"shards descend from one another: {self.parents}"
            ordered += ready
            left = [shard for shard in left if shard not in ready]
        return [record for shard in ordered for record in self.records.get(shard, ())]

    def faults(self) -> list[str]:
        """Say what is wrong with the order of what was read: gaps, repetitions, records without a cause."""
        found: list[str] = []
        for shard, records in self.records.items():
            numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
            if numbers != sorted(set(numbers)):
                found.append(f"sequence numbers of {shard} do not grow: {numbers}")
        held: dict[str, Any] = {}
        for record in self.in_order():
            change = record["dynamodb"]
            key = str(change["Keys"])
            old, new = change.get("OldImage"), change.get("NewImage")
            if old != held.get(key):
                found.append(f"{key} held {held.get(key)}, and the record says {old}: {record}")
            name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
            if record["eventName"] != name or (old is None and new is None):
                found.append(f"{record['eventName']} from {old} to {new}")
            held[key] = new
        return found

    def images(self) -> dict[str, Any]:
        """The items as the records leave them, by key."""
        held: dict[str, Any] = {}
        for record in self.in_order():
            held[str(record["dynamodb"]["Keys"])] = record["dynamodb"].get("NewImage")
        return {key: item for key, item in held.items() if item is not None}
