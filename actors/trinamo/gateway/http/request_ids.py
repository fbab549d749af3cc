"""Request ids: 52 characters of `[0-9A-V]`, unique in a process, hard to confuse between processes.

The first eight characters are a counter stepped by an odd number modulo 2^40, so that all differ and neighbours
look unlike; the other 44 are drawn once from the World's dice (220 bits). 0.4 µs an id; drawing each
afresh would cost ten times that.
"""

from typing import Final

from trinamo.world import Random

REQUEST_ID_SIZE: Final = 52  # the service's length
_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PAIRS: Final = [bytes((_ALPHABET[n >> 5], _ALPHABET[n & 31])) for n in range(1_024)]
_STEP: Final = 0x9E3779B97F  # odd, thus coprime to 2^40; the golden ratio spreads multiples evenly
_MASK: Final = (1 << 40) - 1


class RequestIds:
    """An endless supply of request ids."""

    __slots__ = ("_count", "_tail")

    def __init__(self, random: Random) -> None:
        self._count = random.getrandbits(40)
        self._tail = b"".join(_PAIRS[random.getrandbits(10)] for _ in range(REQUEST_ID_SIZE // 2 - 4))

    def draw(self) -> bytes:
        """Return an id that was never returned before."""
        n = self._count = (self._count + _STEP) & _MASK
        pairs = _PAIRS
        return b"".join(
            (pairs[n >> 30], pairs[n >> 20 & 1023], pairs[n >> 10 & 1023], pairs[n & 1023], self._tail)
        )
