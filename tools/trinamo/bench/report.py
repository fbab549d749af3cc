"""What was measured, as a table for people or as JSON for programs."""

import json
from collections.abc import Callable, Sequence

import attrs
from rich import box
from rich.console import Console
from rich.table import Table

from trinamo.bench import program
from trinamo.bench.feed import Feed, Lag
from trinamo.bench.lifecycle import Lifecycle
from trinamo.bench.payload import QUERY_LIMIT
from trinamo.bench.rounds import Demand, Row
from trinamo.bench.suites import TESTS, Fixtures
from trinamo.bench.suites import Row as Suite
from trinamo.bench.systems import CEILING, PEERS
from trinamo.bench.trading import Trading
from trinamo.sim.workloads.metrics import Metrics


@attrs.frozen
class Report:
    rows: Sequence[Row]
    lifecycle: Lifecycle | None
    skipped: Sequence[str]
    """In a word each: which peers were left out, and why."""


@attrs.frozen
class Depth:
    """A row of `trinamo bench query`."""

    items: int
    """Under the partition key."""
    row: Row
    growth: float
    """Its median latency by the same system's under the first number of items."""


def depths(report: Report, items: Sequence[int]) -> list[Depth]:
    """Put rows beside each other that differ in their number of items."""
    names = {Demand("query", items=count, orders=count).name: count for count in items}
    first = {row.system: row.p50_ms for row in report.rows if names[row.operation] == items[0]}
    return [
        Depth(names[row.operation], row, row.p50_ms / first[row.system] if first[row.system] else 0.0)
        for row in report.rows
    ]


def depths_as_json(depths: Sequence[Depth], skipped: Sequence[str]) -> str:
    rows = [{"items": each.items, "growth": each.growth, **attrs.asdict(each.row)} for each in depths]
    return json.dumps({"rows": rows, "skipped": list(skipped)}, indent=2)


def as_json(report: Report) -> str:
    return json.dumps(attrs.asdict(report), indent=2)


def show(report: Report, console: Console) -> None:
    console.print(load_table(report.rows))
    show_remarks(report.rows, report.skipped, console)
    if report.lifecycle:
        console.print(lifecycle_table(report.lifecycle))


def show_depths(depths: Sequence[Depth], skipped: Sequence[str], console: Console) -> None:
    console.print(depth_table(depths))
    show_remarks([depth.row for depth in depths], skipped, console)


def show_remarks(rows: Sequence[Row], skipped: Sequence[str], console: Console) -> None:
    """What a reader of the rows must know."""
    if any(row.generator_bound for row in rows):
        console.print(
            "* within 20 % of the null server: the load generator is the limit, the server may be faster"
        )
    for row in rows:
        if row.errors:
            first = row.first_error.replace("\r\n", " ")
            console.print(
                f"{row.system}, {row.operation}, {row.connections}: first error: {first}", markup=False
            )
    for word in skipped:
        console.print(word, markup=False)


def load_table(rows: Sequence[Row]) -> Table:
    peers = [peer for peer in PEERS if any(peer in row.ratios for row in rows)]
    table = plain_table("HTTP on loopback, items of about 500 bytes")
    table.add_column("load", no_wrap=True)
    table.add_column("server", no_wrap=True)
    for name in ("requests/s", "p50 ms", "p99 ms", "errors", *(f"÷ {peer}" for peer in peers)):
        table.add_column(name, justify="right", no_wrap=True)
    place = None
    for row in rows:
        if place not in {None, (row.operation, row.connections)}:
            table.add_section()
        place = (row.operation, row.connections)
        table.add_row(*cells(row, peers), style="dim" if row.system == CEILING else None)
    return table


def cells(row: Row, peers: Sequence[str]) -> list[str]:
    ratios = [f"{row.ratios[peer]:.2f}" if peer in row.ratios else "" for peer in peers]
    return [f"{row.operation} × {row.connections}", row.system, *figures(row), *ratios]


def figures(row: Row) -> list[str]:
    rate = f"{row.rate:,.0f}" + ("*" if row.generator_bound else "")
    return [rate, f"{row.p50_ms:.2f}", f"{row.p99_ms:.2f}", str(row.errors)]


def depth_table(depths: Sequence[Depth]) -> Table:
    table = plain_table(f"Query with Limit {QUERY_LIMIT} over HTTP, items of about 500 bytes")
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("server", no_wrap=True)
    for name in ("requests/s", "p50 ms", "p99 ms", "errors", f"p50 ÷ {depths[0].items:,}"):
        table.add_column(name, justify="right", no_wrap=True)
    place = None
    for depth in depths:
        if place not in {None, depth.items}:
            table.add_section()
        place = depth.items
        cells = [f"{depth.items:,}", depth.row.system, *figures(depth.row), f"{depth.growth:.2f}"]
        table.add_row(*cells, style="dim" if depth.row.system == CEILING else None)
    return table


def feeds_as_json(feeds: Sequence[Feed], skipped: Sequence[str]) -> str:
    rows = [{"ratio": feed.ratio, **attrs.asdict(feed)} for feed in feeds]
    return json.dumps({"rows": rows, "skipped": list(skipped)}, indent=2)


def show_feeds(feeds: Sequence[Feed], items: int, skipped: Sequence[str], console: Console) -> None:
    table = plain_table("What follows a write, over HTTP, items of about 500 bytes")
    table.add_column("what", no_wrap=True)
    for feed in feeds:
        table.add_column(feed.system, justify="right", no_wrap=True)
    rows: list[tuple[str, Callable[[Feed], str]]] = [
        ("PutItem/s", lambda feed: f"{feed.plain_rate:,.0f}"),
        ("with an index and a stream", _fed),
        ("÷ plain", lambda feed: f"{feed.ratio:.2f}"),
        ("index lag p50, p99 ms", lambda feed: _lag(feed.index_lag)),
        ("stream lag p50, p99 ms", lambda feed: _lag(feed.stream_lag)),
        (f"index of {items:,} items filled, items/s", _backfill),
    ]
    for name, cell in rows:
        table.add_row(name, *map(cell, feeds))
    console.print(table)
    if not all(feed.with_stream for feed in feeds):
        console.print("* has no streams: measured with the index alone")
    for word in skipped:
        console.print(word, markup=False)


def _fed(feed: Feed) -> str:
    return f"{feed.fed_rate:,.0f}" + ("" if feed.with_stream else "*")


def _lag(lag: Lag | None) -> str:
    return "—" if lag is None else f"{lag.p50_ms:.1f}, {lag.p99_ms:.1f}"


def _backfill(feed: Feed) -> str:
    return "—" if feed.backfill_rate is None else f"{feed.backfill_rate:,.0f}"


def tradings_as_json(tradings: Sequence[Trading], skipped: Sequence[str]) -> str:
    return json.dumps({"rows": [attrs.asdict(each) for each in tradings], "skipped": list(skipped)}, indent=2)


def show_tradings(tradings: Sequence[Trading], skipped: Sequence[str], console: Console) -> None:
    table = plain_table(f"{tradings[0].trades:,} trades over HTTP, with an index by ticker and a stream")
    for name in ("server", "trades/s", "p50 ms", "p99 ms", "index totals", "stream totals", "behind s"):
        table.add_column(name, justify="left" if name == "server" else "right", no_wrap=True)
    for each in tradings:
        behind = "—" if each.stream_behind_s is None else f"{each.stream_behind_s:.2f}"
        exact = [
            {True: "exact", False: "WRONG", None: "—"}[found]
            for found in (each.index_exact, each.stream_exact)
        ]
        table.add_row(
            each.system, f"{each.rate:,.0f}", f"{each.p50_ms:.2f}", f"{each.p99_ms:.2f}", *exact, behind
        )
    console.print(table)
    for word in skipped:
        console.print(word, markup=False)


def program_table(rows: Sequence[program.Row]) -> Table:
    table = plain_table("The same puts and gets through each client, operations/s")
    table.add_column("client", no_wrap=True)
    for name in ("at once", "writes/s", "reads/s"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.client, str(row.callers), f"{row.writes:,.0f}", f"{row.reads:,.0f}")
    return table


def show_program(rows: Sequence[program.Row], skipped: Sequence[str], console: Console) -> None:
    console.print(program_table(rows))
    for word in skipped:
        console.print(word, markup=False)


def workload_as_json(name: str, seconds: float, metrics: Metrics, faults: Sequence[str]) -> str:
    tree = {
        "workload": name,
        "seconds": seconds,
        "operations": metrics.operations,
        "unknown": metrics.unknown,
        "refused": metrics.refused,
        "latencies": {
            operation: {
                "count": latencies.count,
                "p50_ms": latencies.quantile(0.5) * 1000,
                "p99_ms": latencies.quantile(0.99) * 1000,
            }
            for operation, latencies in metrics.latencies.items()
        },
        "faults": list(faults),
    }
    return json.dumps(tree, indent=2)


def show_workload(name: str, seconds: float, metrics: Metrics, console: Console) -> None:
    table = Table(title=f"workload {name}, {seconds:g} s", box=box.SIMPLE)
    for title in ("operation", "answers", "p50 ms", "p99 ms"):
        table.add_column(title, justify="left" if title == "operation" else "right")
    for operation, latencies in metrics.latencies.items():
        p50, p99 = latencies.quantile(0.5) * 1000, latencies.quantile(0.99) * 1000
        table.add_row(operation, f"{latencies.count:,}", f"{p50:.2f}", f"{p99:.2f}")
    console.print(table)
    console.print(
        f"{metrics.operations:,} operations, {metrics.unknown:,} of unknown outcome, {metrics.refused:,} refused"
    )


def suites_as_json(rows: Sequence[Suite], fixtures: Fixtures, skipped: Sequence[str]) -> str:
    tree = {
        "rows": [attrs.asdict(row) for row in rows],
        "fixtures": attrs.asdict(fixtures),
        "skipped": list(skipped),
    }
    return json.dumps(tree, indent=2)


def show_suites(rows: Sequence[Suite], fixtures: Fixtures, skipped: Sequence[str], console: Console) -> None:
    table = Table(title=f"{TESTS} tests", box=box.SIMPLE)
    for name in ("system", "suite ms", "a test ms", "trinamo ÷"):
        table.add_column(name, justify="left" if name == "system" else "right")
    ours = rows[0].suite_ms
    for row in rows:
        table.add_row(row.system, f"{row.suite_ms:,.0f}", f"{row.test_ms:.1f}", f"{ours / row.suite_ms:.2f}")
    console.print(table)
    console.print(
        f"a cluster starts in the test's loop in {fixtures.start_ms:.1f} ms (the first in {fixtures.first_start_ms:.0f}), "
        f"in a thread in {fixtures.thread_start_ms:.1f} ms; a reset takes {fixtures.reset_ms:.2f} ms"
    )
    for word in skipped:
        console.print(word, markup=False)


def program_as_json(rows: Sequence[program.Row], skipped: Sequence[str]) -> str:
    return json.dumps({"rows": [attrs.asdict(row) for row in rows], "skipped": list(skipped)}, indent=2)


def lifecycle_table(lifecycle: Lifecycle) -> Table:
    table = plain_table("trinamo dev, three nodes in memory")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_row("exec to ready", f"{lifecycle.ready_seconds:.3f} s")
    table.add_row("exec to the first PutItem served", f"{lifecycle.first_put_seconds:.3f} s")
    idle = "not known here" if lifecycle.idle_percent is None else f"{lifecycle.idle_percent:.1f} % of a core"
    table.add_row(f"idle, {lifecycle.idle_partitions} partitions", idle)
    return table


def plain_table(title: str) -> Table:
    """Few lines, so that eight columns fit into the 80 characters of a plain terminal."""
    return Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0, 0, 1),
    )
