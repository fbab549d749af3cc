"""One cluster in memory for the clients, who find it the way their users tell them: through the environment.

It verifies what they sign.
"""

import itertools
import os
from collections.abc import Iterator

import pytest

from clients.trouble import Trouble
from dynamodb.server import Server, serving

_numbers = itertools.count(1)


SECRET = "wJalrXUtnFEMI/K7MDENG+clients"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    credentials = tmp_path_factory.mktemp("clients") / "credentials"
    credentials.write_text(f"[default]\naws_access_key_id = any\naws_secret_access_key = {SECRET}\n")
    with serving("--auth", str(credentials)) as running:
        yield running
        code = running.stop()
        assert code == 0, f"exit code {code}\n{running.complaints()}"


@pytest.fixture
def url(cluster: Server) -> str:
    return cluster.url


@pytest.fixture(autouse=True)
def _environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place, a region and some credentials, and nothing of what the machine has set up for AWS."""
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def name() -> str:
    """The name of a table that nobody else uses."""
    return f"sailings.{next(_numbers)}"


@pytest.fixture
def trouble(cluster: Server, name: str) -> Iterator[Trouble]:
    """Trouble with the table of that name, until the test ends."""
    yield Trouble(cluster, name)
    cluster.remove("faults")
