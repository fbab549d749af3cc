"""Frames: how a payload lies on a stream of bytes.

    +----------------+----------------+------------------+
    | length, u32 BE | crc32c, u32 BE | payload          |
    +----------------+----------------+------------------+

`length` counts the payload only. The checksum (Castagnoli, as RocksDB and iSCSI use it) covers the payload.
Whatever is not exactly this raises `WireError`; the caller closes the link, since a stream that was wrong
once has lost its frame boundaries.
"""

import struct

from google_crc32c import value as crc32c

from trinamo.base import WireError

FRAME_SIZE_MAX = 64 * 1024 * 1024
"""Largest payload. DynamoDB's largest request is 16 MB; a batch of several plus overhead stays far below this."""

_HEADER = struct.Struct(">II")
HEADER_SIZE = _HEADER.size


def encode_frame(payload: bytes) -> bytes:
    """Return the frame that carries `payload`."""
    if len(payload) > FRAME_SIZE_MAX:
        raise WireError(f"payload of {len(payload)} bytes exceeds the frame limit of {FRAME_SIZE_MAX}")
    return _HEADER.pack(len(payload), crc32c(payload)) + payload


def decode_frame(frame: bytes) -> bytes:
    """Return the payload of exactly one frame. Raises `WireError`."""
    if len(frame) < HEADER_SIZE:
        raise WireError(f"a frame has at least {HEADER_SIZE} bytes, this has {len(frame)}")
    length, checksum = _HEADER.unpack_from(frame)
    payload = frame[HEADER_SIZE:]
    if len(payload) != length:
        raise WireError(f"frame announces {length} bytes and holds {len(payload)}")
    if crc32c(payload) != checksum:
        raise WireError("frame checksum does not match its payload")
    return payload


class FrameDecoder:
    """Cuts a stream into payloads: `feed` bytes as they come, get back the payloads now complete.

    `size_max` bounds the payloads to come, and with them the memory that a stream can take.
    """

    __slots__ = ("_buffer", "size_max")

    def __init__(self, size_max: int = FRAME_SIZE_MAX) -> None:
        self._buffer = bytearray()
        self.size_max = size_max

    def feed(self, data: bytes) -> list[bytes]:
        """Add `data`; return every payload that is now complete, in order. Raises `WireError`."""
        buffer = self._buffer
        buffer += data
        payloads: list[bytes] = []
        offset = 0
        while len(buffer) - offset >= HEADER_SIZE:
            length, checksum = _HEADER.unpack_from(buffer, offset)
            if length > self.size_max:
                raise WireError(f"frame announces {length} bytes, more than the limit of {self.size_max}")
            end = offset + HEADER_SIZE + length
            if len(buffer) < end:
                break
            payload = bytes(memoryview(buffer)[offset + HEADER_SIZE : end])
            if crc32c(payload) != checksum:
                raise WireError("frame checksum does not match its payload")
            payloads.append(payload)
            offset = end
        if offset:
            del buffer[:offset]
        return payloads

    @property
    def pending(self) -> int:
        """Bytes held of a frame that is not complete."""
        return len(self._buffer)
