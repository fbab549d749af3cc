"""Bodies in gzip, either way (RFC 1952, RFC 9110 8.4 and 12.5.3).

A request that says `Content-Encoding: gzip` is inflated to no more than a request may be, so a bomb costs at most those
16 MB for a moment. A response is compressed for those who accept gzip, where it is large enough to gain by it; the SDKs
that check the CRC of what they get ask for identity, and nobody compresses for them.
"""

import functools
import zlib
from typing import Final

import trio

from trinamo.gateway.http.requests import BODY_SIZE_MAX

COMPRESSED_SIZE_MIN: Final = 1_460
"""Bodies below one segment of TCP stay plain: less of them would arrive no sooner."""

GZIP_LINE: Final = b"Content-Encoding: gzip\r\n"

_LEVEL: Final = (
    1  # JSON of items shrinks to a quarter; level 6 takes a tenth off that, for 2.5 times the work
)
_SLICE_SIZE: Final = 65_536  # 0.55 ms of compressing between two checkpoints
_GZIP: Final = zlib.MAX_WBITS | 16  # zlib.h: "add 16 to write a simple gzip header"
_ACCEPTED_SIZE_MAX: Final = 256  # browsers send 30 bytes; what is remembered stays small


class NotGzip(Exception):
    """A body is not what its Content-Encoding says."""


class TooLarge(Exception):
    """A body has more bytes than a request may have, once inflated."""


def inflate(body: bytes) -> bytes:
    """Return what was compressed. Raises `NotGzip` and `TooLarge`.

    One member is read, and nothing may follow it: a body of many empty members would be work without end.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        inflated = unpacker.decompress(body, BODY_SIZE_MAX + 1)
    except zlib.error as error:
        raise NotGzip from error
    if len(inflated) > BODY_SIZE_MAX:
        raise TooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise NotGzip
    return inflated


async def compress(body: bytes) -> bytes:
    """Return the body in gzip, made in slices."""
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    packed = []
    for start in range(0, len(body), _SLICE_SIZE):
        if start:
            await trio.lowlevel.checkpoint()
        packed.append(packer.compress(body[start : start + _SLICE_SIZE]))
    packed.append(packer.flush())
    return b"".join(packed)


@functools.lru_cache(256)
def _names_gzip(accepted: bytes) -> bool:
    for coding in accepted.lower().split(b","):
        name, _, parameters = coding.partition(b";")
        if name.strip() in (b"gzip", b"x-gzip"):
            return _quality(parameters) > 0
    return False


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Return whether a client that sends this Accept-Encoding wants gzip. `*` is no wish."""
    return len(accept_encoding) <= _ACCEPTED_SIZE_MAX and _names_gzip(accept_encoding)


def _quality(parameters: bytes) -> float:
    name, _, value = parameters.partition(b"=")
    if name.strip() != b"q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
