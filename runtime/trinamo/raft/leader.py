"""The leader's part: replication, commitment, heartbeat rounds, transfer of leadership.

1. An entry is committed by counting only if it is of the leader's own term (Raft 5.4.2); what precedes it
   follows. The leader counts itself only for what is durable here.
2. Appends are built when a Ready is taken, not when something is proposed: what was proposed in between travels
   together, and peers that need the same entries share one message object.
3. A commit is told by the next append or heartbeat; nothing is sent only to spread it.
4. Until the term itself is durable here its messages wait with the promises. With several voters it is: their
   votes answered a request that had waited for it. A group of one voter elects itself without asking, and its
   learners must not see entries of a term that a crash could make it enter twice.
5. While leadership is being handed over nothing is proposed; the hand-over ends with a higher term or, after
   `election_ticks`, without one.
"""

import attrs

from trinamo.base import Index, NodeId, ProposalDropped, Term
from trinamo.raft.config import RaftConfig
from trinamo.raft.entry import Entry, EntryKind
from trinamo.raft.log import ENTRY_OVERHEAD, RaftLog, size
from trinamo.raft.membership import Membership, Memberships
from trinamo.raft.messages import (
    Append,
    AppendAck,
    AppendReject,
    Heartbeat,
    HeartbeatAck,
    RaftMessage,
    TimeoutNow,
)
from trinamo.raft.progress import Progress, Sending
from trinamo.raft.reads import Rounds
from trinamo.raft.ready import Duties


@attrs.define(eq=False, repr=False)
class Leader:
    """The role of leader in one term. It acts on the log and the duties of its core."""

    _config: RaftConfig
    term: Term
    _log: RaftLog
    _memberships: Memberships
    _duties: Duties
    _term_durable: bool
    rounds: Rounds = attrs.Factory(Rounds)
    peers: dict[NodeId, Progress] = attrs.Factory(dict)
    """All other members."""
    first_index: Index = attrs.field(init=False)
    """Where this term begins: the position of its no-op."""
    unsent: bool = False
    """Some peer may be sent something."""
    transferee: NodeId | None = None
    _transfer_ticks: int = 0
    _heartbeat_ticks: int = 0
    _quorum_ticks: int = 0
    _uncommitted: int = 0
    _me: Progress = attrs.field(init=False)
    _voters: list[Progress] = attrs.Factory(list)
    """Progress of each voter, ours included if we are one."""
    _quorum: int = 1
    _voting: bool = True
    removed: bool = False
    """A committed membership does not have us as a voter: it is time to go."""

    def __attrs_post_init__(self) -> None:
        log = self._log
        self.first_index = Index(log.last_index + 1)
        self._me = Progress(self.first_index)
        self._uncommitted = size(log.slice(log.commit + 1, self.first_index))
        self._adopt(self.first_index, active=False)

    # -- proposals --------------------------------------------------------------------------------------------

    def propose(self, kind: EntryKind, payload: bytes) -> Entry:
        """Append an entry of ours. Raises `ProposalDropped` at the bound, and during a transfer."""
        if self.transferee is not None:
            raise ProposalDropped(f"leadership goes to {self.transferee}")
        uncommitted = self._uncommitted
        cost = len(payload) + ENTRY_OVERHEAD
        if uncommitted and uncommitted + cost > self._config.uncommitted_bytes_max:
            raise ProposalDropped(f"{uncommitted} bytes are uncommitted")
        return self._append(kind, payload, cost)

    def begin(self, now: float) -> None:
        """Open the term: its no-op, which commits what older terms left, and a first round."""
        self._append(EntryKind.NOOP, b"", ENTRY_OVERHEAD)
        self.rounds.begin(now)

    def propose_membership(self, membership: Membership) -> Entry:
        """Append a change of membership, in force at once (membership.py)."""
        if self._log.commit < max(self.first_index, self._memberships.current_index):
            raise ProposalDropped("a change of membership, or this term's first entry, is not committed yet")
        if not membership.follows(self._memberships.current):
            raise ValueError(f"{membership} may not directly follow {self._memberships.current}")
        entry = self.propose(EntryKind.CONFIG, membership.encode())
        self._memberships.append(entry.index, membership)
        self._adopt(entry.index, active=True)  # so that the next check of the quorum is fair to who came
        self.rounds.void_lease()
        self.confirm()
        return entry

    def _append(self, kind: EntryKind, payload: bytes, cost: int) -> Entry:
        entry = Entry(Index(self._log.last_index + 1), self.term, kind, payload)
        self._log.append(entry)
        self._uncommitted += cost
        self.unsent = True
        return entry

    def _adopt(self, next: int, *, active: bool) -> None:
        """Follow the membership in force: progress from `next` for who came, none for who left."""
        membership = self._memberships.current
        me = self._config.node
        known = self.peers
        self.peers = {
            node: known.get(node) or Progress(next, active=active)
            for node in membership.members
            if node != me
        }
        self._voters = [self._me if node == me else self.peers[node] for node in membership.voters]
        self._quorum = membership.quorum
        self._voting = me in membership.voters
        if self.transferee not in membership.voters:
            self.transferee = None

    # -- replication ------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Build what is due to be sent: a round that has begun, and appends."""
        messages = self._duties.messages if self._term_durable else self._duties.promises
        if self.rounds.unsent:
            self._send_round(messages)
        if self.unsent:
            self.unsent = False
            self._send_appends(messages)

    def _send_round(self, messages: list[tuple[NodeId, RaftMessage]]) -> None:
        self.rounds.unsent = False
        if self._alone:
            self.confirm()
        commit = self._log.commit
        common = Heartbeat(self.term, commit, self.rounds.round)
        for peer, progress in self.peers.items():
            if progress.match >= commit:
                messages.append((peer, common))
            else:
                messages.append((peer, Heartbeat(self.term, progress.match, self.rounds.round)))

    def _send_appends(self, messages: list[tuple[NodeId, RaftMessage]]) -> None:
        last = self._log.last_index
        inflight_max = self._config.inflight_max
        append: Append | None = None
        for peer, progress in self.peers.items():
            while progress.may_send(last, inflight_max):
                if progress.next <= self._log.truncated_index:
                    self._need_snapshot(peer, progress)
                    break
                if append is None or append.prev_index + 1 != progress.next:
                    append = self._append_from(progress.next)
                messages.append((peer, append))
                progress.sent(append.prev_index + len(append.entries), self.rounds.round)

    def _append_from(self, start: int) -> Append:
        log = self._log
        prev = Index(start - 1)
        entries = log.window(start, self._config.append_bytes_max)
        return Append(self.term, prev, log.term(prev), log.commit, entries)

    def _need_snapshot(self, peer: NodeId, progress: Progress) -> None:
        # A member that does not answer gets no snapshot: it would be streamed into the void again and again.
        if progress.active:
            progress.snapshot()
            self._duties.snapshots.append(peer)
        else:
            progress.probe()
            progress.pause(self.rounds.round)

    def append_acked(self, sender: NodeId, message: AppendAck) -> None:
        progress = self.peers.get(sender)
        if progress is None:
            return
        progress.active = True
        match = message.match
        assert match <= self._log.last_index, f"{sender} acknowledged {match}, beyond {self._log!r}"
        grew = progress.acked(match, self._log.truncated_index)
        if progress.next <= self._log.last_index:
            self.unsent = True
        if grew and match > self._log.commit:
            self._count()
        if sender == self.transferee:
            self._hand_over()

    def append_rejected(self, sender: NodeId, message: AppendReject) -> None:
        progress = self.peers.get(sender)
        if progress is None:
            return
        progress.active = True
        agreement = self._log.agreement(message.hint_index, message.hint_term)
        if progress.rejected(message.rejected, agreement):
            self.unsent = True

    def persisted(self, index: Index) -> None:
        """The log is durable here up to `index`, which is of this term."""
        self._term_durable = True
        if index > self._me.match:
            self._me.match = index
            if index > self._log.commit:
                self._count()

    def _count(self) -> None:
        """Commit what a quorum of voters holds durably (invariant 1)."""
        matches = sorted([progress.match for progress in self._voters])
        index = matches[-self._quorum]
        log = self._log
        if index > log.commit and log.term(index) == self.term:
            self._uncommitted -= size(log.slice(log.commit + 1, index + 1))
            log.commit = index
            self.removed = not self._voting and self._memberships.current_index <= index

    # -- heartbeats, reads, lease -----------------------------------------------------------------------------

    def tick(self, now: float) -> bool:
        """Count a tick. Returns False when a quorum was not heard of for `election_ticks`: step down."""
        self._heartbeat_ticks += 1
        if self._heartbeat_ticks >= self._config.heartbeat_ticks:
            self._heartbeat_ticks = 0
            if self.peers:
                self.rounds.begin(now)
        if self.transferee is not None:
            self._transfer_ticks += 1
            if self._transfer_ticks >= self._config.election_ticks:
                self.transferee = None
        self._quorum_ticks += 1
        if self._quorum_ticks < self._config.election_ticks:
            return True
        self._quorum_ticks = 0
        return self._check_quorum()

    def _check_quorum(self) -> bool:
        self._me.active = True
        heard = sum([progress.active for progress in self._voters])
        for progress in self.peers.values():
            progress.active = False
        return heard >= self._quorum

    def heartbeat_acked(self, sender: NodeId, message: HeartbeatAck) -> None:
        progress = self.peers.get(sender)
        if progress is None:
            return
        progress.active = True
        if progress.resume(message.round):
            self.unsent = True
        elif progress.stalled():
            self._ask_again(sender, progress)
        if message.round > progress.round:
            progress.round = message.round
            self.confirm()

    def _ask_again(self, peer: NodeId, progress: Progress) -> None:
        """Appends may be lost: an empty one behind them is acknowledged or rejected, which tells."""
        prev = Index(progress.next - 1)
        if prev < self._log.truncated_index:
            progress.probe()
            self.unsent = True
        else:
            self._duties.messages.append(
                (peer, Append(self.term, prev, self._log.term(prev), self._log.commit, ()))
            )

    def confirm(self) -> None:
        """Count which round a quorum answered; we always answer our own."""
        self._me.round = self.rounds.round
        rounds = sorted([progress.round for progress in self._voters])
        confirmed = rounds[-self._quorum]
        if confirmed > self.rounds.confirmed:
            self._duties.reads.extend(self.rounds.confirm(confirmed))

    def read_index(self, context: int, now: float) -> None:
        # Before the no-op is committed, commit may lag what an older leader committed; the no-op does not.
        index = max(self._log.commit, self.first_index)
        if self._alone:
            self._duties.reads.append((context, index))
        else:
            self.rounds.join(context, index, now)

    @property
    def settled(self) -> bool:
        """Whether an entry of this term is committed: only then is `commit` known to be the group's."""
        return self._log.commit >= self.first_index

    def lease_valid(self, now: float) -> bool:
        rounds = self.rounds
        if rounds.lease_forfeited or not self.settled:
            return False
        if self._alone:
            return True
        return rounds.lease_start is not None and now < rounds.lease_start + self._config.lease

    @property
    def _alone(self) -> bool:
        """Whether we are the only voter: nobody else can be elected, so we need to ask nobody."""
        return len(self._voters) == 1 and self._voters[0] is self._me

    # -- transfer, snapshots, reports -------------------------------------------------------------------------

    def transfer(self, target: NodeId) -> None:
        """Begin to hand leadership over to another voter. A request for anybody else is ignored."""
        if target == self.transferee or target == self._config.node:
            return
        if target not in self._memberships.current.voters:
            return
        self.transferee = target
        self._transfer_ticks = 0
        self._hand_over()

    def _hand_over(self) -> None:
        """Let the transferee campaign as soon as it holds the whole log."""
        assert self.transferee is not None
        if self.peers[self.transferee].match == self._log.last_index:
            self.rounds.lease_forfeited = True
            self._duties.messages.append((self.transferee, TimeoutNow(self.term)))
        else:
            self.unsent = True

    def unreachable(self, peer: NodeId) -> None:
        """What was sent to `peer` was probably lost."""
        progress = self.peers.get(peer)
        if progress is not None and progress.sending is Sending.REPLICATE:
            progress.probe()
            self.unsent = True

    def snapshot_sent(self, peer: NodeId, ok: bool, index: Index) -> None:
        """The driver streamed, or failed to stream, a snapshot at `index`."""
        progress = self.peers.get(peer)
        if progress is None or progress.sending is not Sending.SNAPSHOT:
            return
        progress.probe(index + 1 if ok else 0)
        if ok:
            self.unsent = True
        else:
            progress.pause(self.rounds.round)  # and try again after the next heartbeat
