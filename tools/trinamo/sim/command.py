"""`trinamo sim`: run seeds of the whole cluster, and say which fail."""

import sys
from collections.abc import Iterable

import click
from rich.console import Console
from rich.progress import track

from trinamo.cli.examples import examples
from trinamo.sim.batch import Summary, run_many
from trinamo.sim.run import WHOLE_S, Report, Settings
from trinamo.sim.workloads.registry import WORKLOADS

MINUTES_MAX = 60
JOBS_MAX = 64


class _Range(click.ParamType[range]):
    """`A..B`, B not included."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        first, dots, end = str(value).partition("..")
        if not dots or not first.isdigit() or not end.isdigit():
            self.fail(f"{value!r} is not of the form A..B", param, ctx)
        return range(int(first), int(end))


@click.command(
    epilog=examples(
        "trinamo sim --seed 7 --minutes 0.1",
        "trinamo sim --seeds 0..4 --jobs 2 --minutes 0.1 --workload counter",
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
@click.option("--jobs", type=click.IntRange(1, JOBS_MAX), default=1, show_default=True, help="Processes.")
@click.option("--trace", is_flag=True, help="Print the last events of a seed that fails.")
def sim(
    seed: int | None, seeds: range | None, minutes: float, workload: str | None, jobs: int, trace: bool
) -> None:
    """Run whole clusters in virtual time, on a network and disks that fail: all that happens follows from a seed.

    Users put, get, count, queue, scan and read streams meanwhile. In the end everything is mended, and everything that was said
    must have been true. A seed that fails says how to run it again.
    """
    if (seed is None) == (seeds is None):
        raise click.UsageError("give either --seed or --seeds")
    numbers = seeds if seeds is not None else range(seed or 0, (seed or 0) + 1)
    if not numbers:
        raise click.UsageError("there is no seed between A and B")
    every = [Settings(number, chaos_s=minutes * 60, workload=workload) for number in numbers]
    summary = Summary()
    for report in _shown(run_many(every, jobs), len(every)):
        summary.add(report)
        if report.failures or len(every) == 1:
            click.echo(str(report))
        if report.failures:
            _explain(report, trace=trace)
    if len(every) > 1:
        for line in summary.lines():
            click.echo(line)
    if summary.failed:
        sys.exit(1)


def _shown(reports: Iterable[Report], count: int) -> Iterable[Report]:
    """Show on a terminal how far it is."""
    if count == 1 or not sys.stderr.isatty():
        return reports
    return track(reports, description="seeds", total=count, console=Console(stderr=True), transient=True)


def _explain(report: Report, *, trace: bool) -> None:
    for failure in report.failures:
        click.echo(failure)
    if trace:
        for event in report.recent:
            click.echo(f"  {event}")
    click.echo(f"reproduce: {report.reproducing}")
