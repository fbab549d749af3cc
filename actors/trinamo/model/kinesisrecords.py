"""What a Kinesis destination is told of a change, as DynamoDB tells it: JSON, with the images before and after.

    {"awsRegion": ..., "eventID": ..., "eventName": "INSERT" | "MODIFY" | "REMOVE", "userIdentity": null | {...},
     "recordFormat": "application/json", "tableName": ..., "eventSource": "aws:dynamodb",
     "dynamodb": {"ApproximateCreationDateTime": ms or µs, "Keys", "NewImage", "OldImage", "SizeBytes"}}

A change has the same `eventID` whenever it is told again.
"""

import hashlib
from typing import Any, Final, NamedTuple

import orjson

from trinamo.model.jsontext import json_default
from trinamo.model.keys import KeySchema, key_of
from trinamo.model.measure import item_size
from trinamo.model.streamrecords import SERVICE, SOURCE
from trinamo.model.tables import Destination, TableAddress
from trinamo.model.values import decode_item, item_json

FORMAT: Final = "application/json"
MICROSECOND: Final = "MICROSECOND"


class KinesisRecord(NamedTuple):
    """One record of a data stream. Records of the same item have the same key, so the stream keeps their order."""

    key: str
    data: bytes


class KinesisChange(NamedTuple):
    """A change: `place` names it for ever; `clock` is in microseconds; images are item bytes, None where none was or is."""

    place: str
    clock: int
    old: bytes | None
    new: bytes | None
    expired: bool


def kinesis_record(
    address: TableAddress, keys: KeySchema, destination: Destination, change: KinesisChange
) -> KinesisRecord:
    """Return what a destination is told of a change."""
    place, clock, old, new, expired = change
    image = new if new is not None else old
    assert image is not None, "a change leaves an item or had one"
    key = key_of(keys, decode_item(image))
    precise = destination.precision == MICROSECOND
    inside: dict[str, Any] = {"ApproximateCreationDateTime": clock if precise else clock // 1000}
    if destination.precision is not None:
        inside["ApproximateCreationDateTimePrecision"] = destination.precision
    inside["Keys"] = key
    size = item_size(key)
    for name, shown in (("NewImage", new), ("OldImage", old)):
        if shown is not None:
            inside[name] = orjson.Fragment(item_json(shown))
            size += item_size(decode_item(shown))
    inside["SizeBytes"] = size
    digits = hashlib.md5(f"{address.arn}/{place}".encode(), usedforsecurity=False).hexdigest()
    record = {
        "awsRegion": address.region,
        "eventID": "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]),
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "userIdentity": {"principalId": SERVICE, "type": "Service"} if expired else None,
        "recordFormat": FORMAT,
        "tableName": address.name,
        "dynamodb": inside,
        "eventSource": SOURCE,
    }
    named = orjson.dumps(key, default=json_default, option=orjson.OPT_SORT_KEYS)
    return KinesisRecord(
        hashlib.md5(named, usedforsecurity=False).hexdigest(), orjson.dumps(record, default=json_default)
    )
