"""Kinesis behind a URL: AWS's, or one of those that run locally.

Requests are signed with the keys of the environment (`AWS_ACCESS_KEY_ID`, …), or with some of no value, which is enough for
servers that only look whether a request is signed.
"""

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from trinamo.cluster import NoSink, Sink, SinkFailed
from trinamo.model.kinesisrecords import KinesisRecord
from trinamo.model.signing import Credentials, sign, stamp
from trinamo.world import Clock

if TYPE_CHECKING:
    import httpx

TARGET: Final = "Kinesis_20131202"
RECORDS_MAX: Final = 500  # Kinesis: of one PutRecords ...
BYTES_MAX: Final = 5 << 20  # ... which together, with their keys, are 5 MiB
TIMEOUT_S: Final = 10.0
_READY: Final = ("ACTIVE", "UPDATING")


def sink_of(endpoint: str | None) -> Callable[[Clock], Sink]:
    """Return what makes the sink of a node: data streams behind a URL, or none."""
    if endpoint is None:
        return lambda _: NoSink()
    return partial(KinesisSink, endpoint)


def _credentials() -> Credentials:
    get = os.environ.get
    return Credentials(
        get("AWS_ACCESS_KEY_ID", "trinamo"),
        get("AWS_SECRET_ACCESS_KEY", "trinamo"),
        get("AWS_SESSION_TOKEN"),
    )


class KinesisSink:
    """A `trinamo.cluster.deliveries.Sink`."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url.rstrip("/") + "/"
        self._clock = clock
        self._credentials = _credentials()

    def __repr__(self) -> str:
        return f"<KinesisSink {self._url}>"

    async def problem(self, stream_arn: str) -> str | None:
        try:
            answer = await self._ask("DescribeStreamSummary", stream_arn, _named(stream_arn))
        except SinkFailed as error:
            return str(error)
        status = answer.get("StreamDescriptionSummary", {}).get("StreamStatus")
        return None if status in _READY else f"{stream_arn} is {status}"

    async def put(self, stream_arn: str, records: Sequence[KinesisRecord]) -> Sequence[int]:
        refused: list[int] = []
        first = 0
        for part in _parts(records):
            body = _named(stream_arn) | {
                "Records": [
                    {"Data": b64encode(record.data).decode(), "PartitionKey": record.key} for record in part
                ]
            }
            answer = await self._ask("PutRecords", stream_arn, body)
            told = answer.get("Records")
            if not isinstance(told, list) or len(told) != len(part):
                raise SinkFailed(f"{self._url} did not say what became of the records")
            refused += [first + position for position, each in enumerate(told) if each.get("ErrorCode")]
            first += len(part)
            if refused:
                return [*refused, *range(first, len(records))]  # what comes behind must not overtake
        return refused

    async def _ask(self, operation: str, stream_arn: str, tree: dict[str, Any]) -> dict[str, Any]:
        import httpx  # 50 ms of a start, only for those who need it

        body = orjson.dumps(tree)
        try:
            headers = {
                "host": httpx.URL(self._url).netloc.decode(),
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": f"{TARGET}.{operation}",
            }
            region = stream_arn.split(":")[3]
            at = stamp(self._clock.wall())
            signed = sign(headers, body, self._credentials, region, at, service="kinesis")
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                answer = await client.post(self._url, content=body, headers=signed)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SinkFailed(f"{self._url}: {type(error).__name__}: {error}") from error
        return _read(answer)


def _read(answer: "httpx.Response") -> dict[str, Any]:
    try:
        tree = orjson.loads(answer.content)
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise SinkFailed(f"{answer.url} answered {answer.status_code}")
    if not answer.is_success:
        code = str(tree.get("__type", answer.status_code)).rpartition("#")[2]
        raise SinkFailed(f"{code}: {tree.get('message', tree.get('Message', ''))}")
    return tree


def _named(stream_arn: str) -> dict[str, Any]:
    return {"StreamARN": stream_arn, "StreamName": stream_arn.rpartition("/")[2]}


def _parts(records: Sequence[KinesisRecord]) -> Iterator[Sequence[KinesisRecord]]:
    part: list[KinesisRecord] = []
    size = 0
    for record in records:
        its_size = len(record.data) + len(record.key)
        if part and (len(part) == RECORDS_MAX or size + its_size > BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(record)
        size += its_size
    if part:
        yield part
