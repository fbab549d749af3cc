"""Each workload is a judge: of a database that lies now and then it says so, of one that does not it says nothing.

The database is a whole cluster, with nothing to fear; the lies are told by whoever brings its answers.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest

from trinamo.base import NodeId
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.knobs import Knobs
from trinamo.sim.machine import Machine
from trinamo.sim.run import Report, Settings, run_seed
from trinamo.sim.workloads.registry import WORKLOADS

Answer = dict[str, Any]
Lie = Callable[[str, Answer], int]
"""Alters the answer to an operation, and says whether it has."""

RATE = 0.2


class Liar(ClusterSite):
    """A cluster whose answers are altered."""

    def __init__(self, machines: Sequence[Machine], lie: Lie) -> None:
        super().__init__(machines, Knobs())
        self.told = 0
        self._lie = lie
        self._dice = random.Random(1)

    async def perform(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> bytes:
        answer: Answer = orjson.loads(await super().perform(node, operation, parameters))
        if self._dice.random() < RATE or self._lie in ALWAYS:
            self.told += self._lie(self._shown(operation, parameters), answer)
        return orjson.dumps(answer)

    def _shown(self, operation: str, parameters: dict[str, Any]) -> str:
        return operation + " of an index" * ("IndexName" in parameters)


def play(workload: str, lie: Lie) -> tuple[Report, int]:
    liars: list[Liar] = []

    def build(machines: Sequence[Machine], _: Knobs) -> ClusterSite:
        liars.append(Liar(machines, lie))
        return liars[0]

    settings = Settings(1, nodes=3, chaos_s=3.0, faults=("heal",), workload=workload)
    return run_seed(settings, build), liars[0].told


def nothing_there(operation: str, answer: Answer) -> int:
    """A read does not find the item."""
    return operation == "GetItem" and answer.pop("Item", None) is not None


def one_missing(operation: str, answer: Answer) -> int:
    """A read of many does not show the first."""
    return operation in ("Query", "Scan") and bool(answer["Items"]) and answer["Items"].pop(0) is not None


def one_twice(operation: str, answer: Answer) -> int:
    """A read of many shows the first again."""
    if operation not in ("Query", "Scan") or not answer["Items"]:
        return False
    answer["Items"].append(answer["Items"][0])
    return True


def backwards(operation: str, answer: Answer) -> int:
    """A query shows its items in the wrong order."""
    if operation != "Query" or len(answer["Items"]) < 2:
        return False
    answer["Items"].reverse()
    return True


def one_less(operation: str, answer: Answer) -> int:
    """An update is told the count before it."""
    if operation != "UpdateItem" or "n" not in answer.get("Attributes", {}):
        return False
    answer["Attributes"]["n"]["N"] = str(int(answer["Attributes"]["n"]["N"]) - 1)
    return True


def other_content(operation: str, answer: Answer) -> int:
    """A delete is told that there was something else."""
    if operation != "DeleteItem" or "Attributes" not in answer:
        return False
    answer["Attributes"]["content"] = {"S": "something else"}
    return True


def other_owner(operation: str, answer: Answer) -> int:
    """A read says that a name is somebody else's."""
    if operation != "GetItem" or "Item" not in answer:
        return False
    answer["Item"]["owner"] = {"S": "nobody"}
    return True


def batch_lacks_one(operation: str, answer: Answer) -> int:
    """A read of a batch does not find one of its items."""
    found = [items for items in answer.get("Responses", {}).values() if items]
    return operation == "BatchGetItem" and bool(found) and found[0].pop() is not None


def invented(operation: str, answer: Answer) -> int:
    """A read of many shows what nobody wrote."""
    if not operation.startswith(("Query", "Scan")) or not answer["Items"]:
        return False
    for value in answer["Items"][0].values():
        if "S" in value:
            value["S"] += "?"
    return True


def elements(answer: Answer) -> list[Any]:
    """The list that an answer shows."""
    item: Answer = answer.get("Item") or answer.get("Attributes") or {}
    shown: list[Any] = item.get("l", {}).get("L", [])
    return shown


def end_forgotten(operation: str, answer: Answer) -> int:
    """A list is shown without its last element."""
    found = elements(answer)
    return len(found[-1:]) and bool(found.pop())


def elements_exchanged(operation: str, answer: Answer) -> int:
    """The first elements of a list are shown the other way round."""
    found = elements(answer)
    if len(found) < 3:
        return False
    found[0], found[1] = found[1], found[0]
    return True


def record_missing(operation: str, answer: Answer) -> int:
    """A stream leaves one record out."""
    return operation == "GetRecords" and len(answer["Records"]) > 1 and answer["Records"].pop(0) is not None


def record_twice(operation: str, answer: Answer) -> int:
    """A stream tells one record twice."""
    if operation != "GetRecords" or not answer["Records"]:
        return False
    answer["Records"].insert(0, answer["Records"][0])
    return True


def records_exchanged(operation: str, answer: Answer) -> int:
    """A stream tells two records in the wrong order."""
    records = answer.get("Records", [])
    if operation != "GetRecords" or len(records) < 2:
        return False
    records[0], records[1] = records[1], records[0]
    return True


def entry_missing(operation: str, answer: Answer) -> int:
    """An index lacks an item."""
    return operation == "Scan of an index" and bool(answer["Items"]) and bool(answer["Items"].pop(0))


def deleted_by_nobody(operation: str, answer: Answer) -> int:
    """A stream says that an item was deleted because its time had come."""
    for record in answer.get("Records", []):
        if record["eventName"] == "INSERT":
            record["eventName"] = "REMOVE"
            record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
            return True
    return False


def nothing_there_at_all(operation: str, answer: Answer) -> int:
    """A table is shown without its items."""
    return operation == "Scan" and bool(answer["Items"]) and not answer["Items"].clear()


ALWAYS: Sequence[Lie] = (entry_missing, deleted_by_nobody, nothing_there_at_all)
"""What is told once may be taken for what was so at that moment."""

LIES: dict[str, Sequence[Lie]] = {
    "append": (end_forgotten, elements_exchanged, nothing_there),
    "batch": (batch_lacks_one, nothing_there),
    "counter": (one_less, nothing_there),
    "eventual": (nothing_there,),
    "index": (invented, entry_missing),
    "kinesis": (nothing_there_at_all,),
    "queue": (one_missing, one_twice, backwards, other_content),
    "register": (nothing_there,),
    "scan": (one_missing, one_twice, backwards, invented),
    "stream": (record_missing, record_twice, records_exchanged),
    "trigger": (nothing_there_at_all,),
    "ttl": (nothing_there, deleted_by_nobody),
    "unique": (nothing_there, other_owner),
}


@pytest.mark.parametrize(
    ("workload", "lie"),
    [pytest.param(name, lie, id=f"{name}: {lie.__doc__}") for name, lies in LIES.items() for lie in lies],
)
def test_a_lie_is_noticed(workload: str, lie: Lie) -> None:
    report, told = play(workload, lie)
    assert told > 0
    assert report.failures


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_truth_is_believed(workload: str) -> None:
    report, _ = play(workload, lambda _operation, _answer: False)
    assert report.failures == ()
    assert report.metrics.operations > 50


def test_each_workload_hears_lies() -> None:
    assert list(LIES) == list(WORKLOADS)
