"""What `trinamo sim` prints and how it ends, for seeds that pass, fail, and do not replay."""

import random
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.planted import PLANTED
from trinamo.sim.batch import differing_event, run_many, run_one
from trinamo.sim.command import sim
from trinamo.sim.network import Hub
from trinamo.sim.run import Settings

BUG = "entries are never taken out"  # of an index: found in nearly every seed of that workload
SHORT = ("--minutes", "0.05")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(sim, [*arguments, *SHORT])


@pytest.fixture(autouse=True)
def _traces_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_a_seed_that_passes() -> None:
    result = run("--seed", "1")
    assert result.exit_code == 0
    assert re.fullmatch(
        r"seed 1 passed: trace [0-9a-f]{32}, \d nodes, \w+: \d+ operations, .*\n", result.output
    )


def test_a_seed_that_fails_says_how_to_run_it_again(tmp_path: Path) -> None:
    with PLANTED[BUG].planted():
        result = run("--seed", "0", "--workload", "index")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("seed 0 FAILED: trace ")
    assert "and its index {" in lines[1]
    assert lines[-2] == "reproduce: python -m trinamo.sim --seed 0 --workload index --minutes 0.05"
    assert lines[-1] == f"trace: {tmp_path}/trinamo-seed-0-index.txt"
    story = (tmp_path / "trinamo-seed-0-index.txt").read_text()
    assert "PutItem" in story
    assert story.count("\n") > 1_000


def test_many_seeds_are_summed_up() -> None:
    result = run("--seeds", "0..4", "--workload", "counter")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "4 seeds, 0 failed: counter 4"
    assert re.fullmatch(r"operations: [\d,]+, \d+ of unknown outcome, \d+ refused", lines[1])
    assert lines[2].startswith("faults: ")
    assert lines[3].startswith("rare branches: ")
    assert re.fullmatch(r"elections: [1-9]\d*", lines[4])
    assert re.search(r"\d\.\d\d virtual hours in \d+ s: \d+ seeds a minute", lines[-1])


def test_one_of_many_fails() -> None:
    with PLANTED[BUG].planted():
        result = run("--seeds", "0..2", "--workload", "index")
    assert result.exit_code == 1
    assert "2 seeds, 2 failed: index 2" in result.output
    assert result.output.count("reproduce: ") == 2


def test_processes_find_the_same() -> None:
    every = [Settings(seed, chaos_s=1.0) for seed in range(3)]
    assert [report.digest for report in run_many(every, 2)] == [run_one(each).digest for each in every]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give either --seed or --seeds"),
        (("--seed", "1", "--seeds", "1..2"), "give either --seed or --seeds"),
        (("--seeds", "1-2"), "'1-2' is not of the form A..B"),
        (("--seeds", "2..2"), "there is no seed between A and B"),
        (("--seeds", "1..2", "--shrink"), "--trace and --shrink go with --seed"),
        (("--seed", "1", "--without", "1;2"), "'1;2' is not of the form N,N"),
        (("--seed", "1", "--workload", "chess"), "is not one of 'append'"),
    ],
)
def test_what_cannot_be_run(arguments: tuple[str, ...], complaint: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert complaint in result.output


def test_a_seed_is_run_twice() -> None:
    result = run("--seeds", "0..2", "--twice", "1")
    assert result.exit_code == 0
    assert "run twice: 2, of which 0 differ" in result.output


def test_what_does_not_replay_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that draws from other dice here than in a process of its own."""
    begin = Hub.__init__

    def other_dice(self: Hub, dice: random.Random, *rest: Any) -> None:
        begin(self, random.Random(77), *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Hub, "__init__", other_dice)
        difference = differing_event(run_one(Settings(0, chaos_s=3.0, workload="register")))
    assert difference is not None
    assert re.fullmatch(r"event \d+ is '.*', and under PYTHONHASHSEED=\d+ '.*'", difference)


def test_a_failure_shrinks() -> None:
    """What is asked at the beginning and the end is enough to find this bug: no user has to do anything."""
    with PLANTED[BUG].planted():
        result = run("--seed", "0", "--workload", "index", "--shrink")
        again = re.findall(r"reproduce: python -m trinamo.sim (.*)", result.output)[-1].split()
        repeated = CliRunner().invoke(sim, again)
    assert result.exit_code == repeated.exit_code == 1
    assert again[again.index("--mute") + 1] == "0,1,2,3,4,5"
    assert float(again[again.index("--minutes") + 1]) < 0.01
    assert CliRunner().invoke(sim, again).exit_code == 0, "without the bug the same plan passes"
