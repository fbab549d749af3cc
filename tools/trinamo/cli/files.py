"""Files of items: JSON lines and CSV, read and written.

JSON lines are those of AWS's exports, `{"Item": {"id": {"S": "a"}}}`, and hold every item exactly; `plain` ones are
`{"id": "a"}`. Read are also bare items in DynamoDB JSON, the lines of incremental exports (`Keys`, and `NewImage`
unless the item was deleted), and whole files with an array, or with the `Items` of an answer to Scan.

A CSV has an attribute a column. A cell is a text (S), or of the type that the column is said to have: a number, base64
(B), `true` or `false`, `null`; sets, lists and maps as DynamoDB JSON holds them: `["a", "b"]` for SS. An empty cell
is no attribute; or, if so agreed, an empty string. What these rules would not bring back exactly is refused.
"""

import base64
import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

import attrs
import click
import orjson

from trinamo.cli.values import TYPES, AttributeValue, Item, check_item, exact_item, load_plain, to_item

_CELL_MAX: Final = 16 * 1024 * 1024  # an item has at most 400 KB, and base64 and escapes make more of it
_DOCUMENTS: Final = frozenset({"SS", "NS", "BS", "L", "M"})

Advance = Callable[[int], None]


@attrs.frozen
class Change:
    """A write of BatchWriteItem, and where it was read."""

    write: dict[str, Any]
    where: str


class Unreadable(click.ClickException):
    """A file does not hold what it should. The text says where."""


# Files.


class _Watched(io.FileIO):
    """A file that tells how far it has been read."""

    def __init__(self, path: Path, advance: Advance) -> None:
        super().__init__(path)
        self._advance = advance

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        self._advance(count)
        return count


@contextmanager
def reading(path: Path, advance: Advance) -> Iterator[IO[bytes]]:
    """Open a file, decompressed if it is named `.gz`, and tell of its bytes; `-` is stdin. Raises `Unreadable`."""
    try:
        if str(path) == "-":
            yield sys.stdin.buffer
            return
        with io.BufferedReader(_Watched(path, advance)) as file:
            if path.suffix == ".gz":
                with gzip.open(file) as text:
                    yield cast(IO[bytes], text)
            else:
                yield file
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"{path}: {error}") from None


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file, compressed if it is named `.gz`; `-` is stdout. It has its name when it is complete."""
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            if path.suffix == ".gz":
                with gzip.GzipFile(path.stem, "wb", fileobj=file, mtime=0) as compressed:
                    yield cast(IO[bytes], compressed)
            else:
                yield file
        partial.replace(path)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


# JSON lines.


def read_json(file: IO[bytes], name: str, *, plain: bool) -> Iterator[Change]:
    """Return the changes of JSON lines, or of a whole file of JSON. Raises `Unreadable`."""
    load = load_plain if plain else orjson.loads
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            value = load(line)
        except ValueError as error:
            if number > 1:
                raise Unreadable(f"{where}: this is no JSON: {error}") from None
            value = _whole(line + file.read(), name, load)
        if isinstance(value, list):
            for place, each in enumerate(value, start=1):
                yield _change(each, f"{where}, item {place}", plain)
        elif not plain and isinstance(value, dict) and isinstance(value.get("Items"), list):
            for place, each in enumerate(value["Items"], start=1):
                yield _change(each, f"{where}, item {place}", plain)
        else:
            yield _change(value, where, plain)


def _whole(text: bytes, name: str, load: Callable[[bytes], Any]) -> Any:
    try:
        return load(text)
    except ValueError as error:
        raise Unreadable(f"{name} holds neither lines of JSON nor one JSON value: {error}") from None


def _change(value: Any, where: str, plain: bool) -> Change:
    if not isinstance(value, dict):
        raise Unreadable(f"{where}: an item is a JSON object")
    if plain:
        try:
            return Change({"PutRequest": {"Item": to_item(value)}}, where)
        except ValueError as error:
            raise Unreadable(f"{where}: {error}") from None
    kind, member, held = "PutRequest", "Item", value
    if "Item" in value:
        held = value["Item"]
    elif "NewImage" in value:
        held = value["NewImage"]
    elif "Keys" in value:
        kind, member, held = "DeleteRequest", "Key", value["Keys"]
    try:
        check_item(held)
    except ValueError as error:
        raise Unreadable(f"{where}: {error}; plain JSON needs --plain") from None
    return Change({kind: {member: held}}, where)


def write_json(items: Iterable[Item], file: IO[bytes], *, plain: bool) -> None:
    """Write items as JSON lines. Raises `click.ClickException` where plain JSON cannot say an item."""
    for item in items:
        file.write(json_line(item) if not plain else _plain_line(item))


def json_line(item: Item) -> bytes:
    """Return an item as a line of AWS's exports."""
    return orjson.dumps({"Item": item}, option=orjson.OPT_APPEND_NEWLINE)


def _plain_line(item: Item) -> bytes:
    try:
        return exact_item(item).encode() + b"\n"
    except ValueError as error:
        raise click.ClickException(f"{error}: leave --plain out") from None


# CSV.


@attrs.frozen
class Dialect:
    """How a CSV is to be read or written. Columns without a type are S."""

    delimiter: str = ","
    types: Mapping[str, str] = attrs.Factory(dict)
    empty_strings: bool = False


def read_types(text: str) -> dict[str, str]:
    """Return the types of columns of `name=N,other=BOOL`. Raises `ValueError`."""
    types: dict[str, str] = {}
    for word in text.split(","):
        name, equals, code = word.rpartition("=")
        if not equals or code not in TYPES:
            raise ValueError(f"{word!r} is not NAME=TYPE, with a type of {', '.join(sorted(TYPES))}")
        types[name] = code
    return types


def read_csv(
    file: IO[bytes], name: str, dialect: Dialect, keys: Mapping[str, str] | None = None
) -> Iterator[Change]:
    """Return the changes of a CSV. `keys`: types of attributes, of which it need not have all. Raises `Unreadable`."""
    csv.field_size_limit(_CELL_MAX)
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    rows = csv.reader(text, delimiter=dialect.delimiter, strict=True)
    try:
        header = next(rows, [])
        _check_header(header, name, dialect.types)
        types = {**(keys or {}), **dialect.types}
        while True:
            begin = rows.line_num + 1
            row = next(rows, None)
            if row is None:
                return
            if row:
                where = f"{name}:{begin}"
                yield Change({"PutRequest": {"Item": _item_of(header, row, where, types, dialect)}}, where)
    except (csv.Error, UnicodeDecodeError) as error:
        raise Unreadable(f"{name}:{rows.line_num}: {error}") from None
    finally:
        text.detach()  # else it closes what is not its own


def _check_header(header: Sequence[str], name: str, types: Mapping[str, str]) -> None:
    if not header:
        raise Unreadable(f"{name} has no header")
    for number, column in enumerate(header):
        if not column or column in header[:number]:
            raise Unreadable(
                f"{name}: column {number + 1} of the header is {column!r}, which names nothing new"
            )
    missing = types.keys() - set(header)
    if missing:
        raise Unreadable(f"{name} has no column {min(missing)!r}")


def _item_of(
    header: Sequence[str], row: Sequence[str], where: str, types: Mapping[str, str], dialect: Dialect
) -> Item:
    if len(row) != len(header):
        raise Unreadable(f"{where}: {len(row)} cells, but {len(header)} columns")
    item: Item = {}
    for name, cell in zip(header, row, strict=True):
        code = types.get(name, "S")
        if not cell and not (dialect.empty_strings and code == "S"):
            continue
        try:
            item[name] = _value_of(cell, code)
        except ValueError:
            raise Unreadable(f"{where}: {cell[:40]!r} in column {name} is no {code}") from None
    return item


def _value_of(cell: str, code: str) -> AttributeValue:
    match code:
        case "S" | "N":
            return {code: cell}
        case "B":
            base64.b64decode(cell, validate=True)
            return {"B": cell}
        case "BOOL":
            return {"BOOL": cell.lower() == "true"} if cell.lower() in ("true", "false") else _not()
        case "NULL":
            return {"NULL": True} if cell == "null" else _not()
    held = json.loads(cell)
    return {code: held} if isinstance(held, dict if code == "M" else list) else _not()


def _not() -> Any:
    raise ValueError


def write_csv(
    items: Iterable[Item], columns: Sequence[str], file: IO[bytes], dialect: Dialect
) -> dict[str, str]:
    """Write items, none of which has an attribute beside `columns`. Returns the types of columns that are not S.

    Raises `click.ClickException` for what would not come back as it is.
    """
    types: dict[str, str] = {}
    text = io.TextIOWrapper(file, "utf-8", newline="")
    try:
        # It ends rows as RFC 4180 does, which has it quote both CR and LF.
        rows = csv.writer(text, delimiter=dialect.delimiter)
        rows.writerow(columns)
        for item in items:
            rows.writerow([_cell(item.get(name), name, types, dialect) for name in columns])
    finally:
        text.detach()  # which flushes; else it closes what is not its own
    return {name: code for name, code in types.items() if code != "S"}


def _cell(value: AttributeValue | None, name: str, types: dict[str, str], dialect: Dialect) -> str:
    if value is None:
        if dialect.empty_strings and types.setdefault(name, "S") == "S":
            raise click.ClickException(
                f"not every item has {name}: with --empty-strings a CSV cannot say so; export to .jsonl"
            )
        return ""
    [(code, held)] = value.items()
    known = types.setdefault(name, code)
    if known != code:
        raise click.ClickException(f"{name} is {known} in one item and {code} in another: export to .jsonl")
    if code in ("S", "N", "B"):
        if held == "" and not (dialect.empty_strings and code == "S"):
            raise click.ClickException(
                f"{name} is empty in an item, which a CSV cannot tell from no attribute: export to .jsonl"
                " or say --empty-strings"
            )
        return str(held)
    if code == "BOOL":
        return "true" if held else "false"
    if code == "NULL":
        return "null"
    assert code in _DOCUMENTS, f"no type {code}"
    return orjson.dumps(held).decode()
