"""The register workload: clients that put, delete, get strongly and put on a condition, on few keys.

Every answer must be what a register would say: the histories of the keys are linearizable.

Keys in doubt are retired: each write of unknown outcome may happen at any later moment, so the orders that a checker must
try would grow with every one.
"""

from typing import Any, ClassVar, Final

from trinamo.base import NodeId
from trinamo.sim.checker import violations
from trinamo.sim.history import History, Kind, Operation
from trinamo.sim.workloads.asking import PATIENCES_S, POLL_S, Done, Outcome, Refused, Stage, Unknown, Unmet
from trinamo.sim.workloads.keys import Keys
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "registers"
TABLE_DECLARATION: Final = declare(TABLE, "k")
_KINDS: Final = (
    Kind.PUT,
    Kind.PUT,
    Kind.PUT_IF_ABSENT,
    Kind.PUT_IF_ABSENT,
    Kind.DELETE,
    Kind.GET,
    Kind.GET,
    Kind.GET,
)


class Register(Workload):
    """Items that are put, deleted and read, and their history."""

    tables: ClassVar = (TABLE_DECLARATION,)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.history = History()
        self.keys = Keys("k", stage.keys)
        self.written: set[tuple[str, str]] = set()
        """All that was ever asked to be there."""
        self._values = 0

    async def act(self, client: str, node: NodeId) -> None:
        draw = self.stage.dice.choice
        await self._ask(client, node, draw(_KINDS), draw(self.keys.used), draw(PATIENCES_S))

    async def responds(self) -> None:
        for node in self.stage.live():
            for key in list(self.keys.used):
                for kind in (Kind.PUT, Kind.GET):
                    while (await self._ask("mender", node, kind, key)).returned is None:
                        await self.stage.sleep(POLL_S)

    async def check(self) -> list[str]:
        return [*self.seen_wrong, *map(str, violations(self.history))]

    async def _ask(
        self, client: str, node: NodeId, kind: Kind, key: str, patience_s: float = PATIENCES_S[-1]
    ) -> Operation:
        """Perform one operation, and write down what came of it."""
        value = None
        if kind in (Kind.PUT, Kind.PUT_IF_ABSENT):
            self._values += 1
            value = f"v{self._values}"
            self.written.add((key, value))
        operation = self.history.invoke(client, kind, key, value)
        outcome = await self.asker.ask(client, node, *_request(operation), patience_s)
        self._conclude(operation, outcome)
        return operation

    def _conclude(self, operation: Operation, outcome: Outcome) -> None:
        match outcome:
            case Done(answer):
                self.history.complete(operation, seen=_seen(answer))
            case Unmet():
                self.history.complete(operation, met=False)
            case Refused():
                self.history.discard(operation)
            case Unknown() if operation.kind is not Kind.GET:
                self.keys.doubt(operation.key)
            case Unknown():
                pass  # a get that was not answered says nothing


def _request(operation: Operation) -> tuple[str, dict[str, Any]]:
    key = {"k": {"S": operation.key}}
    match operation.kind:
        case Kind.GET:
            return "GetItem", {"TableName": TABLE, "Key": key, "ConsistentRead": True}
        case Kind.DELETE:
            return "DeleteItem", {"TableName": TABLE, "Key": key}
        case Kind.PUT:
            return "PutItem", {"TableName": TABLE, "Item": _item(operation)}
        case Kind.PUT_IF_ABSENT:
            condition = "attribute_not_exists(k)"
            return "PutItem", {"TableName": TABLE, "Item": _item(operation), "ConditionExpression": condition}


def _item(operation: Operation) -> dict[str, Any]:
    return {"k": {"S": operation.key}, "v": {"S": operation.value}}


def _seen(answer: dict[str, Any]) -> str | None:
    item = answer.get("Item")
    if item is None:
        return None
    seen: str = item["v"]["S"]
    return seen
