"""The bytes of AWS JSON 1.0: what every answer carries, what is no operation, the order of checks, bodies of errors."""

import gzip
import re
import socket
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dynamodb import server
from dynamodb.audit import error_faults
from dynamodb.calls import E, P, item
from dynamodb.clients import connect, create_table
from dynamodb.facts import fact
from dynamodb.raw import (
    CORAL,
    HEADERS,
    MODELLED,
    VALIDATE,
    Answer,
    ask,
    dial,
    read_to_end,
    send,
    target,
)
from dynamodb.raw import connect as connect_raw

NOT_FOUND = b"<UnknownOperationException/>\n"
SERIALIZATION = {"__type": f"{CORAL}SerializationException"}
UNKNOWN = {"__type": f"{CORAL}UnknownOperationException"}
MISSING_TOKEN = {
    "__type": f"{CORAL}MissingAuthenticationTokenException",
    "message": "Request is missing Authentication Token",
}
BODY_SIZE_MAX = 16 * 1024 * 1024


def said(answer: Answer) -> tuple[int, Any]:
    return answer.status, answer.tree


# Every answer.

EVERY_KIND: list[tuple[str, bytes, dict[str, str], str, int]] = [
    ("POST", b"{}", target("ListTables"), "/", 200),
    ("POST", b"{}", target("GetItem"), "/", 400),
    ("POST", b'{"TableName":"none","Key":{"a":{"S":"a"}}}', target("GetItem"), "/", 400),
    ("POST", b"{", target("GetItem"), "/", 400),
    ("POST", b"", target("GetItem"), "/", 400),
    ("POST", b'{"TableName":"none","Limit":"1"}', target("Scan"), "/", 400),
    ("POST", b"{}", target("NoSuchThing"), "/", 400),
    ("POST", b"{}", {}, "/", 404),
    ("GET", b"", {}, "/", 200),
    ("GET", b"", {}, "/favicon.ico", 404),
    ("DELETE", b"", {}, "/", 404),
    ("OPTIONS", b"", {"Origin": "http://localhost"}, "/", 200),
]


@fact("protocol.15", "protocol.16", "protocol.17")
@pytest.mark.parametrize(("method", "body", "headers", "path", "status"), EVERY_KIND)
def test_every_answer_bears_the_headers_of_the_service(
    url: str, client: Any, method: str, body: bytes, headers: dict[str, str], path: str, status: int
) -> None:
    answer = send(url, body, headers, method, path)
    assert answer.status == status
    assert re.fullmatch("[0-9A-Z]{52}", answer.headers["x-amzn-RequestId"])
    assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Server"] == "Server"
    assert answer.headers["Connection"] == "keep-alive"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["Date"])
    if status == 400:
        assert error_faults(client.meta.service_model, answer.tree) == []


@fact("protocol.15")
def test_request_ids_differ(url: str) -> None:
    ids = [send(url, b"{}", target("ListTables")).headers["x-amzn-RequestId"] for _ in range(3)]
    assert len(set(ids)) == 3


@fact("protocol.4", "protocol.5")
@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("application/x-amz-json-1.0", "application/x-amz-json-1.0"),
        ("application/json", "application/json"),
        ("Application/X-AMZ-JSON-1.0; charset=utf-8", "application/x-amz-json-1.0"),
        ("APPLICATION/JSON ;charset=UTF-8", "application/json"),
    ],
)
def test_an_answer_is_of_the_type_of_its_request(url: str, sent: str, echoed: str) -> None:
    for body, status in ((b"{}", 200), (b"{", 400)):
        answer = send(url, body, target("ListTables", Content_Type=sent))
        assert (answer.status, answer.headers["Content-Type"]) == (status, echoed)


@fact("protocol.18")
def test_nothing_to_say_is_an_empty_object(url: str, client: Any, table: str) -> None:
    body = b'{"TableName":"%b","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}' % table.encode()
    answer = send(url, body, target("PutItem"))
    assert (answer.status, answer.body) == (200, b"{}")


@fact("protocol.1")
@pytest.mark.parametrize(
    "host", ["dynamodb.eu-west-1.amazonaws.com", "123456789012.ddb.us-east-1.amazonaws.com", "x:1"]
)
def test_the_host_means_nothing(url: str, host: str) -> None:
    assert send(url, b"{}", target("ListTables", Host=host)).status == 200


@fact("protocol.2", "protocol.3")
@pytest.mark.parametrize(
    ("named", "known"),
    [
        ("DynamoDB_20120810.ListTables", True),
        ("DynamoDBStreams_20120810.ListStreams", True),
        ("DynamoDBStreams_20120810.ListTables", False),
        ("DynamoDB_20120810.ListStreams", False),
    ],
)
def test_a_target_is_of_its_service(url: str, named: str, known: bool) -> None:
    answer = send(url, b"{}", {**HEADERS, "X-Amz-Target": named})
    assert (answer.tree != UNKNOWN) is known


@fact("protocol.7")
def test_moments_are_epoch_seconds_with_a_fraction(url: str, table: str) -> None:
    answer = send(url, b'{"TableName":"%b"}' % table.encode(), target("DescribeTable"))
    assert re.search(rb'"CreationDateTime":\d{10}\.\d{1,3}[,}]', answer.body)


@fact("protocol.8")
def test_blobs_are_base64_both_ways(url: str, table: str) -> None:
    key = b'"pk":{"S":"blob"},"sk":{"N":"1"}'
    value = b'"b":{"B":"+/8="}'  # whose two special characters the URL's alphabet lacks
    name = table.encode()
    put = send(url, b'{"TableName":"%b","Item":{%b,%b}}' % (name, key, value), target("PutItem"))
    assert put.status == 200
    got = send(url, b'{"TableName":"%b","Key":{%b}}' % (name, key), target("GetItem"))
    assert got.tree["Item"]["b"] == {"B": "+/8="}


# Connections.


@fact("protocol.9")
def test_a_connection_outlives_answers_of_any_status(url: str) -> None:
    connection = connect_raw(url)
    connection.connect()
    connected = connection.sock
    for method, body, headers, path, status in EVERY_KIND * 2:
        assert ask(connection, body, headers, method, path).status == status
        assert connection.sock is connected
    connection.close()


def head(size: int, *lines: str) -> bytes:
    named = [f"{name}: {value}" for name, value in target("ListTables").items()]
    return "\r\n".join(["POST / HTTP/1.1", *named, *lines, f"Content-Length: {size}"]).encode() + b"\r\n\r\n"


@fact("protocol.10")
def test_who_expects_to_be_told_to_go_on_is_told(url: str) -> None:
    with dial(url) as connection:
        connection.sendall(head(2, "Expect: 100-continue", "Connection: close"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert read_to_end(connection).startswith(b"HTTP/1.1 200 OK\r\n")


@fact("protocol.11")
def test_a_body_may_come_in_chunks(url: str) -> None:
    connection = connect_raw(url)
    connection.request(
        "POST", "/", iter([b'{"Lim', b'it":', b"1}"]), target("ListTables"), encode_chunked=True
    )
    response = connection.getresponse()
    assert (response.status, b"TableNames" in response.read()) == (200, True)
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
        b"hello\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ],
)
def test_what_is_not_http_is_refused_and_closed(url: str, sent: bytes) -> None:
    with dial(url) as connection:
        connection.sendall(sent)
        assert read_to_end(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_client_that_leaves_in_the_middle_leaves_no_connection_behind(
    url: str, cluster: server.Server
) -> None:
    for part in (head(100), head(100) + b'{"Limit"', head(2) + b"{}", b"PO"):
        with dial(url) as connection:
            connection.sendall(part)
    with dial(url) as half_closed:
        half_closed.sendall(head(2) + b"{}")
        half_closed.shutdown(socket.SHUT_WR)
        assert read_to_end(half_closed).startswith(b"HTTP/1.1 200 OK\r\n")
    assert send(url, b"{}", target("ListTables")).status == 200


# Compression.


@fact("protocol.14")
def test_a_body_in_gzip_is_inflated(url: str) -> None:
    answer = send(url, gzip.compress(b'{"Limit":1}'), target("ListTables", Content_Encoding="gzip"))
    assert answer.status == 200
    for body in (b'{"Limit":1}', gzip.compress(b'{"Limit":1}')[:-1], gzip.compress(b"[")):
        answer = send(url, body, target("ListTables", Content_Encoding="gzip"))
        assert said(answer) == (400, SERIALIZATION)


@fact("protocol.12", "protocol.13")
def test_a_long_answer_is_in_gzip_for_those_who_accept_it(url: str, client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=item(1, long={"S": "lorem ipsum " * 1_000}))
    body = b'{"TableName":"%b"}' % table.encode()
    plain = send(url, body, target("Scan", Accept_Encoding="identity"))
    assert (plain.headers["Content-Encoding"], plain.crc_holds) == (None, True)
    packed = send(url, body, target("Scan", Accept_Encoding="gzip, deflate"))
    assert (packed.headers["Content-Encoding"], packed.crc_holds) == ("gzip", True)
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 10
    refusing = send(url, body, target("Scan", Accept_Encoding="gzip;q=0, *"))
    assert refusing.body == plain.body
    short = send(url, b"{}", target("GetItem", Accept_Encoding="gzip"))
    assert short.headers["Content-Encoding"] is None


# What is no operation.


@fact("protocol.19")
def test_the_door_says_that_it_is_healthy(url: str) -> None:
    answer = send(url, b"", {}, method="GET")
    assert (answer.status, answer.body) == (200, b"healthy: dynamodb.us-east-1.amazonaws.com ")
    assert answer.headers["Content-Type"].startswith("text/plain")


@fact("protocol.20", "protocol.24")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/"),
        ("DELETE", "/"),
        ("PATCH", "/"),
        ("OPTIONS", "/"),
        ("POST", "/x"),
        ("GET", "/x"),
        ("POST", "//"),
    ],
)
def test_what_is_no_operation_is_not_found(url: str, method: str, path: str) -> None:
    answer = send(url, b"{}", target("ListTables"), method=method, path=path)
    assert (answer.status, answer.body) == (404, NOT_FOUND)


ORIGIN = "https://example.org"


@fact("protocol.23")
def test_a_preflight_is_granted_what_it_asks_for(url: str) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Headers": "x-amz-target,authorization",
        "Access-Control-Request-Method": "POST",
    }
    answer = send(url, b"", asked, method="OPTIONS")
    granted = {n.lower(): v for n, v in answer.headers.items() if n.lower().startswith("access-control-")}
    assert (answer.status, answer.headers["Content-Length"]) == (200, "0")
    assert granted == {
        "access-control-allow-origin": "*",
        "access-control-max-age": "172800",
        "access-control-allow-headers": "x-amz-target,authorization",
        "access-control-allow-methods": "POST",
    }
    bare = send(url, b"", {"Origin": ORIGIN}, method="OPTIONS")
    assert bare.headers["access-control-allow-headers"] is None
    assert bare.headers["access-control-allow-methods"] is None


@fact("protocol.25", "protocol.26")
@pytest.mark.parametrize(("method", "body", "headers", "path", "status"), EVERY_KIND[:-1])
def test_pages_of_any_origin_may_read_answers(
    url: str, method: str, body: bytes, headers: dict[str, str], path: str, status: int
) -> None:
    answer = send(url, body, {**headers, "Origin": ORIGIN}, method, path)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "*")
    exposed = answer.headers["access-control-expose-headers"].split(",")
    assert {"x-amzn-requestid", "x-amzn-errortype", "x-amzn-errormessage", "date"} <= set(exposed)


@fact("protocol.27")
def test_a_body_is_at_most_16_mb(url: str) -> None:
    body = b'{"Unknown":"' + b"x" * (BODY_SIZE_MAX - 14) + b'"}'
    assert len(body) == BODY_SIZE_MAX
    assert send(url, body, target("ListTables")).status == 200
    with dial(url) as connection:
        connection.sendall(head(BODY_SIZE_MAX + 1))  # refused as soon as it is declared
        assert read_to_end(connection).startswith(b"HTTP/1.1 413 ")
    bomb = gzip.compress(b" " * (BODY_SIZE_MAX + 1))
    assert send(url, bomb, target("ListTables", Content_Encoding="gzip")).status == 413


def test_the_control_plane_of_the_cluster_takes_no_changes_from_web_pages(url: str) -> None:
    json_type = {"Content-Type": "application/json"}
    for headers, status in (
        ({**json_type, "Origin": "http://example.org"}, 403),
        ({**json_type, "Host": "example.org"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ):
        assert send(url, b"{}", headers, path="/_trinamo/reset").status == status
    assert send(url, b"", {}, method="GET", path="/_trinamo/reset").status == 405


# The order of checks. Each request is wrong in what comes later, too.


@fact("protocol.21", "protocol.28")
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-amz-json-1.1", "", None])
def test_first_the_content_type(url: str, content_type: str | None) -> None:
    answer = send(url, b"[", target("No.Such", Content_Type=content_type, Authorization=None))
    assert (answer.status, answer.body) == (404, NOT_FOUND)


@fact("protocol.6", "protocol.29")
@pytest.mark.parametrize(
    "body", [b"[", b"{'a': 1}", b"\xff\xfe{\x00}\x00", b'{"a": NaN}', b"{} x", b" ", b"[" * 2_000]
)
def test_then_the_json(url: str, body: bytes) -> None:
    answer = send(url, body, target("No.Such", Authorization=None))
    assert said(answer) == (400, SERIALIZATION)


@fact("protocol.30")
@pytest.mark.parametrize(
    "named",
    [None, "", "GetItem", "DynamoDB_20111205.GetItem", "DynamoDB_20120810.getItem", "Other_20120810.GetItem"],
)
def test_then_the_target(url: str, named: str | None) -> None:
    for body in (b"{}", b"", b"[]"):
        answer = send(url, body, target("", X_Amz_Target=named, Authorization=None))
        assert said(answer) == (400, UNKNOWN)


@fact("protocol.31")
def test_then_the_signature(url: str) -> None:
    for body in (b"{}", b"", b"[]"):
        assert said(send(url, body, target("GetItem", Authorization=None))) == (400, MISSING_TOKEN)


@fact("protocol.22", "protocol.32")
@pytest.mark.parametrize("content_type", [HEADERS["Content-Type"], "text/plain", None])
def test_then_a_body_that_is_not_empty(url: str, content_type: str | None) -> None:
    assert said(send(url, b"", target("GetItem", Content_Type=content_type))) == (400, SERIALIZATION)


@fact("protocol.6")
@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null"])
def test_then_the_object(url: str, body: bytes) -> None:
    assert said(send(url, body, target("GetItem"))) == (400, SERIALIZATION)


TYPES = {"__type": f"{CORAL}SerializationException", "Message": "NUMBER_VALUE cannot be converted to String"}
NULL_KEY = {
    "__type": f"{VALIDATE}ValidationException",
    "message": f"{E}Value null at 'key' failed to satisfy constraint: Member must not be null",
}
EMPTY_NAMES = {
    "__type": f"{VALIDATE}ValidationException",
    "message": "ExpressionAttributeNames must not be empty",
}
NO_TABLE = {"__type": f"{MODELLED}ResourceNotFoundException", "message": "Requested resource not found"}
BAD_KEY = {
    "__type": f"{VALIDATE}ValidationException",
    "message": "The provided key element does not match the schema",
}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(
            '{"TableName":1,"ProjectionExpression":"a","ExpressionAttributeNames":{}}',
            TYPES,
            marks=fact("protocol.33"),
        ),
        pytest.param(
            '{"TableName":"none","ProjectionExpression":"a","ExpressionAttributeNames":{}}',
            NULL_KEY,
            marks=fact("protocol.34"),
        ),
        pytest.param(
            '{"TableName":"none","Key":{"x":{"S":""}},"ProjectionExpression":"a","ExpressionAttributeNames":{}}',
            EMPTY_NAMES,
            marks=fact("protocol.35"),
        ),
        pytest.param('{"TableName":"none","Key":{"x":{"S":""}}}', NO_TABLE, marks=fact("protocol.36")),
        pytest.param('{"TableName":"TABLE","Key":{"x":{"S":""}}}', BAD_KEY, marks=fact("protocol.36")),
    ],
)
def test_then_types_constraints_expressions_table_and_keys(
    url: str, standing: str, body: str, error: dict[str, str]
) -> None:
    answer = send(url, body.replace("TABLE", standing).encode(), target("GetItem"))
    assert said(answer) == (400, error)


@fact("protocol.37", "protocol.38")
@pytest.mark.parametrize("absent", ["", '"TableName":null,'])
def test_null_is_absent_and_unknown_members_are_ignored(url: str, absent: str) -> None:
    body = f'{{{absent}"Unknown":[1],"Key":{{"pk":{{"S":"a"}}}}}}'
    answer = send(url, body.encode(), target("GetItem"))
    null = f"{E}Value null at 'tableName' failed to satisfy constraint: Member must not be null"
    assert answer.tree["message"] == null


# Bodies of errors.

ITEM = '"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}'
CONDITION = '"ConditionExpression":"attribute_not_exists(pk)"'
ALL_OLD = '"ReturnValuesOnConditionCheckFailure":"ALL_OLD"'
FAILED = {
    "__type": f"{MODELLED}ConditionalCheckFailedException",
    "message": "The conditional request failed",
}


@pytest.mark.parametrize(
    ("operation", "body", "error"),
    [
        pytest.param("GetItem", "[]", SERIALIZATION, marks=fact("protocol.45")),
        pytest.param("NoSuch", "{}", UNKNOWN, marks=fact("protocol.45")),
        pytest.param("GetItem", '{"TableName":1}', TYPES, marks=fact("protocol.45", "protocol.47")),
        pytest.param("GetItem", '{"TableName":"TABLE"}', NULL_KEY, marks=fact("protocol.44", "protocol.50")),
        pytest.param(
            "GetItem",
            '{"TableName":"none","Key":{}}',
            NO_TABLE,
            marks=fact("protocol.43", "protocol.50", "protocol.54"),
        ),
        *(
            pytest.param(operation, body, NO_TABLE, marks=fact("protocol.54"))
            for operation, body in (
                ("PutItem", '{"TableName":"none","Item":{}}'),
                ("UpdateItem", '{"TableName":"none","Key":{}}'),
                ("DeleteItem", '{"TableName":"none","Key":{}}'),
                (
                    "Query",
                    '{"TableName":"none","KeyConditionExpression":"a=:a","ExpressionAttributeValues":{":a":{"S":"a"}}}',
                ),
                ("Scan", '{"TableName":"none"}'),
                ("BatchGetItem", '{"RequestItems":{"none":{"Keys":[{}]}}}'),
                ("BatchWriteItem", '{"RequestItems":{"none":[{"DeleteRequest":{"Key":{}}}]}}'),
            )
        ),
        *(
            pytest.param(
                operation,
                '{"TableName":"none"}',
                {
                    "__type": f"{MODELLED}ResourceNotFoundException",
                    "message": "Requested resource not found: Table: none not found",
                },
                marks=fact("protocol.55"),
            )
            for operation in ("DescribeTable", "DeleteTable")
        ),
        pytest.param(
            "PutItem",
            f'{{"TableName":"TABLE",{ITEM},{CONDITION}}}',
            FAILED,
            marks=fact("protocol.43", "protocol.56"),
        ),
        pytest.param(
            "PutItem",
            f'{{"TableName":"TABLE",{ITEM},{CONDITION},{ALL_OLD}}}',
            {**FAILED, "Item": {"pk": {"S": "a"}, "sk": {"N": "1"}, "b": {"B": "AP8="}}},
            marks=fact("protocol.51"),
        ),
        pytest.param(
            "PutItem",
            f'{{"TableName":"TABLE","Item":{{"pk":{{"S":"b"}},"sk":{{"N":"1"}}}},'
            f'"ConditionExpression":"attribute_exists(pk)",{ALL_OLD}}}',
            FAILED,
            marks=fact("protocol.51"),
        ),
        pytest.param(
            "CreateTable",
            '{"TableName":"TABLE","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],'
            '"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}',
            {
                "__type": f"{MODELLED}ResourceInUseException",
                "message": "Table already exists: TABLE",
            },
            marks=fact("protocol.43"),
        ),
    ],
)
@fact("protocol.39", "protocol.40")
def test_an_error_has_a_type_a_text_and_members(
    url: str, client: Any, standing: str, operation: str, body: str, error: dict[str, Any]
) -> None:
    client.put_item(TableName=standing, Item=item(1, b={"B": b"\x00\xff"}))
    answer = send(url, body.replace("TABLE", standing).encode(), target(operation))
    expected = {n: v.replace("TABLE", standing) if isinstance(v, str) else v for n, v in error.items()}
    assert said(answer) == (400, expected)
    assert answer.body.startswith(b'{"__type":')
    assert error_faults(client.meta.service_model, answer.tree) == []


def test_null_false_is_a_fault_of_the_value(url: str) -> None:
    body = b'{"TableName":"none","Item":{"pk":{"S":"a"},"x":{"NULL":false}}}'
    answer = send(url, body, target("PutItem"))
    assert answer.tree["message"] == f"{P}Null attribute value types must have the value of true"


@pytest.fixture(scope="module")
def faulty() -> Iterator[server.Server]:
    """A server of its own, to do things to, with a table."""
    with server.serving("--nodes", "1") as running:
        with closing(connect(running.url)) as client:
            create_table(client, "ttt")
        yield running


@pytest.mark.parametrize(
    ("fault", "status", "error", "reasons"),
    [
        pytest.param(
            {"verb": "fail_before"},
            500,
            {
                "__type": f"{MODELLED}InternalServerError",
                "message": "The server encountered an internal error trying to fulfill the request.",
            },
            None,
            marks=fact("protocol.41", "protocol.62"),
        ),
        pytest.param(
            {"verb": "throttle", "error": "ProvisionedThroughputExceededException"},
            400,
            {
                "__type": f"{MODELLED}ProvisionedThroughputExceededException",
                "message": "The level of configured provisioned throughput for the table was exceeded."
                " Consider increasing your provisioning level with the UpdateTable API.",
            },
            "ThrottlingReasons",
            marks=fact("protocol.53", "protocol.58"),
        ),
        pytest.param(
            {"verb": "throttle", "error": "RequestLimitExceeded"},
            400,
            {
                "__type": f"{MODELLED}RequestLimitExceeded",
                "message": "Throughput exceeds the current throughput limit for your account. Please contact AWS"
                " Support at https://aws.amazon.com/support request a limit increase",
            },
            "ThrottlingReasons",
            marks=fact("protocol.53", "protocol.60"),
        ),
        pytest.param(
            {"verb": "throttle", "error": "ThrottlingException"},
            400,
            {"__type": f"{MODELLED}ThrottlingException"},
            "throttlingReasons",
            marks=fact("protocol.53"),
        ),
    ],
)
def test_a_failure_or_throttle_that_was_asked_for_is_the_service_s(
    faulty: server.Server, fault: dict[str, str], status: int, error: dict[str, str], reasons: str | None
) -> None:
    faulty.change("faults", **fault, operation="GetItem", count=1)
    body = b'{"TableName":"ttt","Key":{"pk":{"S":"a"},"sk":{"S":"a"}}}'
    answer = send(faulty.url, body, target("GetItem"))
    assert (answer.status, answer.crc_holds) == (status, True)
    assert answer.tree.items() >= error.items()
    if reasons is not None:
        [reason] = answer.tree[reasons]
        assert reason.keys() == {"reason", "resource"}
        assert reason["resource"].endswith(":table/ttt")
    assert send(faulty.url, body, target("GetItem")).status == 200


@fact("protocol.42")
def test_a_cluster_without_a_node_cannot_take_a_request(faulty: server.Server) -> None:
    faulty.change("faults", verb="crash", node="n1")
    answer = send(faulty.url, b"{}", target("ListTables"))
    assert (answer.status, answer.tree["__type"].partition("#")[2]) == (503, "ServiceUnavailable")
    faulty.change("faults", verb="restart", node="n1")
    with closing(connect(faulty.url)) as client:
        assert client.list_tables()["TableNames"] == ["ttt"]
