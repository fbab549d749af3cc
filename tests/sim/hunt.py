"""`python -m sim.hunt [NAME ...]`: how many seeds it takes to find each planted bug."""

import sys
import time
from typing import Any

from sim.group import GroupSite
from sim.planted import PLANTED
from trinamo.sim.run import Settings, run_seed

SEEDS_MAX = 300


PROFILES: tuple[dict[str, Any], ...] = (
    # Two keys, and a leader that is cut off all the time.
    {
        "keys": 2,
        "think_mean_s": 0.05,
        "pause_mean_s": 0.5,
        "faults": ("isolate", "isolate", "heal", "heal", "storm", "crash", "bounce all", "cut one way"),
    },
    # Frames are lost, doubled and late.
    {"keys": 2, "clients": 8, "think_mean_s": 0.05, "faults": ("storm", "storm", "storm", "crash", "heal")},
    # Some hear the leader and others do not.
    {
        "keys": 1,
        "clients": 10,
        "think_mean_s": 0.02,
        "pause_mean_s": 0.3,
        "faults": ("cut one way", "cut one way", "heal"),
    },
    # Five nodes: what a leader and one other hold is not yet committed.
    {
        "nodes": 5,
        "keys": 6,
        "think_mean_s": 0.03,
        "pause_mean_s": 0.4,
        "faults": ("isolate", "isolate", "heal", "bounce all", "crash", "crash", "cut one way"),
    },
)


def turbulent(seed: int) -> Settings:
    """A seed's own weather: what finds one bug hides another."""
    return Settings(seed, chaos_s=6.0, workload="register", **PROFILES[seed % len(PROFILES)])


def hunt(name: str, seeds: range) -> int | None:
    """Return the first of `seeds` that finds a bug."""
    with PLANTED[name]():
        return next((seed for seed in seeds if run_seed(turbulent(seed), GroupSite).failures), None)


def main(names: list[str]) -> None:
    for name in names or list(PLANTED):
        begin = time.perf_counter()
        found = hunt(name, range(SEEDS_MAX))
        shown = f"seed {found}" if found is not None else f"not within {SEEDS_MAX}"
        print(f"{name:60} {shown:>16} {time.perf_counter() - begin:8.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
