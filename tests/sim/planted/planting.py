"""How a bug is planted, and the scenes in which it is looked for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import attrs
import pytest

from sim.group import GroupSite
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Report, Settings, run_seed

PutIn = Callable[[pytest.MonkeyPatch], None]
Scene = Callable[[int], Report]
"""What is run for a seed."""

PROFILES: Final[tuple[Mapping[str, Any], ...]] = (
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
    # Frames come twice.
    {
        "keys": 1,
        "clients": 8,
        "think_mean_s": 0.01,
        "pause_mean_s": 0.3,
        "faults": ("echo", "echo", "stumble", "isolate", "heal"),
    },
    # Nodes begin new lives while others remember what they said.
    {
        "keys": 2,
        "think_mean_s": 0.03,
        "pause_mean_s": 0.2,
        "faults": ("relapse", "relapse", "stumble", "isolate", "heal"),
    },
)


def turbulent(seed: int) -> Report:
    """One partition alone. A seed has its own weather: what finds one bug hides another."""
    settings = Settings(
        seed, **{"nodes": 3, **PROFILES[seed % len(PROFILES)]}, chaos_s=6.0, workload="register"
    )
    return run_seed(settings, GroupSite)


def whole(workload: str, **settings: Any) -> Scene:
    """The whole cluster, with the weather that `trinamo sim` has, or as `settings` say."""
    return lambda seed: run_seed(Settings(seed, workload=workload, **settings), ClusterSite)


RESTLESS: Final[Mapping[str, Any]] = {
    "nodes": 3,
    "think_mean_s": 0.02,
    "pause_mean_s": 0.4,
    "faults": ("storm", "echo", "isolate", "relapse", "heal", "stumble"),
}
"""Leadership moves, and what former leaders sent comes late."""


@attrs.frozen
class Planted:
    """A bug, and where it is looked for."""

    name: str
    put_in: PutIn
    scene: Scene

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the bug for a while."""
        with pytest.MonkeyPatch.context() as patch:
            self.put_in(patch)
            yield

    def found_by(self, seed: int) -> bool:
        """Say whether a seed fails with it."""
        with self.planted():
            return bool(self.scene(seed).failures)


PLANTED: Final[dict[str, Planted]] = {}


def plant(name: str, scene: Scene = turbulent) -> Callable[[PutIn], PutIn]:
    """Add a bug: the function under it puts it in."""

    def add(put_in: PutIn) -> PutIn:
        assert name not in PLANTED
        PLANTED[name] = Planted(name, put_in, scene)
        return put_in

    return add
