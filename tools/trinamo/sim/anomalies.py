"""What no serial order explains: anomalies of transactions that append to lists and read them.

After Adya's thesis (1999) and Elle (Kingsbury & Alvaro 2020): a list that is read shows in which order its elements were appended, so
what depends on what follows from what clients saw.

    ww  one appended right behind what the other appended     wr  one read what the other appended last
    rw  one read a list without what the other appended next  rt  one ended before the other began

1. Values are appended once, by one transaction: who repeats an attempt appends another value.
2. A cycle of dependencies is an anomaly: G0 of ww alone, G1c with wr, G-single with one rw, G2 with more. If it needs an rt, it is
   named so: such a history is serializable, but not in the order that everybody saw.
3. Also wrong: reading what was aborted (G1a) or what was overwritten within its transaction (G1b), lists of which neither begins with the
   other, elements from nowhere or twice, a transaction that does not see itself, and what was acknowledged and missing in the end.
"""

import enum
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import attrs


class Outcome(enum.Enum):
    """What a client was told."""

    COMMITTED = "committed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"


class Append(NamedTuple):
    """Put a value at the end of a list."""

    key: str
    value: str


class Read(NamedTuple):
    """See a list."""

    key: str
    seen: tuple[str, ...]


Step = Append | Read


@attrs.define(eq=False)
class Transaction:
    """What one transaction did, in order; all reads of one of unknown outcome are unknown too."""

    name: str
    invoked: int
    steps: Sequence[Step]
    outcome: Outcome = Outcome.UNKNOWN
    returned: int | None = None

    def __str__(self) -> str:
        shown = [
            f"append {step.value} to {step.key}"
            if isinstance(step, Append)
            else f"{step.key} = {list(step.seen)}"
            for step in self.steps
        ]
        return f"{self.name} ({', '.join(shown)})"


class Kind(enum.Enum):
    """Why one transaction comes before another."""

    WW = "ww"
    WR = "wr"
    RW = "rw"
    RT = "rt"


class Edge(NamedTuple):
    """`before` comes before `after`."""

    before: str
    after: str
    kind: Kind
    because: str


@attrs.frozen
class Anomaly:
    """Something that no serial order explains."""

    name: str
    story: str

    def __str__(self) -> str:
        return f"{self.name}: {self.story}"


def anomalies(
    history: Iterable[Transaction], *, final: Mapping[str, Sequence[str]] | None = None
) -> list[Anomaly]:
    """Return what is wrong with a history. `final` is what the lists hold when all is over, if somebody looked."""
    lists = _Lists(history, final or {})
    found = [*lists.faults()]
    if not any(anomaly.name in ("incompatible orders", "duplicate") for anomaly in found):
        found += _Graph(lists.edges()).cycles()
    return found


class _Lists:
    """What the lists were, as far as anybody saw them."""

    def __init__(self, history: Iterable[Transaction], final: Mapping[str, Sequence[str]]) -> None:
        self._history = list(history)
        self._final = final
        self._appended: dict[tuple[str, str], Transaction] = {}
        for transaction in self._history:
            for step in transaction.steps:
                if isinstance(step, Append):
                    self._appended[step] = transaction
        self._committed = [each for each in self._history if each.outcome is Outcome.COMMITTED]
        self._orders: dict[str, tuple[str, ...]] = {key: tuple(seen) for key, seen in final.items()}
        for _, read in self._reads():
            if len(read.seen) > len(self._orders.get(read.key, ())):
                self._orders[read.key] = read.seen

    def _reads(self) -> Iterator[tuple[Transaction, Read]]:
        for transaction in self._committed:
            for step in transaction.steps:
                if isinstance(step, Read):
                    yield transaction, step

    # -- what is wrong by itself ------------------------------------------------------------------------------

    def faults(self) -> Iterator[Anomaly]:
        for transaction, read in self._reads():
            order = self._orders[read.key] if read.seen else ()
            if read.seen != order[: len(read.seen)]:
                yield Anomaly("incompatible orders", f"{transaction}, where others saw {list(order)}")
            yield from self._strange(transaction, read)
        for transaction in self._committed:
            yield from self._forgetful(transaction)
        for key, order in self._orders.items():
            if len(set(order)) < len(order):
                yield Anomaly("duplicate", f"{key} = {list(order)}")
        yield from self._lost()

    def _strange(self, transaction: Transaction, read: Read) -> Iterator[Anomaly]:
        for value in read.seen:
            source = self._appended.get((read.key, value))
            if source is None:
                yield Anomaly("garbage", f"{transaction} saw {value}, which nobody appended")
            elif source.outcome is Outcome.ABORTED:
                yield Anomaly("G1a", f"{transaction} saw what {source} appended, which was aborted")
        source = self._appended.get((read.key, read.seen[-1])) if read.seen else None
        if source is not None and source is not transaction:
            mine = [step.value for step in source.steps if isinstance(step, Append) and step.key == read.key]
            if read.seen[-1] != mine[-1]:
                yield Anomaly("G1b", f"{transaction} saw {source} half done")

    def _forgetful(self, transaction: Transaction) -> Iterator[Anomaly]:
        """What a transaction read agrees with what it did before."""
        known: dict[str, tuple[str, ...] | None] = {}
        mine: dict[str, tuple[str, ...]] = {}
        for step in transaction.steps:
            if isinstance(step, Append):
                mine[step.key] = (*mine.get(step.key, ()), step.value)
                continue
            own, before = mine.get(step.key, ()), known.get(step.key)
            seen = step.seen[: len(step.seen) - len(own)]
            if step.seen[len(seen) :] != own or (before is not None and seen != before):
                yield Anomaly("internal", f"{transaction} does not see what it did itself, or saw before")
            known[step.key] = seen

    def _lost(self) -> Iterator[Anomaly]:
        for (key, value), transaction in self._appended.items():
            if (
                key in self._final
                and value not in self._final[key]
                and transaction.outcome is Outcome.COMMITTED
            ):
                yield Anomaly(
                    "lost append", f"{transaction} was acknowledged, and {key} = {list(self._final[key])}"
                )

    # -- what follows what ------------------------------------------------------------------------------------

    def edges(self) -> Iterator[Edge]:
        for key, order in self._orders.items():
            for first, second in pairwise(order):
                before, after = self._appended.get((key, first)), self._appended.get((key, second))
                if before is not None and after is not None:
                    yield Edge(before.name, after.name, Kind.WW, f"{second} stands behind {first} in {key}")
        for transaction, read in self._reads():
            yield from self._around(transaction, read)
        yield from self._in_time()

    def _around(self, transaction: Transaction, read: Read) -> Iterator[Edge]:
        order = self._orders.get(read.key, ())
        source = self._appended.get((read.key, read.seen[-1])) if read.seen else None
        if source is not None:
            yield Edge(source.name, transaction.name, Kind.WR, f"{read.seen[-1]} was seen in {read.key}")
        follower = (
            self._appended.get((read.key, order[len(read.seen)])) if len(read.seen) < len(order) else None
        )
        if follower is not None:
            unseen = order[len(read.seen)]
            yield Edge(transaction.name, follower.name, Kind.RW, f"{unseen} was not seen in {read.key}")

    def _in_time(self) -> Iterator[Edge]:
        """Who ended before another began; only of those that no third stands between."""
        by_end = sorted((each for each in self._committed if each.returned is not None), key=_returned)
        seen = {each.name for each in self._committed} | {
            self._appended[key, value].name
            for key, order in self._orders.items()
            for value in order
            if (key, value) in self._appended
        }
        ends = [_returned(each) for each in by_end]
        latest = list(accumulate((each.invoked for each in by_end), max, initial=0))
        for after in self._history:
            if after.name not in seen:
                continue  # perhaps it never was
            earlier = bisect_left(ends, after.invoked)
            for before in by_end[bisect_left(ends, latest[earlier]) : earlier]:
                if before is not after:
                    yield Edge(before.name, after.name, Kind.RT, "it had ended before the other began")


def _returned(transaction: Transaction) -> int:
    assert transaction.returned is not None
    return transaction.returned


_CLASSES: Sequence[tuple[str, frozenset[Kind], Kind]] = (
    ("G0", frozenset({Kind.WW}), Kind.WW),
    ("G1c", frozenset({Kind.WW, Kind.WR}), Kind.WR),
    ("G-single", frozenset({Kind.WW, Kind.WR}), Kind.RW),
    ("G2", frozenset({Kind.WW, Kind.WR, Kind.RW}), Kind.RW),
)
"""A cycle of each class has one edge of the last kind, and leads back by edges of the others; the first class it is in names it."""


class _Graph:
    """Dependencies, and the ways back."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self._edges = _cyclic(list(dict.fromkeys(edge for edge in edges if edge.before != edge.after)))
        self._from: dict[str, list[Edge]] = {}
        for edge in self._edges:
            self._from.setdefault(edge.before, []).append(edge)

    def cycles(self) -> Iterator[Anomaly]:
        """The shortest cycle of each class, in time or not."""
        told: set[frozenset[str]] = set()
        for timed in (False, True):
            for name, kinds, closing in _CLASSES:
                cycle = self._shortest(kinds | {Kind.RT} if timed else kinds, closing)
                if cycle is None or (members := frozenset(edge.before for edge in cycle)) in told:
                    continue
                told.add(members)
                yield Anomaly(name + ("-realtime" if timed else ""), _story(cycle))

    def _shortest(self, kinds: frozenset[Kind], closing: Kind) -> list[Edge] | None:
        best: list[Edge] | None = None
        for edge in self._edges:
            if edge.kind is closing:
                back = self._path(edge.after, edge.before, kinds)
                if back is not None and (best is None or len(back) + 1 < len(best)):
                    best = [edge, *back]
        return best

    def _path(self, start: str, end: str, kinds: frozenset[Kind]) -> list[Edge] | None:
        came: dict[str, Edge | None] = {start: None}
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            if here == end:
                return _back(came, end)
            for edge in self._from.get(here, ()):
                if edge.kind in kinds and edge.after not in came:
                    came[edge.after] = edge
                    waiting.append(edge.after)
        return None


def _cyclic(edges: list[Edge]) -> list[Edge]:
    """Leave out again and again what nothing leads to, and what leads nowhere: of most histories nothing is left."""
    while True:
        befores, afters = {edge.before for edge in edges}, {edge.after for edge in edges}
        left = [edge for edge in edges if edge.before in afters and edge.after in befores]
        if len(left) == len(edges):
            return left
        edges = left


def _back(came: Mapping[str, Edge | None], end: str) -> list[Edge]:
    path: list[Edge] = []
    edge = came[end]
    while edge is not None:
        path.append(edge)
        edge = came[edge.before]
    return path[::-1]


def _story(cycle: Sequence[Edge]) -> str:
    return "; ".join(
        f"{edge.before} before {edge.after} ({edge.kind.value}: {edge.because})" for edge in cycle
    )
