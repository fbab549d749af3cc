"""The host: all replicas of one node, its one timer, and the heartbeats it gathers for each peer.

1. One timer ticks every replica; what they beat in one tick goes as one message to each peer (PROTOCOLS 2).
2. Messages of Raft are stepped by the task that brings them: `Replica.take` never waits.
3. A failing replica stops alone, visibly; the node goes on (PROTOCOLS 2).
4. Flushes, truncation and sweeps happen here, beside the replicas.
"""

import math
from collections.abc import Callable
from typing import Any

import attrs
import structlog
import trio

from trinamo.actor import Actor, System, supervise
from trinamo.base import KeyspaceId, NodeId, PartitionId, StorageError, Term
from trinamo.lsm import GroupCommit, ReplicaRecord, Store
from trinamo.partition.bounds import Bounds
from trinamo.partition.messages import HeartbeatAcks, Heartbeats, Raft
from trinamo.partition.replica import Replica
from trinamo.raft import Heartbeat, HeartbeatAck, RaftConfig, RaftMessage
from trinamo.wire import Message
from trinamo.world import Durability, World

TICK_S = 0.08
ELECTION_TICKS = 5  # an election begins 0.4 to 0.8 s after the last heartbeat
HEARTBEAT_TICKS = 2  # ticks and heartbeats are what an idle cluster costs
MAINTENANCE_S = 0.5
EARLY_MAX = (
    64  # groups, and messages of each, kept for a replica that the catalog's news has not yet begun here
)
HOST = "host"

_log = structlog.get_logger("trinamo.partition")


@attrs.frozen
class Assignment:
    """A replica that this node shall have."""

    partition: PartitionId
    start: bytes
    end: bytes
    epoch: int
    voters: tuple[NodeId, ...]
    owner: bytes
    eager: bool  # campaigns at once, being the first of a new group
    schema: bytes = b""  # of its table (`trinamo.partition.localindexes`)


class Host:
    """The replicas of a node."""

    def __init__(
        self, world: World, system: System, store: Store, commit: GroupCommit, bounds: Bounds = Bounds()
    ) -> None:
        self.node = world.node
        self.clock = world.clock
        self.random = world.random
        self.sites = world.sites
        self.store = store
        self.commit = commit
        self.raft = RaftConfig(
            node=world.node,
            election_timeout_min=ELECTION_TICKS * TICK_S,
            election_ticks=ELECTION_TICKS,
            heartbeat_ticks=HEARTBEAT_TICKS,
            append_bytes_max=bounds.append_bytes_max,
            inflight_max=bounds.appends_in_flight_max,
        )
        self.bounds = bounds
        self.past_s = 0.0
        self.replicas: dict[PartitionId, Replica] = {}
        self.leadership_changed: Callable[[Replica], None] = lambda _: None
        self._system = system
        self._nursery: trio.Nursery | None = None
        self._scopes: dict[PartitionId, trio.CancelScope] = {}
        self._incarnation = 0
        self._beats: dict[NodeId, list[tuple[int, int, int, int]]] | None = None
        self._acks: list[tuple[int, int, int]] | None = None
        self._early: dict[PartitionId, list[tuple[NodeId, RaftMessage]]] = {}
        self._early_before: frozenset[PartitionId] = frozenset()  # those that were waiting at the last look
        system.inline(Raft, self._on_raft)
        system.inline(Heartbeats, self._on_heartbeats)
        system.inline(HeartbeatAcks, self._on_heartbeat_acks)

    def __repr__(self) -> str:
        return f"<Host {self.node} {len(self.replicas)} replicas>"

    # -- what replicas ask of it ------------------------------------------------------------------------------

    def send(self, peer: NodeId, partition: PartitionId, message: RaftMessage) -> None:
        if isinstance(message, Heartbeat):
            beat = (partition, message.term, message.commit, message.round)
            if self._beats is not None:
                self._beats.setdefault(peer, []).append(beat)
            else:
                self._system.tell(peer, HOST, Heartbeats((beat,)))
        elif isinstance(message, HeartbeatAck):
            ack = (partition, message.term, message.round)
            if self._acks is not None:
                self._acks.append(ack)
            else:
                self._system.tell(peer, HOST, HeartbeatAcks((ack,)))
        else:
            self._system.tell(peer, partition, Raft(partition, message))

    def tell(self, peer: NodeId, partition: PartitionId, message: Message) -> None:
        self._system.tell(peer, partition, message)

    def spawn(self, work: Callable[[], Any]) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(work)

    def led(self, replica: Replica) -> None:
        self.leadership_changed(replica)

    # -- messages ---------------------------------------------------------------------------------------------

    def _on_raft(self, sender: NodeId, message: Raft) -> None:
        replica, inner = self.replicas.get(message.partition), message.message
        if not isinstance(inner, RaftMessage):
            return
        if replica is not None:
            self._guard(replica, replica.take, sender, inner)
        elif len(self._early) < EARLY_MAX:
            early = self._early.setdefault(message.partition, [])
            if len(early) < EARLY_MAX:
                early.append((sender, inner))

    def _on_heartbeats(self, sender: NodeId, message: Heartbeats) -> None:
        acks: list[tuple[int, int, int]] = []
        self._acks = acks
        now, replicas = self.clock.monotonic(), self.replicas
        for partition, term, commit, round_ in message.beats:
            replica = replicas.get(partition)  # type: ignore[call-overload]  # an id, as it came
            if replica is None:
                continue
            if replica.heard(sender, term, commit, now):  # nearly always, and all there is to an idle group
                acks.append((partition, term, round_))
                continue
            beat = Heartbeat(Term(term), commit, round_)  # type: ignore[arg-type]  # an Index, as it came
            self._guard(replica, replica.take, sender, beat)
        self._acks = None
        if acks:
            self._system.tell(sender, HOST, HeartbeatAcks(tuple(acks)))

    def _on_heartbeat_acks(self, sender: NodeId, message: HeartbeatAcks) -> None:
        for partition, term, round_ in message.acks:
            replica = self.replicas.get(PartitionId(partition))
            if replica is not None:
                ack = HeartbeatAck(Term(term), round_)
                self._guard(replica, replica.take, sender, ack)

    def _guard(self, replica: Replica, work: Callable[..., None], *arguments: Any) -> None:
        """Run a replica's code outside its task: a failure ends the replica, and not the link that brought it."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001  # as in the actor loop
            self._stop_failed(replica, error)

    def _stop_failed(self, replica: Replica, error: Exception) -> None:
        replica.failure = f"{type(error).__name__}: {error}"
        _log.error("replica failed", replica=repr(replica), exc_info=error)
        self.replicas.pop(replica.partition, None)
        scope = self._scopes.get(replica.partition)
        if scope is not None:
            scope.cancel()

    # -- replicas ---------------------------------------------------------------------------------------------

    async def assign(self, assignment: Assignment) -> None:
        """Begin a replica here, unless there is one."""
        partition = assignment.partition
        if self.store.find_record(partition) is None:
            record = ReplicaRecord(
                partition,
                self.store.new_keyspace(),
                assignment.start,
                assignment.end,
                assignment.epoch,
                assignment.voters,
                (),
                assignment.owner,
                schema=assignment.schema,
            )
            await self.commit.write(
                partition, self._next_incarnation(), lambda batch: self.store.create_replica(batch, record)
            )
            self.sites.passes("replica: recorded, not begun")
        if partition not in self._scopes and partition not in self.store.lost():
            self._begin(partition, assignment.eager)

    async def dismiss(self, partition: PartitionId) -> None:
        """End a replica here and forget its data."""
        replica, scope = self.replicas.pop(partition, None), self._scopes.get(partition)
        if scope is not None:
            scope.cancel()
        if self.store.find_record(partition) is None:
            return
        if replica is not None:
            await self.commit.retire(partition, replica.incarnation)
        garbage: list[KeyspaceId] = []
        await self.commit.write(
            partition,
            self._next_incarnation(),
            lambda batch: garbage.append(self.store.drop_replica(batch, partition)),
        )
        self.sites.passes("replica: dropped, data there")
        for keyspace in garbage:
            self.store.discard(keyspace)

    def _next_incarnation(self) -> int:
        self._incarnation += 1
        return self._incarnation

    def _begin(self, partition: PartitionId, eager: bool) -> None:
        assert self._nursery is not None
        self._scopes[partition] = scope = trio.CancelScope()
        self._nursery.start_soon(self._run_replica, partition, eager, scope)

    async def _run_replica(self, partition: PartitionId, eager: bool, scope: trio.CancelScope) -> None:
        def make() -> Actor:
            return Replica(self, partition, self._next_incarnation(), eager)

        async def clear_up() -> None:
            await self.commit.retire(
                partition, self._incarnation
            )  # its writes end before its log is read again

        def begun(actor: Actor) -> None:
            assert isinstance(actor, Replica)
            self.replicas[partition] = actor
            self._system.register(actor)
            for sender, message in self._early.pop(partition, ()):
                self._guard(actor, actor.take, sender, message)

        def ended(actor: Actor, _error: BaseException | None, _again: bool) -> None:
            assert isinstance(actor, Replica)
            self._system.unregister(actor)
            if self.replicas.get(partition) is actor:
                del self.replicas[partition]

        with scope:
            await supervise(make, self.clock, begun, ended, clear_up)
        if self._scopes.get(partition) is scope:
            del self._scopes[partition]

    # -- running ----------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run the replicas that the store has, and those assigned later, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for partition in self.store.lost():
                _log.error("replica lost its storage", node=self.node, partition=partition)
            lost = set(self.store.lost())
            for record in self.store.records():
                if record.partition not in lost:
                    self._begin(record.partition, eager=False)
            nursery.start_soon(self._tick)
            nursery.start_soon(self._maintain)
            task_status.started()

    async def _tick(self) -> None:
        clock = self.clock
        moment = clock.monotonic()
        while True:
            # Late ticks are not made up for. All nodes tick at the same moments, so that those of one process
            # wake it once.
            moment = math.ceil(max(moment + TICK_S / 2, clock.monotonic()) / TICK_S) * TICK_S
            await clock.sleep_until(moment)
            now = clock.monotonic()
            self._system.expire(now)
            beats: dict[NodeId, list[tuple[int, int, int, int]]] = {}
            self._beats = beats
            for replica in list(self.replicas.values()):
                try:
                    replica.tick(now)
                except Exception as error:  # noqa: BLE001  # as in the actor loop
                    self._stop_failed(replica, error)
            self._beats = None
            for peer, gathered in beats.items():
                self._system.tell(peer, HOST, Heartbeats(tuple(gathered)))

    def _forget_early(self) -> None:
        """Drop what came for replicas that have not begun in a whole round: they are gone, not late."""
        for partition in self._early_before:
            self._early.pop(partition, None)
        self._early_before = frozenset(self._early)

    async def _maintain(self) -> None:
        store, clock = self.store, self.clock
        while True:
            await clock.sleep_until(clock.monotonic() + MAINTENANCE_S)
            self._forget_early()
            store.sweep()
            if store.durability is Durability.MEMORY:
                continue
            long = [replica for replica in self.replicas.values() if replica.wants_flush]
            full = store.engine.data_size() > self.bounds.data_unflushed_max
            if long or full or self.sites.sometimes("data: flushed early"):
                try:
                    await store.flush()
                except StorageError as error:
                    _log.error("flush failed", node=self.node, reason=str(error))
                    continue
                self.sites.passes("data: flushed, logs not cut")
                for replica in long:
                    if self.replicas.get(replica.partition) is replica:
                        self._guard(replica, replica.truncate_log)
