"""One seed: a cluster in a simulated world, its users, its misfortunes, and the verdict.

    found a table → clients under chaos → mend → liveness → histories linearizable → replicas equal

1. Everything that a run does follows from its seed: `same seed, same trace hash` whatever PYTHONHASHSEED is.
2. An exception that comes out of the cluster is a failure of the seed, as is an actor that failed.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import attrs
import trio

from trinamo.base import NodeId
from trinamo.model.errors import ApiError
from trinamo.sim.chaos import FAULTS, PAUSE_MEAN_S, Chaos, Victim
from trinamo.sim.checker import violations
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.history import Kind
from trinamo.sim.logs import logs_to
from trinamo.sim.machine import Machine
from trinamo.sim.network import Hub
from trinamo.sim.trace import Trace
from trinamo.sim.workload import INDEX, INDEXED_DECLARATION, TABLE_DECLARATION, Registers
from trinamo.world import Durability

RECOVERY_S: Final = (
    15.0  # virtual, for a mended cluster to answer everything and for its replicas to be equal
)
POLL_S: Final = 0.1
DRIFT_MAX: Final = 0.05  # RaftConfig.drift_max, the bound that leases count on


@attrs.frozen
class Settings:
    """How much a seed is. A whole one has 60 virtual seconds and up to 2,000 operations (PROTOCOLS 9)."""

    seed: int
    nodes: int = 3
    chaos_s: float = 8.0
    clients: int = 6
    keys: int = 3
    operations_max: int = 2_000
    think_mean_s: float = 0.07
    faults: Sequence[str] = FAULTS
    pause_mean_s: float = PAUSE_MEAN_S
    indexed: bool = False
    """Whether the table has a global index, which is looked at too."""


@attrs.frozen
class Report:
    """What became of a seed."""

    seed: int
    digest: str
    operations: int
    unknown: int
    refusals: dict[str, int]
    faults: dict[str, int]
    failures: tuple[str, ...]
    recent: tuple[str, ...]
    """The trace's last events."""
    indexed: bool = False

    def __str__(self) -> str:
        faults = " ".join(f"{name}={count}" for name, count in sorted(self.faults.items()))
        state = "FAILED" if self.failures else "passed"
        return (
            f"seed {self.seed} {state}: trace {self.digest}, {self.operations} operations, "
            f"{self.unknown} of unknown outcome; {faults}"
        )

    @property
    def reproducing(self) -> str:
        """The command that shows a failure again."""
        return f"python -m trinamo.sim --seed {self.seed}" + (" --indexed" if self.indexed else "")


class Site(Victim, Protocol):
    """A cluster on simulated machines."""

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Start the nodes, say so, and run until cancelled. What fails in a node comes out."""

    async def perform(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> bytes:
        """Perform an operation of the API on a node. Raises `ApiError`."""

    def differences(self) -> list[str]:
        """How replicas that should be equal differ; empty when they do not."""


Build = Callable[[Sequence[Machine]], Site]


def run_seed(settings: Settings, build: Build) -> Report:
    """Run one seed to its end."""
    return run_deterministically(f"trinamo/{settings.seed}", _Run(settings, build).play)


class _Run:
    """The parts of one seed."""

    def __init__(self, settings: Settings, build: Build) -> None:
        self._settings = settings
        seed = f"trinamo/{settings.seed}"
        traits = random.Random(f"{seed}/traits")
        durability = traits.choice((Durability.OS, Durability.FSYNC))
        self._trace = Trace()
        self._hub = Hub(random.Random(f"{seed}/network"), self._trace)
        machines = [
            Machine.built(NodeId(f"n{number}"), seed, self._hub, durability=durability, drift_max=DRIFT_MAX)
            for number in range(1, settings.nodes + 1)
        ]
        self._site = build(machines)
        self._registers = Registers(
            perform=self._site.perform,
            live=lambda: self._site.live,
            dice=random.Random(f"{seed}/clients"),
            trace=self._trace,
            keys=[f"k{number}" for number in range(settings.keys)],
            operations_max=settings.operations_max,
            think_mean_s=settings.think_mean_s,
        )
        self._chaos = Chaos(
            victim=self._site,
            hub=self._hub,
            dice=random.Random(f"{seed}/chaos"),
            trace=self._trace,
            machine_crashes=durability is Durability.FSYNC,
            faults=settings.faults,
            pause_mean_s=settings.pause_mean_s,
        )
        self._failures: list[str] = []

    async def play(self) -> Report:
        try:
            with logs_to(self._trace, lambda line: self._failures.append(f"logged an error: {line}")):
                await self._live()
        except Exception as error:  # noqa: BLE001  # whatever the cluster raises is the seed's failure
            self._failures += [f"the cluster failed: {each!r}" for each in _leaves(error)]
        return self._report()

    async def _live(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hub.run)
            await nursery.start(self._site.run)
            await self._act()
            nursery.cancel_scope.cancel()

    async def _act(self) -> None:
        if not await self._within(RECOVERY_S, "no table could be made", self._found):
            return
        until = trio.current_time() + self._settings.chaos_s
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._chaos.rage, until)
            for number in range(self._settings.clients):
                nursery.start_soon(self._registers.client, f"c{number}", until)
            if self._settings.indexed:
                nursery.start_soon(self._registers.index_reader, until, self._failures.append)
        await self._within(RECOVERY_S, "a mended cluster does not answer", self._answers)
        await self._within(RECOVERY_S, "replicas differ", self._equal)
        if self._settings.indexed:
            await self._within(RECOVERY_S, "an index is not the projection of its table", self._projected)
        self._failures += [str(violation) for violation in violations(self._registers.history)]

    async def _within(self, seconds: float, failure: str, work: Callable[[], Awaitable[None]]) -> bool:
        with trio.move_on_after(seconds) as scope:
            await work()
        if scope.cancelled_caught:
            details = "; ".join(self._site.differences())
            self._failures.append(f"{failure} within {seconds:g} s {details}")
        return not scope.cancelled_caught

    async def _found(self) -> None:
        declaration = INDEXED_DECLARATION if self._settings.indexed else TABLE_DECLARATION
        await self._site.perform(self._site.nodes[0], "CreateTable", dict(declaration))
        await self._answers()

    async def _answers(self) -> None:
        """Every node answers for every key."""
        for node in self._site.nodes:
            for key in list(self._registers.keys):
                for kind in (Kind.PUT, Kind.GET):
                    await self._answered(node, kind, key)

    async def _answered(self, node: NodeId, kind: Kind, key: str) -> None:
        while True:
            operation = await self._registers.ask("mender", node, kind, key)
            if operation.returned is not None:
                return
            await trio.sleep(POLL_S)

    async def _equal(self) -> None:
        while True:
            if not self._site.differences():
                return
            await trio.sleep(POLL_S)

    async def _projected(self) -> None:
        """From every node, the index shows what the table holds: a read waits two seconds for it, not longer."""
        while True:
            if all([await self._shows_all(node) for node in self._site.nodes]):
                return
            await trio.sleep(POLL_S)

    async def _shows_all(self, node: NodeId) -> bool:
        try:
            return await self._registers.rows(node) == await self._registers.rows(node, INDEX)
        except ApiError:
            return False

    def _report(self) -> Report:
        operations = self._registers.history.operations
        return Report(
            seed=self._settings.seed,
            digest=self._trace.digest(),
            operations=len(operations),
            unknown=sum(operation.returned is None for operation in operations),
            refusals=self._registers.refusals,
            faults=self._chaos.counts,
            failures=tuple(self._failures),
            recent=tuple(self._trace.recent),
            indexed=self._settings.indexed,
        )


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]
