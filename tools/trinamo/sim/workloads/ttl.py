"""The TTL workload: items that expire soon, late, never, or are given more time, under a stream that says who deleted them.

1. Nothing goes before its time, whichever node's wall clock is asked; what has no time, or was given more, stays.
2. All that has expired goes, once the database is whole.
3. Its stream says of each that it went by itself, once; and of nothing else.
"""

from typing import Any, ClassVar, Final

import attrs

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import PATIENCES_S, POLL_S, Done, Stage, Unknown, Unmet
from trinamo.sim.workloads.shards import StreamReader
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "expiring"
SOON_MEAN_S: Final = 3.0
LATE_S: Final = 100_000
GONE_WITHIN_S: Final = 25.0
_KEPT: Final = ("never", "late", "text", "milliseconds")


@attrs.define(eq=False)
class Thing:
    """An item that was put once, with the moment at which it expires, if it does. Nobody puts it again."""

    key: str
    at: float | None
    """By the wall clock; None is never."""
    told: bool = False
    removed: bool = False
    """Whether somebody deleted it, or may have."""
    doubtful: bool = False
    """Whether it was given more time, or perhaps not."""


class Ttl(Workload):
    """Things that go by themselves."""

    tables: ClassVar = (
        {
            **declare(TABLE, "k"),
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        },
    )

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.things: list[Thing] = []

    async def setup(self) -> None:
        await super().setup()
        specification = {"Enabled": True, "AttributeName": "at"}
        request = {"TableName": TABLE, "TimeToLiveSpecification": specification}
        await self.ask("founder", self.stage.live()[0], "UpdateTimeToLive", request, PATIENCES_S[-1])

    async def act(self, client: str, node: NodeId) -> None:
        dice = self.stage.dice
        choice = dice.random()
        if choice < 0.5 or not self.things:
            await self._put(client, node)
        elif choice < 0.7:
            await self._look(client, node, dice.choice(self.things))
        elif choice < 0.9:
            await self._rescue(client, node, dice.choice(self.things[-10:]))
        else:
            await self._delete(client, node, dice.choice(self.things[-10:]))

    async def _put(self, client: str, node: NodeId) -> None:
        stage = self.stage
        kind = stage.dice.choice(("soon", "soon", "soon", *_KEPT))
        key = f"{kind}{len(self.things)}"
        soon = int(stage.wall() + stage.dice.expovariate(1 / SOON_MEAN_S))
        times: dict[str, dict[str, str] | None] = {
            "soon": {"N": str(soon)},
            "late": {"N": str(soon + LATE_S)},
            "milliseconds": {"N": str(soon * 1000)},
            "text": {"S": str(soon)},
            "never": None,
        }
        at = times[kind]
        thing = Thing(key, soon if kind == "soon" else None)
        self.things.append(thing)
        item: dict[str, Any] = {"k": {"S": key}} | ({} if at is None else {"at": at})
        outcome = await self.ask(client, node, "PutItem", {"TableName": TABLE, "Item": item})
        thing.told = isinstance(outcome, Done)
        if not isinstance(outcome, Done | Unknown):
            thing.removed = True  # it never came

    async def _look(self, client: str, node: NodeId, thing: Thing) -> None:
        if not thing.told or thing.removed:
            return
        request = {"TableName": TABLE, "Key": {"k": {"S": thing.key}}, "ConsistentRead": True}
        outcome = await self.ask(client, node, "GetItem", request)
        if isinstance(outcome, Done) and "Item" not in outcome.answer and self._must_be_there(thing):
            self.seen_wrong.append(f"{thing} is gone at {self.stage.wall()}")

    def _must_be_there(self, thing: Thing) -> bool:
        if not thing.told or thing.removed or thing.doubtful:
            return False
        return thing.at is None or thing.at > self.stage.wall() + self.stage.wall_error_s

    async def _rescue(self, client: str, node: NodeId, thing: Thing) -> None:
        """Give it more time, if it is there still."""
        if thing.at is None or not thing.told or thing.removed or thing.doubtful:
            return
        request = {
            "TableName": TABLE,
            "Key": {"k": {"S": thing.key}},
            "UpdateExpression": "SET #at = :late",
            "ConditionExpression": "attribute_exists(k)",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":late": {"N": str(int(self.stage.wall()) + LATE_S)}},
        }
        thing.doubtful = True
        outcome = await self.ask(client, node, "UpdateItem", request)
        if isinstance(outcome, Done):
            thing.at, thing.doubtful = None, False
        elif not isinstance(outcome, Unknown):
            thing.doubtful = False
        if isinstance(outcome, Unmet) and self._must_be_there(thing):
            self.seen_wrong.append(f"{thing} is gone at {self.stage.wall()}, for an update")

    async def _delete(self, client: str, node: NodeId, thing: Thing) -> None:
        thing.removed = True
        await self.ask(client, node, "DeleteItem", {"TableName": TABLE, "Key": {"k": {"S": thing.key}}})

    async def responds(self) -> None:
        for node in self.stage.live():

            async def answered(node: NodeId = node) -> bool:
                request = {"TableName": TABLE, "Item": {"k": {"S": "probe"}}}
                return isinstance(await self.ask("mender", node, "PutItem", request, PATIENCES_S[-1]), Done)

            await self.until(answered)

    async def check(self) -> list[str]:
        begin = self.stage.now()
        while wrong := await self._wrong():
            if self.stage.now() - begin > GONE_WITHIN_S:
                break
            await self.stage.sleep(5 * POLL_S)
        return [*self.seen_wrong, *wrong]

    async def _wrong(self) -> list[str]:
        node = self.stage.live()[0]
        held = await self._held(node)
        reader = StreamReader(self.asker, TABLE)
        if held is None or not await reader.read_all(node):
            return [f"{node} does not answer"]
        wall, error = self.stage.wall(), self.stage.wall_error_s
        wrong = [
            f"{thing} has expired, and is there at {wall}"
            for thing in self.things
            if thing.at is not None
            and not thing.doubtful
            and thing.key in held
            and thing.at < wall - error - 5
        ]
        wrong += [
            f"{thing} is gone at {wall}"
            for thing in self.things
            if self._must_be_there(thing) and thing.key not in held
        ]
        return wrong + self._misnamed(reader, held)

    def _misnamed(self, reader: StreamReader, held: set[str]) -> list[str]:
        """Say what the stream says wrongly about who deleted what."""
        things = {thing.key: thing for thing in self.things}
        went: list[str] = []
        removed: list[str] = []
        for record in reader.in_order():
            if record["eventName"] == "REMOVE":
                key = record["dynamodb"]["Keys"]["k"]["S"]
                (went if "userIdentity" in record else removed).append(key)
        wrong = [f"{key} goes twice by itself" for key in set(went) if went.count(key) > 1]
        wrong += [
            f"{key} goes by itself, and has time"
            for key in went
            if things[key].at is None and not things[key].doubtful
        ]
        wrong += [f"{key} is deleted, and nobody did" for key in removed if not things[key].removed]
        wrong += [
            f"{thing.key} was there and is not, and no record says how it went"
            for thing in self.things
            if thing.told and thing.key not in held and thing.key not in (*went, *removed)
        ]
        return wrong

    async def _held(self, node: NodeId) -> set[str] | None:
        held: set[str] = set()
        request: dict[str, Any] = {"TableName": TABLE, "ConsistentRead": True}
        while True:
            outcome = await self.asker.ask("mender", node, "Scan", request, PATIENCES_S[-1])
            if not isinstance(outcome, Done):
                return None
            held |= {item["k"]["S"] for item in outcome.answer["Items"]}
            if "LastEvaluatedKey" not in outcome.answer:
                return held
            request["ExclusiveStartKey"] = outcome.answer["LastEvaluatedKey"]
