"""The simulator's workloads against a cluster in a process of its own: real time, HTTP, nodes that crash. Their judges are the same."""

import random
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import trio

from dynamodb.server import Server, serving
from trinamo.base import NodeId
from trinamo.client import Client, ClientError, Credentials, OutcomeUnknown, connect
from trinamo.client.errors import DynamoError
from trinamo.client.retries import Policy
from trinamo.model.errors import ApiError, internal_server_error, service_unavailable
from trinamo.sim.dice import TaskDice
from trinamo.sim.workloads.asking import Stage
from trinamo.sim.workloads.registry import WORKLOADS

DOOR = NodeId("door")  # a process is one endpoint, whatever is behind it
SECONDS = 1.5
PAUSE_MEAN_S = 0.5
CHECKED_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--shard-hours", "0.0005") as running:
        yield running
        assert running.stop() == 0, running.complaints()


async def perform(db: Client, _: NodeId, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await db.call(operation, parameters)
    except OutcomeUnknown as error:
        raise internal_server_error() from error
    except DynamoError as error:
        raise ApiError(error.code, error.message, status=error.status, members=error.members) from error
    except ClientError as error:
        raise service_unavailable() from error
    return answer


async def crash_now_and_then(server: Server, until: float, dice: random.Random) -> None:
    while trio.current_time() < until:
        node = dice.choice(("n1", "n2", "n3"))
        for verb in ("crash", "restart"):
            await trio.to_thread.run_sync(partial(server.change, "faults", verb=verb, node=node))
            await trio.sleep(dice.expovariate(1 / PAUSE_MEAN_S))


async def play(server: Server, name: str, seconds: float) -> int:
    """Play a workload, and return how many requests there were. Fails where its judge finds something."""
    server.change("reset")
    begin = trio.current_time()
    async with connect(server.url, credentials=Credentials("AKIA", "x"), retries=Policy(tries_max=1)) as db:
        stage = Stage(
            perform=partial(perform, db),
            live=lambda: [DOOR],
            dice=TaskDice(name),
            now=trio.current_time,
            sleep=trio.sleep,
            wall=time.time,
            note=lambda _: None,
            think_mean_s=0.02,
        )
        workload = WORKLOADS[name](stage)
        with trio.fail_after(CHECKED_WITHIN_S + seconds):
            await workload.setup()
            until = trio.current_time() + seconds
            async with trio.open_nursery() as nursery:
                workload.start(nursery, until)
                nursery.start_soon(crash_now_and_then, server, until, random.Random(name))
            await workload.responds()
            assert await workload.check() == []
    assert trio.current_time() - begin >= seconds
    return workload.metrics().operations


@pytest.mark.parametrize("name", ["append", "queue", "register", "stream"])
async def test_a_real_cluster_keeps_its_promises(server: Server, name: str) -> None:
    assert await play(server, name, SECONDS) > 50


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in WORKLOADS if name != "kinesis"])
async def test_a_real_cluster_keeps_its_promises_for_long(server: Server, name: str) -> None:
    assert await play(server, name, 15.0) > 200
