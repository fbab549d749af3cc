"""Claims about whose keys a command signs with."""

from pathlib import Path

import click
import pytest

from cli.calls import refused, told
from dynamodb.server import serving
from trinamo.cli.credentials import find_credentials
from trinamo.model.signing import Credentials

CREDENTIALS = """
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = one
[work]
aws_access_key_id = WORK
aws_secret_access_key = two%three
aws_session_token = token
[empty]
[half]
aws_access_key_id = HALF
"""
CONFIG = """
[default]
region = eu-west-1
[profile other]
aws_access_key_id = OTHER
aws_secret_access_key = four
[profile work]
aws_access_key_id = not this
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(CREDENTIALS)
    (tmp_path / ".aws/config").write_text(CONFIG)
    return {"HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("profile", "more", "expected"),
    [
        (None, {}, Credentials("DEFAULT", "one")),
        ("work", {}, Credentials("WORK", "two%three", "token")),
        (None, {"AWS_PROFILE": "other"}, Credentials("OTHER", "four")),
        (None, {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s"}, Credentials("E", "s")),
        (
            "work",
            {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s"},
            Credentials("WORK", "two%three", "token"),
        ),
        (
            None,
            {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"},
            Credentials("E", "s", "t"),
        ),
        (None, {"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}, None),
    ],
)
def test_credentials_are_found_where_aws_tools_find_them(
    home: dict[str, str], profile: str | None, more: dict[str, str], expected: Credentials | None
) -> None:
    assert find_credentials(profile, {**home, **more}) == expected


@pytest.mark.parametrize(
    ("profile", "more", "why"),
    [
        ("empty", {}, "profile empty has no aws_access_key_id"),
        ("nobody", {}, "profile nobody has no aws_access_key_id"),
        (None, {"AWS_PROFILE": "nobody"}, "profile nobody has no aws_access_key_id"),
        ("half", {}, "profile half has an access key, but no secret"),
        (None, {"AWS_ACCESS_KEY_ID": "E"}, "the environment has an access key, but no secret"),
    ],
)
def test_credentials_that_are_not_whole_are_refused(
    home: dict[str, str], profile: str | None, more: dict[str, str], why: str
) -> None:
    with pytest.raises(click.ClickException) as refusal:
        find_credentials(profile, {**home, **more})
    assert refusal.value.message == why


def test_a_cluster_that_checks_signatures_takes_ours(
    tmp_path: Path, home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    users.write_text(CREDENTIALS.replace("[empty]\n[half]\naws_access_key_id = HALF\n", ""))
    monkeypatch.setenv("HOME", home["HOME"])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with serving("--auth", str(users)) as server:
        at = ("--endpoint", server.url)
        told("table", "create", "orders", "id", *at)
        assert told("table", "list", *at) == ['"orders"']
        assert told("table", "list", *at, "--profile", "work") == ['"orders"']
        assert "UnrecognizedClientException" in refused("table", "list", *at, "--profile", "other", status=1)
