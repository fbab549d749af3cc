"""A Kinesis over HTTP that keeps what is put into it, and fails as it is told."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/"


class Kinesis:
    """Data streams by name, each a list of partition keys and records in the order in which they were put."""

    def __init__(self, *names: str) -> None:
        self.streams: dict[str, list[tuple[str, dict[str, Any]]]] = {name: [] for name in names}
        self.headers: list[dict[str, str]] = []
        self.calls: list[str] = []
        self.failures = 0
        """How many of the next calls are answered with a 500."""
        self.away = False
        self.throttled: list[set[int]] = []
        """Positions that the next calls of PutRecords do not take, call by call."""
        self.url = ""

    def records(self, name: str) -> list[dict[str, Any]]:
        return [record for _, record in self.streams[name]]

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, Any]:
        self.calls.append(operation)
        if self.away or self.failures:
            self.failures = max(0, self.failures - 1)
            return 500, {"__type": "InternalFailure", "message": "away"}
        name = request["StreamName"]
        assert request["StreamARN"] == ARN + name
        if name not in self.streams:
            return 400, {"__type": "ResourceNotFoundException", "message": f"Stream {name} not found."}
        if operation == "DescribeStreamSummary":
            return 200, {"StreamDescriptionSummary": {"StreamName": name, "StreamStatus": "ACTIVE"}}
        assert operation == "PutRecords"
        return 200, self._put(name, request["Records"])

    def _put(self, name: str, records: list[dict[str, Any]]) -> dict[str, Any]:
        assert 1 <= len(records) <= 500
        throttled = self.throttled.pop(0) if self.throttled else set()
        told: list[dict[str, Any]] = []
        for position, record in enumerate(records):
            if position in throttled:
                told.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"})
            else:
                self.streams[name].append((record["PartitionKey"], json.loads(b64decode(record["Data"]))))
                told.append(
                    {"SequenceNumber": str(len(self.streams[name])), "ShardId": "shardId-000000000000"}
                )
        return {"FailedRecordCount": len(throttled), "Records": told}


@contextmanager
def serving_kinesis(*names: str) -> Iterator[Kinesis]:
    kinesis = Kinesis(*names)

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kinesis.headers.append({name.lower(): value for name, value in self.headers.items()})
            operation = self.headers["X-Amz-Target"].removeprefix("Kinesis_20131202.")
            status, reply = kinesis.answer(operation, json.loads(body))
            text = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        kinesis.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield kinesis
        finally:
            server.shutdown()
            thread.join()
