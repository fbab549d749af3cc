"""Members without any time: whatever may happen next does, in any order.

`simulation.py` has clocks, and so its worlds are mostly sane. Here each member's clock leaps as it likes, so nobody
withholds a vote for long and leases mean nothing, and every message, write, crash and election is as likely at any
moment as the run's weights say. That reaches in a few hundred steps what takes hours of bad luck: two candidates
of one term, or figure 8 of the Raft paper.
"""

import random
from collections.abc import Callable

import attrs

from raft.host import Disk, Host, Parcel, SnapshotStream, Watcher
from raft.simulation import Checker
from trinamo.base import Index, NodeId, ProposalDropped
from trinamo.raft import Membership, RaftConfig, RaftCore

ELECTION_TIMEOUT_MIN = 0.3


@attrs.define(eq=False)
class Chaos:
    """One run, decided by its seed."""

    seed: int
    core_class: type[RaftCore] = RaftCore
    checker: Checker = attrs.Factory(Checker)
    dice: random.Random = attrs.field(init=False)
    hosts: list[Host] = attrs.Factory(list)
    _by_name: dict[NodeId, Host] = attrs.Factory(dict)
    _now: float = 0.0
    _flying: list[tuple[NodeId, NodeId, Parcel]] = attrs.Factory(list)
    _reads: list[Index] = attrs.Factory(list)
    _proposals: int = 0
    _double: float = 0.0
    _flying_max: int = 0
    """Messages under way; beyond it some are lost."""

    def __attrs_post_init__(self) -> None:
        dice = self.dice = random.Random(self.seed)
        nodes = [NodeId(f"n{i + 1}") for i in range(dice.choice([3, 3, 3, 5]))]
        spare = [NodeId("n9")] if dice.random() < 0.3 else []
        watcher = Watcher(self.checker.led, self.checker.took, self.checker.wrote, self._index_given)
        append_bytes_max, inflight_max = dice.choice([1, 10_000]), dice.choice([1, 8])
        self._flying_max = dice.choice([8, 16, 60])
        self._double = dice.choice([0.0, 0.1, 0.3])
        for node in nodes + spare:
            config = RaftConfig(
                node=node,
                election_timeout_min=ELECTION_TIMEOUT_MIN,
                append_bytes_max=append_bytes_max,
                inflight_max=inflight_max,
            )
            host = Host(config, Disk(Membership(tuple(nodes))), dice, self._send, self.core_class, watcher)
            self.hosts.append(host)
            self._by_name[node] = host
            host.start(0.0)

    def run(self, steps: int) -> None:
        dice = self.dice
        weights = {
            self._deliver: 40.0,
            self._persist: dice.choice([5, 10, 40]),
            self._lose: dice.choice([0, 0, 2]),
            self._propose: 2,
            self._campaign: dice.choice([0, 1]),
            self._duel: dice.choice([0, 0.5, 1]),
            self._tick: dice.choice([0.2, 2]),
            self._crash: dice.choice([0, 1, 2]),
            self._read: 1,
            self._transfer: dice.choice([0, 0.3]),
            self._truncate: dice.choice([0, 0.5]),
            self._change_membership: dice.choice([0, 0.5]),
        }
        for step in dice.choices(list(weights), list(weights.values()), k=steps):
            step(dice.choice(self.hosts))

    def _send(self, sender: NodeId, to: NodeId, parcel: Parcel) -> None:
        self._flying.append((sender, to, parcel))
        if len(self._flying) > self._flying_max:
            self._take_flying()

    def _take_flying(self) -> tuple[NodeId, NodeId, Parcel]:
        # Mostly the oldest, for else nothing ever succeeds.
        dice, flying = self.dice, self._flying
        position = 0 if dice.random() < 0.5 else dice.randrange(len(flying))
        return flying[position] if dice.random() < self._double else flying.pop(position)

    def _leap(self) -> float:
        """A time at which nobody remembers a leader."""
        self._now += 2 * ELECTION_TIMEOUT_MIN
        return self._now

    def _deliver(self, host: Host) -> None:
        if self._flying:
            sender, to, parcel = self._take_flying()
            receiver = self._by_name[to]
            receiver.receive(sender, parcel, self._leap())
            self.checker.saw(receiver)

    def _lose(self, host: Host) -> None:
        if self._flying:
            _, to, parcel = self._flying.pop(self.dice.randrange(len(self._flying)))
            if isinstance(parcel, SnapshotStream):
                for other in self.hosts:
                    self._tell(other, lambda core: core.report_snapshot(to, False, parcel.index))

    def _persist(self, host: Host) -> None:
        if host.core is not None:
            host.persist()
            self.checker.saw(host)

    def _tell(self, host: Host, tell: Callable[[RaftCore], None]) -> None:
        """Bring a member that is up something, and let it act."""
        if host.core is not None:
            tell(host.core)
            host.carry_out()
            self.checker.saw(host)

    def _propose(self, host: Host) -> None:
        leaders = [host for host in self.hosts if host.core is not None and host.core.proposable]
        if leaders:
            self._proposals += 1
            self._tell(self.dice.choice(leaders), lambda core: void(core.propose(b"%d" % self._proposals)))

    def _campaign(self, host: Host) -> None:
        self._tell(host, lambda core: core.campaign(self._leap()))

    def _duel(self, host: Host) -> None:
        """Several ask for votes in the same term."""
        for other in self.hosts:
            if self.dice.random() < 0.7:
                self._campaign(other)

    def _tick(self, host: Host) -> None:
        def tick(core: RaftCore) -> None:
            assert core.tick(self._leap()) or not core.has_ready, "a tick that says it brought nothing"

        self._tell(host, tick)

    def _crash(self, host: Host) -> None:
        if host.core is None:
            host.start(self._leap())
        else:
            host.crash(self.dice.randint(0, len(host.disk.history)))
            if self.dice.random() < 0.7:
                host.start(self._leap())

    def _read(self, host: Host) -> None:
        if host.core is not None and host.core.leads:
            self._reads.append(self.checker.committed)
            self._tell(host, lambda core: core.read_index(len(self._reads) - 1, self._leap()))

    def _index_given(self, host: Host, context: int, index: Index) -> None:
        self.checker.index_read(host, self._reads[context], index)

    def _transfer(self, host: Host) -> None:
        for other in self.hosts:
            if other.core is not None and other.core.leads:
                self._tell(other, lambda core: core.transfer(host.node, self._leap()))

    def _truncate(self, host: Host) -> None:
        if host.core is not None:
            host.flush()
            host.compact(self.dice.randint(0, 3))

    def _change_membership(self, host: Host) -> None:
        leaders = [host for host in self.hosts if host.core is not None and host.core.settled]
        if leaders:
            self._tell(self.dice.choice(leaders), lambda core: toggle(core, host.node))


def toggle(core: RaftCore, node: NodeId) -> None:
    """Propose that an outsider learns, a learner votes, or a voter goes."""
    membership = core.membership
    voters, learners = set(membership.voters), set(membership.learners)
    if node in learners:
        learners.remove(node)
        voters.add(node)
    elif node not in voters:
        learners.add(node)
    elif len(voters) > 2:
        voters.remove(node)
    try:
        core.propose_membership(Membership(tuple(sorted(voters)), tuple(sorted(learners))))
    except ProposalDropped:
        return


def void(_: object) -> None:
    """Forget a result."""
