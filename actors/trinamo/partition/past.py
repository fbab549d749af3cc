"""The recent past of a replica, kept while reads are wanted that lag behind on purpose.

What a key held before each change is noted with the moment of the change, so what it held at any moment since noting
began is the oldest such value that was replaced after it; where there is none, what it holds now. A moment before
noting began counts as the beginning. Moments are of the monotonic clock.
"""

from collections import deque
from collections.abc import Iterator

import attrs

from trinamo.lsm.layout import Kind
from trinamo.lsm.store import KeyspaceReader

Change = tuple[float, bytes | None]


@attrs.define
class Past:
    """What was replaced, and when. The memory it takes is bounded by `forget`."""

    _changes: dict[tuple[Kind, bytes], deque[Change]] = attrs.field(factory=dict)
    _order: deque[tuple[float, Kind, bytes]] = attrs.field(factory=deque)

    def __repr__(self) -> str:
        return f"<Past {len(self._order)} changes>"

    def note(self, kind: Kind, key: bytes, old: bytes | None, moment: float) -> None:
        """The key held `old` until now."""
        self._changes.setdefault((kind, key), deque()).append((moment, old))
        self._order.append((moment, kind, key))

    def forget(self, before: float) -> None:
        """Drop what no moment from `before` on needs."""
        order = self._order
        while order and order[0][0] <= before:
            _, kind, key = order.popleft()
            changes = self._changes[kind, key]
            changes.popleft()
            if not changes:
                del self._changes[kind, key]

    def replaced_after(self, kind: Kind, key: bytes, moment: float) -> Change | None:
        """The first change after `moment`, which tells what was there then."""
        return next((change for change in self._changes.get((kind, key), ()) if change[0] > moment), None)

    def view(self, now: KeyspaceReader, moment: float) -> "PastView":
        return PastView(self, now, moment)

    def changed(self, kind: Kind, start: bytes, end: bytes, moment: float) -> dict[bytes, bytes | None]:
        """What the keys of a range that were changed after `moment` held then."""
        found: dict[bytes, bytes | None] = {}
        for (its_kind, key), changes in self._changes.items():
            if its_kind == kind and start <= key and (not end or key < end) and changes[-1][0] > moment:
                change = self.replaced_after(kind, key, moment)
                assert change is not None
                found[key] = change[1]
        return found


@attrs.frozen
class PastView:
    """A keyspace as it was at a moment; reads as `KeyspaceReader` does."""

    _past: Past
    _now: KeyspaceReader
    _moment: float

    def get(self, kind: Kind, key: bytes) -> bytes | None:
        change = self._past.replaced_after(kind, key, self._moment)
        return self._now.get(kind, key) if change is None else change[1]

    def scan(
        self, kind: Kind, start: bytes = b"", end: bytes = b"", *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        prefix = self._now.prefix(kind)
        then = self._past.changed(kind, start, end, self._moment)
        waiting = sorted(then, reverse=not reverse)  # the next one is the last
        for whole, value in self._now.scan(kind, start, end, reverse=reverse):
            key = whole[len(prefix) :]
            while waiting and (waiting[-1] > key if reverse else waiting[-1] < key):
                earlier = then[gone := waiting.pop()]
                if earlier is not None:
                    yield prefix + gone, earlier
            if waiting and waiting[-1] == key:
                earlier = then[waiting.pop()]
                if earlier is not None:
                    yield whole, earlier
            else:
                yield whole, value
        for key in reversed(waiting):
            earlier = then[key]
            if earlier is not None:
                yield prefix + key, earlier
