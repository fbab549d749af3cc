"""GetShardIterator: where in a shard to begin to read."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.streams import SHARD_ID, find_stream, stream_arn
from trinamo.model.errors import shard_not_found, trimmed_data_access, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Member, Request, String, Structure, Timestamp
from trinamo.model.streams import Position, Shard, ShardIterator, Stream, read_sequence_number, read_shard_id

SHAPE: Final = Structure(
    "GetShardIteratorInput",
    stream_arn(),
    Member("ShardId", SHARD_ID, required=True),
    Member(
        "ShardIteratorType",
        String(
            one_of=("AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON", "AT_TIMESTAMP")
        ),
        required=True,
    ),
    Member("SequenceNumber", String(21, 40)),
    Member("Timestamp", Timestamp()),
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    _check_companions(request)
    stream = await find_stream(database, request["StreamArn"])
    shard_id = read_shard_id(request["ShardId"])
    shard = None if shard_id is None else await database.streams.shard(stream, shard_id)
    if shard is None:
        raise shard_not_found(request["ShardId"], stream.arn)
    position = await _position(database, stream, shard, request)
    iterator = ShardIterator(stream.arn, shard.id, position, database.streams.now_ms())
    return dump_json({"ShardIterator": iterator.encode()})


def _check_companions(request: Request) -> None:
    """Raise the error of a type that needs what was not said."""
    kind = request["ShardIteratorType"]
    needed = {
        "AT_SEQUENCE_NUMBER": "SequenceNumber",
        "AFTER_SEQUENCE_NUMBER": "SequenceNumber",
        "AT_TIMESTAMP": "Timestamp",
    }.get(kind)
    if needed is not None and needed not in request:
        raise validation(f"ShardIteratorType {kind} requires a {needed}")


async def _position(database: Database, stream: Stream, shard: Shard, request: Request) -> Position:
    match request["ShardIteratorType"]:
        case "TRIM_HORIZON":
            return shard.oldest
        case "LATEST":
            return shard.coming
        case "AT_TIMESTAMP":
            found = await database.streams.first_since(stream, shard.id, request["Timestamp"])
            return max(found, shard.oldest)
        case kind:
            position = _numbered(shard, request["SequenceNumber"])
            return position if kind == "AT_SEQUENCE_NUMBER" else position.after


def _numbered(shard: Shard, number: str) -> Position:
    position = read_sequence_number(number)
    if position is None or not shard.start <= position <= shard.coming:
        raise validation(f"Invalid SequenceNumber: {number} is not in shard {shard.id}")
    if position < shard.oldest:
        raise trimmed_data_access()
    return position


GET_SHARD_ITERATOR: Final = Operation("GetShardIterator", SHAPE, _perform)
