"""The workload of reads of many items, page after page, while others write.

1. A Scan, whole or in segments, and a Query, forward or backward, show what was there throughout exactly once, whatever the
   pages, and nothing that was not there at any time.
2. Each item has a count that grows; a strong read shows a count that the item had during the read.
3. A Query shows its items in the order of their sort keys.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, Final

import attrs
import trio

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import POLL_S, Done, Refused, Stage, Unmet
from trinamo.sim.workloads.lives import Change, Life, Passage
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "things"
INITIAL: Final = 12  # so that there is something to read from the first moment on, and pages to turn
THINGS_MAX: Final = 40
SEGMENTS_MAX: Final = 4
PAGE_MAX: Final = 7
PAGE_ATTEMPTS_MAX: Final = 8  # then a reader gives up, since nobody answers
_ACTS: Final = ("put", "put", "delete", "count", "count", "count", "scan", "query", "segments")


@attrs.define(eq=False)
class Thing:
    """An item: its partition and sort key, and when it was there."""

    group: str
    number: int
    life: Life

    @property
    def name(self) -> str:
        return f"{self.group}/{self.number}"


class Scan(Workload):
    """Things in groups, which come, change and go, and readers of them all."""

    tables: ClassVar = (declare(TABLE, "g", "n", "N"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.groups = [f"g{number}" for number in range(stage.keys)]
        self.things: list[Thing] = []
        self.passages: list[tuple[str | None, Passage]] = []
        """What was read of a group, or of all."""
        self._numbers = 0

    async def setup(self) -> None:
        await super().setup()
        for number in range(INITIAL):
            await self._put("mender", self.stage.live()[0], self.groups[number % len(self.groups)])

    async def act(self, client: str, node: NodeId) -> None:
        dice = self.stage.dice
        match dice.choice(_ACTS):
            case "put" if len(self._there()) < THINGS_MAX:
                await self._put(client, node, dice.choice(self.groups))
            case "delete" if len(self._there()) > INITIAL:
                await self._delete(client, node, dice.choice(self._there()))
            case "scan":
                await self._scan(client, node)
            case "segments":
                await self._scan_segments(client, node)
            case "query":
                await self._query(client, node, dice.choice(self.groups))
            case _:
                there = self._there()
                if there:
                    await self._count(client, node, dice.choice(there))

    async def responds(self) -> None:
        for node in self.stage.live():
            for group in self.groups:
                await self.until(partial(self._put, "mender", node, group))
                await self.until(partial(self._query, "mender", node, group))
            await self.until(partial(self._scan, "mender", node))

    async def check(self) -> list[str]:
        for node in self.stage.live():
            await self.until(partial(self._scan_segments, "mender", node))
            for group in self.groups:
                await self.until(partial(self._query, "mender", node, group))
        return [*self.seen_wrong, *self._faults()]

    def _faults(self) -> Iterable[str]:
        lives = {thing.name: thing.life for thing in self.things}
        of_group = {
            group: {thing.name: thing.life for thing in self.things if thing.group == group}
            for group in self.groups
        }
        for group, passage in self.passages:
            yield from passage.faults(lives if group is None else of_group[group])

    def _there(self) -> Sequence[Thing]:
        return [thing for thing in self.things if thing.life.removal_asked is None]

    # Writes

    async def _put(self, client: str, node: NodeId, group: str) -> bool:
        self._numbers += 1
        thing = Thing(group, self._numbers, Life(self.asker.moment()))
        self.things.append(thing)
        item = {**_key(thing), "c": {"N": "0"}, "padding": {"S": "." * self.stage.dice.randrange(100)}}
        outcome = await self.ask(client, node, "PutItem", {"TableName": TABLE, "Item": item})
        match outcome:
            case Done():
                thing.life.put_told = self.asker.moment()
            case Refused():
                self.things.remove(thing)
        return isinstance(outcome, Done)

    async def _delete(self, client: str, node: NodeId, thing: Thing) -> None:
        """Only what is certainly there is deleted: a put that comes after its delete would bring it back."""
        if thing.life.put_told is None:
            return
        asked = thing.life.removal_asked = self.asker.moment()
        outcome = await self.ask(client, node, "DeleteItem", {"TableName": TABLE, "Key": _key(thing)})
        match outcome:
            case Done():
                thing.life.removed(asked, self.asker.moment())
            case Refused():
                thing.life.removal_asked = None

    async def _count(self, client: str, node: NodeId, thing: Thing) -> None:
        """Add one, on the condition that it is there: an update would bring back what was deleted."""
        change = Change(self.asker.moment())
        thing.life.changes.append(change)
        parameters = {
            "TableName": TABLE,
            "Key": _key(thing),
            "UpdateExpression": "ADD c :one",
            "ConditionExpression": "attribute_exists(c)",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        outcome = await self.ask(client, node, "UpdateItem", parameters)
        if isinstance(outcome, Done):
            change.told = self.asker.moment()
        elif isinstance(outcome, Refused | Unmet):
            thing.life.changes.remove(change)

    # Reads

    async def _scan(self, client: str, node: NodeId) -> bool:
        begin = self.asker.moment()
        items = await self._pages(client, node, "Scan", {})
        return self._note("a scan", None, begin, items)

    async def _scan_segments(self, client: str, node: NodeId) -> bool:
        total = self.stage.dice.randint(1, SEGMENTS_MAX)
        begin = self.asker.moment()
        found: list[list[dict[str, Any]] | None] = []

        async def read(segment: int) -> None:
            found.append(
                await self._pages(client, node, "Scan", {"Segment": segment, "TotalSegments": total})
            )

        async with trio.open_nursery() as nursery:
            for segment in range(total):
                nursery.start_soon(read, segment)
        items = None if None in found else [item for some in found for item in some or []]
        return self._note(f"a scan in {total} segments", None, begin, items)

    async def _query(self, client: str, node: NodeId, group: str) -> bool:
        forward = self.stage.dice.random() < 0.5
        parameters = {
            "KeyConditionExpression": "g = :g",
            "ExpressionAttributeValues": {":g": {"S": group}},
            "ScanIndexForward": forward,
        }
        begin = self.asker.moment()
        items = await self._pages(client, node, "Query", parameters)
        numbers = [int(item["n"]["N"]) for item in items or []]
        if numbers != sorted(numbers, reverse=not forward):
            self.seen_wrong.append(f"a query of {group} came as {numbers}")
        return self._note(f"a query of {group}", group, begin, items)

    def _note(self, what: str, group: str | None, begin: int, items: list[dict[str, Any]] | None) -> bool:
        if items is not None:
            shown = tuple((f"{item['g']['S']}/{item['n']['N']}", int(item["c"]["N"])) for item in items)
            self.passages.append((group, Passage(what, begin, self.asker.moment(), shown)))
        return items is not None

    async def _pages(
        self, client: str, node: NodeId, operation: str, parameters: dict[str, Any]
    ) -> list[dict[str, Any]] | None:
        """Return all items, page after page, each from the first node that answers; None where nobody does."""
        items: list[dict[str, Any]] = []
        page = {"TableName": TABLE, "ConsistentRead": True, **parameters}
        attempts = PAGE_ATTEMPTS_MAX
        while attempts:
            limit = self.stage.dice.randint(1, PAGE_MAX)
            outcome = await self.ask(client, node, operation, {**page, "Limit": limit})
            if isinstance(outcome, Done):
                attempts = PAGE_ATTEMPTS_MAX
                items += outcome.answer["Items"]
                if "LastEvaluatedKey" not in outcome.answer:
                    return items
                page["ExclusiveStartKey"] = outcome.answer["LastEvaluatedKey"]
                continue
            attempts -= 1
            await self.stage.sleep(POLL_S)
            node = self.stage.dice.choice(self.stage.live() or [node])  # nobody there will be answer enough
        return None


def _key(thing: Thing) -> dict[str, Any]:
    return {"g": {"S": thing.group}, "n": {"N": str(thing.number)}}
