"""Claims about a running `trinamo dev`: when it is ready, what it says, how it ends."""

import contextlib
import json
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from trinamo.lsm import RocksEngine
from trinamo.lsm.layout import FORMAT_KEY
from trinamo.world import Family

COMMAND = [sys.executable, "-m", "trinamo.cli.main", "dev"]
READY = re.compile(r"trinamo ready: (?P<url>http://\S+:(?P<port>\d+)) \((?P<cluster>.*)\)\n")
READY_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 2.0
EXIT_SECONDS_MAX = 20.0

TABLE = {
    "TableName": "airports",
    "AttributeDefinitions": [{"AttributeName": "iata", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "iata", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@attrs.define
class Dev:
    """A running `trinamo dev`."""

    process: subprocess.Popen[str]
    url: str
    port: int
    cluster: str

    def call(
        self,
        operation: str,
        parameters: dict[str, Any],
        *,
        host: str = "127.0.0.1",
        region: str = "us-east-1",
    ) -> Any:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=any/20260101/{region}/dynamodb/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=00",
        }
        body = json.dumps(parameters).encode()
        request = urllib.request.Request(f"http://{host}:{self.port}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send the signal, wait for the end and return how long it took. Status, stdout and stderr are as promised."""
        sent = time.monotonic()
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=EXIT_SECONDS_MAX)
        seconds = time.monotonic() - sent
        assert (self.process.returncode, output, errors) == (0, "", "")
        return seconds


def start(*flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def running(*flags: str) -> Iterator[Dev]:
    """A `trinamo dev` that is ready, ended on the way out at the latest."""
    with start("--port", "0", *flags) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            readable, _, _ = select.select([process.stdout], [], [], READY_SECONDS_MAX)
            assert readable, "no ready line"
            line = process.stdout.readline()
            ready = READY.fullmatch(line)
            assert ready, line or process.stderr.read()
            yield Dev(process, ready["url"], int(ready["port"]), ready["cluster"])
        finally:
            process.kill()  # no harm where it has ended


def refused(*flags: str) -> str:
    """Start in vain; return the one line on stderr."""
    ended = subprocess.run(
        [*COMMAND, *flags], capture_output=True, text=True, timeout=EXIT_SECONDS_MAX, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def described(dev: Dev) -> Sequence[str]:
    names: list[str] = dev.call("ListTables", {})["TableNames"]
    return names


def test_ready_line_says_where_and_of_what_kind() -> None:
    with running() as dev:
        assert dev.url == f"http://127.0.0.1:{dev.port}"
        assert dev.cluster == "3 nodes, in memory"
        assert described(dev) == []
    with running("--host", "127.0.0.1", "--nodes", "1") as dev:
        assert dev.cluster == "1 node, in memory"


def test_both_loopback_addresses_serve_by_default() -> None:
    if not _has_ipv6():
        pytest.skip("no IPv6 here")
    with running() as dev:
        dev.call("CreateTable", dict(TABLE))
        assert dev.call("ListTables", {}, host="[::1]") == {"TableNames": ["airports"]}


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_two_seconds_with_status_0(number: signal.Signals) -> None:
    with running() as dev:
        dev.call("CreateTable", dict(TABLE))
        with socket.create_connection(("127.0.0.1", dev.port)):  # an idle connection is no reason to wait
            assert dev.stop(number) < STOP_SECONDS_MAX


def test_a_request_that_stops_half_way_does_not_hold_up_the_end() -> None:
    with running() as dev, socket.create_connection(("127.0.0.1", dev.port)) as unfinished:
        unfinished.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
        described(dev)  # by now that has been read
        assert dev.stop() < STOP_SECONDS_MAX


def test_a_second_signal_ends_it_in_good_order_too() -> None:
    with running() as dev, contextlib.ExitStack() as stack:
        unfinished, idle = (
            stack.enter_context(socket.create_connection(("127.0.0.1", dev.port), timeout=10)) for _ in "12"
        )
        unfinished.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
        described(dev)
        dev.process.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""  # the first has been seen
        assert dev.stop(signal.SIGINT) < STOP_SECONDS_MAX


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refused("--port", str(port)) == f"trinamo: port {port} on 127.0.0.1 is taken\n"


def test_a_host_that_is_not_here_is_refused() -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737): nobody's.
    assert "cannot listen on port 0 of 192.0.2.1" in refused("--host", "192.0.2.1", "--port", "0")


def test_a_data_directory_in_use_is_refused(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)):
        assert "is in use by another process" in refused("--port", "0", "--data", str(tmp_path))


def test_a_data_directory_of_more_nodes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "n5").mkdir()
    assert "start it with --nodes 5" in refused("--port", "0", "--data", str(tmp_path))


def test_a_data_directory_of_another_version_is_refused(tmp_path: Path) -> None:
    _write_format(tmp_path / "n1", 99)
    assert "has format 99" in refused("--port", "0", "--data", str(tmp_path))


def _write_format(path: Path, number: int) -> None:
    path.mkdir()
    engine = RocksEngine(path)
    batch = engine.batch(Family.LOG)
    batch.put(FORMAT_KEY, number.to_bytes(4, "big"))
    engine.write(batch)
    del batch  # it would keep the database open
    engine.close()


@pytest.mark.parametrize("durability", ["os", "fsync"])
def test_data_is_there_after_a_restart(tmp_path: Path, durability: str) -> None:
    flags = ("--data", str(tmp_path), "--durability", durability)
    item = {"iata": {"S": "OSL"}}
    with running(*flags) as dev:
        assert dev.cluster == f"3 nodes, in {tmp_path}, {durability}"
        dev.call("CreateTable", dict(TABLE))
        dev.call("PutItem", {"TableName": "airports", "Item": item})
        assert dev.stop() < STOP_SECONDS_MAX
    with running(*flags) as dev:
        asked = {"TableName": "airports", "Key": item, "ConsistentRead": True}
        assert dev.call("GetItem", asked) == {"Item": item}


def test_initial_tables_and_items_are_there_when_it_is_ready(tmp_path: Path) -> None:
    items = [{"iata": {"S": f"A{number:02}"}} for number in range(60)]
    path = tmp_path / "airports.json"
    path.write_text(json.dumps({"tables": [TABLE], "items": {"airports": items}}))
    with running("--init", str(path)) as dev:
        assert dev.call("Scan", {"TableName": "airports"})["Count"] == 60


def test_a_wrong_initial_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text('{"TableName": "t"}')
    assert refused("--port", "0", "--init", str(path)).startswith(
        f"trinamo: {path}: table t: ValidationException: "
    )


def test_a_malformed_file_of_credentials_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("[default]\naws_access_key_id = AKID\n")
    expected = f"trinamo: {path}: profile default has no aws_secret_access_key\n"
    assert refused("--port", "0", "--auth", str(path)) == expected


def test_changes_are_taken_from_the_holder_of_the_token_only() -> None:
    with running("--control-token", "secret") as dev:
        dev.call("CreateTable", dict(TABLE))
        headers = {"Content-Type": "application/json"}
        reset = urllib.request.Request(f"{dev.url}/_trinamo/reset", b"{}", headers)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(reset, timeout=10)
        with refusal.value as answer:
            assert answer.code == 401
        assert described(dev) == ["airports"]
        reset.add_header("Authorization", "Bearer secret")
        urllib.request.urlopen(reset, timeout=10).close()
        assert described(dev) == []


@pytest.mark.parametrize(
    "flags", [("--transport", "tcp"), ("--mode", "realistic"), ("--spread-leaders",), ("--partitions", "1")]
)
def test_every_kind_of_cluster_serves(flags: tuple[str, ...]) -> None:
    with running("--host", "127.0.0.1", *flags) as dev:
        dev.call("CreateTable", dict(TABLE))
        assert described(dev) == ["airports"]
        assert dev.stop() < STOP_SECONDS_MAX


def test_shared_makes_one_namespace_of_all_regions() -> None:
    for flags, seen in ([], []), (["--shared"], ["airports"]):
        with running(*flags) as dev:
            dev.call("CreateTable", dict(TABLE))
            assert dev.call("ListTables", {}, region="eu-west-1")["TableNames"] == seen
