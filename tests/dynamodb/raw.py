"""Raw HTTP: requests that no SDK would send, and answers to the byte."""

import http.client
import json
import socket
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

SECONDS_MAX = 20.0
CORAL = "com.amazon.coral.service#"
MODELLED = "com.amazonaws.dynamodb.v20120810#"
VALIDATE = "com.amazon.coral.validate#"
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

    @property
    def crc_holds(self) -> bool:
        return bool(self.headers["x-amz-crc32"] == str(zlib.crc32(self.body)))


def connect(url: str) -> http.client.HTTPConnection:
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS_MAX)


def ask(
    connection: http.client.HTTPConnection,
    body: bytes,
    headers: Mapping[str, str],
    method: str = "POST",
    path: str = "/",
) -> Answer:
    """Send one request over a connection that stays open."""
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def send(
    url: str, body: bytes, headers: Mapping[str, str] = HEADERS, method: str = "POST", path: str = "/"
) -> Answer:
    """Send one request over a connection of its own."""
    connection = connect(url)
    try:
        return ask(connection, body, headers, method, path)
    finally:
        connection.close()


def target(operation: str, **more: str | None) -> dict[str, str]:
    """Return the headers of a request for an operation. `more` changes headers (`_` for `-`), None leaves one out."""
    changed = {name.replace("_", "-"): value for name, value in more.items()}
    headers = {**HEADERS, "X-Amz-Target": f"DynamoDB_20120810.{operation}", **changed}
    return {name: value for name, value in headers.items() if value is not None}


def dial(url: str) -> socket.socket:
    """Return a connection for bytes that are not even HTTP."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=SECONDS_MAX)


def read_to_end(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    received = bytearray()
    while more := connection.recv(65_536):
        received += more
    return bytes(received)
