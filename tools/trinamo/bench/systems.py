"""Who is measured: Trinamo, its peers, the null server. Each runs as one process of ours, on loopback, in memory.

A process is ended by its id when its context closes, whatever happened in between. A peer that is not installed is
absent, which is no error; `install_peers` fetches them into a directory of their own.
"""

import http.client
import json
import os
import platform
import select
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

from trinamo.bench import payload

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 5.0
TABLE_SECONDS_MAX = 20.0
INSTALL_SECONDS_MAX = 300.0
POLL_SECONDS = 0.05

TRINAMO = "trinamo"
CEILING = "ceiling"
PEERS = ("dynalite", "dynoxide")


class StartFailed(Exception):
    """A server did not come up, or does not do what is needed to measure it."""


@attrs.frozen
class System:
    """A running server. `pid` is None where it is not ours to start and stop."""

    name: str
    host: str
    port: int
    pid: int | None
    calls: str | None = None
    """Where it takes calls: `tcp://HOST:PORT`."""


def cache_directory() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trinamo" / "bench"


def platform_package() -> str:
    """dynoxide's npm package for this machine, which holds the program itself."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine()
    )
    return f"@dynoxide/{sys.platform}-{machine}"


def install_peers(directory: Path) -> None:
    """Install both peers with npm. No package runs a script of its own: in memory, none needs to."""
    directory.mkdir(parents=True, exist_ok=True)
    packages = ["dynalite@4", f"{platform_package()}@1"]
    npm = [
        "npm",
        "install",
        "--prefix",
        str(directory),
        "--no-fund",
        "--no-audit",
        "--ignore-scripts",
        "--silent",
    ]
    try:
        ended = subprocess.run(
            [*npm, *packages], stdout=subprocess.DEVNULL, timeout=INSTALL_SECONDS_MAX, check=False
        )
    except FileNotFoundError:
        raise StartFailed("npm is needed to install the peers") from None
    if ended.returncode:
        raise StartFailed("npm could not install the peers")


def find_peer(name: str, directory: Path) -> str | None:
    """The program of a peer: from the cache directory, else from PATH."""
    modules = directory / "node_modules"
    installed = modules / ".bin" / name if name == "dynalite" else modules / platform_package() / name
    return str(installed) if installed.exists() else shutil.which(name)


def peer_command(name: str, program: str, port: int) -> list[str]:
    match name:
        case "dynalite":
            return [program, "--host", "127.0.0.1", "--port", str(port), "--createTableMs", "0"]
        case "dynoxide":
            return [program, "serve", "--host", "127.0.0.1", "--port", str(port)]
        case _:
            raise StartFailed(f"no such peer: {name}")


def trinamo_command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "trinamo.cli.main", "dev", "--host", "127.0.0.1", "--port", "0", *flags]


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process of ours, ended by its id on the way out."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def command_line(process: subprocess.Popen[str]) -> str:
    assert isinstance(process.args, list)
    return shlex.join(process.args)


def first_line(process: subprocess.Popen[str]) -> str:
    """What a server says when it is ready."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS_MAX)
    if not readable:
        raise StartFailed(f"{command_line(process)} is not ready after {START_SECONDS_MAX:.0f} s")
    line = process.stdout.readline().strip()
    if not line:
        raise StartFailed(f"{command_line(process)} ended before it was ready")
    return line


@contextmanager
def trinamo(*flags: str) -> Iterator[System]:
    """Our own server on a free port, as soon as it has printed its ready line."""
    with running(trinamo_command(*flags)) as process:
        line = first_line(process)
        host, port = address_of(line.split()[2])
        _, at, calls = line.rstrip(")").partition("calls at ")
        yield System(TRINAMO, host, port, process.pid, calls if at else None)


def address_of(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
    if not host or not port.isdecimal():
        raise StartFailed(f"not of the form http://HOST:PORT: {url}")
    return host, int(port)


@contextmanager
def ceiling() -> Iterator[System]:
    with running([sys.executable, "-m", "trinamo.bench.null"]) as process:
        yield System(CEILING, "127.0.0.1", int(first_line(process)), process.pid)


@contextmanager
def peer(name: str, program: str) -> Iterator[System]:
    port = free_port()
    with running(peer_command(name, program, port)) as process:
        wait_for_listener(process, port)
        yield System(name, "127.0.0.1", port, process.pid)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for_listener(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise StartFailed(f"{command_line(process)} does not listen")


def create_table(system: System, declaration: Mapping[str, object] = payload.CREATE_TABLE) -> None:
    """Make a table of the benchmark and wait until it is there."""
    call(system, "CreateTable", declaration)
    deadline = time.monotonic() + TABLE_SECONDS_MAX
    while time.monotonic() < deadline:
        table = call(system, "DescribeTable", {"TableName": declaration["TableName"]})["Table"]
        if table["TableStatus"] == "ACTIVE":
            return
        time.sleep(POLL_SECONDS)
    raise StartFailed(f"{system.name}: the table does not become ACTIVE")


def call(system: System, target: str, body: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """One request outside of what is measured."""
    connection = http.client.HTTPConnection(system.host, system.port, timeout=START_SECONDS_MAX)
    try:
        # The same bytes as the generator's: header lines, an empty line, the body.
        head, _, text = payload.render(target, body, f"{system.host}:{system.port}").partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        connection.request("POST", "/", text, headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise StartFailed(
            f"{system.name}: {target} answered {response.status}: {answer.decode(errors='replace')[:200]}"
        )
    parsed: dict[str, dict[str, object]] = json.loads(answer)
    return parsed
