"""Data streams of a simulation: they keep what is put into them, are slow, and fail."""

import random
from collections.abc import Sequence
from typing import Final

import trio

from trinamo.cluster import SinkFailed
from trinamo.model.kinesisrecords import KinesisRecord

DELAY_MEAN_S: Final = 0.02
FAILURE_RATE: Final = 0.1
REFUSAL_RATE: Final = 0.1


class SimulatedKinesis:
    """All data streams. What is taken is taken when it is asked for; the answer comes later, or never."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._streams: dict[str, list[KinesisRecord]] = {}

    def __repr__(self) -> str:
        return f"<SimulatedKinesis {[*self._streams]}>"

    def records(self, stream_arn: str) -> Sequence[KinesisRecord]:
        """Return what a stream holds."""
        return self._streams.get(stream_arn, [])

    async def problem(self, stream_arn: str) -> str | None:
        await self._delay()
        return None

    async def put(self, stream_arn: str, records: Sequence[KinesisRecord]) -> Sequence[int]:
        chance = self._dice.random
        outcome = chance()
        refused: list[int] = []
        if outcome > FAILURE_RATE / 2:  # else nothing of it arrives
            stream = self._streams.setdefault(stream_arn, [])
            for position, record in enumerate(records):
                if chance() < REFUSAL_RATE:
                    refused.append(position)
                else:
                    stream.append(record)
        await self._delay()
        if outcome < FAILURE_RATE:
            raise SinkFailed("the answer was lost")
        return refused

    async def _delay(self) -> None:
        await trio.sleep(self._dice.expovariate(1 / DELAY_MEAN_S))
