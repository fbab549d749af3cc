"""Claims about the file of those who may sign."""

from pathlib import Path

import pytest

from trinamo.gateway.http.sigv4 import Secret
from trinamo.node.credentials import read_credentials


def write(directory: Path, text: str) -> Path:
    path = directory / "credentials"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_profile_with_a_key_may_sign(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
# as `aws configure` writes it
[default]
aws_access_key_id = AKID
aws_secret_access_key = wJalr/K7+MD%ENG=

[session]
aws_access_key_id=ASIA
AWS_Secret_Access_Key=other
aws_session_token=to/k+en==
region = eu-west-1

[DEFAULT]
aws_access_key_id = 123456789012
aws_secret_access_key = third

[again]
aws_access_key_id = AKID
aws_secret_access_key = wJalr/K7+MD%ENG=

[role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = default
""",
    )
    assert read_credentials(path) == {
        "AKID": Secret("wJalr/K7+MD%ENG="),
        "ASIA": Secret("other", "to/k+en=="),
        "123456789012": Secret("third"),
    }


def test_no_secret_shows_in_a_log() -> None:
    assert "hidden" not in repr(Secret("hidden", "hidden"))


KEY = "aws_access_key_id = AKID\naws_secret_access_key = hidden\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no profile has aws_access_key_id and aws_secret_access_key"),
        ("[a]\nregion = eu-west-1\n", "no profile has aws_access_key_id and aws_secret_access_key"),
        (KEY, "line 1 stands before the first [profile]"),
        ("[a]\n" + KEY + "hidden\n", "line 4 is neither [profile] nor name = value"),
        ("[a]\naws_access_key_id = AKID\n", "profile a has no aws_secret_access_key"),
        ("[a]\naws_secret_access_key = hidden\n", "profile a has no aws_access_key_id"),
        ("[a]\naws_access_key_id =\naws_secret_access_key = hidden\n", "profile a has no aws_access_key_id"),
        ("[a]\n" + KEY + "[a]\n" + KEY, "line 4: profile a is there twice"),
        ("[a]\n" + KEY + KEY, "line 4: profile a has aws_access_key_id twice"),
        (
            "[a]\n" + KEY + "[b]\n" + KEY + "aws_session_token = hidden\n",
            "profile b has the access key of another, with another secret",
        ),
    ],
)
def test_a_malformed_file_is_one_line_without_secrets(tmp_path: Path, text: str, why: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ValueError) as refusal:
        read_credentials(path)
    assert str(refusal.value) == f"{path}: {why}"


def test_a_file_must_be_there_and_be_text(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    with pytest.raises(ValueError) as refusal:
        read_credentials(path)
    assert str(refusal.value) == f"{path}: No such file or directory"
    path.write_bytes(b"[a]\n\xff")
    with pytest.raises(ValueError) as refusal:
        read_credentials(path)
    assert str(refusal.value) == f"{path}: not UTF-8 text"
