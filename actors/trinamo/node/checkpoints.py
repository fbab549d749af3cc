"""How far triggers have come, shard by shard: in memory, or as the items of a table where data outlives the process.

    trinamo-triggers     trigger (S, partition key) | shard (S, sort key) | at (S): a sequence number, or "finished"

Streams that are over have a row too, under their ARN. Sequence numbers are of one length, and "finished" comes behind all of them, so a
checkpoint only ever grows as a text.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from trinamo.model.errors import ApiError

CHECKPOINT_TABLE: Final = "trinamo-triggers"
FINISHED: Final = "finished"

Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class Checkpoints:
    """Checkpoints of all triggers. With `ask`, which performs operations, they are kept in a table too."""

    def __init__(self, ask: Ask | None = None) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str], str] = {}
        self._unsaved: set[tuple[str, str]] = set()
        self._read: set[str] = set()

    def __repr__(self) -> str:
        return f"<Checkpoints {len(self._known)}{'' if self._ask is None else ' kept'}>"

    def clear(self) -> None:
        """Forget all: the tables are gone."""
        self._known.clear()
        self._unsaved.clear()
        self._read.clear()

    async def read(self, trigger: str, shard: str) -> str | None:
        """Return where a trigger is in a shard, None if it never began."""
        if self._ask is not None and trigger not in self._read:
            await self._load(self._ask, trigger)
        return self._known.get((trigger, shard))

    async def write(self, trigger: str, shard: str, at: str) -> None:
        """Keep where a trigger is. If that cannot be written now, the next will be: records may come again."""
        key = trigger, shard
        if self._known.get(key) == at and key not in self._unsaved:
            return
        self._known[key] = at
        if await self._save(trigger, shard, at):
            self._unsaved.discard(key)
        else:
            self._unsaved.add(key)

    async def finish(self, trigger: str, shard: str, pause: Callable[[], Awaitable[None]]) -> None:
        """Keep that a shard is over, and return when that is kept: its children begin only then.

        Were they to begin before, a crash could have what is left of the parent come behind what was read of them.
        """
        while not await self._save(trigger, shard, FINISHED):
            await pause()
        self._known[trigger, shard] = FINISHED
        self._unsaved.discard((trigger, shard))

    async def _save(self, trigger: str, shard: str, at: str) -> bool:
        if self._ask is None:
            return True
        request = {
            "TableName": CHECKPOINT_TABLE,
            "Item": {"trigger": {"S": trigger}, "shard": {"S": shard}, "at": {"S": at}},
            # A write that seemed to be lost may come late: it must not take a shard back.
            "ConditionExpression": "attribute_not_exists(#at) OR #at <= :at",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":at": {"S": at}},
        }
        try:
            await self._ask("PutItem", request)
        except ApiError as error:
            return error.code == "ConditionalCheckFailedException"  # what is there is further
        return True

    async def _load(self, ask: Ask, trigger: str) -> None:
        request: dict[str, Any] = {
            "TableName": CHECKPOINT_TABLE,
            "ConsistentRead": True,
            "KeyConditionExpression": "#t = :t",
            "ExpressionAttributeNames": {"#t": "trigger"},
            "ExpressionAttributeValues": {":t": {"S": trigger}},
        }
        while True:
            try:
                answer = await ask("Query", request)
            except ApiError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                await self._make_table(ask)
                continue
            for item in answer["Items"]:
                self._known[trigger, item["shard"]["S"]] = item["at"]["S"]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        self._read.add(trigger)

    async def _make_table(self, ask: Ask) -> None:
        names = ("trigger", "shard")
        request = {
            "TableName": CHECKPOINT_TABLE,
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
            "KeySchema": [
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }
        try:
            await ask("CreateTable", request)
        except ApiError as error:
            if error.code != "ResourceInUseException":
                raise
