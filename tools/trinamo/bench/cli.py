"""`trinamo bench`: the benchmarks as commands."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from trinamo.bench import feed as feeding
from trinamo.bench import lifecycle, payload, program, report, rounds, suites, systems
from trinamo.bench import trading as trades_of_a_day
from trinamo.bench.rounds import Demand, MeasurementFailed, Plan
from trinamo.bench.systems import PEERS, StartFailed, System
from trinamo.cli.examples import examples
from trinamo.sim.live import LIVE, play

CONNECTIONS_MAX = 1024
SECONDS_MAX = 60.0
ITEMS_MIN, ITEMS_MAX = 10, 1_000_000

Callback = Callable[[click.Context, click.Parameter, str], object]
Command = Callable[..., None]


def words(allowed: tuple[str, ...]) -> Callback:
    """Comma-separated words out of a given set."""

    def parse(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
        for word in found:
            if word not in allowed:
                raise click.BadParameter(f"{word!r} is not one of {', '.join(allowed)}")
        return found

    return parse


def counts(least: int, most: int) -> Callback:
    """Comma-separated numbers."""

    def parse(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
        found = [word.strip() for word in value.split(",")]
        if not all(word.isdecimal() and least <= int(word) <= most for word in found):
            raise click.BadParameter(f"numbers from {least} to {most}, separated by commas")
        return tuple(dict.fromkeys(map(int, found)))

    return parse


def of_any_load(command: Command) -> Command:
    """The options of every command that measures systems under load."""
    options = (
        click.option(
            "--peers", callback=words(PEERS), default="", help="Measure these too: dynalite,dynoxide."
        ),
        click.option(
            "--install-peers",
            is_flag=True,
            help="First install the peers with npm, into the cache directory.",
        ),
        click.option(
            "--cache",
            type=click.Path(path_type=Path),
            help="Where peers are installed; default: the user's cache.",
        ),
        click.option("--seconds", type=click.FloatRange(0.1, SECONDS_MAX), default=2.0, show_default=True),
        click.option("--rounds", "rounds_", type=click.IntRange(1, 50), default=3, show_default=True),
        click.option("--url", help="Measure the server that listens there instead of starting one."),
        click.option("--no-trinamo", is_flag=True, help="Measure the peers alone."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(epilog=examples("trinamo bench http --seconds 1", "trinamo bench query --items 1000"))
def bench() -> None:
    """Measure how fast this is, beside others."""


@bench.command(
    epilog=examples(
        "trinamo bench http",
        "trinamo bench http --operations put --connections 1 --rounds 1 --no-lifecycle --json",
    )
)
@click.option("--operations", callback=words(payload.OPERATIONS), default="put,get", show_default=True)
@click.option("--connections", callback=counts(1, CONNECTIONS_MAX), default="1,16,64", show_default=True)
@of_any_load
@click.option("--lifecycle/--no-lifecycle", "with_lifecycle", default=True, help="Also starts, and idling.")
@click.option(
    "--partitions", type=click.IntRange(1, 1000), default=30, show_default=True, help="Of the idle cluster."
)
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

    Operations: put, get, put-if (a PutItem whose condition holds), update (SET and ADD), delete, and query (five items
    of 64). Pre-rendered requests come from a process of their own. Systems are measured in turn, round after round, and
    medians shown, beside what the same generator reaches against a server that does nothing.
    """
    plan = Plan(tuple(map(Demand, operations)), connections, seconds, rounds_)
    found = measured(plan, peers, cache, url, install=install_peers, with_trinamo=not no_trinamo)
    if with_lifecycle and not url and not no_trinamo:
        with Console(stderr=True).status("starts and idling"):
            found = report.Report(found.rows, lifecycle.measure(partitions), found.skipped)
    if as_json:
        click.echo(report.as_json(found))
    else:
        report.show(found, Console())


@bench.command(epilog=examples("trinamo bench query --items 1000"))
@click.option("--items", callback=counts(ITEMS_MIN, ITEMS_MAX), default="1000,100000", show_default=True)
@click.option("--connections", type=click.IntRange(1, CONNECTIONS_MAX), default=1, show_default=True)
@of_any_load
def query(
    items: tuple[int, ...],
    connections: int,
    peers: tuple[str, ...],
    install_peers: bool,
    cache: Path | None,
    seconds: float,
    rounds_: int,
    url: str | None,
    no_trinamo: bool,
    as_json: bool,
) -> None:
    """Query with a Limit of 5 under partition keys that hold more and more items.

    It should take the same time under all of them. Medians are shown, and their ratio to that of the first number.
    """
    demands = tuple(Demand("query", items=count, orders=count) for count in items)
    plan = Plan(demands, (connections,), seconds, rounds_)
    found = measured(plan, peers, cache, url, install=install_peers, with_trinamo=not no_trinamo)
    depths = report.depths(found, items)
    if as_json:
        click.echo(report.depths_as_json(depths, found.skipped))
    else:
        report.show_depths(depths, found.skipped, Console())


@bench.command(epilog=examples("trinamo bench feed --items 10000 --rounds 1"))
@click.option("--items", type=click.IntRange(ITEMS_MIN, ITEMS_MAX), default=100_000, show_default=True)
@click.option("--connections", type=click.IntRange(1, CONNECTIONS_MAX), default=16, show_default=True)
@of_any_load
def feed(
    items: int,
    connections: int,
    peers: tuple[str, ...],
    install_peers: bool,
    cache: Path | None,
    seconds: float,
    rounds_: int,
    url: str | None,
    no_trinamo: bool,
    as_json: bool,
) -> None:
    """What follows a write: a PutItem with a global index and a stream, how late they are, and how fast an index is filled.

    Lags are of marked writes under load; those of indexes in mode realistic, where reads do not wait for an index. A server
    without streams is measured with the index alone.
    """
    directory = cache or systems.cache_directory()
    try:
        if install_peers:
            systems.install_peers(directory)
        with Console(stderr=True).status("starting") as status:
            with ExitStack() as stack:
                running, skipped = _start(peers, directory, url, stack, with_trinamo=not no_trinamo)
                found = feeding.measure(running, seconds, rounds_, items, connections, status.update)
            with ExitStack() as stack:
                running, _ = _start(peers, directory, url, stack, with_trinamo=not no_trinamo, realistic=True)
                lags = feeding.index_lags(running, status.update)
        found = [feeding.with_lag(each, lag) for each, lag in zip(found, lags, strict=True)]
    except (StartFailed, MeasurementFailed, feeding.Refused) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(report.feeds_as_json(found, skipped))
    else:
        report.show_feeds(found, items, skipped, Console())


@bench.command(epilog=examples("trinamo bench trading --trades 5000"))
@click.option("--trades", type=click.IntRange(1, ITEMS_MAX), default=50_000, show_default=True)
@click.option("--connections", type=click.IntRange(1, CONNECTIONS_MAX), default=16, show_default=True)
@click.option("--peers", callback=words(PEERS), default="", help="Measure these too: dynalite,dynoxide.")
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Where peers are installed; default: the user's cache."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trading(trades: int, connections: int, peers: tuple[str, ...], cache: Path | None, as_json: bool) -> None:
    """Trades under user and moment, an index by ticker, and a consumer of the stream that keeps totals by ticker.

    The totals of the consumer and of the index must be what Python computes from the trades, exactly.
    """
    directory = cache or systems.cache_directory()
    try:
        with Console(stderr=True).status("starting") as status, ExitStack() as stack:
            running, skipped = _start(peers, directory, None, stack, with_trinamo=True)
            found = []
            for system in running:
                status.update(f"trading, {system.name}")
                found.append(trades_of_a_day.trade(system, trades, connections))
    except (StartFailed, MeasurementFailed, feeding.Refused) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(report.tradings_as_json(found, skipped))
    else:
        report.show_tradings(found, skipped, Console())
    if not all(each.index_exact and each.stream_exact is not False for each in found[:1]):
        raise click.ClickException("the totals are not those of the trades")


@bench.command(epilog=examples("trinamo bench client --operations 200 --rounds 1"))
@click.option("--operations", type=click.IntRange(2, 1_000_000), default=1_000, show_default=True)
@click.option("--rounds", "rounds_", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def client(operations: int, rounds_: int, as_json: bool) -> None:
    """The same program of puts and gets through trinamo.client, boto3 and aiobotocore.

    In process the cluster shares the client's event loop; all others use one cluster in a process of its own.
    """
    try:
        with Console(stderr=True).status("starting") as status:
            rows, skipped = program.measure(operations, rounds_, status.update)
    except StartFailed as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(report.program_as_json(rows, skipped))
    else:
        report.show_program(rows, skipped, Console())


@bench.command(
    epilog=examples("trinamo bench workload --seconds 1", "trinamo bench workload queue --seconds 1")
)
@click.argument("name", type=click.Choice(LIVE), default="register")
@click.option("--seconds", type=click.FloatRange(0.1, SECONDS_MAX), default=5.0, show_default=True)
@click.option("--clients", type=click.IntRange(1, CONNECTIONS_MAX), default=16, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def workload(name: str, seconds: float, clients: int, as_json: bool) -> None:
    """A workload of the simulator at full speed, over HTTP with trinamo.client, and what its judge says of every answer."""
    import trio

    try:
        with Console(stderr=True).status(f"workload {name}"), ExitStack() as stack:
            system = ours(None, stack)
            url = f"http://{system.host}:{system.port}"
            metrics, faults = trio.run(partial(play, url, name, seconds, clients=clients, think_s=1e-6))
    except StartFailed as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(report.workload_as_json(name, seconds, metrics, faults))
    else:
        report.show_workload(name, seconds, metrics, Console())
    if faults:
        raise click.ClickException("; ".join(faults))


@bench.command(epilog=examples("trinamo bench testing --rounds 1"))
@click.option(
    "--peers",
    callback=words((suites.MOTO, *PEERS)),
    default="",
    help="Measure these too: moto,dynalite,dynoxide.",
)
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Where peers are installed; default: the user's cache."
)
@click.option("--rounds", "rounds_", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def testing(peers: tuple[str, ...], cache: Path | None, rounds_: int, as_json: bool) -> None:
    """A suite of fifty tests that pytest runs, with our fixtures and with others'; starts and resets of clusters."""
    try:
        with Console(stderr=True).status("starting") as status:
            found = suites.measure(peers, cache or systems.cache_directory(), rounds_, status.update)
    except StartFailed as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(report.suites_as_json(*found))
    else:
        report.show_suites(*found, Console())


def measured(
    plan: Plan,
    peers: tuple[str, ...],
    cache: Path | None,
    url: str | None,
    *,
    install: bool,
    with_trinamo: bool,
) -> report.Report:
    """Carry a plan out, with a word on stderr about how far it is; end the command where it cannot be."""
    if not sys.platform.startswith("linux"):
        raise click.ClickException("the load generator needs Linux")
    directory = cache or systems.cache_directory()
    try:
        if install:
            systems.install_peers(directory)
        with Console(stderr=True).status("starting") as status:
            return load_report(plan, peers, directory, url, with_trinamo, status.update)
    except (StartFailed, MeasurementFailed) as error:
        raise click.ClickException(str(error)) from error


def load_report(
    plan: Plan,
    peers: tuple[str, ...],
    directory: Path,
    url: str | None,
    with_trinamo: bool,
    progress: rounds.Progress,
) -> report.Report:
    """Start everybody, measure everybody, stop everybody."""
    with ExitStack() as stack:
        running, skipped = _start(peers, directory, url, stack, with_trinamo=with_trinamo)
        for system in running:
            prepare(system, plan, progress)
        running.append(stack.enter_context(systems.ceiling()))
        return report.Report(rounds.measure(running, plan, progress), None, skipped)


def _start(
    peers: tuple[str, ...],
    directory: Path,
    url: str | None,
    stack: ExitStack,
    *,
    with_trinamo: bool,
    realistic: bool = False,
) -> tuple[list[System], list[str]]:
    """Start all that can be; return them, and a word on each that is left out."""
    present = {name: program for name in peers if (program := systems.find_peer(name, directory))}
    skipped = [
        f"{name} is not installed: skipped (--install-peers fetches it)"
        for name in peers
        if name not in present
    ]
    running = [stack.enter_context(systems.peer(name, program)) for name, program in present.items()]
    if with_trinamo:
        running.insert(0, ours(url, stack, *(("--mode", "realistic") if realistic else ())))
    return running, skipped


def prepare(system: System, plan: Plan, progress: rounds.Progress) -> None:
    """Make the tables that a plan needs, and put all items that it asks for."""
    fillings = dict.fromkeys(demand.filling for demand in plan.demands)
    for operation in dict.fromkeys(filling.operation for filling in fillings):
        systems.create_table(system, payload.TABLES[operation])
    for filling in fillings:
        progress(f"filling {system.name}: {filling.items:,} items")
        rounds.fill(system, filling)


def ours(url: str | None, stack: ExitStack, *flags: str) -> System:
    if url is None:
        return stack.enter_context(systems.trinamo(*flags))
    host, port = systems.address_of(url)
    return System(systems.TRINAMO, host, port, pid=None)
