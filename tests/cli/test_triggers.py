"""`trinamo dev --trigger`: functions behind URLs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dynamodb import clients
from dynamodb.calls import item
from dynamodb.server import serving, wait_until
from dynamodb.streaming import specification
from trinamo.cli.main import trinamo

WAIT_S = 20.0


class Endpoint:
    """A function behind a URL: remembers what is posted, and answers as it is told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answers: list[tuple[int, Any]] = []
        self.url = ""

    def answer(self, event: dict[str, Any]) -> tuple[int, Any]:
        self.events.append(event)
        return self.answers.pop(0) if self.answers else (200, None)

    def numbers(self) -> list[int]:
        records = [record for event in self.events for record in event.get("Records", [])]
        return [int(record["dynamodb"]["Keys"]["sk"]["N"]) for record in records]


@contextmanager
def listening() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, reply = endpoint.answer(json.loads(body))
            text = b"" if reply is None else json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        endpoint.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()


def test_a_url_is_posted_what_happens_to_a_table() -> None:
    with listening() as endpoint:
        endpoint.answers = [(500, None), (200, {"errorMessage": "no", "errorType": "ValueError"})]
        with serving("--trigger", f"orders={endpoint.url}") as running:
            db = clients.connect(running.url)
            clients.create_table(db, "orders", sort_type="N", **specification("NEW_IMAGE"))
            db.put_item(TableName="orders", Item=item(1))
            wait_until(lambda: len(endpoint.events) == 3, "the event came three times", WAIT_S)
            [trigger] = running.view("triggers")["triggers"]
            assert running.stop() == 0
    assert endpoint.numbers() == [1, 1, 1]
    assert trigger["table"] == "orders"
    assert trigger["failures"] == 2


def test_a_file_has_all_settings(tmp_path: Path) -> None:
    file = tmp_path / "triggers.json"
    with listening() as endpoint, listening() as destination:
        endpoint.answers = [(500, None)] * 2
        mapping = {
            "Table": "orders",
            "Function": endpoint.url,
            "OnFailure": destination.url,
            "BatchSize": 2,
            "MaximumRetryAttempts": 1,
            "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        }
        file.write_text(json.dumps([mapping]))
        with serving("--trigger", str(file)) as running:
            db = clients.connect(running.url)
            clients.create_table(db, "orders", sort_type="N", **specification("NEW_IMAGE"))
            for number in (1, 2):
                db.put_item(TableName="orders", Item=item(number))
            wait_until(lambda: bool(destination.events), "what is given up is told", WAIT_S)
            assert running.stop() == 0
    [note] = destination.events
    assert note["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert note["requestContext"]["approximateInvokeCount"] == 2


def test_a_trigger_goes_on_where_it_was_when_the_process_died(tmp_path: Path) -> None:
    with listening() as endpoint:
        flags = ("--data", str(tmp_path), "--trigger", f"orders={endpoint.url}")
        with serving(*flags) as running:
            db = clients.connect(running.url)
            clients.create_table(db, "orders", sort_type="N", **specification("NEW_IMAGE"))
            for number in range(10):
                db.put_item(TableName="orders", Item=item(number))
            wait_until(lambda: set(endpoint.numbers()) == {*range(10)}, "ten records came", WAIT_S)
            db.put_item(TableName="orders", Item=item(10))
            wait_until(lambda: 10 in endpoint.numbers(), "another came", WAIT_S)
            running.kill()
        before = len(endpoint.numbers())
        with serving(*flags) as running:
            db = clients.connect(running.url)
            for number in range(11, 15):
                db.put_item(TableName="orders", Item=item(number))
            wait_until(lambda: {*range(11, 15)} <= {*endpoint.numbers()}, "the others came", WAIT_S)
            assert running.stop() == 0
    again = endpoint.numbers()[before:]
    assert [number for number in again if number > 10] == [11, 12, 13, 14]
    assert set(again) <= {*range(10, 15)}, "all before the last batch was taken for good"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("orders", "orders is neither TABLE=URL nor a file"),
        ("orders=ftp://x/", "ftp://x/ is no http URL"),
    ],
)
def test_what_is_no_trigger_is_told_in_one_line(given: str, line: str) -> None:
    result = CliRunner().invoke(trinamo, ["dev", "--trigger", given])
    assert result.exit_code == 2
    assert line in result.output


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        (1, "a trigger is an object"),
        ({"Table": "orders"}, "a trigger has a Table, and a Function that is an http URL"),
        ({"Table": 1}, "Table is a text"),
        ({"Table": "orders", "Function": "http://x/", "BatchSize": 0}, "the batch size lies between"),
    ],
)
def test_what_is_no_file_of_triggers_is_told_in_one_line(tmp_path: Path, tree: Any, line: str) -> None:
    file = tmp_path / "t.json"
    file.write_text(json.dumps(tree))
    result = CliRunner().invoke(trinamo, ["dev", "--trigger", str(file)])
    assert result.exit_code == 2
    assert line in result.output
