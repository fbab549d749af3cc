"""Seeds of what follows the change feed: streams tell the history of their tables, items go when their time has come."""

import pytest

from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Report, Settings, run_seed

STEP = 10  # seeds a test


def run(seed: int, workload: str) -> Report:
    return run_seed(Settings(seed, workload=workload), ClusterSite)


def check(seeds: range, workload: str) -> None:
    for seed in seeds:
        report = run(seed, workload)
        assert not report.failures, "\n".join([str(report), *report.failures, report.reproducing])


@pytest.mark.parametrize("workload", ["stream", "ttl"])
def test_what_follows_the_feed_is_right(workload: str) -> None:
    check(range(STEP), workload)
