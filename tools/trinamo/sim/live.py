"""A workload against a cluster that serves somewhere: real time and HTTP. Its users and its judge are the simulator's."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import trio

from trinamo.base import NodeId
from trinamo.client import Client, ClientError, Credentials, OutcomeUnknown, Policy, connect
from trinamo.client.errors import DynamoError
from trinamo.model.errors import ApiError, internal_server_error, service_unavailable
from trinamo.sim.dice import TaskDice
from trinamo.sim.workloads.asking import Stage
from trinamo.sim.workloads.metrics import Metrics
from trinamo.sim.workloads.registry import WORKLOADS

DOOR: Final = NodeId("door")  # one endpoint, whatever is behind it
JUDGED_WITHIN_S: Final = 120.0

Meanwhile = Callable[[float], Awaitable[None]]
"""What is done to the cluster, until a moment of `trio.current_time()`."""

LIVE: Final = tuple(name for name in WORKLOADS if name != "kinesis")
"""The workloads that need nothing but an endpoint."""


async def play(
    url: str,
    name: str,
    seconds: float,
    *,
    clients: int = 6,
    think_s: float = 0.02,
    meanwhile: Meanwhile | None = None,
) -> tuple[Metrics, list[str]]:
    """Play a workload for so long, and return what was asked and what its judge found. The cluster must have no tables."""
    keys = Credentials("trinamo", "trinamo")
    async with connect(url, credentials=keys, region="us-east-1", retries=Policy(tries_max=1)) as db:
        stage = Stage(
            perform=partial(_perform, db),
            live=lambda: [DOOR],
            dice=TaskDice(name),
            now=trio.current_time,
            sleep=trio.sleep,
            wall=time.time,
            note=lambda _: None,
            clients=clients,
            operations_max=10**9,
            think_mean_s=think_s,
        )
        workload = WORKLOADS[name](stage)
        with trio.fail_after(JUDGED_WITHIN_S + seconds):
            await workload.setup()
            until = trio.current_time() + seconds
            async with trio.open_nursery() as nursery:
                workload.start(nursery, until)
                if meanwhile is not None:
                    nursery.start_soon(meanwhile, until)
            await workload.responds()
            faults = await workload.check()
    return workload.metrics(), faults


async def _perform(db: Client, _: NodeId, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await db.call(operation, parameters)
    except OutcomeUnknown as error:
        raise internal_server_error() from error
    except DynamoError as error:
        raise ApiError(error.code, error.message, status=error.status, members=error.members) from error
    except ClientError as error:
        raise service_unavailable() from error
    return answer
