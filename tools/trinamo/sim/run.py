"""One seed: a cluster in a simulated world, its users, its misfortunes, and the verdict.

    set up the workload → its clients under chaos → mend → it responds → replicas equal → it checks

1. Everything that a run does follows from its seed: `same seed, same trace hash` whatever PYTHONHASHSEED is.
2. An exception that comes out of the cluster is a failure of the seed, as is an actor that failed.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TextIO

import attrs
import orjson
import trio

from trinamo.base import NodeId
from trinamo.sim.chaos import FAULTS, PAUSE_MEAN_S, Chaos, Victim
from trinamo.sim.clock import EPOCH
from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.dice import TaskDice
from trinamo.sim.invariants import Watched, Watcher
from trinamo.sim.knobs import Knobs
from trinamo.sim.logs import logs_to
from trinamo.sim.machine import Machine
from trinamo.sim.network import Hub
from trinamo.sim.sites import Places
from trinamo.sim.trace import Trace
from trinamo.sim.workloads.asking import Stage
from trinamo.sim.workloads.metrics import Metrics
from trinamo.sim.workloads.registry import WORKLOADS
from trinamo.world import Durability

RECOVERY_S: Final = (
    15.0  # virtual, for a mended cluster to answer everything and for its replicas to be equal
)
CHECK_S: Final = (
    60.0  # virtual, for a workload's last questions; of those that may wait it limits the waits itself
)
POLL_S: Final = 0.1
WHOLE_S: Final = 60.0  # of chaos: a whole seed (PROTOCOLS 9)
NODES: Final = (3, 3, 3, 3, 4, 5, 7)
OPERATIONS_MAX: Final = 2_000
DRIFT_MAX: Final = 0.05  # RaftConfig.drift_max, the bound that leases count on


@attrs.frozen
class Settings:
    """How much a seed is. A whole one has 60 virtual seconds and up to 2,000 operations (PROTOCOLS 9)."""

    seed: int
    nodes: int | None = None
    """None lets the seed choose: three to seven."""
    chaos_s: float = 8.0
    clients: int = 6
    keys: int = 3
    operations_max: int = OPERATIONS_MAX
    think_mean_s: float = 0.07
    faults: Sequence[str] = FAULTS
    pause_mean_s: float = PAUSE_MEAN_S
    workload: str | None = None
    """One of `WORKLOADS`; None lets the seed choose."""
    without: frozenset[int] = frozenset()
    """Acts of chaos to leave out, by their numbers."""
    muted: frozenset[int] = frozenset()
    """Clients that do nothing, by their numbers."""


@attrs.frozen
class Report:
    """What became of a seed."""

    seed: int
    workload: str
    digest: str
    metrics: Metrics
    faults: dict[str, int]
    failures: tuple[str, ...]
    recent: tuple[str, ...]
    """The trace's last events."""
    virtual_s: float = 0.0
    elections: int = 0
    settings: Settings = Settings(0)
    acts: tuple[str, ...] = ()
    """What chaos did, or left out, in order."""
    nodes: int = 3
    taken: dict[str, int] = attrs.Factory(dict)
    """How often the rare branch of each site was taken."""

    def __str__(self) -> str:
        faults = " ".join(f"{name}={count}" for name, count in sorted(self.faults.items()))
        state = "FAILED" if self.failures else "passed"
        return (
            f"seed {self.seed} {state}: trace {self.digest}, {self.nodes} nodes, {self.workload}: {self.metrics.operations} operations, "
            f"{self.metrics.unknown} of unknown outcome; {faults}"
        )

    @property
    def reproducing(self) -> str:
        """The command that shows a failure again."""
        settings = self.settings
        parts = [f"python -m trinamo.sim --seed {self.seed} --workload {self.workload}"]
        if settings.chaos_s != WHOLE_S:
            parts.append(f"--minutes {settings.chaos_s / 60:.6g}")
        for option, numbers in (("--without", settings.without), ("--mute", settings.muted)):
            if numbers:
                parts.append(f"{option} {','.join(map(str, sorted(numbers)))}")
        if settings.operations_max != OPERATIONS_MAX:
            parts.append(f"--operations {settings.operations_max}")
        return " ".join(parts)


class Site(Victim, Watched, Protocol):
    """A cluster on simulated machines."""

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Start the nodes, say so, and run until cancelled. What fails in a node comes out."""

    async def perform(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> bytes:
        """Perform an operation of the API on a node. Raises `ApiError`."""

    def delivered(self, stream_arn: str) -> Sequence[bytes]:
        """What a Kinesis data stream was told."""

    def differences(self) -> list[str]:
        """How replicas that should be equal differ; empty when they do not."""


Build = Callable[[Sequence[Machine], Knobs], Site]


def run_seed(settings: Settings, build: Build, written: TextIO | None = None) -> Report:
    """Run one seed to its end. Its trace is written to `written`, an event a line."""
    return run_deterministically(f"trinamo/{settings.seed}", _Run(settings, build, Trace(written)).play)


class _Run:
    """The parts of one seed."""

    def __init__(self, settings: Settings, build: Build, trace: Trace) -> None:
        self._settings = settings
        seed = f"trinamo/{settings.seed}"
        traits = random.Random(f"{seed}/traits")
        durability = traits.choice((Durability.OS, Durability.FSYNC))
        self._trace = trace
        self._hub = Hub(random.Random(f"{seed}/network"), self._trace)
        self._places = Places(seed)
        nodes = settings.nodes or random.Random(f"{seed}/nodes").choice(NODES)
        machines = [
            Machine.built(
                NodeId(f"n{number}"),
                seed,
                self._hub,
                durability=durability,
                drift_max=DRIFT_MAX,
                places=self._places,
            )
            for number in range(1, nodes + 1)
        ]
        self._site = build(machines, Knobs.draw(random.Random(f"{seed}/knobs")))
        self._watcher = Watcher(self._site)
        chosen = traits.choice(sorted(WORKLOADS))  # drawn even if named: what else is drawn stays the same
        self._name = settings.workload or chosen
        self._workload = WORKLOADS[self._name](
            Stage(
                perform=self._perform,
                live=lambda: self._site.live,
                dice=TaskDice(f"{seed}/clients"),
                now=trio.current_time,
                sleep=trio.sleep,
                wall=lambda: EPOCH + trio.current_time(),
                note=self._trace.note,
                clients=settings.clients,
                keys=settings.keys,
                operations_max=settings.operations_max,
                think_mean_s=settings.think_mean_s,
                delivered=self._site.delivered,
                muted=settings.muted,
                wall_error_s=0.5 + (settings.chaos_s + 60) * DRIFT_MAX / 2,
            )
        )
        self._chaos = Chaos(
            victim=self._site,
            hub=self._hub,
            seed=f"{seed}/chaos",
            trace=self._trace,
            places=self._places,
            machine_crashes=durability is Durability.FSYNC,
            faults=settings.faults,
            without=settings.without,
            pause_mean_s=settings.pause_mean_s,
        )
        self._failures: list[str] = []
        self._ended = 0.0

    async def play(self) -> Report:
        trio.lowlevel.add_instrument(self._watcher)
        try:
            with logs_to(self._trace, lambda line: self._failures.append(f"logged an error: {line}")):
                await self._live()
        except Exception as error:  # noqa: BLE001  # whatever the cluster raises is the seed's failure
            self._failures += [f"the cluster failed: {each!r}" for each in _leaves(error)]
        finally:
            trio.lowlevel.remove_instrument(self._watcher)
        self._failures += self._watcher.faults
        self._ended = trio.current_time()
        return self._report()

    async def _live(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hub.run)
            await nursery.start(self._site.run)
            await self._act()
            nursery.cancel_scope.cancel()

    async def _act(self) -> None:
        workload = self._workload
        if not await self._within(RECOVERY_S, "no table could be made", workload.setup):
            return
        until = trio.current_time() + self._settings.chaos_s
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._chaos.rage, until)
            workload.start(nursery, until)
        await self._within(RECOVERY_S, "a mended cluster does not answer", workload.responds)
        await self._within(RECOVERY_S, "replicas differ", self._equal)
        await self._within(CHECK_S, f"the {self._name} workload cannot be checked", self._check)
        self._watcher.judge()

    async def _perform(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        tree: dict[str, Any] = orjson.loads(await self._site.perform(node, operation, parameters))
        return tree

    async def _check(self) -> None:
        self._failures += await self._workload.check()

    async def _within(self, seconds: float, failure: str, work: Callable[[], Awaitable[None]]) -> bool:
        with trio.move_on_after(seconds) as scope:
            await work()
        if scope.cancelled_caught:
            details = "; ".join(self._site.differences())
            self._failures.append(f"{failure} within {seconds:g} s {details}")
        return not scope.cancelled_caught

    async def _equal(self) -> None:
        while True:
            if not self._site.differences():
                return
            await trio.sleep(POLL_S)

    def _report(self) -> Report:
        return Report(
            seed=self._settings.seed,
            workload=self._name,
            digest=self._trace.digest(),
            metrics=self._workload.metrics(),
            faults=self._chaos.counts,
            failures=tuple(self._failures),
            recent=tuple(self._trace.recent),
            virtual_s=self._ended,
            elections=self._watcher.elections,
            settings=self._settings,
            acts=tuple(self._chaos.acts),
            nodes=len(self._site.nodes),
            taken=self._places.taken,
        )


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]
