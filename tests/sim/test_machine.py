"""Claims about what outlives a crash."""

import random

import pytest

from trinamo.base import NodeId
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.machine import Machine
from trinamo.sim.network import Hub
from trinamo.sim.trace import Trace
from trinamo.world import Crashed, Durability, Engine, Family, World


def machine(durability: Durability = Durability.FSYNC, seed: str = "1") -> Machine:
    hub = Hub(random.Random(seed), Trace())
    return Machine.built(NodeId("n1"), seed, hub, durability=durability, drift_max=0.05)


def put(engine: Engine, family: Family, key: bytes) -> None:
    batch = engine.batch(family)
    batch.put(key, b"value")
    engine.write(batch)


def test_a_process_crash_keeps_the_log() -> None:
    node = machine()
    engine = node.boot().storage.open()
    put(engine, Family.LOG, b"a")
    node.crash()
    assert node.boot().storage.open().get(Family.LOG, b"a") == b"value"
    with pytest.raises(Crashed):
        put(engine, Family.LOG, b"b")


def test_a_machine_crash_keeps_what_was_synced_and_may_take_the_rest() -> None:
    lost = 0
    for seed in range(20):
        node = machine(seed=str(seed))
        engine = node.boot().storage.open()
        put(engine, Family.LOG, b"synced")
        engine.sync()
        put(engine, Family.LOG, b"not synced")
        node.crash(machine=True)
        engine = node.boot().storage.open()
        assert engine.get(Family.LOG, b"synced") == b"value"
        lost += engine.get(Family.LOG, b"not synced") is None
    assert 0 < lost < 20


def test_each_life_has_dice_of_its_own_and_the_machine_keeps_its_clock() -> None:
    async def main() -> None:
        node = machine()
        first: World = node.boot()
        node.crash()
        second = node.boot()
        assert first.random.getrandbits(64) != second.random.getrandbits(64)
        assert first.clock.wall() == second.clock.wall()
        assert machine().boot().random.getrandbits(64) == machine().boot().random.getrandbits(64)

    run_deterministically("1", main)


def test_blocking_work_takes_time_and_a_crash_leaves_it_undone() -> None:
    async def main() -> None:
        import trio

        node = machine()
        storage = node.boot().storage
        begun = trio.current_time()
        assert await storage.run(lambda: "done") == "done"
        assert trio.current_time() > begun
        done: list[str] = []

        async def work() -> None:
            await storage.run(lambda: done.append("done"))

        with trio.move_on_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(work)
                await trio.lowlevel.checkpoint()
                node.crash()
        assert done == []

    run_deterministically("1", main)
