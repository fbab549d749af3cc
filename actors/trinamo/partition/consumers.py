"""How far global indexes have taken the feed of a partition, as its replica knows it, and who waits for that.

1. What an index has taken is known from the index's own partitions, or from the cursor that follows it: so it is true
   whoever leads, and never goes back.
2. An index has passed an entry when it has taken the last one before it that changed anything. Entries that change
   nothing, the moves of cursors among them, are never sent.
3. The feed that indexes have yet to take is bounded: beyond it an index is behind, and writes are refused.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import attrs

from trinamo.actor import Reply
from trinamo.base import OperatingError
from trinamo.partition.messages import Passed

WAIT_MAX_S: Final = 2.0  # PROTOCOLS 6: how long a read waits for an index
BACKLOG_ENTRIES_MAX: Final = 20_000  # some seconds of what an index takes
BACKLOG_BYTES_MAX: Final = 32 << 20


@attrs.frozen
class _Waiting:
    index: str
    position: int
    reply: Reply[Any]
    deadline: float


class _Grown(NamedTuple):
    """An entry, the bytes that all entries up to it have left in the feed, and when it was applied."""

    entry: int
    bytes: int
    moment: float


class Consumers:
    """The global indexes of one partition's table. `cursor` reads how far one had come when that was last noted."""

    def __init__(self, last: int, cursor: Callable[[str], int]) -> None:
        self.last = last
        """The index of the last entry that changed anything."""
        self._cursor = cursor
        self._taken: dict[str, int] = {}
        self._waiting: list[_Waiting] = []
        self._listeners: list[Callable[[], None]] = []
        self._entries: deque[_Grown] = deque()  # those that some index may not have taken
        self._bytes = 0
        self._bytes_taken = 0

    def __repr__(self) -> str:
        return f"<Consumers last={self.last} taken={self._taken}>"

    # -- what the replica tells -------------------------------------------------------------------------------

    def changed(self, index: int) -> None:
        """An entry has changed something, which no index will take."""
        self.last = index
        self._tell()

    def grew(self, index: int, size: int, now: float) -> None:
        """An entry has changed something, and left so many bytes in the feed."""
        self._bytes += size
        self._entries.append(_Grown(index, self._bytes, now))
        self.changed(index)

    def trimmed(self, below: int) -> None:
        """Nobody needs any more what entries below this one changed."""
        entries = self._entries
        while entries and entries[0].entry < below:
            self._bytes_taken = entries.popleft().bytes

    def look_again(self) -> None:
        """Cursors may have been moved by others, or begun: read them again."""
        self._taken.clear()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    @property
    def awaited(self) -> bool:
        """Whether anybody waits for an index."""
        return bool(self._waiting)

    def expire(self, now: float) -> None:
        """Tell those that an index was too slow who wait for it too long."""
        for waiting in self._waiting:
            if waiting.deadline <= now:
                waiting.reply.resolve(Passed(False))
        self._waiting = [waiting for waiting in self._waiting if not waiting.reply.settled]

    def drop(self, error: OperatingError) -> None:
        """Tell all who wait that they have asked in vain."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.reply.fail(error)

    # -- what indexes tell ------------------------------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> None:
        """Call when the feed has grown, or other indexes shall take it."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Call no more."""
        self._listeners.remove(listener)

    def taken(self, index: str, position: int) -> None:
        """All partitions of an index have taken what entries up to `position` changed."""
        if position <= self._taken.get(index, 0):
            return
        self._taken[index] = position
        for waiting in self._waiting:
            if waiting.index == index and waiting.position <= position:
                waiting.reply.resolve(Passed(True))
        if self._waiting:
            self._waiting = [waiting for waiting in self._waiting if not waiting.reply.settled]

    # -- what is asked ----------------------------------------------------------------------------------------

    def position(self, index: str) -> int:
        """Return up to which entry an index has taken the feed for sure."""
        found = self._taken.get(index)
        if found is None:
            found = self._taken[index] = self._cursor(index)
        return found

    def came_at(self, entry: int) -> float:
        """Return when an entry was applied here, 0 if that was long ago."""
        at = bisect_left(self._entries, (entry,))
        known = at < len(self._entries) and self._entries[at].entry == entry
        return self._entries[at].moment if known else 0.0

    def passed(self, index: str) -> bool:
        """Whether an index has taken all that there is."""
        return self.position(index) >= self.last

    def wait(self, index: str, reply: Reply[Any], now: float) -> None:
        """Answer when an index has taken all that there is now."""
        if self.passed(index):
            reply.resolve(Passed(True))
        else:
            self._waiting.append(_Waiting(index, self.last, reply, now + WAIT_MAX_S))

    def first_behind(self, indexes: Iterable[str], share: float = 1.0) -> str | None:
        """Return an index that has so much yet to take that no more may come; `share` is of the bounds."""
        slowest = min(indexes, key=self.position, default=None)
        if slowest is None:
            return None
        position = self.position(slowest)
        self.trimmed(position + 1)
        entries = self.last - position
        if (
            entries > BACKLOG_ENTRIES_MAX * share
            or self._bytes - self._bytes_taken > BACKLOG_BYTES_MAX * share
        ):
            return slowest
        return None
