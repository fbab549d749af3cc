"""The requests of the benchmark, rendered to the last byte before anything is measured.

The headers are those that boto3 sends, a signature of the right form included: a server that does not check
signatures has the same bytes to read as it would have from the SDK. The items are orders of about 500 bytes of
DynamoDB's JSON. They lie in three tables: in one under an order id each, in another under their customer, in order of
their number, and in one with an index by customer and a stream. Trades lie in a fourth, under user and moment, with an index by
ticker and a stream.
"""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

TABLE = "bench"
COLLECTIONS = "bench.collections"
FED = "bench.fed"
BY_CUSTOMER = "by-customer"
TRADES = "bench.trades"
BY_TICKER = "by-ticker"
TICKERS = tuple(f"{first}{second}X" for first in "ABCDE" for second in "NORT")
# Enough keys that neighbouring requests do not meet, few enough to render and to fill in a second.
KEYS = 4096
# A put of what is there already changes nothing, and nothing follows it: each item is put in so many versions.
VERSIONS = 5
# How many orders a customer has, where nobody says otherwise.
ORDERS = 64
QUERY_LIMIT = 5

CREATE_TABLE: dict[str, Any] = {
    "TableName": TABLE,
    "AttributeDefinitions": [{"AttributeName": "order_id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "order_id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
CREATE_COLLECTIONS = {
    "TableName": COLLECTIONS,
    "AttributeDefinitions": [
        {"AttributeName": "customer", "AttributeType": "S"},
        {"AttributeName": "order_number", "AttributeType": "N"},
    ],
    "KeySchema": [
        {"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "order_number", "KeyType": "RANGE"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
INDEX_BY_CUSTOMER = {
    "IndexName": BY_CUSTOMER,
    "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
CUSTOMER = {"AttributeName": "customer", "AttributeType": "S"}
CREATE_FED = {
    **CREATE_TABLE,
    "TableName": FED,
    "AttributeDefinitions": [*CREATE_TABLE["AttributeDefinitions"], CUSTOMER],
    "GlobalSecondaryIndexes": [INDEX_BY_CUSTOMER],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
CREATE_TRADES: dict[str, Any] = {
    "TableName": TRADES,
    "AttributeDefinitions": [
        {"AttributeName": "user", "AttributeType": "S"},
        {"AttributeName": "at", "AttributeType": "N"},
        {"AttributeName": "ticker", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "user", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": BY_TICKER,
            "KeySchema": [
                {"AttributeName": "ticker", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
}
# Smaller than any answer that holds an item, larger than an empty one.
ITEM_ANSWER_SIZE_MIN = 400

TARGETS = {
    "put": "PutItem",
    "put-fed": "PutItem",
    "put-if": "PutItem",
    "trade": "PutItem",
    "get": "GetItem",
    "update": "UpdateItem",
    "delete": "DeleteItem",
    "query": "Query",
    "append": "PutItem",
}
# What a user can have measured by itself; `append` fills the table that `query` reads, the others have commands of their own.
OPERATIONS = tuple(operation for operation in TARGETS if operation not in ("append", "put-fed", "trade"))
# By the operation that fills them.
TABLES: dict[str, Mapping[str, object]] = {
    "put": CREATE_TABLE,
    "append": CREATE_COLLECTIONS,
    "put-fed": CREATE_FED,
}

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


def trade(number: int) -> dict[str, dict[str, object]]:
    """The `number`th trade: of one of a thousand users, at a moment of its own."""
    return {
        "user": {"S": f"user-{number * 7919 % 1000:04d}"},
        "at": {"N": str(1_767_225_600_000 + number)},
        "ticker": {"S": TICKERS[number * 31 % len(TICKERS)]},
        "side": {"S": "buy" if number % 3 else "sell"},
        "quantity": {"N": str(number % 500 + 1)},
        "price": {"N": f"{20 + number % 180}.{number % 100:02d}"},
        "venue": {"S": "XAMS"},
        "order": {"S": f"order-{number:012d}"},
    }


def line(number: int) -> dict[str, object]:
    return {"M": {"sku": {"S": f"sku-{number % 977:05d}"}, "count": {"N": str(number % 9 + 1)}}}


def key(number: int) -> dict[str, dict[str, object]]:
    return {"order_id": item(number)["order_id"]}


def order(number: int, orders: int) -> dict[str, dict[str, object]]:
    """The `number`th order of the customers who have `orders` orders each."""
    return {**item(number), **order_key(number // orders, number % orders, orders)}


def order_key(customer: int, number: int, orders: int) -> dict[str, dict[str, object]]:
    return {"customer": {"S": f"customer-{orders}-{customer:06d}"}, "order_number": {"N": str(number)}}


def bodies(operation: str, items: int = KEYS, orders: int = ORDERS) -> Iterator[dict[str, object]]:
    """One body for each of `items` keys, but no more queries than `KEYS`; for `put-fed`, one for each version of each."""
    if operation == "put-fed":
        for number in range(items * VERSIONS):
            yield {"TableName": FED, "Item": {**item(number % items), "version": {"N": str(number // items)}}}
        return
    for number in range(min(items, KEYS) if operation == "query" else items):
        match operation:
            case "put":
                yield {"TableName": TABLE, "Item": item(number)}
            case "put-if":
                yield {
                    "TableName": TABLE,
                    "Item": item(number),
                    "ConditionExpression": "attribute_exists(order_id) AND paid = :paid",
                    "ExpressionAttributeValues": {":paid": {"BOOL": True}},
                }
            case "get":
                yield {"TableName": TABLE, "Key": key(number)}
            case "update":
                yield {
                    "TableName": TABLE,
                    "Key": key(number),
                    "UpdateExpression": "SET note = :note ADD amendments :one",
                    "ExpressionAttributeValues": {
                        ":note": {"S": "ring twice, and leave it on the bench behind the house"},
                        ":one": {"N": "1"},
                    },
                }
            case "delete":
                yield {"TableName": TABLE, "Key": key(number)}
            case "trade":
                yield {"TableName": TRADES, "Item": trade(number)}
            case "append":
                yield {"TableName": COLLECTIONS, "Item": order(number, orders)}
            case "query":
                yield query(number, items // orders, orders)
            case _:
                raise ValueError(f"no such operation: {operation}")


def query(number: int, customers: int, orders: int) -> dict[str, object]:
    """Ask for a few orders of a customer, from anywhere but the very end of what there is."""
    first = order_key(number % customers, number * 7919 % (orders - QUERY_LIMIT + 1), orders)
    return {
        "TableName": COLLECTIONS,
        "KeyConditionExpression": "customer = :customer AND order_number >= :first",
        "ExpressionAttributeValues": {":customer": first["customer"], ":first": first["order_number"]},
        "Limit": QUERY_LIMIT,
    }


def answer_size_min(operation: str) -> int:
    """The size of a body below which an answer does not hold what it should."""
    match operation:
        case "get":
            return ITEM_ANSWER_SIZE_MIN
        case "query":
            return QUERY_LIMIT * ITEM_ANSWER_SIZE_MIN
        case _:
            return 0


def render(target: str, body: Mapping[str, object], host: str) -> bytes:
    """The bytes of one HTTP request."""
    text = json.dumps(body).encode()
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    head = _HEAD.format(
        host=host, operation=target, date=date, day=date[:8], signature="9f" * 32, length=len(text)
    )  # fmt: skip
    return head.encode() + text


def requests(operation: str, host: str, items: int = KEYS, orders: int = ORDERS) -> list[bytes]:
    return [render(TARGETS[operation], body, host) for body in bodies(operation, items, orders)]
