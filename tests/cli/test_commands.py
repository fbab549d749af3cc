"""Claims about the command line that need no cluster: what is refused, how, and what is not even imported."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "trinamo.cli.main"]
SECONDS_MAX = 30.0


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("dev", "--prot", "1"), "No such option"),
        (("dev", "--port", "65536"), "Invalid value for '--port'"),
        (("dev", "--port", "http"), "Invalid value for '--port'"),
        (("dev", "8000"), "Got unexpected extra argument (8000)"),
        (("dev", "--nodes", "0"), "--nodes is from 1 to 16, not 0"),
        (("dev", "--partitions", "-1"), "--partitions is from 1 to 1000, not -1"),
        (("dev", "--durability", "fsync"), "--durability fsync needs a directory: --data DIR"),
        (("dev", "--durability", "disk"), "'disk' is not one of 'os', 'fsync'"),
        (("dev", "--transport", "udp"), "'udp' is not one of 'memory', 'tcp'"),
        (("dev", "--mode", "lax"), "'lax' is not one of 'settled', 'realistic'"),
        (("dev", "--init", "/nonexistent.json"), "'/nonexistent.json' does not exist"),
        (("dev", "--auth", "/nonexistent"), "'/nonexistent' does not exist"),
        (("dev", "--auth", "/"), "'/' is a directory"),
        (("dev", "--wording", "odd"), "'odd' is not one of 'older', 'newer'"),
        (("serve",), "No such command 'serve'"),
    ],
)
def test_a_wrong_call_is_one_line_on_stderr_and_status_2(arguments: tuple[str, ...], why: str) -> None:
    ended = call(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("trinamo: ")
    assert why in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_call_without_a_command_shows_the_commands() -> None:
    ended = call()
    assert ended.returncode == 2
    assert all(f"\n  {name} " in ended.stderr for name in ("bench", "dev", "version"))


def test_version_is_that_of_the_project() -> None:
    project = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    ended = call("version")
    assert ended.returncode == 0
    assert f'version = "{ended.stdout.split()[1]}"' in project


def test_bench_is_mounted() -> None:
    ended = call("bench", "http", "--operations", "nothing")
    assert ended.returncode == 2
    assert "'nothing' is not one of" in ended.stderr


IMPORTED_BY_DEV = """
import sys
from trinamo.cli.main import run
status = run(["dev", "--durability", "os"])
assert status == 2, status
print(*sorted(sys.modules))
"""


def test_dev_imports_neither_rich_nor_what_a_refused_call_does_not_need() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", IMPORTED_BY_DEV],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    ).stdout.split()
    assert "structlog" in shown
    assert not {"rich", "rich.console", "trinamo.bench", "trinamo.gateway", "rocksdict"} & set(shown)


LOG_OF_DEV = """
import structlog
from trinamo.cli.main import run
run(["dev", "--durability", "os"])  # refused, but the log is set up before that
log = structlog.get_logger(component="test")
log.info("went well")
log.warning("went wrong", node="n1")
def fail():
    secret = "what users store"
    raise OSError("no such thing")
try:
    fail()
except OSError:
    log.exception("failed")
"""


def test_the_log_of_dev_holds_warnings_and_tracebacks_without_local_variables() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", LOG_OF_DEV], capture_output=True, text=True, timeout=SECONDS_MAX, check=True
    )
    assert shown.stdout == ""
    assert "went wrong" in shown.stderr
    assert "node=n1" in shown.stderr
    assert "OSError: no such thing" in shown.stderr
    assert "went well" not in shown.stderr
    assert "what users store" not in shown.stderr
