"""Claims about one core, fed by hand."""

import random
from collections.abc import Sequence

import attrs
import cbor2
import pytest

from trinamo.base import Index, NodeId, NotLeader, PartitionId, ProposalDropped, Term
from trinamo.raft import (
    Append,
    AppendAck,
    AppendReject,
    Entry,
    EntryKind,
    HardState,
    Heartbeat,
    HeartbeatAck,
    Leadership,
    Membership,
    PreVote,
    PreVoteReply,
    RaftConfig,
    RaftCore,
    RaftLog,
    RaftMessage,
    Ready,
    TimeoutNow,
    Vote,
    VoteReply,
)
from trinamo.wire import from_wire, to_wire

ME, A, B, C = NodeId("me"), NodeId("a"), NodeId("b"), NodeId("c")
THREE = Membership((A, B, ME))
TIMEOUT = 1.0
CONFIG = RaftConfig(node=ME, election_timeout_min=TIMEOUT, election_ticks=4, heartbeat_ticks=1)


def entry(index: int, term: int, payload: bytes = b"x") -> Entry:
    return Entry(Index(index), Term(term), EntryKind.DATA, payload)


def append(term: int, prev: int, prev_term: int, entries: Sequence[Entry] = (), commit: int = 0) -> Append:
    return Append(Term(term), Index(prev), Term(prev_term), Index(commit), tuple(entries))


def core(
    term: int = 0,
    entries: Sequence[Entry] = (),
    vote: NodeId | None = None,
    membership: Membership = THREE,
    config: RaftConfig = CONFIG,
    now: float = 0.0,
) -> RaftCore:
    hard_state = HardState(Term(term), vote)
    log = RaftLog(entries=list(entries))
    return RaftCore(config, PartitionId(1), log, hard_state, membership, random.Random(0), now)


def take(member: RaftCore) -> Ready:
    return member.ready()


def persist(member: RaftCore) -> Ready:
    """Take what is due and say that it is durable; return it with what followed."""
    ready = member.ready()
    if ready.entries:
        last = ready.entries[-1]
        member.persisted(last.index, last.term)
    return ready


def drain(member: RaftCore) -> None:
    """Carry out all duties, of which none is looked at."""
    while member.has_ready:
        committed = member.ready().committed
        if committed:
            member.applied_to(committed[-1].index)


def leader(config: RaftConfig = CONFIG, membership: Membership = THREE) -> RaftCore:
    """A leader of term 1 whose no-op is durable, sent and acknowledged by A, and its lease confirmed at 0."""
    member = core(membership=membership, config=config)
    member.campaign(0.0)
    persist(member)
    member.step(A, VoteReply(Term(1), True), 0.0)
    persist(member)
    member.step(A, HeartbeatAck(Term(1), 1), 0.0)
    member.step(A, AppendAck(Term(1), Index(1)), 0.0)
    assert member.commit == 1
    persist(member)
    return member


def sent(ready: Ready, kind: type[RaftMessage]) -> list[tuple[NodeId, RaftMessage]]:
    return [(to, message) for to, message in ready.messages if isinstance(message, kind)]


# -- votes ----------------------------------------------------------------------------------------------------


def test_member_votes_once_a_term() -> None:
    member = core(term=1, now=-TIMEOUT)
    member.step(A, Vote(Term(2), Index(0), Term(0)), 0.0)
    member.step(B, Vote(Term(2), Index(0), Term(0)), 0.0)
    ready = take(member)
    assert ready.hard_state == HardState(Term(2), A)
    assert ready.promises == [(A, VoteReply(Term(2), True)), (B, VoteReply(Term(2), False))]


def test_vote_survives_a_restart() -> None:
    member = core(term=2, vote=A)
    member.step(B, Vote(Term(2), Index(0), Term(0)), TIMEOUT)
    member.step(A, Vote(Term(2), Index(0), Term(0)), TIMEOUT)
    assert take(member).promises == [(B, VoteReply(Term(2), False)), (A, VoteReply(Term(2), True))]


def test_member_does_not_vote_for_a_shorter_log() -> None:
    member = core(term=3, entries=[entry(1, 1), entry(2, 3)])
    member.step(A, Vote(Term(4), Index(9), Term(2)), TIMEOUT)
    member.step(B, Vote(Term(4), Index(1), Term(3)), TIMEOUT)
    assert take(member).promises == [(A, VoteReply(Term(4), False)), (B, VoteReply(Term(4), False))]


def test_votes_and_requests_for_votes_are_promises() -> None:
    member = core()
    member.campaign(0.0)
    ready = take(member)
    assert ready.hard_state == HardState(Term(1), ME)
    assert not ready.messages
    assert [to for to, _ in ready.promises] == [A, B]


@pytest.mark.parametrize(("when", "granted"), [(TIMEOUT - 0.001, False), (TIMEOUT, True)])
def test_vote_is_withheld_after_a_leader_was_heard(when: float, granted: bool) -> None:
    member = core(term=1)
    member.step(A, Heartbeat(Term(1), Index(0), 1), 5.0)
    take(member)
    member.step(B, Vote(Term(2), Index(0), Term(0)), 5.0 + when)
    assert (member.term == 2) == granted
    assert (take(member).promises == [(B, VoteReply(Term(2), True))]) == granted


@pytest.mark.parametrize(("when", "granted"), [(TIMEOUT - 0.001, False), (TIMEOUT, True)])
def test_vote_is_withheld_after_a_start(when: float, granted: bool) -> None:
    member = core(term=1, now=7.0)
    member.step(B, Vote(Term(2), Index(0), Term(0)), 7.0 + when)
    assert (member.term == 2) == granted


def test_vote_is_withheld_after_entering_a_term_without_a_leader() -> None:
    member = core(term=1)
    member.step(A, Heartbeat(Term(1), Index(0), 1), 5.0)
    member.step(B, AppendReject(Term(2), Index(1), Index(0), Term(0)), 5.1)  # only tells of a higher term
    assert member.term == 2
    take(member)
    member.step(B, Vote(Term(2), Index(0), Term(0)), 5.2)
    assert take(member).promises == [(B, VoteReply(Term(2), False))]


def test_new_group_withholds_no_vote() -> None:
    member = core(term=0)
    member.step(A, Vote(Term(1), Index(0), Term(0)), 0.0)
    assert take(member).promises == [(A, VoteReply(Term(1), True))]


def test_vote_that_the_leader_asked_for_is_not_withheld() -> None:
    member = core(term=1)
    member.step(A, Heartbeat(Term(1), Index(0), 1), 5.0)
    take(member)
    member.step(B, Vote(Term(2), Index(0), Term(0), transfer=True), 5.0)
    assert take(member).promises == [(B, VoteReply(Term(2), True))]


def test_member_does_not_vote_for_itself_while_it_hears_a_leader() -> None:
    member = core(term=1)
    member.step(A, Heartbeat(Term(1), Index(0), 1), 5.0)
    take(member)
    member.campaign(5.0 + TIMEOUT - 0.001)
    for _ in range(100):  # a burst of late ticks
        member.tick(5.0 + TIMEOUT - 0.001)
    assert not take(member).messages
    member.tick(5.0 + TIMEOUT)
    assert [to for to, _ in sent(take(member), PreVote)] == [A, B]


def test_request_to_campaign_is_forgotten_when_a_leader_is_heard() -> None:
    member = core(term=1)
    member.campaign(0.5)
    member.step(A, Heartbeat(Term(1), Index(0), 1), 0.6)
    take(member)
    member.tick(0.6 + TIMEOUT)
    assert not take(member).messages


def test_leader_ignores_a_candidate() -> None:
    member = leader()
    member.step(B, Vote(Term(9), Index(9), Term(9)), 100.0)
    assert member.leads
    assert member.term == 1


def test_learner_neither_campaigns_nor_counts() -> None:
    learner = core(membership=Membership((A, B), (ME,)))
    learner.campaign(0.0)
    for tick in range(50):
        learner.tick(float(tick))
    learner.step(A, TimeoutNow(Term(0)), 50.0)
    assert not learner.has_ready

    candidate = core(membership=Membership((A, ME), (B,)))
    candidate.campaign(0.0)
    candidate.step(B, VoteReply(Term(1), True), 0.0)
    assert not candidate.leads
    candidate.step(A, VoteReply(Term(1), True), 0.0)
    assert candidate.leads


def test_outsider_asks_in_vain_as_a_replier_but_is_heard_as_a_leader() -> None:
    member = leader()
    member.step(C, AppendAck(Term(1), Index(1)), 0.0)
    member.step(C, HeartbeatAck(Term(9), 1), 0.0)
    assert member.leads
    member.step(C, Heartbeat(Term(9), Index(0), 1), 0.0)
    assert member.leader == C


# -- pre-vote -------------------------------------------------------------------------------------------------


def test_pre_vote_changes_no_term_and_says_whether_a_leader_is_heard() -> None:
    member = core(term=1)
    member.step(A, Heartbeat(Term(1), Index(0), 1), 5.0)
    take(member)
    member.step(B, PreVote(Term(2), Index(0), Term(0)), 5.5)
    member.step(B, PreVote(Term(2), Index(0), Term(0)), 5.0 + TIMEOUT)
    ready = take(member)
    assert ready.messages == [
        (B, PreVoteReply(Term(1), False, True, A)),
        (B, PreVoteReply(Term(2), True, False)),
    ]
    assert ready.hard_state is None
    assert not ready.promises


def test_pre_candidate_enters_its_term_only_with_a_quorum() -> None:
    member = core(term=1)
    member.campaign(TIMEOUT)
    assert member.term == 1
    member.step(A, PreVoteReply(Term(1), False, False), TIMEOUT)
    assert member.term == 1
    member.step(B, PreVoteReply(Term(2), True, False), TIMEOUT)
    assert member.term == 2
    assert [message for _, message in take(member).promises] == [Vote(Term(2), Index(0), Term(0))] * 2


def test_same_reply_twice_is_one_vote() -> None:
    member = core(membership=Membership((A, B, C, NodeId("d"), ME)))
    member.campaign(0.0)
    for _ in range(3):
        member.step(A, VoteReply(Term(1), True), 0.0)
    assert not member.leads


# -- following ------------------------------------------------------------------------------------------------


def test_acknowledgement_waits_for_the_write_and_speaks_of_what_was_compared() -> None:
    member = core(term=2, entries=[entry(1, 1), entry(2, 1), entry(3, 1)])
    member.step(A, append(2, 1, 1, [entry(2, 1)]), 0.0)
    ready = take(member)
    # The third entry was not compared: it may not be the leader's.
    assert ready.promises == [(A, AppendAck(Term(2), Index(2)))]
    assert not ready.messages
    assert not ready.entries


def test_conflicting_suffix_is_voided_before_it_is_overwritten() -> None:
    member = core(term=2, entries=[entry(1, 1), entry(2, 1), entry(3, 1)])
    member.step(A, append(2, 1, 1, [entry(2, 2)]), 0.0)
    ready = take(member)
    assert ready.void_from == 2
    assert ready.entries == [entry(2, 2)]
    assert member.last_index == 2
    assert not member.has_ready


def test_overwriting_what_was_never_handed_over_voids_nothing() -> None:
    member = core(term=1)
    member.step(A, append(1, 0, 0, [entry(1, 1), entry(2, 1)]), 0.0)
    member.step(B, append(2, 1, 1, [entry(2, 2)]), 0.0)
    ready = take(member)
    assert ready.void_from is None
    assert ready.entries == [entry(1, 1), entry(2, 2)]


def test_old_append_neither_truncates_nor_uncommits() -> None:
    member = core(term=1)
    member.step(A, append(1, 0, 0, [entry(1, 1), entry(2, 1), entry(3, 1)], commit=2), 0.0)
    take(member)
    member.step(A, append(1, 0, 0, [entry(1, 1)], commit=0), 0.0)
    assert (member.last_index, member.commit) == (3, 2)
    assert take(member).promises == [(A, AppendAck(Term(1), Index(2)))]


def test_append_across_the_commit_index_is_taken_whole() -> None:
    member = core(term=1)
    member.step(A, append(1, 0, 0, [entry(1, 1), entry(2, 1)], commit=2), 0.0)
    member.applied_to(take(member).committed[-1].index)
    member.compact(Index(2))
    member.step(A, append(1, 0, 0, [entry(1, 1), entry(2, 1), entry(3, 1)], commit=3), 0.0)
    ready = take(member)
    assert ready.entries == [entry(3, 1)]
    assert ready.promises == [(A, AppendAck(Term(1), Index(3)))]


def test_commit_reaches_only_as_far_as_the_comparison() -> None:
    member = core(term=2, entries=[entry(1, 1), entry(2, 1)])
    member.step(A, append(2, 1, 1, [], commit=2), 0.0)
    assert member.commit == 1


def test_append_of_an_older_term_is_answered_with_the_newer() -> None:
    member = core(term=3)
    member.step(A, append(2, 0, 0, [entry(1, 2)]), 0.0)
    member.step(A, Heartbeat(Term(2), Index(0), 7), 0.0)
    ready = take(member)
    assert [message.term for _, message in ready.messages] == [3, 3]
    assert not ready.entries
    assert member.leader is None


def test_heartbeat_is_acknowledged_at_once_unless_the_first_term_is_not_durable() -> None:
    restarted = core(term=1)
    restarted.step(A, Heartbeat(Term(2), Index(0), 4), 0.0)
    assert take(restarted).messages == [(A, HeartbeatAck(Term(2), 4))]

    new = core(term=0)
    new.step(A, Heartbeat(Term(1), Index(0), 4), 0.0)
    assert take(new).promises == [(A, HeartbeatAck(Term(1), 4))]
    new.step(A, append(1, 0, 0, [entry(1, 1)]), 0.0)
    persist(new)
    new.step(A, Heartbeat(Term(1), Index(0), 5), 0.0)
    assert take(new).messages == [(A, HeartbeatAck(Term(1), 5))]


# -- leading --------------------------------------------------------------------------------------------------


def test_leader_counts_itself_only_for_what_is_durable() -> None:
    member = leader(membership=Membership((A, ME)))
    proposed = member.propose(b"x")
    take(member)
    member.step(A, AppendAck(Term(1), proposed.index), 0.0)
    assert member.commit == 1
    member.persisted(proposed.index, proposed.term)
    assert member.commit == proposed.index


def test_news_of_an_older_term_being_durable_counts_for_nothing() -> None:
    member = core(term=1, entries=[entry(1, 1), entry(2, 1)], membership=Membership((A, ME)))
    member.campaign(TIMEOUT)
    member.step(A, PreVoteReply(Term(2), True, False), TIMEOUT)
    member.step(A, VoteReply(Term(2), True), TIMEOUT)
    take(member)
    member.step(A, AppendAck(Term(2), Index(3)), TIMEOUT)
    member.persisted(Index(2), Term(1))
    member.persisted(Index(3), Term(1))
    assert member.commit == 0
    member.persisted(Index(3), Term(2))
    assert member.commit == 3


def test_acknowledgements_may_be_doubled_late_and_out_of_order() -> None:
    member = leader()
    first, second = member.propose(b"x"), member.propose(b"y")
    take(member)
    for index in (second.index, first.index, second.index, Index(1), Index(0)):
        member.step(A, AppendAck(Term(1), index), 0.0)
    assert member.commit == 1
    member.persisted(second.index, second.term)
    assert member.commit == second.index
    member.step(A, AppendAck(Term(0), Index(99)), 0.0)


def test_what_is_proposed_between_two_readys_travels_together_in_one_shared_message() -> None:
    member = leader()
    member.step(B, AppendAck(Term(1), Index(1)), 0.0)
    proposed = [member.propose(b"%d" % i) for i in range(3)]
    appends = sent(take(member), Append)
    assert [to for to, _ in appends] == [A, B]
    assert appends[0][1] is appends[1][1]
    assert isinstance(appends[0][1], Append)
    assert list(appends[0][1].entries) == proposed
    assert not member.has_ready


def test_commit_alone_sends_nothing() -> None:
    member = leader()
    proposed = member.propose(b"x")
    persist(member)
    member.step(A, AppendAck(Term(1), proposed.index), 0.0)
    ready = take(member)
    assert list(ready.committed) == [proposed]
    assert not ready.messages


def test_heartbeat_tells_no_more_commit_than_the_peer_acknowledged() -> None:
    member = leader()
    member.tick(0.1)
    commits = {to: message.commit for to, message in take(member).messages if isinstance(message, Heartbeat)}
    assert commits == {A: 1, B: 0}


def test_uncommitted_bytes_are_bounded() -> None:
    member = leader(attrs.evolve(CONFIG, uncommitted_bytes_max=1000))
    first = member.propose(b"x" * 5000)  # one always fits
    with pytest.raises(ProposalDropped):
        member.propose(b"y")
    persist(member)
    member.step(A, AppendAck(Term(1), first.index), 0.0)
    assert member.propose(b"y").index == first.index + 1


def test_appends_in_flight_are_bounded() -> None:
    member = leader(attrs.evolve(CONFIG, inflight_max=2, append_bytes_max=1))
    for _ in range(5):
        member.propose(b"x")
    to_a = [message for to, message in sent(take(member), Append) if to == A]
    assert len(to_a) == 2
    member.step(A, AppendAck(Term(1), Index(2)), 0.0)
    to_a = [message for to, message in sent(take(member), Append) if to == A]
    assert len(to_a) == 1


def test_leader_that_hears_no_quorum_steps_down_and_drops_its_reads() -> None:
    member = leader()
    member.read_index(7, 0.0)
    for tick in range(2 * CONFIG.election_ticks):
        member.tick(float(tick))
    ready = take(member)
    assert ready.leadership == Leadership(Term(1), None, False)
    assert ready.dropped_reads == [7]
    with pytest.raises(NotLeader):
        member.propose(b"x")


def test_reply_of_a_higher_term_ends_leadership() -> None:
    member = leader()
    member.step(A, HeartbeatAck(Term(5), 1), 0.0)
    assert (member.leads, member.term) == (False, 5)
    assert take(member).hard_state == HardState(Term(5), None, Index(1))


def test_leadership_lost_and_won_again_shows_in_the_term() -> None:
    member = leader(membership=Membership((ME,)))
    member.step(A, Heartbeat(Term(5), Index(0), 1), 0.0)
    member.campaign(0.0)
    assert take(member).leadership == Leadership(Term(6), ME, True)


# -- leases, reads, transfer ----------------------------------------------------------------------------------


def test_lease_counts_from_the_beginning_of_the_confirmed_round() -> None:
    member = leader()
    member.tick(10.0)
    take(member)
    member.tick(10.5)
    take(member)
    member.step(A, HeartbeatAck(Term(1), 2), 10.6)  # of the round of 10.0
    assert member.lease_valid(10.0 + CONFIG.lease - 0.001)
    assert not member.lease_valid(10.0 + CONFIG.lease)
    member.step(A, HeartbeatAck(Term(1), 3), 11.4)
    assert not member.lease_valid(10.5 + CONFIG.lease)


def test_no_lease_before_an_entry_of_the_own_term_is_committed() -> None:
    member = core()
    member.campaign(0.0)
    member.step(A, VoteReply(Term(1), True), 0.0)
    take(member)
    member.step(A, HeartbeatAck(Term(1), 1), 0.0)
    assert not member.lease_valid(0.0)
    member.persisted(Index(1), Term(1))
    member.step(A, AppendAck(Term(1), Index(1)), 0.0)
    assert member.lease_valid(0.0)


def test_lease_is_gone_for_the_term_once_timeout_now_was_sent() -> None:
    member = leader()
    assert member.lease_valid(0.0)
    member.transfer(A, 0.0)
    assert sent(take(member), TimeoutNow) == [(A, TimeoutNow(Term(1)))]
    assert not member.lease_valid(0.0)
    for tick in range(1, CONFIG.election_ticks + 1):
        member.tick(tick * 0.01)
        member.step(A, HeartbeatAck(Term(1), tick + 1), tick * 0.01)
    assert member.propose(b"the hand-over was given up").term == 1
    take(member)
    assert not member.lease_valid(0.05)


def test_read_joins_a_round_only_before_it_leaves() -> None:
    member = leader()
    member.read_index(1, 0.0)
    member.read_index(2, 0.0)
    rounds = {message.round for _, message in sent(take(member), Heartbeat) if isinstance(message, Heartbeat)}
    assert rounds == {2}
    member.read_index(3, 0.0)
    take(member)
    member.step(B, HeartbeatAck(Term(1), 2), 0.0)
    assert take(member).reads == [(1, 1), (2, 1)]
    member.step(B, HeartbeatAck(Term(1), 3), 0.0)
    assert take(member).reads == [(3, 1)]


def test_read_of_a_new_leader_waits_for_its_no_op() -> None:
    member = core(term=1, entries=[entry(1, 1), entry(2, 1)])
    member.campaign(TIMEOUT)
    member.step(A, PreVoteReply(Term(2), True, False), TIMEOUT)
    member.step(A, VoteReply(Term(2), True), TIMEOUT)
    member.read_index(1, TIMEOUT)
    take(member)
    member.step(A, HeartbeatAck(Term(2), 1), TIMEOUT)
    assert take(member).reads == [(1, 3)]


def test_change_of_membership_voids_the_lease() -> None:
    member = leader()
    member.tick(0.1)
    take(member)
    member.propose_membership(Membership((A, B, C, ME)))
    assert not member.lease_valid(0.1)
    take(member)
    member.step(A, HeartbeatAck(Term(1), 2), 0.1)  # begun under the old membership
    member.step(B, HeartbeatAck(Term(1), 2), 0.1)
    assert not member.lease_valid(0.1)
    member.tick(0.2)
    take(member)
    member.step(A, HeartbeatAck(Term(1), 3), 0.2)
    member.step(B, HeartbeatAck(Term(1), 3), 0.2)
    assert member.lease_valid(0.2)


# -- snapshots, restarts --------------------------------------------------------------------------------------


def test_snapshot_is_refused_where_the_log_holds_its_position() -> None:
    member = core(term=2, entries=[entry(1, 1), entry(2, 2), entry(3, 2)])
    assert not member.accepts_snapshot(A, Term(1), Index(9), Term(1), 0.0)
    assert member.leader is None
    assert not member.accepts_snapshot(A, Term(2), Index(2), Term(2), 0.0)
    assert (member.commit, member.status().leader) == (2, A)
    assert member.accepts_snapshot(A, Term(2), Index(3), Term(1), 0.0)
    assert member.accepts_snapshot(A, Term(2), Index(7), Term(2), 0.0)


def test_restored_member_goes_on_behind_the_snapshot() -> None:
    member = core(term=1, entries=[entry(1, 1)])
    assert member.accepts_snapshot(A, Term(2), Index(7), Term(2), 0.0)
    member.restore(Index(7), Term(2), Membership((A, ME)))
    assert member.membership == Membership((A, ME))
    member.step(A, append(2, 7, 2, [entry(8, 2)], commit=8), 0.0)
    ready = take(member)
    assert list(ready.committed) == list(ready.entries) == [entry(8, 2)]
    assert ready.void_from is None


def test_restarted_member_whose_state_outlived_its_log_begins_there() -> None:
    log = RaftLog.recovered(Index(1), Term(1), [entry(2, 1)], Index(5), Term(3))
    assert (log.truncated_index, log.truncated_term, log.last_index) == (5, 3, 5)
    member = RaftCore(CONFIG, PartitionId(1), log, HardState(Term(2), A), THREE, random.Random(0), 0.0)
    # The term of what was applied never became durable here, so no vote of ours in it can have left.
    assert member.term == 3
    assert member.vote is None
    assert take(member).hard_state == HardState(Term(3), None, Index(5))


def test_restarted_member_applies_what_it_knew_to_be_committed() -> None:
    entries = [entry(1, 1), entry(2, 1), entry(3, 1)]
    log = RaftLog.recovered(Index(0), Term(0), entries, Index(1), Term(1), commit=Index(2))
    member = RaftCore(CONFIG, PartitionId(1), log, HardState(Term(1)), THREE, random.Random(0), 0.0)
    assert take(member).committed == [entry(2, 1)]


def test_storage_that_lost_applied_state_is_refused() -> None:
    with pytest.raises(ValueError, match="below the truncated index"):
        RaftLog.recovered(Index(5), Term(1), [], Index(4), Term(1))


def test_overwritten_change_of_membership_is_undone() -> None:
    four = Membership((A, B, C, ME))
    change = Entry(Index(2), Term(1), EntryKind.CONFIG, four.encode())
    member = core(term=1, entries=[entry(1, 1), change])
    assert member.membership == four
    member.step(A, append(2, 1, 1, [entry(2, 2)]), 0.0)
    assert member.membership == THREE


def test_truncation_keeps_the_membership_in_force() -> None:
    four = Membership((A, B, C, ME))
    member = core(term=1)
    change = Entry(Index(2), Term(1), EntryKind.CONFIG, four.encode())
    member.step(A, append(1, 0, 0, [entry(1, 1), change, entry(3, 1)], commit=3), 0.0)
    take(member)
    member.applied_to(Index(3))
    assert member.membership_at(Index(1)) == THREE
    member.compact(Index(2))
    assert member.membership_at(Index(2)) == four
    assert member.membership == four


# -- the rest -------------------------------------------------------------------------------------------------


def test_idle_core_has_no_duties() -> None:
    member = leader()
    assert not member.has_ready
    assert not core(term=3).has_ready


def test_ready_never_changes_after_it_was_handed_over() -> None:
    member = leader()
    first = take(member)
    member.propose(b"x")
    member.tick(0.1)
    member.read_index(1, 0.1)
    take(member)
    member.step(A, HeartbeatAck(Term(9), 2), 0.1)
    later = [first.messages, first.promises, first.entries, first.reads, first.dropped_reads]
    assert not any(later)


@pytest.mark.parametrize(
    "message",
    [
        append(3, 1, 2, [entry(2, 3), Entry(Index(3), Term(3), EntryKind.NOOP, b"")], commit=1),
        AppendAck(Term(3), Index(4)),
        AppendReject(Term(3), Index(4), Index(2), Term(1)),
        Heartbeat(Term(3), Index(4), 9),
        HeartbeatAck(Term(3), 9),
        PreVote(Term(4), Index(4), Term(3)),
        PreVoteReply(Term(4), True, False),
        PreVoteReply(Term(3), False, True, A),
        Vote(Term(4), Index(4), Term(3), transfer=True),
        VoteReply(Term(4), False),
        TimeoutNow(Term(3)),
        THREE,
    ],
)
def test_message_crosses_the_wire_unchanged(message: RaftMessage) -> None:
    assert from_wire(cbor2.loads(cbor2.dumps(to_wire(message)))) == message


def test_status_and_repr_fit_a_log() -> None:
    member = leader()
    assert repr(member) == "<RaftCore me/p1 leader term=1 last=1 commit=1 applied=0>"
    status = member.status()
    assert (status.role, status.leader, status.commit) == ("leader", ME, 1)
    assert [(peer.node, peer.match) for peer in status.peers] == [(A, 1), (B, 0)]


def test_config_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="heartbeat_ticks"):
        RaftConfig(node=ME, election_timeout_min=1.0, election_ticks=2, heartbeat_ticks=2)
    with pytest.raises(ValueError, match="drift_max"):
        RaftConfig(node=ME, election_timeout_min=1.0, drift_max=1.0)


def test_a_heartbeat_without_news_may_be_taken_by_hearing_it() -> None:
    stepped, heard = core(term=1, now=-9.0), core(term=1, now=-9.0)
    for member in (stepped, heard):
        member.step(A, append(1, 0, 0, [entry(1, 1)], commit=1), 0.0)
        drain(member)
        member.persisted(Index(1), Term(1))
        for _ in range(3):
            member.tick(0.5)
    stepped.step(A, Heartbeat(Term(1), Index(1), 7), 0.5)
    assert heard.heard(A, 1, 1, 0.5)
    assert [message for _, message in stepped.ready().messages] == [HeartbeatAck(Term(1), 7)]
    assert not heard.has_ready
    assert stepped.status() == heard.status()
    for member in (stepped, heard):  # both count their ticks anew, and withhold their votes anew
        member.tick(1.2)
        member.step(B, PreVote(Term(2), Index(9), Term(1)), 1.2)
        assert [reply for _, reply in member.ready().messages] == [PreVoteReply(Term(1), False, True, A)]


@pytest.mark.parametrize(("leader", "term", "commit"), [(B, 1, 1), (A, 2, 1), (A, 0, 1), (A, 1, 2)], ids=repr)
def test_a_heartbeat_with_news_must_be_stepped(leader: NodeId, term: int, commit: int) -> None:
    member = core(term=1)
    member.step(A, append(1, 0, 0, [entry(1, 1), entry(2, 1)], commit=1), 0.0)
    drain(member)
    assert not member.heard(leader, term, commit, 0.5)


def test_who_does_not_follow_must_step_heartbeats() -> None:
    assert not core(term=1).heard(A, 1, 0, 0.5)


@pytest.mark.parametrize("seed", range(20))
def test_voters_who_miss_their_leader_together_campaign_one_after_the_other(seed: int) -> None:
    dice, campaigned = random.Random(seed), {}
    for node in THREE.voters:
        config = attrs.evolve(CONFIG, node=node)
        member = RaftCore(config, PartitionId(1), RaftLog(), HardState(Term(1)), THREE, dice, 0.0)
        campaigned[node] = next(tick for tick in range(100) if member.tick(10.0 + tick))
    assert len(set(campaigned.values())) == len(THREE.voters)
