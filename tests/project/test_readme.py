"""The README says what is true: its blocks run in order, its outputs appear, its tables match the program.

A block is run unless a comment `<!-- not run: why -->` stands before it. `<!-- serves URL -->` marks the command that
starts the server: it gets a free port, and URL in the blocks after it means that server. A `text` block is what the
block before it prints.
"""

import json
import os
import re
import select
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(
    r"(?:<!-- (?P<note>.*?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)
READY = re.compile(r"trinamo ready: (?P<url>http://\S+) \(3 nodes, in memory\)\n")
BLOCK_SECONDS_MAX = 60
# A first start may set up `.venv`.
READY_SECONDS_MAX = 300


@attrs.frozen
class Block:
    language: str
    code: str
    note: str
    line: int
    output: str | None

    @property
    def serves(self) -> str | None:
        return self.note.removeprefix("serves ") if self.note.startswith("serves ") else None

    @property
    def is_run(self) -> bool:
        return self.language in {"sh", "python"} and not self.note.startswith("not run: ")


def blocks() -> list[Block]:
    found = list(BLOCK.finditer(README))
    return [
        Block(
            language=match["language"],
            code=match["code"],
            note=match["note"] or "",
            line=README.count("\n", 0, match.start("code")) + 1,
            output=after["code"] if after and after["language"] == "text" else None,
        )
        for match, after in zip(found, [*found[1:], None], strict=True)
    ]


@attrs.frozen
class Server:
    url: str
    documented_url: str


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """What the README's own command starts, on a port of its own."""
    (block,) = [block for block in blocks() if block.serves]
    command = ["bash", "-euc", f"exec {block.code.strip()} --port 0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            readable, _, _ = select.select([running.stdout], [], [], READY_SECONDS_MAX)
            assert readable, "no ready line"
            line = running.stdout.readline()
            ready = READY.fullmatch(line)
            assert ready, f"instead of the ready line: {line!r}"
            assert block.serves is not None
            assert block.output == line.replace(ready["url"], block.serves)
            yield Server(ready["url"], block.serves)
        finally:
            running.terminate()
            rest, _ = running.communicate(timeout=10)
    assert rest == "", "the ready line is all that goes to stdout"
    assert running.returncode == 0


def run(block: Block, server: Server) -> str:
    code = block.code.replace(server.documented_url, server.url)
    if block.note.startswith("pytest: "):
        return run_tests(block)
    command = ["bash", "-euc", code] if block.language == "sh" else [sys.executable, "-c", code]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=BLOCK_SECONDS_MAX, check=False
    )
    assert ended.returncode == 0, f"README.md:{block.line}: {ended.stderr}"
    return ended.stdout


def run_tests(block: Block) -> str:
    """Run a block that is a file of tests, for somebody whose environment says nothing of AWS."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, block.note.removeprefix("pytest: ")).write_text(block.code)
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS_MAX,
            check=False,
        )
    assert ended.returncode == 0, f"README.md:{block.line}: {ended.stdout}"
    return ended.stdout


def test_blocks_run_in_order_and_print_what_is_said(server: Server) -> None:
    ran = [block for block in blocks() if block.is_run and not block.serves]
    assert len(ran) >= 4
    for block in ran:
        output = run(block, server)
        assert block.output in {None, output}, f"README.md:{block.line} printed {output!r}"


def test_every_block_that_is_not_run_says_why() -> None:
    unclear = [
        block for block in blocks() if block.language != "text" and not block.is_run and not block.note
    ]
    assert unclear == []


def listed_operations(title: str) -> set[str]:
    """The operations named in the table whose header is `title`."""
    table = README.split(f"| {title} |", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"`([A-Z]\w+)`", table))


def call(server: Server, operation: str) -> tuple[int, dict[str, object]]:
    """An empty request, signed in form."""
    streams = operation in {"ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"}
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB{'Streams' if streams else ''}_20120810.{operation}",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=00",
    }
    try:
        with urllib.request.urlopen(
            urllib.request.Request(server.url, b"{}", headers), timeout=10
        ) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_operations_listed_as_present_are_known_to_the_server(server: Server) -> None:
    present = listed_operations("in this version")
    assert len(present) >= 12
    for operation in sorted(present):
        status, answer = call(server, operation)
        assert status in {200, 400}, operation
        assert "UnknownOperation" not in str(answer.get("__type")), operation


def test_operations_listed_as_absent_are_refused_by_name(server: Server) -> None:
    for operation in sorted(listed_operations("not in this version")):
        status, answer = call(server, operation)
        assert status == 400, operation
        assert str(answer["__type"]).endswith("#UnknownOperationException"), operation
        assert operation in str(answer), operation
        assert "not in this version" in str(answer), operation


def test_flags_of_dev_are_those_of_the_table() -> None:
    table = README.split("| flag |", 1)[1].split("\n\n", 1)[0]
    documented = set(re.findall(r"^\| `(--[a-z-]+)`", table, re.MULTILINE))
    command = [sys.executable, "-m", "trinamo.cli.main", "dev", "--help"]
    wide = {**os.environ, "COLUMNS": "200"}
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env=wide).stdout
    assert set(re.findall(r"^\s+(--[a-z-]+)", shown, re.MULTILINE)) - {"--help"} == documented


def test_files_the_readme_links_to_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
