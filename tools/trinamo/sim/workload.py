"""The register workload: clients that put, delete, get strongly and put on a condition, on few keys.

Requests go through the operations of the API, on the database of whichever node the client picks, so what is tested is
what users get. An answer is taken at its word (PROTOCOLS 4):

1. A result, or a refused condition, is an answer: it must be what a register would say.
2. InternalServerError, and silence beyond the client's patience, leave the outcome unknown.
3. Any other error says that nothing was done, and the checker holds the database to it.
4. A key with `UNKNOWN_MAX` writes of unknown outcome is retired, and another takes its place: each of them may happen
   at any later moment, so the orders that a checker must try would grow with every one.
"""

import json
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import attrs
import trio

from trinamo.base import NodeId
from trinamo.model.errors import ApiError
from trinamo.sim.history import History, Kind, Operation
from trinamo.sim.trace import Trace

Perform = Callable[[NodeId, str, dict[str, Any]], Awaitable[bytes]]
"""Performs an operation of the API on a node, and returns the answer's JSON."""

TABLE: Final = "registers"
TABLE_DECLARATION: Final[dict[str, Any]] = {
    "TableName": TABLE,
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}

INDEX: Final = "by-value"
INDEXED_DECLARATION: Final[dict[str, Any]] = {
    **TABLE_DECLARATION,
    "AttributeDefinitions": [
        {"AttributeName": "k", "AttributeType": "S"},
        {"AttributeName": "v", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": INDEX,
            "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}

PATIENCES_S: Final = (0.5, 8.0, 8.0, 8.0)
"""How long clients wait. The last is above the 5 s of the router; with it alone, all clients would soon hang on requests
that a partition swallowed, and nobody would see what a deposed leader says."""
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
UNKNOWN_MAX: Final = 3
INDEX_READ_MEAN_S: Final = 0.3
_UNKNOWN: Final = "InternalServerError"
_REFUSED: Final = "ConditionalCheckFailedException"


@attrs.define(eq=False)
class Registers:
    """Clients and what they were told."""

    perform: Perform
    live: Callable[[], Sequence[NodeId]]
    """The nodes that take requests now."""
    dice: random.Random
    trace: Trace
    keys: list[str]
    """Those in use."""
    operations_max: int
    think_mean_s: float
    history: History = attrs.Factory(History)
    refusals: dict[str, int] = attrs.Factory(dict)
    """How often each error said that nothing was done."""
    written: set[tuple[str, str]] = attrs.Factory(set)
    """All that was ever asked to be there."""
    _values: int = 0
    _unknown: dict[str, int] = attrs.Factory(dict)
    _retired: int = 0

    async def client(self, name: str, until: float) -> None:
        """Ask, think, ask again, until a moment of virtual time."""
        while trio.current_time() < until and len(self.history.operations) < self.operations_max:
            nodes = self.live()
            if nodes:
                await self._ask_something(name, nodes)
            await trio.sleep(self.dice.expovariate(1 / self.think_mean_s))

    async def index_reader(self, until: float, found: Callable[[str], None]) -> None:
        """Look into the index from time to time, and say so when it shows what nobody wrote."""
        while trio.current_time() < until:
            nodes = self.live()
            if nodes:
                with trio.move_on_after(PATIENCES_S[-1]):
                    await self._look_into_index(self.dice.choice(nodes), found)
            await trio.sleep(self.dice.expovariate(1 / INDEX_READ_MEAN_S))

    async def _look_into_index(self, node: NodeId, found: Callable[[str], None]) -> None:
        try:
            rows = await self.rows(node, INDEX)
        except ApiError:
            return
        self.trace.note(f"{trio.current_time():.6f} {node} index {sorted(rows)}")
        for row in sorted(rows - self.written):
            found(f"the index shows {row}, which nobody wrote")

    async def rows(self, node: NodeId, index: str | None = None) -> set[tuple[str, str]]:
        """Return the keys and values that the table, read strongly, or its index holds. Raises `ApiError`."""
        parameters: dict[str, Any] = {"TableName": TABLE}
        parameters |= {"ConsistentRead": True} if index is None else {"IndexName": index}
        answer = json.loads(await self.perform(node, "Scan", parameters))
        return {(item["k"]["S"], item["v"]["S"]) for item in answer["Items"]}  # few keys: one page

    async def _ask_something(self, client: str, nodes: Sequence[NodeId]) -> None:
        draw = self.dice.choice
        await self.ask(client, draw(nodes), draw(_KINDS), draw(self.keys), draw(PATIENCES_S))

    async def ask(
        self, client: str, node: NodeId, kind: Kind, key: str, patience_s: float = PATIENCES_S[-1]
    ) -> Operation:
        """Perform one operation, and write down what came of it."""
        value = None
        if kind in (Kind.PUT, Kind.PUT_IF_ABSENT):
            self._values += 1
            value = f"v{self._values}"
            self.written.add((key, value))
        operation = self.history.invoke(client, kind, key, value)
        outcome = "no answer"
        with trio.move_on_after(patience_s):
            outcome = await self._answered(operation, node)
        self.trace.note(f"{trio.current_time():.6f} {node} {operation}: {outcome}")
        if operation.returned is None and kind is not Kind.GET and operation in self.history:
            self._doubt(key)
        return operation

    def _doubt(self, key: str) -> None:
        """Count a write of unknown outcome, and retire a key that has had enough of them."""
        count = self._unknown[key] = self._unknown.get(key, 0) + 1
        if count >= UNKNOWN_MAX and key in self.keys:
            self._retired += 1
            self.keys[self.keys.index(key)] = f"{key.partition('.')[0]}.{self._retired}"

    async def _answered(self, operation: Operation, node: NodeId) -> str:
        name, parameters = _request(operation)
        try:
            answer = await self.perform(node, name, parameters)
        except ApiError as error:
            return self._failed(operation, error)
        self.history.complete(operation, seen=_seen(answer))
        return "done"

    def _failed(self, operation: Operation, error: ApiError) -> str:
        if error.code == _REFUSED:
            self.history.complete(operation, met=False)
        elif error.code != _UNKNOWN:
            self.refusals[error.code] = self.refusals.get(error.code, 0) + 1
            self.history.discard(operation)
        return str(error)


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


def _seen(answer: bytes) -> str | None:
    item = json.loads(answer).get("Item")
    if item is None:
        return None
    seen: str = item["v"]["S"]
    return seen
