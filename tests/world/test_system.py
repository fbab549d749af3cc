"""The real clock and dice."""

import time

import pytest
from trio.testing import MockClock

from trinamo.world import SystemClock, system_random


async def test_sleep_ends_at_its_deadline_and_not_before(autojump_clock: MockClock) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + 3_600
    await clock.sleep_until(deadline)
    assert clock.monotonic() == pytest.approx(deadline)


async def test_sleeping_until_the_past_returns_at_once(autojump_clock: MockClock) -> None:
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep_until(before - 1)
    assert clock.monotonic() == before


async def test_advancing_moves_the_wall_and_leaves_monotonic(mock_clock: MockClock) -> None:
    clock = SystemClock(offset=-100.0)
    before = clock.monotonic()
    assert clock.wall() == pytest.approx(time.time() - 100, abs=1)
    clock.advance(86_400)
    assert clock.wall() == pytest.approx(time.time() + 86_300, abs=1)
    assert clock.monotonic() == before


def test_time_does_not_go_back() -> None:
    with pytest.raises(AssertionError):
        SystemClock().advance(-1)


def test_two_nodes_draw_different_numbers() -> None:
    assert system_random().getrandbits(128) != system_random().getrandbits(128)
