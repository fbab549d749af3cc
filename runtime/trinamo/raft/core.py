"""Raft for one group on one member, without clock, dice, network or disk: facts in, duties out.

    core.tick(now); core.step(sender, message, now); core.propose(payload)     facts
    if core.has_ready: carry_out(core.ready())                                 duties, ready.py has their order
    core.persisted(index, term); core.applied_to(index)                        facts about the duties

Diego Ongaro's thesis (2014) is the reference, etcd's core the model of the shape. What holds:

1. One vote a term, durable before it is answered; an append is acknowledged when it is durable; the leader counts
   itself for what is durable (`promises` and `persisted`). The logical member is ahead of the durable one, and a
   crash throws it back to a moment before anything it has promised.
2. Only entries of the leader's own term are committed by counting (5.4.2). A new leader opens its term with a no-op.
3. A candidate first asks whether it would be voted for (pre-vote, 9.6); the reply says whether it is refused
   because a leader is heard. A leader that does not hear a quorum within `election_ticks` steps down.
4. No vote, not even for itself, within `election_timeout_min` seconds of last hearing a leader, nor within that
   time of the start, when what was heard before is forgotten. Excepted: members at term 0, who promised nothing;
   the only voter of a group; and a vote that the leader itself asked for by TimeoutNow. Measured by `now`.
5. Hence leases (reads.py). What a member heard counts whatever term it enters since.
6. Who is not a member is obeyed as a leader and answered as a candidate, since the log may lag behind its
   membership (thesis 4.2.2), but its replies count for nothing.
7. A heartbeat is acknowledged at once, though it promises to withhold votes: a restart withholds them again. But a
   member whose first term is not durable could come back at term 0, and so lets its acknowledgements wait.
8. Replies of a higher term make a leader or candidate step down, so that a member whose term ran ahead, and which
   ignores the leader for it, is brought back by an election.

`now` is this node's monotonic clock in seconds, read *after* the message at hand was received.
"""

from trinamo.base import Index, NodeId, NotLeader, Term
from trinamo.raft.elections import Elector
from trinamo.raft.entry import Entry, EntryKind, HardState
from trinamo.raft.following import Acceptor
from trinamo.raft.leader import Leader
from trinamo.raft.membership import Membership, Memberships
from trinamo.raft.messages import (
    Append,
    AppendAck,
    AppendReject,
    Heartbeat,
    HeartbeatAck,
    PreVote,
    PreVoteReply,
    RaftMessage,
    TimeoutNow,
    Vote,
    VoteReply,
)
from trinamo.raft.ready import Leadership, PeerStatus, RaftStatus, Ready
from trinamo.raft.roles import Follower


class RaftCore(Elector, Acceptor):
    """One member of one group. Not for use by two threads; a failed assertion leaves it unusable."""

    __slots__ = ()

    def __repr__(self) -> str:
        log = self.log
        return (
            f"<RaftCore {self._config.node}/p{self.group} {self.role_name} term={self.term} "
            f"last={log.last_index} commit={log.commit} applied={log.applied}>"
        )

    # -- what is known ----------------------------------------------------------------------------------------

    @property
    def leads(self) -> bool:
        return isinstance(self.role, Leader)

    @property
    def commit(self) -> Index:
        return self.log.commit

    @property
    def last_index(self) -> Index:
        return self.log.last_index

    @property
    def membership(self) -> Membership:
        """The membership in force: the latest in the log."""
        return self._memberships.current

    def membership_at(self, index: Index) -> Membership:
        """The membership to record with a snapshot or a truncation at `index`."""
        return self._memberships.at(index)

    @property
    def settled(self) -> bool:
        """Whether this member leads and an entry of its own term is committed."""
        role = self.role
        return isinstance(role, Leader) and role.settled

    @property
    def proposable(self) -> bool:
        """Whether this member leads and is not handing leadership over."""
        role = self.role
        return isinstance(role, Leader) and role.transferee is None

    def lease_valid(self, now: float) -> bool:
        """Whether a strong read may be served now from what is committed, once that is applied."""
        role = self.role
        return isinstance(role, Leader) and role.lease_valid(now)

    @property
    def role_name(self) -> str:
        return type(self.role).__name__.lower()

    def status(self) -> RaftStatus:
        """A moment of this core. Not for hot paths."""
        role, log, membership = self.role, self.log, self._memberships.current
        peers = role.peers if isinstance(role, Leader) else {}
        return RaftStatus(
            node=self._config.node,
            role=self.role_name,
            term=self.term,
            vote=self.vote,
            leader=self.leader,
            truncated=log.truncated_index,
            applied=log.applied,
            commit=log.commit,
            last_index=log.last_index,
            last_term=log.last_term,
            voters=membership.voters,
            learners=membership.learners,
            peers=tuple(
                PeerStatus(node, peer.match, peer.next, peer.sending.value, peer.active)
                for node, peer in peers.items()
            ),
        )

    # -- requests ---------------------------------------------------------------------------------------------

    def propose(self, payload: bytes) -> Entry:
        """Append an entry; its index and term are known at once, its fate when `committed` brings it.

        Raises `NotLeader`, and `ProposalDropped` when too much is uncommitted or leadership is being handed over.
        """
        return self._leading().propose(EntryKind.DATA, payload)

    def propose_membership(self, membership: Membership) -> Entry:
        """Propose a change of at most one voter and any learners; in force at once (membership.py).

        Raises `NotLeader`, `ProposalDropped` while a change or the term's first entry is uncommitted, and
        `ValueError` for a membership that may not directly follow the one in force.
        """
        return self._leading().propose_membership(membership)

    def read_index(self, context: int, now: float) -> None:
        """Ask for the index from which a read that begins now may be served; `Ready.reads` brings it, or
        `Ready.dropped_reads` when leadership is lost before. Raises `NotLeader`."""
        self._leading().read_index(context, now)

    def transfer(self, target: NodeId, now: float) -> None:
        """Hand leadership over to another voter; proposals are refused until that succeeded or was given up.

        Ignored for who is no other voter. Raises `NotLeader`.
        """
        self._leading().transfer(target)

    def campaign(self, now: float) -> None:
        """Campaign, by pre-vote, as soon as this member may vote for itself; forgotten when a leader is heard.
        A leader ignores it."""
        if isinstance(self.role, Leader):
            return
        self._eager = True
        if not self._withheld(now):
            self._seek(now)

    def _leading(self) -> Leader:
        role = self.role
        if isinstance(role, Leader):
            return role
        raise NotLeader(self.leader)

    # -- facts ------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> bool:
        """Count one tick of the node's timer. Returns False if that brought no duty, as most ticks do."""
        role = self.role
        if isinstance(role, Leader):
            if role.tick(now):
                return role.rounds.unsent
            self._follow(self.term, None)
            return True
        self._elapsed += 1
        if (self._eager or self._elapsed >= self._timeout) and not self._withheld(now):
            self._seek(now)
            return True
        return False

    def step(self, sender: NodeId, message: RaftMessage, now: float) -> None:
        """Take a message. Any message of any age from anybody may come, any number of times."""
        if message.term != self.term and not self._other_term(sender, message, now):
            return
        match message:  # the frequent ones first
            case Append():
                self._on_append(sender, message, now)
            case AppendAck():
                self._on_append_ack(sender, message)
            case Heartbeat():
                self._on_heartbeat(sender, message, now)
            case HeartbeatAck():
                self._on_heartbeat_ack(sender, message)
            case AppendReject():
                self._on_append_reject(sender, message)
            case PreVote():
                self._on_pre_vote(sender, message, now)
            case PreVoteReply():
                self._on_pre_vote_reply(sender, message, now)
            case Vote():
                self._on_vote(sender, message, now)
            case VoteReply():
                self._on_vote_reply(sender, message, now)
            case TimeoutNow():
                self._on_timeout_now(now)
            case _:
                raise AssertionError(f"{message!r} is no message of Raft")

    def heard(self, leader: NodeId, term: int, commit: int, now: float) -> bool:
        """Take a heartbeat that tells nothing new, and return whether it was one: then acknowledge it at once.

        It is what `step` would do with it, without a message or a Ready: most heartbeats come to idle groups.
        """
        role = self.role
        if (
            isinstance(role, Follower)
            and term == self.term
            and role.leader == leader
            and commit <= self.log.commit
            and self._term_durable
        ):
            self._elapsed = 0
            self._eager = False
            self._heard_at = now
            return True
        return False

    def persisted(self, index: Index, term: Term) -> None:
        """The log is durable up to the entry (index, term), and so is every hard state handed over before it.

        Old news do no harm: a leader counts itself only for entries of its own term, which it never overwrites.
        """
        self._term_durable = True
        role = self.role
        if isinstance(role, Leader) and term == self.term:
            role.persisted(index)
            if role.removed:
                self._follow(self.term, None)

    def applied_to(self, index: Index) -> None:
        """The state machine holds everything up to `index`."""
        assert self.log.applied <= index <= self.log.handed, f"{index} was not handed over by {self!r}"
        self.log.applied = index

    def compact(self, index: Index) -> None:
        """Forget the log up to `index`, which must be applied.

        On disk the same truncation needs `index` to be durably applied, and takes its turn behind the writes of
        every Ready before it: until then old entries that they overwrite may stand at and above `index`.
        """
        if index > self.log.truncated_index:
            self.log.compact(index)
            self._memberships.compact(index)

    def accepts_snapshot(
        self, sender: NodeId, term: Term, index: Index, snapshot_term: Term, now: float
    ) -> bool:
        """Whether to take a snapshot at (index, snapshot_term) that `sender` offers as leader of `term`.

        Counts as hearing that leader. False if the offer is old or the log holds that position already; then
        commit moves up to it, and the offer may be answered like an installed one unless `term` is old.
        Ask again right before installing: the answer may have changed.
        """
        if term < self.term:
            return False
        self._hear(sender, term, now)
        log = self.log
        if index > log.commit and log.holds(index, snapshot_term):
            log.commit = index
        return index > log.commit

    def restore(self, index: Index, term: Term, membership: Membership) -> None:
        """A snapshot at (index, term) was installed, durably: the log is empty behind it. It must have been
        accepted just before. Writes handed over earlier must have been completed or cancelled."""
        assert index > self.log.commit, f"{self!r} does not need a snapshot at {index}"
        assert not isinstance(self.role, Leader), f"{self!r} cannot take a snapshot"
        self.log.reset(index, term)
        self._memberships = Memberships.since(index, membership)

    def report_unreachable(self, peer: NodeId) -> None:
        """Messages to `peer` were probably lost: its link broke or its queue was full."""
        role = self.role
        if isinstance(role, Leader):
            role.unreachable(peer)

    def report_snapshot(self, peer: NodeId, ok: bool, index: Index) -> None:
        """The snapshot for `peer` at `index` was installed, or failed. Every one in `Ready.snapshots` needs this."""
        role = self.role
        if isinstance(role, Leader):
            role.snapshot_sent(peer, ok, index)

    # -- duties -----------------------------------------------------------------------------------------------

    @property
    def has_ready(self) -> bool:
        """Whether `ready` would bring any duty."""
        role, log, duties = self.role, self.log, self._duties
        return bool(
            log.saved < log.last_index
            or log.handed < log.commit
            or duties.messages
            or duties.promises
            or (isinstance(role, Leader) and (role.unsent or role.rounds.unsent))
            or self._hard_state_changed
            or self._leadership_changed
            or duties.reads
            or duties.snapshots
            or duties.dropped_reads
        )

    def ready(self) -> Ready:
        """Hand over all duties that have gathered. The core takes them for carried out, in their order."""
        role, log = self.role, self.log
        if isinstance(role, Leader):
            role.send()
        duties = self._duties
        ready = Ready(
            self._take_hard_state() if self._hard_state_changed else None,
            log.void_from,
            log.take_unsaved() if log.saved < log.last_index else (),
            duties.messages or (),
            duties.promises or (),
            log.take_committed() if log.handed < log.commit else (),
            duties.snapshots or (),
            duties.reads or (),
            duties.dropped_reads or (),
            self._take_leadership() if self._leadership_changed else None,
        )
        log.void_from = None
        if duties.messages:
            duties.messages = []
        if duties.promises:
            duties.promises = []
        if duties.reads or duties.snapshots or duties.dropped_reads:
            duties.clear_rare()
        return ready

    def _take_hard_state(self) -> HardState:
        self._hard_state_changed = False
        return HardState(self.term, self.vote, self.log.commit)

    def _take_leadership(self) -> Leadership:
        self._leadership_changed = False
        return Leadership(self.term, self.leader, self.leads)

    # -- messages of other terms ------------------------------------------------------------------------------

    def _other_term(self, sender: NodeId, message: RaftMessage, now: float) -> bool:
        """Deal with a message of another term than ours. Returns whether it remains to be taken in our term."""
        if message.term < self.term:
            self._answer_past(sender, message, now)
            return False
        match message:
            case PreVote() | PreVoteReply(granted=True):
                return True  # of a term that nobody has entered
            case Vote(transfer=transfer):
                if not transfer and self._withheld(now):
                    return False
                self._follow(message.term, None)
                return True
            case Append() | Heartbeat() | TimeoutNow():
                self._follow(message.term, sender)
                return True
            case _:
                if sender in self._memberships.current.members:
                    self._follow(message.term, None)
                return False

    def _answer_past(self, sender: NodeId, message: RaftMessage, now: float) -> None:
        """Tell who asks in an older term that there is a newer one."""
        match message:
            case Append():
                self._send(sender, AppendReject(self.term, message.prev_index, Index(0), Term(0)))
            case Heartbeat():
                self._send(sender, HeartbeatAck(self.term, message.round))
            case Vote():
                self._send(sender, VoteReply(self.term, False))
            case PreVote():
                self._on_pre_vote(sender, message, now)
            case _:
                pass  # an old reply, or an old TimeoutNow

    # -- leading ----------------------------------------------------------------------------------------------

    def _on_append_ack(self, sender: NodeId, message: AppendAck) -> None:
        role = self.role
        if isinstance(role, Leader):
            role.append_acked(sender, message)
            if role.removed:
                self._follow(self.term, None)

    def _on_append_reject(self, sender: NodeId, message: AppendReject) -> None:
        if isinstance(self.role, Leader):
            self.role.append_rejected(sender, message)

    def _on_heartbeat_ack(self, sender: NodeId, message: HeartbeatAck) -> None:
        if isinstance(self.role, Leader):
            self.role.heartbeat_acked(sender, message)
