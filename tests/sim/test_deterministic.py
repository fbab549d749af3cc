"""The canary of determinism: were Trio to schedule otherwise, these would tell."""

import random

import trio

from trinamo.sim.deterministic import run_deterministically


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


def test_trio_is_left_as_it_was() -> None:
    import trio._core._run as run

    before = run._ALLOW_DETERMINISTIC_SCHEDULING, run._r.getstate()
    run_deterministically("1", _race)
    assert (run._ALLOW_DETERMINISTIC_SCHEDULING, run._r.getstate()) == before
