"""pytest's way to a cluster: fixtures that need no import, an option, a mark.

    def test_orders(dynamodb_url):                               # boto3 finds the cluster by itself
    async def test_orders(dynamodb): ...                         # trinamo.client, on Trio or asyncio
    def test_retries(dynamodb_cluster, dynamodb_faults): ...
    @pytest.mark.dynamodb(tables=[{"TableName": "orders", ...}], mode="realistic")

One cluster for each mode lives as long as the session, in a thread, and is reset before each test that uses it. Every
xdist worker has its own, since ports are free ones. The seed of dice is told with every failure, and
`--dynamodb-seed` gives it again.
"""

import random
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from trinamo.client import Client
    from trinamo.testing.threaded import ThreadCluster, ThreadFaults

_SEED = pytest.StashKey[int]()
_FIXTURES = ("dynamodb", "dynamodb_url", "dynamodb_cluster", "dynamodb_faults")

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What makes an AWS SDK content; where it shall go is in `AWS_ENDPOINT_URL_DYNAMODB` and its likes."""
ENDPOINTS = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dynamodb", "trinamo")
    group.addoption("--dynamodb-seed", type=int, help="The seed of all dice of the clusters of this run.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "dynamodb(tables, mode): tables to begin with (CreateTable requests, or paths of CloudFormation or Terraform JSON), and"
        " whether the cluster is settled or realistic",
    )
    given = config.getoption("--dynamodb-seed", default=None)
    config.stash[_SEED] = random.SystemRandom().getrandbits(32) if given is None else given


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the seed with every failure of a test that uses a cluster."""
    report = yield
    if report.failed and any(name in _FIXTURES for name in getattr(item, "fixturenames", ())):
        report.sections.append(
            ("dynamodb", f"the same dice again: --dynamodb-seed={item.config.stash[_SEED]}")
        )
    return report


class _Clusters:
    """The clusters of a session, by mode."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._stack = ExitStack()
        self._running: dict[str, ThreadCluster] = {}

    def get(self, mode: Any) -> "ThreadCluster":
        from trinamo.testing.threaded import cluster_in_thread

        if mode not in self._running:
            self._running[mode] = self._stack.enter_context(cluster_in_thread(mode=mode, seed=self._seed))
        return self._running[mode]

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def _dynamodb_clusters(request: pytest.FixtureRequest) -> Iterator[_Clusters]:
    clusters = _Clusters(request.config.stash[_SEED])
    yield clusters
    clusters.close()


@pytest.fixture
def dynamodb_cluster(
    request: pytest.FixtureRequest, _dynamodb_clusters: _Clusters, monkeypatch: pytest.MonkeyPatch
) -> Iterator["ThreadCluster"]:
    """An empty cluster, to which AWS SDKs are directed by the environment; and the tables of the test's mark."""
    from trinamo.testing.declared import requests

    mark = request.node.get_closest_marker("dynamodb")
    wanted = {} if mark is None else mark.kwargs
    if unknown := wanted.keys() - {"tables", "mode"} or (mark is not None and mark.args):
        raise pytest.UsageError(f"the mark dynamodb takes tables and mode, not {unknown}")
    cluster = _dynamodb_clusters.get(wanted.get("mode", "settled"))
    cluster.reset()
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ENDPOINTS:
        monkeypatch.setenv(name, cluster.url)
    for declared in wanted.get("tables", ()):
        for creation in requests(declared):
            _create(cluster, creation)
    yield cluster
    _revive(cluster)


def _create(cluster: "ThreadCluster", creation: dict[str, Any]) -> None:
    expiry = creation.pop("TimeToLiveSpecification", None)
    cluster.request("CreateTable", creation)
    if expiry is not None:
        cluster.request(
            "UpdateTimeToLive", {"TableName": creation["TableName"], "TimeToLiveSpecification": expiry}
        )


def _revive(cluster: "ThreadCluster") -> None:
    """A test may leave nodes crashed; the next one finds all of them alive."""
    cluster.faults.clear()
    for node in cluster.describe()["nodes"]:
        if not node["alive"]:
            cluster.faults.restart(node["id"])


@pytest.fixture
def dynamodb_url(dynamodb_cluster: "ThreadCluster") -> str:
    """Where an empty DynamoDB serves. The environment says so too: `boto3.client("dynamodb")` needs nothing else."""
    return dynamodb_cluster.url


@pytest.fixture
def dynamodb(dynamodb_cluster: "ThreadCluster") -> "Client":
    """A client of an empty DynamoDB, for the test's event loop, whichever that is."""
    from trinamo.client.connection import detached

    return detached(dynamodb_cluster.url)


@pytest.fixture
def dynamodb_faults(dynamodb_cluster: "ThreadCluster") -> "ThreadFaults":
    """What shall go wrong in this test; nothing of it outlives the test."""
    return dynamodb_cluster.faults
