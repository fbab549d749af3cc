"""Whose keys a command signs with: those of the environment, or of a profile, as AWS's tools find them."""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from trinamo.model.signing import Credentials

ANYBODY: Final = Credentials("any", "any")
"""Of a cluster on a laptop, which takes every signature unread."""


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
