"""Seeds of a cluster whose table has a global index: it never shows what nobody wrote, and in the end what its table holds.

Bugs of `planted_indexes.py` that are not in `FOUND` were not found within 100 seeds.
"""

import pytest

from sim.planted_indexes import PLANTED
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Report, Settings, run_seed

STEP = 10  # seeds a test

FOUND = {
    "a new leader believes that the index has taken everything": 0,
    "entries are never taken out": 0,
    "the feed is trimmed before the index has taken it": 0,
    "changes of a batch do not know of each other": 0,
    "only the first change of an entry of the log is sent": 0,
    "the feed is not kept by followers": 0,
}


def run(seed: int) -> Report:
    return run_seed(Settings(seed, workload="index"), ClusterSite)


def check(seeds: range) -> None:
    for seed in seeds:
        report = run(seed)
        assert not report.failures, "\n".join([str(report), *report.failures, report.reproducing])


@pytest.mark.parametrize("start", range(0, 20, STEP))
def test_an_index_keeps_up_with_its_table(start: int) -> None:
    check(range(start, start + STEP))


@pytest.mark.soak
@pytest.mark.parametrize("start", range(20, 420, STEP))
def test_an_index_keeps_up_with_its_table_for_long(start: int) -> None:
    check(range(start, start + STEP))


@pytest.mark.parametrize(("name", "seed"), FOUND.items(), ids=list(FOUND))
def test_a_planted_bug_is_found(name: str, seed: int) -> None:
    with PLANTED[name]():
        assert run(seed).failures


def test_a_seed_with_an_index_replays() -> None:
    assert run(3).digest == run(3).digest
