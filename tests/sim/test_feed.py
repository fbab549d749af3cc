"""Seeds of what follows the change feed: streams tell the history of their tables, items go when their time has come."""

import pytest

from sim.planted_feed import PLANTED
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Report, Settings, run_seed

STEP = 10  # seeds a test

FOUND = {
    "a child begins one entry late": 0,
    "a shard that is rolled over goes on": 0,
    "a consumer reads its last record again": 0,
    "old images are those from before the batch": 0,
    "streams keep a second, not a day": 0,
    "followers apply a roll to their own clock": 1,
    "the open shard is read beyond what is applied": 0,
    "an item is deleted by what was known of it": 1,
    "deletions bear no mark": 0,
    "every delete bears a mark": 0,
    "a new leader does not read the partition": 0,
    "moments are read as milliseconds": 0,
}


def run(seed: int, workload: str) -> Report:
    return run_seed(Settings(seed, workload=workload), ClusterSite)


def check(seeds: range, workload: str) -> None:
    for seed in seeds:
        report = run(seed, workload)
        assert not report.failures, "\n".join([str(report), *report.failures, report.reproducing])


@pytest.mark.parametrize("workload", ["stream", "ttl"])
def test_what_follows_the_feed_is_right(workload: str) -> None:
    check(range(STEP), workload)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(STEP, 300, STEP))
@pytest.mark.parametrize("workload", ["stream", "ttl"])
def test_what_follows_the_feed_is_right_for_long(workload: str, start: int) -> None:
    check(range(start, start + STEP), workload)


@pytest.mark.parametrize(("name", "seed"), FOUND.items(), ids=list(FOUND))
def test_a_planted_bug_is_found(name: str, seed: int) -> None:
    workload, planted = PLANTED[name]
    with planted():
        assert run(seed, workload).failures


def test_every_planted_bug_is_found() -> None:
    assert set(FOUND) == set(PLANTED)
