"""Who may ask: signatures of any form, and, on a server with `--auth`, the keys that its file names."""

import gzip
import random
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from dynamodb import server
from dynamodb.clients import create_table
from dynamodb.facts import fact
from dynamodb.fuzz import break_signature
from dynamodb.raw import CORAL, Answer, ask, connect, send, target
from dynamodb.signing import Signed, Signer

MISSING = ("MissingAuthenticationTokenException", "Request is missing Authentication Token")
UNRECOGNIZED = ("UnrecognizedClientException", "The security token included in the request is invalid.")
INVALID = "InvalidSignatureException"
MISMATCH = (
    INVALID,
    (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
        " Access Key and signing method. Consult the service documentation for details."
    ),
)

CREDENTIALS = """
[default]
aws_access_key_id = AKIDLASTING
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY

[session]
aws_access_key_id = ASIASESSION
aws_secret_access_key = another/Secret+
aws_session_token = FwoGZXIvYXdzE/session+token==
"""
LASTING = Signer(key="AKIDLASTING", secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = Signer(key="ASIASESSION", secret="another/Secret+", token="FwoGZXIvYXdzE/session+token==")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that verifies signatures."""
    path: Path = tmp_path_factory.mktemp("auth") / "credentials"
    path.write_text(CREDENTIALS)
    with server.serving("--nodes", "1", "--auth", str(path)) as running:
        yield running.url


def post(url: str, signed: Signed) -> Answer:
    return send(url, signed.body, signed.headers, path=signed.path)


def refused(answer: Answer) -> tuple[str, str]:
    assert answer.status == 400
    assert list(answer.tree) == ["__type", "message"]
    assert answer.crc_holds
    prefix, code = answer.tree["__type"].split("#")
    assert prefix + "#" == CORAL
    return code, answer.tree["message"]


def client(url: str, signer: Signer) -> Any:
    return boto3.session.Session().client(
        "dynamodb",
        endpoint_url=url,
        region_name=signer.region,
        aws_access_key_id=signer.key,
        aws_secret_access_key=signer.secret,
        aws_session_token=signer.token,
        config=Config(retries={"total_max_attempts": 1}),
    )


# Form: with and without --auth.


@pytest.fixture(params=["open", "guarded"])
def either(request: pytest.FixtureRequest, url: str) -> str:
    """A server of each kind."""
    found: str = url if request.param == "open" else request.getfixturevalue("guarded")
    return found


@fact("protocol.64", "protocol.65", "protocol.66")
@pytest.mark.parametrize("authorization", [None, "", "Basic abc", "AWS AKID:signature", "aws4-hmac-sha256 x"])
def test_a_request_without_a_signature_is_refused(either: str, authorization: str | None) -> None:
    assert refused(send(either, b"{}", target("ListTables", Authorization=authorization))) == MISSING


HALF = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request"
NEEDS = "Authorization header requires '{}' parameter."
UNDATED = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."


@fact("protocol.69")
@pytest.mark.parametrize(
    ("authorization", "dated", "complaints"),
    [
        (HALF, False, [NEEDS.format("Signature"), NEEDS.format("SignedHeaders"), UNDATED]),
        (f"{HALF}, SignedHeaders=host", True, [NEEDS.format("Signature")]),
        (f"{HALF}, SignedHeaders=host, Signature=0", False, [UNDATED]),
        (
            "AWS4-HMAC-SHA256",
            True,
            [NEEDS.format("Credential"), NEEDS.format("Signature"), NEEDS.format("SignedHeaders")],
        ),
    ],
)
def test_a_header_lacks_nothing(either: str, authorization: str, dated: bool, complaints: list[str]) -> None:
    date = "20260101T000000Z" if dated else None
    answer = send(either, b"{}", target("ListTables", Authorization=authorization, X_Amz_Date=date))
    text = " ".join([*complaints, f"Authorization={authorization}"])
    assert refused(answer) == ("IncompleteSignatureException", text)


@fact("protocol.68")
@pytest.mark.parametrize(
    ("query", "lacking"),
    [
        (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            ["X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"],
        ),
        (
            "X-Amz-Algorithm=&X-Amz-Signature=0&X-Amz-Date=x&X-Amz-Credential=c",
            ["X-Amz-Algorithm", "X-Amz-SignedHeaders"],
        ),
        ("X-Amz-Algorithm=x&X-Amz-Signature=0&X-Amz-SignedHeaders=host&X-Amz-Credential=c", ["X-Amz-Date"]),
    ],
)
def test_a_query_lacks_nothing(either: str, query: str, lacking: list[str]) -> None:
    answer = send(either, b"{}", target("ListTables", Authorization=None), path=f"/?{query}")
    sentences = [f"AWS query-string parameters must include '{name}'. " for name in lacking]
    text = "".join(sentences) + "Re-examine the query-string parameters."
    assert refused(answer) == ("IncompleteSignatureException", text)


@fact("protocol.67")
def test_a_request_is_not_signed_twice(either: str) -> None:
    answer = send(either, b"{}", target("ListTables"), path="/?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert refused(answer) == (
        INVALID,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


# Whose it is.


@fact("protocol.75")
@pytest.mark.parametrize("signer", [LASTING, SESSION])
def test_what_boto3_signs_is_served(guarded: str, signer: Signer) -> None:
    signing = client(guarded, signer)
    name = f"of.{signer.key}"
    create_table(signing, name)
    key = {"pk": {"S": "ключ"}, "sk": {"S": "x"}}
    signing.put_item(TableName=name, Item={**key, "b": {"B": b"\x00"}})
    assert signing.get_item(TableName=name, Key=key)["Item"] == {**key, "b": {"B": b"\x00"}}


def test_a_large_body_is_hashed_whole(guarded: str) -> None:
    body = b'{"Unknown": "' + b"x" * 2_000_000 + b'"}'
    assert post(guarded, LASTING.sign(guarded, "ListTables", body)).status == 200
    forged = LASTING.sign(guarded, "ListTables", body)
    assert refused(send(guarded, body[:-3] + b'y"}', forged.headers)) == MISMATCH


@pytest.mark.parametrize("query", [False, True])
@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({}, "/"),
        ({"X-Custom": "  two   words "}, "/"),
        ({"X-Amz-Meta-Z": "z", "X-Amz-Meta-A": "a"}, "/"),
        ({}, "/?b=2&a=1&c="),
        ({}, "/?q=%20%2F~%C3%A9&p=a%2Bb"),
    ],
)
@fact("protocol.75")
def test_botocore_s_signature_of_any_request_is_borne_out(
    guarded: str, query: bool, headers: dict[str, str], path: str
) -> None:
    for signer in (LASTING, SESSION):
        signed = _like(signer, query=query).sign(guarded, "ListTables", b'{"Limit":1}', headers, path)
        assert post(guarded, signed).status == 200


@pytest.mark.parametrize("query", [False, True])
def test_dates_in_words_and_compressed_bodies_are_signed_as_they_are(guarded: str, query: bool) -> None:
    body = gzip.compress(b'{"Limit":1}')
    headers = {"Content-Encoding": "gzip", **({} if query else {"Date": "set by botocore"})}
    signed = _like(LASTING, query=query).sign(guarded, "ListTables", body, headers)
    assert post(guarded, signed).status == 200


def _like(signer: Signer, **change: Any) -> Signer:
    return attrs.evolve(signer, **change)


REFUSED: list[Any] = [
    pytest.param({"secret": "guess"}, MISMATCH, marks=fact("protocol.71")),
    pytest.param({"key": "AKIDUNKNOWN"}, UNRECOGNIZED, marks=fact("protocol.70")),
    pytest.param({"token": "none of its own"}, UNRECOGNIZED, marks=fact("protocol.70")),
    pytest.param(
        {"service": "s3"},
        (INVALID, "Credential should be scoped to correct service: 'dynamodb'."),
        marks=fact("protocol.73"),
    ),
    pytest.param(
        {"region": ""}, (INVALID, "Credential should be scoped to a valid region."), marks=fact("protocol.73")
    ),
    pytest.param(
        {"region": "no region"},
        (INVALID, "Credential should be scoped to a valid region."),
        marks=fact("protocol.73"),
    ),
]


@pytest.mark.parametrize("query", [False, True])
@pytest.mark.parametrize(("change", "fault"), REFUSED)
def test_what_is_signed_by_another_or_for_another_is_refused(
    guarded: str, query: bool, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    signer = _like(LASTING, query=query, **change)
    assert refused(post(guarded, signer.sign(guarded, "ListTables"))) == fault


@fact("protocol.70")
@pytest.mark.parametrize("token", [None, "", "FwoGZXIvYXdzE/session+token"])
@pytest.mark.parametrize("query", [False, True])
def test_a_session_s_key_without_its_token_is_refused(guarded: str, query: bool, token: str | None) -> None:
    signer = _like(SESSION, token=token, query=query)
    assert refused(post(guarded, signer.sign(guarded, "ListTables"))) == UNRECOGNIZED


@fact("protocol.72")
@pytest.mark.parametrize("query", [False, True])
def test_a_signature_is_good_for_a_quarter_of_an_hour(guarded: str, query: bool) -> None:
    for late in (-840, 840):
        assert post(guarded, _like(LASTING, late=late, query=query).sign(guarded, "ListTables")).status == 200
    for late, words in (
        (-960, ("Signature expired: ", " is now earlier than ", " - 15 min.)")),
        (960, ("Signature not yet current: ", " is still later than ", " + 15 min.)")),
    ):
        answer = post(guarded, _like(LASTING, late=late, query=query).sign(guarded, "ListTables"))
        code, text = refused(answer)
        assert code == INVALID
        assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Amz-Target", "DynamoDB_20120810.DescribeLimits"),
        ("Content-Type", "application/json"),
        ("X-Amz-Date", None),
    ],
)
@fact("protocol.71")
def test_a_signed_header_is_not_changed_on_the_way(guarded: str, header: str, value: str | None) -> None:
    signed = LASTING.sign(guarded, "ListTables")
    if value is None:  # a second earlier or later
        stamp = signed.headers[header]
        value = f"{stamp[:-3]}{(int(stamp[-3:-1]) + 1) % 60:02}Z"
    assert refused(send(guarded, signed.body, {**signed.headers, header: value})) == MISMATCH


@fact("protocol.71")
def test_neither_body_nor_query_nor_signature_are_changed_on_the_way(guarded: str) -> None:
    signed = LASTING.sign(guarded, "ListTables")
    assert refused(send(guarded, b"{ }", signed.headers)) == MISMATCH
    assert refused(send(guarded, signed.body, signed.headers, path="/?a=b")) == MISMATCH
    authorization = signed.headers["Authorization"]
    flipped = authorization[:-1] + ("0" if authorization[-1] != "0" else "1")
    for forged in (flipped, authorization[:-1], authorization[:-64] + "é" * 10):
        headers = {**signed.headers, "Authorization": forged}
        assert refused(send(guarded, signed.body, headers)) == MISMATCH


def test_a_signature_is_of_the_day_of_its_scope(guarded: str) -> None:
    signed = LASTING.sign(guarded, "ListTables")
    day = signed.headers["X-Amz-Date"][:8]
    stale = signed.headers["Authorization"].replace(f"/{day}/", "/20150830/")
    code, _ = refused(send(guarded, signed.body, {**signed.headers, "Authorization": stale}))
    assert code == INVALID


_PARTS = re.compile("(Credential|SignedHeaders|Signature)=([^, ]+)")


def test_any_other_signature_is_refused_in_the_service_s_words(guarded: str) -> None:
    """Blanks and empty parts are overlooked; all else that is changed is refused."""
    with closing(connect(guarded)) as connection:
        for number in range(500):
            signed = LASTING.sign(guarded, "ListTables")
            headers = dict(signed.headers)
            path = break_signature(random.Random(number), headers)
            given, right = (each.get("Authorization", "") for each in (headers, signed.headers))
            answer = ask(connection, signed.body, headers, path=path)
            if answer.status == 200:
                assert (path, _PARTS.findall(given)) == ("/", _PARTS.findall(right)), (number, given)
            else:
                refused(answer)


def test_an_error_of_the_signature_comes_before_those_of_the_body(guarded: str) -> None:
    wrong = _like(LASTING, secret="guess")
    for body in (b"", b"[]", b'{"TableName":1}'):
        assert refused(post(guarded, wrong.sign(guarded, "GetItem", body))) == MISMATCH


def test_boto3_is_told_why(guarded: str) -> None:
    with pytest.raises(ClientError) as caught:
        client(guarded, _like(LASTING, secret="guess")).list_tables()
    assert caught.value.response["Error"]["Code"] == INVALID


def test_health_and_control_need_no_signature(guarded: str) -> None:
    assert send(guarded, b"", {}, method="GET").status == 200
    assert send(guarded, b"", {}, method="GET", path="/_trinamo/health").status == 200


def test_an_advanced_clock_does_not_outdate_signatures(guarded: str) -> None:
    advance = {"Content-Type": "application/json"}
    assert send(guarded, b'{"advance":"3d"}', advance, path="/_trinamo/clock").status == 200
    assert post(guarded, LASTING.sign(guarded, "ListTables")).status == 200


# Without --auth.


def test_an_open_server_takes_every_signature_unread(url: str) -> None:
    for signer in (_like(LASTING, late=-86_400), _like(LASTING, service="s3"), _like(SESSION, token="any")):
        for query in (False, True):
            assert post(url, _like(signer, query=query).sign(url, "ListTables")).status == 200
