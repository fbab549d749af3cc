"""Group commit: the one writer of a node's family `log`, for all its replicas (PROTOCOLS 1, 2).

1. Writes take effect in the order of `submit`, whatever replica they are of.
2. `done` runs once the write is as durable as the storage promises, in the order of `submit`, on the event
   loop. Without fsync that is before `submit` returns, unless the engine is stalled or writes are waiting.
3. With fsync a write is handed to the operating system at once, and what was handed over while a sync was under
   way shares the next one: one sync, one thread hop.
4. While the engine is stalled, writes are gathered in one batch, which a thread writes.
5. What a retired incarnation submitted is written, and as durable as promised, when `retire` returns; what it
   submits later never is; and neither `done` nor `failed` runs for it after `retire` was called.
6. After a failure nothing is known of the device (an fsync that fails once may succeed the second time without
   having written), so the writer stays failed until the node starts again.
"""

from collections.abc import Callable
from functools import partial

import attrs
import trio

from trinamo.base import PartitionId, StorageError
from trinamo.lsm.store import Store
from trinamo.world import QUIET, Batch, Durability, Family, Sites, Storage

Fill = Callable[[Batch], None]
Done = Callable[[], None]
Failed = Callable[[StorageError], None]


@attrs.frozen
class CommitStatistics:
    """How much one thread hop carries."""

    writes: int
    hops: int


@attrs.define
class _Waiting:
    partition: PartitionId
    incarnation: int
    done: Done
    failed: Failed
    silenced: Done


def _ignore() -> None: ...


class GroupCommit:
    """Writes to `log` for all replicas of a node. `run` is its task."""

    def __init__(self, storage: Storage, store: Store, sites: Sites = QUIET) -> None:
        self._storage = storage
        self._engine = store.engine
        self._sites = sites
        self._sync = storage.durability is Durability.FSYNC
        self._batch: Batch | None = None  # gathered while stalled
        self._batch_under_way = False
        self._waiting: list[_Waiting] = []  # for the next hop; bounded by what replicas have in flight
        self._hopping: list[_Waiting] = []  # for the one under way
        self._retired: dict[PartitionId, int] = {}
        self._error: StorageError | None = None
        self._wake = trio.Event()
        self._settled = trio.Event()
        self._writes = 0
        self._hops = 0

    def __repr__(self) -> str:
        state = f"failed: {self._error}" if self._error else f"{len(self._waiting)} waiting"
        return f"<GroupCommit {state}>"

    def statistics(self) -> CommitStatistics:
        return CommitStatistics(self._writes, self._hops)

    def submit(
        self,
        partition: PartitionId,
        incarnation: int,
        fill: Fill,
        done: Done,
        failed: Failed,
        silenced: Done = _ignore,
    ) -> None:
        """Write what `fill` puts into a batch, and call `done` or `failed` once. `fill` is called at once.

        A retired incarnation gets neither; `silenced` is for a waiter that must not wait for ever.
        """
        if self._retired.get(partition, -1) >= incarnation:
            silenced()
            return
        if self._error is None:
            self._write(fill)
        if self._error is not None:
            failed(self._error)
        elif self._sync or self._batch is not None or self._waiting or self._hopping:
            self._waiting.append(_Waiting(partition, incarnation, done, failed, silenced))
            self._wake.set()
        else:
            done()

    async def write(self, partition: PartitionId, incarnation: int, fill: Fill) -> None:
        """`submit`, and wait until it is done. Raises its `StorageError`, or one when it was retired."""
        finished = trio.Event()
        error: StorageError | None = StorageError(
            f"incarnation {incarnation} of partition {partition} is retired"
        )

        def finish(outcome: StorageError | None) -> None:
            nonlocal error
            error = outcome
            finished.set()

        self.submit(partition, incarnation, fill, lambda: finish(None), finish, finished.set)
        await finished.wait()
        if error is not None:
            raise error

    async def retire(self, partition: PartitionId, incarnation: int) -> None:
        """End `incarnation` and all before it. Its log can be read when this returns.

        Raises `StorageError` when the writer has failed: then nobody knows what is in that log.
        """
        self._retired[partition] = max(incarnation, self._retired.get(partition, -1))
        while self._error is None and self._holds(partition, incarnation):
            await self._settled.wait()
        if self._error is not None:
            raise self._error

    async def run(self) -> None:
        """Make durable what waits, one hop after another, until cancelled."""
        while True:
            if self._waiting:
                await self._hop()
            else:
                self._wake = trio.Event()
                await self._wake.wait()

    def _write(self, fill: Fill) -> None:
        self._writes += 1
        gathers = self._batch is not None or self._batch_under_way or self._engine.stalled()
        if gathers or self._sites.sometimes("log: stalled"):
            if self._batch is None:
                self._batch = self._engine.batch(Family.LOG)
            fill(self._batch)
            return
        batch = self._engine.batch(Family.LOG)
        fill(batch)
        try:
            self._engine.write(batch)
        except StorageError as error:
            self._error = error

    async def _hop(self) -> None:
        self._hopping, self._waiting = self._waiting, []
        batch, self._batch = self._batch, None
        self._batch_under_way = batch is not None
        self._hops += 1
        try:
            await self._storage.run(partial(self._make_durable, batch))
        except StorageError as error:
            self._error = error
        self._batch_under_way = False
        self._finish()

    def _make_durable(self, batch: Batch | None) -> None:
        """Runs in a thread."""
        if batch is not None:
            self._engine.write(batch)
        if self._sync:
            self._engine.sync()

    def _finish(self) -> None:
        if self._error is not None:
            self._hopping += self._waiting
            self._waiting = []
            self._batch = None
        for each in self._hopping:  # still set, so that what they submit is not done before the last of them
            if self._retired.get(each.partition, -1) >= each.incarnation:
                each.silenced()
            elif self._error is not None:
                each.failed(self._error)
            else:
                each.done()
        self._hopping = []
        self._settled.set()
        self._settled = trio.Event()

    def _holds(self, partition: PartitionId, incarnation: int) -> bool:
        return any(
            each.partition == partition and each.incarnation <= incarnation
            for each in (*self._waiting, *self._hopping)
        )
