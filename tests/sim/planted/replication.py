"""Bugs in elections, replication, leases, evaluation, storage, links and routing. They are looked for in one partition alone."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from sim.planted.planting import plant
from trinamo.actor import Envelope
from trinamo.actor.system import Link, Received
from trinamo.base import Index, NodeId, OutcomeUnknown, Term
from trinamo.lsm import AppliedState, GroupCommit, Kind, Store
from trinamo.lsm.crashable import CrashableEngine
from trinamo.lsm.snapshot import ReplicaSnapshot
from trinamo.lsm.store import DataBatch
from trinamo.partition.bounds import Bounds
from trinamo.partition.host import Host
from trinamo.partition.messages import Get
from trinamo.partition.replica import Replica
from trinamo.raft import HardState, RaftConfig, RaftCore, RaftLog
from trinamo.raft import storage as raft_storage
from trinamo.raft.leader import Leader
from trinamo.raft.messages import Append, AppendReject, Heartbeat, Vote, VoteReply
from trinamo.raft.reads import Rounds
from trinamo.world import Family

# -- Raft: elections ------------------------------------------------------------------------------------------


@plant("votes twice in a term")
def _votes_twice(patch: pytest.MonkeyPatch) -> None:
    def on_vote(self: RaftCore, sender: NodeId, message: Vote, now: float) -> None:
        granted = self.log.up_to_date(message.last_index, message.last_term)
        self._duties.promises.append((sender, VoteReply(self.term, granted)))

    patch.setattr(RaftCore, "_on_vote", on_vote)


@plant("votes for who has less in its log")
def _votes_for_less(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RaftLog, "up_to_date", lambda self, index, term: True)


@plant("votes although it hears a leader")
def _votes_soon(patch: pytest.MonkeyPatch) -> None:
    """So a lease may outlive its leadership."""
    patch.setattr(RaftCore, "_withheld", lambda self, now: isinstance(self.role, Leader))


@plant("forgets its vote when it restarts")
def _forgets_vote(patch: pytest.MonkeyPatch) -> None:
    read = raft_storage._read_hard_state

    def forget(store: Store, partition: Any) -> HardState:
        return attrs.evolve(read(store, partition), vote=None)

    patch.setattr(raft_storage, "_read_hard_state", forget)


@plant("forgets its term when it restarts")
def _forgets_term(patch: pytest.MonkeyPatch) -> None:
    read = raft_storage._read_hard_state

    def forget(store: Store, partition: Any) -> HardState:
        return attrs.evolve(read(store, partition), term=Term(0), vote=None)

    patch.setattr(raft_storage, "_read_hard_state", forget)


@plant("wins with one vote")
def _wins_with_one(patch: pytest.MonkeyPatch) -> None:
    from trinamo.raft.membership import Membership

    patch.setattr(Membership, "quorum", property(lambda self: 1))


# -- Raft: replication ----------------------------------------------------------------------------------------


@plant("commits entries of older terms by counting")
def _commits_older_terms(patch: pytest.MonkeyPatch) -> None:
    """Figure 8 of the Raft paper."""

    def count(self: Leader) -> None:
        matches = sorted([progress.match for progress in self._voters])
        index = matches[-self._quorum]
        if index > self._log.commit:
            self._log.commit = index

    patch.setattr(Leader, "_count", count)


@plant("takes entries without looking at what precedes them")
def _no_comparison(patch: pytest.MonkeyPatch) -> None:
    def on_append(self: RaftCore, sender: NodeId, message: Append, now: float) -> None:
        self._hear(sender, message.term, now)
        log, entries = self.log, message.entries
        if message.prev_index > log.last_index:
            self._send(sender, AppendReject(self.term, message.prev_index, log.last_index, log.last_term))
            return
        match = Index(message.prev_index + len(entries))
        if message.prev_index < log.commit:
            entries = entries[log.commit - message.prev_index :]
            match = max(match, log.commit)
        if entries:
            self._take(entries)
        log.commit = max(log.commit, min(message.commit, match))
        self._acknowledge(sender, match)

    patch.setattr(RaftCore, "_on_append", on_append)


@plant("follows the leader's commit beyond what it holds of it")
def _commits_beyond(patch: pytest.MonkeyPatch) -> None:
    def on_heartbeat(self: RaftCore, sender: NodeId, message: Heartbeat, now: float) -> None:
        self._hear(sender, message.term, now)
        self.log.commit = max(self.log.commit, min(message.commit, self.log.last_index))
        from trinamo.raft.messages import HeartbeatAck

        self._duties.messages.append((sender, HeartbeatAck(self.term, message.round)))

    def send_round(self: Leader, messages: list[Any]) -> None:
        self.rounds.unsent = False
        for peer in self.peers:
            messages.append((peer, Heartbeat(self.term, self._log.commit, self.rounds.round)))

    patch.setattr(RaftCore, "_on_heartbeat", on_heartbeat)
    patch.setattr(Leader, "_send_round", send_round)


@plant("acknowledges before a quorum")
def _acknowledges_early(patch: pytest.MonkeyPatch) -> None:
    propose = Replica._propose

    def propose_and_answer(self: Replica, effects: Any, olds: Any, overlay: Any, answers: Any) -> None:
        propose(self, effects, olds, overlay, answers)
        for reply, answer in answers:
            reply.resolve(answer)

    patch.setattr(Replica, "_propose", propose_and_answer)


@plant("applies what is not committed")
def _applies_early(patch: pytest.MonkeyPatch) -> None:
    take = RaftCore._take

    def take_and_commit(self: RaftCore, entries: Any) -> None:
        take(self, entries)
        self.log.commit = self.log.last_index

    patch.setattr(RaftCore, "_take", take_and_commit)


@plant("keeps what is in flight when it leads anew")
def _keeps_flight(patch: pytest.MonkeyPatch) -> None:
    on_leadership, drop = Replica._on_leadership, Replica._drop

    def keep(self: Replica, ready: Any) -> None:
        flight = dict(self._flight)
        on_leadership(self, ready)
        self._flight.update(flight)

    def drop_but_flight(self: Replica, error: Any) -> None:
        flight = dict(self._flight)
        drop(self, error)
        self._flight.update(flight)

    patch.setattr(Replica, "_on_leadership", keep)
    patch.setattr(Replica, "_drop", drop_but_flight)


@plant("answers as done what another leader's entry replaced")
def _answers_replaced(patch: pytest.MonkeyPatch) -> None:
    def answer(self: Replica, entries: Any) -> None:
        for entry in entries:
            while self._waiting and self._waiting[0].index <= entry.index:
                for reply, value in self._waiting.popleft().answers:
                    reply.resolve(value)

    def on_leadership(self: Replica, ready: Any) -> None:
        self._host.led(self)

    patch.setattr(Replica, "_answer_applied", answer)
    patch.setattr(Replica, "_on_leadership", on_leadership)


# -- reads and leases -----------------------------------------------------------------------------------------


@plant("serves reads when deposed")
def _serves_when_deposed(patch: pytest.MonkeyPatch) -> None:
    on_read = Replica._on_read

    def serve(self: Replica, envelope: Envelope, now: float) -> None:
        message, reply = envelope.message, envelope.reply
        if self.core.leads:
            self.__dict__["has_led"] = True
        if "has_led" in self.__dict__ and isinstance(message, Get) and reply is not None:
            reply.resolve(self._found(message))
        else:
            on_read(self, envelope, now)

    patch.setattr(Replica, "_on_read", serve)


@plant("serves strong reads anywhere")
def _serves_anywhere(patch: pytest.MonkeyPatch) -> None:
    on_read = Replica._on_read

    def serve(self: Replica, envelope: Envelope, now: float) -> None:
        if isinstance(envelope.message, Get) and envelope.reply is not None:
            envelope.reply.resolve(self._found(envelope.message))
        else:
            on_read(self, envelope, now)

    patch.setattr(Replica, "_on_read", serve)


@plant("counts its lease without end")
def _endless_lease(patch: pytest.MonkeyPatch) -> None:
    """As long as it thinks that it leads, which a leader that is cut off does for a while."""
    patch.setattr(
        Leader,
        "lease_valid",
        lambda self, now: self.settled and self.rounds.lease_start is not None,
    )


@plant("counts its lease from the answer")
def _late_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RaftConfig, "lease", property(lambda self: 2.2 * self.election_timeout_min))


@plant("confirms reads without asking anybody")
def _unconfirmed(patch: pytest.MonkeyPatch) -> None:
    def confirm(self: Replica, reply: Any, answer: Any) -> None:
        answer()

    patch.setattr(Replica, "_confirm", confirm)


@plant("reads before its own term is committed")
def _reads_unsettled(patch: pytest.MonkeyPatch) -> None:
    """A new leader may not know yet what its predecessor committed."""
    patch.setattr(Leader, "settled", property(lambda self: True))
    patch.setattr(
        Leader,
        "read_index",
        lambda self, context, now: self.rounds.join(context, self._log.commit, now),
    )


# -- evaluation and batches -----------------------------------------------------------------------------------


@plant("refuses before commit")
def _refuses_early(patch: pytest.MonkeyPatch) -> None:
    def answer(self: Replica, answers: Any, now: float) -> None:
        for reply, message in answers:
            reply.resolve(message)

    patch.setattr(Replica, "_answer_without_effect", answer)


@plant("evaluates without what is in flight")
def _evaluates_applied(patch: pytest.MonkeyPatch) -> None:
    current = Replica._current

    def applied(self: Replica, key: bytes, kind: Kind = Kind.ITEM) -> Any:
        flight, self._flight = self._flight, {}
        found = current(self, key, kind)
        self._flight = flight
        return found

    patch.setattr(Replica, "_current", applied)


@plant("evaluates a batch without its own beginning")
def _evaluates_apart(patch: pytest.MonkeyPatch) -> None:
    evaluate = Replica._evaluate

    def apart(self: Replica, message: Any, reply: Any, overlay: Any, effects: Any, olds: Any) -> Any:
        mine: dict[bytes, Any] = {}
        answer = evaluate(self, message, reply, mine, effects, olds)
        overlay.update(mine)
        return answer

    patch.setattr(Replica, "_evaluate", apart)


def _short_logs(patch: pytest.MonkeyPatch) -> None:
    bounds = Bounds(log_entries_max=4, log_entries_kept=0)
    patch.setattr(Host, "bounds", property(lambda self: bounds, lambda self, _: None), raising=False)


# -- storage and recovery -------------------------------------------------------------------------------------


@plant("promises before it is durable")
def _promises_early(patch: pytest.MonkeyPatch) -> None:
    submit = GroupCommit.submit

    def submit_and_be_done(
        self: GroupCommit, partition: Any, incarnation: Any, fill: Any, done: Any, failed: Any, *rest: Any
    ) -> None:
        submit(self, partition, incarnation, fill, lambda: None, failed, *rest)
        done()

    patch.setattr(GroupCommit, "submit", submit_and_be_done)


@plant("says that it synced and did not")
def _lies_of_sync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CrashableEngine, "sync", lambda self: None)


@plant("cuts its log beyond what is durable")
def _cuts_too_much(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "durable", lambda self, partition: self.applied(partition).index)
    _short_logs(patch)
    patch.setattr(Replica, "_log_is_long", lambda self: len(self.core.log) > 4)


@plant("forgets the end of its log when it restarts")
def _forgets_tail(patch: pytest.MonkeyPatch) -> None:
    read = raft_storage.read_entries

    def shorter(store: Any, record: Any) -> Any:
        entries = read(store, record)
        keep = max(0, store.applied(record.partition).index - record.truncated_index)
        return entries[: max(keep, len(entries) - 2)]

    def raise_nothing(state: Any, applied: Any, entries: Any, record: Any) -> HardState:
        return HardState(
            Term(max(state.term, applied.term, record.truncated_term)), state.vote, Index(applied.index)
        )

    patch.setattr(raft_storage, "read_entries", shorter)
    patch.setattr(raft_storage, "_raise_hard_state", raise_nothing)


@plant("says how far it has applied before it has")
def _tells_early(patch: pytest.MonkeyPatch) -> None:
    """The applied index is written in a batch of its own, and a crash may come in between."""

    def commit(self: DataBatch, applied: AppliedState) -> None:
        first = self._engine.batch(Family.DATA)
        first.put(self._prefixes[Kind.APPLIED], applied.encode())
        self._engine.write(first)
        self._engine.write(self._batch)
        self._progress.applied = applied.index

    patch.setattr(DataBatch, "commit", commit)


@plant("leaves what a new leader's entries replaced in its log")
def _keeps_void_suffix(patch: pytest.MonkeyPatch) -> None:
    append = raft_storage.GroupLog.append

    def keep(self: Any, batch: Any, entries: Any) -> None:
        self.last, last = min(self.last, entries[-1].index), self.last
        append(self, batch, entries)
        self.last = max(last, self.last)

    patch.setattr(raft_storage.GroupLog, "append", keep)


@plant("loses rows of a snapshot")
def _loses_rows(patch: pytest.MonkeyPatch) -> None:
    """Followers that were away are brought up by snapshots here, since logs are kept short."""
    _short_logs(patch)
    patch.setattr(Replica, "_log_is_long", lambda self: len(self.core.log) > 8)
    patch.setattr(Replica, "wants_flush", property(lambda self: len(self.core.log) > 8))
    read_rows = ReplicaSnapshot._read_rows

    def but_the_first(self: ReplicaSnapshot) -> Iterator[tuple[bytes, bytes]]:
        rows = read_rows(self)
        next(rows, None)
        yield from rows

    patch.setattr(ReplicaSnapshot, "_read_rows", but_the_first)


# -- links and routing ----------------------------------------------------------------------------------------


@plant("takes frames twice")
def _takes_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Received, "is_new", lambda self, number: True)


@plant("asks again what may have been done")
def _asks_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OutcomeUnknown, "retryable", True)


@plant("gives an answer to the next who waits")
def _gives_to_next(patch: pytest.MonkeyPatch) -> None:
    """An ask's number is used again while its answer is still on the way."""
    ask = Link.ask

    def ask_with_few_numbers(self: Link, name: Any, message: Any, reply: Any) -> None:
        self._next_id %= 3
        ask(self, name, message, reply)

    patch.setattr(Link, "ask", ask_with_few_numbers)


@plant("confirms rounds that nobody answered")
def _confirms_alone(patch: pytest.MonkeyPatch) -> None:
    begin = Rounds.begin

    def begin_and_count(self: Rounds, now: float) -> None:
        begin(self, now)
        self.lease_start = now

    patch.setattr(Rounds, "begin", begin_and_count)
