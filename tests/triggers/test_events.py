"""Events, replies and notes, in Lambda's shapes."""

from typing import Any

import pytest

from trinamo.triggers import Discarded, discarded_event, lambda_event, read_reply
from trinamo.triggers.events import WHOLE

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"


def record(number: int) -> dict[str, Any]:
    return {
        "eventID": f"{number:032x}",
        "eventName": "REMOVE",
        "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
        "dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": 1_767_225_600 + number},
    }


def test_an_event_names_the_stream_and_writes_the_identity_small() -> None:
    (made,) = lambda_event([record(7)], ARN)["Records"]
    assert made == {
        **record(7),
        "eventSourceARN": ARN,
        "userIdentity": {"principalId": "dynamodb.amazonaws.com", "type": "Service"},
    }


@pytest.mark.parametrize(
    ("reply", "first"),
    [
        (None, None),
        ({}, None),
        ({"batchItemFailures": None}, None),
        ({"batchItemFailures": []}, None),
        ({"other": 1}, None),
        ({"batchItemFailures": [{"itemIdentifier": "9"}, {"itemIdentifier": "10"}]}, "9"),
        ({"batchItemFailures": [{"itemIdentifier": "10"}, {"itemIdentifier": "9"}]}, "9"),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, WHOLE),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, WHOLE),
        ({"batchItemFailures": [{"identifier": "9"}]}, WHOLE),
        ({"batchItemFailures": [{"itemIdentifier": "11"}]}, WHOLE),
        ({"batchItemFailures": "9"}, WHOLE),
        ("done", WHOLE),
    ],
)
def test_a_reply_says_where_it_failed(reply: Any, first: str | None) -> None:
    assert read_reply(reply, ["8", "9", "10"]) == first


def test_the_note_of_what_was_discarded_says_where_it_is() -> None:
    discarded = Discarded((record(1), record(2)), "RetryAttemptsExhausted", 3)
    note = discarded_event(
        discarded,
        stream_arn=ARN,
        shard_id="shardId-1",
        function="totals",
        called=True,
        request_id="r-1",
        now_s=1_767_225_700.5,
    )
    assert note["requestContext"] == {
        "requestId": "r-1",
        "functionArn": "totals",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 3,
    }
    assert note["timestamp"] == "2026-01-01T00:01:40.500Z"
    assert note["DDBStreamBatchInfo"] == {
        "shardId": "shardId-1",
        "startSequenceNumber": "1",
        "endSequenceNumber": "2",
        "approximateArrivalOfFirstRecord": "2026-01-01T00:00:01.000Z",
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:02.000Z",
        "batchSize": 2,
        "streamArn": ARN,
    }
