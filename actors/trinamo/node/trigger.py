"""One trigger: follows the streams of a table, shard by shard, and calls a function with what it finds.

A trigger is a user of the streams API like any other: it finds shards, takes iterators and asks for records, and meets the
same faults. It belongs to the process, so it outlives the nodes' lives.

1. Parents before children: a shard is read when all of its parent is over. Shards beside one another are read at once.
2. A checkpoint follows each part of a batch that is over, whether it was taken or given up: at least once.
3. Streams that were there when the trigger came are read from the starting position; what came later is read whole.
4. A table or a stream that is not there is waited for; so is one that comes in its place.
"""

from typing import Any, Final

import attrs
import structlog
import trio

from trinamo.model.errors import ApiError
from trinamo.node.checkpoints import FINISHED
from trinamo.node.functions import Function, FunctionFailed
from trinamo.node.shardreader import PATIENCE_S, Bell, Means, Progress, ShardReader
from trinamo.triggers import (
    Delivery,
    Discarded,
    Mapping,
    StartingPosition,
    discarded_event,
    lambda_event,
    read_reply,
)
from trinamo.triggers.delivery import Record, sequence_number

RETRY_MIN_S: Final = 0.05
RETRY_MAX_S: Final = 10.0
DISCARDED_KEPT: Final = 100

_GONE: Final = "ResourceNotFoundException"
_log = structlog.get_logger("trinamo.node")


@attrs.define
class Statistics:
    """What a trigger has done so far: calls of its function, those that failed, records taken, and records given up."""

    calls: int = 0
    failures: int = 0
    records: int = 0
    discarded: int = 0


@attrs.frozen
class GivenUp:
    """Records that a trigger gave up: Lambda's note of them, the records, and how the last call failed, if there was one."""

    note: dict[str, Any]
    records: tuple[Record, ...]
    error: str | None


class Trigger:
    """A trigger at work. `name` is what its checkpoints are kept under."""

    def __init__(
        self,
        name: str,
        table: str,
        mapping: Mapping,
        function: Function,
        on_failure: Function | None,
        means: Means,
    ) -> None:
        self.name = name
        self.table = table
        self.mapping = mapping
        self.statistics = Statistics()
        self.discarded: list[GivenUp] = []
        """The last hundred times that records were given up."""
        self._function = function
        self._on_failure = on_failure
        self._means = means
        self._progress = Progress()
        self._scope = trio.CancelScope()
        self._placed = trio.Event()
        self._bell = Bell()
        self._found_at_first: set[str] | None = None
        self._looked = -1
        self._readers: dict[str, ShardReader] = {}

    def __repr__(self) -> str:
        return f"<Trigger {self.name} of {self.table} {self.statistics}>"

    def show(self) -> dict[str, Any]:
        """Return what there is to see from outside."""
        return {"name": self.name, "table": self.table, **attrs.asdict(self.statistics)}

    def stop(self) -> None:
        """Call the function no more. A call under way is cancelled, and its records count as not taken."""
        self._scope.cancel()
        self._progress.tell()

    async def wait_placed(self) -> None:
        """Return when what is written from now on will be seen, or when there is no stream yet."""
        await self._placed.wait()

    async def caught_up(self) -> None:
        """Return when the function has taken, or the trigger given up, all that was written before this call."""
        self._progress.generation += 1
        wanted = self._progress.generation
        self._bell.ring()
        for reader in self._readers.values():
            reader.wake()
        while not self._scope.cancel_called and not self._is_since(wanted):
            await self._progress.told.wait()

    def _is_since(self, generation: int) -> bool:
        return self._looked >= generation and all(
            reader.idle_since >= generation for reader in self._readers.values()
        )

    # -- streams and shards -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the table's streams, one after the other, until stopped."""
        with self._scope:
            while True:
                stream_arn = await self._find_stream()
                if stream_arn is not None:
                    await self._follow(stream_arn)
                else:
                    self._placed.set()
                    await self._bell.pause(self._means.clock, PATIENCE_S)

    async def _find_stream(self) -> str | None:
        """Return the stream that is to be read next: the oldest of the table that is not over."""
        generation = self._progress.generation
        try:
            streams = (await self._means.ask("ListStreams", {"TableName": self.table}))["Streams"]
            found: list[str] = [
                stream["StreamArn"] for stream in sorted(streams, key=lambda each: each["StreamLabel"])
            ]
            if self._found_at_first is None:
                self._found_at_first = set(found)
            for stream_arn in found:
                if await self._at(stream_arn) != FINISHED:
                    return stream_arn
        except ApiError as error:
            _log.info("trigger waits", trigger=self.name, reason=str(error))
            return None
        self._look(generation)
        return None

    def _look(self, generation: int) -> None:
        self._looked = generation
        self._progress.tell()

    async def _follow(self, stream_arn: str) -> None:
        """Read a stream until it is over or gone."""
        self._readers = {}
        fresh = self._found_at_first is None or stream_arn not in self._found_at_first
        whole = fresh or self.mapping.starting_position is StartingPosition.TRIM_HORIZON
        async with trio.open_nursery() as nursery:
            while True:
                generation = self._progress.generation
                try:
                    status, shards = await self._shards(stream_arn)
                    waits = await self._read_shards(stream_arn, shards, nursery, whole=whole)
                except ApiError as error:
                    if error.code == _GONE:
                        break
                    _log.info("trigger waits", trigger=self.name, reason=str(error))
                    await self._bell.pause(self._means.clock, PATIENCE_S)
                    continue
                whole = True  # what comes from now on are children
                self._placed.set()
                if not waits:
                    if status == "DISABLED" and all(reader.over for reader in self._readers.values()):
                        break
                    self._look(generation)
                await self._bell.pause(self._means.clock, PATIENCE_S)
            nursery.cancel_scope.cancel()
        self._readers = {}
        await self._means.checkpoints.finish(self.name, stream_arn, self._rest)

    async def _rest(self) -> None:
        await self._bell.pause(self._means.clock, PATIENCE_S)

    async def _shards(self, stream_arn: str) -> tuple[str, list[dict[str, Any]]]:
        shards: list[dict[str, Any]] = []
        request: dict[str, Any] = {"StreamArn": stream_arn}
        while True:
            found = (await self._means.ask("DescribeStream", request))["StreamDescription"]
            shards += found["Shards"]
            last = found.get("LastEvaluatedShardId")
            if last is None:
                return found["StreamStatus"], shards
            request["ExclusiveStartShardId"] = last

    async def _read_shards(
        self, stream_arn: str, shards: list[dict[str, Any]], nursery: trio.Nursery, *, whole: bool
    ) -> bool:
        """Begin to read the shards whose turn it is. Returns whether some have to wait for their parents."""
        known = {shard["ShardId"] for shard in shards}
        waits = False
        for shard in shards:
            id_ = shard["ShardId"]
            if id_ in self._readers or await self._at(id_) == FINISHED:
                continue
            parent = shard.get("ParentShardId")
            if parent is not None and parent in known and await self._at(parent) != FINISHED:
                waits = True
                continue
            at = await self._at(id_)
            latest = at is None and not whole
            if latest and "EndingSequenceNumber" in shard["SequenceNumberRange"]:
                await self._means.checkpoints.finish(self.name, id_, self._rest)
                continue
            await self._begin(stream_arn, id_, at, nursery, latest=latest)
        return waits

    async def _begin(
        self, stream_arn: str, shard_id: str, at: str | None, nursery: trio.Nursery, *, latest: bool
    ) -> None:
        reader = ShardReader(
            self._means,
            self.name,
            self.mapping,
            (stream_arn, shard_id),
            at,
            latest=latest,
            deliver=self._deliver,
            progress=self._progress,
        )
        self._readers[shard_id] = reader

        async def read(*, task_status: trio.TaskStatus[None]) -> None:
            await reader.run(task_status=task_status)
            self._bell.ring()  # its children may begin

        await nursery.start(read)

    async def _at(self, shard: str) -> str | None:
        return await self._means.checkpoints.read(self.name, shard)

    # -- the function -----------------------------------------------------------------------------------------

    async def _deliver(self, records: list[Record], stream_arn: str, shard_id: str) -> None:
        """Have a batch over: taken or given up."""
        delivery = Delivery(self.mapping, records)
        error: str | None = None
        pause_s = RETRY_MIN_S
        while not delivery.over:
            old = delivery.expire(self._means.wall())
            if old is not None:
                await self._give_up(old, stream_arn, shard_id, error)
            else:
                error, given_up = await self._call(delivery, stream_arn)
                if given_up is not None:
                    await self._give_up(given_up, stream_arn, shard_id, error)
                elif error is not None:
                    await self._pause(pause_s)
                pause_s = RETRY_MIN_S if error is None else min(2 * pause_s, RETRY_MAX_S)
            if delivery.done is not None:
                await self._means.checkpoints.write(self.name, shard_id, delivery.done)

    async def _pause(self, seconds: float) -> None:
        clock = self._means.clock
        await clock.sleep_until(clock.monotonic() + seconds * (0.5 + self._means.random.random()))

    async def _call(self, delivery: Delivery, stream_arn: str) -> tuple[str | None, Discarded | None]:
        """Call the function with what comes next; return how it failed, if it did, and what is given up for that."""
        records = delivery.next()
        self.statistics.calls += 1
        first: str | None = None
        error: str | None = None
        try:
            reply = await self._function(lambda_event(records, stream_arn), self._request_id())
        except FunctionFailed as failure:
            error = str(failure)
        else:
            if self.mapping.report_failures:
                first = read_reply(reply, [sequence_number(record) for record in records])
                error = None if first is None else "the function reported failures"
        if error is None:
            self.statistics.records += len(records)
            delivery.succeeded()
            return None, None
        self.statistics.failures += 1
        _log.info("trigger's function failed", trigger=self.name, records=len(records), reason=error)
        return error, delivery.failed(first or None)

    async def _give_up(self, discarded: Discarded, stream_arn: str, shard_id: str, error: str | None) -> None:
        self.statistics.discarded += len(discarded.records)
        request_id = self._request_id()
        note = discarded_event(
            discarded,
            stream_arn=stream_arn,
            shard_id=shard_id,
            function=self.name,
            called=discarded.calls > 0,
            request_id=request_id,
            now_s=self._means.wall(),
        )
        self.discarded = [*self.discarded[1 - DISCARDED_KEPT :], GivenUp(note, discarded.records, error)]
        if self._on_failure is None:
            return
        try:
            await self._on_failure(note, request_id)
        except FunctionFailed as failure:
            _log.warning("trigger's destination failed", trigger=self.name, reason=str(failure))

    def _request_id(self) -> str:
        digits = self._means.random.randbytes(16).hex()
        return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
