"""The load generator: pre-rendered requests over kept-alive connections, as cheaply as Python can.

It runs as a process of its own (`python -m trinamo.bench.generator`, a `Load` as JSON on stdin, a `Sample` on
stdout), so that it takes no time from the interpreter of who is measured. Each connection has one request in flight
(a closed loop, as the SDKs'). Of an answer it reads the status, the Content-Length and the size: what is not a 200 of
at least the expected size is an error, is counted, and the first one is quoted.

A latency runs from before the write of a request to after the read of the last byte of its answer.
"""

import gc
import itertools
import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator

import attrs

from trinamo.bench import payload

RECEIVE_SIZE = 65536
# A server that says nothing for so long is not coming back.
SILENCE_SECONDS_MAX = 10.0
# Each request once: a hundred thousand items are put in this time at a few hundred a second.
LAP_SECONDS_MAX = 300.0
# More lost connections than this are no accident: the measurement ends.
LOST_MAX = 100


@attrs.frozen
class Load:
    """What to send. Without `seconds` each request is sent once; with it, they are repeated for so long."""

    host: str
    port: int
    operation: str
    connections: int
    seconds: float | None = None
    warmup_seconds: float = 0.0
    items: int = payload.KEYS
    orders: int = payload.ORDERS


@attrs.frozen
class Sample:
    """What came back. Rates and latencies count good answers only."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int
    first_error: str

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


class Answerless(Exception):
    """The server closes connections or keeps silent; nothing can be measured."""


@attrs.define
class Connections:
    """Sockets by file descriptor, and what has come back on them so far."""

    address: tuple[str, int]
    requests: Iterator[bytes]
    body_size_min: int
    poll: select.epoll = attrs.field(factory=select.epoll)
    sockets: dict[int, socket.socket] = attrs.field(factory=dict)
    sent: dict[int, float] = attrs.field(factory=dict)
    partial: dict[int, bytes] = attrs.field(factory=dict)
    latencies: list[float] = attrs.field(factory=list)
    length_name: bytes = b"ontent-Length: "
    lost: int = 0
    errors: int = 0
    first_error: str = ""

    def open(self, count: int) -> None:
        for _ in range(count):
            self.open_one()

    def open_one(self) -> None:
        connection = socket.create_connection(self.address, timeout=SILENCE_SECONDS_MAX)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sockets[connection.fileno()] = connection
        self.poll.register(connection, select.EPOLLIN)
        self.send_next(connection.fileno())

    def send_next(self, fd: int) -> None:
        request = next(self.requests, None)
        if request is None:
            self.forget(fd)
            return
        self.sent[fd] = time.perf_counter()
        self.sockets[fd].sendall(request)

    def forget(self, fd: int) -> None:
        self.poll.unregister(fd)
        self.partial.pop(fd, None)
        self.sockets.pop(fd).close()

    def close(self) -> None:
        for fd in list(self.sockets):
            self.forget(fd)
        self.poll.close()

    def restart_counting(self) -> None:
        self.latencies.clear()
        self.errors = 0
        self.first_error = ""

    def run_until(self, deadline: float) -> None:
        """Answer every answer with the next request until `deadline`, or until there are no more requests.

        This is the hot loop: everything it touches is a local, and it makes two system calls a request.
        """
        read, write, clock, poll = os.read, os.write, time.perf_counter, self.poll.poll
        sent, partial, latencies, requests = self.sent, self.partial, self.latencies, self.requests
        body_size_min, now = self.body_size_min, clock()
        while self.sockets and now < deadline:
            ready = poll(SILENCE_SECONDS_MAX)
            if not ready:
                raise Answerless(f"no answer within {SILENCE_SECONDS_MAX:.0f} s")
            for fd, _ in ready:
                try:
                    answer = read(fd, RECEIVE_SIZE)
                except ConnectionResetError:
                    answer = b""
                now = clock()
                if not answer:
                    self.replace_lost(fd)
                    continue
                if partial:
                    answer = partial.pop(fd, b"") + answer
                size = self.body_size(answer)
                if size < 0:
                    partial[fd] = answer
                    continue
                if answer[9:12] == b"200" and size >= body_size_min:
                    latencies.append(now - sent[fd])
                else:
                    self.count_error(answer)
                request = next(requests, None)
                if request is None:
                    self.forget(fd)
                    continue
                sent[fd] = now
                # One request in flight and a few hundred bytes: the socket's buffer always has room.
                write(fd, request)

    def body_size(self, answer: bytes) -> int:
        """The size of the body, or -1 while there is more to come."""
        start = answer.find(self.length_name)
        head_size = answer.find(b"\r\n\r\n") + 4
        if head_size < 4:
            return -1
        if start < 0:
            return self.odd_body_size(answer, head_size)
        size = int(answer[start + 15 : answer.index(b"\r", start)])
        return size if len(answer) >= head_size + size else -1

    def odd_body_size(self, answer: bytes, head_size: int) -> int:
        """Content-Length in another spelling, which is then looked for first, or a chunked body."""
        head = answer[:head_size]
        start = head.lower().find(b"\r\ncontent-length: ")
        if start >= 0:
            self.length_name = head[start + 3 : start + 18]
            return self.body_size(answer)
        if b"chunked" in head.lower():
            return len(answer) - head_size if answer.endswith(b"0\r\n\r\n") else -1
        raise Answerless(f"an answer without Content-Length: {head!r}")

    def count_error(self, answer: bytes) -> None:
        self.errors += 1
        self.first_error = self.first_error or answer[:15].decode(errors="replace") + " … " + answer[
            -200:
        ].decode(errors="replace")

    def replace_lost(self, fd: int) -> None:
        self.forget(fd)
        self.errors += 1
        self.lost += 1
        self.first_error = self.first_error or "connection closed by the server"
        if self.lost > LOST_MAX:
            raise Answerless("the server keeps closing connections")
        self.open_one()


def generate(load: Load) -> Sample:
    """Apply a load and measure it."""
    rendered = payload.requests(load.operation, f"{load.host}:{load.port}", load.items, load.orders)
    connections = Connections(
        address=(load.host, load.port),
        requests=iter(rendered) if load.seconds is None else itertools.cycle(rendered),
        body_size_min=payload.answer_size_min(load.operation),
    )
    gc.disable()
    try:
        connections.open(load.connections)
        return measure(connections, load)
    finally:
        connections.close()


def measure(connections: Connections, load: Load) -> Sample:
    clock: Callable[[], float] = time.perf_counter
    connections.run_until(clock() + load.warmup_seconds)
    if load.seconds is not None:
        connections.restart_counting()
    start = clock()
    connections.run_until(start + (load.seconds or LAP_SECONDS_MAX))
    seconds = clock() - start
    if load.seconds is None and connections.sockets:
        raise Answerless(f"not all requests answered within {LAP_SECONDS_MAX:.0f} s")
    latencies = sorted(connections.latencies)
    return Sample(
        requests=len(latencies),
        seconds=seconds,
        p50_ms=percentile_ms(latencies, 0.50),
        p99_ms=percentile_ms(latencies, 0.99),
        errors=connections.errors,
        first_error=connections.first_error,
    )


def percentile_ms(ordered: list[float], share: float) -> float:
    """The latency that `share` of the requests did not exceed."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def main() -> int:
    load = Load(**json.load(sys.stdin))
    try:
        sample = generate(load)
    except (Answerless, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    json.dump(attrs.asdict(sample), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
