"""`connect`: from a target to a client.

    an in-process cluster    what trinamo.testing.cluster() gives; no HTTP, no sockets
    tcp://127.0.0.1:8001     frames of CBOR: a cluster's --tcp-port
    http://127.0.0.1:8000    any DynamoDB endpoint, https:// too
    aws://eu-west-1          DynamoDB itself

What a target needs, cbor2 or httptools, is imported here and no earlier.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

import anyio

from trinamo.client.client import Client, end
from trinamo.client.environment import Environment, SystemEnvironment
from trinamo.client.inprocess import InProcess, InProcessTransport
from trinamo.client.retries import Policy
from trinamo.client.transport import Transport
from trinamo.model.signing import Credentials

if TYPE_CHECKING:
    from trinamo.client.http import CredentialSource

ANYBODY: Final = Credentials("any", "any")
"""Of a cluster on a laptop, which takes every signature unread."""
DEFAULT_REGION: Final = "us-east-1"
_TARGETS: Final = "tcp://HOST:PORT, http(s)://HOST[:PORT], aws://REGION or an in-process cluster"


@asynccontextmanager
async def connect(
    target: str | InProcess,
    *,
    credentials: Credentials | None = None,
    region: str | None = None,
    retries: Policy | None = None,
    environment: Environment | None = None,
) -> AsyncIterator[Client]:
    """Connect to `target` for as long as the block lasts; under Trio or asyncio.

    `credentials`: without them `aws://`, and `https://`, look where AWS's tools look; clusters on a laptop take anybody. `region`
    is whose tables are meant where the target does not say it. `retries` is how long and how often
    what failed is tried again. `environment` is where time, dice and connections come from. Raises `ValueError` for what
    is no target. Nothing is sent before the first operation.
    """
    chosen = environment or SystemEnvironment()
    async with _opened(target, chosen, credentials, region) as transport:
        client = Client(transport, chosen, retries or Policy())
        try:
            yield client
        finally:
            end(client)


def _opened(
    target: str | InProcess, environment: Environment, credentials: Credentials | None, region: str | None
) -> AbstractAsyncContextManager[Transport]:
    """Return the way to a target. Raises `ValueError`."""
    if not isinstance(target, str):
        if not isinstance(target, InProcess):
            raise ValueError(f"{target!r} is no target: {_TARGETS}")
        key = credentials.key if credentials is not None else ""
        return nullcontext(InProcessTransport(target, key, region or ""))
    parts = _split(target)
    if parts.scheme == "tcp":
        return _over_tcp(parts, environment, credentials, region)
    return _over_http(parts, environment, credentials, region)


@asynccontextmanager
async def _over_tcp(
    parts: SplitResult, environment: Environment, credentials: Credentials | None, region: str | None
) -> AsyncIterator[Transport]:
    from trinamo.client.frames import FrameTransport, Greeter

    if parts.hostname is None or parts.port is None:
        raise ValueError(f"{parts.geturl()!r} does not say host and port")
    who = credentials or Credentials("", "")
    greeter = Greeter(who.key, who.secret, who.token, region or "")
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield FrameTransport(environment, parts.hostname, parts.port, greeter, tasks)
        except Exception as error:  # noqa: BLE001 - raised below, out of reach of the task group, which would wrap it
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


@asynccontextmanager
async def _over_http(
    parts: SplitResult, environment: Environment, credentials: Credentials | None, region: str | None
) -> AsyncIterator[Transport]:
    from trinamo.client.credentials import Fixed, Found, of_environment
    from trinamo.client.http import HttpTransport
    from trinamo.client.web import Web

    web = Web(environment)
    source: CredentialSource
    if credentials is not None:
        source = Fixed(credentials)
    elif parts.scheme == "http":
        source = Fixed(of_environment(os.environ) or ANYBODY)
    else:
        source = Found(environment, web)
    if parts.scheme == "aws":
        region = parts.netloc
        url, streams_url = _endpoints(region)
    else:
        url = streams_url = parts.geturl()
        region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        yield HttpTransport(environment, web, url, streams_url, region or DEFAULT_REGION, source)
    finally:
        await web.aclose()


def detached(url: str, *, retries: Policy | None = None) -> Client:
    """Return a client of a cluster's HTTP that needs no block around it, since it keeps no connection.

    So it may be used in any event loop, and in one after the other; each request dials.
    """
    from trinamo.client.credentials import Fixed
    from trinamo.client.http import HttpTransport
    from trinamo.client.web import Web

    environment = SystemEnvironment()
    web = Web(environment, keep=False)
    http = HttpTransport(environment, web, url, url, DEFAULT_REGION, Fixed(ANYBODY))
    return Client(http, environment, retries or Policy())


def _split(target: str) -> SplitResult:
    """Return the parts of a target that is a text. Raises `ValueError`."""
    parts = urlsplit(target)
    wanted = parts.netloc and parts.path in ("", "/") and not parts.query and "@" not in parts.netloc
    if parts.scheme not in ("tcp", "http", "https", "aws") or not wanted:
        raise ValueError(f"{target!r} is no target: {_TARGETS}")
    return parts


def _endpoints(region: str) -> tuple[str, str]:
    """Return where AWS serves DynamoDB and its streams, or where its tools are told to look instead."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    everything = os.environ.get("AWS_ENDPOINT_URL")
    return (
        os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or everything or f"https://dynamodb.{region}.{suffix}",
        os.environ.get("AWS_ENDPOINT_URL_DYNAMODB_STREAMS")
        or everything
        or f"https://streams.dynamodb.{region}.{suffix}",
    )
