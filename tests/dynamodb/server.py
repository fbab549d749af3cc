"""A dev cluster in a process of its own, as its users meet it: by command, HTTP and signals.

A server is ended by its id when its context closes, whatever happened in between. What it wrote on stderr is part of
every failure that it takes part in.
"""

import json
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import attrs

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 2.0  # what the command promises for SIGTERM
STOP_SECONDS_GRACE = 3.0  # for a machine whose processors are shared
CONTROL_SECONDS_MAX = 10.0
POLL_SECONDS = 0.02
READY = "trinamo ready: "


def command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "trinamo.cli.main", "dev", "--port", "0", *flags]


@attrs.frozen
class Server:
    """A process that serves at `url`; `ready_line` is what it said when it began to."""

    url: str
    ready_line: str
    process: subprocess.Popen[str]
    stderr: IO[str]

    def view(self, name: str) -> Any:
        """Return `GET /_trinamo/<name>`."""
        with urllib.request.urlopen(f"{self.url}/_trinamo/{name}", timeout=CONTROL_SECONDS_MAX) as answer:
            return json.load(answer)

    def change(self, name: str, **body: Any) -> Any:
        """Return the answer of `POST /_trinamo/<name>`."""
        status, answer = self.try_change(name, **body)
        assert status == 200, f"{name}: {status} {answer}"
        return answer

    def remove(self, name: str) -> Any:
        """Return the answer of `DELETE /_trinamo/<name>`."""
        status, answer = self.try_change(name, method="DELETE")
        assert status == 200, f"{name}: {status} {answer}"
        return answer

    def try_change(self, name: str, method: str = "POST", **body: Any) -> tuple[int, Any]:
        """Return status and answer of a change that may be refused."""
        request = urllib.request.Request(
            f"{self.url}/_trinamo/{name}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=CONTROL_SECONDS_MAX) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def stop(self) -> int:
        """Ask the process to end, as `docker stop` does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX + STOP_SECONDS_GRACE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"SIGTERM did not stop the server\n{self.complaints()}") from None

    def kill(self) -> None:
        """End the process at once: nothing of it runs any more, nothing in its memory is kept."""
        self.process.kill()
        self.process.wait(STOP_SECONDS_MAX)

    def complaints(self) -> str:
        """Return what stands on stderr so far."""
        self.stderr.seek(0)
        return self.stderr.read()


@contextmanager
def serving(*flags: str) -> Iterator[Server]:
    """Start a server and wait for its ready line; stop it if it still runs."""
    with tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(command(*flags), stdout=subprocess.PIPE, stderr=stderr, text=True)
        try:
            line = _ready_line(process, stderr)
            url = line.removeprefix(READY).split(" ")[0]
            yield Server(url, line, process, stderr)
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _ready_line(process: subprocess.Popen[str], stderr: IO[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS_MAX)
    line = process.stdout.readline().rstrip("\n") if readable else ""
    if not line.startswith(READY):
        process.kill()
        stderr.seek(0)
        raise AssertionError(f"not a ready line: {line!r}\n{stderr.read()}")
    return line


def wait_until(holds: Callable[[], bool], what: str, seconds: float) -> float:
    """Wait for something that another process does, and return how long it took."""
    begin = time.monotonic()
    while not holds():
        if time.monotonic() - begin > seconds:
            raise AssertionError(f"after {seconds} s still not so: {what}")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begin
