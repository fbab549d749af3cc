"""Claims about signatures: the worked examples of AWS's documentation, and botocore's signer."""

from datetime import UTC, datetime

import attrs
import orjson
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.conversation import FixedClock, parse, running
from trinamo.gateway.http.protocol import Admission, ApiRequest, json_type
from trinamo.gateway.http.requests import HttpRequest
from trinamo.gateway.http.sigv4 import (
    Scope,
    Secret,
    Signature,
    canonical_query,
    canonical_request,
    read_signature,
    sign,
    signing_key,
    string_to_sign,
    verify,
)
from trinamo.model.errors import ApiError

EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SECRET = "a secret of ours"
SERVICE_TYPE = "com.amazon.coral.service#"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access"
    " Key and signing method. Consult the service documentation for details."
)


KEYS = {
    "AKID/OURS": Secret(SECRET),
    "123456789012": Secret("another"),  # an account's number
    "ASIASESSION": Secret(SECRET, "t/o+k=en"),
}


# The documentation.


def test_the_documented_signing_key_is_derived() -> None:
    scope = Scope.parse("AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request")
    key = signing_key(EXAMPLE_SECRET, scope)
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_the_documented_request_is_signed() -> None:
    request = parse(
        b"GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\n"
        b"Host: iam.amazonaws.com\r\n"
        b"Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        b"X-Amz-Date: 20150830T123600Z\r\n\r\n"
    )
    scope = Scope.parse("AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request")
    signature = Signature(scope, ("content-type", "host", "x-amz-date"), "", "20150830T123600Z")
    canonical = canonical_request(request, signature)
    text = string_to_sign("20150830T123600Z", scope, canonical)
    assert text.endswith(b"f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59")
    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert sign(signing_key(EXAMPLE_SECRET, scope), text) == expected


# botocore signs, we verify.


def signed(
    url: str = "http://localhost:8000/",
    body: bytes = b"{}",
    *,
    access_key: str = "AKID/OURS",
    secret: str = SECRET,
    region: str = "eu-west-1",
    service: str = "dynamodb",
    query: bool = False,
    token: str | None = None,
    date: bool = False,
) -> HttpRequest:
    """Return a request as botocore signs it. It reads the clock itself."""
    headers = {
        "Host": "localhost:8000",
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Spaced": "  a   b ",
        **({"Date": "botocore says when"} if date else {}),
    }
    request = AWSRequest("POST", url, headers=headers, data=body)
    signer = SigV4QueryAuth if query else SigV4Auth
    signer(BotoCredentials(access_key, secret, token), service, region).add_auth(request)
    target = request.url.partition("localhost:8000")[2]
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    lines.append(f"Content-Length: {len(body)}")
    return parse("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def judge(request: HttpRequest, late: float = 0.0) -> ApiError | None:
    signature = read_signature(request)
    assert isinstance(signature, Signature)
    signed_at = datetime.strptime(signature.signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    return verify(request, signature, KEYS, signed_at + late)


def refusal(request: HttpRequest, late: float = 0.0) -> tuple[str, str | None]:
    error = judge(request, late)
    assert error is not None
    return error.code, error.message


@given(st.binary(max_size=100), st.sampled_from(["eu-west-1", "local"]))
def test_what_botocore_signs_is_borne_out(body: bytes, region: str) -> None:
    assert judge(signed(body=body, region=region)) is None


@pytest.mark.parametrize("query", [False, True])
def test_queries_are_part_of_what_is_signed(query: bool) -> None:
    request = signed("http://localhost:8000/?b=2&a=1&a=%20%2F~&empty=", query=query, body=b"")
    assert judge(request) is None
    altered = attrs.evolve(request, url=request.url.replace(b"b=2", b"b=3"))
    assert refusal(altered) == ("InvalidSignatureException", MISMATCH)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"{ }"},
        {"method": b"PUT"},
        {"url": b"/x"},
    ],
)
def test_a_changed_request_is_refused(change: dict[str, bytes]) -> None:
    request = signed()
    assert judge(request) is None
    assert refusal(attrs.evolve(request, **change)) == ("InvalidSignatureException", MISMATCH)  # type: ignore[arg-type]  # three bytes fields


def test_a_changed_signed_header_is_refused() -> None:
    request = signed()
    request.headers[b"X-Amz-Target"] = b"DynamoDB_20120810.PutItem"
    assert refusal(request) == ("InvalidSignatureException", MISMATCH)


def test_a_wrong_secret_is_refused() -> None:
    assert refusal(signed(secret="guess")) == ("InvalidSignatureException", MISMATCH)


def test_an_unknown_key_is_refused() -> None:
    expected = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert refusal(signed(access_key="AKID/THEIRS")) == expected


@pytest.mark.parametrize("query", [False, True])
def test_a_session_s_key_needs_its_token(query: bool) -> None:
    expected = ("UnrecognizedClientException", "The security token included in the request is invalid.")

    def of(access_key: str, token: str | None) -> HttpRequest:
        return signed(access_key=access_key, token=token, query=query, body=b"")

    assert judge(of("ASIASESSION", "t/o+k=en")) is None
    for access_key, token in (("ASIASESSION", None), ("ASIASESSION", "other"), ("AKID/OURS", "t/o+k=en")):
        assert refusal(of(access_key, token)) == expected


def test_a_date_in_words_is_borne_out() -> None:
    request = signed(date=True)
    assert request.header(b"x-amz-date") is None
    assert judge(request) is None
    code, _ = refusal(request, 901.0)
    assert code == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        (b"Mon, 23 Nov 2026 03:57:00 GMT", "20261123T035700Z"),
        (b"Mon, 23 Nov 2026 03:57:00 -0000", "20261123T035700Z"),
        (b"Mon, 23 Nov 2026 03:57:00 +0100", "20261123T025700Z"),
        (b"20261123T035700Z", "20261123T035700Z"),
        (b"yesterday", "yesterday"),
        (b"Fri, 31 Dec 9999 23:59:59 -0100", "Fri, 31 Dec 9999 23:59:59 -0100"),
    ],
)
def test_a_date_means_the_same_in_either_form(date: bytes, moment: str) -> None:
    authorization = b"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=x"
    request = parse(b"POST / HTTP/1.1\r\nDate: %b\r\nAuthorization: %b\r\n\r\n" % (date, authorization))
    signature = read_signature(request)
    assert isinstance(signature, Signature)
    assert signature.signed_at == moment


@given(st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=40))
def test_any_date_is_read_as_something(date: str) -> None:
    authorization = b"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=x"
    head = b"POST / HTTP/1.1\r\nDate: %b\r\nAuthorization: %b\r\n\r\n"
    assert isinstance(read_signature(parse(head % (date.encode("latin-1"), authorization))), Signature)


def test_the_scope_must_be_of_the_day_of_the_signature() -> None:
    request = signed()
    signature = read_signature(request)
    assert isinstance(signature, Signature)
    stale = attrs.evolve(signature, scope=attrs.evolve(signature.scope, date="20150830"))
    now = datetime.strptime(signature.signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    error = verify(request, stale, KEYS, now)
    assert error is not None
    assert (error.code, (error.message or "")[:52]) == (
        "InvalidSignatureException",
        "Date in Credential scope does not match YYYYMMDD fro",
    )


def test_another_service_is_refused() -> None:
    expected = ("InvalidSignatureException", "Credential should be scoped to correct service: 'dynamodb'.")
    assert refusal(signed(service="s3")) == expected


def test_a_signature_is_good_for_15_minutes_either_way() -> None:
    request = signed()
    for late in (-900.0, 900.0):
        assert judge(request, late) is None
    code, text = refusal(request, 901.0)
    assert code == "InvalidSignatureException"
    assert text is not None
    assert text.startswith("Signature expired: ")
    assert text.endswith(" - 15 min.)")
    code, text = refusal(request, -901.0)
    assert text is not None
    assert text.startswith("Signature not yet current: ")
    assert text.endswith(" + 15 min.)")


def test_the_canonical_query_is_sorted_and_encoded_without_the_signature() -> None:
    query = b"b=2&a=%2f&X-Amz-Signature=x&a=&c"
    assert canonical_query(query, signed_query=True) == b"a=&a=%2F&b=2&c="
    assert b"X-Amz-Signature=x" in canonical_query(query, signed_query=False)


# Through the door.


def test_with_credentials_admission_verifies_each_request() -> None:
    request = signed(access_key="123456789012", secret="another")
    now = datetime.now(UTC).timestamp()
    admission = Admission(FixedClock(now), credentials=KEYS)
    admitted = admission.admit(request, json_type(b"application/json"))
    assert isinstance(admitted, ApiRequest)
    assert (admitted.account, admitted.region) == ("123456789012", "eu-west-1")
    forged = attrs.evolve(request, body=b'{"TableName": "other"}')
    refused = admission.admit(forged, json_type(b"application/json"))
    assert isinstance(refused, ApiError)
    assert refused.code == "InvalidSignatureException"


async def test_an_expired_signature_names_both_times() -> None:
    raw = (
        b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Type: application/json\r\n"
        b"X-Amz-Date: 20261123T033000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKID/OURS/20261123/eu-west-1/"
        b"dynamodb/aws4_request, SignedHeaders=host, Signature=x\r\nContent-Length: 2\r\n\r\n{}"
    )
    async with running(credentials=KEYS) as site:
        response = await site.connect().ask(raw)
    assert response.status == 400
    assert orjson.loads(response.body) == {
        "__type": SERVICE_TYPE + "InvalidSignatureException",
        "message": "Signature expired: 20261123T033000Z is now earlier than 20261123T034200Z"
        " (20261123T035700Z - 15 min.)",
    }
