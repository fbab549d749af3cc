"""The requests of the benchmark, rendered to the last byte before anything is measured.

The headers are those that boto3 sends, a signature of the right form included: a server that does not check
signatures has the same bytes to read as it would have from the SDK. The items are orders of about 500 bytes of
DynamoDB's JSON, each under its own partition key.
"""

import json
import time
from collections.abc import Iterator, Mapping

TABLE = "bench"
# Enough keys that neighbouring requests do not meet, few enough to render and to fill in a second.
KEYS = 4096

CREATE_TABLE = {
    "TableName": TABLE,
    "AttributeDefinitions": [{"AttributeName": "order_id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "order_id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
DESCRIBE_TABLE = {"TableName": TABLE}
# Smaller than any answer that holds an item, larger than an empty one.
ITEM_ANSWER_SIZE_MIN = 400

_HEAD = """\
POST / HTTP/1.1\r
Host: {host}\r
Accept-Encoding: identity\r
X-Amz-Target: DynamoDB_20120810.{operation}\r
Content-Type: application/x-amz-json-1.0\r
User-Agent: Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython \
m/b,Z,D cfg/retry-mode#legacy Botocore/1.44.5\r
X-Amz-Date: {date}\r
Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{day}/us-east-1/dynamodb/aws4_request, \
SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}\r
amz-sdk-invocation-id: 5b0a7f0e-6c39-4d6c-9c43-4b0d5c2f1a77\r
amz-sdk-request: attempt=1\r
Content-Length: {length}\r
\r
"""


def item(number: int) -> dict[str, dict[str, object]]:
    """The `number`th order, with the attribute types that real items mix."""
    return {
        "order_id": {"S": f"order-{number:08d}"},
        "customer": {"S": f"customer-{number * 7919 % 100_003:06d}"},
        "placed_at": {"S": "2026-03-14T15:09:26.535Z"},
        "total": {"N": f"{number % 1000}.{number % 100:02d}"},
        "currency": {"S": "EUR"},
        "paid": {"BOOL": True},
        "tags": {"SS": ["express", "gift", "returning"]},
        "address": {
            "M": {"street": {"S": "12 Long Meadow Lane"}, "city": {"S": "Utrecht"}, "zip": {"S": "3511"}}
        },
        "lines": {"L": [line(number), line(number + 1)]},
        "note": {"S": "leave with the neighbours if nobody opens the door"},
    }


def line(number: int) -> dict[str, object]:
    return {"M": {"sku": {"S": f"sku-{number % 977:05d}"}, "count": {"N": str(number % 9 + 1)}}}


def key(number: int) -> dict[str, dict[str, object]]:
    return {"order_id": item(number)["order_id"]}


def bodies(operation: str) -> Iterator[dict[str, object]]:
    """One body for each key. Operations: put, get."""
    for number in range(KEYS):
        match operation:
            case "put":
                yield {"TableName": TABLE, "Item": item(number)}
            case "get":
                yield {"TableName": TABLE, "Key": key(number)}
            case _:
                raise ValueError(f"no such operation: {operation}")


TARGETS = {"put": "PutItem", "get": "GetItem"}


def render(target: str, body: Mapping[str, object], host: str) -> bytes:
    """The bytes of one HTTP request."""
    text = json.dumps(body).encode()
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    head = _HEAD.format(
        host=host, operation=target, date=date, day=date[:8], signature="9f" * 32, length=len(text)
    )  # fmt: skip
    return head.encode() + text


def requests(operation: str, host: str) -> list[bytes]:
    return [render(TARGETS[operation], body, host) for body in bodies(operation)]
