"""Claims about a simulated node's clocks."""

import random

import pytest
import trio

from trinamo.sim.clock import SimulatedClock, drawn_rate
from trinamo.sim.deterministic import run_deterministically


@pytest.mark.parametrize("rate", [0.97, 1.0, 1.03])
def test_a_sleeper_wakes_when_its_own_clock_says_so(rate: float) -> None:
    async def main() -> None:
        clock, dice = SimulatedClock(rate), random.Random(1)
        for _ in range(500):
            deadline = clock.monotonic() + dice.random() * 10 ** dice.randrange(-9, 4)
            await clock.sleep_until(deadline)
            assert deadline <= clock.monotonic() <= deadline + 1e-6

    run_deterministically("1", main)


def test_clocks_of_two_nodes_drift_apart() -> None:
    async def main() -> tuple[float, float]:
        slow, fast = SimulatedClock(1.0), SimulatedClock(1.02, wall_offset=5.0)
        await trio.sleep(100)
        assert fast.wall() - slow.wall() == pytest.approx(7.0)
        return slow.monotonic(), fast.monotonic()

    slow, fast = run_deterministically("1", main)
    assert slow == pytest.approx(100)
    assert fast == pytest.approx(102)


def test_no_two_rates_differ_by_more_than_the_bound() -> None:
    dice = random.Random(1)
    rates = [drawn_rate(dice, 0.05) for _ in range(1_000)]
    assert max(rates) / min(rates) <= 1.05
    assert max(rates) / min(rates) > 1.04


def test_nobody_who_sleeps_wakes_on_a_severed_clock() -> None:
    async def main() -> bool:
        clock = SimulatedClock()
        woke = False

        async def sleeper(seconds: float) -> None:
            nonlocal woke
            await clock.sleep_until(clock.monotonic() + seconds)
            woke = True

        with trio.move_on_after(1_000):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sleeper, 10)
                await trio.sleep(1)
                clock.sever()
                nursery.start_soon(sleeper, 0)
        return woke

    assert run_deterministically("1", main) is False


def test_wall_time_advances_without_monotonic() -> None:
    async def main() -> None:
        clock = SimulatedClock()
        wall, monotonic = clock.wall(), clock.monotonic()
        clock.advance(3_600)
        assert clock.wall() == wall + 3_600
        assert clock.monotonic() == monotonic

    run_deterministically("1", main)
