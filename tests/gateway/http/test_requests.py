"""Claims about requests out of bytes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.conversation import post
from trinamo.gateway.http.requests import (
    BODY_SIZE_MAX,
    CHUNKS_MAX,
    HEAD_SIZE_MAX,
    HEADERS_MAX,
    RECEIVE_SIZE,
    HttpRequest,
    RequestReader,
)

CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(*pieces: bytes) -> RequestReader:
    reader = RequestReader()
    for piece in pieces:
        reader.receive(piece)
    return reader


def facts(request: HttpRequest) -> tuple[bytes, bytes, dict[bytes, bytes], bytes, bool]:
    return request.method, request.url, request.headers, request.body, request.keep_alive


def cut(raw: bytes, size: int) -> list[bytes]:
    return [raw[start : start + size] for start in range(0, len(raw), size)]


SERIES = (
    post(body=b'{"a":1}') + b"GET /x HTTP/1.1\r\n\r\n" + CHUNKED + b"2\r\n{}\r\n0\r\nT: 1\r\n\r\n" + post()
)


@given(st.lists(st.integers(0, len(SERIES)), max_size=20))
def test_requests_are_the_same_however_their_bytes_are_cut(cuts: list[int]) -> None:
    whole = [facts(request) for request in read(SERIES).requests]
    edges = [0, *sorted(cuts), len(SERIES)]
    pieces = [SERIES[start:end] for start, end in itertools.pairwise(edges)]
    assert [facts(request) for request in read(*pieces).requests] == whole
    assert [body for *_, body, _ in whole] == [b'{"a":1}', b"", b"{}", b"{}"]


def test_a_header_is_found_under_any_spelling() -> None:
    for name in (b"X-Amz-Target", b"x-amz-target", b"X-AMZ-TARGET"):
        [request] = read(b"POST / HTTP/1.1\r\n" + name + b": there\r\n\r\n").requests
        assert request.header(b"x-amz-target") == b"there"
        assert request.headers[request.layout.amz_target] == b"there"
        assert request.header(b"origin") is None


def test_of_two_headers_of_one_name_the_first_counts() -> None:
    [request] = read(b"POST / HTTP/1.1\r\nOrigin: a\r\nOrigin: b\r\n\r\n").requests
    assert request.header(b"origin") == b"a"


def test_trailers_do_not_change_the_head_nor_the_next_request() -> None:
    trailing = CHUNKED + b"2\r\n{}\r\n0\r\nOrigin: evil\r\nHost: other\r\n\r\n"
    first, second = read(trailing + b"GET / HTTP/1.1\r\n\r\n").requests
    assert first.header(b"origin") is None
    assert first.header(b"host") == b"h"
    assert second.headers == {}


def test_a_request_is_partial_from_its_first_byte_to_its_last() -> None:
    reader = RequestReader()
    assert not reader.partial
    for byte in cut(post(), 1)[:-1]:
        reader.receive(byte)
        assert reader.partial
    reader.receive(post()[-1:])
    assert not reader.partial
    assert len(reader.requests) == 1


@pytest.mark.parametrize(
    ("version", "connection", "keep_alive"),
    [
        ("1.1", None, True),
        ("1.1", "close", False),
        ("1.1", "Keep-Alive", True),
        ("1.0", None, False),
        ("1.0", "keep-alive", True),
    ],
)
def test_a_connection_is_kept_as_version_and_header_say(
    version: str, connection: str | None, keep_alive: bool
) -> None:
    headers = () if connection is None else (f"Connection: {connection}",)
    [request] = read(post(version=version, headers=headers)).requests
    assert request.keep_alive is keep_alive


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        (b"/", b"/", b""),
        (b"/?a=b", b"/", b"a=b"),
        (b"/a/b?c?d", b"/a/b", b"c?d"),
        (b"http://localhost:8000/?x=y", b"/", b"x=y"),
        (b"http://localhost:8000", b"/", b""),
        (b"*", b"*", b""),
        (b"http://localhost:99999999/", b"", b""),
    ],
)
def test_a_url_has_path_and_query(url: bytes, path: bytes, query: bytes) -> None:
    [request] = read(b"OPTIONS %b HTTP/1.1\r\n\r\n" % url).requests
    assert (request.path, request.query) == (path, query)


# Refusals.


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
        b"hello\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        CHUNKED + b"zz\r\n",
        b"CONNECT host:443 HTTP/1.1\r\nHost: host\r\n\r\n",
    ],
)
def test_malformed_http_is_refused_behind_the_requests_before_it(raw: bytes) -> None:
    assert read(raw).refusal == 400
    reader = read(post() + raw)
    assert (len(reader.requests), reader.refusal) == (1, 400)


def test_bytes_behind_a_last_request_are_not_looked_at() -> None:
    reader = read(post(headers=("Connection: close",)) + b"rubbish")
    assert (len(reader.requests), reader.refusal) == (1, None)


def test_a_head_may_be_large_but_not_endless() -> None:
    def head(size: int) -> bytes:
        return b"GET / HTTP/1.1\r\nX: " + b"x" * size

    assert read(*cut(head(HEAD_SIZE_MAX - 100) + b"\r\n\r\n", 1_000)).refusal is None
    assert read(*cut(head(HEAD_SIZE_MAX + 100), 1_000)).refusal == 431


def test_a_head_does_not_pay_for_the_requests_before_it() -> None:
    head = b"GET / HTTP/1.1\r\nX: " + b"x" * (HEAD_SIZE_MAX // 2)
    before = post() * ((RECEIVE_SIZE - len(head) // 2) // len(post()))
    reader = read(before + head[: len(head) // 2], head[len(head) // 2 :])
    assert reader.refusal is None
    assert reader.partial


def test_headers_are_limited_in_number() -> None:
    def head(count: int) -> bytes:
        return b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(count)) + b"\r\n"

    assert read(head(HEADERS_MAX)).refusal is None
    assert read(head(HEADERS_MAX + 1)).refusal == 431
    assert read(head(HEADERS_MAX + 1)).requests == []


def test_a_body_of_16_mb_is_taken() -> None:
    body = b"x" * BODY_SIZE_MAX
    [request] = read(*cut(post(body=body), RECEIVE_SIZE)).requests
    assert request.body == body
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in cut(body, 8_192))
    [request] = read(*cut(CHUNKED + chunks + b"0\r\n\r\n", RECEIVE_SIZE)).requests
    assert request.body == body


def test_large_bodies_may_follow_each_other_without_end() -> None:
    reader = RequestReader()
    pieces = list(cut(post(body=b"x" * (BODY_SIZE_MAX // 2)), RECEIVE_SIZE))
    for _ in range(4):
        for piece in pieces:
            reader.receive(piece)
        assert (len(reader.requests), reader.refusal) == (1, None)
        reader.requests.clear()


def test_a_larger_body_is_refused_as_soon_as_it_is_declared() -> None:
    raw = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_SIZE_MAX + 1)
    assert read(raw).refusal == 413


def test_a_larger_chunked_body_is_refused_on_its_way() -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    assert read(CHUNKED, *[chunk] * 16).refusal is None
    assert read(CHUNKED, *[chunk] * 16, b"1\r\nx\r\n0\r\n\r\n").refusal == 413
    assert read(CHUNKED, *[chunk] * 18).refusal == 413


def test_a_body_of_countless_chunks_is_refused() -> None:
    reader = read(CHUNKED, *[b"1\r\nx\r\n" * 1_024] * (CHUNKS_MAX // 1_024))
    assert reader.refusal is None
    reader.receive(b"1\r\nx\r\n")
    assert reader.refusal == 413


# Expect and Upgrade.


def test_a_client_waits_for_100_once_and_only_before_its_body() -> None:
    raw = post(headers=("Expect: 100-continue",))
    head, body = raw[:-2], raw[-2:]
    reader = read(head)
    assert reader.take_expectation()
    assert not reader.take_expectation()
    reader.receive(body)
    assert not reader.take_expectation()
    assert not read(raw).take_expectation()
    assert not read(raw[:-1]).take_expectation()
    assert not read(head[:-2]).take_expectation()
    assert not read(post(version="1.0", headers=("Expect: 100-continue",))[:-2]).take_expectation()
    assert not read(post()[:-2]).take_expectation()


def test_an_offer_to_upgrade_is_passed_over() -> None:
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    raw = post(body=b'{"a":1}', headers=offer)
    for size in (len(raw) * 2, 1, 100):
        reader = read(*cut(raw + raw, size))
        assert reader.refusal is None
        assert [request.body for request in reader.requests] == [b'{"a":1}'] * 2
        assert all(request.keep_alive for request in reader.requests)
        assert reader.requests[1].header(b"x-amz-target") == b"DynamoDB_20120810.GetItem"
