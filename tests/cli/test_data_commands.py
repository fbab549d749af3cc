"""`trinamo table`, `item`, `query`, `import` and `export` against a cluster."""

import csv
import functools
import gzip
import json
import os
import pty
import select
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from vega_datasets import local_data

from cli.calls import call_here, refused, told
from cli.conftest import talk_to
from cli.test_commands import COMMAND, SECONDS_MAX, call
from dynamodb.clients import connect, create_table, every_item
from dynamodb.server import Server, serving

AIRPORTS = Path(local_data.airports.filepath)

EVERY_TYPE: dict[str, Any] = {
    "pk": {"S": "every"},
    "sk": {"S": "type"},
    "empty": {"S": ""},
    "digits": {"N": "-0.12345678901234567890123456789012345678"},
    "big": {"N": "99999999999999999999999999999999999999000000"},
    "bytes": {"B": b"\0\xff"},
    "no bytes": {"B": b""},
    "truth": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["b", "a"]},
    "numbers": {"NS": ["2", "1.5"]},
    "byte strings": {"BS": [b"\1", b""]},
    "list": {"L": [{"M": {"ü": {"L": []}}}, {"S": "\n\t\0"}, {"NS": ["0"]}]},
    "map": {"M": {}},
}


client_of = functools.cache(connect)


def items(server: Server, table: str) -> list[Any]:
    """Return the items of a table, as boto3 sees them."""
    return every_item(client_of(server.url).scan, TableName=table, ConsistentRead=True)


def ordered(items: list[Any]) -> list[str]:
    """Return items in an order of their own, their sets likewise."""

    def settled(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: sorted(map(repr, held)) if name in ("SS", "NS", "BS") else settled(held)
                for name, held in value.items()
            }
        return [settled(each) for each in value] if isinstance(value, list) else value

    return sorted(repr(sorted(settled(item).items())) for item in items)


@pytest.fixture(scope="module")
def loaded_server() -> Iterator[Server]:
    """A cluster with all airports, and an empty table of orders."""
    with serving() as running, pytest.MonkeyPatch.context() as patch:
        talk_to(running, patch)
        [summary] = told("import", "airports", str(AIRPORTS), "--create", "state,iata")
        assert json.loads(summary) == {"table": "airports", "items": 3376}
        told("table", "create", "orders", "id")
        yield running


@pytest.fixture
def airports(loaded_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A cluster with all airports. Nobody changes them; whoever makes another table or a fault ends it."""
    talk_to(loaded_server, monkeypatch)
    return loaded_server


# Tables.


def test_a_table_is_created_described_listed_and_deleted(cluster: Server) -> None:
    assert told("table", "list") == []
    assert told("table", "create", "orders", "customer", "placed:N") == []
    assert told("table", "list", "--json") == ['"orders"']
    [described] = map(json.loads, told("table", "describe", "orders"))
    assert described["TableStatus"] == "ACTIVE"
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["KeySchema"] == [
        {"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "placed", "KeyType": "RANGE"},
    ]
    assert sorted((each["AttributeName"], each["AttributeType"]) for each in described["AttributeDefinitions"]) == [
        ("customer", "S"),
        ("placed", "N"),
    ]  # fmt: skip
    assert told("table", "delete", "orders") == []
    assert told("table", "list") == []


def test_a_table_is_made_like_another(cluster: Server, tmp_path: Path) -> None:
    client = client_of(cluster.url)
    client.create_table(
        TableName="model",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
        ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4},
    )
    path = tmp_path / "model.json"
    path.write_text(told("table", "describe", "model")[0])
    told("table", "create", "--like", str(path), "--name", "copy")
    made = client.describe_table(TableName="copy")["Table"]
    assert made["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert made["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "B"}]
    assert made["ProvisionedThroughput"]["WriteCapacityUnits"] == 4
    assert "ResourceInUseException" in refused("table", "create", "--like", str(path), status=1)


def test_more_tables_than_a_page_are_listed(cluster: Server) -> None:
    client = client_of(cluster.url)
    for number in range(102):
        create_table(client, f"t{number:03}", sort=None)
    assert told("table", "list") == [f'"t{number:03}"' for number in range(102)]


# Items.


def test_an_item_is_put_got_changed_and_deleted(cluster: Server) -> None:
    create_table(client_of(cluster.url), "notes")
    key = '{"pk": "a", "sk": "b"}'
    told("item", "put", "notes", '{"pk": "a", "sk": "b", "n": 1.50, "l": [null, {"x": true}], "ü": ""}')
    assert told("item", "get", "notes", key, "--consistent") == [
        '{"pk": "a", "sk": "b", "n": 1.5, "l": [null, {"x": true}], "ü": ""}'
    ]
    changes = 'SET n = n + 1, l[1].x = "y" ADD tags <<"t">> REMOVE `ü`'
    [changed] = told("item", "update", "notes", key, changes, "--if", "n < 2")
    assert json.loads(changed) == {
        "pk": "a",
        "sk": "b",
        "n": 2.5,
        "l": [None, {"x": "y"}],
        "tags": ["t"],
    }
    refusal = refused("item", "update", "notes", key, "SET n = 0", "--if", "n < 2", status=1)
    assert refusal == "trinamo: ConditionalCheckFailedException: The conditional request failed\n"
    told("item", "delete", "notes", key, "--if", "attribute_exists(n)")
    told("item", "delete", "notes", key)
    assert (
        refused("item", "get", "notes", key, status=1) == "trinamo: table notes has no item with this key\n"
    )


def test_an_item_in_dynamodb_json_comes_from_stdin_and_comes_back(cluster: Server) -> None:
    create_table(client_of(cluster.url), "notes")
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "b": {"B": "AAE="}, "ns": {"NS": ["1"]}}
    told("item", "put", "notes", "-", "--dynamodb-json", stdin=json.dumps(item).encode())
    key = json.dumps({name: item[name] for name in ("pk", "sk")})
    [shown] = told("item", "get", "notes", key, "--dynamodb-json")
    assert json.loads(shown) == item


# Queries.


def test_a_state_is_queried(airports: Server) -> None:
    found = [json.loads(line) for line in told("query", "airports", 'state = "RI"')]
    assert [each["iata"] for each in found] == ["BID", "OQU", "PVD", "SFZ", "UUU", "WST"]
    assert found[2]["name"] == "Theodore F Green State"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (('state = "RI" AND begins_with(iata, "P")',), ["PVD"]),
        (('state = "RI" AND iata BETWEEN "B" AND "P"',), ["BID", "OQU"]),
        (('state = "RI"', "--descending", "--limit", "2"), ["WST", "UUU"]),
        (('state = "RI"', "--filter", 'contains(city, "ort") AND NOT country IN ("X")'), ["OQU", "UUU"]),
        (('state = "RI"', "--filter", 'name <> "x"', "--limit", "1"), ["BID"]),
        (('state = "none"',), []),
        (("--filter", 'city = "Newport"  AND state = "RI"', "--consistent"), ["UUU"]),
    ],
)
def test_queries_and_scans(airports: Server, arguments: tuple[str, ...], expected: list[str]) -> None:
    found = told("query", "airports", *arguments, "--select", "iata")
    assert [json.loads(line) for line in found] == [{"iata": code} for code in expected]


def test_a_scan_follows_all_pages(airports: Server) -> None:
    airports.change("faults", verb="small_pages", items=500)
    assert len(told("query", "airports")) == 3376
    assert len(told("query", "airports", "--limit", "1200", "--dynamodb-json")) == 1200
    airports.remove("faults")


# Import and export.


@pytest.mark.parametrize("name", ["export", "all.jsonl", "all.tsv.gz"])
def test_airports_go_out_and_come_back(airports: Server, tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    [summary] = map(json.loads, told("export", "airports", path))
    assert summary["items"] == 3376
    told("import", "again", path, "--create", "state,iata")
    with AIRPORTS.open(encoding="utf-8") as file:
        expected = [{name: {"S": cell} for name, cell in row.items()} for row in csv.DictReader(file)]
    found = items(airports, "again")
    assert sorted(found, key=_iata) == sorted(expected, key=_iata)
    told("table", "delete", "again")


def _iata(item: Any) -> Any:
    return item["iata"]["S"]


@pytest.mark.parametrize("name", ["export", "all.jsonl.gz"])
def test_every_type_goes_out_and_comes_back_exactly(cluster: Server, tmp_path: Path, name: str) -> None:
    client = client_of(cluster.url)
    for table in ("one", "two"):
        create_table(client, f"{table}s")
    client.put_item(TableName="ones", Item=EVERY_TYPE)
    told("export", "ones", str(tmp_path / name))
    told("import", "twos", str(tmp_path / name))
    assert ordered(items(cluster, "twos")) == ordered(items(cluster, "ones"))
    assert len(items(cluster, "twos")) == 1


def test_types_of_a_csv_come_back_as_the_export_says(cluster: Server, tmp_path: Path) -> None:
    client = client_of(cluster.url)
    for table in ("one", "two"):
        create_table(client, f"{table}s")
    item = {name: value for name, value in EVERY_TYPE.items() if not name.startswith(("empty", "no "))}
    client.put_item(TableName="ones", Item=item)
    client.put_item(TableName="ones", Item={"pk": {"S": "other"}, "sk": {"S": "x"}})
    path = str(tmp_path / "all.csv")
    [summary] = map(json.loads, told("export", "ones", path))
    types = ",".join(f"{name}={code}" for name, code in summary["types"].items())
    told("import", "twos", path, "--types", types)
    assert ordered(items(cluster, "twos")) == ordered(items(cluster, "ones"))


def test_what_a_csv_cannot_say_is_not_exported(cluster: Server, tmp_path: Path) -> None:
    client = client_of(cluster.url)
    create_table(client, "ones")
    client.put_item(TableName="ones", Item=EVERY_TYPE)
    message = refused("export", "ones", str(tmp_path / "all.csv"), status=1)
    assert "is empty in an item, which a CSV cannot tell from no attribute" in message
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_joins_export_and_import(cluster: Server) -> None:
    client = client_of(cluster.url)
    create_table(client, "ones")
    create_table(client, "twos")
    client.put_item(TableName="ones", Item=EVERY_TYPE)
    exported = call_here("export", "ones", "-")
    assert (exported.status, exported.stderr) == (0, "")
    told("import", "twos", "-", stdin=exported.stdout.encode())
    assert ordered(items(cluster, "twos")) == ordered(items(cluster, "ones"))


def test_numbers_of_a_key_need_no_types(cluster: Server, tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("id,n\n1,2\n")
    told("import", "numbers", str(path), "--create", "id:N")
    assert items(cluster, "numbers") == [{"id": {"N": "1"}, "n": {"S": "2"}}]


def test_the_last_of_equal_keys_stays(cluster: Server, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    lines = [{"id": f"{number % 3}", "n": number} for number in range(40)]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert json.loads(told("import", "twice", str(path), "--plain", "--create", "id")[0])["items"] == 40
    assert ordered(items(cluster, "twice")) == ordered(
        [{"id": {"S": str(n % 3)}, "n": {"N": str(n)}} for n in (37, 38, 39)]
    )


def test_incremental_exports_change_a_table(cluster: Server, tmp_path: Path) -> None:
    create_table(client_of(cluster.url), "kept", sort=None)
    for pk in "ab":
        told("item", "put", "kept", json.dumps({"pk": pk}))
    path = tmp_path / "changes.json.gz"
    changes = [
        {"Keys": {"pk": {"S": "a"}}, "OldImage": {"pk": {"S": "a"}}},
        {"Keys": {"pk": {"S": "c"}}, "NewImage": {"pk": {"S": "c"}, "n": {"N": "1"}}},
    ]
    with gzip.open(path, "wt") as file:
        file.write("\n".join(map(json.dumps, changes)))
    told("import", "kept", str(path))
    assert ordered(items(cluster, "kept")) == ordered(
        [{"pk": {"S": "b"}}, {"pk": {"S": "c"}, "n": {"N": "1"}}]
    )


def test_an_item_that_is_refused_is_named_by_its_line(cluster: Server, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    lines = [{"id": str(number)} for number in range(28)] + [{"other": "x"}, {"id": "y"}]
    path.write_text("\n".join(map(json.dumps, lines)))
    message = refused("import", "some", str(path), "--plain", "--create", "id", status=1)
    assert message.startswith(f"trinamo: {path}:29: ValidationException: ")
    assert message.endswith("(28 items were imported before this)\n")
    assert len(items(cluster, "some")) == 28


# Trouble.


def test_what_is_unprocessed_or_throttled_is_asked_for_again(cluster: Server, tmp_path: Path) -> None:
    told("table", "create", "orders", "id")
    cluster.change("faults", verb="unprocessed", table="orders", items=3, count=2)
    cluster.change("faults", verb="throttle", table="orders", count=2)
    path = tmp_path / "f.jsonl"
    path.write_text("".join(json.dumps({"id": str(number)}) + "\n" for number in range(60)))
    told("import", "orders", str(path), "--plain")
    assert len(items(cluster, "orders")) == 60


def test_what_may_be_repeated_is(cluster: Server) -> None:
    told("table", "create", "orders", "id")
    for verb in ("fail_after", "drop_reply"):
        cluster.change("faults", verb=verb, operation="PutItem", count=1)
    told("item", "put", "orders", '{"id": "a"}')
    assert told("query", "orders") == ['{"id": "a"}']


@pytest.mark.parametrize("verb", ["fail_after", "drop_reply"])
def test_what_may_not_be_repeated_is_asked_once(cluster: Server, verb: str) -> None:
    told("table", "create", "orders", "id")
    cluster.change("faults", verb=verb, operation="UpdateItem", count=1)
    message = refused("item", "update", "orders", '{"id": "a"}', "ADD n 1", status=1)
    assert message.startswith("trinamo: whether it was done is not known: ")
    assert told("query", "orders") == ['{"id": "a", "n": 1}']


def test_what_is_no_dynamodb_is_said_at_once(cluster: Server) -> None:
    with serving_text(b"<html>hello</html>") as url:
        message = refused("table", "list", "--endpoint", url, status=1)
    assert "this is no DynamoDB: 200 <html>hello</html>" in message


@contextmanager
def serving_text(text: bytes) -> Iterator[str]:
    """A web server that answers one request with a text."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("table", "describe", "none"), 1, "ResourceNotFoundException: Requested resource not found"),
        (("table", "create", "one"), 2, "say the table's name, its key and perhaps its sort key"),
        (("table", "create", "one", "a", "b", "c"), 2, "say the table's name, its key"),
        (("table", "create", "one", "a:X"), 2, "'a:X' is no key: NAME, NAME:S, NAME:N or NAME:B"),
        (("table", "create", "one", "a", "--index", "b"), 2, "'b' is no index"),
        (("table", "create", "one", "a:N", "--index", "b=a:S"), 2, "a cannot be both N and S"),
        (("table", "create", "one", "a", "--index", "b=c,d,e"), 2, "a key has one or two attributes, not 3"),
        (("table", "create", "one", "a", "--like", __file__), 2, "--like says all but the name"),
        (("table", "create", "--like", __file__), 2, "describes no table"),
        (("table", "delete", "orders", "--aws", "eu-west-1"), 2, "this deletes a table of AWS in eu-west-1: say --yes"),
        (("table", "melt"), 2, "No such command 'melt'"),
        (("item", "put", "orders", "nonsense"), 2, "'nonsense' is no item"),
        (("item", "put", "orders", '{"id": "\\ud800"}'), 1, "what is to be sent is not Unicode"),
        (("item", "put", "orders", '{"id": 1}', "--dynamodb-json"), 2, "id is not DynamoDB JSON"),
        (("item", "put", "orders", '{"id": 1}'), 1, "ValidationException"),
        (("item", "put", "orders", '{"id": "a"}', "--if", "id = 'a"), 2, "this is not understood, at \"'a\""),
        (("query", "orders", "id = "), 1, "Invalid KeyConditionExpression: Syntax error"),
        (("query", "orders", "--descending"), 2, "--descending needs a condition"),
        (("query", "orders", "--limit", "0"), 2, "0 is not in the range x>=1"),
        (("export", "none", "x.csv"), 1, "Requested resource not found"),
        (("export", "orders", "x.bin"), 2, "x.bin may be anything: name it .csv"),
        (("export", "orders", "x.csv", "--plain"), 2, "--plain is for JSON"),
        (("export", "orders", "x", "--plain"), 2, "an export of AWS's layout is not plain"),
        (("export", "orders", "x.json", "--delimiter", ";"), 2, "--types, --delimiter and --empty-strings"),
        (("export", "orders", "x.csv", "--delimiter", ";;"), 2, "one character"),
        (("export", "orders", "/nonexistent/x.json"), 1, "No such file or directory"),
        (("import", "none", __file__, "--format", "json"), 1, "Requested resource not found"),
        (("import", "orders", __file__), 2, "may be anything"),
        (("import", "orders", "/nonexistent"), 2, "'/nonexistent' does not exist"),
        (("import", "orders", "/", "--format", "csv"), 2, "--format is for a file"),
        (("import", "orders", "-", "--types", "a=Z"), 2, "'a=Z' is not NAME=TYPE"),
        (("import", "orders", __file__, "--format", "json"), 1, "holds neither lines of JSON nor one JSON value"),
        (("table", "list", "--aws", "eu-west-1"), 1, "AWS needs credentials"),
        (("table", "list", "--aws", "eu-west-1", "--endpoint", "http://x"), 2, "two different places"),
        (("table", "list", "--profile", "none"), 1, "profile none has no aws_access_key_id"),
        (("table", "list", "--endpoint", "localhost:8000"), 2, "'localhost:8000' is no URL of a service"),
        (("table", "list", "--endpoint", "http://[::1"), 2, "is no URL"),
        (("table", "list", "--endpoint", "http://127.0.0.1:9"), 1, "no service answers at http://127.0.0.1:9"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line(
    airports: Server, arguments: tuple[str, ...], status: int, why: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert why in refused(*arguments, status=status)


# As processes.


def test_a_command_that_reads_imports_neither_rich_nor_the_database() -> None:
    script = """
import sys
from trinamo.cli.main import run
status = run(["table", "list", "--endpoint", "http://127.0.0.1:9"])
assert status == 1, status
print(*sorted(sys.modules))
"""
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=SECONDS_MAX, check=True
    ).stdout.split()
    assert "trinamo.cli.service" in shown
    assert not {
        "rich",
        "trio",
        "structlog",
        "trinamo.gateway",
        "trinamo.model.values",
        "trinamo.bench",
    } & set(shown)


def test_results_go_into_pipes_as_json(airports: Server) -> None:
    ended = call("query", "airports", 'state = "RI" AND iata = "PVD"', "--select", "iata, latitude")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == {"iata": "PVD", "latitude": "41.72399917"}


def on_terminal(*arguments: str) -> str:
    """Return what a call shows on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while select.select([ours], [], [], SECONDS_MAX)[0]:
                shown += os.read(ours, 65_536)
        except OSError:
            pass  # the other side is closed: how Linux ends a terminal
        finally:
            os.close(ours)
            process.kill()
    return shown.decode().replace("\r\n", "\n")


def test_results_are_tables_in_colour_on_a_terminal(airports: Server) -> None:
    shown = on_terminal("query", "airports", 'state = "RI"')
    assert "\x1b[1;32mstate" in shown
    assert shown.index("state") < shown.index("iata") < shown.index("city")
    assert "Theodore F" in shown
    assert shown.endswith("6 items\n")
    assert '"state"' not in shown


def test_a_terminal_is_not_told_what_to_do_by_what_is_stored(cluster: Server) -> None:
    told("table", "create", "orders", "id")
    told("item", "put", "orders", '{"id": "a\\u001b[2Jb\\nc", "\\u001b]0;x": ["\\u009b2J"]}')
    shown = on_terminal("query", "orders")
    assert r"a\x1b[2Jb\nc" in shown
    assert "\x1b[2J" not in shown
    assert "\x1b]" not in shown
    assert "\x9b" not in shown


def test_a_terminal_shows_the_beginning_of_many_items(airports: Server) -> None:
    shown = on_terminal("query", "airports", "--select", "iata")
    assert shown.endswith("the first 100; --limit shows more\n")
    assert on_terminal("query", "airports", "--select", "iata", "--json").count("\n") == 3376


def test_import_and_export_show_how_far_they_are_on_a_terminal(airports: Server, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    shown = on_terminal("export", "airports", str(path))
    assert "export airports" in shown
    assert "3376/3376" in shown
    assert f"exported 3,376 items into {path} in " in shown
    shown = on_terminal("import", "airports", str(path))
    assert "import into airports" in shown
    assert "imported 3,376 items into airports in " in shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("trinamo ta", ["table"]),
        ("trinamo table de", ["delete", "describe"]),
        ("trinamo query air", ["airports"]),
    ],
)
def test_words_are_completed(
    airports: Server, words: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TRINAMO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    ended = call()
    assert [line.partition(",")[2] for line in ended.stdout.splitlines()] == expected
    assert ended.stderr == ""
