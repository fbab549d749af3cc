"""The batch workload: BatchWriteItem and BatchGetItem over items of several partitions.

A batch is no transaction: each of its writes and reads is one of its own, done at some moment between call and answer, or, if
it comes back unprocessed, not at all. So every item must still behave as a register.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Final

from trinamo.base import NodeId
from trinamo.sim.checker import violations
from trinamo.sim.history import History, Kind, Operation
from trinamo.sim.workloads.asking import Done, Stage, Unknown
from trinamo.sim.workloads.keys import Keys
from trinamo.sim.workloads.workload import Workload, declare

TABLES: Final = ("left", "right")
KEYS_A_TABLE: Final = 4
BATCH_MAX: Final = 6
_ACTS: Final = ("write", "write", "read", "read", "get")


class Batch(Workload):
    """Batches of puts, deletes and gets; a key is that of its table, and then its own."""

    tables: ClassVar = tuple(declare(table, "k") for table in TABLES)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.history = History()
        self.keys = {table: Keys(f"{table}/k", KEYS_A_TABLE) for table in TABLES}
        self._values = 0

    async def act(self, client: str, node: NodeId) -> None:
        dice = self.stage.dice
        keys = self._keys()
        match dice.choice(_ACTS):
            case "write":
                await self._write(client, node, dice.sample(keys, dice.randint(1, BATCH_MAX)))
            case "read":
                await self._read(client, node, dice.sample(keys, dice.randint(1, BATCH_MAX)))
            case _:
                await self._get(client, node, dice.choice(keys))

    async def responds(self) -> None:
        for node in self.stage.live():
            for table in TABLES:
                await self.until(partial(self._write_all, node, table))
            await self.until(partial(self._read_all, node))

    async def check(self) -> list[str]:
        await self.until(partial(self._read_all, self.stage.dice.choice(self.stage.live())))
        return [str(violation) for violation in violations(self.history)]

    async def _write_all(self, node: NodeId, table: str) -> bool:
        return await self._write("mender", node, self.keys[table].used)

    async def _read_all(self, node: NodeId) -> bool:
        return await self._read("mender", node, self._keys())

    def _keys(self) -> Sequence[str]:
        return [key for keys in self.keys.values() for key in keys.used]

    async def _write(self, client: str, node: NodeId, keys: Sequence[str]) -> bool:
        """Put or delete each; True if all was done."""
        operations = [self._begin_write(client, key) for key in keys]
        requests: dict[str, list[dict[str, Any]]] = {}
        for operation in operations:
            requests.setdefault(_table(operation.key), []).append(_request(operation))
        outcome = await self.ask(client, node, "BatchWriteItem", {"RequestItems": requests})
        match outcome:
            case Done(answer):
                undone = {key for some in answer["UnprocessedItems"].values() for key in map(_key_of, some)}
                for operation in operations:
                    if operation.key in undone:
                        self.history.discard(operation)
                    else:
                        self.history.complete(operation)
                return not undone
            case Unknown():
                for key in keys:
                    self.keys[_table(key)].doubt(key)
            case _:
                for operation in operations:
                    self.history.discard(operation)
        return False

    def _begin_write(self, client: str, key: str) -> Operation:
        if self.stage.dice.random() < 0.25:
            return self.history.invoke(client, Kind.DELETE, key)
        self._values += 1
        return self.history.invoke(client, Kind.PUT, key, f"v{self._values}")

    async def _read(self, client: str, node: NodeId, keys: Sequence[str]) -> bool:
        """Read each; True if all were read."""
        operations = [self.history.invoke(client, Kind.GET, key) for key in keys]
        requests: dict[str, dict[str, Any]] = {}
        for key in keys:
            wish = requests.setdefault(_table(key), {"Keys": [], "ConsistentRead": True})
            wish["Keys"].append({"k": {"S": key}})
        outcome = await self.ask(client, node, "BatchGetItem", {"RequestItems": requests})
        if not isinstance(outcome, Done):
            return False
        undone = {
            key["k"]["S"] for wish in outcome.answer["UnprocessedKeys"].values() for key in wish["Keys"]
        }
        found = {
            item["k"]["S"]: item["v"]["S"] for some in outcome.answer["Responses"].values() for item in some
        }
        for operation in operations:
            if operation.key not in undone:
                self.history.complete(operation, seen=found.get(operation.key))
        return not undone

    async def _get(self, client: str, node: NodeId, key: str) -> None:
        operation = self.history.invoke(client, Kind.GET, key)
        parameters = {"TableName": _table(key), "Key": {"k": {"S": key}}, "ConsistentRead": True}
        outcome = await self.ask(client, node, "GetItem", parameters)
        if isinstance(outcome, Done):
            item = outcome.answer.get("Item")
            self.history.complete(operation, seen=None if item is None else item["v"]["S"])


def _table(key: str) -> str:
    return key.partition("/")[0]


def _request(operation: Operation) -> dict[str, Any]:
    if operation.kind is Kind.DELETE:
        return {"DeleteRequest": {"Key": {"k": {"S": operation.key}}}}
    return {"PutRequest": {"Item": {"k": {"S": operation.key}, "v": {"S": operation.value}}}}


def _key_of(request: dict[str, Any]) -> str:
    [wish] = request.values()
    key: str = (wish.get("Key") or wish["Item"])["k"]["S"]
    return key
