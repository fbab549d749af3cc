"""Claims about targets."""

from typing import Any

import anyio
import pytest
import trio

import trinamo.testing
from client.stage import Stage, everywhere
from trinamo.client import Credentials, connect
from trinamo.testing import TrioCluster


@pytest.mark.parametrize(
    "target",
    [
        "",
        "localhost:8000",
        "ftp://h",
        "tcp://h",
        "tcp://:1",
        "http://",
        "http://h/path",
        "http://u:p@h",
        "aws://",
        5,
        object(),
    ],
)
def test_what_is_no_target_is_refused_with_what_is_one(target: Any) -> None:
    async def main() -> None:
        async with connect(target):
            pass

    with pytest.raises(ValueError, match=r"is no target|does not say host and port"):
        anyio.run(main, backend="asyncio")


@everywhere
async def test_errors_of_the_block_come_out_as_they_are(stage: Stage) -> None:
    class Own(Exception):
        pass

    async def fail() -> None:
        async with connect(stage.target) as db:
            await db.list_tables()
            raise Own

    with pytest.raises(Own):
        await fail()


@everywhere
async def test_account_and_region_say_whose_tables_are_meant(stage: Stage) -> None:
    await stage.orders()
    other = Credentials("222222222222", "any")
    async with connect(stage.target, credentials=other) as db:
        assert [table.name async for table in db.tables()] == []
    async with connect(stage.target, region="eu-west-3") as db:
        assert [table.name async for table in db.tables()] == []
        await db.table("orders").create({"id": "S"})
        assert ":eu-west-3:" in (await db.table("orders").describe())["TableArn"]
    assert [table.name async for table in stage.db.tables()] == ["orders"]


@everywhere
async def test_after_its_block_a_client_refuses(stage: Stage) -> None:
    async with connect(stage.target) as db:
        await db.list_tables()
    with pytest.raises(RuntimeError, match="the block of this client's connect is over"):
        await db.list_tables()


def test_a_cluster_in_process_is_for_trio_and_says_so() -> None:
    async def main(cluster: TrioCluster) -> None:
        async with connect(cluster) as db:
            await db.list_tables()

    async def outer() -> None:
        async with trinamo.testing.cluster(nodes=1) as cluster:
            with pytest.raises(RuntimeError, match="this cluster is for Trio"):
                await trio.to_thread.run_sync(lambda: anyio.run(main, cluster, backend="asyncio"))

    trio.run(outer)
