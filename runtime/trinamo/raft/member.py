"""What a member is whatever it does: its term, its vote, its log, its role, and how these change."""

from collections.abc import Sequence
from typing import assert_never

from trinamo.base import Index, NodeId, PartitionId, Term
from trinamo.raft.config import Dice, RaftConfig
from trinamo.raft.entry import Entry, EntryKind, HardState
from trinamo.raft.leader import Leader
from trinamo.raft.log import RaftLog
from trinamo.raft.membership import Membership, Memberships
from trinamo.raft.messages import RaftMessage
from trinamo.raft.ready import Duties
from trinamo.raft.roles import Candidate, Follower, PreCandidate

Role = Follower | PreCandidate | Candidate | Leader


class Member:
    """The state of a core, and the transitions between terms and roles that elections and following share."""

    __slots__ = (
        "_config",
        "_dice",
        "_duties",
        "_eager",
        "_elapsed",
        "_hard_state_changed",
        "_heard_at",
        "_leadership_changed",
        "_memberships",
        "_term_durable",
        "_timeout",
        "group",
        "log",
        "role",
        "term",
        "vote",
    )

    def __init__(
        self,
        config: RaftConfig,
        group: PartitionId,
        log: RaftLog,
        hard_state: HardState,
        membership: Membership,
        dice: Dice,
        now: float,
    ) -> None:
        """Start from what is durable. `membership` is the one in force at the log's truncated index; the core owns
        `log` from here on. `hard_state.commit` only helps to apply sooner (`RaftLog.recovered` takes it)."""
        self._config = config
        self._dice = dice
        self.group = group
        self.log = log
        self.term = hard_state.term
        self.vote = hard_state.vote
        self._memberships = Memberships.since(log.truncated_index, membership)
        self._learn_memberships(log.slice(Index(log.truncated_index + 1), Index(log.last_index + 1)))
        log.commit = max(log.commit, min(hard_state.commit, log.last_index))
        self._duties = Duties()
        self._hard_state_changed = False
        if self.term < log.last_term:
            # What was applied outlived the hard state of its term. No vote of ours of that term can have left.
            assert not len(log), f"term {self.term} is older than {log!r}"
            self._enter_term(log.last_term, None)
        self._leadership_changed = False
        self._term_durable = self.term > 0
        self._heard_at = now if self.term > 0 else float("-inf")
        self._eager = False
        self._elapsed = 0
        self._timeout = 0
        self.role: Role = Follower()
        self._restart_timer()

    @property
    def leader(self) -> NodeId | None:
        """Who leads, as far as known. A hint, unless it is this member itself."""
        role = self.role
        match role:
            case Leader():
                return self._config.node
            case Follower():
                return role.leader
            case PreCandidate() | Candidate():
                return None
            case _:
                assert_never(role)

    def _follow(self, term: Term, leader: NodeId | None) -> None:
        """Become a follower in `term`, entering it if it is new."""
        role = self.role
        if isinstance(role, Leader):
            self._duties.dropped_reads.extend(role.rounds.waiting())
            self._duties.snapshots.clear()
        if term != self.term:
            self._enter_term(term, None)
        self.role = Follower(leader)
        self._leadership_changed = True
        self._restart_timer()

    def _enter_term(self, term: Term, vote: NodeId | None) -> None:
        assert term > self.term
        self.term = term
        self.vote = vote
        self._hard_state_changed = True

    def _hear(self, leader: NodeId, term: Term, now: float) -> None:
        """A leader of our term, or a newer one, spoke."""
        role = self.role
        if not isinstance(role, Follower) or role.leader != leader or term != self.term:
            assert not isinstance(role, Leader) or term != self.term, (
                f"{leader} and {self!r} lead in one term"
            )
            self._follow(term, leader)
        self._elapsed = 0
        self._eager = False
        self._heard_at = now

    def _withheld(self, now: float) -> bool:
        """Whether we may not vote, because we hear a leader or may have heard one before we started."""
        if isinstance(self.role, Leader):
            return True
        if now - self._heard_at >= self._config.election_timeout_min:
            return False
        return self._memberships.current.voters != (self._config.node,)

    def _restart_timer(self) -> None:
        """Draw the next timeout, from one to two times `election_ticks`.

        Voters whose timers began together must not campaign together, or none might win: so each draws from
        numbers that leave its own rest when divided by how many voters there are.
        """
        ticks, (me, voters) = (
            self._config.election_ticks,
            (self._config.node, self._memberships.current.voters),
        )
        self._elapsed = 0
        choice = range(ticks, 2 * ticks)
        if me in voters and len(voters) <= ticks:
            choice = choice[(voters.index(me) - ticks) % len(voters) :: len(voters)]
        self._timeout = choice[self._dice.randrange(0, len(choice))]

    def _learn_memberships(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.kind is EntryKind.CONFIG:
                self._memberships.append(entry.index, Membership.decode(entry.payload))

    def _send(self, to: NodeId, message: RaftMessage) -> None:
        self._duties.messages.append((to, message))
