"""Clusters for tests: in this event loop, in virtual time, and in a thread."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from trio.testing import MockClock

import trinamo.testing
from trinamo.model.errors import ApiError
from trinamo.testing import ThreadCluster, TrioCluster

TABLE: dict[str, Any] = {
    "TableName": "orders",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ITEM = {"id": {"S": "a"}, "n": {"N": "1"}}
KEY = {"id": {"S": "a"}}


async def put(cluster: TrioCluster) -> None:
    await cluster.request("PutItem", {"TableName": "orders", "Item": ITEM})


async def get(cluster: TrioCluster) -> Any:
    answer = await cluster.request("GetItem", {"TableName": "orders", "Key": KEY, "ConsistentRead": True})
    return answer.get("Item")


async def test_a_cluster_serves_in_the_loop_of_its_test() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", TABLE)
        await put(cluster)
        assert await get(cluster) == ITEM
        assert len((await cluster.describe())["nodes"]) == 3
        assert cluster.url.startswith("http://127.0.0.1:")


async def test_copies_and_resets() -> None:
    async with trinamo.testing.cluster(nodes=1) as cluster:
        await cluster.request("CreateTable", TABLE)
        empty = await cluster.snapshot()
        await put(cluster)
        await cluster.restore(empty)
        assert await get(cluster) is None
        await cluster.reset()
        assert (await cluster.request("ListTables", {}))["TableNames"] == []


async def test_faults_are_methods() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", TABLE)
        await put(cluster)
        fault = cluster.faults.throttle(table="orders", operation="GetItem", count=1)
        with pytest.raises(ApiError, match="ThrottlingException"):
            await get(cluster)
        assert (fault.fired, fault.matched) == (1, 1)
        assert await get(cluster) == ITEM


async def test_virtual_time_passes_at_once(autojump_clock: MockClock) -> None:
    begin = time.monotonic()
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", TABLE)
        await put(cluster)
        cluster.faults.delay(operation="GetItem", ms=3_600_000)
        await cluster.faults.crash("n1")
        assert await get(cluster) == ITEM
    assert time.monotonic() - begin < 30


async def test_a_seed_decides_the_dice() -> None:
    async def fates() -> list[bool]:
        async with trinamo.testing.cluster(nodes=1, seed=7) as cluster:
            await cluster.request("CreateTable", TABLE)
            cluster.faults.throttle(probability=0.5)  # its own seed is drawn from the cluster's
            return [await _done(cluster) for _ in range(20)]

    first = await fates()
    assert set(first) == {True, False}
    assert await fates() == first


async def _done(cluster: TrioCluster) -> bool:
    try:
        await put(cluster)
    except ApiError:
        return False
    return True


async def test_the_clock_goes_forward() -> None:
    async with trinamo.testing.cluster(nodes=1) as cluster:
        assert await cluster.clock.advance("1d") == 86_400
        assert await cluster.clock.advance(90) == 86_490


@pytest.fixture(scope="module")
def threaded() -> Iterator[ThreadCluster]:
    with trinamo.testing.cluster_in_thread() as cluster:
        yield cluster


def client(cluster: ThreadCluster) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=cluster.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )


def test_a_cluster_in_a_thread_serves_boto3_and_does_as_it_is_told(threaded: ThreadCluster) -> None:
    threaded.reset()
    db = client(threaded)
    db.create_table(**TABLE)
    empty = threaded.snapshot()
    db.put_item(TableName="orders", Item=ITEM)
    fault = threaded.faults.throttle(table="orders", count=1)
    assert db.get_item(TableName="orders", Key=KEY)["Item"] == ITEM  # boto3 retries
    assert fault.fired == 1
    threaded.faults.crash("n1")
    assert db.get_item(TableName="orders", Key=KEY, ConsistentRead=True)["Item"] == ITEM
    threaded.faults.restart("n1")
    threaded.restore(empty)
    assert "Item" not in db.get_item(TableName="orders", Key=KEY)
    assert threaded.clock.advance("1h") == 3600
    assert threaded.request("ListTables", {}) == {"TableNames": ["orders"]}


def test_asyncio_code_may_hold_a_cluster_in_a_thread() -> None:
    async def main() -> str:
        with trinamo.testing.cluster_in_thread(nodes=1) as cluster:
            made = await asyncio.to_thread(client(cluster).create_table, **TABLE)
            return str(made["TableDescription"]["TableName"])

    assert asyncio.run(main()) == "orders"


def test_a_refusal_is_raised_where_it_was_asked_for(threaded: ThreadCluster) -> None:
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        threaded.request("DescribeTable", {"TableName": "no.such"})
    with pytest.raises(Exception, match="unknown node"):
        threaded.faults.isolate("n9")
