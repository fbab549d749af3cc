"""DescribeStream: what a stream is, and its shards in the order of their ids, a page at a time.

With a filter it shows the shards that go on from one shard.
"""

from typing import Any, Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.streams import SHARD_ID, find_stream, stream_arn
from trinamo.model.description import key_schema
from trinamo.model.errors import validation
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Integer, Member, Request, String, Structure
from trinamo.model.streams import SHARDS_MAX, Shard

_FILTER: Final = Structure(
    "ShardFilter", Member("Type", String(one_of=("CHILD_SHARDS",))), Member("ShardId", SHARD_ID)
)
SHAPE: Final = Structure(
    "DescribeStreamInput",
    stream_arn(),
    Member("Limit", Integer(1, SHARDS_MAX)),
    Member("ExclusiveStartShardId", SHARD_ID),
    Member("ShardFilter", _FILTER),
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    wanted = request.get("ShardFilter")
    if wanted is not None and len(wanted) < 2:
        raise validation("ShardFilter requires both Type and ShardId")
    stream = await find_stream(database, request["StreamArn"])
    limit = request.get("Limit", SHARDS_MAX)
    after = request.get("ExclusiveStartShardId", "")
    shards = [
        shard
        for shard in await database.streams.shards(stream)
        if str(shard.id) > after and (wanted is None or str(shard.parent) == wanted["ShardId"])
    ]
    page = shards[:limit]
    description: dict[str, Any] = {
        "StreamArn": stream.arn,
        "StreamLabel": stream.label,
        "StreamStatus": stream.status.value,
        "StreamViewType": stream.view,
        "CreationRequestDateTime": stream.created_at,
        "TableName": stream.address.name,
        "KeySchema": key_schema((stream.keys.partition,), stream.keys.attributes[1:]),
        "Shards": [_described(shard) for shard in page],
    }
    if len(shards) > limit:
        description["LastEvaluatedShardId"] = str(page[-1].id)
    return dump_json({"StreamDescription": description})


def _described(shard: Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": shard.start.sequence_number}
    if shard.end is not None:
        numbers["EndingSequenceNumber"] = shard.end.sequence_number
    described: dict[str, Any] = {"ShardId": str(shard.id), "SequenceNumberRange": numbers}
    if shard.parent is not None:
        described["ParentShardId"] = str(shard.parent)
    return described


DESCRIBE_STREAM: Final = Operation("DescribeStream", SHAPE, _perform)
