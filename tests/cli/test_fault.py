"""`trinamo fault` and `trinamo clock` against a running cluster."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from cli.test_commands import call
from dynamodb.clients import connect, create_table
from dynamodb.server import Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        create_table(connect(running.url), "orders", sort_type="N")
        yield running


def told(server: Server, *arguments: str) -> Any:
    done = call(*arguments, "--url", server.url)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = call(*arguments)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done


def test_a_fault_is_asked_for_listed_and_removed(server: Server) -> None:
    id_ = told(server, "fault", "throttle", "--table", "orders", "--probability", "0.5", "--seed", "3")["id"]
    [listed] = told(server, "fault", "list")["faults"]
    assert listed == {
        "id": id_,
        "verb": "throttle",
        "table": "orders",
        "probability": 0.5,
        "seed": 3,
        "matched": 0,
        "fired": 0,
    }
    assert told(server, "fault", "remove", id_) == {"removed": [id_]}
    assert told(server, "fault", "remove", "--all") == {"removed": []}


def test_every_kind_of_field_can_be_said(server: Server) -> None:
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    told(server, "fault", "stale-reads", "--key", json.dumps(key), "--lag-ms", "50")
    told(server, "fault", "partition", "--groups", "n1,n2/n3", "--seconds", "0.1")
    told(server, "fault", "delay", "--from", "n1", "--ms", "1")
    faults = {each["verb"]: each for each in told(server, "fault", "list")["faults"]}
    assert faults["stale_reads"]["key"] == key
    assert faults["delay"]["from"] == "n1"
    assert told(server, "fault", "repair")["removed"]
    told(server, "fault", "remove", "--all")


def test_nodes_are_crashed_and_restarted(server: Server) -> None:
    assert told(server, "fault", "crash", "--node", "n3") == {"node": "n3", "alive": False}
    assert told(server, "fault", "restart", "--node", "n3") == {"node": "n3", "alive": True}


def test_the_clock_is_shown_and_advanced(server: Server) -> None:
    assert told(server, "clock") == {"offset_s": 0.0}
    assert told(server, "clock", "--advance", "1h30m") == {"offset_s": 5400.0}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("fault", "crash", "--node", "n9"), "unknown node 'n9'"),
        (("fault", "crash"), "crash needs node"),
        (("fault", "remove", "f99"), "there is no fault 'f99'"),
        (("fault", "remove"), "say which, or --all"),
        (("fault", "throttle", "--key", "a"), "a key is DynamoDB JSON"),
        (("fault", "melt"), "No such command 'melt'"),
        (("clock", "--advance", "yesterday"), "'yesterday' is no time to go forward"),
    ],
)
def test_what_makes_no_sense_is_one_line(server: Server, arguments: tuple[str, ...], why: str) -> None:
    at = () if arguments[1] == "melt" else ("--url", server.url)
    assert why in refused(*arguments, *at).stderr


def test_where_nobody_serves_is_one_line() -> None:
    assert (
        "no cluster answers at http://127.0.0.1:9" in refused("clock", "--url", "http://127.0.0.1:9").stderr
    )
