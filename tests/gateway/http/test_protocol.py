"""Claims about DynamoDB's protocol, in the order in which a request is checked."""

import gzip

import pytest

from gateway.http.conversation import AUTHORIZATION, Response, post, running
from trinamo.gateway.http.protocol import STREAMS, TARGETS
from trinamo.gateway.http.requests import BODY_SIZE_MAX
from trinamo.gateway.http.sigv4 import Secret
from trinamo.model.errors import ApiError

SERVICE = "com.amazon.coral.service#"
SERIALIZATION = {"__type": SERVICE + "SerializationException"}
UNKNOWN = {"__type": SERVICE + "UnknownOperationException"}
MISSING_TOKEN = {
    "__type": SERVICE + "MissingAuthenticationTokenException",
    "message": "Request is missing Authentication Token",
}
NOT_FOUND = b"<UnknownOperationException/>\n"


async def ask(raw: bytes) -> Response:
    async with running() as site:
        return await site.connect().ask(raw)


def get(url: str, *lines: str, method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {url} HTTP/1.1", "Host: h", *lines)).encode() + b"\r\n\r\n"


# Answers.


async def test_an_operation_gets_what_the_request_says() -> None:
    response = await ask(post(body=b'{"TableName": "T", "Key": {"id": {"S": "\xc3\xa9"}}}'))
    assert response.status == 200
    assert response.json == {
        "operation": "GetItem",
        "service": "DynamoDB_20120810",
        "parameters": {"TableName": "T", "Key": {"id": {"S": "é"}}},
        "account": "000000000000",
        "region": "eu-west-1",
    }


async def test_every_answer_bears_the_headers_of_the_service() -> None:
    for raw in (post(), post(body=b"["), get("/"), get("/nowhere"), get("/", method="DELETE")):
        headers = (await ask(raw)).headers  # the client has checked the CRC
        assert len(headers["x-amzn-requestid"]) == 52
        assert headers["server"] == "Server"
        assert headers["connection"] == "keep-alive"
        assert headers["date"].startswith("Mon, 23 Nov 2026 03:5")
        assert headers["date"].endswith(" GMT")
        assert "content-encoding" not in headers
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("application/x-amz-json-1.0", "application/x-amz-json-1.0"),
        ("application/json", "application/json"),
        ("Application/X-AMZ-json-1.0 ; charset=utf-8", "application/x-amz-json-1.0"),
        ("application/json; charset=UTF-8", "application/json"),
    ],
)
async def test_the_content_type_is_echoed_without_parameters(sent: str, echoed: str) -> None:
    good, bad = await ask(post(content_type=sent)), await ask(post(content_type=sent, body=b"["))
    assert (good.status, good.headers["content-type"]) == (200, echoed)
    assert (bad.status, bad.headers["content-type"]) == (400, echoed)


async def test_an_error_of_an_operation_is_rendered_whether_returned_or_raised() -> None:
    refusal = ApiError("ResourceNotFoundException", "Requested resource not found")

    async def returned(_: object) -> ApiError:
        return refusal

    async def raised(_: object) -> bytes:
        raise refusal

    for handle in (returned, raised):
        async with running(handle) as site:
            response = await site.connect().ask(post())
        assert response.status == 400
        assert response.json == {
            "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
            "message": "Requested resource not found",
        }


async def test_the_status_is_the_error_s() -> None:
    async def handle(_: object) -> ApiError:
        return ApiError("ServiceUnavailable", "later", status=503)

    async with running(handle) as site:
        assert (await site.connect().ask(post())).status == 503


# 1. Path and method.


async def test_get_says_healthy() -> None:
    async with running(region="ap-south-1") as site:
        response = await site.connect().ask(get("/"))
    assert (response.status, response.body) == (200, b"healthy: dynamodb.ap-south-1.amazonaws.com ")
    assert response.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_find_nothing(method: str) -> None:
    response = await ask(get("/", method=method))
    assert (response.status, response.body) == (404, NOT_FOUND)


async def test_other_paths_find_nothing() -> None:
    for raw in (
        get("/x"),
        post(url="/x"),
        post(url="//"),
        get("*", method="OPTIONS"),
        post(url="/_trinamo/reset"),
    ):
        response = await ask(raw)
        assert (response.status, response.body) == (404, NOT_FOUND)


async def test_a_head_gets_no_body() -> None:
    async with running() as site:
        client = site.connect()
        await client.send(get("/", method="HEAD"))
        response = await client.read(to_head=True)
        assert response.status == 404
        assert response.headers["content-length"] == str(len(NOT_FOUND))
        assert (await client.ask(post())).status == 200


async def test_a_query_string_does_not_change_the_path() -> None:
    assert (await ask(post(url="/?a=b"))).status == 200


# Cross-origin.

ORIGIN = "Origin: https://example.com"


async def test_a_preflight_is_granted_what_it_asks() -> None:
    response = await ask(
        get(
            "/",
            ORIGIN,
            "Access-Control-Request-Headers: x-amz-target,authorization",
            "Access-Control-Request-Method: POST",
            method="OPTIONS",
        )
    )
    assert (response.status, response.body, response.headers["content-length"]) == (200, b"", "0")
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-max-age"] == "172800"
    assert response.headers["access-control-allow-headers"] == "x-amz-target,authorization"
    assert response.headers["access-control-allow-methods"] == "POST"


async def test_a_preflight_is_told_of_nothing_that_it_did_not_ask() -> None:
    response = await ask(get("/", ORIGIN, method="OPTIONS"))
    assert response.status == 200
    assert "access-control-allow-headers" not in response.headers
    assert "access-control-allow-methods" not in response.headers


async def test_every_answer_to_an_origin_may_be_read_by_it() -> None:
    for raw in (
        post(headers=(ORIGIN,)),
        post(headers=(ORIGIN,), body=b"["),
        get("/", ORIGIN),
        get("/x", ORIGIN),
    ):
        response = await ask(raw)
        assert response.headers["access-control-allow-origin"] == "*"
        exposed = "x-amzn-requestid,x-amzn-errortype,x-amzn-errormessage,date"
        assert response.headers["access-control-expose-headers"] == exposed


# Compression.

GZIP = "Content-Encoding: gzip"


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip "])
async def test_a_body_in_gzip_is_inflated(coding: str) -> None:
    packed = gzip.compress(b'{"a": "b"}')
    response = await ask(post(body=packed, headers=(f"Content-Encoding:{coding}",)))
    assert response.json["parameters"] == {"a": "b"}


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"{}", "gzip"),
        (gzip.compress(b"{}")[:-1], "gzip"),
        (gzip.compress(b"{}") * 2, "gzip"),
        (gzip.compress(b"{}") + b"x", "gzip"),
        (gzip.compress(b"{"), "gzip"),
        (gzip.compress(b""), "gzip"),
        (gzip.compress(b"{}"), "identity"),
        (gzip.compress(b"{}"), "br"),
    ],
)
async def test_a_body_that_is_not_what_it_says_is_no_json(body: bytes, coding: str) -> None:
    response = await ask(post("No.Such", body, headers=(f"Content-Encoding: {coding}",)))
    assert (response.status, response.json) == (400, SERIALIZATION)


async def test_a_coding_of_a_plain_body_is_passed_over() -> None:
    assert (await ask(post(headers=("Content-Encoding: identity",)))).status == 200


async def test_a_body_is_at_most_16_mb_once_inflated() -> None:
    def packed(size: int) -> bytes:
        return post(body=gzip.compress(b'{"a": "' + b"x" * (size - 9) + b'"}'), headers=(GZIP,))

    async with running(lambda request: _length(request.parameters["a"])) as site:
        client = site.connect()
        assert (await client.ask(packed(BODY_SIZE_MAX))).body == str(BODY_SIZE_MAX - 9).encode()
        refused = await client.ask(packed(BODY_SIZE_MAX + 1))
        assert (refused.status, refused.body, refused.headers["connection"]) == (413, b"", "keep-alive")
        bomb = await client.ask(packed(64 * BODY_SIZE_MAX))
        assert bomb.status == 413


async def _length(text: str) -> bytes:
    return str(len(text)).encode()


LONG = b'{"long": "' + bytes(range(97, 123)) * 10_000 + b'"}'


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.8, *;q=0.1", True),
        ("x-gzip", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, deflate", False),
        ("gzip;q=none", False),
        ("deflate, br", False),
        ("*", False),
        ("", False),
        ("gzip" + "," * 256, False),
        (None, False),
    ],
)
async def test_an_answer_is_compressed_for_those_who_accept_gzip(accepted: str | None, packed: bool) -> None:
    async def handle(_: object) -> bytes:
        return LONG

    headers = () if accepted is None else (f"Accept-Encoding: {accepted}",)
    async with running(handle) as site:
        response = await site.connect().ask(post(headers=headers))  # the client has checked the CRC
    assert response.headers.get("content-encoding") == ("gzip" if packed else None)
    assert (gzip.decompress(response.body) if packed else response.body) == LONG


async def test_an_answer_too_small_to_gain_by_it_is_sent_plain() -> None:
    response = await ask(post(headers=("Accept-Encoding: gzip",)))
    assert "content-encoding" not in response.headers
    assert response.status == 200


async def test_a_large_error_is_compressed_as_well() -> None:
    async def handle(_: object) -> ApiError:
        return ApiError("ValidationException", "x" * 10_000)

    async with running(handle) as site:
        response = await site.connect().ask(post(headers=("Accept-Encoding: gzip",)))
    assert response.status == 400
    assert b'"message":"xxx' in gzip.decompress(response.body)


# 2 to 6. The chain. Each request is wrong in all that comes after, too.


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-amz-json-1.1", "application/jsonp", "", None]
)
async def test_the_content_type_is_checked_first(content_type: str | None) -> None:
    response = await ask(post("No.Such", b"[", content_type=content_type, authorization=None))
    assert (response.status, response.body) == (404, NOT_FOUND)


@pytest.mark.parametrize("body", [b"[", b"{'a': 1}", b"\xff", b'{"a": NaN}', b"{} x", b" "])
async def test_then_the_body_must_be_json(body: bytes) -> None:
    response = await ask(post("No.Such", body, authorization=None))
    assert (response.status, response.json) == (400, SERIALIZATION)


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "GetItem",
        "DynamoDB_20120810.",
        "DynamoDB_20111205.GetItem",
        "DynamoDB_20120810.getitem",
        "DynamoDB_20120810.GetRecords",
        "DynamoDBStreams_20120810.GetItem",
        "Kinesis_20131202.GetRecords",
        "DynamoDB_20120810.DropEverything",
    ],
)
async def test_then_the_target_must_be_an_operation(target: str | None) -> None:
    for body in (b"{}", b""):
        response = await ask(post(target, body, authorization=None))
        assert (response.status, response.json) == (400, UNKNOWN)


async def test_then_the_request_must_be_signed() -> None:
    for body in (b"{}", b"", b"[]"):
        response = await ask(post(body=body, authorization=None))
        assert (response.status, response.json) == (400, MISSING_TOKEN)


async def test_then_there_must_be_a_body() -> None:
    for content_type in ("application/x-amz-json-1.0", "text/plain", None):
        response = await ask(post(body=b"", content_type=content_type))
        assert (response.status, response.json) == (400, SERIALIZATION)
        assert response.headers["content-type"] == "application/x-amz-json-1.0"


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null"])
async def test_then_the_body_must_be_an_object(body: bytes) -> None:
    response = await ask(post(body=body))
    assert (response.status, response.json) == (400, SERIALIZATION)


async def test_operations_of_streams_have_their_own_targets() -> None:
    response = await ask(post("DynamoDBStreams_20120810.ListStreams"))
    assert (response.json["service"], response.json["operation"]) == (STREAMS, "ListStreams")


def test_all_operations_of_the_api_models_are_known() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    for service in ("dynamodb", "dynamodbstreams"):
        model = session.get_service_model(service)
        prefix = model.metadata["targetPrefix"]
        missing = [name for name in model.operation_names if f"{prefix}.{name}".encode() not in TARGETS]
        assert missing == []


# 5. Authentication, by form.


def error(code: str, message: str) -> dict[str, str]:
    return {"__type": SERVICE + code, "message": message}


@pytest.mark.parametrize(
    "authorization", ["", "Bearer x", "AWS AKID:signature", "aws4-hmac-sha256 Credential=x"]
)
async def test_other_schemes_are_no_token(authorization: str) -> None:
    assert (await ask(post(authorization=authorization))).json == MISSING_TOKEN


@pytest.mark.parametrize(
    ("authorization", "date", "lacking"),
    [
        ("AWS4-HMAC-SHA256", True, ("Credential", "Signature", "SignedHeaders")),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Signature=x", True, ("SignedHeaders",)),
        ("AWS4-HMAC-SHA256 Signature=,SignedHeaders=a", True, ("Credential", "Signature")),
        ("AWS4-HMAC-SHA256 Nonsense", False, ("Credential", "Signature", "SignedHeaders")),
        (AUTHORIZATION, False, ()),
    ],
)
async def test_a_header_must_be_whole(authorization: str, date: bool, lacking: tuple[str, ...]) -> None:
    texts = [f"Authorization header requires '{name}' parameter." for name in lacking]
    if not date:
        texts.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    texts.append(f"Authorization={authorization}")
    response = await ask(post(authorization=authorization, date=date))
    assert response.json == error("IncompleteSignatureException", " ".join(texts))


async def test_the_date_may_stand_in_either_header() -> None:
    raw = post(date=False, headers=("Date: Mon, 23 Nov 2026 03:57:00 GMT",))
    assert (await ask(raw)).status == 200


async def test_a_remembered_signer_must_still_date_its_requests() -> None:
    async with running() as site:
        client = site.connect()
        assert (await client.ask(post())).status == 200
        assert (await client.ask(post(date=False))).status == 400


async def test_a_query_of_any_bytes_is_read() -> None:
    parts = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%E2%82%AC&X-Amz-Signature=%80&X-Amz-SignedHeaders=%E2%82%AC&"
    raw = post(url=f"/?{parts}X-Amz-Credential=%E2%82%AC%FF", authorization=None)
    async with running(credentials={"â\x82¬ÿ": Secret("s")}) as site:
        response = await site.connect().ask(raw)
    assert response.json == error(
        "InvalidSignatureException", "Credential should be scoped to a valid region."
    )


async def test_header_and_query_must_not_both_sign() -> None:
    response = await ask(post(url="/?X-Amz-Algorithm=AWS4-HMAC-SHA256"))
    assert response.json == error(
        "InvalidSignatureException",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


async def test_a_query_must_be_whole() -> None:
    response = await ask(post(url="/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x", authorization=None))
    assert response.json == error(
        "IncompleteSignatureException",
        "AWS query-string parameters must include 'X-Amz-Credential'. "
        "AWS query-string parameters must include 'X-Amz-Signature'. "
        "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
        "Re-examine the query-string parameters.",
    )


async def test_a_query_may_sign() -> None:
    url = (
        "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=123456789012%2F20261123%2Fus-west-2%2Fdynamodb"
        "%2Faws4_request&X-Amz-Signature=x&X-Amz-SignedHeaders=host&X-Amz-Date=20261123T035700Z"
    )
    response = await ask(post(url=url, authorization=None))
    assert (response.json["account"], response.json["region"]) == ("123456789012", "us-west-2")


# Identity.


@pytest.mark.parametrize(
    ("credential", "account", "region"),
    [
        ("AKIDEXAMPLE/20261123/eu-west-1/dynamodb/aws4_request", "000000000000", "eu-west-1"),
        ("123456789012/20261123/local/dynamodb/aws4_request", "123456789012", "local"),
        ("12345678901/20261123/eu-west-1/dynamodb/aws4_request", "000000000000", "eu-west-1"),
        ("a/b/20261123/eu-west-1/dynamodb/aws4_request", "000000000000", "eu-west-1"),
        ("123456789012/20261123//dynamodb/aws4_request", "123456789012", "sa-east-1"),
        ("123456789012", "123456789012", "sa-east-1"),
    ],
)
async def test_the_credential_says_whose_tables_are_meant(credential: str, account: str, region: str) -> None:
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={'0' * 64}"
    async with running(region="sa-east-1") as site:
        client = site.connect()
        for _ in range(2):  # the second is answered from memory
            response = await client.ask(post(authorization=authorization))
            assert (response.json["account"], response.json["region"]) == (account, region)


async def test_signers_are_not_confused() -> None:
    async with running() as site:
        client = site.connect()
        for region in ("eu-west-1", "eu-west-2", "eu-west-1"):
            authorization = AUTHORIZATION.replace("eu-west-1", region)
            assert (await client.ask(post(authorization=authorization))).json["region"] == region


async def test_a_region_must_be_a_word() -> None:
    for region in ("a b", "x" * 65, "é"):
        authorization = AUTHORIZATION.replace("eu-west-1", region)
        response = await ask(post(authorization=authorization))
        expected = error("InvalidSignatureException", "Credential should be scoped to a valid region.")
        assert response.json == expected
