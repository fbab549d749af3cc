"""The file of `--auth`: who may sign requests, in the form that AWS's own tools share.

    [default]
    aws_access_key_id = AKIAIOSFODNN7EXAMPLE
    aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
    aws_session_token = …          only where the key is a session's

Every profile with a key may sign; its name means nothing, and neither do its other settings. A profile with half a key
is a mistake, and so is a file without any. No complaint shows what a line holds: it may be a secret.
"""

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from trinamo.gateway.http.sigv4 import Credentials, Secret

_ID: Final = "aws_access_key_id"
_KEY: Final = "aws_secret_access_key"
_TOKEN: Final = "aws_session_token"
_NO_DEFAULTS: Final = "\0"  # a name that no section can have: [DEFAULT] is a profile like any other


def read_credentials(path: Path) -> Credentials:
    """Return the credentials of a file. Raises `ValueError` with one line, which names the file."""
    found: dict[str, Secret] = {}
    for profile, settings in _profiles(path):
        given = [settings.get(name, "") for name in (_ID, _KEY)]
        if not any(given):
            continue
        if not all(given):
            lacking = _KEY if given[0] else _ID
            raise ValueError(f"{path}: profile {profile} has no {lacking}")
        secret = Secret(given[1], settings.get(_TOKEN) or None)
        if found.setdefault(given[0], secret) != secret:
            raise ValueError(f"{path}: profile {profile} has the access key of another, with another secret")
    if not found:
        raise ValueError(f"{path}: no profile has {_ID} and {_KEY}")
    return found


def _profiles(path: Path) -> list[tuple[str, Mapping[str, str]]]:
    parser = configparser.RawConfigParser(default_section=_NO_DEFAULTS)
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text") from error
    except configparser.Error as error:
        raise ValueError(f"{path}: {_complaint(error)}") from None
    return [(name, parser[name]) for name in parser.sections()]


def _complaint(error: configparser.Error) -> str:
    match error:
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} stands before the first [profile]"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is neither [profile] nor name = value"
        case configparser.DuplicateSectionError():
            return f"line {error.lineno}: profile {error.section} is there twice"
        case configparser.DuplicateOptionError():
            return f"line {error.lineno}: profile {error.section} has {error.option} twice"
    return "not a file of profiles"
