"""A node's clocks in simulation: Trio's virtual time, seen through an oscillator that is a little off.

1. `monotonic` runs at a constant rate; the rates of two nodes differ by no more than the bound they were drawn from.
2. `wall` runs at the same rate, with an offset that may be stepped.
3. Once severed, nobody who sleeps wakes: a crashed node has no timers.
"""

import math

import attrs
import trio

from trinamo.world import Random

EPOCH = 1_700_000_000.0  # where virtual time begins on the calendar: any moment after DynamoDB's birth


@attrs.define
class SimulatedClock:
    """One node's clocks. `rate` is its seconds per virtual second. Usable only inside `trio.run`."""

    rate: float = 1.0
    wall_offset: float = 0.0
    _severed: bool = False

    def monotonic(self) -> float:
        """Seconds of this node since virtual time began."""
        return trio.current_time() * self.rate

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, as this node believes."""
        return EPOCH + self.wall_offset + self.monotonic()

    async def sleep_until(self, deadline: float) -> None:
        """Return when `monotonic() >= deadline`. Always a checkpoint."""
        await trio.lowlevel.checkpoint()
        while self._severed or self.monotonic() < deadline:
            if self._severed:
                await trio.sleep_forever()
            moment = deadline / self.rate
            now = trio.current_time()
            # Rounding may bring us back an instant early: then wait an instant.
            await trio.sleep_until(moment if moment > now else now + 1e-9)

    def advance(self, seconds: float) -> None:
        """Move `wall` ahead; `monotonic` and who sleeps do not notice."""
        assert seconds >= 0, f"time only goes forward, not by {seconds} s"
        self.wall_offset += seconds

    def sever(self) -> None:
        """The node of this clock has crashed."""
        self._severed = True


def drawn_rate(random: Random, drift_max: float) -> float:
    """Draw a rate such that of any two drawn so, neither runs faster than the other by more than `drift_max`."""
    fastest = math.sqrt(1 + drift_max)
    slowest = 1 / fastest
    return slowest + random.random() * (fastest - slowest)
