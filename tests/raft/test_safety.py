"""Random runs keep every promise of Raft; a core with a planted bug is caught by the same runs."""

from pathlib import Path
from typing import Any

import pytest

from raft.chaos import Chaos
from raft.simulation import Simulation, Violation
from raft.test_scripts import replay
from trinamo.base import Index, NodeId
from trinamo.raft import Append, AppendAck, Entry, EntryKind, Leader, RaftConfig, RaftCore, Vote
from trinamo.raft.log import RaftLog, size

SECONDS = 6.0
SEEDS_MAX = 600
STEPS = 1000
CHAOS_SEEDS_MAX = 3000


@pytest.mark.parametrize("block", range(5))
def test_promises_hold_in_any_order(block: int) -> None:
    elections = 0
    for seed in range(60 * block, 60 * (block + 1)):
        chaos = Chaos(seed)
        chaos.run(STEPS)
        elections += len(chaos.checker.leaders)
    assert elections > 30


@pytest.mark.parametrize("seed", range(30))
def test_promises_hold_under_faults(seed: int) -> None:
    simulation = Simulation(seed)
    simulation.run(SECONDS)
    assert simulation.checker.committed > 0


@pytest.mark.soak
@pytest.mark.parametrize("block", range(20))
def test_promises_hold_under_faults_for_many_seeds(block: int) -> None:
    for seed in range(1000 + 100 * block, 1100 + 100 * block):
        Simulation(seed).run(SECONDS)


def test_runs_check_reads_and_survive_elections() -> None:
    checkers = []
    for seed in range(5):
        simulation = Simulation(seed)
        simulation.run(SECONDS)
        checkers.append(simulation.checker)
    assert sum(checker.reads_checked for checker in checkers) > 500
    assert sum(len(checker.leaders) for checker in checkers) > 10


# -- planted bugs ---------------------------------------------------------------------------------------------


class VotesTwice(RaftCore):
    """Forgets its vote before it answers a request."""

    def _on_vote(self, sender: NodeId, message: Vote, now: float) -> None:
        self.vote = None
        super()._on_vote(sender, message, now)


class AcksBeforePersisting(RaftCore):
    """Lets acknowledgements leave at once."""

    def _acknowledge(self, leader: NodeId, match: Index) -> None:
        self._send(leader, AppendAck(self.term, match))


class VotesBeforePersisting(RaftCore):
    """Lets votes leave at once."""

    def _on_vote(self, sender: NodeId, message: Vote, now: float) -> None:
        kept = self._duties.promises
        self._duties.promises = self._duties.messages
        super()._on_vote(sender, message, now)
        self._duties.promises = kept


class WithholdsNoVotes(RaftCore):
    """Votes although it hears a leader, or just started."""

    def _withheld(self, now: float) -> bool:
        return False


class ForgetsWhomItHeardAtRestart(RaftCore):
    """Votes right after it started."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._heard_at = float("-inf")


class TakesAnyPrefix(RaftCore):
    """Appends without looking at what precedes."""

    def _on_append(self, sender: NodeId, message: Append, now: float) -> None:
        log = self.log
        prev = min(message.prev_index, log.last_index)
        if message.prev_index <= log.last_index:
            message = Append(
                message.term, prev, log.term(max(prev, log.truncated_index)), message.commit, message.entries
            )
        super()._on_append(sender, message, now)


def count_any_ack(leader: Leader) -> None:
    """Commits what the leader holds with one other, or alone."""
    _commit(leader, max(progress.match for progress in leader._voters))


def count_older_terms(leader: Leader) -> None:
    """Commits entries of older terms by counting (Raft, figure 8)."""
    _commit(leader, sorted(progress.match for progress in leader._voters)[-leader._quorum])


def _commit(leader: Leader, index: Index) -> None:
    log = leader._log
    if index > log.commit:
        leader._uncommitted -= size(log.slice(Index(log.commit + 1), Index(index + 1)))
        log.commit = index


def caught_by_chaos(known: int, core_class: type[RaftCore] = RaftCore) -> bool:
    """Whether one of many runs fails by an assertion: the checker's, or the core's own.

    `known` is a seed that once found the bug. It is tried first; where a change has made another run of it, the
    others are to find the bug as well.
    """
    return any(fails(Chaos(seed, core_class)) for seed in [known, *range(CHAOS_SEEDS_MAX)])


def caught_in_time(known: int, core_class: type[RaftCore] = RaftCore) -> bool:
    """The same for bugs that need clocks."""
    return any(fails(Simulation(seed, core_class)) for seed in [known, *range(SEEDS_MAX)])


def fails(run: Chaos | Simulation) -> bool:
    try:
        if isinstance(run, Chaos):
            run.run(STEPS)
        else:
            run.run(SECONDS)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize(
    ("core_class", "known"),
    [
        (VotesTwice, 493),
        (AcksBeforePersisting, 19),
        (VotesBeforePersisting, 29),
        (TakesAnyPrefix, 68),
    ],
)
def test_planted_bug_of_a_member_is_caught(core_class: type[RaftCore], known: int) -> None:
    assert caught_by_chaos(known, core_class)


@pytest.mark.parametrize(
    ("core_class", "known"), [(WithholdsNoVotes, 15), (ForgetsWhomItHeardAtRestart, 128)]
)
def test_planted_bug_in_withholding_is_caught(core_class: type[RaftCore], known: int) -> None:
    assert caught_in_time(known, core_class)


def test_vote_for_a_shorter_log_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RaftLog, "up_to_date", lambda log, last_index, last_term: True)
    assert caught_by_chaos(0)


def test_counting_less_than_a_quorum_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leader, "_count", count_any_ack)
    assert caught_by_chaos(0)


def test_counting_entries_of_older_terms_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    # Random runs meet figure 8 once in some thousands; the script plays it.
    figure_8 = (Path(__file__).parent / "testdata" / "figure_8.txt").read_text()
    replay(figure_8)
    monkeypatch.setattr(Leader, "_count", count_older_terms)
    with pytest.raises(Violation):
        replay(figure_8)


def test_leader_that_counts_itself_too_early_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Leader._append

    def append(leader: Leader, kind: EntryKind, payload: bytes, cost: int) -> Entry:
        entry = original(leader, kind, payload, cost)
        leader._me.match = entry.index
        return entry

    monkeypatch.setattr(Leader, "_append", append)
    assert caught_by_chaos(61)


def test_lease_that_lasts_too_long_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RaftConfig, "lease", property(lambda config: config.election_timeout_min * 1.5))
    assert caught_in_time(3)


def test_lease_kept_through_a_transfer_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Leader.lease_valid

    def valid(leader: Leader, now: float) -> bool:
        leader.rounds.lease_forfeited = False
        return original(leader, now)

    monkeypatch.setattr(Leader, "lease_valid", valid)
    assert caught_in_time(511)


def test_read_index_without_a_round_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(leader: Leader, context: int, now: float) -> None:
        leader._duties.reads.append((context, leader._log.commit))

    monkeypatch.setattr(Leader, "read_index", answer)
    assert caught_by_chaos(0)
