"""One program of puts and gets, the same through every client: how many operations a second each does.

    trinamo, in process     cluster and client in one event loop
    trinamo, tcp            a cluster in a process of its own; frames of CBOR
    trinamo, http           the same cluster, over HTTP
    boto3, aiobotocore      the same cluster

First all items are put, then all are got; with one caller, and with several at once (boto3: threads). Every client has a
round to warm up. These figures are of the clients more than of the cluster: `trinamo bench http` is without them.
"""

import functools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import attrs

from trinamo.bench import payload, systems

CALLERS: Final = 16
REGION: Final = "us-east-1"
KEYS: Final = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}


@attrs.frozen
class Row:
    """A client's rates, in operations a second: medians of the rounds."""

    client: str
    callers: int
    writes: float
    reads: float


Call = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Performs an operation of the API."""
Progress = Callable[[str], None]


def measure(operations: int, rounds: int, progress: Progress) -> tuple[list[Row], list[str]]:
    """Return the rows, and in a word each what was left out. Raises `StartFailed`."""
    rows: list[Row] = []
    skipped: list[str] = []
    count = operations // 2

    def add(name: str, callers: int, rates: list[tuple[float, float]]) -> None:
        writes, reads = (statistics.median(column) for column in zip(*rates[1:], strict=True))
        rows.append(Row(name, callers, writes, reads))

    def run(name: str, clients: Callable[[], Any], backend: str) -> None:
        for callers in (1, CALLERS):
            progress(f"{name}, {callers} at once")
            add(name, callers, anyio.run(_program, clients, count, callers, rounds + 1, backend=backend))

    run("trinamo, in process", _in_process, "trio")
    with systems.trinamo("--tcp-port", "0") as system:
        assert system.calls is not None
        systems.create_table(system)
        url = f"http://{system.host}:{system.port}"
        for name, target in (("tcp", system.calls), ("http", url)):
            for backend in ("trio", "asyncio"):
                run(f"trinamo, {name}, {backend}", functools.partial(_ours, target), backend)
        try:
            import aiobotocore
        except ImportError:
            skipped.append("aiobotocore is not installed: skipped")
        else:
            del aiobotocore
            run("aiobotocore", functools.partial(_aiobotocore, url), "asyncio")
        try:
            import boto3
        except ImportError:
            skipped.append("boto3 is not installed: skipped")
        else:
            for callers in (1, CALLERS):
                progress(f"boto3, {callers} at once")
                add("boto3", callers, list(_with_boto3(boto3, url, count, callers, rounds + 1)))
    return rows, skipped


async def _program(
    clients: Callable[[], Any], count: int, callers: int, rounds: int
) -> list[tuple[float, float]]:
    """Return the rates of writes and of reads, round by round."""
    rates: list[tuple[float, float]] = []
    async with clients() as call:
        for _ in range(rounds):
            writes = await _rate(call, _puts(count), callers)
            rates.append((writes, await _rate(call, _gets(count), callers)))
    return rates


async def _rate(call: Call, requests: list[tuple[str, dict[str, Any]]], callers: int) -> float:
    waiting = iter(requests)

    async def work() -> None:
        for operation, parameters in waiting:  # all callers take from one heap
            await call(operation, parameters)

    begin = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(callers):
            tasks.start_soon(work)
    return len(requests) / (time.perf_counter() - begin)


def _puts(count: int) -> list[tuple[str, dict[str, Any]]]:
    items = map(payload.item, range(count))
    return [("PutItem", {"TableName": payload.TABLE, "Item": item}) for item in items]


def _gets(count: int) -> list[tuple[str, dict[str, Any]]]:
    keys = [{"order_id": payload.item(number)["order_id"]} for number in range(count)]
    return [("GetItem", {"TableName": payload.TABLE, "Key": key}) for key in keys]


# The clients.


@asynccontextmanager
async def _in_process() -> AsyncIterator[Call]:
    from trinamo.client import connect
    from trinamo.testing import cluster

    async with cluster() as running, connect(running) as db:
        await db.call("CreateTable", payload.CREATE_TABLE)
        yield db.call


@asynccontextmanager
async def _ours(target: str) -> AsyncIterator[Call]:
    from trinamo.client import connect

    async with connect(target) as db:
        yield db.call


@asynccontextmanager
async def _aiobotocore(url: str) -> AsyncIterator[Call]:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    config = AioConfig(max_pool_connections=CALLERS)
    opened = get_session().create_client(
        "dynamodb", endpoint_url=url, region_name=REGION, config=config, **KEYS
    )
    async with opened as client:
        methods = {"PutItem": client.put_item, "GetItem": client.get_item}
        yield lambda operation, parameters: methods[operation](**parameters)


def _with_boto3(boto3: Any, url: str, count: int, callers: int, rounds: int) -> Iterator[tuple[float, float]]:
    from botocore.config import Config

    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name=REGION,
        config=Config(max_pool_connections=callers),
        **KEYS,
    )
    methods = {"PutItem": client.put_item, "GetItem": client.get_item}

    def rate(requests: Sequence[tuple[str, dict[str, Any]]]) -> float:
        begin = time.perf_counter()
        with ThreadPoolExecutor(callers) as threads:
            for _ in threads.map(lambda request: methods[request[0]](**request[1]), requests):
                pass
        return len(requests) / (time.perf_counter() - begin)

    for _ in range(rounds):
        yield rate(_puts(count)), rate(_gets(count))
    client.close()
