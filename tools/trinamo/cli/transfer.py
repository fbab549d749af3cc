"""`trinamo import` and `trinamo export`: a table from files and into files."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from trinamo.cli.examples import examples
from trinamo.cli.output import Command, as_json_option, is_for_people, print_json, progress
from trinamo.cli.target import Target, complete_table, targeted

if TYPE_CHECKING:
    from trinamo.cli.files import Change, Dialect
    from trinamo.cli.service import Service
    from trinamo.cli.values import Item

_BATCH_ITEMS_MAX: Final = 25  # DynamoDB's
_BATCH_BYTES_MAX: Final = 4 * 1024 * 1024  # of JSON; DynamoDB takes 16 MB, and small requests fail for less
_ABOUT_ITEMS: Final = ("SerializationException", "ValidationException")
_FORMATS: Final = {
    ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json"
}  # fmt: skip


def _types(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, str]:
    from trinamo.cli.files import read_types

    try:
        return {} if value is None else read_types(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _delimiter(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and (len(value) != 1 or value in '"\r\n'):
        raise click.BadParameter("one character, which is no quote and ends no line")
    return value


def _file_options(command: Command) -> Command:
    for option in (
        click.option(
            "--empty-strings",
            is_flag=True,
            help="CSV: an empty cell is an empty string, not a missing attribute.",
        ),
        click.option(
            "--delimiter", callback=_delimiter, help="CSV: between cells. [default: a comma; a tab in .tsv]"
        ),
        click.option("--plain", is_flag=True, help='JSON: items are plain, {"id": "a", "n": 1}.'),
        click.option(
            "--format",
            "format_",
            type=click.Choice(["csv", "json"]),
            help="Of a file. [default: by its name]",
        ),
    ):
        command = option(command)
    return command


@click.command(
    "import",
    epilog=examples(
        "trinamo import airports airports.csv --create state,iata --types latitude=N,longitude=N",
        "trinamo import airports2 airports-export --create state,iata",
        "trinamo import airports2 more.jsonl.gz --plain",
    ),
)
@click.argument("table", shell_complete=complete_table)
@click.argument("path", type=click.Path(path_type=Path, exists=True, allow_dash=True))
@click.option(
    "--create",
    metavar="KEY[,SORT_KEY]",
    help="Create the table if it is not there, with this key: id or a:S,b:N.",
)
@click.option(
    "--types",
    callback=_types,
    metavar="NAME=TYPE,…",
    help="CSV: columns that are no strings: N, B (base64), BOOL, NULL, or SS, NS, BS, L, M as in DynamoDB JSON.",
)
@_file_options
@as_json_option
@targeted
def import_(
    table: str,
    path: Path,
    create: str | None,
    types: dict[str, str],
    format_: str | None,
    plain: bool,
    delimiter: str | None,
    empty_strings: bool,
    as_json: bool,
    target: Target,
) -> None:
    """Write what PATH holds into a table.

    PATH is a directory with an export of AWS (manifests and data/*.json.gz), a file of JSON lines ({"Item": …} as in
    exports, or plain ones with --plain), or a CSV whose columns are attributes; all may be named .gz. "-" is stdin.
    Columns of a CSV are strings but for --types and for the table's keys. Items with the same key as others replace
    them, in the order of the file.
    """
    from trinamo.cli.files import Dialect
    from trinamo.cli.table import describe_table

    begun = time.monotonic()
    kind = _kind(path, format_)
    _check_options(kind, plain, bool(types) or delimiter is not None or empty_strings)
    service = target.open()
    if create is not None:
        _create(service, table, create)
    defined = describe_table(service, table)["AttributeDefinitions"]
    keys = {each["AttributeName"]: each["AttributeType"] for each in defined}
    dialect = Dialect(_delimiter_of(path, delimiter), types, empty_strings)
    writer = Writer(service, table)
    with progress(f"import into {table}", _bytes_of(path), unit="bytes") as advance:
        try:
            for change in _changes(path, kind, plain, dialect, keys, advance):
                writer.add(change)
            writer.flush()
        except click.ClickException as error:
            if not writer.written:
                raise
            done = f"{writer.written:,} items were imported before this"
            raise click.ClickException(f"{error.message} ({done})") from None
    if is_for_people(as_json):
        seconds = time.monotonic() - begun
        click.echo(f"imported {writer.written:,} items into {table} in {seconds:.1f} s")
    else:
        print_json({"table": table, "items": writer.written})


def _kind(path: Path, format_: str | None) -> str:
    """Return what is to be read or written: `csv`, `json`, or `export`, a directory."""
    if path.is_dir() or path.name in ("manifest-files.json", "manifest-summary.json"):
        if format_ is not None:
            raise click.UsageError("--format is for a file; the files of a directory are JSON")
        return "export"
    if format_ is not None:
        return format_
    suffix = Path(path.stem if path.suffix == ".gz" else path.name).suffix
    if str(path) == "-":
        return "json"
    if suffix not in _FORMATS:
        raise click.UsageError(f"{path} may be anything: name it {', '.join(_FORMATS)}, or say --format")
    return _FORMATS[suffix]


def _check_options(kind: str, plain: bool, csv_options: bool) -> None:
    if plain and kind == "csv":
        raise click.UsageError("--plain is for JSON")
    if csv_options and kind != "csv":
        raise click.UsageError("--types, --delimiter and --empty-strings are for CSV")


def _delimiter_of(path: Path, delimiter: str | None) -> str:
    if delimiter is not None:
        return delimiter
    return "\t" if ".tsv" in path.suffixes[-2:] else ","


def _bytes_of(path: Path) -> int | None:
    if str(path) == "-":
        return None
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def _create(service: "Service", table: str, key: str) -> None:
    from trinamo.cli.service import Refused
    from trinamo.cli.table import table_request, wait_until_active

    try:
        service.call("CreateTable", table_request(table, key.split(",")), repeatable=False)
    except Refused as refused:
        if refused.code != "ResourceInUseException":
            raise
    wait_until_active(service, table)


def _changes(
    path: Path,
    kind: str,
    plain: bool,
    dialect: "Dialect",
    keys: dict[str, str],
    advance: Callable[[int], None],
) -> Iterator["Change"]:
    from trinamo.cli.files import read_csv, read_json, reading
    from trinamo.cli.s3export import find_data, read_data

    if kind == "export":
        yield from read_data(find_data(path), advance, plain=plain)
        return
    name = "stdin" if str(path) == "-" else str(path)
    with reading(path, advance) as file:
        if kind == "csv":
            yield from read_csv(file, name, dialect, keys)
        else:
            yield from read_json(file, name, plain=plain)


@attrs.define
class Writer:
    """Writes changes in batches, in their order. `written` counts what the service has taken."""

    service: "Service"
    table: str
    written: int = 0
    _batch: list["Change"] = attrs.Factory(list)
    _bytes: int = 0

    def add(self, change: "Change") -> None:
        """Take a change, and write what has come together if that is enough."""
        import orjson

        size = len(orjson.dumps(change.write))
        if len(self._batch) == _BATCH_ITEMS_MAX or self._bytes + size > _BATCH_BYTES_MAX:
            self.flush()
        self._batch.append(change)
        self._bytes += size

    def flush(self) -> None:
        """Write what has come together."""
        batch, self._batch, self._bytes = self._batch, [], 0
        if batch:
            self._write(batch)

    def _write(self, batch: list["Change"]) -> None:
        from trinamo.cli.service import Backoff, Refused

        pending = [change.write for change in batch]
        backoff = Backoff()
        while pending:
            try:
                answer = self.service.call("BatchWriteItem", {"RequestItems": {self.table: pending}})
            except Refused as refused:
                if refused.code not in _ABOUT_ITEMS:
                    raise
                if len(batch) == 1:
                    raise click.ClickException(f"{batch[0].where}: {refused.message}") from None
                # Nothing of it was done: one item is wrong, or two have the same key.
                for change in batch:
                    self._write([change])
                return
            left = [write for writes in answer.get("UnprocessedItems", {}).values() for write in writes]
            if len(left) < len(pending):
                backoff = Backoff()
            self.written += len(pending) - len(left)
            pending = left
            if pending and not backoff.pause():
                raise click.ClickException(
                    f"{self.table} has no capacity: {len(pending)} items are left unprocessed"
                )


@click.command(
    epilog=examples(
        "trinamo export airports airports-export",
        "trinamo export airports airports.jsonl.gz",
        "trinamo export airports airports-copy.csv",
        "trinamo export airports - --aws eu-west-1",
    )
)
@click.argument("table", shell_complete=complete_table)
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--eventual", is_flag=True, help="Eventually consistent reads, for half the price.")
@_file_options
@as_json_option
@targeted
def export(
    table: str,
    path: Path,
    eventual: bool,
    format_: str | None,
    plain: bool,
    delimiter: str | None,
    empty_strings: bool,
    as_json: bool,
    target: Target,
) -> None:
    """Write all items of a table into PATH.

    A name without an ending is a directory, in which an export as AWS makes it into S3 is put: `aws s3 sync` takes it
    to a bucket, from which AWS imports a table. A name with .jsonl, .json or .csv (and .gz) is a file. "-" is stdout.
    JSON that is not --plain holds every item exactly; what another file could not say exactly is refused.
    """
    from trinamo.cli.files import Dialect, write_json, writing
    from trinamo.cli.query import items
    from trinamo.cli.s3export import write_export
    from trinamo.cli.table import describe_table, key_names

    begun = time.monotonic()
    kind = "export" if format_ is None and _is_for_directory(path) else _kind(path, format_)
    _check_options(kind, plain, delimiter is not None or empty_strings)
    if plain and kind == "export":
        raise click.UsageError("an export of AWS's layout is not plain")
    service = target.open()
    described = describe_table(service, table)
    done: dict[str, Any] = {"table": table, "items": 0}
    with progress(f"export {table}", described.get("ItemCount") or None, unit="items") as advance:
        found = _counted(
            items(service, "Scan", {"TableName": table, "ConsistentRead": not eventual}), done, advance
        )
        if kind == "export":
            done["path"] = str(write_export(found, path, described))
        elif kind == "json":
            with writing(path) as file:
                write_json(found, file, plain=plain)
        else:
            dialect = Dialect(_delimiter_of(path, delimiter), {}, empty_strings)
            done["types"] = _export_csv(found, path, key_names(described), dialect)
    if str(path) == "-":
        return
    if not is_for_people(as_json):
        print_json(done)
        return
    seconds = time.monotonic() - begun
    click.echo(f"exported {done['items']:,} items into {done.get('path', path)} in {seconds:.1f} s")
    if done.get("types"):
        click.echo(f"to import: --types {_types_text(done['types'])}")


def _is_for_directory(path: Path) -> bool:
    return path.is_dir() or (not path.suffix and str(path) != "-")


def _counted(
    found: Iterable["Item"], done: dict[str, Any], advance: Callable[[int], None]
) -> Iterator["Item"]:
    for item in found:
        done["items"] += 1
        advance(1)
        yield item


def _export_csv(found: Iterable["Item"], path: Path, keys: list[str], dialect: "Dialect") -> dict[str, str]:
    """Write a CSV: its header is known when all items are, so they wait in a file. Return the columns' types."""
    import orjson

    from trinamo.cli.files import write_csv, writing

    names: set[str] = set()
    with ExitStack() as stack:
        waiting = stack.enter_context(tempfile.TemporaryFile())
        for item in found:
            names.update(item)
            waiting.write(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE))
        waiting.seek(0)
        file = stack.enter_context(writing(path))
        return write_csv(map(orjson.loads, waiting), [*keys, *sorted(names.difference(keys))], file, dialect)


def _types_text(types: dict[str, str]) -> str:
    return ",".join(f"{name}={code}" for name, code in types.items())
