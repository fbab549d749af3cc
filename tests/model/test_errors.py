"""Bodies of errors."""

import orjson
import pytest

from trinamo.model.errors import (
    ApiError,
    conditional_check_failed,
    request_fault,
    resource_not_found,
    select_fault,
    serialization,
    unknown_operation,
    validation,
)

DYNAMODB = "com.amazonaws.dynamodb.v20120810#"


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (
            resource_not_found(),
            {"__type": DYNAMODB + "ResourceNotFoundException", "message": "Requested resource not found"},
        ),
        (validation("x"), {"__type": "com.amazon.coral.validate#ValidationException", "message": "x"}),
        (serialization(), {"__type": "com.amazon.coral.service#SerializationException"}),
        (serialization("x"), {"__type": "com.amazon.coral.service#SerializationException", "Message": "x"}),
        (unknown_operation(), {"__type": "com.amazon.coral.service#UnknownOperationException"}),
        (
            conditional_check_failed({"b": {"B": b"a"}}),
            {
                "__type": DYNAMODB + "ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": {"b": {"B": "YQ=="}},
            },
        ),
    ],
)
def test_bodies_name_layer_code_and_text(error: ApiError, body: dict[str, object]) -> None:
    assert orjson.loads(error.body()) == body
    assert error.body().startswith(b'{"__type":')


def test_newer_wording_prefixes_only_faults_of_the_request() -> None:
    prefixed = orjson.loads(request_fault("x").body(newer_wording=True))
    assert prefixed["message"] == "1 validation error detected: x"
    assert orjson.loads(request_fault("x").body())["message"] == "x"
    assert orjson.loads(validation("x").body(newer_wording=True))["message"] == "x"


def test_newer_wording_may_differ_and_belongs_to_some_operations() -> None:
    error = request_fault("wrapped: x", newer="x")
    assert orjson.loads(error.body(newer_wording=True))["message"] == "1 validation error detected: x"
    assert error.worded_newer_in == {"PutItem", "UpdateItem", "DeleteItem"}
    assert select_fault("x").worded_newer_in == {"Query"}
    assert validation("x").worded_newer_in == frozenset()
