"""The canary of determinism: were Trio to schedule otherwise, these would tell."""

import logging
import random
import threading

import structlog
import trio
from trio.testing import MockClock

from sim.group import GroupSite
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.run import Settings, run_seed


async def _race() -> str:
    """Twelve tasks that wake together, three times, and note their order."""
    order: list[str] = []

    async def runner(name: str) -> None:
        for moment in (1, 2, 3):
            await trio.sleep_until(moment)
            order.append(name)

    async with trio.open_nursery() as nursery:
        for name in "abcdefghijkl":
            nursery.start_soon(runner, name)
    return "".join(order)


def test_the_schedule_follows_from_the_seed() -> None:
    orders = {seed: run_deterministically(seed, _race) for seed in ("1", "2", "3")}
    assert len(set(orders.values())) == 3
    for seed, order in orders.items():
        random.seed(order)  # other dice are no part of it
        assert run_deterministically(seed, _race) == order


def test_hours_pass_in_no_time() -> None:
    async def day() -> float:
        await trio.sleep(86_400)
        return trio.current_time()

    assert run_deterministically("1", day) >= 86_400


def test_a_trio_in_another_thread_changes_nothing() -> None:
    expected, stop = run_deterministically("1", _race), threading.Event()

    async def busy() -> None:
        while not stop.is_set():
            await trio.lowlevel.checkpoint()

    async def crowd() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(busy)

    thread = threading.Thread(target=trio.run, args=(crowd,))
    thread.start()
    try:
        assert {run_deterministically("1", _race) for _ in range(30)} == {expected}
    finally:
        stop.set()
        thread.join()


def test_what_other_threads_log_is_no_part_of_it() -> None:
    settings, log = Settings(3, chaos_s=1.0, workload="register"), structlog.get_logger("elsewhere")
    stop = threading.Event()
    expected, told = run_seed(settings, GroupSite), []

    def take(_logger: object, _level: str, event: structlog.types.EventDict) -> str:
        told.append(event["event"])
        raise structlog.DropEvent

    def chatter() -> None:
        while not stop.is_set():
            log.error("something failed")

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[take])
    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        report = run_seed(settings, GroupSite)
    finally:
        stop.set()
        thread.join()
        structlog.configure(processors=before)
    assert (report.digest, report.failures) == (expected.digest, ())
    assert told


def test_how_logging_is_configured_makes_no_difference() -> None:
    settings = Settings(0, chaos_s=1.0)
    expected = run_seed(settings, ClusterSite)
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        assert run_seed(settings, ClusterSite).digest == expected.digest
    finally:
        structlog.configure(wrapper_class=before)


def test_other_runs_of_trio_are_not_determined() -> None:
    run_deterministically("1", _race)
    orders = {trio.run(_race, clock=MockClock(autojump_threshold=0)) for _ in range(5)}
    assert len(orders) > 1
