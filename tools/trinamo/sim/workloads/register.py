"""The register workload: clients that put, delete, get strongly and put on a condition, on few keys.

Every answer must be what a register would say: the histories of the keys are linearizable.

A key with `UNKNOWN_MAX` writes of unknown outcome is retired, and another takes its place: each of them may happen
at any later moment, so the orders that a checker must try would grow with every one.
"""

from typing import Any, ClassVar, Final

from trinamo.base import NodeId
from trinamo.sim.checker import violations
from trinamo.sim.history import History, Kind, Operation
from trinamo.sim.workloads.asking import PATIENCES_S, POLL_S, Done, Outcome, Refused, Stage, Unknown, Unmet
from trinamo.sim.workloads.workload import Workload

TABLE: Final = "registers"
TABLE_DECLARATION: Final[dict[str, Any]] = {
    "TableName": TABLE,
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
UNKNOWN_MAX: Final = 3
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
        self.keys = [f"k{number}" for number in range(stage.keys)]
        """Those in use."""
        self.written: set[tuple[str, str]] = set()
        """All that was ever asked to be there."""
        self._values = 0
        self._unknown: dict[str, int] = {}
        self._retired = 0

    async def act(self, client: str, node: NodeId) -> None:
        draw = self.stage.dice.choice
        await self._ask(client, node, draw(_KINDS), draw(self.keys), draw(PATIENCES_S))

    async def responds(self) -> None:
        for node in self.stage.live():
            for key in list(self.keys):
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
                self._doubt(operation.key)
            case Unknown():
                pass  # a get that was not answered says nothing

    def _doubt(self, key: str) -> None:
        """Count a write of unknown outcome, and retire a key that has had enough of them."""
        count = self._unknown[key] = self._unknown.get(key, 0) + 1
        if count >= UNKNOWN_MAX and key in self.keys:
            self._retired += 1
            self.keys[self.keys.index(key)] = f"{key.partition('.')[0]}.{self._retired}"


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
