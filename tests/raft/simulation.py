"""Members over a bad network, with bad luck, watched for what Raft promises.

One seed is one run: a heap of events in virtual time, each drawing what follows from one generator. Clocks run
at different rates within the bound; messages are lost, late, doubled and overtaken; members crash, losing what
is not durable; links are cut one way and both; leadership is asked for and handed over; logs are cut.

What is watched (Raft, figure 3), at the moment it happens:

1. Election safety: at most one leader a term.
2. Log matching: an (index, term) names one entry and one predecessor, wherever it is written.
3. State machine safety: every member applies the same entry at an index.
4. Leader completeness: who becomes leader has all that was ever committed.
5. Reads: a lease read, and an index given for a read, cover all that was committed anywhere when the read began.

After the faults end, everybody must agree and make progress (liveness).
"""

import heapq
import itertools
import random
from collections.abc import Callable, Sequence

import attrs

from raft.host import Disk, Host, Parcel, SnapshotStream, Watcher
from trinamo.base import Index, NodeId, NotLeader, ProposalDropped, Term
from trinamo.raft import Entry, Membership, RaftConfig, RaftCore

TICK = 0.05
ELECTION_TICKS = 6
DRIFT_MAX = 0.05
LATE_MAX = 2.0
"""Seconds that a late message may take: many election timeouts."""
HEALTHY = LATE_MAX + 40 * TICK
"""Seconds after which a healed group must be well: old messages have arrived, and elections are over."""


class Violation(AssertionError):
    """Something that Raft promises did not hold."""


@attrs.define
class Checker:
    """The promises, checked as things happen."""

    leaders: dict[Term, NodeId] = attrs.Factory(dict)
    written: dict[tuple[Index, Term], tuple[bytes, Term]] = attrs.Factory(dict)
    applied: dict[Index, Entry] = attrs.Factory(dict)
    committed: Index = Index(0)
    """The highest index that any member ever knew to be committed."""
    reads_checked: int = 0

    def led(self, host: Host) -> None:
        core = host.core
        assert core is not None
        other = self.leaders.setdefault(core.term, host.node)
        if other != host.node:
            raise Violation(f"{other} and {host.node} lead in term {core.term}")
        for index in range(core.log.truncated_index + 1, self.committed + 1):
            entry = self.applied.get(Index(index))
            if entry is not None and not core.log.holds(entry.index, entry.term):
                raise Violation(f"{core!r} lacks the committed {entry}")

    def wrote(self, host: Host, entries: Sequence[Entry]) -> None:
        assert host.core is not None
        before = host.core.log.term(Index(entries[0].index - 1))
        for entry in entries:
            mark = (entry.payload, before)
            known = self.written.setdefault((entry.index, entry.term), mark)
            if known != mark:
                raise Violation(f"{host.node} writes {entry} after term {before}, somebody else {known}")
            before = entry.term

    def took(self, host: Host, entry: Entry) -> None:
        known = self.applied.setdefault(entry.index, entry)
        if known != entry:
            raise Violation(f"{host.node} applies {entry}, somebody else {known}")
        self.committed = max(self.committed, entry.index)

    def saw(self, host: Host) -> None:
        """Look at what a member knows to be committed."""
        if host.core is not None:
            self.committed = max(self.committed, host.core.commit)

    def lease_read(self, host: Host, now: float) -> None:
        core = host.core
        if core is not None and core.lease_valid(now):
            self.reads_checked += 1
            if core.commit < self.committed:
                raise Violation(f"{core!r} serves a lease read, but {self.committed} is committed")

    def index_read(self, host: Host, begun: Index, index: Index) -> None:
        self.reads_checked += 1
        if index < begun:
            raise Violation(f"{host.core!r} gave {index} to a read that began when {begun} was committed")


@attrs.frozen
class Luck:
    """How bad the world is in one run."""

    latency: float
    loss: float
    double: float
    tail: float
    """Share of messages that are very late."""
    write: float
    fault_interval: float
    ambush: float
    """Share of elections after which the winner is cut off at once and the others are bounced."""

    @classmethod
    def draw(cls, dice: random.Random) -> "Luck":
        return cls(
            latency=dice.choice([0.001, 0.01, 0.05]),
            loss=dice.choice([0, 0.02, 0.2]),
            double=dice.choice([0, 0.05, 0.2]),
            tail=dice.choice([0, 0.02, 0.1]),
            write=dice.choice([0.0005, 0.02, 0.15]),
            fault_interval=dice.choice([0.1, 0.3, 1.0]),
            ambush=dice.choice([0, 0.3, 0.6]),
        )


@attrs.define(eq=False)
class Simulation:
    """One run."""

    seed: int
    core_class: type[RaftCore] = RaftCore
    memberships_change: bool = True
    checker: Checker = attrs.Factory(Checker)
    dice: random.Random = attrs.field(init=False)
    luck: Luck = attrs.field(init=False)
    now: float = 0.0
    hosts: dict[NodeId, Host] = attrs.Factory(dict)
    healthy: bool = False
    _rates: dict[NodeId, float] = attrs.Factory(dict)
    _events: list[tuple[float, int, Callable[[], None]]] = attrs.Factory(list)
    _order: "itertools.count[int]" = attrs.Factory(itertools.count)
    _cut: set[tuple[NodeId, NodeId]] = attrs.Factory(set)
    _secluded: set[NodeId] = attrs.Factory(set)
    _paused: set[NodeId] = attrs.Factory(set)
    _reads: dict[int, Index] = attrs.Factory(dict)
    _proposals: int = 0

    def __attrs_post_init__(self) -> None:
        dice = self.dice = random.Random(self.seed)
        self.luck = Luck.draw(dice)
        count = dice.choice([3, 3, 5])
        nodes = [NodeId(f"n{i + 1}") for i in range(count)]
        spare = [NodeId(f"n{count + 1}")] if self.memberships_change else []
        watcher = Watcher(self._led, self.checker.took, self.checker.wrote, self._index_given)
        append_bytes_max = dice.choice([1, 1, 100, 10_000])
        inflight_max = dice.choice([1, 4, 64])
        for node in nodes + spare:
            config = RaftConfig(
                node=node,
                election_timeout_min=ELECTION_TICKS * TICK,
                election_ticks=ELECTION_TICKS,
                drift_max=DRIFT_MAX,
                append_bytes_max=append_bytes_max,
                inflight_max=inflight_max,
                uncommitted_bytes_max=dice.choice([200, 100_000]),
            )
            disk = Disk(Membership(tuple(nodes)))
            self.hosts[node] = Host(config, disk, dice, self._send, self.core_class, watcher)
            self._rates[node] = dice.uniform(1 - DRIFT_MAX / 2, 1 + DRIFT_MAX / 2)
            self.hosts[node].start(self.clock(node))
            self._at(0.0, self._ticker(node))
        first = self.hosts[nodes[0]]
        assert first.core is not None
        first.core.campaign(self.clock(first.node))
        self._touch(first)

    def clock(self, node: NodeId) -> float:
        return 1000.0 + self.now * self._rates[node]

    def run(self, seconds: float) -> None:
        """Run with faults, then without until all agree."""
        self._after(self.luck.fault_interval, self._fault)
        self._after(0.01, self._client)
        self._until(seconds)
        self._heal()
        self._until(seconds + HEALTHY)
        self._settle()

    # -- events -----------------------------------------------------------------------------------------------

    def _at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def _after(self, mean: float, event: Callable[[], None]) -> None:
        self._at(self.now + self.dice.expovariate(1 / mean), event)

    def _until(self, end: float) -> None:
        while self._events and self._events[0][0] <= end:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = end

    def _ticker(self, node: NodeId) -> Callable[[], None]:
        def tick() -> None:
            host = self.hosts[node]
            if node not in self._paused and host.core is not None:
                host.core.tick(self.clock(node))
                self._touch(host)
            self._at(self.now + TICK / self._rates[node], tick)

        return tick

    def _touch(self, host: Host) -> None:
        """Something happened to `host`: let it act, and look at it."""
        before = len(host.writes)
        host.carry_out()
        self.checker.saw(host)
        for _ in range(len(host.writes) - before):
            self._schedule_write(host)

    def _schedule_write(self, host: Host) -> None:
        core = host.core

        def write() -> None:
            if host.core is core and core is not None:
                before = len(host.writes)
                if host.persist():
                    self.checker.saw(host)
                    for _ in range(len(host.writes) + 1 - before):
                        self._schedule_write(host)

        self._after(0.0005 if self.healthy else self.luck.write, write)

    def _send(self, sender: NodeId, to: NodeId, parcel: Parcel) -> None:
        if isinstance(parcel, SnapshotStream):
            self._at(self.now + 0.5, lambda: self._give_up(sender, to, parcel.index))
        if self.healthy:
            self._after(0.002, lambda: self._deliver(sender, to, parcel))
            return
        luck, dice = self.luck, self.dice
        if dice.random() < luck.loss:
            return
        for _ in range(2 if dice.random() < luck.double else 1):
            delay = dice.expovariate(1 / luck.latency)
            if dice.random() < luck.tail:
                delay = dice.uniform(0.0, LATE_MAX)
            self._at(self.now + delay, lambda: self._deliver(sender, to, parcel))

    def _deliver(self, sender: NodeId, to: NodeId, parcel: Parcel) -> None:
        if (sender, to) in self._cut or to in self._paused or {sender, to} & self._secluded:
            return
        host = self.hosts[to]
        if host.core is None:
            return
        before = len(host.writes)
        host.receive(sender, parcel, self.clock(to))
        self.checker.saw(host)
        for _ in range(len(host.writes) - before):
            self._schedule_write(host)

    def _give_up(self, sender: NodeId, to: NodeId, index: Index) -> None:
        """The driver's time limit for a snapshot that nobody answered."""
        host = self.hosts[sender]
        if host.core is not None:
            host.core.report_snapshot(to, False, index)
            self._touch(host)

    # -- the client -------------------------------------------------------------------------------------------

    def _client(self) -> None:
        if self.healthy:
            return
        for host in self.hosts.values():
            core = host.core
            if core is None or not core.leads or host.node in self._paused:
                continue
            self.checker.lease_read(host, self.clock(host.node))
            if self.dice.random() < 0.3:
                context = len(self._reads)
                self._reads[context] = self.checker.committed
                core.read_index(context, self.clock(host.node))
            if self.dice.random() < 0.7:
                self.propose(core)
            self._touch(host)
        self._after(0.015, self._client)

    def propose(self, core: RaftCore) -> None:
        try:
            core.propose(b"%d" % self._proposals)
            self._proposals += 1
        except ProposalDropped:
            pass

    def _index_given(self, host: Host, context: int, index: Index) -> None:
        self.checker.index_read(host, self._reads[context], index)

    # -- faults -----------------------------------------------------------------------------------------------

    def _fault(self) -> None:
        if self.healthy:
            return
        faults: list[Callable[[Host], None]] = [
            self._crash,
            self._crash,
            self._restart,
            self._restart,
            self._isolate,
            self._cut_one,
            self._mend,
            self._mend,
            self._pause,
            self._campaign,
            self._campaign,
            self._transfer,
            self._truncate,
            self._report_unreachable,
            self._overthrow,
            self._overthrow,
            self._seclude,
            self._seclude,
            self._lose_leader,
            self._lose_leader,
            self._hand_over_and_cut,
            self._hand_over_and_cut,
        ]
        if self.memberships_change:
            faults += [self._change_membership] * 2
        self.dice.choice(faults)(self.dice.choice(list(self.hosts.values())))
        self._after(self.luck.fault_interval, self._fault)

    def _crash(self, host: Host) -> None:
        if host.core is not None:
            host.crash(self.dice.randint(0, len(host.disk.history)))
            if self.dice.random() < 0.5:
                self._after(0.02, lambda: self._restart(host))

    def _restart(self, host: Host) -> None:
        if host.core is None:
            host.start(self.clock(host.node))
            for _ in host.writes:
                self._schedule_write(host)

    def _isolate(self, host: Host) -> None:
        if self.healthy:
            return
        for other in self.hosts:
            self._cut |= {(host.node, other), (other, host.node)}

    def _cut_one(self, host: Host) -> None:
        self._cut.add((host.node, self.dice.choice(list(self.hosts))))

    def _mend(self, host: Host) -> None:
        self._cut.clear()

    def _pause(self, host: Host) -> None:
        self._paused.add(host.node)
        self._after(0.3, lambda: self._paused.discard(host.node))

    def _campaign(self, host: Host) -> None:
        if host.core is not None:
            host.core.campaign(self.clock(host.node))
            self._touch(host)

    def _transfer(self, host: Host) -> None:
        leader = self._some_leader()
        if leader is not None and leader.core is not None:
            leader.core.transfer(host.node, self.clock(leader.node))
            self._touch(leader)

    def _hand_over_and_cut(self, host: Host) -> None:
        """Let a leader hand over, and hear nothing of it."""
        leader = self._some_leader()
        if leader is not None:
            self._transfer(host)
            self._after(3 * (self.luck.latency + self.luck.write), lambda: self._isolate(leader))
            self._after(1.0, lambda: self._mend(leader))

    def _overthrow(self, host: Host) -> None:
        """Cut off a leader, bounce some others, and let some campaign, now and when votes are free."""
        leader = self._some_leader()
        if leader is None or self.healthy:
            return
        self._isolate(leader)
        for other in self.hosts.values():
            if other is not leader and self.dice.random() < 0.5:
                self._crash(other)
                self._restart(other)
        self._duel()
        self._at(self.now + ELECTION_TICKS * TICK * 1.05, self._duel)
        self._after(1.0, lambda: self._mend(leader))

    def _duel(self) -> None:
        """Let some campaign at the same moment."""
        for host in self.hosts.values():
            if self.dice.random() < 0.5:
                self._campaign(host)

    def _seclude(self, host: Host) -> None:
        """Cut off a member for longer than others come back."""
        if not self.healthy:
            self._secluded.add(host.node)
            self._after(1.0, lambda: self._secluded.discard(host.node))

    def _lose_leader(self, host: Host) -> None:
        """Crash a leader, and seclude who may be the only one to hold what it had."""
        leader = self._some_leader()
        if leader is not None and leader is not host:
            self._seclude(host)
            self._crash(leader)
            self._after(0.02, lambda: self._restart(leader))
            self._at(self.now + ELECTION_TICKS * TICK * 1.1, self._duel)

    def _led(self, host: Host) -> None:
        self.checker.led(host)
        if not self.healthy and self.dice.random() < self.luck.ambush:
            self._after(3 * self.luck.latency, lambda: self._overthrow(host))

    def _truncate(self, host: Host) -> None:
        if host.core is not None:
            host.flush()
            host.compact(self.dice.randint(0, 5))

    def _report_unreachable(self, host: Host) -> None:
        leader = self._some_leader()
        if leader is not None and leader.core is not None:
            leader.core.report_unreachable(host.node)
            self._touch(leader)

    def _change_membership(self, host: Host) -> None:
        leader = self._some_leader()
        if leader is None or leader.core is None:
            return
        membership, node = leader.core.membership, host.node
        voters, learners = set(membership.voters), set(membership.learners)
        if node in voters and len(voters) > 2:
            voters.remove(node)
        elif node in learners:
            learners.remove(node)
            voters.add(node)
        elif node not in voters:
            learners.add(node)
        new = Membership(tuple(sorted(voters)), tuple(sorted(learners)))
        try:
            leader.core.propose_membership(new)
        except (ProposalDropped, NotLeader):
            return
        self._touch(leader)

    def _some_leader(self) -> Host | None:
        leaders = [host for host in self.hosts.values() if host.core is not None and host.core.leads]
        return self.dice.choice(leaders) if leaders else None

    # -- the end ----------------------------------------------------------------------------------------------

    def _heal(self) -> None:
        self.healthy = True
        self._cut.clear()
        self._secluded.clear()
        self._paused.clear()
        for host in self.hosts.values():
            self._restart(host)

    def _settle(self) -> None:
        """Somebody leads, whom all its members follow, and an entry proposed now is applied by all of them."""
        leading = [host for host in self.hosts.values() if host.core is not None and host.core.leads]
        if not leading:
            raise Violation(f"nobody leads: {[host.core for host in self.hosts.values()]}")
        leader = max(leading, key=lambda host: host.core.term if host.core else 0)
        assert leader.core is not None
        entry = leader.core.propose(b"last")
        self._touch(leader)
        self._until(self.now + 20 * TICK)
        for node in leader.core.membership.members:
            history = self.hosts[node].disk.history
            if len(history) < entry.index or history[entry.index - 1] != entry:
                raise Violation(f"{self.hosts[node].core!r} did not catch up with {leader.core!r}")
