"""The past of a replica: whatever moment is asked for, it reads as the state was then."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trinamo.lsm.layout import Kind
from trinamo.partition.past import Past

KEYS = [b"a", b"b", b"bb", b"c"]
changes = st.lists(
    st.tuples(st.sampled_from(KEYS), st.none() | st.binary(min_size=1, max_size=2)), max_size=12
)


class Keyspace:
    """Items in a dict."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}

    def prefix(self, kind: Kind) -> bytes:
        return b"prefix"

    def get(self, kind: Kind, key: bytes) -> bytes | None:
        return self.held.get(key)

    def scan(
        self, kind: Kind, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for key in sorted(self.held, reverse=reverse):
            if start <= key and (not end or key < end):
                yield b"prefix" + key, self.held[key]


@given(changes, st.sampled_from([(b"", b""), (b"b", b"c"), (b"bb", b"")]), st.booleans(), st.integers(0, 12))
def test_every_moment_reads_as_it_was(
    made: list[tuple[bytes, bytes | None]], bounds: tuple[bytes, bytes], reverse: bool, kept: int
) -> None:
    now: Any = Keyspace()
    past = Past()
    states = [dict(now.held)]
    for moment, (key, value) in enumerate(made, 1):
        past.note(Kind.ITEM, key, now.held.get(key), float(moment))
        past.note(Kind.LSI_1, key, b"another kind's", float(moment))
        if value is None:
            now.held.pop(key, None)
        else:
            now.held[key] = value
        states.append(dict(now.held))
    past.forget(float(kept))
    for moment, state in enumerate(states):
        if moment < kept:
            continue  # forgotten
        view = past.view(now, float(moment))
        assert [view.get(Kind.ITEM, key) for key in KEYS] == [state.get(key) for key in KEYS]
        start, end = bounds
        rows = [
            (b"prefix" + key, state[key]) for key in sorted(state) if start <= key and (not end or key < end)
        ]
        assert list(view.scan(Kind.ITEM, start, end, reverse=reverse)) == (rows[::-1] if reverse else rows)
