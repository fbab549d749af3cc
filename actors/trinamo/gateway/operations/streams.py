"""What the operations on streams share: members of their requests, and how they name a stream and a shard."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.model.errors import stream_not_found, validation
from trinamo.model.shapes import Member, String
from trinamo.model.streams import Stream, read_stream_arn

SHARD_ID: Final = String(28, 65)  # API model: ShardId
STREAM_ARN: Final = String(37, 1024)  # API model: StreamArn


def stream_arn(name: str = "StreamArn", *, required: bool = True) -> Member:
    """Return the member of a request that names a stream."""
    return Member(name, STREAM_ARN, required=required)


async def find_stream(database: Database, arn: str) -> Stream:
    """Return the stream with this ARN, or raise the error of an ARN that is none's."""
    check_stream_arn(arn)
    name = read_stream_arn(arn)
    stream = None if name is None else await database.streams.find(name)
    if stream is None:
        raise stream_not_found(arn)
    return stream


def check_stream_arn(arn: str) -> None:
    """Raise the error of a text that is no stream's ARN."""
    if read_stream_arn(arn) is None:
        raise validation(f"Invalid StreamArn: {arn}")
