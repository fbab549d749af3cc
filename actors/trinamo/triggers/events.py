"""What goes between a trigger and its function, in Lambda's shapes: the event, the reply, and the note of what was discarded."""

import datetime
from collections.abc import Sequence
from typing import Any, Final

from trinamo.triggers.delivery import Discarded, Record, created_s, sequence_number

WHOLE: Final = ""
"""What `read_reply` returns for a batch that failed as a whole."""


def lambda_event(records: Sequence[Record], stream_arn: str) -> dict[str, Any]:
    """Return the event of some records as GetRecords tells them, in JSON: binary values are in base64."""
    return {"Records": [_lambda_record(record, stream_arn) for record in records]}


def _lambda_record(record: Record, stream_arn: str) -> dict[str, Any]:
    made = {**record, "eventSourceARN": stream_arn}
    identity = record.get("userIdentity")
    if identity is not None:  # GetRecords begins its members with capitals, an event does not
        made["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in identity.items()}
    return made


def read_reply(reply: Any, numbers: Sequence[str]) -> str | None:
    """Return what a function's reply says of the records with these sequence numbers, where it may report failures.

    None if all went well; the sequence number of the first that failed; or `WHOLE`. As on AWS, no reply and no failures
    are success, and a reply that names what is not there is failure.
    """
    if reply is None or reply == {}:
        return None
    failures = reply.get("batchItemFailures") if isinstance(reply, dict) else None
    if failures is None or failures == []:
        return None if isinstance(reply, dict) else WHOLE
    if not isinstance(failures, list):
        return WHOLE
    named = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in failures]
    if not all(isinstance(name, str) and name in numbers for name in named):
        return WHOLE
    return next(number for number in numbers if number in named)


def discarded_event(
    discarded: Discarded,
    *,
    stream_arn: str,
    shard_id: str,
    function: str,
    called: bool,
    request_id: str,
    now_s: float,
) -> dict[str, Any]:
    """Return the note of records that were given up, as Lambda sends it to a destination: it says where they are."""
    records = discarded.records
    response = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    return {
        "requestContext": {
            "requestId": request_id,
            "functionArn": function,
            "condition": discarded.condition,
            "approximateInvokeCount": discarded.calls,
        },
        **({"responseContext": response} if called else {}),
        "version": "1.0",
        "timestamp": _iso(now_s),
        "DDBStreamBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": sequence_number(records[0]),
            "endSequenceNumber": sequence_number(records[-1]),
            "approximateArrivalOfFirstRecord": _iso(created_s(records[0])),
            "approximateArrivalOfLastRecord": _iso(created_s(records[-1])),
            "batchSize": len(records),
            "streamArn": stream_arn,
        },
    }


def _iso(epoch_s: float) -> str:
    moment = datetime.datetime.fromtimestamp(epoch_s, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
