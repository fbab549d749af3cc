"""Tallies: how many items a partition holds and how large they are, and the same of the entries of each local index.

    items | bytes of them | entries of index 1 | bytes of them | entries of index 2 | ...

They are kept in the applied state, by the effects that it follows from: each knows the size of what it replaces. So they
are exact at every applied index, on every replica, and come with snapshots. Item collections are not counted.
"""

from collections.abc import Iterable

from trinamo.partition.stored import Effect


def begin_tallies(indexes: int) -> tuple[int, ...]:
    """Return the tallies of an empty partition whose table has so many local indexes."""
    return (0,) * (2 * (1 + indexes))


def add_effects(tallies: list[int], effects: Iterable[Effect]) -> None:
    """Add what effects do."""
    end = len(tallies) // 2
    for _, size, item, kind, old_size in effects:
        if kind <= end:  # kinds are numbered from 1, those of items and of entries first
            tallies[2 * kind - 2] += (item is not None) - (old_size > 0)
            tallies[2 * kind - 1] += size - old_size
