"""Calls of a boto3 client by the service's names, what comes back, and items to send."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

Item = dict[str, Any]
VE = "ValidationException"
RNF = "ResourceNotFoundException"
P = "One or more parameter values were invalid: "
E = "1 validation error detected: "
EMPTY_VALUE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
SEVERAL_TYPES = (
    "Supplied AttributeValue has more than one datatypes set,"
    " must contain exactly one of the supported datatypes"
)
NOT_FOUND = "Requested resource not found"
EMPTY_KEY = (
    "One or more parameter values are not valid."
    " The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
)
MISMATCH = "The provided key element does not match the schema"
MIXED = (
    "Can not use both expression and non-expression parameters in the same request:"
    " Non-expression parameters: {{{}}} Expression parameters: {{{}}}"
)
TABLE = "TABLE"  # stands for a table's name in rows of tests


def item(sk: int, pk: str = "a", **attributes: Any) -> Item:
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}, **attributes}


def call(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = getattr(client, xform_name(operation))(**request)
    del answer["ResponseMetadata"]
    return answer


def for_table(table: str, tree: Any) -> Any:
    """Return a row's request with the table's name where `TABLE` stands."""
    if isinstance(tree, dict):
        return {for_table(table, name): for_table(table, value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [for_table(table, value) for value in tree]
    return tree.replace(TABLE, table) if isinstance(tree, str) else tree


def refusal(client: Any, operation: str, request: dict[str, Any]) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(client, operation, request)
    return caught.value


def fault(error: ClientError) -> tuple[str, str]:
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


def raw_fault(url: str, operation: str, request: dict[str, Any]) -> tuple[str, str]:
    """Return the code and text that a request gets which boto3 would not send."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request,"
        " SignedHeaders=host, Signature=0",
    }
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(request).encode(), headers), timeout=10)
    with caught.value as answer:
        body = json.load(answer)
    return body["__type"].partition("#")[2], body["message"]


# One attribute of each type, and some at the edges.
EVERY_TYPE: Item = {
    "s": {"S": "naïve \U0001f600"},
    "empty": {"S": ""},
    "n": {"N": "-12.5"},
    "b": {"B": b"\x00\xff"},
    "no bytes": {"B": b""},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "null": {"NULL": True},
    "l": {"L": [{"N": "1"}, {"S": "x"}, {"L": []}, {"M": {" ": {"S": ""}}}]},
    "m": {"M": {"deep": {"M": {"er": {"NULL": True}}}, "none": {"M": {}}}},
    "ss": {"SS": ["a", "", "b"]},
    "ns": {"NS": ["1", "0.5", "-3"]},
    "bs": {"BS": [b"1", b"\xfe"]},
}
