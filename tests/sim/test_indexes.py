"""Seeds of a cluster whose table has a global index: it never shows what nobody wrote, and in the end what its table holds."""

import pytest

from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Report, Settings, run_seed

STEP = 10  # seeds a test


def run(seed: int) -> Report:
    return run_seed(Settings(seed, workload="index"), ClusterSite)


def check(seeds: range) -> None:
    for seed in seeds:
        report = run(seed)
        assert not report.failures, "\n".join([str(report), *report.failures, report.reproducing])


@pytest.mark.parametrize("start", range(0, 20, STEP))
def test_an_index_keeps_up_with_its_table(start: int) -> None:
    check(range(start, start + STEP))


def test_a_seed_with_an_index_replays() -> None:
    assert run(3).digest == run(3).digest
