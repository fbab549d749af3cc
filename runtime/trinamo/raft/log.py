"""A replica's log in memory.

    truncated        applied      commit        saved          last
    ----|---------------|------------|------------|--------------|
        |<--------------- entries held ------------------------->|
                                                  |<- unsaved -->|

1. truncated <= applied <= commit <= last, and truncated <= saved <= last.
2. What is at or below commit never changes; appending anything else there is a broken invariant.
3. `saved` is what was handed to the driver to be written, not what is durable. Overwriting entries at or below
   it leaves a mark (`void_from`), so that the next write begins by deleting them.
4. `handed` is the part of commit that was handed to the driver to be applied. It may be above what is durable
   here: a quorum elsewhere holds it, and a replica that restarts with more applied than logged starts its log
   at applied (`recovered`).
"""

from collections.abc import Sequence

import attrs

from trinamo.base import Index, Term
from trinamo.raft.entry import Entry

ENTRY_OVERHEAD = 16
"""Bytes counted for an entry beside its payload: index, term and kind in CBOR, at worst."""


def size(entries: Sequence[Entry]) -> int:
    """Bytes that `entries` count for against the bounds of `RaftConfig`."""
    total = 0
    for entry in entries:
        total += len(entry.payload) + ENTRY_OVERHEAD
    return total


@attrs.define(eq=False, repr=False)
class RaftLog:
    """Entries above a truncated position, and how far they are saved, committed and applied."""

    truncated_index: Index = Index(0)
    truncated_term: Term = Term(0)
    _entries: list[Entry] = attrs.Factory(list)
    commit: Index = attrs.field(init=False)
    applied: Index = attrs.field(init=False)
    handed: Index = attrs.field(init=False)
    last_index: Index = attrs.field(init=False)
    last_term: Term = attrs.field(init=False)
    saved: Index = attrs.field(init=False)
    void_from: Index | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.commit = self.applied = self.handed = self.truncated_index
        self._find_last()
        self.saved = self.last_index
        for position, entry in enumerate(self._entries, self.truncated_index + 1):
            assert entry.index == position, f"the log has {entry.index} at {position}"

    @classmethod
    def recovered(
        cls,
        truncated_index: Index,
        truncated_term: Term,
        entries: Sequence[Entry],
        applied_index: Index,
        applied_term: Term,
        commit: Index = Index(0),
    ) -> "RaftLog":
        """Return the log of a replica that starts: what its `log` family holds and what its `data` has applied.

        Raises `ValueError` when applied < truncated: storage was lost, and the replica must return under a new
        id. A log that ends before applied, or holds another term there, lost writes that a quorum elsewhere
        has: it starts anew at applied. The driver sees that by a `truncated_index` above the one it gave; before
        it uses the log, it flushes `data` and then writes down the new truncated position and its membership.
        """
        if applied_index < truncated_index:
            raise ValueError(f"applied {applied_index} is below the truncated index {truncated_index}")
        log = cls(truncated_index, truncated_term, list(entries))
        if not log.holds(applied_index, applied_term):
            return cls(applied_index, applied_term)
        log.applied = log.handed = applied_index
        log.commit = max(applied_index, min(commit, log.last_index))
        return log

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return (
            f"<RaftLog {self.truncated_index}..{self.last_index} term={self.last_term} "
            f"saved={self.saved} commit={self.commit} applied={self.applied}>"
        )

    def term(self, index: int) -> Term:
        """The term at `index`, which must be held or the truncated index."""
        position = index - self.truncated_index
        if position == 0:
            return self.truncated_term
        assert 0 < position <= len(self._entries), f"{index} is not in {self!r}"
        return self._entries[position - 1].term

    def holds(self, index: int, term: Term) -> bool:
        """Whether the entry at `index` is known to be of `term`."""
        if index == self.last_index:
            return term == self.last_term
        return self.truncated_index <= index < self.last_index and self.term(index) == term

    def slice(self, start: int, stop: int) -> list[Entry]:
        """The entries with start <= index < stop, all of which must be held."""
        first = start - self.truncated_index - 1
        assert first >= 0, f"{start} is not in {self!r}"
        return self._entries[first : stop - self.truncated_index - 1]

    def window(self, start: int, bytes_max: int) -> tuple[Entry, ...]:
        """The entries from `start` that fit into `bytes_max`, at least one if there is one."""
        entries = self._entries[start - self.truncated_index - 1 :]
        if len(entries) > 1:
            total = 0
            for count, entry in enumerate(entries):
                total += len(entry.payload) + ENTRY_OVERHEAD
                if total > bytes_max:
                    return tuple(entries[: count or 1])
        return tuple(entries)

    def agreement(self, index: Index, term: Term) -> Index:
        """The last index not above `index` whose term is not above `term`: the conflict hint (Raft 5.3)."""
        index = min(index, self.last_index)
        while index > self.truncated_index and self.term(index) > term:
            index = Index(index - 1)
        return index

    def up_to_date(self, last_index: Index, last_term: Term) -> bool:
        """Whether a log that ends so is at least as complete as this one (Raft 5.4.1)."""
        return last_term > self.last_term or (last_term == self.last_term and last_index >= self.last_index)

    def append(self, entry: Entry) -> None:
        """Append a leader's own entry."""
        assert entry.index == self.last_index + 1
        self._entries.append(entry)
        self.last_index = entry.index
        self.last_term = entry.term

    def append_all(self, entries: Sequence[Entry]) -> None:
        """Append what directly follows the last entry; at least one."""
        last = entries[-1]
        assert entries[0].index == self.last_index + 1
        assert last.index == self.last_index + len(entries)
        self._entries.extend(entries)
        self.last_index = last.index
        self.last_term = last.term

    def news(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The suffix of `entries` that this log does not hold, for a prefix that it does."""
        for position, entry in enumerate(entries):
            if not self.holds(entry.index, entry.term):
                return entries[position:]
        return ()

    def truncate(self, index: Index) -> None:
        """Drop the entries from `index` on, which are about to be overwritten."""
        assert index > self.commit, f"{index} is committed in {self!r}"
        del self._entries[index - self.truncated_index - 1 :]
        self._find_last()
        if index <= self.saved:
            self.void_from = index if self.void_from is None else min(index, self.void_from)
            self.saved = self.last_index

    def compact(self, index: Index) -> None:
        """Drop the entries up to `index`, which must be applied."""
        assert index <= self.applied, f"{index} is not applied in {self!r}"
        if index <= self.truncated_index:
            return
        term = self.term(index)
        del self._entries[: index - self.truncated_index]
        self.truncated_index, self.truncated_term = index, term

    def reset(self, index: Index, term: Term) -> None:
        """Start anew at a snapshot's position. Nothing is left to be saved: the snapshot's install did it."""
        self._entries.clear()
        self.truncated_index, self.truncated_term = index, term
        self._find_last()
        self.commit = self.applied = self.handed = self.saved = index
        self.void_from = None

    def take_unsaved(self) -> list[Entry]:
        """Hand over the entries to be written."""
        entries = self._entries[self.saved - self.truncated_index :]
        self.saved = self.last_index
        return entries

    def take_committed(self) -> list[Entry]:
        """Hand over the entries to be applied."""
        truncated = self.truncated_index
        entries = self._entries[self.handed - truncated : self.commit - truncated]
        self.handed = self.commit
        return entries

    def _find_last(self) -> None:
        if self._entries:
            last = self._entries[-1]
            self.last_index, self.last_term = last.index, last.term
        else:
            self.last_index, self.last_term = self.truncated_index, self.truncated_term
