"""The workload of lists: clients append to lists and read them, alone or in one go.

    SET l = list_append(l, :v), told the new list        the same on the condition of a size        a strong read

Each request is a transaction on one item; `anomalies` says what no serial order of them explains, in the order of time.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from trinamo.base import NodeId
from trinamo.sim.anomalies import Append as Appended
from trinamo.sim.anomalies import Outcome as Told
from trinamo.sim.anomalies import Read, Step, Transaction, anomalies
from trinamo.sim.workloads.asking import Done, Outcome, Refused, Stage, Unmet
from trinamo.sim.workloads.keys import Keys
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "lists"
LONG: Final = 40  # then another list is begun: each append is told the whole
_ACTS: Final = ("append", "append", "append if", "read")


class Append(Workload):
    """Lists of unique values, and the transactions that made them."""

    tables: ClassVar = (declare(TABLE, "k"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.history: list[Transaction] = []
        self.keys = Keys("l", stage.keys)
        self._sizes: dict[str, int] = {}
        """How long each list was when somebody looked last."""

    async def act(self, client: str, node: NodeId) -> None:
        draw = self.stage.dice.choice
        await self._do(client, node, draw(_ACTS), draw(self.keys.used))

    async def responds(self) -> None:
        for node in self.stage.live():
            for key in self.keys.used:
                await self.until(partial(self._does, node, "append", key))

    async def _does(self, node: NodeId, act: str, key: str) -> bool:
        return isinstance(await self._do("mender", node, act, key), Done)

    async def check(self) -> list[str]:
        for key in self.keys.ever:
            await self.until(partial(self._does, self.stage.live()[0], "read", key))
        final = {
            step.key: step.seen for each in self.history for step in each.steps if isinstance(step, Read)
        }
        return [*self.seen_wrong, *map(str, anomalies(self.history, final=final))]

    async def _do(self, client: str, node: NodeId, act: str, key: str) -> Outcome:
        number = len(self.history)
        value, expected = f"v{number}", self._sizes.get(key, 0)
        steps: list[Step] = [] if act == "read" else [Appended(key, value)]
        transaction = Transaction(f"T{number}", self.asker.moment(), steps)
        self.history.append(transaction)
        if act == "read":
            request: dict[str, Any] = {"TableName": TABLE, "Key": {"k": {"S": key}}, "ConsistentRead": True}
            outcome = await self.ask(client, node, "GetItem", request)
        else:
            outcome = await self.ask(client, node, "UpdateItem", self._request(act, key, value, expected))
        transaction.returned = self.asker.moment()
        match outcome:
            case Done(answer):
                item = answer.get("Item") if act == "read" else answer["Attributes"]
                seen = _list(item)
                transaction.outcome, transaction.steps = Told.COMMITTED, [*steps, Read(key, seen)]
                self._sizes[key] = len(seen)
                if act == "append if" and len(seen) not in (1, expected + 1):
                    self.seen_wrong.append(f"{transaction} on the condition that there were {expected}")
                if len(seen) >= LONG:
                    self.keys.retire(key)
            case Refused():
                transaction.outcome = Told.ABORTED
            case Unmet():
                transaction.outcome = Told.ABORTED
                self._sizes[key] = expected + 1  # somebody was faster
        return outcome

    def _request(self, act: str, key: str, value: str, expected: int) -> dict[str, Any]:
        values: dict[str, Any] = {":v": {"L": [{"S": value}]}, ":none": {"L": []}}
        request: dict[str, Any] = {
            "TableName": TABLE,
            "Key": {"k": {"S": key}},
            "UpdateExpression": "SET l = list_append(if_not_exists(l, :none), :v)",
            "ReturnValues": "ALL_NEW",
        }
        if act == "append if":
            values[":n"] = {"N": str(expected)}
            request["ConditionExpression"] = "attribute_not_exists(l) OR size(l) = :n"
        return {**request, "ExpressionAttributeValues": values}


def _list(item: Mapping[str, Any] | None) -> tuple[str, ...]:
    values: Sequence[Mapping[str, str]] = [] if item is None else item["l"]["L"]
    return tuple([value["S"] for value in values])
