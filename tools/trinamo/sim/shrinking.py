"""A failure made small: fewer faults, fewer clients, fewer requests, less time, while it still fails.

Delta debugging (Zeller & Hildebrandt 2002) on what a seed's plan consists of. Each act of chaos and each client has dice of its own, so
what is left out does not change what the others intend to do; what then happens may still be quite another story, and counts if it
fails.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from trinamo.sim.run import Report, Settings

T = TypeVar("T")
Fails = Callable[[Settings], Report | None]
"""Runs a plan, and returns its report if it fails."""

RUNS_MAX: Final = 150


@attrs.define
class Shrinker:
    """Looks for a smaller plan that fails."""

    fails: Fails
    best: Report
    settings: Settings
    runs: int = 0
    runs_max: int = RUNS_MAX

    def shrink(self) -> Iterator[Report]:
        """Yield each smaller plan that fails, the smallest last."""
        yield from self._time()
        yield from self._acts()
        yield from self._clients()
        yield from self._operations()

    def _attempt(self, settings: Settings) -> bool:
        if settings == self.settings or self.runs >= self.runs_max:
            return False
        self.runs += 1
        report = self.fails(settings)
        if report is None:
            return False
        self.best, self.settings = report, settings
        return True

    def _time(self) -> Iterator[Report]:
        for share in (0.1, 0.25, 0.5, 0.75):
            if self._attempt(attrs.evolve(self.settings, chaos_s=round(self.settings.chaos_s * share, 1))):
                yield self.best
                return

    def _acts(self) -> Iterator[Report]:
        before = self.settings.without

        def without(dropped: Sequence[int]) -> Settings:
            return attrs.evolve(self.settings, without=before | frozenset(dropped))

        yield from self._drop(sorted(set(range(len(self.best.acts))) - before), without)

    def _clients(self) -> Iterator[Report]:
        before = self.settings.muted
        clients = sorted(set(range(self.settings.clients)) - before)

        def without(dropped: Sequence[int]) -> Settings:
            return attrs.evolve(self.settings, muted=before | frozenset(dropped))

        yield from self._drop(clients, without)

    def _operations(self) -> Iterator[Report]:
        while self._attempt(attrs.evolve(self.settings, operations_max=self.best.metrics.operations // 2)):
            yield self.best

    def _drop(self, parts: Sequence[T], without: Callable[[Sequence[T]], Settings]) -> Iterator[Report]:
        """Leave out as many parts as possible, large pieces first."""
        dropped: list[T] = []
        size = max(1, len(parts))
        while size >= 1 and parts:
            at = 0
            while at < len(parts):
                piece = parts[at : at + size]
                if self._attempt(without([*dropped, *piece])):
                    dropped += piece
                    parts = [*parts[:at], *parts[at + size :]]
                    yield self.best
                else:
                    at += size
            size //= 2
