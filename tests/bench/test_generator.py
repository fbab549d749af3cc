"""The load generator counts what it should, against servers that misbehave on purpose."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from trinamo.bench import payload, rounds, systems
from trinamo.bench.generator import Answerless, Connections, Load, generate, percentile_ms

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Reply = Callable[[socket.socket], None]


def send(*pieces: bytes) -> Reply:
    def reply(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return reply


@contextmanager
def server(reply: Reply) -> Iterator[int]:
    """Answers every request of every connection with `reply`, one thread a connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    # A thread in accept() is not woken by close(), but by shutdown().
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while connection.recv(65536):
                    reply(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    door = threading.Thread(target=accept)
    door.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        door.join(5)
        listener.close()
        for thread in threads:
            thread.join(5)


def fill(port: int, operation: str = "put", connections: int = 3) -> Load:
    return Load("127.0.0.1", port, operation, connections)


def test_without_seconds_every_request_is_sent_once() -> None:
    with server(send(GOOD)) as port:
        sample = generate(fill(port))
    assert (sample.requests, sample.errors) == (payload.KEYS, 0)
    assert 0 < sample.p50_ms <= sample.p99_ms


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"],
        [b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 2\r\n\r\n{}"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
        [GOOD[:20], GOOD[20:-1], GOOD[-1:]],
    ],
    ids=["lower case", "upper case", "chunked", "in pieces"],
)
def test_an_answer_counts_once_whatever_its_form(pieces: list[bytes]) -> None:
    with server(send(*pieces)) as port:
        sample = generate(fill(port))
    assert (sample.requests, sample.errors) == (payload.KEYS, 0)


def test_what_is_not_a_200_is_an_error_and_the_first_is_quoted() -> None:
    with server(send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\n\r\n{no 1}")) as port:
        sample = generate(fill(port))
    assert (sample.requests, sample.errors) == (0, payload.KEYS)
    assert "400" in sample.first_error
    assert "{no 1}" in sample.first_error


@pytest.mark.parametrize("operation", ["get", "query"])
def test_a_read_that_returns_no_item_is_an_error(operation: str) -> None:
    with server(send(GOOD)) as port:
        sample = generate(fill(port, operation))
    assert (sample.requests, sample.errors) == (0, payload.KEYS)


def test_a_server_that_closes_every_connection_ends_the_measurement() -> None:
    with (
        server(lambda connection: connection.shutdown(socket.SHUT_RDWR)) as port,
        pytest.raises(Answerless, match="closing"),
    ):
        generate(fill(port))


def test_a_lost_connection_is_an_error_and_is_replaced() -> None:
    lost = iter([True])

    def reply(connection: socket.socket) -> None:
        if next(lost, False):
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(GOOD)

    with server(reply) as port:
        sample = generate(fill(port, connections=1))
    assert (sample.requests, sample.errors) == (payload.KEYS - 1, 1)


def test_an_answer_without_a_length_is_refused() -> None:
    with (
        server(send(b"HTTP/1.1 200 OK\r\n\r\n{}")) as port,
        pytest.raises(Answerless, match="Content-Length"),
    ):
        generate(fill(port))


def test_an_incomplete_answer_has_no_size_yet() -> None:
    connections = Connections(("127.0.0.1", 1), iter([]), 0)
    try:
        sizes = [connections.body_size(GOOD[:length]) for length in range(1, len(GOOD) + 1)]
    finally:
        connections.close()
    assert sizes == [-1] * (len(GOOD) - 1) + [2]


def test_the_null_server_answers_all_operations_as_the_generator_demands() -> None:
    with systems.ceiling() as null:
        for operation in payload.OPERATIONS:
            load = Load(null.host, null.port, operation, 4, seconds=0.1, warmup_seconds=0.05)
            sample = rounds.generate(load, null.name)
            assert sample.errors == 0
            assert sample.requests > 50
            assert sample.seconds == pytest.approx(0.1, abs=0.1)


def test_percentiles_are_of_the_ordered_latencies() -> None:
    latencies = [number / 1000 for number in range(1, 101)]
    assert percentile_ms(latencies, 0.50) == pytest.approx(51)
    assert percentile_ms(latencies, 0.99) == pytest.approx(100)
    assert percentile_ms([0.002], 0.99) == pytest.approx(2)
    assert percentile_ms([], 0.5) == 0
