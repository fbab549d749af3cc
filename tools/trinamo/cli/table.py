"""`trinamo table`: list, describe, create and delete tables."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from trinamo.cli.examples import examples
from trinamo.cli.output import as_json_option, is_for_people, print_json, print_table
from trinamo.cli.target import Target, complete_table, targeted

if TYPE_CHECKING:
    from trinamo.cli.service import Service

_WAIT_SECONDS_MAX: Final = 600.0  # AWS makes a table in seconds, one with indexes in minutes
_POLL_SECONDS: Final = 0.1
_POLL_SECONDS_MAX: Final = 2.0

_KEY_TYPES: Final = ("S", "N", "B")


@click.group(
    epilog=examples(
        "trinamo table create orders customer placed:N", "trinamo table list", "trinamo table describe orders"
    ),
)
def table() -> None:
    """Make, show and remove tables."""


@table.command(
    "list",
    epilog=examples("trinamo table list", "trinamo table list --json", "trinamo table list --aws eu-west-1"),
)
@as_json_option
@targeted
def list_(as_json: bool, target: Target) -> None:
    """List the tables.

    On a terminal with what they hold, else one name in JSON a line.
    """
    service = target.open()
    names = table_names(service)
    if not is_for_people(as_json):
        for name in names:
            print_json(name)
        return
    described = [describe_table(service, name) for name in names]
    print_table(
        ["table", "key", "status", "items", "bytes"],
        [
            (
                each["TableName"],
                _key_text(each),
                each["TableStatus"],
                f"{each.get('ItemCount', 0):,}",
                f"{each.get('TableSizeBytes', 0):,}",
            )
            for each in described
        ],
    )


@table.command(epilog=examples("trinamo table describe orders", "trinamo table describe orders --json"))
@click.argument("name", shell_complete=complete_table)
@as_json_option
@targeted
def describe(name: str, as_json: bool, target: Target) -> None:
    """Show a table: its key, indexes, capacity and status."""
    described = describe_table(target.open(), name)
    if is_for_people(as_json):
        print_table(["", "value"], [(member, _text(value)) for member, value in described.items()])
    else:
        print_json(described)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@table.command(
    epilog=examples(
        "trinamo table create airports state iata",
        "trinamo table create readings sensor taken:N",
        "trinamo table create --like readings.json --name readings2",
    )
)
@click.argument("words", nargs=-1, metavar="NAME KEY [SORT_KEY]")
@click.option(
    "--index",
    "indexes",
    multiple=True,
    metavar="NAME=KEY[,SORT_KEY]",
    help="A global secondary index with all attributes; several times for several.",
)
@click.option(
    "--like",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take key and indexes from a file: what `table describe --json` prints, or a request of CreateTable.",
)
@click.option("--name", help="The table's name, with --like. [default: as in the file]")
@targeted
def create(
    words: tuple[str, ...], indexes: tuple[str, ...], like: Path | None, name: str | None, target: Target
) -> None:
    """Create a table, on demand, and wait until it is active.

    A key is an attribute's name, and its type if that is not S: id, taken:N, digest:B. An index is written
    by-place=place,taken:N.
    """
    if like is not None:
        if words or indexes:
            raise click.UsageError("--like says all but the name: no key and no --index beside it")
        request = _request_like(like, name)
    else:
        if name is not None or len(words) not in (2, 3):
            raise click.UsageError("say the table's name, its key and perhaps its sort key")
        request = table_request(words[0], words[1:], indexes)
    service = target.open()
    service.call("CreateTable", request, repeatable=False)
    wait_until_active(service, request["TableName"])


@table.command(
    epilog=examples("trinamo table delete orders", "trinamo table delete airports --aws eu-west-1 --yes")
)
@click.argument("name", shell_complete=complete_table)
@click.option("--yes", is_flag=True, help="Do not ask first, as is done for AWS.")
@targeted
def delete(name: str, yes: bool, target: Target) -> None:
    """Delete a table with all that it holds, and wait until it is gone."""
    if target.aws is not None and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"this deletes a table of AWS in {target.aws}: say --yes")
        click.confirm(f"Delete table {name} of AWS in {target.aws}?", abort=True, err=True)
    service = target.open()
    service.call("DeleteTable", {"TableName": name}, repeatable=False)
    _wait(service, name, gone=True)


def table_names(service: "Service") -> list[str]:
    """Return the names of all tables."""
    names: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = service.call("ListTables", start)
        names += page["TableNames"]
        if "LastEvaluatedTableName" not in page:
            return names
        start = {"ExclusiveStartTableName": page["LastEvaluatedTableName"]}


def describe_table(service: "Service", name: str) -> dict[str, Any]:
    """Return what DescribeTable says of a table."""
    described: dict[str, Any] = service.call("DescribeTable", {"TableName": name})["Table"]
    return described


def key_names(described: dict[str, Any], index: str | None = None) -> list[str]:
    """Return the attributes of the key of a table and, before them, of an index: most telling first."""
    schemas = [described["KeySchema"]]
    for each in (
        *described.get("GlobalSecondaryIndexes", ()),
        *described.get("LocalSecondaryIndexes", ()),
    ):
        if each["IndexName"] == index:
            schemas.insert(0, each["KeySchema"])
    return list(dict.fromkeys(element["AttributeName"] for schema in schemas for element in schema))


def _key_text(described: dict[str, Any]) -> str:
    types = {each["AttributeName"]: each["AttributeType"] for each in described["AttributeDefinitions"]}
    return ", ".join(f"{name}:{types[name]}" for name in key_names(described))


def table_request(name: str, key: Sequence[str], indexes: Sequence[str] = ()) -> dict[str, Any]:
    """Return a request of CreateTable. Raises `click.UsageError`."""
    types: dict[str, str] = {}
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": _schema(key, types),
        "BillingMode": "PAY_PER_REQUEST",
    }
    made = []
    for index in indexes:
        index_name, equals, words = index.partition("=")
        if not equals:
            raise click.UsageError(f"{index!r} is no index, such as by-place=place,taken:N")
        made.append(
            {
                "IndexName": index_name,
                "KeySchema": _schema(words.split(","), types),
                "Projection": {"ProjectionType": "ALL"},
            }
        )
    if made:
        request["GlobalSecondaryIndexes"] = made
    request["AttributeDefinitions"] = [
        {"AttributeName": attribute, "AttributeType": code} for attribute, code in types.items()
    ]
    return request


def _schema(words: Sequence[str], types: dict[str, str]) -> list[dict[str, str]]:
    """Return the schema of a key, and note the types of its attributes."""
    if len(words) > 2:
        raise click.UsageError(f"a key has one or two attributes, not {len(words)}")
    schema = []
    for word, role in zip(words, ("HASH", "RANGE"), strict=False):
        name, colon, code = word.rpartition(":")
        if not colon:
            name, code = word, types.get(word, "S")
        if code not in _KEY_TYPES or not name:
            raise click.UsageError(f"{word!r} is no key: NAME, NAME:S, NAME:N or NAME:B")
        if types.setdefault(name, code) != code:
            raise click.UsageError(f"{name} cannot be both {types[name]} and {code}")
        schema.append({"AttributeName": name, "KeyType": role})
    return schema


_KEPT: Final = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "StreamSpecification",
    "DeletionProtectionEnabled",
)
_INDEXES: Final = ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
_KEPT_OF_INDEXES: Final = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput")


def _request_like(path: Path, name: str | None) -> dict[str, Any]:
    """Return the request that makes a table like the one that a file describes."""
    try:
        described = json.loads(path.read_text("utf-8"))
        described = described.get("Table", described)
        request = {member: described[member] for member in _KEPT if member in described}
        mode = described.get("BillingModeSummary", {}).get("BillingMode")
        if mode is not None:
            request["BillingMode"] = mode
        provisioned = request.get("BillingMode", "PROVISIONED") == "PROVISIONED"
        if provisioned:
            request["ProvisionedThroughput"] = _units(described["ProvisionedThroughput"])
        for member in _INDEXES:
            if described.get(member):
                request[member] = [_index_like(index, provisioned) for index in described[member]]
        request["TableName"] = name or described["TableName"]
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise click.UsageError(f"{path} describes no table: {type(error).__name__}: {error}") from None
    return request


def _index_like(index: dict[str, Any], provisioned: bool) -> dict[str, Any]:
    made: dict[str, Any] = {member: index[member] for member in _KEPT_OF_INDEXES if member in index}
    if "ProvisionedThroughput" in made:
        made["ProvisionedThroughput"] = _units(made["ProvisionedThroughput"])
        if not provisioned:
            del made["ProvisionedThroughput"]
    return made


def _units(throughput: dict[str, Any]) -> dict[str, Any]:
    return {member: throughput[member] for member in ("ReadCapacityUnits", "WriteCapacityUnits")}


def wait_until_active(service: "Service", name: str) -> None:
    """Wait until a table is active. Raises `click.ClickException`."""
    _wait(service, name, gone=False)


def _wait(service: "Service", name: str, *, gone: bool) -> None:
    from trinamo.cli.service import Refused

    deadline = time.monotonic() + _WAIT_SECONDS_MAX
    pause = _POLL_SECONDS
    while True:
        try:
            status = describe_table(service, name)["TableStatus"]
        except Refused as refused:
            if refused.code != "ResourceNotFoundException":
                raise
            if gone:
                return
            status = "not to be seen yet"  # descriptions are eventually consistent
        if status == "ACTIVE" and not gone:
            return
        if time.monotonic() > deadline:
            raise click.ClickException(f"after {_WAIT_SECONDS_MAX:.0f} s table {name} is {status}")
        time.sleep(pause)
        pause = min(2 * pause, _POLL_SECONDS_MAX)
