"""What was measured, as a table for people or as JSON for programs."""

import json
from collections.abc import Sequence

import attrs
from rich import box
from rich.console import Console
from rich.table import Table

from trinamo.bench.lifecycle import Lifecycle
from trinamo.bench.rounds import Row
from trinamo.bench.systems import CEILING, PEERS


@attrs.frozen
class Report:
    rows: Sequence[Row]
    lifecycle: Lifecycle | None
    skipped: Sequence[str]
    """In a word each: which peers were left out, and why."""


def as_json(report: Report) -> str:
    return json.dumps(attrs.asdict(report), indent=2)


def show(report: Report, console: Console) -> None:
    console.print(load_table(report.rows))
    if any(row.generator_bound for row in report.rows):
        console.print(
            "* within 20 % of the null server: the load generator is the limit, the server may be faster"
        )
    for row in report.rows:
        if row.errors:
            first = row.first_error.replace("\r\n", " ")
            console.print(
                f"{row.system}, {row.operation}, {row.connections}: first error: {first}", markup=False
            )
    for word in report.skipped:
        console.print(word, markup=False)
    if report.lifecycle:
        console.print(lifecycle_table(report.lifecycle))


def load_table(rows: Sequence[Row]) -> Table:
    peers = [peer for peer in PEERS if any(peer in row.ratios for row in rows)]
    table = plain_table("HTTP on loopback, one table, items of about 500 bytes")
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
    rate = f"{row.rate:,.0f}" + ("*" if row.generator_bound else "")
    figures = [rate, f"{row.p50_ms:.2f}", f"{row.p99_ms:.2f}", str(row.errors)]
    ratios = [f"{row.ratios[peer]:.2f}" if peer in row.ratios else "" for peer in peers]
    return [f"{row.operation} × {row.connections}", row.system, *figures, *ratios]


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
