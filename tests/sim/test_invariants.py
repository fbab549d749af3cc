"""What a watcher refuses: histories and states made by hand, each of which breaks one invariant."""

import random
from collections.abc import Callable

import attrs
import pytest
import trio

from sim.group import PARTITION, GroupSite
from trinamo.base import Index, NodeId, Term
from trinamo.lsm import Kind
from trinamo.partition import Replica
from trinamo.raft import HardState, RaftCore
from trinamo.raft.messages import AppendAck, VoteReply
from trinamo.sim.cluster import ClusterSite
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.invariants import Committed, Member, Watcher
from trinamo.sim.machine import Machine
from trinamo.sim.network import Hub
from trinamo.sim.run import Settings, run_seed
from trinamo.sim.trace import Trace
from trinamo.world import Durability, Family

N1, N2, N3 = NodeId("n1"), NodeId("n2"), NodeId("n3")
WRITES = 5


@attrs.frozen
class Scene:
    """A healthy group at rest, which was watched and found right."""

    watcher: Watcher
    site: GroupSite

    def member(self, node: NodeId) -> Member:
        return next(member for member in self.site.members() if member.node == node)

    def replica(self, node: NodeId) -> Replica:
        return self.member(node).host.replicas[PARTITION]

    @property
    def leader(self) -> NodeId:
        leader = self.site.leader()
        assert leader is not None
        return leader

    @property
    def follower(self) -> NodeId:
        return next(node for node in self.site.nodes if node != self.leader)

    def forget_how_far(self) -> None:
        """Have the watcher look at all replicas as if they had just begun."""
        self.watcher._seen.clear()


def found_after(tamper: Callable[[Scene], None], *, judge: bool = False) -> list[str]:
    """What a watcher says of a group that was tampered with."""

    async def play() -> list[str]:
        hub = Hub(random.Random(1), Trace())
        machines = [
            Machine.built(node, "1", hub, durability=Durability.OS, drift_max=0.0) for node in (N1, N2, N3)
        ]
        site = GroupSite(machines)
        watcher = Watcher(site)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            await nursery.start(site.run)
            await trio.sleep(1)
            for number in range(WRITES):
                item = {"k": {"S": "k"}, "v": {"S": str(number)}}
                await site.perform(N1, "PutItem", {"Item": item})
            await trio.sleep(1)
            assert watcher.judge() == []
            tamper(Scene(watcher, site))
            if judge:
                watcher.judge()
            else:
                watcher.look()
            nursery.cancel_scope.cancel()
        return watcher.faults

    return run_deterministically("1", play)


def test_all_is_well() -> None:
    assert found_after(lambda scene: scene.forget_how_far(), judge=True) == []


def test_two_lead_in_one_term() -> None:
    def tamper(scene: Scene) -> None:
        group = scene.watcher.groups[PARTITION]
        group.leaders[scene.replica(scene.leader).core.term] = scene.follower

    [fault] = found_after(tamper)
    assert "leads p2 in term 1, as does" in fault


def test_a_node_votes_for_two() -> None:
    def tamper(scene: Scene) -> None:
        for candidate in (N2, N3):
            scene.watcher.hear(N1, candidate, PARTITION, VoteReply(Term(7), True))

    [fault] = found_after(tamper)
    assert "n1 votes for n2 and n3 in term 7 of p2" in fault


def test_a_node_goes_back_in_terms() -> None:
    def tamper(scene: Scene) -> None:
        for term in (Term(9), Term(8)):
            scene.watcher.hear(N1, N2, PARTITION, AppendAck(term, Index(1)))

    [fault] = found_after(tamper)
    assert "n1 speaks of term 8 in p2, after it was in 9" in fault


def test_what_was_committed_changes() -> None:
    def tamper(scene: Scene) -> None:
        committed = scene.watcher.groups[PARTITION].committed
        committed[3] = Committed(committed[3].term, committed[3].checksum ^ 1, committed[3].entry)
        scene.forget_how_far()

    faults = found_after(tamper)
    assert len(faults) == 3
    assert all("commits 3 of p2 in term 1, which was another in 1" in fault for fault in faults)


def test_a_leader_lacks_what_was_committed() -> None:
    def tamper(scene: Scene) -> None:
        committed = scene.watcher.groups[PARTITION].committed
        last = max(committed)
        committed[last + 1] = Committed(0, 0, committed[last].entry)
        scene.forget_how_far()

    assert any("leads p2 without" in fault for fault in found_after(tamper))


def test_more_is_applied_than_is_committed() -> None:
    def tamper(scene: Scene) -> None:
        replica = scene.replica(scene.follower)
        replica.applied = attrs.evolve(replica.applied, index=Index(replica.core.commit + 1))

    [fault] = found_after(tamper)
    assert "applied" in fault


def test_a_quorum_lacks_what_is_committed() -> None:
    def tamper(scene: Scene) -> None:
        leader = scene.replica(scene.leader)
        leader.core.propose(b"")
        leader.core.log.commit = leader.core.log.last_index

    assert any("which 0 of 3 have" in fault for fault in found_after(tamper))


def test_a_lease_outlives_leadership(monkeypatch: pytest.MonkeyPatch) -> None:
    def tamper(scene: Scene) -> None:
        monkeypatch.setattr(RaftCore, "lease_valid", lambda self, now: True)
        old, new = scene.replica(scene.leader), scene.replica(scene.follower)
        new.core.term = Term(old.core.term + 1)
        new.core.role = old.core.role

    assert any("has a lease of p2 in 1; one leads in 2" in fault for fault in found_after(tamper))


def test_who_follows_has_writes_in_flight() -> None:
    def tamper(scene: Scene) -> None:
        scene.replica(scene.follower)._flight[b"k"] = (9, None)

    [fault] = found_after(tamper)
    assert "does not lead p2, and has 1 in flight" in fault


def test_a_node_forgets_what_it_promised() -> None:
    def tamper(scene: Scene) -> None:
        group = scene.watcher.groups[PARTITION]
        group.promised[N1] = 5
        group.acknowledged[N2] = (5, 100)
        group.votes[N3, scene.replica(N3).core.term] = NodeId("n9")
        scene.forget_how_far()

    faults = found_after(tamper)
    assert any("n1 is in term 1 of p2, and was in 5" in fault for fault in faults)
    assert any("n2 acknowledged 100 of p2 in term 5" in fault for fault in faults)
    assert any("n3 voted for n9 in 1 of p2" in fault for fault in faults)


def test_a_log_on_disk_is_another() -> None:
    def tamper(scene: Scene) -> None:
        member = scene.member(scene.follower)
        log = scene.replica(scene.follower)._group_log
        batch = member.store.engine.batch(Family.LOG)
        log.save(batch, HardState(Term(1)))
        log.append(batch, [attrs.evolve(scene.watcher.groups[PARTITION].committed[2].entry, term=Term(3))])
        member.store.engine.write(batch)
        scene.watcher._seen[id(scene.replica(scene.follower))][1].last += 1  # as if it had just been longer

    [fault] = found_after(tamper)
    assert "of p2 on disk, and believes to have" in fault


def test_a_state_is_not_what_its_log_makes() -> None:
    def tamper(scene: Scene) -> None:
        member = scene.member(scene.follower)
        batch = member.store.keyspace(PARTITION).batch()
        batch.delete(Kind.ITEM, b"k")
        batch.commit(member.store.applied(PARTITION))

    [fault] = found_after(tamper, judge=True)
    assert "holds for p2 what the log does not make" in fault


def test_whoever_is_watched_does_not_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(11, chaos_s=3.0)
    watched = run_seed(settings, ClusterSite)
    monkeypatch.setattr(Watcher, "before_io_wait", lambda self, timeout: None)
    monkeypatch.setattr(Watcher, "judge", lambda self: [])
    assert run_seed(settings, ClusterSite).digest == watched.digest
