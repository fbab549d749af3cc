"""GetRecords: what a shard shows from an iterator on, and the iterator to read on with.

Without a next iterator the shard has ended: it was closed, and nothing is left of it.
"""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.streams import find_stream
from trinamo.model.errors import expired_iterator, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Integer, Member, Request, String, Structure
from trinamo.model.streamrecords import record_of
from trinamo.model.streams import (
    ITERATOR_LIFE_MS,
    RECORDS_MAX,
    RECORDS_SIZE_MAX,
    Position,
    ShardIterator,
    read_iterator,
)

SLICES_MAX: Final = 50  # what changed nothing is no record: there may be much of it, while an index is filled

SHAPE: Final = Structure(
    "GetRecordsInput",
    Member("ShardIterator", String(1, 2048), required=True),
    Member("Limit", Integer(1, RECORDS_MAX)),
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    iterator = read_iterator(request["ShardIterator"])
    if iterator is None:
        raise validation("Invalid ShardIterator")
    streams = database.streams
    if streams.now_ms() - iterator.issued_ms > ITERATOR_LIFE_MS:
        raise expired_iterator()
    stream = await find_stream(database, iterator.stream_arn)
    streams.admit(stream, iterator.shard)
    limit = request.get("Limit", RECORDS_MAX)
    records: list[bytes] = []
    size = 0
    rest: Position | None = iterator.position
    for _ in range(SLICES_MAX):
        if rest is None:
            break
        asked = {"count_max": limit - len(records), "size_max": RECORDS_SIZE_MAX - size}
        piece = await streams.read(stream, iterator.shard, rest, **asked)
        rest = piece.rest
        for change in piece.changes:
            record = record_of(stream, iterator.shard, change)
            if records and size + record.size > RECORDS_SIZE_MAX:
                rest, size = change.position, RECORDS_SIZE_MAX
                break
            size += record.size
            records.append(record.json())
        if piece.caught_up or len(records) >= limit or size >= RECORDS_SIZE_MAX:
            break
    body = b'{"Records":[%b]' % b",".join(records)
    if rest is not None:
        following = ShardIterator(stream.arn, iterator.shard, rest, streams.now_ms())
        body += b',"NextShardIterator":%b' % dump_json(following.encode())
    return body + b"}"


GET_RECORDS: Final = Operation("GetRecords", SHAPE, _perform)
