"""What commands print: tables in colour on a terminal; JSON, one value a line, with `--json` or into a pipe."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from trinamo.cli.values import AttributeValue, Item, show, show_item

if TYPE_CHECKING:
    from rich.text import Text

Command = Callable[..., Any]

_STYLES: Final = {"N": "cyan", "BOOL": "magenta", "NULL": "dim", "B": "yellow", "BS": "yellow"}
_WIDTH_MAX: Final = 60
"""Of a cell; whoever wants all of it asks for JSON."""


def as_json_option(command: Command) -> Command:
    """Give a command the option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="JSON, as into a pipe.")(command)


def is_for_people(as_json: bool) -> bool:
    """Whether stdout is a terminal, and JSON was not asked for."""
    return not as_json and sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print one value on one line."""
    import json

    click.echo(json.dumps(value, ensure_ascii=False))


def print_item(item: Item, *, dynamodb_json: bool) -> None:
    """Print an item on one line, in plain or in DynamoDB JSON."""
    if dynamodb_json:
        print_json(item)
    else:
        click.echo(show_item(item))


def print_items(items: Sequence[Item], first: Sequence[str]) -> None:
    """Print a table of items with a column for each attribute, the keys `first`."""
    others = sorted({name for item in items for name in item}.difference(first))
    columns = [*first, *others]
    rows = ([_cell(item.get(name)) for name in columns] for item in items)
    print_table(columns, rows, emphasized=len(first))


def _cell(value: AttributeValue | None) -> "Text | str":
    from rich.text import Text

    if value is None:
        return ""
    [(code, held)] = value.items()
    text = held if code in ("S", "B") else show(value)
    shown = Text(printable(text), style=_STYLES.get(code, ""))
    shown.truncate(_WIDTH_MAX, overflow="ellipsis")
    return shown


def printable(text: str) -> str:
    """Return a text with escapes for what would do something to a terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, emphasized: int = 1) -> None:
    """Print a table; the first columns in bold."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="bold green", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(
            Text(printable(column)), style="bold" if number < emphasized else "", overflow="fold"
        )
    for row in rows:
        table.add_row(*(each if isinstance(each, Text) else Text(printable(str(each))) for each in row))
    Console().print(table)


@contextmanager
def progress(what: str, total: int | None, *, unit: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far it is with something; what it gives is to be told of each step."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    counter = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), counter, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
