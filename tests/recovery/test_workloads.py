"""The simulator's workloads against a cluster in a process of its own: real time, HTTP, nodes that crash. Their judges are the same."""

import random
from collections.abc import Iterator
from functools import partial

import pytest
import trio

from dynamodb.server import Server, serving
from trinamo.sim.live import LIVE, play

SECONDS = 1.5
LONG_SECONDS = 15.0
PAUSE_MEAN_S = 0.5


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--shard-hours", "0.0005") as running:
        yield running
        assert running.stop() == 0, running.complaints()


async def crash_now_and_then(server: Server, dice: random.Random, until: float) -> None:
    while trio.current_time() < until:
        node = dice.choice(("n1", "n2", "n3"))
        for verb in ("crash", "restart"):
            await trio.to_thread.run_sync(partial(server.change, "faults", verb=verb, node=node))
            await trio.sleep(dice.expovariate(1 / PAUSE_MEAN_S))


async def play_under_crashes(server: Server, name: str, seconds: float) -> int:
    server.change("reset")
    meanwhile = partial(crash_now_and_then, server, random.Random(name))
    metrics, faults = await play(server.url, name, seconds, meanwhile=meanwhile)
    assert faults == []
    return metrics.operations


@pytest.mark.parametrize("name", ["append", "queue", "register", "stream"])
async def test_a_real_cluster_keeps_its_promises(server: Server, name: str) -> None:
    assert await play_under_crashes(server, name, SECONDS) > 50


@pytest.mark.soak
@pytest.mark.parametrize("name", LIVE)
async def test_a_real_cluster_keeps_its_promises_for_long(server: Server, name: str) -> None:
    assert await play_under_crashes(server, name, LONG_SECONDS) > 200
