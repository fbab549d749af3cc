"""Claims about a client of whole clusters in virtual time: tables that take time, leaders that are lost."""

import trio

import trinamo.testing
from trinamo.client import Index, Key, OutcomeUnknown, connect


async def test_a_table_that_takes_its_time_is_waited_for(autojump_clock: object) -> None:
    async with trinamo.testing.cluster(mode="realistic", seed=1) as cluster, connect(cluster) as db:
        orders = db.table("orders")
        begin = trio.current_time()
        await orders.create({"id": "S"}, indexes=[Index("by-day", {"day": "N"})], wait=False)
        assert (await orders.describe())["TableStatus"] == "CREATING"
        await orders.wait_until_active()
        assert (await orders.describe())["TableStatus"] == "ACTIVE"
        assert trio.current_time() > begin
        await orders.put({"id": "a"})
        await orders.drop()
        assert not await orders.exists()


async def test_who_waits_for_a_table_may_set_a_limit(autojump_clock: object) -> None:
    async with trinamo.testing.cluster(nodes=1) as cluster, connect(cluster) as db:
        with trio.move_on_after(60) as waiting:
            await db.table("nowhere").wait_until_active()
        assert waiting.cancelled_caught


async def test_puts_go_on_through_the_loss_of_a_leader(autojump_clock: object) -> None:
    async with trinamo.testing.cluster(seed=1) as cluster, connect(cluster) as db:
        orders = db.table("orders")
        await orders.create({"user": "S", "at": "N"})
        told = {"done": 0, "unknown": 0}

        async def write(at: int) -> None:
            try:
                await orders.put({"user": "ann", "at": at})
                told["done"] += 1
            except OutcomeUnknown:
                told["unknown"] += 1

        async with trio.open_nursery() as nursery:
            for at in range(50):
                nursery.start_soon(write, at)
                if at == 25:
                    await cluster.faults.crash("n1")
                await trio.sleep(0.01)
        found = await orders.query(Key("user") == "ann", consistent=True).all()
        assert told == {
            "done": 50,
            "unknown": 0,
        }  # what may have been done does no more when it is done again
        assert len(found) == 50
