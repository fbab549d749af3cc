"""Claims about errors: what an answer becomes."""

import pytest

from trinamo.client import errors
from trinamo.client.errors import DynamoError, error_of


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "message"),
    [
        (400, b'{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}', errors.ValidationError, "ValidationException", "m"),
        (400, b'{"__type":"ResourceNotFoundException:http://x/","Message":"m"}', errors.ResourceNotFound, "ResourceNotFoundException", "m"),
        (400, b'{"__type":"x#RequestLimitExceeded"}', errors.RequestLimitExceeded, "RequestLimitExceeded", ""),
        (400, b'{"__type":"x#NewException","message":"m"}', DynamoError, "NewException", "m"),
        (500, b'{"__type":"x#InternalServerError","message":"m"}', errors.ServerError, "InternalServerError", "m"),
        (503, b"<html>", errors.ServerError, "HTTP status 503", ""),
        (429, b"slower", errors.Throttled, "HTTP status 429", ""),
        (413, b"", DynamoError, "HTTP status 413", ""),
        (400, b"[]", DynamoError, "HTTP status 400", ""),
    ],
)  # fmt: skip
def test_an_answer_becomes_the_error_of_its_code(
    status: int, body: bytes, kind: type[DynamoError], code: str, message: str
) -> None:
    error = error_of(status, body)
    assert (type(error), error.code, error.message, error.status) == (kind, code, message, status)


def test_further_members_are_kept() -> None:
    failed = error_of(400, b'{"__type":"x#ConditionalCheckFailedException","Item":{"a":{"S":"b"}}}')
    assert isinstance(failed, errors.ConditionalCheckFailed)
    assert failed.item == {"a": "b"}
    canceled = error_of(
        400, b'{"__type":"x#TransactionCanceledException","CancellationReasons":[{"Code":"None"}]}'
    )
    assert isinstance(canceled, errors.TransactionCanceled)
    assert canceled.reasons == [{"Code": "None"}]
    throttled = error_of(400, b'{"__type":"x#ThrottlingException","throttlingReasons":[{"reason":"r"}]}')
    assert isinstance(throttled, errors.Throttled)
    assert throttled.reasons == [{"reason": "r"}]
    assert error_of(400, b'{"__type":"x#ThrottlingException"}').members == {}


def test_only_failures_of_the_service_may_have_been_done() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DynamoError)
    ]
    assert {kind.__name__ for kind in kinds if not kind.undone} == {"ServerError"}
