"""Whole tests that the documents show are run, against a cluster of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dynamodb.server import serving
from trinamo.faults.verbs import KNOWN

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = re.compile(r"<!-- pytest: (?P<name>\S+) -->\n```python\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
SECONDS_MAX = 120


def shown() -> list[tuple[str, str]]:
    """The files of tests in all documents: name and content."""
    texts = [path.read_text() for path in sorted(DOCS.glob("*.md"))]
    return [(match["name"], match["code"]) for text in texts for match in SHOWN.finditer(text)]


@pytest.mark.parametrize(("name", "code"), shown(), ids=[name for name, _ in shown()])
def test_a_test_that_is_shown_passes(name: str, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(code)
    with serving() as server:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            name,
        ]
        ended = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "TRINAMO_URL": server.url},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " passed" in ended.stdout


TUTORIAL = re.compile(
    r"<!-- file: (?P<name>\S+) -->\n```python\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)


def test_the_tutorial_ends_where_it_says(tmp_path: Path) -> None:
    """All its files are saved as it says, and its last command is run, by somebody whose environment says nothing of AWS."""
    files = list(TUTORIAL.finditer((DOCS / "tutorial.md").read_text()))
    assert [match["name"] for match in files] == [
        "cart.py",
        "test_cart.py",
        "test_async_cart.py",
        "test_broken_cart.py",
    ]
    for match in files:
        (tmp_path / match["name"]).write_text(match["code"])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 passed" in ended.stdout


def test_the_site_is_built_and_no_link_leads_nowhere(tmp_path: Path) -> None:
    build = DOCS.parent / "tools/site/build"
    ended = subprocess.run(
        [str(build), "--site-dir", str(tmp_path / "site")],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    client = (tmp_path / "site/reference/client/index.html").read_text()
    assert 'id="trinamo.client.connect"' in client
    assert (tmp_path / "site/compatibility/index.html").exists()


def test_the_examples_pass() -> None:
    """They are programs with tests of their own, in the way of whoever reads them: the fixtures come with the package."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
    ]
    ended = subprocess.run(
        command, cwd=DOCS / "examples", capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_example_is_told_of() -> None:
    page = (DOCS / "examples.md").read_text()
    programs = {path.name for path in (DOCS / "examples").glob("*.py")}
    assert set(re.findall(r"\(examples/(\w+\.py)\)", page)) == programs


def test_every_verb_is_described() -> None:
    table = (DOCS / "faults.md").read_text().split("| verb |", 1)[1].split("\n\n", 1)[0]
    described = {verb for row in table.splitlines() for verb in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert described == set(KNOWN)
