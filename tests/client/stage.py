"""Where each claim about the client is tried: on Trio and on asyncio, in process, over TCP and over HTTP.

    @everywhere
    async def test_an_item_that_was_put_is_got(stage: Stage) -> None: ...

In process means in the same event loop as the cluster, and a cluster runs on Trio: there is no asyncio for that.
"""

import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread
import attrs

import trinamo.testing
from trinamo.client import Client, Table, connect
from trinamo.faults import Fault
from trinamo.node.breaking import ClusterFaults
from trinamo.testing import ThreadCluster
from trinamo.testing.threaded import ThreadFaults

SECONDS_MAX = 30.0  # for a whole scenario; more is a hang

PLACES = (
    ("trio", "in process"),
    ("trio", "tcp"),
    ("trio", "http"),
    ("asyncio", "tcp"),
    ("asyncio", "http"),
)


@attrs.frozen
class Stage:
    """A client of an empty cluster, and what can be broken there."""

    db: Client
    faults: ClusterFaults | ThreadFaults
    target: Any
    backend: str

    async def orders(self, **more: Any) -> Table:
        """Return a new table with key `user`, `at`."""
        table = self.db.table("orders")
        await table.create({"user": "S", "at": "N"}, **more)
        return table

    async def fault(self, verb: str, **select: Any) -> Fault:
        """Break something on purpose."""
        begin = functools.partial(getattr(self.faults, verb), **select)
        # The verbs of a cluster in a thread wait for it, which a task of Trio may not do in its own.
        fault = begin() if isinstance(self.faults, ClusterFaults) else await anyio.to_thread.run_sync(begin)
        assert isinstance(fault, Fault)
        return fault


Scenario = Callable[[Stage], Awaitable[None]]


@attrs.frozen
class Place:
    """One of `PLACES`. `cluster` runs in a thread."""

    backend: str
    way: str
    cluster: ThreadCluster

    def run(self, scenario: Scenario, **options: Any) -> None:
        async def main() -> None:
            with anyio.fail_after(SECONDS_MAX):
                async with self.stage(**options) as stage:
                    await scenario(stage)

        if self.way != "in process":
            self.cluster.reset()
        anyio.run(main, backend=self.backend)

    @contextlib.asynccontextmanager
    async def stage(self, **options: Any) -> AsyncIterator[Stage]:
        if self.way == "in process":
            async with trinamo.testing.cluster(nodes=1) as cluster, connect(cluster, **options) as db:
                yield Stage(db, cluster.faults, cluster, self.backend)
        else:
            target = self.cluster.tcp_url if self.way == "tcp" else self.cluster.url
            async with connect(target, **options) as db:
                yield Stage(db, self.cluster.faults, target, self.backend)


def everywhere(scenario: Scenario) -> Callable[[Place], None]:
    """Make a test of a scenario, to be run in every place."""

    def test(place: Place) -> None:
        place.run(scenario)

    test.__name__ = scenario.__name__
    test.__doc__ = scenario.__doc__
    test.__module__ = scenario.__module__
    return test
