"""How many requests a workload made, what became of them, and how long they took.

Metrics of several runs add up. Latencies are counted in classes that grow by a fixed factor, so that their sum is as good
as its parts: a quantile is right to within `GROWTH`.
"""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Final, TypeVar

import attrs

T = TypeVar("T", int, str)

GROWTH: Final = 1.1
LEAST_S: Final = 1e-6  # what is faster counts as this


@attrs.frozen
class Latencies:
    """How many requests took how long."""

    classes: Mapping[int, int] = attrs.field(factory=dict)
    """How many took about `LEAST_S * GROWTH ** class` seconds."""

    def __add__(self, other: "Latencies") -> "Latencies":
        return Latencies(_sum(self.classes, other.classes))

    @property
    def count(self) -> int:
        return sum(self.classes.values())

    def quantile(self, share: float) -> float:
        """Return the seconds within which this share of the requests was answered."""
        assert 0 < share <= 1, f"no share is {share}"
        rank, passed = math.ceil(share * self.count), 0
        for number, count in sorted(self.classes.items()):
            passed += count
            if passed >= rank:
                return LEAST_S * GROWTH**number
        return 0.0

    def __str__(self) -> str:
        shown = [f"{name} {self.quantile(share) * 1000:.3g}" for name, share in _SHOWN]
        return f"{self.count} in ms: " + ", ".join(shown)


_SHOWN: Final = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


def latency_class(seconds: float) -> int:
    """Return the class in which a latency is counted."""
    return max(0, math.ceil(math.log(max(seconds, LEAST_S) / LEAST_S, GROWTH)))


@attrs.frozen
class Metrics:
    """What became of the requests of a workload."""

    asked: int = 0
    done: int = 0
    unmet: int = 0
    """Conditions that were found unmet, which is an answer as good as any."""
    unknown: int = 0
    refusals: Mapping[str, int] = attrs.field(factory=dict)
    """How often each error said that nothing was done."""
    latencies: Mapping[str, Latencies] = attrs.field(factory=dict)
    """Of answers, by the operation."""

    @property
    def refused(self) -> int:
        return sum(self.refusals.values())

    @property
    def operations(self) -> int:
        """How many requests may have been carried out."""
        return self.asked - self.refused

    def __add__(self, other: "Metrics") -> "Metrics":
        names = sorted({*self.latencies, *other.latencies})
        return Metrics(
            asked=self.asked + other.asked,
            done=self.done + other.done,
            unmet=self.unmet + other.unmet,
            unknown=self.unknown + other.unknown,
            refusals=_sum(self.refusals, other.refusals),
            latencies={
                name: self.latencies.get(name, Latencies()) + other.latencies.get(name, Latencies())
                for name in names
            },
        )


def _sum(one: Mapping[T, int], other: Mapping[T, int]) -> dict[T, int]:
    return dict(sorted((Counter(one) + Counter(other)).items()))
