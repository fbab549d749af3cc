"""Claims about what is tried again: pure, so each case is a line."""

import random
from typing import Any

import pytest

from trinamo.client.errors import (
    ConditionalCheckFailed,
    DynamoError,
    OutcomeUnknown,
    ServerError,
    Throttled,
    Unreachable,
    error_of,
)
from trinamo.client.retries import Policy, is_read, is_repeatable
from trinamo.client.transport import Lost, Unsent
from trinamo.model.operations import SERVICES

DICE = random.Random(7)
THROTTLED = error_of(400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}')
REFUSED = error_of(400, b'{"__type": "x#ConditionalCheckFailedException"}')
FAILED = error_of(500, b'{"__type": "x#InternalServerError"}')
PUT: tuple[str, dict[str, Any]] = ("PutItem", {"TableName": "t", "Item": {}})
ADD: tuple[str, dict[str, Any]] = ("UpdateItem", {"UpdateExpression": "ADD n :one"})
GET: tuple[str, dict[str, Any]] = ("GetItem", {"TableName": "t", "Key": {}})


def update(text: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "UpdateItem", {"UpdateExpression": text, **more}


@pytest.mark.parametrize(
    ("operation", "parameters", "repeatable"),
    [
        (*PUT, True),
        ("PutItem", {"ConditionExpression": "attribute_exists(a)"}, False),
        ("PutItem", {"Expected": {"a": {"Exists": False}}}, False),
        ("PutItem", {"ReturnValues": "ALL_OLD"}, False),
        ("PutItem", {"ReturnValues": "NONE"}, True),
        ("DeleteItem", {"Key": {}}, True),
        ("DeleteItem", {"ReturnValues": "ALL_OLD"}, False),
        (*update("SET a = :v, #b.c = :w REMOVE d DELETE e :x"), True),
        (*update("SET a=:v", ReturnValues="ALL_NEW"), True),
        (*update("SET a = :v", ReturnValues="UPDATED_OLD"), False),
        (*update("SET a = :v", ConditionExpression="a = :w"), False),
        (*update("SET a = a + :v"), False),
        (*update("SET a = :v - b"), False),
        (*update("SET a = b"), False),
        (*update("SET a = list_append(a, :v)"), False),
        (*update("remove a[0]"), False),
        (*update("SET a = :v add n :one"), False),
        ("UpdateItem", {"AttributeUpdates": {"a": {"Action": "ADD"}}}, False),
        ("UpdateItem", {"Key": {}}, True),
        ("BatchWriteItem", {}, True),
        ("TransactWriteItems", {}, False),
        ("TransactWriteItems", {"ClientRequestToken": "x"}, True),
        ("CreateTable", {}, False),
        ("ExecuteStatement", {"Statement": "DELETE FROM t WHERE a = 1"}, False),
    ],
)
def test_what_is_repeatable(operation: str, parameters: dict[str, Any], repeatable: bool) -> None:
    assert not is_read(operation, parameters)
    assert is_repeatable(operation, parameters) is repeatable


def test_reads_are_those_that_change_nothing() -> None:
    reads = {name for name in SERVICES if is_read(name, {"Statement": "select * from t"})}
    assert {
        "GetItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "TransactGetItems",
        "GetRecords",
        "ListTables",
    } < reads
    assert {name for name in reads if not name.startswith(("Get", "List", "Describe"))} == {
        "Query",
        "Scan",
        "BatchGetItem",
        "TransactGetItems",
        "SearchVectors",
        "ExecuteStatement",
        "BatchExecuteStatement",
    }
    assert not is_read(
        "BatchExecuteStatement", {"Statements": [{"Statement": "SELECT"}, {"Statement": "DELETE"}]}
    )
    assert not is_read("ExecuteStatement", {"Statement": None})


@pytest.mark.parametrize(
    ("asked", "failures", "told"),
    [
        (GET, [Lost("x")], None),
        (GET, [FAILED], None),
        (GET, [REFUSED], ConditionalCheckFailed),
        (PUT, [Unsent("x"), Lost("x"), FAILED], None),
        (PUT, [Lost("x"), REFUSED], OutcomeUnknown),
        (PUT, [REFUSED], ConditionalCheckFailed),
        (ADD, [Unsent("x"), THROTTLED, Unsent("x")], None),
        (ADD, [Lost("x")], OutcomeUnknown),
        (ADD, [FAILED], OutcomeUnknown),
        (ADD, [THROTTLED, FAILED], OutcomeUnknown),
        (ADD, [ValueError("x")], ValueError),
        (PUT, [Lost("x"), ValueError("x")], OutcomeUnknown),
        (GET, [Unsent("x")] * 5, Unreachable),
        (GET, [Lost("x")] * 5, Unreachable),
        (GET, [FAILED] * 5, ServerError),
        (ADD, [Unsent("x")] * 5, Unreachable),
        (ADD, [THROTTLED] * 5, Throttled),
        (PUT, [Lost("x")] + [THROTTLED] * 4, OutcomeUnknown),
        (PUT, [THROTTLED, FAILED] + [Unsent("x")] * 3, OutcomeUnknown),
    ],
)
def test_after_failures_the_next_attempt_or_the_truth(
    asked: tuple[str, dict[str, Any]], failures: list[Exception], told: type[Exception] | None
) -> None:
    attempts = Policy(tries_max=5).begin(*asked)
    for failure in failures[:-1]:
        attempts.failed(failure, DICE)
    if told is None:
        assert attempts.failed(failures[-1], DICE) >= 0
    else:
        with pytest.raises(told) as raised:
            attempts.failed(failures[-1], DICE)
        assert type(raised.value) is told
        if told is OutcomeUnknown:
            assert isinstance(raised.value.__cause__, Lost | DynamoError)


def test_pauses_are_chosen_below_a_bound_that_doubles() -> None:
    policy = Policy(tries_max=5, pause_s=0.1, pause_s_max=0.5)
    highest = [max(policy.pause(tries, DICE) or 0 for _ in range(1_000)) for tries in (1, 2, 3, 4)]
    for found, bound in zip(highest, (0.2, 0.4, 0.5, 0.5), strict=True):
        assert bound * 0.9 < found <= bound
    assert policy.pause(5, DICE) is None
    with pytest.raises(ValueError):
        Policy(tries_max=0)
