"""The randomness contract. A `random.Random` of one's own satisfies it; the module's functions do not."""

from typing import Protocol


class Random(Protocol):
    """A node's dice: all of its randomness comes from here, so that a seed replays a run."""

    def random(self) -> float:
        """A float in [0, 1)."""

    def randrange(self, start: int, stop: int) -> int:
        """An integer in [start, stop)."""

    def getrandbits(self, bits: int, /) -> int: ...

    def randbytes(self, count: int) -> bytes: ...
