"""Stream records: what a stream shows of a change of its table.

`record_of` makes a record of a change, GetRecords shows it as `StreamRecord.json`.

INSERT is of an item that was not there, REMOVE of one that is not any more, MODIFY is every other change. Of keys and
images a record has those that the view of the stream shows and that are there.
"""

import hashlib
from typing import Any, Final, NamedTuple

import attrs
import orjson

from trinamo.model.jsontext import json_default
from trinamo.model.keys import key_of
from trinamo.model.measure import item_size
from trinamo.model.streams import Position, ShardId, Stream
from trinamo.model.values import Item, decode_item, item_json

VERSION: Final = "1.1"  # DynamoDB: with userIdentity
SOURCE: Final = "aws:dynamodb"
SERVICE: Final = "dynamodb.amazonaws.com"  # DynamoDB: who deletes what has expired
_WITH_NEW: Final = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
_WITH_OLD: Final = ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")


class StreamChange(NamedTuple):
    """A change where it is in a shard. `clock` is in microseconds since 1970; items are item bytes, None where none was or is."""

    position: Position
    clock: int
    old: bytes | None
    new: bytes | None
    expired: bool
    """Whether the item's time had come, rather than that a user deleted it."""


@attrs.frozen
class StreamRecord:
    """A change as its stream shows it. Images are item bytes; `created_at` is in seconds."""

    stream: Stream
    event_id: str
    event_name: str
    position: Position
    created_at: int
    keys: Item
    new: bytes | None
    old: bytes | None
    size: int
    expired: bool

    def json(self) -> bytes:
        """The record as GetRecords answers it."""
        inside: dict[str, Any] = {
            "ApproximateCreationDateTime": self.created_at,
            "Keys": self.keys,
            "SequenceNumber": self.position.sequence_number,
            "SizeBytes": self.size,
            "StreamViewType": self.stream.view,
        }
        for name, image in (("NewImage", self.new), ("OldImage", self.old)):
            if image is not None:
                inside[name] = orjson.Fragment(item_json(image))
        record: dict[str, Any] = {
            "eventID": self.event_id,
            "eventName": self.event_name,
            "eventVersion": VERSION,
            "eventSource": SOURCE,
            "awsRegion": self.stream.address.region,
            "dynamodb": inside,
        }
        if self.expired:
            record["userIdentity"] = {"PrincipalId": SERVICE, "Type": "Service"}
        return orjson.dumps(record, default=json_default)


def record_of(stream: Stream, shard: ShardId, change: StreamChange) -> StreamRecord:
    """Return what a stream shows of a change. The same change gives the same record, whoever makes it."""
    position, clock, old, new, expired = change
    image = new if new is not None else old
    assert image is not None, "a change leaves an item or had one"
    keys = key_of(stream.keys, decode_item(image))
    shown_new = new if stream.view in _WITH_NEW else None
    shown_old = old if stream.view in _WITH_OLD else None
    named = f"{stream.arn}/{shard}/{position.sequence_number}"
    return StreamRecord(
        stream=stream,
        event_id=hashlib.md5(named.encode(), usedforsecurity=False).hexdigest(),
        event_name="INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        position=position,
        created_at=clock // 1_000_000,
        keys=keys,
        new=shown_new,
        old=shown_old,
        size=item_size(keys) + _size(shown_new) + _size(shown_old),
        expired=expired,
    )


def _size(image: bytes | None) -> int:
    return 0 if image is None else item_size(decode_item(image))
