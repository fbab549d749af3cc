"""The real clock and the real dice.

`SystemClock.monotonic` is trio's clock, so a test that runs under `trio.testing.MockClock` moves it as it moves
everything else. `wall` is the machine's clock plus an offset, which lets a user move what the database sees of
time (TTL, creation dates, tokens) without moving leases and deadlines.
"""

import os
import random
import time

import attrs
import trio

_SEED_BYTES = 32  # 256 bits: two nodes never draw the same ids


@attrs.define
class SystemClock:
    """The machine's clocks. Usable only inside `trio.run`."""

    offset: float = 0.0
    """Seconds that `wall` is ahead of the machine's clock. Setting it to 0 undoes every `advance`."""

    def monotonic(self) -> float:
        """Seconds of trio's clock; its zero is arbitrary."""
        return trio.current_time()

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC by the machine's clock, plus `offset`."""
        return time.time() + self.offset

    async def sleep_until(self, deadline: float) -> None:
        """Return when `monotonic() >= deadline`. Always a checkpoint."""
        await trio.sleep_until(deadline)

    def advance(self, seconds: float) -> None:
        """Move `wall` ahead; `monotonic` and who sleeps do not notice."""
        assert seconds >= 0, f"time only goes forward, not by {seconds} s"
        self.offset += seconds


def seeded_random(seed: int) -> random.Random:
    """Return dice that a seed decides."""
    return random.Random(seed)


def system_random() -> random.Random:
    """Return dice of one's own, seeded by the operating system."""
    return random.Random(os.urandom(_SEED_BYTES))
