"""`trinamo sim`: run seeds of the whole cluster, and say which fail."""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import attrs
import click
from rich.console import Console
from rich.progress import track

from trinamo.cli.examples import examples
from trinamo.sim.batch import Summary, differing_event, fails, run_many, write_trace
from trinamo.sim.run import OPERATIONS_MAX, WHOLE_S, Report, Settings
from trinamo.sim.shrinking import Shrinker
from trinamo.sim.workloads.registry import WORKLOADS

MINUTES_MAX = 60
JOBS_MAX = 64
TRACES_MAX = 5  # of many seeds that fail


class _Range(click.ParamType[range]):
    """`A..B`, B not included."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        if isinstance(value, range):
            return value
        first, dots, end = str(value).partition("..")
        if not dots or not first.isdigit() or not end.isdigit():
            self.fail(f"{value!r} is not of the form A..B", param, ctx)
        return range(int(first), int(end))


class _Numbers(click.ParamType[frozenset[int]]):
    """`1,2,5`."""

    name = "N,N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[int]:
        if isinstance(value, frozenset):
            return value
        parts = [part for part in str(value).split(",") if part]
        if not all(part.isdigit() for part in parts):
            self.fail(f"{value!r} is not of the form N,N", param, ctx)
        return frozenset(map(int, parts))


@click.command(
    epilog=examples(
        "trinamo sim --seed 7 --minutes 0.1",
        "trinamo sim --seed 7 --minutes 0.1 --trace seed7.txt",
        "trinamo sim --seeds 0..4 --jobs 2 --minutes 0.1 --workload counter --twice 0.5",
    )
)
@click.option("--seed", type=click.IntRange(min=0), help="Run this seed.")
@click.option("--seeds", type=_Range(), help="Run the seeds from A to B, B not included.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, max=MINUTES_MAX),
    default=WHOLE_S / 60,
    show_default=True,
    help="Virtual minutes of chaos in each.",
)
@click.option(
    "--workload", type=click.Choice(sorted(WORKLOADS)), help="What users do; else the seed chooses."
)
@click.option(
    "--operations",
    type=click.IntRange(min=0),
    default=OPERATIONS_MAX,
    show_default=True,
    help="How many requests users make at most.",
)
@click.option("--without", type=_Numbers(), default="", help="Leave out these acts of chaos.")
@click.option("--mute", type=_Numbers(), default="", help="Have these users do nothing.")
@click.option("--jobs", type=click.IntRange(1, JOBS_MAX), default=1, show_default=True, help="Processes.")
@click.option(
    "--twice",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Run this share of the seeds again, under another hash seed, and compare event by event.",
)
@click.option(
    "--trace",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all events of --seed to this file.",
)
@click.option("--shrink", is_flag=True, help="If --seed fails, look for less that fails too.")
def sim(
    seed: int | None,
    seeds: range | None,
    minutes: float,
    workload: str | None,
    operations: int,
    without: frozenset[int],
    mute: frozenset[int],
    jobs: int,
    twice: float,
    trace: Path | None,
    shrink: bool,
) -> None:
    """Run whole clusters in virtual time, on a network and disks that fail: all that happens follows from a seed.

    Users put, get, count, append, queue, scan and read streams meanwhile. In the end everything is mended, and everything that was
    said must have been true. A seed that fails says how to run it again.
    """
    settings = Settings(
        seed or 0,
        chaos_s=minutes * 60,
        workload=workload,
        operations_max=operations,
        without=without,
        muted=mute,
    )
    match seed, seeds:
        case None, range():
            if trace is not None or shrink:
                raise click.UsageError("--trace and --shrink go with --seed")
            failed = _many([attrs.evolve(settings, seed=number) for number in seeds], jobs, twice)
        case int(), None:
            failed = _one(settings, twice, trace, shrink=shrink)
        case _:
            raise click.UsageError("give either --seed or --seeds")
    if failed:
        sys.exit(1)


def _one(settings: Settings, twice: float, path: Path | None, *, shrink: bool) -> bool:
    report = next(run_many([settings], 1)) if path is None else write_trace(settings, path)
    click.echo(str(report))
    differs = bool(twice) and _differs(report)
    if report.failures:
        _explain(report)
        if shrink:
            _shrink(report)
        elif path is None:
            _leave_trace(report)
    return bool(report.failures) or differs


def _many(every: list[Settings], jobs: int, twice: float) -> bool:
    if not every:
        raise click.UsageError("there is no seed between A and B")
    summary = Summary()
    period = round(1 / twice) if twice else 0
    for number, report in enumerate(_shown(run_many(every, jobs), len(every))):
        summary.add(report)
        if report.failures:
            click.echo(str(report))
            _explain(report)
            if summary.failed <= TRACES_MAX:
                _leave_trace(report)
        if period and number % period == 0:
            summary.compared += 1
            summary.differing += _differs(report)
    for line in summary.lines():
        click.echo(line)
    return bool(summary.failed or summary.differing)


def _differs(report: Report) -> bool:
    difference = differing_event(report)
    if difference is not None:
        click.echo(f"seed {report.seed} is not deterministic: {difference}")
        click.echo(f"reproduce: {report.reproducing} --twice 1")
    return difference is not None


def _shown(reports: Iterable[Report], count: int) -> Iterable[Report]:
    """Show on a terminal how far it is."""
    if count == 1 or not sys.stderr.isatty():
        return reports
    return track(reports, description="seeds", total=count, console=Console(stderr=True), transient=True)


def _explain(report: Report) -> None:
    for failure in report.failures:
        click.echo(failure)
    click.echo(f"reproduce: {report.reproducing}")


def _leave_trace(report: Report) -> None:
    """Write down what happened, all of it."""
    path = Path(tempfile.gettempdir(), f"trinamo-seed-{report.seed}-{report.workload}.txt")
    write_trace(report.settings, path)
    click.echo(f"trace: {path}")


def _shrink(report: Report) -> None:
    settings = attrs.evolve(report.settings, workload=report.workload)
    shrinker = Shrinker(fails, report, settings)
    for smaller in shrinker.shrink():
        left = len(smaller.acts) - len(smaller.settings.without)
        users = smaller.settings.clients - len(smaller.settings.muted)
        click.echo(
            f"fails with {smaller.metrics.operations} operations of {users} users and {left} acts of chaos "
            f"in {smaller.settings.chaos_s:g} s"
        )
    click.echo(f"the least found in {shrinker.runs} runs:")
    _explain(shrinker.best)
    _leave_trace(shrinker.best)
