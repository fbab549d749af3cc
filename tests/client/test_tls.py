"""Claims about https: the server's certificate is looked at, as the machine's roots and `SSL_CERT_FILE` say."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from client.aws import Aws, serving_aws
from trinamo.client import Credentials, Unreachable, connect
from trinamo.client.retries import Policy

KEYS = Credentials("AKIA", "the secret")
ONCE = Policy(tries_max=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def aws(authority: trustme.CA) -> Iterator[Aws]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serving_aws(context) as serving:
        serving.secrets[KEYS.key] = (KEYS.secret, None)
        yield serving


def ask(url: str, backend: str) -> Any:
    async def main() -> Any:
        with anyio.fail_after(20):
            async with connect(url, credentials=KEYS, region="eu-west-1", retries=ONCE) as db:
                return [await db.list_tables(Limit=1) for _ in range(3)]

    return anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_server_that_is_known_is_asked(
    aws: Aws, authority: trustme.CA, backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    roots = tmp_path / "roots.pem"
    authority.cert_pem.write_to_path(str(roots))
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    assert ask(aws.url, backend) == [{"echo": {"Limit": 1}}] * 3


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_server_that_nobody_vouches_for_is_not_asked(aws: Aws, backend: str) -> None:
    with pytest.raises(Unreachable, match="certificate"):
        ask(aws.url, backend)
    assert aws.asked == []


def test_a_server_of_another_name_is_not_asked(
    aws: Aws, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    roots = tmp_path / "roots.pem"
    authority.cert_pem.write_to_path(str(roots))
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    with pytest.raises(Unreachable, match="certificate"):
        ask(aws.url.replace("localhost", "127.0.0.1"), "trio")
    assert aws.asked == []
