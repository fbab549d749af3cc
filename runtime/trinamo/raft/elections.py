"""Elections: who may lead, as asked and as answered.

A member that misses its leader asks for pre-votes, which cost nobody anything; with a quorum of those it enters a
new term and asks for votes. Rules 1, 3 and 4 of core.py live here.
"""

from trinamo.base import NodeId, Term
from trinamo.raft.leader import Leader
from trinamo.raft.member import Member
from trinamo.raft.messages import PreVote, PreVoteReply, RaftMessage, Vote, VoteReply
from trinamo.raft.roles import Candidate, Follower, Outcome, PreCandidate


class Elector(Member):
    """The part of a core that asks for votes and gives them."""

    __slots__ = ()

    def _seek(self, now: float) -> None:
        """Ask whether we would be voted for; at once for votes in a new group, which has nobody to disturb."""
        self._eager = False
        self._restart_timer()
        me, membership = self._config.node, self._memberships.current
        if me not in membership.voters:
            return
        if self.term == 0 or membership.voters == (me,):
            self._campaign(now, transfer=False)
            return
        role = self.role = PreCandidate()
        role.ballot.votes[me] = True
        self._leadership_changed = True
        log = self.log
        self._ask(PreVote(Term(self.term + 1), log.last_index, log.last_term), self._duties.messages)

    def _campaign(self, now: float, *, transfer: bool) -> None:
        """Enter a new term, vote for ourselves and ask for votes."""
        me, log = self._config.node, self.log
        self._enter_term(Term(self.term + 1), me)
        role = self.role = Candidate()
        role.ballot.votes[me] = True
        self._leadership_changed = True
        self._restart_timer()
        self._ask(Vote(self.term, log.last_index, log.last_term, transfer), self._duties.promises)
        self._judge(role, now)

    def _ask(self, message: RaftMessage, outgoing: list[tuple[NodeId, RaftMessage]]) -> None:
        me = self._config.node
        outgoing.extend([(voter, message) for voter in self._memberships.current.voters if voter != me])

    def _judge(self, role: Candidate, now: float) -> None:
        match role.ballot.outcome(self._memberships.current):
            case Outcome.WON:
                self._lead(now)
            case Outcome.LOST:
                self._follow(self.term, None)
            case Outcome.PENDING:
                pass

    def _lead(self, now: float) -> None:
        alone = self._memberships.current.quorum == 1
        role = self.role = Leader(
            self._config, self.term, self.log, self._memberships, self._duties, term_durable=not alone
        )
        self._leadership_changed = True
        role.begin(now)

    def _on_pre_vote(self, sender: NodeId, message: PreVote, now: float) -> None:
        withheld = self._withheld(now)
        new = message.term > self.term
        if new and not withheld and self.log.up_to_date(message.last_index, message.last_term):
            self._send(sender, PreVoteReply(message.term, True, False))
        else:
            self._send(sender, PreVoteReply(self.term, False, withheld, self.leader))

    def _on_pre_vote_reply(self, sender: NodeId, message: PreVoteReply, now: float) -> None:
        role = self.role
        if not isinstance(role, PreCandidate) or message.term != self.term + message.granted:
            return
        role.ballot.votes.setdefault(sender, message.granted)
        if message.hears_leader:
            role.refused_for_leader = True
            role.told_leader = message.leader or role.told_leader
        match role.ballot.outcome(self._memberships.current):
            case Outcome.WON:
                self._campaign(now, transfer=False)
            case Outcome.LOST:
                self._follow(self.term, role.told_leader)
                if role.refused_for_leader:
                    # Others heard it a little later than we did, and will soon withhold no more.
                    self._timeout = self._dice.randrange(1, self._config.election_ticks)
            case Outcome.PENDING:
                pass

    def _on_vote(self, sender: NodeId, message: Vote, now: float) -> None:
        granted = self.vote == sender or (
            self.vote is None
            and (message.transfer or not self._withheld(now))
            and self.log.up_to_date(message.last_index, message.last_term)
        )
        if granted and self.vote is None:
            if not isinstance(self.role, Follower):
                self._follow(self.term, None)
            self.vote = sender
            self._hard_state_changed = True
            self._restart_timer()
        self._duties.promises.append((sender, VoteReply(self.term, granted)))

    def _on_vote_reply(self, sender: NodeId, message: VoteReply, now: float) -> None:
        role = self.role
        if isinstance(role, Candidate):
            role.ballot.votes.setdefault(sender, message.granted)
            self._judge(role, now)

    def _on_timeout_now(self, now: float) -> None:
        if not isinstance(self.role, Leader) and self._config.node in self._memberships.current.voters:
            self._campaign(now, transfer=True)
