"""One cluster in memory for all black-box tests; each test has tables of its own."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient

from dynamodb import clients, server
from dynamodb.audit import Audit
from dynamodb.calls import item
from dynamodb.facts import held_by
from dynamodb.kinesis import ARN, serving_kinesis

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _facts_are_noted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note what a test holds, and which operations it asks for by boto3."""
    asked: set[str] = set()
    call = BaseClient._make_api_call

    def call_and_note(self: Any, operation: str, parameters: Any) -> Any:
        asked.add(operation)
        return call(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call_and_note)
    properties = request.node.user_properties
    properties += [("fact", name) for name in sorted(held_by(request.node))]
    yield
    properties += [("operation", name) for name in sorted(asked)]


@pytest.fixture(scope="session")
def kinesis_stream() -> Iterator[tuple[str, str]]:
    """The endpoint and the ARN of a Kinesis data stream that tables may have as a destination."""
    with serving_kinesis("common-stream") as kinesis:
        yield kinesis.url, f"{ARN}common-stream"


@pytest.fixture(scope="session")
def cluster(kinesis_stream: tuple[str, str]) -> Iterator[server.Server]:
    with server.serving("--kinesis-endpoint", kinesis_stream[0]) as running:
        yield running
        code = running.stop()
        assert code == 0, f"exit code {code}\n{running.complaints()}"


@pytest.fixture(scope="session")
def url(cluster: server.Server) -> str:
    return cluster.url


@pytest.fixture(scope="session")
def client(url: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # botocore's, while it loads its modules
        return clients.connect(url)


@pytest.fixture(scope="session")
def streams(url: str, client: Any) -> Any:
    """A client of the streams API; `client` has loaded what warns."""
    return clients.connect(url, service="dynamodbstreams")


@pytest.fixture(scope="session")
def audit(client: Any, streams: Any) -> Audit:
    return Audit(client, streams)


@pytest.fixture(autouse=True)
def _every_answer_has_its_shape(audit: Audit) -> Iterator[None]:
    """Fails the test during which an answer came that is not as botocore's model has it."""
    audit.found.clear()
    yield
    assert audit.found == []


@pytest.fixture
def name() -> str:
    """The name of a table that nobody else uses."""
    return f"black-box.{next(_numbers)}"


@pytest.fixture
def table(client: Any, name: str) -> Iterator[str]:
    """A table with the keys pk (string) and sk (number)."""
    clients.create_table(client, name, sort_type="N")
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def filled(client: Any, table: str) -> str:
    """A table of ten items under a, and one under b."""
    clients.load(client, table, [item(sk, even={"BOOL": sk % 2 == 0}) for sk in range(10)] + [item(0, "b")])
    return table


@pytest.fixture(scope="module")
def standing(client: Any) -> Iterator[str]:
    """A table as `table`, for all tests of a module that put what they look at, or nothing."""
    name = f"standing.{next(_numbers)}"
    clients.create_table(client, name, sort_type="N")
    yield name
    client.delete_table(TableName=name)
