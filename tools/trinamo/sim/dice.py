"""Dice that each task has for itself: what one draws does not change what others draw."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import Random

_mine: ContextVar[Random | None] = ContextVar("mine", default=None)


class TaskDice(Random):
    """One pair of dice for all, but within `apart`, where they are one's own."""

    def __init__(self, seed: str) -> None:
        self._seed_text = seed
        self._common = Random(seed)
        super().__init__()

    @contextmanager
    def apart(self, name: str) -> Iterator[None]:
        """Give this task, and those that it starts, dice that follow from the seed and a name alone."""
        token = _mine.set(Random(f"{self._seed_text}/{name}"))
        try:
            yield
        finally:
            _mine.reset(token)

    def random(self) -> float:
        return self._here().random()

    def getrandbits(self, k: int, /) -> int:
        return self._here().getrandbits(k)

    def _here(self) -> Random:
        return _mine.get() or self._common
