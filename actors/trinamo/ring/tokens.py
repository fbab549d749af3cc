"""Tokens: places in the hash space of 128 bits, as 16 bytes whose order is that of the numbers.

The space is that of the keys: an item lies at the MD5 of its partition key. A range of the space is a pair of
bounds [start, end). The first range starts at `b""`, before every token and every key that begins with one, and the
last ends at `b""`, which stands for the end of the space.
"""

import hashlib
from typing import Final

TOKEN_SIZE: Final = 16
_SPACE: Final = 1 << (8 * TOKEN_SIZE)

Token = bytes
"""`TOKEN_SIZE` bytes, big-endian."""

Bounds = tuple[bytes, bytes]
"""Start, included, and end, excluded; each a token or `b""`."""


def token_of(name: bytes) -> Token:
    """Return the place of `name`."""
    return hashlib.md5(name, usedforsecurity=False).digest()


def split_evenly(count: int) -> list[Bounds]:
    """Divide the space in `count` ranges, in order, whose sizes differ by at most one token."""
    assert count >= 1, "a space has at least one range"
    cuts = [(_SPACE * number // count).to_bytes(TOKEN_SIZE, "big") for number in range(1, count)]
    return list(zip([b"", *cuts], [*cuts, b""], strict=True))
