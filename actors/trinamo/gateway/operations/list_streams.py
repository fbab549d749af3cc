"""ListStreams: the streams of an account in a Region, or of one table, in the order of their ARNs, a page at a time."""

from typing import Any, Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.streams import check_stream_arn, stream_arn
from trinamo.model.jsontext import dump_json
from trinamo.model.limits import TABLE_NAME_LENGTH_MIN
from trinamo.model.shapes import Integer, Member, Request, Structure, TableName
from trinamo.model.streams import SHARDS_MAX
from trinamo.model.tables import table_address

SHAPE: Final = Structure(
    "ListStreamsInput",
    Member("TableName", TableName(TABLE_NAME_LENGTH_MIN)),
    Member("Limit", Integer(1, SHARDS_MAX)),
    stream_arn("ExclusiveStartStreamArn", required=False),
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    limit = request.get("Limit", SHARDS_MAX)
    after = request.get("ExclusiveStartStreamArn", "")
    if after:
        check_stream_arn(after)
    named = request.get("TableName")
    wanted = None if named is None else table_address(named, *caller).name
    found = [
        stream
        for stream in await database.streams.every(*caller)
        if stream.arn > after and wanted in (None, stream.address.name)
    ]
    page = found[:limit]
    answer: dict[str, Any] = {
        "Streams": [
            {"StreamArn": stream.arn, "TableName": stream.address.name, "StreamLabel": stream.label}
            for stream in page
        ]
    }
    if len(found) > limit:
        answer["LastEvaluatedStreamArn"] = page[-1].arn
    return dump_json(answer)


LIST_STREAMS: Final = Operation("ListStreams", SHAPE, _perform)
