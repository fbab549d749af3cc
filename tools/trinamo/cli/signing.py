"""Signature version 4 of requests as the command line sends them: a POST to `/` with a body, all headers signed.

    canonical request = POST \\n / \\n \\n (name:value \\n)... \\n signed names \\n hex(sha256(body))
    string to sign    = AWS4-HMAC-SHA256 \\n date \\n scope \\n hex(sha256(canonical request))
    key               = HMAC chain: AWS4<secret> -> yyyymmdd -> region -> service -> aws4_request

The gateway has the whole of it, and checks this in tests; to load the gateway would take longer than most commands do.
"""

import configparser
import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs
import click

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@attrs.frozen
class Credentials:
    """An access key and what its holder knows."""

    access_key: str
    secret: str = attrs.field(repr=False)
    session_token: str | None = attrs.field(default=None, repr=False)


ANYBODY: Final = Credentials("any", "any")
"""Of a cluster on a laptop, which takes every signature unread."""


def sign(
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    region: str,
    signed_at: str,
    service: str = "dynamodb",
) -> dict[str, str]:
    """Return `headers`, of which `Host` is one, with those that sign them. `signed_at` is `yyyymmddThhmmssZ`."""
    signed = {**headers, "X-Amz-Date": signed_at}
    if credentials.session_token is not None:
        signed["X-Amz-Security-Token"] = credentials.session_token
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in signed.items())
    names = ";".join(name for name, _ in lines)
    canonical = "POST\n/\n\n{}\n{}\n{}".format(
        "".join(f"{name}:{value}\n" for name, value in lines), names, hashlib.sha256(body).hexdigest()
    )
    scope = (signed_at[:8], region, service, "aws4_request")
    text = "\n".join((_ALGORITHM, signed_at, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{credentials.secret}".encode()
    for part in (*scope, text):
        key = hmac.digest(key, part.encode(), "sha256")
    signed["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{'/'.join(scope)},"
        f" SignedHeaders={names}, Signature={key.hex()}"
    )
    return signed


def find_credentials(profile: str | None, environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return the credentials of the environment or of a profile in the files that AWS's tools share.

    A profile that is asked for by name goes before the environment, as with AWS's tools. Raises
    `click.ClickException` where that profile, or a part of the credentials, is missing.
    """
    if profile is None and "AWS_ACCESS_KEY_ID" in environment:
        found = {name.lower(): environment[name] for name in _NAMES if environment.get(name)}
        return _credentials("the environment", found)
    name = profile or environment.get("AWS_PROFILE") or "default"
    sections = _profiles(environment)
    if "aws_access_key_id" in sections.get(name, {}):
        return _credentials(f"profile {name}", sections[name])
    if profile is not None or environment.get("AWS_PROFILE"):
        raise click.ClickException(f"profile {name} has no aws_access_key_id")
    return None


_NAMES: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def _credentials(where: str, found: Mapping[str, str]) -> Credentials:
    if "aws_secret_access_key" not in found:
        raise click.ClickException(f"{where} has an access key, but no secret")
    return Credentials(
        found["aws_access_key_id"], found["aws_secret_access_key"], found.get("aws_session_token")
    )


def _profiles(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the settings of each profile. Those of the file of credentials go before those of the configuration."""
    home = Path(environment.get("HOME") or "~").expanduser() / ".aws"
    found: dict[str, dict[str, str]] = {}
    for name, file in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = environment.get(name) or str(home / file)
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise click.ClickException(f"{path}: {error}") from None
        for section in parser.sections():
            # The configuration says `[profile name]`, but `[default]`.
            settings = found.setdefault(section.removeprefix("profile "), {})
            settings.update(parser.items(section))
    return found
