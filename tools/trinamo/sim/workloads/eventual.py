"""The workload of reads that are strong and reads that need not be.

Counters grow by one, and each way of reading says how far they are. Where things are settled (PROTOCOLS 6):

1. A read of the table sees all that was acknowledged before it was asked, and nothing that was asked after it was answered,
   whether it asked to be consistent or not, by whatever operation.
2. A read of a global index sees nothing from the future; and it sees all that was acknowledged, unless it took as long as the
   database may wait for the index. The latter is asked of a whole database only: a broken one may go ahead at once.

Where they are not, only strong reads promise the former, and others that they invent nothing. Once all is whole and quiet,
all ways of reading agree.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

import attrs

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import POLL_S, Done, Refused, Stage
from trinamo.sim.workloads.keys import Keys
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "gauges"
INDEX: Final = "by-group"
INDEX_WAIT_S: Final = 1.8  # a read waits two seconds for its index, of a clock that may be fast
ROUNDS: Final = 6  # increments, and reads behind them, when all is whole
AGREED_WITHIN_S: Final = 20.0

_DECLARED: Final = declare(TABLE, "k")


@attrs.frozen
class Way:
    """A way of reading one gauge."""

    operation: str
    parameters: Callable[[str], dict[str, Any]]
    items: Callable[[dict[str, Any]], list[dict[str, Any]]]
    strong: bool = False
    indexed: bool = False


def _items(answer: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = answer["Items"]
    return items


def _condition(name: str, key: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": f"{name} = :{name}",
        "ExpressionAttributeValues": {f":{name}": {"S": key}},
    }


WAYS: Final[Mapping[str, Way]] = {
    "get": Way(
        "GetItem",
        lambda key: {"TableName": TABLE, "Key": {"k": {"S": key}}},
        lambda answer: [answer["Item"]] if "Item" in answer else [],
    ),
    "strong get": Way(
        "GetItem",
        lambda key: {"TableName": TABLE, "Key": {"k": {"S": key}}, "ConsistentRead": True},
        lambda answer: [answer["Item"]] if "Item" in answer else [],
        strong=True,
    ),
    "batch": Way(
        "BatchGetItem",
        lambda key: {"RequestItems": {TABLE: {"Keys": [{"k": {"S": key}}]}}},
        lambda answer: list(answer["Responses"][TABLE]),
    ),
    "query": Way("Query", lambda key: {"TableName": TABLE, **_condition("k", key)}, _items),
    "scan": Way("Scan", lambda _: {"TableName": TABLE}, _items),
    "statement": Way(
        "ExecuteStatement",
        lambda key: {"Statement": f'SELECT * FROM "{TABLE}" WHERE k = ?', "Parameters": [{"S": key}]},
        _items,
    ),
    "index": Way(
        "Query",
        lambda key: {"TableName": TABLE, "IndexName": INDEX, **_condition("g", key)},
        _items,
        indexed=True,
    ),
}


@attrs.define(eq=False)
class Step:
    """An increment that may have been done."""

    asked: int
    told: int | None = None


@attrs.frozen
class Sight:
    """What a read saw of a gauge. `fresh` if it had to see all that was acknowledged."""

    way: str
    asked: int
    told: int
    value: int
    fresh: bool


@attrs.define(eq=False)
class Gauge:
    """All that is known of one gauge."""

    key: str
    steps: list[Step] = attrs.Factory(list)
    sights: list[Sight] = attrs.Factory(list)

    def faults(self) -> list[str]:
        """Say what no gauge would have shown."""
        found: list[str] = []
        for sight in self.sights:
            least = sum(step.told is not None and step.told < sight.asked for step in self.steps)
            most = sum(step.asked < sight.told for step in self.steps)
            if sight.value > most or (sight.fresh and sight.value < least):
                found.append(
                    f"gauge {self.key}: {sight.way} showed {sight.value} at {sight.asked}..{sight.told}, "
                    f"where {least} steps had been taken, and {most} were tried"
                )
        return found


class Eventual(Workload):
    """Gauges, and all ways to read them."""

    tables: ClassVar = (
        {
            **_DECLARED,
            "AttributeDefinitions": [
                {"AttributeName": "k", "AttributeType": "S"},
                {"AttributeName": "g", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": INDEX,
                    "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        },
    )

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.keys = Keys("gauge", stage.keys)
        self.gauges: dict[str, Gauge] = {}

    async def act(self, client: str, node: NodeId) -> None:
        dice = self.stage.dice
        key = dice.choice(self.keys.used)
        if dice.random() < 0.4:
            await self._step(client, node, key)
        else:
            await self._read(client, node, key, dice.choice(list(WAYS)))

    async def responds(self) -> None:
        for node in self.stage.live():
            for key in list(self.keys.used):
                await self.until(partial(self._step, "mender", node, key))
            for way in WAYS:
                await self.until(partial(self._answered, node, self.keys.used[0], way))

    async def check(self) -> list[str]:
        dice = self.stage.dice
        for _ in range(ROUNDS):
            key = dice.choice(self.keys.used)
            await self.until(partial(self._step, "mender", dice.choice(self.stage.live()), key))
            way = dice.choice([way for way in WAYS if WAYS[way].indexed or self.stage.settled])
            await self._read("mender", dice.choice(self.stage.live()), key, way, whole=True)
        wrong = [fault for gauge in self.gauges.values() for fault in gauge.faults()]
        return [*wrong, *await self._disagreements()]

    async def _disagreements(self) -> list[str]:
        begin = self.stage.now()
        while True:
            found = [each for key in self.keys.used for each in await self._compared(key)]
            if not found or self.stage.now() - begin > AGREED_WITHIN_S:
                return found
            await self.stage.sleep(POLL_S)

    async def _compared(self, key: str) -> list[str]:
        """From all nodes and in all ways, one gauge."""
        seen = {
            (node, way): await self._read("mender", node, key, way)
            for node in self.stage.live()
            for way in WAYS
        }
        return [f"gauge {key} is seen as {seen}"] if len(set(seen.values())) > 1 else []

    def _gauge(self, key: str) -> Gauge:
        return self.gauges.setdefault(key, Gauge(key))

    async def _step(self, client: str, node: NodeId, key: str) -> bool:
        parameters = {
            "TableName": TABLE,
            "Key": {"k": {"S": key}},
            "UpdateExpression": "SET g = :g ADD n :one",
            "ExpressionAttributeValues": {":g": {"S": key}, ":one": {"N": "1"}},
        }
        step = Step(self.asker.moment())
        steps = self._gauge(key).steps
        steps.append(step)
        outcome = await self.ask(client, node, "UpdateItem", parameters)
        match outcome:
            case Done():
                step.told = self.asker.moment()
            case Refused():
                steps.remove(step)
            case _:
                self.keys.doubt(key)
        return isinstance(outcome, Done)

    async def _answered(self, node: NodeId, key: str, way: str) -> bool:
        return await self._read("mender", node, key, way) is not None

    async def _read(
        self, client: str, node: NodeId, key: str, name: str, *, whole: bool = False
    ) -> int | None:
        way = WAYS[name]
        asked, begin = self.asker.moment(), self.stage.now()
        outcome = await self.ask(client, node, way.operation, way.parameters(key))
        if not isinstance(outcome, Done):
            return None
        fresh = way.strong or self.stage.settled
        if way.indexed:
            fresh = self.stage.settled and whole and self.stage.now() - begin < INDEX_WAIT_S
        values = [int(item["n"]["N"]) for item in way.items(outcome.answer) if item["k"]["S"] == key]
        value = values[0] if values else 0
        self._gauge(key).sights.append(Sight(name, asked, self.asker.moment(), value, fresh))
        return value
