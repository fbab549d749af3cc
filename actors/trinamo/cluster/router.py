"""The router: from a partition to its leader, with what may be retried retried (PROTOCOLS 4).

Retried until the deadline: only what was certainly not proposed, and what does no harm when it is done twice. A write that was handed
to a leader whose answer is lost comes out as `OutcomeUnknown`; the gateway makes a 500 of it.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from trinamo.actor import Request, System
from trinamo.base import (
    NodeId,
    NotLeader,
    OperatingError,
    OutcomeUnknown,
    PartitionId,
    WrongEpoch,
)
from trinamo.cluster.records import SYSTEM_EPOCH, SYSTEM_PARTITION, PartitionRecord
from trinamo.cluster.view import CatalogView
from trinamo.partition import Host
from trinamo.partition.messages import (
    Configure,
    Expire,
    FindMoment,
    Get,
    Keep,
    PassOn,
    Read,
    ReadCursors,
    ReadFeed,
    ReadShard,
    ReadShards,
    Roll,
    TakeChanges,
    Tally,
    Touch,
)
from trinamo.wire import Message
from trinamo.world import Clock, Random

R = TypeVar("R", bound=Message)

LEADERLESS_MAX_S: Final = 5.0  # PROTOCOLS 4: how long a request waits for a leader
PARTED_MAX_S: Final = 1.0  # the same, at a node that knows no leader of the system partition either
ANSWER_MAX_S: Final = 5.0  # how long an answer is awaited; then the outcome is unknown
PAUSE_FIRST_S: Final = (
    0.001  # before all replicas are asked again: a new group has its leader in a millisecond
)
PAUSE_MAX_S: Final = 0.016  # an election takes half a second
_REPEATABLE: Final = (
    Get,
    Read,
    Tally,
    ReadFeed,
    ReadCursors,
    ReadShards,
    ReadShard,
    FindMoment,
    Configure,
    Keep,
    Roll,
    TakeChanges,
    Touch,
    Expire,
    PassOn,
)  # harmless when done twice


class Unroutable(OperatingError):
    """No leader took the request in time; surely nothing was done."""

    retryable = True


class Router:
    """Sends requests to leaders."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        system: System,
        host: Host,
        view: CatalogView,
        system_nodes: tuple[NodeId, ...],
    ) -> None:
        self._clock = clock
        self._random = random
        self._system = system
        self._sites = system.world.sites
        self._host = host
        self._view = view
        self.system_route = PartitionRecord(SYSTEM_PARTITION, b"", b"", SYSTEM_EPOCH, system_nodes)
        self._leaders: dict[PartitionId, NodeId] = {}
        self.in_touch: Callable[[], bool] = lambda: True

    def __repr__(self) -> str:
        return f"<Router {self._system.node} {len(self._leaders)} leaders known>"

    def leader(self, partition: PartitionId) -> NodeId | None:
        """Whom this node believes to lead."""
        replica = self._host.replicas.get(partition)
        if replica is not None and replica.core.leader is not None:
            return replica.core.leader
        return self._leaders.get(partition)

    def answer_now(self, route: PartitionRecord, request: Request[R]) -> Message | None:
        """The answer of a local leader that needs no wait, else None."""
        replica = self._host.replicas.get(route.partition)
        return None if replica is None else replica.answer_now(request)

    async def call(self, route: PartitionRecord, request: Request[R]) -> R:
        """Have the leader of a partition answer. Raises `Unroutable`, `WrongEpoch`, `OutcomeUnknown`."""
        clock, partition = self._clock, route.partition
        begin = clock.monotonic()
        deadline = begin + LEADERLESS_MAX_S
        refusals = 0
        pause = PAUSE_FIRST_S
        hint: NodeId | None = None
        while True:
            node = hint or self.leader(partition) or route.replicas[refusals % len(route.replicas)]
            if refusals and hint is None:
                node = route.replicas[refusals % len(route.replicas)]
            if self._sites.sometimes("router: asks anybody"):
                node = route.replicas[self._random.randrange(0, len(route.replicas))]
            now = clock.monotonic()
            try:
                answer = await self._system.ask(node, partition, request, now + ANSWER_MAX_S).wait()
            except OperatingError as error:
                again = error.retryable or (
                    isinstance(request, _REPEATABLE) and isinstance(error, OutcomeUnknown)
                )
                if not again or self._system.stopped:  # a node that has crashed asks in vain
                    raise
                hint = self._refused(partition, node, error)
                refusals += 1
                if isinstance(error, WrongEpoch) and self._is_gone(route):
                    raise
                if not self.in_touch():  # whom this node does not reach, another may
                    deadline = min(deadline, begin + PARTED_MAX_S)
                if clock.monotonic() >= deadline:
                    raise Unroutable(f"no leader of partition {partition} took the request") from error
            else:
                self._leaders[partition] = node
                return answer
            if hint is None or refusals > len(route.replicas):
                await clock.sleep_until(clock.monotonic() + pause)
                pause = min(1.5 * pause, PAUSE_MAX_S)

    async def call_any(self, route: PartitionRecord, request: Request[R]) -> R:
        """Have any replica answer, drawn by the dice; for eventually consistent reads, which may be behind."""
        first = self._random.randrange(0, len(route.replicas))
        for node in (*route.replicas[first:], *route.replicas[:first]):
            try:
                now = self._clock.monotonic()
                return await self._system.ask(node, route.partition, request, now + ANSWER_MAX_S).wait()
            except OperatingError:
                continue  # a read has no effect: try the next, and at last the leader
        return await self.call(route, request)

    def _refused(self, partition: PartitionId, node: NodeId, error: OperatingError) -> NodeId | None:
        self._leaders.pop(partition, None)
        if isinstance(error, NotLeader) and error.leader is not None and error.leader != node:
            return error.leader
        return None

    def _is_gone(self, route: PartitionRecord) -> bool:
        if route.partition == SYSTEM_PARTITION:
            return False
        known = self._view.partitions.get(route.partition)
        return known is None or known.epoch != route.epoch
