"""The counter workload: increments by `ADD`, and increments on the condition that nobody was faster.

1. An `ADD` is told the value that it made. No two are told the same, and the value lies between what was acknowledged before
   it was asked and what was asked before it was answered; the same holds of every strong read.
2. In the end a counter is what was acknowledged, plus at most what is of unknown outcome.
3. A conditional increment from `v` to `v + 1` succeeds once for each `v`, so in the end every value below the last was
   left by exactly one increment: an acknowledged one, or one of unknown outcome that was asked for this very value.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar, Final

import attrs

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import Done, Outcome, Refused, Stage, Unmet
from trinamo.sim.workloads.keys import Keys
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "counters"
_ACTS: Final = ("add", "add", "add", "swap", "swap", "swap", "read")


@attrs.define(eq=False)
class Increment:
    """One increment by one that may have been done. Moments are numbers (`Asker.moment`)."""

    asked: int
    told: int | None = None
    """When it was acknowledged, if it was."""
    value: int | None = None
    """What an `ADD` was told."""
    seen: int | None = None
    """The value on which a conditional one was conditioned."""


@attrs.frozen
class Sight:
    """What a strong read saw."""

    asked: int
    told: int
    value: int


@attrs.define(eq=False)
class Tale:
    """All that is known of one counter."""

    key: str
    increments: list[Increment] = attrs.Factory(list)
    sights: list[Sight] = attrs.Factory(list)

    def faults(self) -> list[str]:
        """Say what no counter would have done."""
        told = [each for each in self.increments if each.told is not None]
        found = [*self._out_of_bounds(), *_twice(each.value for each in told if each.value is not None)]
        found += _twice(each.seen for each in told if each.seen is not None)
        if self.sights and any(each.seen is not None for each in self.increments):
            found += self._unexplained(max(sight.value for sight in self.sights))
        return [f"counter {self.key}: {each}" for each in found]

    def _out_of_bounds(self) -> Iterable[str]:
        values = [
            (each.asked, each.told, each.value, 1) for each in self.increments if each.value is not None
        ]
        values += [(sight.asked, sight.told, sight.value, 0) for sight in self.sights]
        for asked, told, value, own in values:
            assert told is not None
            least = own + sum(each.told is not None and each.told < asked for each in self.increments)
            most = sum(each.asked < told for each in self.increments)
            if not least <= value <= most:
                yield f"{value} was told at {asked}..{told}, where it had to be in {least}..{most}"

    def _unexplained(self, last: int) -> Iterable[str]:
        """Values that were left, and nobody can have left them."""
        left = {each.seen for each in self.increments}
        for value in range(last):
            if value not in left:
                yield f"it is {last}, but nobody asked to leave {value}"


def _twice(values: Iterable[int]) -> Iterable[str]:
    met: set[int] = set()
    for value in values:
        if value in met:
            yield f"two increments were told that they went alone by way of {value}"
        met.add(value)


class Counter(Workload):
    """Counters of both kinds; a key begins with its kind."""

    tables: ClassVar = (declare(TABLE, "k"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.added = Keys("add", max(1, stage.keys // 2))
        self.swapped = Keys("swap", max(1, stage.keys - stage.keys // 2))
        self.tales: dict[str, Tale] = {}

    async def act(self, client: str, node: NodeId) -> None:
        dice = self.stage.dice
        match dice.choice(_ACTS):
            case "add":
                await self._add(client, node, dice.choice(self.added.used))
            case "swap":
                await self._swap(client, node, dice.choice(self.swapped.used))
            case _:
                await self._read(client, node, dice.choice([*self.added.used, *self.swapped.used]))

    async def responds(self) -> None:
        for node in self.stage.live():
            for key in self.added.used:
                await self.until(partial(self._add, "mender", node, key))
            for key in self.swapped.used:
                await self.until(partial(self._swap, "mender", node, key))

    async def check(self) -> list[str]:
        for key in sorted(self.tales):
            asked = self.asker.moment()
            answer = await self.asker.insist("GetItem", _get(key))
            self._tale(key).sights.append(Sight(asked, self.asker.moment(), _value(answer.get("Item"))))
        return [*self.seen_wrong, *(fault for tale in self.tales.values() for fault in tale.faults())]

    def _tale(self, key: str) -> Tale:
        return self.tales.setdefault(key, Tale(key))

    async def _add(self, client: str, node: NodeId, key: str) -> bool:
        parameters = {
            "TableName": TABLE,
            "Key": {"k": {"S": key}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            "ReturnValues": "UPDATED_NEW",
        }
        increment = Increment(self.asker.moment())
        outcome = await self._increment(client, node, key, increment, parameters, self.added)
        if isinstance(outcome, Done):
            increment.value = _value(outcome.answer["Attributes"])
        return isinstance(outcome, Done)

    async def _swap(self, client: str, node: NodeId, key: str) -> bool:
        """Read, and increment what was read unless somebody was faster."""
        seen = await self._read(client, node, key)
        if seen is None:
            return False
        parameters = {
            "TableName": TABLE,
            "Key": {"k": {"S": key}},
            "UpdateExpression": "SET n = :next",
            "ConditionExpression": "n = :seen" if seen else "attribute_not_exists(n)",
            "ExpressionAttributeValues": {":next": {"N": str(seen + 1)}}
            | ({":seen": {"N": str(seen)}} if seen else {}),
        }
        increment = Increment(self.asker.moment(), seen=seen)
        outcome = await self._increment(client, node, key, increment, parameters, self.swapped)
        return isinstance(outcome, Done | Unmet)

    async def _increment(
        self,
        client: str,
        node: NodeId,
        key: str,
        increment: Increment,
        parameters: dict[str, Any],
        keys: Keys,
    ) -> Outcome:
        increments = self._tale(key).increments
        increments.append(increment)
        outcome = await self.ask(client, node, "UpdateItem", parameters)
        match outcome:
            case Done():
                increment.told = self.asker.moment()
            case Unmet() | Refused():
                increments.remove(increment)
            case _:
                keys.doubt(key)
        return outcome

    async def _read(self, client: str, node: NodeId, key: str) -> int | None:
        asked = self.asker.moment()
        outcome = await self.ask(client, node, "GetItem", _get(key))
        if not isinstance(outcome, Done):
            return None
        value = _value(outcome.answer.get("Item"))
        self._tale(key).sights.append(Sight(asked, self.asker.moment(), value))
        return value


def _get(key: str) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": {"k": {"S": key}}, "ConsistentRead": True}


def _value(attributes: dict[str, Any] | None) -> int:
    return 0 if attributes is None else int(attributes["n"]["N"])
