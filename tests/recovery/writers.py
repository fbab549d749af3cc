"""Writers that know what was promised to them: what must be there, what may be there, what must not be.

Each writer is a thread with items of its own, so nobody's writes hide another's. A request without a definite answer
(an error of the server, a broken connection) may have happened and may not: such writes are only *possible*.

What a history promises (PROTOCOLS: outcomes):

1. A number that was acknowledged and not deleted since is there, and with all of its bytes.
2. A number whose writing and then deletion was acknowledged is not there.
3. A number that was never sent is not there.
4. The register holds the number of its last acknowledged write, or of an indefinite one, which may happen any time.
"""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
from botocore.exceptions import BotoCoreError, ClientError

from dynamodb.clients import connect, every_item

REGISTER = -1
DELETE_EVERY, DELETE_AFTER = 5, 8
BATCH_EVERY, BATCH_SIZE = 7, 10
PAYLOAD_SIZE = 300
JOIN_SECONDS_MAX = 30.0
PAUSE_SECONDS = 0.01  # behind a failure, so that a dead server is not asked as fast as it refuses


def payload(name: str, number: int) -> str:
    """Text that only this item has, so that a mixture of two items is noticed."""
    seed = hashlib.sha256(f"{name}/{number}".encode()).hexdigest()
    return seed * (PAYLOAD_SIZE // len(seed) + 1)


def record(name: str, number: int, sort: int | None = None) -> dict[str, Any]:
    return {
        "pk": {"S": name},
        "sk": {"N": str(number if sort is None else sort)},
        "number": {"N": str(number)},
        "payload": {"S": payload(name, number)},
    }


@attrs.define
class History:
    """One writer's promises."""

    name: str
    sent: set[int] = attrs.field(factory=set)
    stored: set[int] = attrs.field(factory=set)
    """Acknowledged, and no deletion sent since."""
    deleted: set[int] = attrs.field(factory=set)
    """Acknowledged, and its deletion too."""
    register_acknowledged: int = REGISTER
    register_possible: set[int] = attrs.field(factory=set)
    acknowledged_at: list[float] = attrs.field(factory=list)
    failures: list[str] = attrs.field(factory=list)

    def faults(self, items: list[dict[str, Any]]) -> list[str]:
        """Return in which ways the items found break what was promised."""
        found = {int(item["sk"]["N"]): item for item in items}
        register = found.pop(REGISTER, None)
        wrong = [f"{self.name}/{number} is lost" for number in sorted(self.stored - found.keys())]
        wrong += [f"{self.name}/{number} is back" for number in sorted(self.deleted & found.keys())]
        wrong += [f"{self.name}/{number} was never sent" for number in sorted(found.keys() - self.sent)]
        wrong += [
            f"{self.name}/{number} is not as it was sent"
            for number, item in found.items()
            if item != record(self.name, number)
        ]
        return wrong + self._register_faults(register)

    def _register_faults(self, register: dict[str, Any] | None) -> list[str]:
        number = REGISTER if register is None else int(register["number"]["N"])
        allowed = {self.register_acknowledged, *self.register_possible}
        if number not in allowed:
            return [f"{self.name}'s register holds {number}, not one of {sorted(allowed)}"]
        if register is not None and register != record(self.name, number, REGISTER):
            return [f"{self.name}'s register is half of something: {register}"]
        return []


class Writer:
    """Writes in a loop until told to stop: numbers one by one and in batches, deletions, a register."""

    def __init__(self, client: Any, table: str, history: History, stop: threading.Event) -> None:
        self._client = client
        self._table = table
        self._stop = stop
        self.history = history
        self.thread = threading.Thread(target=self._run, name=history.name, daemon=True)

    def _run(self) -> None:
        number = max(self.history.sent, default=REGISTER) + 1
        while not self._stop.is_set():
            if number % BATCH_EVERY == 0:
                self._put_batch(range(number, number + BATCH_SIZE))
                number += BATCH_SIZE
            else:
                self._put(number)
                number += 1
            self._write_register(number)
            if number % DELETE_EVERY == 0 and number > DELETE_AFTER:
                self._delete(number - DELETE_AFTER)

    def _put(self, number: int) -> None:
        history = self.history
        history.sent.add(number)
        if self._call(self._client.put_item, Item=record(history.name, number)):
            history.stored.add(number)

    def _put_batch(self, numbers: range) -> None:
        history = self.history
        history.sent.update(numbers)
        puts = [{"PutRequest": {"Item": record(history.name, number)}} for number in numbers]
        try:
            answer = self._client.batch_write_item(RequestItems={self._table: puts})
        except (ClientError, BotoCoreError) as error:
            self._failed(error)
            return
        left = answer["UnprocessedItems"].get(self._table, [])
        unprocessed = {int(put["PutRequest"]["Item"]["sk"]["N"]) for put in left}
        history.stored.update(set(numbers) - unprocessed)

    def _delete(self, number: int) -> None:
        history = self.history
        was_stored = number in history.stored
        history.stored.discard(number)
        key = {name: record(history.name, number)[name] for name in ("pk", "sk")}
        if self._call(self._client.delete_item, Key=key) and was_stored:
            history.deleted.add(number)

    def _write_register(self, number: int) -> None:
        history = self.history
        if self._call(self._client.put_item, Item=record(history.name, number, REGISTER)):
            history.register_acknowledged = number
        else:
            history.register_possible.add(number)

    def _call(self, operation: Any, **request: Any) -> bool:
        """Whether the write was acknowledged."""
        try:
            operation(TableName=self._table, **request)
        except (ClientError, BotoCoreError) as error:
            self._failed(error)
            return False
        self.history.acknowledged_at.append(time.monotonic())
        return True

    def _failed(self, error: Exception) -> None:
        self.history.failures.append(repr(error))
        self._stop.wait(PAUSE_SECONDS)


@contextmanager
def writing(url: str, table: str, histories: list[History], read_seconds: float = 5.0) -> Iterator[None]:
    """Write from one thread for each history; on leaving, wait until all have their last answer."""
    client = connect(url, read_seconds=read_seconds, connections=len(histories))
    stop = threading.Event()
    writers = [Writer(client, table, history, stop) for history in histories]
    for writer in writers:
        writer.thread.start()
    try:
        yield
    finally:
        stop.set()
        for writer in writers:
            writer.thread.join(JOIN_SECONDS_MAX)
            assert not writer.thread.is_alive(), f"{writer.history.name} still waits for an answer"
        client.close()


def broken_promises(client: Any, table: str, histories: list[History]) -> list[str]:
    """Return what strongly consistent reads show that breaks the promises made to the writers."""
    return [
        fault
        for history in histories
        for fault in history.faults(
            every_item(
                client.query,
                TableName=table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": history.name}},
                ConsistentRead=True,
            )
        )
    ]
