"""The bytes of AWS JSON 1.0: what every answer carries, and requests that no SDK would send."""

import http.client
import json
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from dynamodb.audit import error_faults
from dynamodb.calls import E, P

SECONDS_MAX = 20.0
CORAL = "com.amazon.coral.service#"
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request,"
    " SignedHeaders=host, Signature=0",
}


@attrs.frozen
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def tree(self) -> Any:
        return json.loads(self.body)


def send(
    url: str, body: bytes, headers: Mapping[str, str] = HEADERS, method: str = "POST", path: str = "/"
) -> Answer:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS_MAX)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def target(operation: str) -> dict[str, str]:
    return {**HEADERS, "X-Amz-Target": f"DynamoDB_20120810.{operation}"}


@pytest.mark.parametrize(
    ("operation", "body", "status", "code"),
    [
        ("ListTables", "{}", 200, None),
        ("GetItem", "{}", 400, "com.amazon.coral.validate#ValidationException"),
        (
            "GetItem",
            '{"TableName":"none","Key":{"a":{"S":"a"}}}',
            400,
            "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        ),
        ("GetItem", "{", 400, f"{CORAL}SerializationException"),
        ("GetItem", "", 400, f"{CORAL}SerializationException"),
        ("Scan", '{"TableName":"none","Limit":"1"}', 400, f"{CORAL}SerializationException"),
        ("NoSuchThing", "{}", 400, f"{CORAL}UnknownOperationException"),
    ],
)
def test_every_answer_has_an_id_a_checksum_and_its_type(
    url: str, client: Any, operation: str, body: str, status: int, code: str | None
) -> None:
    answer = send(url, body.encode(), target(operation))
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert int(answer.headers["x-amz-crc32"]) == zlib.crc32(answer.body)
    assert len(answer.headers["x-amzn-RequestId"]) == 52
    assert answer.tree.get("__type") == code
    if code is not None:
        assert next(iter(answer.tree)) == "__type"
        assert error_faults(client.meta.service_model, answer.tree) == []


def test_request_ids_differ(url: str) -> None:
    ids = [send(url, b"{}", target("ListTables")).headers["x-amzn-RequestId"] for _ in range(3)]
    assert len(set(ids)) == 3


KEY = '"Key":{"pk":{"S":"a"}}'
NOT_A_STRUCTURE = "Start of structure or map found where not expected"


@pytest.mark.parametrize(
    ("operation", "body", "text"),
    [
        ("GetItem", '{"TableName":1}', "NUMBER_VALUE cannot be converted to String"),
        ("GetItem", '{"TableName":1.5}', "DECIMAL_VALUE cannot be converted to String"),
        ("GetItem", '{"TableName":true}', "TRUE_VALUE cannot be converted to String"),
        ("GetItem", '{"TableName":[]}', "Unrecognized collection type class java.lang.String"),
        ("GetItem", '{"TableName":{}}', NOT_A_STRUCTURE),
        ("Scan", '{"Limit":"1"}', "STRING_VALUE cannot be converted to Integer"),
        ("Scan", '{"Limit":true}', "TRUE_VALUE cannot be converted to Integer"),
        ("Scan", '{"ConsistentRead":"yes"}', "Unexpected token received from parser"),
        ("Scan", '{"ConsistentRead":1}', "NUMBER_VALUE cannot be converted to Boolean"),
        ("Scan", '{"AttributesToGet":{}}', NOT_A_STRUCTURE),
        ("Scan", '{"AttributesToGet":"a"}', "Unexpected field type"),
        ("GetItem", '{"Key":"a"}', "Unexpected field type"),
        (
            "GetItem",
            '{"Key":[]}',
            (
                "Unrecognized collection type java.util.Map<java.lang.String,"
                " com.amazonaws.dynamodb.v20120810.AttributeValue>"
            ),
        ),
        ("GetItem", '{"Key":{"pk":"a"}}', "Unexpected value type in payload"),
        ("PutItem", '{"Item":{"pk":{"S":1}}}', "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", '{"Item":{"pk":{"N":1}}}', "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", '{"Item":{"pk":{"L":{}}}}', NOT_A_STRUCTURE),
        # A fault within wins over one of a scalar beside it.
        ("GetItem", '{"TableName":1,"Key":{"pk":"a"}}', "Unexpected value type in payload"),
    ],
)
def test_json_of_another_type_is_refused_before_anything_else(
    url: str, operation: str, body: str, text: str
) -> None:
    answer = send(url, body.encode(), target(operation))
    assert (answer.status, answer.tree) == (
        400,
        {"__type": f"{CORAL}SerializationException", "Message": text},
    )


@pytest.mark.parametrize("absent", ["", '"TableName":null,'])
def test_null_is_absent_and_unknown_members_are_ignored(url: str, absent: str) -> None:
    body = f'{{{absent}"Unknown":[1],{KEY}}}'
    answer = send(url, body.encode(), target("GetItem"))
    null = f"{E}Value null at 'tableName' failed to satisfy constraint: Member must not be null"
    assert answer.tree["message"] == null


def test_null_false_is_a_fault_of_the_value(url: str) -> None:
    body = b'{"TableName":"none","Item":{"pk":{"S":"a"},"x":{"NULL":false}}}'
    answer = send(url, body, target("PutItem"))
    assert answer.tree["message"] == f"{P}Null attribute value types must have the value of true"


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (
            {"Authorization": None},
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        ),
        (
            {"Authorization": "Basic abc"},
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        ),
        (
            {"Authorization": "AWS4-HMAC-SHA256 Credential=test", "X-Amz-Date": None},
            "IncompleteSignatureException",
            (
                "Authorization header requires 'Signature' parameter."
                " Authorization header requires 'SignedHeaders' parameter."
                " Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
                " Authorization=AWS4-HMAC-SHA256 Credential=test"
            ),
        ),
    ],
)
def test_a_request_that_is_not_signed_is_refused(
    url: str, change: dict[str, str | None], code: str, text: str
) -> None:
    changed = {**target("ListTables"), **change}
    headers = {name: value for name, value in changed.items() if value is not None}
    answer = send(url, b"{}", headers)
    assert (answer.status, answer.tree) == (400, {"__type": f"{CORAL}{code}", "message": text})


def test_the_door_says_that_it_is_healthy(url: str) -> None:
    answer = send(url, b"", {}, method="GET")
    assert (answer.status, answer.body) == (200, b"healthy: dynamodb.us-east-1.amazonaws.com ")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/"), ("DELETE", "/"), ("POST", "/elsewhere")])
def test_what_is_no_operation_is_not_found(url: str, method: str, path: str) -> None:
    answer = send(url, b"{}", target("ListTables"), method=method, path=path)
    assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>\n")


def test_the_control_plane_of_the_cluster_takes_no_changes_from_web_pages(url: str) -> None:
    json_type = {"Content-Type": "application/json"}
    for headers, status in (
        ({**json_type, "Origin": "http://example.org"}, 403),
        ({**json_type, "Host": "example.org"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ):
        assert send(url, b"{}", headers, path="/_trinamo/reset").status == status
    assert send(url, b"", {}, method="GET", path="/_trinamo/reset").status == 405
