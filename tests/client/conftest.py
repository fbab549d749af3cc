"""The places in which the client is tried, and an environment without anything of AWS in it."""

import os
from collections.abc import Iterator

import pytest

import trinamo.testing
from client.stage import PLACES, Place
from trinamo.testing import ThreadCluster


@pytest.fixture(scope="session")
def thread_cluster() -> Iterator[ThreadCluster]:
    with trinamo.testing.cluster_in_thread(nodes=1) as cluster:
        yield cluster


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0]}, {place[1]}")
def place(request: pytest.FixtureRequest, thread_cluster: ThreadCluster) -> Place:
    backend, way = request.param
    return Place(backend, way, thread_cluster)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", "/nowhere")
