"""One cluster for all tests of commands that talk to one. Each test finds it empty."""

import os
from collections.abc import Iterator

import pytest

from dynamodb.server import Server, serving


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def cluster(shared_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """An empty cluster without faults, to which commands talk by default."""
    shared_server.remove("faults")
    shared_server.change("reset")
    talk_to(shared_server, monkeypatch)
    return shared_server


def talk_to(server: Server, patch: pytest.MonkeyPatch) -> None:
    """Have commands talk to a server by default, as nobody in particular."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "TRINAMO_"))]:
        patch.delenv(name)
    patch.setenv("HOME", "/nonexistent")
    patch.setenv("TRINAMO_URL", server.url)
