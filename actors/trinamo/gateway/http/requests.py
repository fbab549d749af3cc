"""HTTP requests out of bytes: llhttp's parser, set up so that a request costs as few Python calls as possible.

No input or output here: a connection's bytes go in by `RequestReader.receive`, whole requests come out in order.

How it is fast (a request of boto3's: ten headers, 1,284 bytes, 3.7 µs, of which llhttp takes 1.8):

* The parser's callbacks are methods of C objects where possible (`dict.setdefault`, `list.append`); only the
  start, the end of the head and the end of the message run Python.
* Header names are looked at once per *layout*, the sequence of names that a client sends, not once per header:
  a client sends the same names each time, and `Layout` remembers where it put what.

Invariants:

1. `requests` holds whole requests in the order of arrival; nothing behind a refusal is parsed.
2. Memory of one connection is bounded by `HEAD_SIZE_MAX`, `BODY_SIZE_MAX` and one read of the stream, whatever
   the peer sends and however slowly.
3. Of two headers of one spelling the first counts; of two spellings of one name, the last. (Content-Length and
   Transfer-Encoding, on which framing hangs, are judged by llhttp, which refuses contradictions.)
"""

import functools
from typing import Final

import attrs
import httptools

RECEIVE_SIZE: Final = 65_536
"""Bytes asked of the stream at once: nearly every request whole in one call, and few calls for 16 MB."""

HEAD_SIZE_MAX: Final = 65_536
"""Heads up to here are always taken. A SigV4 head is 1 KB, with a session token 3 KB; servers usually take 8 to 64.
It is checked between reads, so a head of up to `RECEIVE_SIZE` more may pass."""

HEADERS_MAX: Final = 128  # AWS SDKs send about ten, a proxy chain adds as many again

BODY_SIZE_MAX: Final = 16 * 1024 * 1024
"""DynamoDB: a request is at most 16 MB."""

CHUNKS_MAX: Final = 65_536
"""Pieces of one body. 16 MB in segments of 1,460 bytes are 11,500; more are one-byte chunks, whose
overhead in memory would be forty times the body."""

LAYOUTS_MAX: Final = 1_024  # a client has a handful; without a bound an attacker could fill the memory


class Layout:
    """Under which spelling a client sends which header. `b""`, under which no header can be, stands for none."""

    __slots__ = (
        "accept_encoding",
        "amz_target",
        "authorization",
        "content_encoding",
        "content_type",
        "dated",
        "origin",
        "spellings",
    )

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.spellings = {name.lower(): name for name in names}
        find = self.spellings.get
        self.accept_encoding = find(b"accept-encoding", b"")
        self.amz_target = find(b"x-amz-target", b"")
        self.authorization = find(b"authorization", b"")
        self.content_encoding = find(b"content-encoding", b"")
        self.content_type = find(b"content-type", b"")
        self.origin = find(b"origin", b"")
        self.dated = b"x-amz-date" in self.spellings or b"date" in self.spellings


@functools.lru_cache(LAYOUTS_MAX)
def layout_of(names: tuple[bytes, ...]) -> Layout:
    """Return the layout of a head with these header names."""
    return Layout(names)


@attrs.define(eq=False)
class HttpRequest:
    """One whole request. Not frozen because that costs 0.4 µs; nobody changes it."""

    method: bytes
    url: bytes
    layout: Layout
    headers: dict[bytes, bytes]  # by name as sent
    body: bytes
    keep_alive: bool

    def header(self, name: bytes) -> bytes | None:
        """Return the value of the header `name` (in lower case), or None."""
        return self.headers.get(self.layout.spellings.get(name, b""))

    @property
    def path(self) -> bytes:
        """The path of the URL, also when a proxy's absolute form was sent; empty when there is none."""
        if self.url.startswith(b"/"):
            return self.url.partition(b"?")[0]
        url = self._absolute_url()
        return b"" if url is None else url.path or b"/"

    @property
    def query(self) -> bytes:
        """What stands after the `?` of the URL."""
        if self.url.startswith(b"/"):
            return self.url.partition(b"?")[2]
        url = self._absolute_url()
        return b"" if url is None else url.query or b""

    def _absolute_url(self) -> httptools.parser.url_parser.URL | None:
        try:
            return httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:  # `*` of `OPTIONS *`, or nonsense
            return None


class _Refused(Exception):
    """Leaves the parser from inside a callback."""

    def __init__(self, status: int) -> None:
        self.status = status


class RequestReader:
    """Turns the bytes of one connection into requests.

    After `receive`, answer and clear `requests` first, then look at `refusal` (the status to close with, once
    set it stays) and at `take_expectation`.
    """

    __slots__ = (
        "_body",
        "_fields",
        "_head",
        "_layout",
        "_parser",
        "_received",
        "_url",
        "on_body",
        "on_header",
        "on_url",
        "partial",
        "refusal",
        "requests",
    )

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.refusal: int | None = None
        self.partial = False  # a request has begun and is not whole
        self._received = 0  # bytes of the partial request, give or take those that came with its predecessors
        self._fields: dict[bytes, bytes] = {}
        self._url: list[bytes] = []
        self._body: list[bytes] = []
        self._head: dict[bytes, bytes] | None = None
        self._layout = layout_of(())
        self.on_url = self._url.append
        self.on_header = self._fields.setdefault
        self.on_body = self._body.append
        self._parser = httptools.HttpRequestParser(self)

    def receive(self, data: bytes | bytearray) -> None:
        """Take what the stream gave."""
        waiting = len(self.requests)
        try:
            self._parse(data)
        except _Refused as refused:
            self.refusal = refused.status
        except httptools.HttpParserError:
            self._judge_parser_error()
        self._received = len(data) + self._received if len(self.requests) == waiting else 0
        if self.partial and self.refusal is None:
            self._check_bounds()

    def take_expectation(self) -> bool:
        """Return whether the client now waits for `100 Continue`; true once per request."""
        head = self._head
        if not self.partial or head is None or self._body:
            return False
        expectation = head.pop(self._layout.spellings.get(b"expect", b""), b"")
        return expectation.lower() == b"100-continue" and self._parser.get_http_version() != "1.0"

    # What the parser calls.

    def on_message_begin(self) -> None:
        self.partial = True

    def on_headers_complete(self) -> None:
        fields = self._fields
        if len(fields) > HEADERS_MAX:
            raise _Refused(431)
        self._layout = layout_of(tuple(fields))
        self._head = fields.copy()
        fields.clear()

    def on_message_complete(self) -> None:
        parser, url, pieces, head = self._parser, self._url, self._body, self._head
        assert head is not None
        body = b"".join(pieces)
        if len(body) > BODY_SIZE_MAX:
            raise _Refused(413)
        self.requests.append(
            HttpRequest(
                parser.get_method(), b"".join(url), self._layout, head, body, parser.should_keep_alive()
            )
        )
        self.partial = False
        self._head = None
        url.clear()
        pieces.clear()
        if self._fields:  # trailers: they may not change what the head said
            self._fields.clear()

    # The rare paths.

    def _parse(self, data: bytes | bytearray) -> None:
        """Feed the parser; what it makes of `Upgrade` is undone.

        RFC 9110 7.8: a server may ignore Upgrade. Some HTTP clients offer h2c with every first request. llhttp
        stops behind such a head without the body, so the request is parsed again without the offer.
        """
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._head_without_upgrade(self.requests.pop()) + data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserCallbackError as error:
                raise error.__context__ or error from None
            else:
                return

    def _head_without_upgrade(self, request: HttpRequest) -> bytes:
        if request.method == b"CONNECT":
            raise _Refused(400)
        lines = [b"%b %b HTTP/1.1" % (request.method, request.url)]
        lines += [b"%b: %b" % field for field in request.headers.items() if field[0].lower() != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _judge_parser_error(self) -> None:
        """Malformed HTTP is refused; bytes behind a last request (`Connection: close`) are not looked at."""
        if not self.requests or self.requests[-1].keep_alive:
            self.refusal = 400

    def _check_bounds(self) -> None:
        if self._head is None:
            if self._received > HEAD_SIZE_MAX:
                self.refusal = 431
            return
        declared = self._head.get(self._layout.spellings.get(b"content-length", b""), b"0")
        # llhttp has seen to it that it is a number. Chunk headers may add a sixteenth.
        raw_size_max = HEAD_SIZE_MAX + BODY_SIZE_MAX + BODY_SIZE_MAX // 16
        if int(declared) > BODY_SIZE_MAX or self._received > raw_size_max or len(self._body) > CHUNKS_MAX:
            self.refusal = 413
