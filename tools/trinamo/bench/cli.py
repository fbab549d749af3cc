"""`trinamo bench`: the benchmarks as commands."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console

from trinamo.bench import lifecycle, report, rounds, systems
from trinamo.bench.payload import TARGETS
from trinamo.bench.rounds import MeasurementFailed, Plan
from trinamo.bench.systems import PEERS, StartFailed, System

CONNECTIONS_MAX = 1024
SECONDS_MAX = 60.0


Callback = Callable[[click.Context, click.Parameter, str], object]


def words(allowed: tuple[str, ...]) -> Callback:
    """Comma-separated words out of a given set."""

    def parse(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
        for word in found:
            if word not in allowed:
                raise click.BadParameter(f"{word!r} is not one of {', '.join(allowed)}")
        return found

    return parse


def counts(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Comma-separated numbers of connections."""
    found = [word.strip() for word in value.split(",")]
    if not all(word.isdecimal() and 1 <= int(word) <= CONNECTIONS_MAX for word in found):
        raise click.BadParameter(f"numbers from 1 to {CONNECTIONS_MAX}, separated by commas")
    return tuple(dict.fromkeys(map(int, found)))


@click.group()
def bench() -> None:
    """Measure how fast this is, beside others."""


@bench.command()
@click.option("--operations", callback=words(tuple(TARGETS)), default="put,get", show_default=True)
@click.option("--connections", callback=counts, default="1,16,64", show_default=True)
@click.option("--peers", callback=words(PEERS), default="", help="Measure these too: dynalite,dynoxide.")
@click.option(
    "--install-peers", is_flag=True, help="First install the peers with npm, into the cache directory."
)
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Where peers are installed; default: the user's cache."
)
@click.option("--seconds", type=click.FloatRange(0.1, SECONDS_MAX), default=2.0, show_default=True)
@click.option("--rounds", "rounds_", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option("--url", help="Measure the server that listens there instead of starting one.")
@click.option("--no-trinamo", is_flag=True, help="Measure the peers alone.")
@click.option("--lifecycle/--no-lifecycle", "with_lifecycle", default=True, help="Also starts, and idling.")
@click.option(
    "--partitions", type=click.IntRange(1, 1000), default=30, show_default=True, help="Of the idle cluster."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def http(
    operations: tuple[str, ...],
    connections: tuple[int, ...],
    peers: tuple[str, ...],
    install_peers: bool,
    cache: Path | None,
    seconds: float,
    rounds_: int,
    url: str | None,
    no_trinamo: bool,
    with_lifecycle: bool,
    partitions: int,
    as_json: bool,
) -> None:
    """Requests per second and latencies over HTTP.

    Pre-rendered requests come from a process of their own. Systems are measured in turn, round after round, and
    medians shown, beside what the same generator reaches against a server that does nothing.
    """
    if not sys.platform.startswith("linux"):
        raise click.ClickException("the load generator needs Linux")
    directory = cache or systems.cache_directory()
    plan = Plan(operations, connections, seconds, rounds_)
    console = Console(stderr=True)
    try:
        if install_peers:
            systems.install_peers(directory)
        with console.status("starting") as status:
            found = load_report(plan, peers, directory, url, not no_trinamo, status.update)
            if with_lifecycle and not url and not no_trinamo:
                status.update("starts and idling")
                found = report.Report(found.rows, lifecycle.measure(partitions), found.skipped)
    except (StartFailed, MeasurementFailed) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(report.as_json(found))
    else:
        report.show(found, Console())


def load_report(
    plan: Plan,
    peers: tuple[str, ...],
    directory: Path,
    url: str | None,
    with_trinamo: bool,
    progress: rounds.Progress,
) -> report.Report:
    """Start everybody, measure everybody, stop everybody."""
    present = {name: program for name in peers if (program := systems.find_peer(name, directory))}
    skipped = [
        f"{name} is not installed: skipped (--install-peers fetches it)"
        for name in peers
        if name not in present
    ]
    with ExitStack() as stack:
        measured = [stack.enter_context(systems.peer(name, program)) for name, program in present.items()]
        if with_trinamo:
            measured.insert(0, ours(url, stack))
        for system in measured:
            systems.create_table(system)
            rounds.fill(system)
        measured.append(stack.enter_context(systems.ceiling()))
        return report.Report(rounds.measure(measured, plan, progress), None, skipped)


def ours(url: str | None, stack: ExitStack) -> System:
    if url is None:
        return stack.enter_context(systems.trinamo())
    host, port = systems.address_of(url)
    return System(systems.TRINAMO, host, port, pid=None)
