"""A simulator that finds nothing shows nothing: bugs planted on purpose must be found within few seeds."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from sim.group import GroupSite
from sim.planted import PLANTED
from trinamo.sim.run import Settings, run_seed

SEEDS_MAX = 40


def turbulent(seed: int) -> Settings:
    """Two keys, and a leader that is cut off all the time."""
    faults = ("isolate", "isolate", "heal", "heal", "storm", "crash")
    return Settings(seed, chaos_s=6.0, keys=2, think_mean_s=0.05, pause_mean_s=0.5, faults=faults)


@pytest.mark.parametrize("plant", PLANTED.values(), ids=list(PLANTED))
def test_a_planted_bug_is_found(plant: Callable[[], AbstractContextManager[None]]) -> None:
    with plant():
        assert any(run_seed(turbulent(seed), GroupSite).failures for seed in range(SEEDS_MAX))


def test_nothing_is_found_where_nothing_is_planted() -> None:
    assert run_seed(turbulent(0), GroupSite).failures == ()
