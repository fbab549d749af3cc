"""Claims about signatures: AWS's own worked examples, botocore's signer, and the gateway's check of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from trinamo.model.signing import Credentials, sign, stamp

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
EXAMPLE = Credentials("AKIDEXAMPLE", SECRET)
EXAMPLE_AT = "20150830T123600Z"
EXAMPLE_HEADERS = {"Host": "example.amazonaws.com"}
CREDENTIAL = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="


@pytest.mark.parametrize(
    ("method", "headers", "body", "signed"),
    [
        (
            "GET",
            {},
            b"",
            "host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "POST",
            {},
            b"",
            "host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "POST",
            {"My-Header1": "value1"},
            b"",
            "host;my-header1;x-amz-date, Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "POST",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "post-header-key-sort", "post-x-www-form-urlencoded"],
)
def test_the_published_examples_are_signed_as_published(
    method: str, headers: dict[str, str], body: bytes, signed: str
) -> None:
    found = sign(
        {**EXAMPLE_HEADERS, **headers},
        body,
        EXAMPLE,
        "us-east-1",
        EXAMPLE_AT,
        service="service",
        method=method,
    )
    assert found["authorization"] == CREDENTIAL + signed


def by_botocore(headers: dict[str, str], body: bytes, credentials: Credentials, region: str, at: str) -> Any:
    request = AWSRequest("POST", f"https://{headers['host']}/", headers=dict(headers), data=body)
    request.context["timestamp"] = at
    signer = SigV4Auth(
        BotoCredentials(credentials.key, credentials.secret, credentials.token), "dynamodb", region
    )
    if credentials.token is not None:
        request.headers["X-Amz-Security-Token"] = credentials.token
    request.headers["X-Amz-Date"] = at
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


@given(
    body=st.binary(max_size=200),
    key=st.text("ABCDEFG234", min_size=1, max_size=20),
    secret=st.text(min_size=1, max_size=40),
    token=st.none() | st.text("abc/+=", min_size=1, max_size=40),
    region=st.sampled_from(["us-east-1", "eu-central-2", "cn-north-1"]),
    wall=st.integers(0, 4_000_000_000),
)
def test_a_signature_is_the_one_that_botocore_makes(
    body: bytes, key: str, secret: str, token: str | None, region: str, wall: int
) -> None:
    credentials = Credentials(key, secret, token)
    headers = {
        "host": f"dynamodb.{region}.amazonaws.com",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.PutItem",
    }
    at = stamp(wall)
    signed = sign(headers, body, credentials, region, at)
    expected = by_botocore(headers, body, credentials, region, at)
    assert signed["authorization"].rpartition("=")[2] == expected
    assert signed.get("x-amz-security-token") == token


def test_a_stamp_is_the_moment_in_utc() -> None:
    assert stamp(datetime(2026, 2, 3, 4, 5, 6, 999_999, UTC).timestamp()) == "20260203T040506Z"


def test_what_is_secret_does_not_show() -> None:
    assert "secret" not in repr(Credentials("key", "the secret", "secret too"))
