"""`python -m trinamo.sim --seed N` or `--seeds A..B`: run seeds of the whole cluster, and say which fail."""

import sys

import attrs
import click

from trinamo.sim.cluster import ClusterSite
from trinamo.sim.run import Report, Settings, run_seed
from trinamo.sim.workloads.registry import WORKLOADS


class _Range(click.ParamType[range]):
    """`A..B`, B not included."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        first, dots, end = str(value).partition("..")
        if not dots or not first.isdigit() or not end.isdigit():
            self.fail(f"{value!r} is not of the form A..B", param, ctx)
        return range(int(first), int(end))


@click.command()
@click.option("--seed", type=click.IntRange(min=0), help="Run this seed.")
@click.option("--seeds", type=_Range(), help="Run the seeds from A to B, B not included.")
@click.option("--seconds", type=click.FloatRange(min=0, max=600), help="Virtual seconds of chaos in each.")
@click.option(
    "--workload", type=click.Choice(sorted(WORKLOADS)), help="What users do; else the seed chooses."
)
@click.option("--trace", is_flag=True, help="Print the last events of a seed that fails.")
def main(
    seed: int | None, seeds: range | None, seconds: float | None, workload: str | None, trace: bool
) -> None:
    """Run the cluster under simulated time, network and disks; a seed says all that happens."""
    if (seed is None) == (seeds is None):
        raise click.UsageError("give either --seed or --seeds")
    failed = 0
    for number in seeds if seeds is not None else (seed,):
        assert number is not None
        settings = Settings(number, workload=workload)
        report = run_seed(
            settings if seconds is None else attrs.evolve(settings, chaos_s=seconds), ClusterSite
        )
        click.echo(str(report))
        if report.failures:
            failed += 1
            _explain(report, trace=trace)
    if failed:
        click.echo(f"{failed} failed", err=True)
    sys.exit(1 if failed else 0)


def _explain(report: Report, *, trace: bool) -> None:
    for failure in report.failures:
        click.echo(failure)
    if trace:
        for event in report.recent:
            click.echo(f"  {event}")
    click.echo(f"reproduce: {report.reproducing}")


if __name__ == "__main__":
    main()
