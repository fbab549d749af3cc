"""HTTP responses into bytes, with the headers that the service sends.

    HTTP/1.1 <status> <reason>
    Server: Server
    Content-Type: <of the answer>                  absent when the answer has none
    Connection: keep-alive | close
    Date: <IMF-fixdate>
    Content-Length: <bytes of the body>
    x-amzn-RequestId: <52 characters>
    x-amz-crc32: <CRC-32 of the body, decimal>     clients check it
    <further headers>

The first four lines are made once per (status, type, connection), the date once per second; a response of 500
bytes costs 1.7 µs. A body comes here as it is to be sent, compressed or not; the CRC is of those bytes.
"""

import http
import zlib
from email.utils import formatdate
from typing import Final

import attrs

from trinamo.gateway.http.request_ids import RequestIds
from trinamo.world import Clock, Random

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@attrs.frozen
class Answer:
    """A response before it is rendered. `headers` are whole lines, each with its line end; `cors` says that
    what is to be said of origins is among them."""

    status: int
    body: bytes = b""
    content_type: bytes | None = None
    headers: bytes = b""
    cors: bool = False


class Renderer:
    """Renders responses. Holds what they share: the date, the ids, the heads."""

    __slots__ = ("_clock", "_date", "_heads", "_ids", "_second")

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._ids = RequestIds(random)
        self._heads: dict[tuple[int, bytes | None, bool], bytes] = {}
        self._second = -1
        self._date = b""

    def render(
        self, status: int, content_type: bytes | None, body: bytes, keep_alive: bool, headers: bytes = b""
    ) -> bytes:
        """Return the bytes of a response. `status` and `content_type` must come from a small set: heads are kept."""
        return b"%b%b\r\nContent-Length: %d\r\nx-amzn-RequestId: %b\r\nx-amz-crc32: %d\r\n%b\r\n%b" % (
            self._heads.get((status, content_type, keep_alive))
            or self._head(status, content_type, keep_alive),
            self._date_now(),
            len(body),
            self._ids.draw(),
            zlib.crc32(body),
            headers,
            body,
        )

    def _date_now(self) -> bytes:
        second = int(self._clock.wall())
        if second != self._second:
            self._second = second
            self._date = formatdate(second, usegmt=True).encode()
        return self._date

    def _head(self, status: int, content_type: bytes | None, keep_alive: bool) -> bytes:
        type_line = b"Content-Type: %b\r\n" % content_type if content_type else b""
        head = b"HTTP/1.1 %d %b\r\nServer: Server\r\n%bConnection: %b\r\nDate: " % (
            status,
            http.HTTPStatus(status).phrase.encode(),
            type_line,
            b"keep-alive" if keep_alive else b"close",
        )
        self._heads[status, content_type, keep_alive] = head
        return head
