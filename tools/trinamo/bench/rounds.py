"""Rounds of measurements: A B C A B C, and medians, since a machine is never quite idle.

1. All systems run all the time; only one is under load at any moment.
2. Within a round every system meets the same load before the next load begins, so a slow minute hits all of them.
3. A rate within `BOUND_SHARE` of the null server's, under the same load, says more about the generator than about the
   server, and is marked.
4. Every measurement finds all items in place: what a measurement deleted is put again behind it.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence

import attrs

from trinamo.bench import payload
from trinamo.bench.generator import LAP_SECONDS_MAX, Load, Sample
from trinamo.bench.systems import CEILING, PEERS, System

Progress = Callable[[str], None]

# A row within 20 % of its ceiling is bound by the generator.
BOUND_SHARE = 0.8
WARMUP_SECONDS = 0.5
# On top of what a measurement takes by itself: to start, to render, to connect.
GENERATOR_SECONDS_MAX = 60.0
FILL_CONNECTIONS = 8


class MeasurementFailed(Exception):
    """The generator gave up; the message says why."""


@attrs.frozen
class Demand:
    """An operation, on so many items in collections of so many."""

    operation: str
    items: int = payload.KEYS
    orders: int = payload.ORDERS

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self.operation if self.orders == payload.ORDERS else f"{self.operation} of {self.orders:,}"

    @property
    def filling(self) -> "Demand":
        """The demand that puts what this one asks for."""
        match self.operation:
            case "query":
                return attrs.evolve(self, operation="append")
            case "put-fed":
                return self
            case _:
                return attrs.evolve(self, operation="put")


@attrs.frozen
class Plan:
    demands: tuple[Demand, ...]
    connections: tuple[int, ...]
    seconds: float
    rounds: int

    @property
    def measurements(self) -> int:
        """How often a system is measured."""
        return len(self.demands) * len(self.connections) * self.rounds


@attrs.frozen
class Row:
    """One system under one load: medians over the rounds, the sum of the errors."""

    system: str
    operation: str
    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    errors: int
    first_error: str
    generator_bound: bool
    ratios: dict[str, float]
    """Its rate by that of each peer under the same load."""


def generate(load: Load, server: str) -> Sample:
    """Apply `load` from a process of its own. `server` is who a failure is blamed on."""
    ended = subprocess.run(
        [sys.executable, "-m", "trinamo.bench.generator"],
        input=json.dumps(attrs.asdict(load)),
        capture_output=True,
        text=True,
        timeout=GENERATOR_SECONDS_MAX + (load.seconds or LAP_SECONDS_MAX) + load.warmup_seconds,
        check=False,
    )
    if ended.returncode:
        reason = ended.stderr.strip().splitlines()[-1:]
        raise MeasurementFailed(f"{server}: {' '.join(reason) or 'the generator failed'}")
    return Sample(**json.loads(ended.stdout))


def fill(system: System, filling: Demand) -> None:
    """Put every item once, so that every request finds what it asks for."""
    load = Load(
        system.host,
        system.port,
        filling.operation,
        FILL_CONNECTIONS,
        items=filling.items,
        orders=filling.orders,
    )
    sample = generate(load, system.name)
    if sample.errors:
        raise MeasurementFailed(
            f"{system.name} refused {sample.errors} of the first puts: {sample.first_error}"
        )


def measure(systems: Sequence[System], plan: Plan, progress: Progress) -> list[Row]:
    """Every system under every load, round after round."""
    samples: dict[tuple[str, int, str], list[Sample]] = {}
    for round_number in range(plan.rounds):
        for demand in plan.demands:
            for connections in plan.connections:
                for system in systems:
                    progress(
                        f"round {round_number + 1}: {demand.name}, {connections} connections, {system.name}"
                    )
                    samples.setdefault((demand.name, connections, system.name), []).append(
                        take(system, demand, connections, plan.seconds)
                    )
    return rows(samples)


def take(system: System, demand: Demand, connections: int, seconds: float) -> Sample:
    """Measure one system under one load."""
    load = Load(
        system.host,
        system.port,
        demand.operation,
        connections,
        seconds,
        WARMUP_SECONDS,
        items=demand.items,
        orders=demand.orders,
    )
    if demand.operation != "delete":
        return generate(load, system.name)
    # An item is deleted once: the measurement ends with the last of them, whenever that is.
    taken = generate(attrs.evolve(load, seconds=None, warmup_seconds=0.0), system.name)
    fill(system, demand.filling)
    return taken


def rows(samples: dict[tuple[str, int, str], list[Sample]]) -> list[Row]:
    rates = {place: statistics.median(sample.rate for sample in taken) for place, taken in samples.items()}
    return [row(place, taken, rates) for place, taken in samples.items()]


def row(place: tuple[str, int, str], taken: list[Sample], rates: dict[tuple[str, int, str], float]) -> Row:
    operation, connections, system = place
    rate = rates[place]
    beside = {
        name: other for (op, count, name), other in rates.items() if (op, count) == (operation, connections)
    }
    top = beside.get(CEILING)
    return Row(
        system=system,
        operation=operation,
        connections=connections,
        rate=rate,
        p50_ms=statistics.median(sample.p50_ms for sample in taken),
        p99_ms=statistics.median(sample.p99_ms for sample in taken),
        errors=sum(sample.errors for sample in taken),
        first_error=next((sample.first_error for sample in taken if sample.first_error), ""),
        generator_bound=top is not None and system != CEILING and rate >= BOUND_SHARE * top,
        ratios={
            name: rate / other
            for name, other in beside.items()
            if name in PEERS and system != CEILING and name != system and other
        },
    )
