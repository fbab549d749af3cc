"""Seeds of the whole cluster, and of one partition alone, each of some virtual seconds. `tools/test --all` runs 2,000 whole ones.

A failure prints the command that shows it again. A seed that once found a bug is kept in `FOUND`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.group import GroupSite
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Build, Settings, run_seed

ROOT = Path(__file__).resolve().parents[2]
STEP = 10  # seeds a test: enough to be few tests, few enough to see progress

FOUND: list[tuple[Build, Settings]] = [
    # A duplicated frame ran its requests twice: a delete came again behind a later put.
    (GroupSite, Settings(10, workload="register", chaos_s=10.0, clients=8, think_mean_s=0.05)),
]


def check(seeds: range, build: Build, workload: str | None = None) -> None:
    for seed in seeds:
        report = run_seed(Settings(seed, workload=workload), build)
        assert not report.failures, "\n".join([str(report), *report.failures, report.reproducing])
        assert report.metrics.operations > 30, "a seed in which nothing happens shows nothing"


@pytest.mark.parametrize("start", range(0, 80, STEP))
def test_the_cluster_keeps_its_promises(start: int) -> None:
    check(range(start, start + STEP), ClusterSite)


@pytest.mark.parametrize("start", range(0, 20, STEP))
def test_a_partition_keeps_its_promises(start: int) -> None:
    check(range(start, start + STEP), GroupSite, "register")


def test_a_whole_seed_keeps_its_promises() -> None:
    report = run_seed(Settings(1, chaos_s=60.0, operations_max=2_000), ClusterSite)
    assert not report.failures, "\n".join([str(report), *report.failures])


@pytest.mark.parametrize(("build", "settings"), FOUND)
def test_seeds_that_found_a_bug_pass(build: Build, settings: Settings) -> None:
    report = run_seed(settings, build)
    assert not report.failures, "\n".join(report.failures)


def printed(seed: int, hash_seed: str) -> str:
    """What a process of its own says of a seed."""
    command = [sys.executable, "-m", "trinamo.sim", "--seed", str(seed), "--minutes", "0.1"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_a_seed_replays_whatever_the_hash_seed() -> None:
    first = printed(3, "1")
    assert "seed 3 passed: trace " in first
    assert printed(3, "77") == first
    assert printed(4, "1").split()[4] != first.split()[4]
