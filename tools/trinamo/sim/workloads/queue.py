"""The workload of queues: an item collection is a queue, in the order of its sort keys.

    enqueue: put at the next sort key        dequeue: query the first few, delete one on the condition that it is there

1. Nothing is lost: what was enqueued, and not dequeued, is there in the end, and what a query had to show it showed.
2. Nothing comes twice: at most one delete of an element is told that it succeeded, and none is told so in vain.
3. Nothing comes from nowhere, and an element has the content it was enqueued with.
4. A query shows elements in the order of their sort keys, from the first on.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final

import attrs

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import Done, Refused, Stage, Unknown, Unmet
from trinamo.sim.workloads.lives import Life, Passage
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "queues"
LOOK: Final = 3  # elements a consumer looks at: some overlap makes for contention
_ACTS: Final = ("enqueue", "enqueue", "dequeue", "dequeue", "look")


@attrs.define(eq=False)
class Element:
    """One element of a queue."""

    life: Life
    content: str
    takers: list[str] = attrs.Factory(list)
    """Who was told to have taken it."""


@attrs.define(eq=False)
class Tale:
    """All that is known of one queue."""

    queue: str
    elements: dict[str, Element] = attrs.Factory(dict)
    """By sort key."""
    looks: list["Look"] = attrs.Factory(list)
    in_vain: list[tuple[str, int, int]] = attrs.Factory(list)
    """Keys that were not there to be deleted, when that was asked and told."""

    def faults(self) -> list[str]:
        """Say what no queue would have done."""
        found = [
            f"{key} was taken by all of {element.takers}"
            for key, element in self.elements.items()
            if len(element.takers) > 1
        ]
        found += [
            f"{key} was not there at {asked}..{told} to be taken, where it was throughout"
            for key, asked, told in self.in_vain
            if key in self.elements and self.elements[key].life.throughout(asked, told)
        ]
        for look in self.looks:
            found += look.faults(self.elements)
        return [f"queue {self.queue}: {each}" for each in found]


@attrs.frozen
class Look:
    """What a query showed: the first elements, or all of them."""

    begin: int
    end: int
    shown: tuple[tuple[str, str], ...]
    """Sort keys and contents, as they came."""
    complete: bool

    def faults(self, elements: Mapping[str, Element]) -> Iterable[str]:
        keys = [key for key, _ in self.shown]
        if keys != sorted(keys):
            yield f"elements came as {keys}"
        for key, content in self.shown:
            if key in elements and elements[key].content != content:
                yield f"{key} has content {content}, and not {elements[key].content}"
        last = keys[-1] if keys else ""
        lives = {key: element.life for key, element in elements.items() if self.complete or key <= last}
        yield from Passage("a look", self.begin, self.end, tuple((key, 0) for key in keys)).faults(lives)


class Queue(Workload):
    """Producers and consumers, each client now this and now that."""

    tables: ClassVar = (declare(TABLE, "q", "s"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.tales = {f"q{number}": Tale(f"q{number}") for number in range(stage.keys)}
        self._produced = 0

    async def act(self, client: str, node: NodeId) -> None:
        dice = self.stage.dice
        act, queue = dice.choice(_ACTS), dice.choice(list(self.tales))
        match act:
            case "enqueue":
                await self._enqueue(client, node, queue)
            case "dequeue":
                await self._dequeue(client, node, queue)
            case _:
                await self._look(client, node, queue, LOOK)

    async def responds(self) -> None:
        for node in self.stage.live():
            for queue in self.tales:
                await self.until(partial(self._enqueue, "mender", node, queue))
                await self.until(partial(self._dequeue, "mender", node, queue))

    async def check(self) -> list[str]:
        for queue in self.tales:
            await self.until(partial(self._look_at_all, queue))
        return [*self.seen_wrong, *(fault for tale in self.tales.values() for fault in tale.faults())]

    async def _enqueue(self, client: str, node: NodeId, queue: str) -> bool:
        self._produced += 1
        key, content = f"{self._produced:06}", f"{client}.{self._produced}"
        element = Element(Life(self.asker.moment()), content)
        self.tales[queue].elements[key] = element
        item = {"q": {"S": queue}, "s": {"S": key}, "content": {"S": content}}
        outcome = await self.ask(client, node, "PutItem", {"TableName": TABLE, "Item": item})
        match outcome:
            case Done():
                element.life.put_told = self.asker.moment()
            case Refused():
                del self.tales[queue].elements[key]
        return isinstance(outcome, Done)

    async def _dequeue(self, client: str, node: NodeId, queue: str) -> bool:
        shown = await self._look(client, node, queue, LOOK)
        if not shown:
            return shown is not None
        key = shown[0] if self.stage.dice.random() < 0.7 else self.stage.dice.choice(shown)
        parameters = {
            "TableName": TABLE,
            "Key": {"q": {"S": queue}, "s": {"S": key}},
            "ConditionExpression": "attribute_exists(s)",
            "ReturnValues": "ALL_OLD",
        }
        element = self.tales[queue].elements.get(key)
        if element is None:
            return True  # it came from nowhere, and the look says so
        asked = self.asker.moment()
        outcome = await self.ask(client, node, "DeleteItem", parameters)
        told = self.asker.moment()
        match outcome:
            case Unmet():
                self.tales[queue].in_vain.append((key, asked, told))
            case Done(answer):
                self._took(client, queue, key, answer.get("Attributes"))
                element.life.removed(asked, told)
            case Unknown():
                element.life.removed(asked, None)
        return isinstance(outcome, Done | Unmet)

    def _took(self, client: str, queue: str, key: str, old: dict[str, Any] | None) -> None:
        element = self.tales[queue].elements[key]
        content = None if old is None else old["content"]["S"]
        if content != element.content:
            self.seen_wrong.append(f"queue {queue}: {client} took {key} with content {content}")
        element.takers.append(client)

    async def _look_at_all(self, queue: str) -> bool:
        return await self._look("mender", self.stage.dice.choice(self.stage.live()), queue, None) is not None

    async def _look(self, client: str, node: NodeId, queue: str, limit: int | None) -> Sequence[str] | None:
        """Return the first keys of a queue, or all; None if nobody says."""
        parameters: dict[str, Any] = {
            "TableName": TABLE,
            "KeyConditionExpression": "q = :q",
            "ExpressionAttributeValues": {":q": {"S": queue}},
            "ConsistentRead": True,
        } | ({} if limit is None else {"Limit": limit})
        begin = self.asker.moment()
        outcome = await self.ask(client, node, "Query", parameters)
        if not isinstance(outcome, Done):
            return None
        items = outcome.answer["Items"]
        shown = tuple((item["s"]["S"], item["content"]["S"]) for item in items)
        complete = "LastEvaluatedKey" not in outcome.answer
        self.tales[queue].looks.append(Look(begin, self.asker.moment(), shown, complete))
        return [key for key, _ in shown]
