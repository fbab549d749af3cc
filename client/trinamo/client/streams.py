"""A table's stream: its changes in order, shard after shard, resumable.

    async for change in table.stream(start="oldest"):
        ...
        save(stream.checkpoint)

Theory. A shard is a stretch of the changes of some keys, and ends; its children go on. Changes of one key are in order if
each shard is read to its end before its children are. Of different keys nothing is promised.

A checkpoint is base64 of JSON, `{"stream": ARN, "at": {shard: place}, "done": [shard, ...]}`: where each shard stands, and
which were read to their end. A place is the sequence number of the last change that was handed out, "" for the beginning
of a shard, or "latest" where it was begun at its newest end and nothing has come since.

Invariants:

1. The checkpoint stands behind the change that was handed out last: no change before it comes again, and none after it is
   left out. The place "latest" is the exception: whoever resumes there begins at what is newest then.
2. A shard is read when no parent of it is left to be read. Of a resumed stream, shards that descend from those of the
   checkpoint are read from their beginning, and others not at all.
3. What the service has trimmed before it was read is an error, never a silent gap.
"""

import base64
import binascii
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs
import orjson

from trinamo.client.errors import ExpiredIterator
from trinamo.client.values import from_item

if TYPE_CHECKING:
    from trinamo.client.client import Client

Kind = Literal["insert", "modify", "remove"]
Start = Literal["latest", "oldest"]

LEARN_S: Final = 30.0  # how often to ask which shards there are, also where no shard has ended
POLL_S: Final = 0.5  # AWS allows five GetRecords a second and shard, for all of its readers
BEGINNING: Final = ""
LATEST: Final = "latest"
_EXPIRER: Final = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
"""Whose deletions are those of time to live."""


@attrs.frozen
class Change:
    """A change of one item. Images are there as far as the stream's view has them.

    `at` is when, in seconds since 1970, to the second. `expired` tells a deletion by time to live. `number` is the
    sequence number, which orders changes of one shard.
    """

    kind: Kind
    key: dict[str, Any]
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    at: float
    expired: bool
    shard: str
    number: str

    @classmethod
    def of(cls, record: dict[str, Any], shard: str) -> "Change":
        """Return what a record of GetRecords tells."""
        told = record["dynamodb"]
        old, new = told.get("OldImage"), told.get("NewImage")
        return cls(
            kind=record["eventName"].lower(),
            key=from_item(told["Keys"]),
            old=None if old is None else from_item(old),
            new=None if new is None else from_item(new),
            at=told["ApproximateCreationDateTime"],
            expired=record.get("userIdentity") == _EXPIRER,
            shard=shard,
            number=told["SequenceNumber"],
        )


@attrs.define
class _Shards:
    """Which shards there are, and how far each is read. Pure."""

    start: Start | None  # None for a stream that is resumed
    at: dict[str, str] = attrs.field(factory=dict)  # the place of each that is not read to its end
    done: set[str] = attrs.field(factory=set)
    parents: dict[str, str | None] = attrs.field(factory=dict)  # of all that are listed

    def learn(self, listed: list[dict[str, Any]]) -> None:
        """Take the shards that the service has, in place of what was known of them."""
        self.parents = {shard["ShardId"]: shard.get("ParentShardId") for shard in listed}
        if self.start is not None:
            for shard in listed:
                closed = "EndingSequenceNumber" in shard["SequenceNumberRange"]
                if self.start == "oldest" or not closed:
                    self.at[shard["ShardId"]] = LATEST if self.start == "latest" else BEGINNING
            self.start = None
        else:
            for name in self.parents:  # parents may stand behind their children
                if name not in self.at and name not in self.done and self._descends(name):
                    self.at[name] = BEGINNING
        named = {*self.parents, *self.parents.values()}
        self.done = {shard for shard in self.done if shard in named}

    def _descends(self, shard: str) -> bool:
        parent = self.parents.get(shard)
        while parent is not None:
            if parent in self.at or parent in self.done:
                return True
            parent = self.parents.get(parent)
        return False

    def readable(self) -> list[str]:
        """Return the shards whose turn it is, in the order in which they are listed."""
        return [shard for shard in self.at if self.parents.get(shard) not in self.at]

    def finish(self, shard: str) -> None:
        """A shard is read to its end."""
        del self.at[shard]
        self.done.add(shard)


class Stream:
    """Changes of a table, as they come. Iterate over it; it ends when the stream was disabled and all is read.

    One task may read at a time. Nothing is held open between two changes.
    """

    def __init__(self, client: "Client", table: str, start: str, poll_s: float) -> None:
        self._client = client
        self._table = table
        self._poll_s = poll_s
        self._arn: str | None = None
        if start in ("latest", "oldest"):
            self._shards = _Shards("latest" if start == "latest" else "oldest")
        else:
            self._arn, self._shards = _resume(start)
        self._iterators: dict[str, str] = {}
        self._changes: list[Change] = []  # handed out from the end
        self._ended: str | None = None  # a shard whose last changes these are
        self._turns: list[str] = []
        self._learned = 0.0  # when it was last asked which shards there are
        self._idle = True  # in this round nothing was found
        self._begun = False

    def __repr__(self) -> str:
        return f"<Stream {self._arn or self._table} shards={len(self._shards.at)}>"

    @property
    def checkpoint(self) -> str:
        """Where to go on, another day: for `table.stream(start=...)`. Only once the stream was begun."""
        if self._arn is None:
            raise ValueError("a stream that was not begun has no checkpoint")
        shards = self._shards
        tree = {"stream": self._arn, "at": shards.at, "done": sorted(shards.done)}
        return base64.urlsafe_b64encode(orjson.dumps(tree)).decode()

    async def begin(self) -> None:
        """Find the place to read from: "latest" means the moment when this returns. Iterating does it by itself."""
        if self._begun:
            return
        if self._arn is None:
            answer = await self._client.call("DescribeTable", {"TableName": self._table})
            self._arn = answer["Table"].get("LatestStreamArn")
            if self._arn is None:
                raise ValueError(f"table {self._table} has no stream")
        await self._learn()
        for shard in self._shards.readable():
            await self._find(shard)
        self._begun = True

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        await self.begin()
        while not self._changes:
            if self._ended is not None:
                self._shards.finish(self._ended)
                self._iterators.pop(self._ended, None)
                self._ended = None
                await self._learn()
            if not self._turns:
                await self._next_round()
            else:
                await self._read(self._turns.pop(0))
        change = self._changes.pop()
        self._shards.at[change.shard] = change.number
        return change

    async def _next_round(self) -> None:
        """Give every readable shard its turn, after a pause if the last round found nothing."""
        if self._client.environment.monotonic() - self._learned > LEARN_S:
            await self._learn()  # children of a shard may show later than its end
        self._turns = self._shards.readable()
        if not self._turns and await self._learn() == "DISABLED" and not self._shards.at:
            raise StopAsyncIteration
        if self._idle or not self._turns:
            await self._client.environment.sleep(self._poll_s)
        self._idle = True

    async def _learn(self) -> str:
        """Ask which shards there are; return the status of the stream."""
        self._learned = self._client.environment.monotonic()
        listed: list[dict[str, Any]] = []
        request: dict[str, Any] = {"StreamArn": self._arn}
        while True:
            described = (await self._client.call("DescribeStream", request))["StreamDescription"]
            listed += described["Shards"]
            if "LastEvaluatedShardId" not in described:
                break
            request["ExclusiveStartShardId"] = described["LastEvaluatedShardId"]
        self._shards.learn(listed)
        status: str = described["StreamStatus"]
        return status

    async def _find(self, shard: str) -> str:
        """Return an iterator at the place where a shard is to be read on."""
        place = self._shards.at[shard]
        request = {"StreamArn": self._arn, "ShardId": shard}
        if place == BEGINNING:
            request["ShardIteratorType"] = "TRIM_HORIZON"
        elif place == LATEST:
            request["ShardIteratorType"] = "LATEST"
        else:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": place}
        iterator: str = (await self._client.call("GetShardIterator", request))["ShardIterator"]
        self._iterators[shard] = iterator
        return iterator

    async def _read(self, shard: str) -> None:
        """Take the next changes of a shard."""
        iterator = self._iterators.get(shard) or await self._find(shard)
        try:
            answer = await self._client.call("GetRecords", {"ShardIterator": iterator})
        except ExpiredIterator:
            if self._shards.at[shard] == LATEST:
                raise  # where that was nobody knows any more, and what is latest now would leave a gap
            answer = await self._client.call("GetRecords", {"ShardIterator": await self._find(shard)})
        following = answer.get("NextShardIterator")
        if following is None:
            self._ended = shard
        else:
            self._iterators[shard] = following
        self._changes = [Change.of(record, shard) for record in reversed(answer["Records"])]
        if self._changes or self._ended is not None:
            self._idle = False


def _resume(checkpoint: str) -> tuple[str, _Shards]:
    """Return the stream of a checkpoint and how far it was read. Raises `ValueError`."""
    try:
        tree = orjson.loads(base64.b64decode(checkpoint, altchars=b"-_", validate=True))
        return str(tree["stream"]), _Shards(None, dict(tree["at"]), set(tree["done"]))
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise ValueError("that is no checkpoint of a stream") from None
