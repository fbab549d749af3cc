"""Reading one shard of a stream, for a trigger: iterators, records, batches.

Records are gathered until there are as many as the mapping says, or the first of them has waited for its window, or they would
make too large an event. Between two looks at a shard without news the pause doubles.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import trio

from trinamo.model.errors import ApiError
from trinamo.node.checkpoints import Checkpoints
from trinamo.triggers import Mapping
from trinamo.triggers.delivery import Record, sequence_number
from trinamo.world import Clock, Random

PATIENCE_S: Final = 0.25  # how long to wait for a table, a stream or shards to come
POLL_MIN_S: Final = 0.005
POLL_MAX_S: Final = 0.1  # Lambda polls a shard four times a second; here a look is cheap
RECORDS_AT_ONCE: Final = 1_000  # GetRecords
EVENT_SIZE_MAX: Final = 6_000_000  # Lambda: bytes of a call

_GONE: Final = "ResourceNotFoundException"
_TRIMMED: Final = "TrimmedDataAccessException"
_STALE: Final = ("ExpiredIteratorException", "ValidationException", _TRIMMED)
_OVER: Final = 1 << 62  # a generation that never comes


@attrs.frozen
class Means:
    """What triggers have of the outside.

    `ask` performs an operation of the API: `Cluster.ask`. `wall` is the wall clock as users see it.
    """

    ask: Callable[..., Awaitable[dict[str, Any]]]
    clock: Clock
    wall: Callable[[], float]
    random: Random
    checkpoints: Checkpoints


@attrs.define
class Progress:
    """What those who wait for a trigger look at. A generation is one question of whether it has caught up."""

    generation: int = 0
    told: trio.Event = attrs.field(factory=trio.Event)

    def tell(self) -> None:
        told, self.told = self.told, trio.Event()
        told.set()


@attrs.define
class Bell:
    """Ends a pause early."""

    _rung: trio.Event = attrs.field(factory=trio.Event)

    def ring(self) -> None:
        self._rung.set()

    async def pause(self, clock: Clock, seconds: float) -> None:
        async with trio.open_nursery() as nursery:

            async def end_when_rung() -> None:
                await self._rung.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(end_when_rung)
            await clock.sleep_until(clock.monotonic() + seconds)
            nursery.cancel_scope.cancel()
        self._rung = trio.Event()


class ShardReader:
    """Reads a shard from `at`, or from where the mapping says, and has `deliver` take its batches in order."""

    def __init__(
        self,
        means: Means,
        trigger: str,
        mapping: Mapping,
        shard: tuple[str, str],
        at: str | None,
        *,
        latest: bool,
        deliver: Callable[[list[Record], str, str], Awaitable[None]],
        progress: Progress,
    ) -> None:
        self._means = means
        self._trigger = trigger
        self._mapping = mapping
        self._stream_arn, self.shard_id = shard
        self._at = at
        self._latest = latest
        self._deliver_batch = deliver
        self._progress = progress
        self._bell = Bell()
        self._iterator: str | None = None
        self._gathered: list[Record] = []
        self._size = 0
        self._due: float | None = None
        self._ended = False
        self.filtered = 0
        self.idle_since = -1
        """The newest generation in which nothing was left to read or to deliver."""

    def __repr__(self) -> str:
        return f"<ShardReader {self.shard_id} for {self._trigger} at={self._at}>"

    @property
    def over(self) -> bool:
        """Whether all of the shard was delivered."""
        return self.idle_since == _OVER

    def wake(self) -> None:
        self._bell.ring()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Read to the end of the shard. Started when it is placed: what is written from then on will be read."""
        while self._iterator is None and not self._ended:
            await self._place()
        task_status.started()
        pause_s = POLL_MIN_S
        while not self._ended:
            generation = self._progress.generation
            records = await self._read()
            if records:
                await self._take(records)
                pause_s = POLL_MIN_S
            if self._due is not None and self._now() >= self._due:
                await self._deliver()
            if records is not None and not records:
                if not self._gathered:
                    self._idle(generation)
                rest_s = POLL_MAX_S if self._due is None else max(0.0, self._due - self._now())
                await self._bell.pause(self._means.clock, min(pause_s, rest_s))
                pause_s = min(2 * pause_s, POLL_MAX_S)
        await self._deliver()
        await self._means.checkpoints.finish(self._trigger, self.shard_id, self._pause)
        self._idle(_OVER)

    async def _pause(self) -> None:
        await self._bell.pause(self._means.clock, PATIENCE_S)

    def _now(self) -> float:
        return self._means.clock.monotonic()

    def _idle(self, generation: int) -> None:
        self.idle_since = generation
        self._progress.tell()

    # -- batches ----------------------------------------------------------------------------------------------

    async def _take(self, records: list[Record]) -> None:
        for record in records:
            if not self._mapping.takes(record):
                self.filtered += 1
                continue
            size = 2 * record["dynamodb"]["SizeBytes"] + 500  # JSON is larger than the items
            if self._size + size > EVENT_SIZE_MAX:
                await self._deliver()
            self._gathered.append(record)
            self._size += size
            if len(self._gathered) >= self._mapping.batch_size:
                await self._deliver()
        self._at = sequence_number(records[-1])
        if self._gathered:
            if self._due is None:
                self._due = self._now() + self._mapping.batching_window_s
        else:
            await self._means.checkpoints.write(self._trigger, self.shard_id, self._at)

    async def _deliver(self) -> None:
        records, self._gathered = self._gathered, []
        self._size, self._due = 0, None
        if records:
            await self._deliver_batch(records, self._stream_arn, self.shard_id)

    # -- the stream -------------------------------------------------------------------------------------------

    async def _place(self) -> None:
        """Take an iterator: behind what was read last, or where to start."""
        request = {"StreamArn": self._stream_arn, "ShardId": self.shard_id}
        if self._at is not None:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._at}
        else:
            request["ShardIteratorType"] = "LATEST" if self._latest else "TRIM_HORIZON"
        try:
            self._iterator = (await self._means.ask("GetShardIterator", request))["ShardIterator"]
        except ApiError as error:
            if error.code == _GONE:
                self._ended = True
            elif error.code == _TRIMMED:
                self._at, self._latest = None, False  # what is left of it
            else:
                await self._bell.pause(self._means.clock, PATIENCE_S)

    async def _read(self) -> list[Record] | None:
        """Return the next records; None if that could not be found out now."""
        if self._iterator is None:
            await self._place()
            return None
        request = {"ShardIterator": self._iterator, "Limit": RECORDS_AT_ONCE}
        try:
            answer = await self._means.ask("GetRecords", request)
        except ApiError as error:
            if error.code == _GONE:
                self._ended = True
            elif error.code in _STALE:
                self._iterator = None
            else:
                await self._bell.pause(self._means.clock, PATIENCE_S)
            return None
        self._iterator = answer.get("NextShardIterator")
        self._ended = self._iterator is None
        records: list[Record] = answer["Records"]
        return records
