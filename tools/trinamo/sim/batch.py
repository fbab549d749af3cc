"""Many seeds, over several processes, and what came of them all together.

Processes are spawned, not forked: each seed runs in an interpreter that knows nothing of the others, as it would alone. Reports
come in the order of their seeds, whoever was faster.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import attrs

from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Report, Settings, run_seed
from trinamo.sim.workloads.metrics import Metrics

SEEDS_A_TASK: Final = 4  # what is handed to a process at once


def run_one(settings: Settings) -> Report:
    """Run one seed of the whole cluster."""
    return run_seed(settings, ClusterSite)


def write_trace(settings: Settings, path: Path) -> Report:
    """Run one seed, and write all its events to a file."""
    with path.open("w") as file:
        return run_seed(settings, ClusterSite, file)


def fails(settings: Settings) -> Report | None:
    """Return the report of a seed that fails."""
    report = run_one(settings)
    return report if report.failures else None


def differing_event(report: Report) -> str | None:
    """Run a seed again, in a fresh process under another hash seed; return the first event that is another there."""
    with tempfile.TemporaryDirectory() as folder:
        again, here = Path(folder, "again"), Path(folder, "here")
        hash_seed = str(1 + report.seed % 4_000_000_000)
        command = [sys.executable, *shlex.split(report.reproducing)[1:], "--trace", str(again)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if f"trace {report.digest}" in done.stdout:
            return None
        if not again.exists():
            return f"under PYTHONHASHSEED={hash_seed} it does not run: {done.stderr.strip()[-500:]}"
        write_trace(report.settings, here)
        with again.open() as one, here.open() as other:
            for number, (first, second) in enumerate(zip_longest(one, other, fillvalue="nothing"), 1):
                if first != second:
                    return f"event {number} is {second.strip()!r}, and under PYTHONHASHSEED={hash_seed} {first.strip()!r}"
        return f"two runs here have different traces, {report.digest} and another"


def run_many(every: Sequence[Settings], jobs: int) -> Iterator[Report]:
    """Run all seeds, over so many processes."""
    if jobs == 1 or len(every) == 1:
        yield from map(run_one, every)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(run_one, every, chunksize=SEEDS_A_TASK)


@attrs.define
class Summary:
    """What many seeds came to. Time is virtual, but for `seconds`."""

    begin: float = attrs.field(factory=time.perf_counter)
    seeds: int = 0
    failed: int = 0
    compared: int = 0
    """How many were run again, and ..."""
    differing: int = 0
    """... how many of them were another run then."""
    virtual_s: float = 0.0
    elections: int = 0
    faults: dict[str, int] = attrs.field(factory=dict)
    taken: dict[str, int] = attrs.field(factory=dict)
    workloads: dict[str, int] = attrs.field(factory=dict)
    metrics: Metrics = Metrics()

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.failed += bool(report.failures)
        self.virtual_s += report.virtual_s
        self.elections += report.elections
        self.metrics += report.metrics
        self.workloads[report.workload] = self.workloads.get(report.workload, 0) + 1
        for counts, more in ((self.faults, report.faults), (self.taken, report.taken)):
            for name, count in more.items():
                counts[name] = counts.get(name, 0) + count

    def lines(self) -> Iterable[str]:
        """Say all of it, a line each."""
        seconds = time.perf_counter() - self.begin
        metrics = self.metrics
        yield f"{self.seeds} seeds, {self.failed} failed: " + _counts(self.workloads)
        yield f"operations: {metrics.operations:,}, {metrics.unknown:,} of unknown outcome, {metrics.refused:,} refused"
        yield "faults: " + _counts(self.faults)
        yield "rare branches: " + _counts(self.taken)
        yield f"elections: {self.elections:,}"
        if self.compared:
            yield f"run twice: {self.compared:,}, of which {self.differing:,} differ"
        for name, latencies in metrics.latencies.items():
            yield f"{name}: {latencies}"
        rate, hours = self.seeds / seconds * 60, self.virtual_s / 3600
        yield f"{hours:.2f} virtual hours in {seconds:.0f} s: {rate:.0f} seeds a minute, {hours * 3600 / seconds:.0f} times real time"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
