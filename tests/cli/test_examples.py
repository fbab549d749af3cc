"""The examples of every command's help are run, one after the other, against a cluster with what they speak of."""

import functools
import gzip
import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from vega_datasets import local_data

from cli.calls import told
from cli.test_dev import running
from dynamodb.clients import connect
from dynamodb.server import Server
from trinamo.cli.main import trinamo

ORDER = {"customer": {"S": "ada"}, "placed": {"N": "1"}, "paid": {"BOOL": True}}


client_of = functools.cache(connect)


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def lines(command: click.Command) -> list[str]:
    assert command.epilog is not None, f"{command.name} has no examples"
    _, _, shown = command.epilog.partition("Examples:\n")
    found = [line.strip() for line in shown.splitlines()]
    assert found
    assert all(line.startswith("trinamo ") for line in found)
    return found


ALL = {" ".join(path): command for path, command in commands(trinamo)}
TALKING = [path for path in ALL if path.split()[0] not in ("bench", "dev")]


def prepare(server: Server, path: str) -> None:
    """Make the tables and files of the examples, but for the tables which they make themselves."""
    client = client_of(server.url)
    names = {
        "orders": [("customer", "S"), ("placed", "N")],
        "airports": [("state", "S"), ("iata", "S")],
        "airports2": [("state", "S"), ("iata", "S")],
    }
    made = {"table": "orders", "table create": "airports", "import": "airports"}.get(path)
    for name, keys in names.items():
        if name != made:
            client.create_table(
                TableName=name,
                KeySchema=[
                    {"AttributeName": key, "KeyType": role}
                    for (key, _), role in zip(keys, ("HASH", "RANGE"), strict=True)
                ],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": code} for key, code in keys],
                BillingMode="PAY_PER_REQUEST",
            )
    if made != "orders":
        client.put_item(TableName="orders", Item=ORDER)
    if path == "item delete":
        second = {**ORDER, "placed": {"N": "2"}, "lines": {"L": []}}
        client.put_item(TableName="orders", Item=second)
    if path == "table create":
        described = told("table", "describe", "airports2")
        Path("readings.json").write_text("\n".join(described))
    if path == "import":
        shutil.copy(local_data.airports.filepath, "airports.csv")
        told("import", "airports2", "airports.csv")
        told("export", "airports2", "airports-export")
        with gzip.open("more.jsonl.gz", "wt") as file:
            file.write(json.dumps({"state": "RI", "iata": "XXX", "runways": 2}))


@pytest.mark.parametrize("path", TALKING)
def test_the_examples_of_its_help_work(
    path: str, cluster: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prepare(cluster, path)
    for line in lines(ALL[path]):
        words = shlex.split(line)[1:]
        if "--aws" in words:  # what would be asked of AWS is asked of the cluster
            at = words.index("--aws")
            del words[at : at + 2]
        told(*words)


@pytest.mark.parametrize("line", lines(ALL["dev"]))
def test_the_clusters_of_the_help_serve(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with running(*shlex.split(line)[2:], "--port", "0") as dev:
        assert dev.call("ListTables", {}) == {"TableNames": []}
        dev.stop()


@pytest.mark.parametrize("path", [path for path in ALL if path.startswith("bench")])
def test_the_benchmarks_of_the_help_are_understood(path: str) -> None:
    for line in lines(ALL[path]):
        words = shlex.split(line)[1:]
        ALL[" ".join(words[:2])].make_context(words[1], words[2:])


def test_the_help_says_how_words_are_completed() -> None:
    shown = "\n".join(told("--help"))
    for shell in ("bash", "zsh", "fish"):
        assert f"_TRINAMO_COMPLETE={shell}_source trinamo" in shown
