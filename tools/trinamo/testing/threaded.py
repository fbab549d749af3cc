"""A cluster in a thread of its own, for code that runs no Trio: sync code, asyncio, boto3.

All methods wait until what they ask for is done, and may be called from any thread but the cluster's own.
"""

import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, Unpack

import trio

from trinamo.faults import Fault
from trinamo.node.breaking import ClusterFaults, Frames, Select
from trinamo.node.trigger import GivenUp, Statistics, Trigger
from trinamo.node.triggers import Handler
from trinamo.testing.inprocess import Mode, TrioCluster, cluster
from trinamo.triggers import Settings

P = ParamSpec("P")
R = TypeVar("R")

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 10.0


class _Thread:
    """Runs a cluster, and calls in its thread."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._ready = threading.Event()
        self._stop: trio.Event
        self._token: trio.lowlevel.TrioToken
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="trinamo", daemon=True)
        self.cluster: TrioCluster

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(START_SECONDS_MAX):
            raise TimeoutError("the cluster did not start")
        if self._failure is not None:
            raise RuntimeError("the cluster did not start") from self._failure

    def stop(self) -> None:
        self._token.run_sync_soon(self._stop.set)
        self._thread.join(STOP_SECONDS_MAX)
        if self._failure is not None:
            raise RuntimeError("the cluster failed") from self._failure

    def _work(self) -> None:
        try:
            trio.run(self._run)
        except BaseException as error:  # noqa: BLE001  # told to whoever started the thread, or stops it
            self._failure = error
        finally:
            self._ready.set()

    async def _run(self) -> None:
        self._stop, self._token = trio.Event(), trio.lowlevel.current_trio_token()
        async with cluster(**self._options) as self.cluster:
            self._ready.set()
            await self._stop.wait()

    def wait(self, work: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        async def run() -> R:
            return await work(*args, **kwargs)

        return trio.from_thread.run(run, trio_token=self._token)

    def call(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return trio.from_thread.run_sync(lambda: work(*args, **kwargs), trio_token=self._token)


class ThreadClock:
    """The wall clock of a cluster's nodes."""

    def __init__(self, thread: _Thread) -> None:
        self._thread = thread

    def advance(self, by: float | str) -> float:
        """Go forward by seconds, or by "90s", "1h30m", "3d"; return how far it is ahead of the machine's clock."""
        return self._thread.wait(self._thread.cluster.clock.advance, by)


class ThreadFaults:
    """The verbs of `trinamo.node.breaking.ClusterFaults`, each waiting until the fault is there."""

    def __init__(self, thread: _Thread) -> None:
        self._thread = thread

    @property
    def _faults(self) -> ClusterFaults:
        return self._thread.cluster.faults

    def throttle(
        self, *, error: str | None = None, reason: str | None = None, **select: Unpack[Select]
    ) -> Fault:
        return self._thread.call(self._faults.throttle, error=error, reason=reason, **select)

    def fail_before(self, *, error: str | None = None, **select: Unpack[Select]) -> Fault:
        return self._thread.call(self._faults.fail_before, error=error, **select)

    def fail_after(self, *, error: str | None = None, **select: Unpack[Select]) -> Fault:
        return self._thread.call(self._faults.fail_after, error=error, **select)

    def drop_reply(self, **select: Unpack[Select]) -> Fault:
        return self._thread.call(self._faults.drop_reply, **select)

    def conflict(self, **select: Unpack[Select]) -> Fault:
        return self._thread.call(self._faults.conflict, **select)

    def unprocessed(self, *, items: int | None = None, **select: Unpack[Select]) -> Fault:
        return self._thread.call(self._faults.unprocessed, items=items, **select)

    def small_pages(
        self, *, items: int | None = None, bytes: int | None = None, **select: Unpack[Select]
    ) -> Fault:
        return self._thread.call(self._faults.small_pages, items=items, bytes=bytes, **select)

    def stale_reads(self, *, lag_ms: float, **select: Unpack[Select]) -> Fault:
        return self._thread.call(self._faults.stale_reads, lag_ms=lag_ms, **select)

    def index_lag(
        self,
        *,
        lag_ms: float,
        table: str | None = None,
        index: str | None = None,
        seconds: float | None = None,
    ) -> Fault:
        return self._thread.call(
            self._faults.index_lag, lag_ms=lag_ms, table=table, index=index, seconds=seconds
        )

    def delay(self, *, ms: float, **select: Unpack[Select]) -> Fault:
        return self._thread.call(self._faults.delay, ms=ms, **select)

    def delay_frames(self, *, ms: float, **frames: Unpack[Frames]) -> Fault:
        return self._thread.call(self._faults.delay_frames, ms=ms, **frames)

    def drop(self, **frames: Unpack[Frames]) -> Fault:
        return self._thread.call(self._faults.drop, **frames)

    def partition(self, *groups: list[str], seconds: float | None = None) -> Fault:
        return self._thread.call(self._faults.partition, *groups, seconds=seconds)

    def isolate(self, node: str, *, seconds: float | None = None) -> Fault:
        return self._thread.call(self._faults.isolate, node, seconds=seconds)

    def pause(self, node: str, *, seconds: float | None = None) -> Fault:
        return self._thread.call(self._faults.pause, node, seconds=seconds)

    def crash(self, node: str) -> dict[str, Any]:
        return self._thread.wait(self._faults.crash, node)

    def restart(self, node: str) -> dict[str, Any]:
        return self._thread.wait(self._faults.restart, node)

    def transfer(self, table: str, to: str, key: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._thread.wait(self._faults.transfer, table, to, key)

    def repair(self) -> list[str]:
        return self._thread.call(self._faults.repair)

    def remove(self, id_: str) -> str:
        return self._thread.call(self._faults.remove, id_)

    def clear(self) -> list[str]:
        return self._thread.call(self._faults.clear)

    def show(self) -> list[dict[str, Any]]:
        return self._thread.call(self._faults.show)


class ThreadTrigger:
    """A trigger of a cluster that runs in a thread."""

    def __init__(self, thread: _Thread, trigger: Trigger) -> None:
        self._thread = thread
        self._trigger = trigger

    def __repr__(self) -> str:
        return repr(self._trigger)

    @property
    def statistics(self) -> Statistics:
        """Calls, failures, and how many records were taken and given up."""
        return self._trigger.statistics

    @property
    def discarded(self) -> list[GivenUp]:
        """The last hundred times that records were given up."""
        return self._trigger.discarded

    def caught_up(self) -> None:
        """Return when the function has taken, or the trigger given up, all that was written before this call."""
        self._thread.wait(self._trigger.caught_up)

    def remove(self) -> None:
        """Call the function no more."""
        self._thread.call(self._thread.cluster.remove_trigger, self._trigger)


class ThreadCluster:
    """A cluster that runs in a thread. `url` is where it serves HTTP, `tcp_url` where it takes calls."""

    def __init__(self, thread: _Thread) -> None:
        self._thread = thread
        self.url = thread.cluster.url
        self.tcp_url = thread.cluster.tcp_url
        self.clock = ThreadClock(thread)
        self.faults = ThreadFaults(thread)

    def __repr__(self) -> str:
        return f"<ThreadCluster at {self.url}>"

    def request(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Perform an operation of the API without HTTP: its JSON in, its JSON out. Raises `ApiError`."""
        return self._thread.wait(self._thread.cluster.request, operation, parameters)

    def trigger(
        self,
        table: str,
        handler: Handler,
        *,
        on_failure: Handler | None = None,
        name: str | None = None,
        region: str | None = None,
        **settings: Unpack[Settings],
    ) -> "ThreadTrigger":
        """Call a function with batches of what happens to a table: see `TrioCluster.trigger`.

        A coroutine function runs in the cluster's thread, under Trio; any other function in a worker thread.
        """

        async def add() -> Trigger:
            return await self._thread.cluster.trigger(
                table, handler, on_failure=on_failure, name=name, region=region, **settings
            )

        return ThreadTrigger(self._thread, self._thread.wait(add))

    def reset(self) -> None:
        """Drop all tables, faults and snapshots, and undo what the clock was advanced by."""
        self._thread.wait(self._thread.cluster.reset)

    def snapshot(self) -> str:
        """Copy all tables as of one moment; return the id to `restore` by."""
        return self._thread.wait(self._thread.cluster.snapshot)

    def restore(self, id_: str) -> None:
        """Have all tables as they were."""
        self._thread.wait(self._thread.cluster.restore, id_)

    def describe(self) -> dict[str, Any]:
        """Return nodes, tables, partitions and their replicas."""
        return self._thread.wait(self._thread.cluster.describe)


@contextmanager
def cluster_in_thread(
    *, nodes: int = 3, partitions: int = 1, mode: Mode = "settled", seed: int | None = None
) -> Iterator[ThreadCluster]:
    """Run a cluster in memory, in a thread of its own, for as long as the block lasts. `seed` decides its dice."""
    thread = _Thread({"nodes": nodes, "partitions": partitions, "mode": mode, "seed": seed})
    thread.start()
    try:
        yield ThreadCluster(thread)
    finally:
        thread.stop()
