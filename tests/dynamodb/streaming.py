"""Streams as their readers use them: shards, iterators, and everything that a stream shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from dynamodb import clients

Record = dict[str, Any]


@attrs.frozen
class StreamReader:
    """One stream, and the client that reads it."""

    client: Any
    arn: str

    def described(self, **request: Any) -> dict[str, Any]:
        answer = self.client.describe_stream(StreamArn=self.arn, **request)
        description: dict[str, Any] = answer["StreamDescription"]
        return description

    def shards(self) -> list[dict[str, Any]]:
        """All shards, page by page."""
        page = self.described()
        shards = list(page["Shards"])
        while "LastEvaluatedShardId" in page:
            page = self.described(ExclusiveStartShardId=page["LastEvaluatedShardId"])
            shards += page["Shards"]
        return shards

    @property
    def last_shard(self) -> str:
        shard: str = self.shards()[-1]["ShardId"]
        return shard

    def iterator(self, shard: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        answer = self.client.get_shard_iterator(
            StreamArn=self.arn, ShardId=shard, ShardIteratorType=kind, **more
        )
        iterator: str = answer["ShardIterator"]
        return iterator

    def read(self, iterator: str | None, **more: Any) -> list[Record]:
        """Read on until nothing more is there."""
        records: list[Record] = []
        while iterator is not None:
            answer = self.client.get_records(ShardIterator=iterator, **more)
            records += answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return records

    def records(self, shard: str | None = None) -> list[Record]:
        """All records of one shard, or of all in the order in which they began."""
        shards = [each["ShardId"] for each in self.shards()] if shard is None else [shard]
        return [record for each in shards for record in self.read(self.iterator(each))]


def latest_stream(client: Any, streams: Any, table: str) -> StreamReader:
    described = client.describe_table(TableName=table)["Table"]
    return StreamReader(streams, described["LatestStreamArn"])


def specification(view: str | None) -> dict[str, Any]:
    if view is None:
        return {"StreamSpecification": {"StreamEnabled": False}}
    return {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}}


def created(
    client: Any, streams: Any, name: str, view: str = "NEW_AND_OLD_IMAGES", **more: Any
) -> StreamReader:
    """Create a table with pk (string) and sk (number), and return its stream."""
    clients.create_table(client, name, sort_type="N", **specification(view), **more)
    return latest_stream(client, streams, name)


@contextmanager
def streamed(
    client: Any, streams: Any, name: str, view: str = "NEW_AND_OLD_IMAGES", **more: Any
) -> Iterator[StreamReader]:
    """The stream of such a table, which is there while the context is open."""
    yield created(client, streams, name, view, **more)
    client.delete_table(TableName=name)


def sequence_number(record: Record) -> int:
    return int(record["dynamodb"]["SequenceNumber"])
