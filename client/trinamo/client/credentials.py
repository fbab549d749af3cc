"""Credentials of AWS, from the places where its tools look for them, in their order.

1. The environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`. A profile that is named in
   `AWS_PROFILE` does not go before it.
2. Keys in a profile of the shared files, `~/.aws/credentials` and `~/.aws/config`.
3. The container's: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `..._FULL_URI` (ECS, EKS Pod Identity, Lambda's snapshots).
4. The instance's (IMDSv2), unless `AWS_EC2_METADATA_DISABLED`.

What ends is fetched again `REFRESH_S` before it does. Where that fails, what is at hand serves until its end. Roles to
assume, SSO and processes that give credentials are not in this version; a profile that asks for them is refused by name.
"""

import configparser
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import orjson

from trinamo.client.environment import Environment
from trinamo.client.errors import NoCredentials
from trinamo.client.transport import Lost, Unsent
from trinamo.client.web import Origin, Web
from trinamo.model.signing import Credentials

REFRESH_S: Final = 300.0  # AWS's sources have the next credentials five minutes before the last ones end
RETRY_S: Final = 30.0  # a source that fails while the old credentials last is not asked with every request
SOURCE_S_MAX: Final = 2.0  # these endpoints are on the machine, or there are none
CONTAINER_URL: Final = "http://169.254.170.2"
INSTANCE_URL: Final = "http://169.254.169.254"
CONTAINER_HOSTS: Final = frozenset(
    {"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "127.0.0.1", "::1"}
)
"""To whom a container's token may be told without TLS: what AWS documents of `..._FULL_URI`."""
INSTANCE_TOKEN_S: Final = 21_600
_ROLES: Final = "/latest/meta-data/iam/security-credentials/"
_UNSUPPORTED: Final = (
    "role_arn",
    "sso_session",
    "sso_start_url",
    "credential_process",
    "web_identity_token_file",
)


class Fixed:
    """Credentials that do not end."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def credentials(self) -> Credentials:
        return self._credentials


class Found:
    """Credentials as AWS's tools would find them, fetched when they are wanted and before they end."""

    def __init__(self, environment: Environment, web: Web, variables: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._web = web
        self._variables = variables
        self._fetching = anyio.Lock()
        self._held: Credentials | None = None
        self._fetch_at = 0.0

    async def credentials(self) -> Credentials:
        held = self._held
        if held is not None and self._environment.wall() < self._fetch_at:
            return held
        async with self._fetching:
            if self._held is None or self._environment.wall() >= self._fetch_at:
                await self._refresh()
            assert self._held is not None
            return self._held

    async def _refresh(self) -> None:
        now = self._environment.wall()
        try:
            found = await self._fetch()
        except NoCredentials:
            if self._held is None or self._held.expires is None or self._held.expires <= now:
                raise
            self._fetch_at = min(self._held.expires, now + RETRY_S)
            return
        self._held = found
        # What is handed out within five minutes of its end is looked after again soon, and at its end for certain.
        ends = float("inf") if found.expires is None else found.expires
        self._fetch_at = ends - REFRESH_S if ends - REFRESH_S > now else min(ends, now + RETRY_S)

    async def _fetch(self) -> Credentials:
        found = of_environment(self._variables) or of_profile(self._variables)
        if found is not None:
            return found
        if _container_url(self._variables) is not None:
            return await self._of_container()
        if self._variables.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            raise NoCredentials(
                "no credentials of AWS in the environment, in a profile's keys, or of a container"
            )
        return await self._of_instance()

    async def _of_container(self) -> Credentials:
        url = _container_url(self._variables)
        assert url is not None
        headers = {}
        token = container_token(self._variables)
        if token:
            headers["authorization"] = token
        return _read("the container's endpoint", await self._get("GET", url, headers))

    async def _of_instance(self) -> Credentials:
        base = self._variables.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", INSTANCE_URL).rstrip("/")
        seconds = {"x-aws-ec2-metadata-token-ttl-seconds": str(INSTANCE_TOKEN_S)}
        token = await self._get("PUT", f"{base}/latest/api/token", seconds)
        shown = {"x-aws-ec2-metadata-token": token.decode("latin-1").strip()}
        roles = (await self._get("GET", base + _ROLES, shown)).decode("utf-8", "replace").split()
        if not roles:
            raise NoCredentials("this instance has no role")
        return _read("the instance's endpoint", await self._get("GET", base + _ROLES + roles[0], shown))

    async def _get(self, method: str, url: str, headers: Mapping[str, str]) -> bytes:
        try:
            origin = Origin.of(url)
            response = await self._web.exchange(
                origin,
                {"host": str(origin), **headers},
                method=method,
                path="/" + url.partition("://")[2].partition("/")[2],
                seconds_max=SOURCE_S_MAX,
            )
        except (Unsent, Lost, ValueError) as error:
            raise NoCredentials(
                f"no credentials of AWS: none in the environment or a profile, and {error}"
            ) from error
        if response.status != 200:
            raise NoCredentials(f"{url} gives no credentials: status {response.status}")
        return response.body


def of_environment(variables: Mapping[str, str]) -> Credentials | None:
    """Return the credentials of environment variables. Raises `NoCredentials` for half of them."""
    key = variables.get("AWS_ACCESS_KEY_ID")
    if not key:
        return None
    secret = variables.get("AWS_SECRET_ACCESS_KEY")
    if not secret:
        raise NoCredentials("there is AWS_ACCESS_KEY_ID in the environment, but no AWS_SECRET_ACCESS_KEY")
    return Credentials(key, secret, variables.get("AWS_SESSION_TOKEN") or None)


def of_profile(variables: Mapping[str, str]) -> Credentials | None:
    """Return the keys of the profile that is meant. Raises `NoCredentials` for one that was named and has none."""
    named = variables.get("AWS_PROFILE") or variables.get("AWS_DEFAULT_PROFILE")
    name = named or "default"
    settings = profile(variables)
    key, secret = settings.get("aws_access_key_id"), settings.get("aws_secret_access_key")
    if key and secret:
        return Credentials(key, secret, settings.get("aws_session_token") or None)
    if key:
        raise NoCredentials(f"profile {name} has an access key, but no secret")
    for setting in _UNSUPPORTED:
        if setting in settings:
            raise NoCredentials(
                f"profile {name} has {setting}, which is not in this version; export its keys"
            )
    if named:
        raise NoCredentials(f"profile {name} has no aws_access_key_id")
    return None


def profile(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the profile that is meant, as both files together have them."""
    name = variables.get("AWS_PROFILE") or variables.get("AWS_DEFAULT_PROFILE") or "default"
    home = Path(variables.get("HOME") or "~").expanduser() / ".aws"
    settings: dict[str, str] = {}
    for variable, file in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = variables.get(variable) or str(home / file)
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise NoCredentials(f"{path}: {error}") from None
        # The configuration says `[profile name]`, but `[default]`.
        for section in (f"profile {name}", name) if file == "config" else (name,):
            if parser.has_section(section):
                settings.update(parser.items(section))
    return settings


def container_token(variables: Mapping[str, str]) -> str | None:
    """Return what the container's endpoint wants to be shown. Raises `NoCredentials`."""
    path = variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if not path:
        return variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NoCredentials(f"{path}: {error.strerror}") from None


def _container_url(variables: Mapping[str, str]) -> str | None:
    relative = variables.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    if relative:
        return CONTAINER_URL + relative
    full = variables.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not full:
        return None
    parts = urlsplit(full)
    if parts.scheme != "https" and parts.hostname not in CONTAINER_HOSTS:
        raise NoCredentials(f"AWS_CONTAINER_CREDENTIALS_FULL_URI leads to {parts.hostname} without TLS")
    return full


def _read(where: str, body: bytes) -> Credentials:
    """Return the credentials of an endpoint's answer."""
    try:
        answer: dict[str, Any] = orjson.loads(body)
        ends = datetime.fromisoformat(answer["Expiration"]).timestamp() if answer.get("Expiration") else None
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("Token"), ends)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoCredentials(f"{where} gives no credentials: {error!r}") from None
