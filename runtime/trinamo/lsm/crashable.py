"""An engine in memory that crashes, fails, fills up and corrupts on order: the simulator's disk.

It meets the contract of `trinamo.world.storage` and takes from it, at a crash, all that the contract allows
to be taken.

1. Each family is a dict and its sorted keys. Every batch leaves an undo record in its family's journal; the
   journal is what a crash may take away, newest batch first, so what remains is always a prefix.
2. `sync` empties the journal of `log`, `flush_data` that of `data`. A journal is bounded: beyond
   the bound its oldest batches are safe, as with an operating system that writes back and a full memtable.
3. A snapshot holds what has been overwritten since it was taken; a scan of the live engine takes one too.
4. A write that fails leaves nothing or everything, by a toss. After a failed write or sync the engine refuses
   all writes until it is opened again, as RocksDB does; a full one only until there is room.
5. All chance comes from the `Random` given, in the order of calls: a seed replays a run.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator

import attrs

from trinamo.base import StorageError
from trinamo.world import Batch, Crashed, Family, Random

JOURNAL_BATCHES_MAX = 4096  # far more than a simulated crash should take, and a bound on memory

Undo = list[tuple[bytes, bytes | None]]  # keys with the values they had, oldest first


@attrs.define
class Faults:
    """What goes wrong from now on. Rates are probabilities for each call."""

    write_error_rate: float = 0.0
    sync_error_rate: float = 0.0
    corrupt_read_rate: float = 0.0
    capacity: int | None = None
    """Bytes of keys and values the disk holds; None for no limit."""
    stalled: bool = False
    """Whether the engine says that writes would have to wait."""


@attrs.frozen
class CrashableStatistics:
    """What the engine holds, in both families."""

    rows: int
    size: int
    """Bytes of keys and values."""
    snapshots: int
    """Moments kept, running scans included."""


class _Table:
    """One family: what is in it, and what a crash would undo."""

    __slots__ = ("journal", "keys", "size", "snapshots", "values", "version")

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.keys: list[bytes] = []
        self.version = 0  # of `keys`
        self.size = 0
        self.journal: deque[Undo] = deque(maxlen=JOURNAL_BATCHES_MAX)
        self.snapshots: list[_View] = []

    def set(self, key: bytes, value: bytes | None) -> bytes | None:
        """Set or delete, and return what was there."""
        old = self.values.get(key)
        for view in self.snapshots:
            view.overwritten.setdefault(key, old)
        if value is not None:
            self._put(key, value, old)
        elif old is not None:
            self._delete(key, old)
        return old

    def _put(self, key: bytes, value: bytes, old: bytes | None) -> None:
        self.values[key] = value
        if old is None:
            insort(self.keys, key)
            self.version += 1
            self.size += len(key) + len(value)
        else:
            self.size += len(value) - len(old)

    def _delete(self, key: bytes, old: bytes) -> None:
        del self.values[key]
        del self.keys[bisect_left(self.keys, key)]
        self.version += 1
        self.size -= len(key) + len(old)

    def range(self, start: bytes, end: bytes) -> list[bytes]:
        return self.keys[bisect_left(self.keys, start) : bisect_left(self.keys, end)]

    def roll_back(self, batches: int) -> None:
        for _ in range(batches):
            for key, old in reversed(self.journal.pop()):
                self.set(key, old)


class _View:
    """One moment of one table: the table of now, corrected by what has been overwritten since."""

    __slots__ = ("overwritten", "table")

    def __init__(self, table: _Table) -> None:
        self.table = table
        self.overwritten: dict[bytes, bytes | None] = {}
        table.snapshots.append(self)

    def close(self) -> None:
        if self in self.table.snapshots:
            self.table.snapshots.remove(self)

    def get(self, key: bytes) -> bytes | None:
        if key in self.overwritten:
            return self.overwritten[key]
        return self.table.values.get(key)

    def scan(self, start: bytes, end: bytes, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        step = self._before if reverse else self._after
        key = step(end, start) if reverse else step(start, end)
        while key is not None:
            value = self.get(key)
            if value is not None:
                yield key, value
            key = step(key, start) if reverse else step(key + b"\x00", end)

    def _after(self, start: bytes, end: bytes) -> bytes | None:
        """The least key >= start and < end, be it of now or of then."""
        keys = self.table.keys
        position = bisect_left(keys, start)
        found = keys[position] if position < len(keys) and keys[position] < end else None
        for key, old in self.overwritten.items():
            if old is not None and start <= key < end and (found is None or key < found):
                found = key
        return found

    def _before(self, end: bytes, start: bytes) -> bytes | None:
        """The greatest key < end and >= start, be it of now or of then."""
        keys = self.table.keys
        position = bisect_left(keys, end) - 1
        found = keys[position] if position >= 0 and keys[position] >= start else None
        for key, old in self.overwritten.items():
            if old is not None and start <= key < end and (found is None or key > found):
                found = key
        return found


class _Scan:
    """A scan of the live engine: it owns the view it reads, from the call on and however it is dropped."""

    __slots__ = ("_pairs", "_view")

    def __init__(self, view: _View, start: bytes, end: bytes, reverse: bool) -> None:
        self._view = view
        self._pairs = view.scan(start, end, reverse)

    def __iter__(self) -> "_Scan":
        return self

    def __next__(self) -> tuple[bytes, bytes]:
        return next(self._pairs)

    def __del__(self) -> None:
        self._view.close()


class CrashableBatch:
    """Changes in order; a deleted range is a pair of keys in the place of a value."""

    __slots__ = ("changes", "delete", "delete_range", "family", "put")

    def __init__(self, family: Family) -> None:
        changes: list[tuple[bytes, bytes | None, bytes | None]] = []
        self.family = family
        self.changes = changes
        self.put: Callable[[bytes, bytes], None] = lambda key, value: changes.append((key, value, None))
        self.delete: Callable[[bytes], None] = lambda key: changes.append((key, None, None))
        self.delete_range: Callable[[bytes, bytes], None] = lambda start, end: changes.append(
            (start, None, end)
        )


class CrashableSnapshot:
    """One moment of both families."""

    __slots__ = ("_engine", "_views")

    def __init__(self, engine: "CrashableEngine", views: dict[Family, _View]) -> None:
        self._engine = engine
        self._views = views

    def get(self, family: Family, key: bytes) -> bytes | None:
        self._engine.check_read()
        return self._view(family).get(key)

    def scan(
        self, family: Family, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        self._engine.check_read()
        return self._view(family).scan(start, end, reverse)

    def close(self) -> None:
        for view in self._views.values():
            view.close()
        self._views = {}

    def _view(self, family: Family) -> _View:
        view = self._views.get(family)
        if view is None:
            raise StorageError("the snapshot is closed")
        return view


class CrashableEngine:
    """The simulator's engine. `crash` gives the one that a restart would find."""

    def __init__(self, random: Random, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._random = random
        self._tables = {Family.LOG: _Table(), Family.DATA: _Table()}
        self._unflushed = 0
        self._refuses: str | None = None  # why no write is taken any more
        self._crashed = False

    def __repr__(self) -> str:
        sizes = {family.value: len(table.keys) for family, table in self._tables.items()}
        return f"<CrashableEngine {sizes} {'crashed' if self._crashed else self._refuses or 'open'}>"

    def get(self, family: Family, key: bytes) -> bytes | None:
        self.check_read()
        return self._tables[family].values.get(key)

    def scan(
        self, family: Family, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        self.check_read()
        return _Scan(_View(self._tables[family]), start, end, reverse)

    def snapshot(self) -> CrashableSnapshot:
        return CrashableSnapshot(self, {family: _View(table) for family, table in self._tables.items()})

    def batch(self, family: Family) -> CrashableBatch:
        return CrashableBatch(family)

    def write(self, batch: Batch) -> None:
        assert isinstance(batch, CrashableBatch)
        self._check_write(batch)
        self._apply(batch)

    def sync(self) -> None:
        self._check_open()
        if self._chance(self.faults.sync_error_rate):
            self._fail("sync failed")
        self._tables[Family.LOG].journal.clear()

    def flush_data(self) -> None:
        self._check_open()
        if self._chance(self.faults.write_error_rate):
            self._fail("flush failed")
        self._tables[Family.DATA].journal.clear()
        self._unflushed = 0

    def data_size(self) -> int:
        return self._unflushed

    def stalled(self) -> bool:
        return self.faults.stalled

    def close(self) -> None:
        self._refuses = "the engine is closed"

    def crash(self, machine: bool) -> "CrashableEngine":
        """End this engine, which raises `Crashed` from now on, and return what a restart finds.

        Always takes a random number of `data`'s newest unflushed batches; with `machine` also of `log`'s
        newest unsynced ones.
        """
        found = CrashableEngine(self._random, self.faults)
        found._tables = self._tables
        self._tables = {Family.LOG: _Table(), Family.DATA: _Table()}
        self._crashed = True
        for family, table in found._tables.items():
            table.snapshots.clear()
            if family is Family.DATA or machine:
                table.roll_back(self._random.randrange(0, len(table.journal) + 1))
            if family is Family.DATA:
                table.journal.clear()  # what was found at start had reached the disk
        return found

    def statistics(self) -> CrashableStatistics:
        return CrashableStatistics(
            rows=sum(len(table.keys) for table in self._tables.values()),
            size=self._used(),
            snapshots=sum(len(table.snapshots) for table in self._tables.values()),
        )

    def check_read(self) -> None:
        """Raise `StorageError` when this read is to meet a corrupt block, `Crashed` when nobody is left to read."""
        self._check_alive()
        if self._chance(self.faults.corrupt_read_rate):
            raise StorageError("storage could not read: block checksum mismatch")

    def _check_alive(self) -> None:
        if self._crashed:
            raise Crashed

    def _check_open(self) -> None:
        self._check_alive()
        if self._refuses is not None:
            raise StorageError(f"storage could not write: {self._refuses}")

    def _check_write(self, batch: CrashableBatch) -> None:
        self._check_open()
        capacity = self.faults.capacity
        if capacity is not None and self._used() + _size(batch) > capacity:
            raise StorageError("storage could not write: no space left on device")
        if self._chance(self.faults.write_error_rate):
            if self._chance(0.5):
                self._apply(batch)
            self._fail("write failed")

    def _fail(self, what: str) -> None:
        self._refuses = f"{what}; the engine must be opened again"
        raise StorageError(f"storage could not write: {what}")

    def _apply(self, batch: CrashableBatch) -> None:
        table = self._tables[batch.family]
        undo: Undo = []
        for key, value, end in batch.changes:
            if end is None:
                undo.append((key, table.set(key, value)))
            else:
                undo.extend((each, table.set(each, None)) for each in table.range(key, end))
        table.journal.append(undo)
        if batch.family is Family.DATA:
            self._unflushed += _size(batch)

    def _used(self) -> int:
        return sum(table.size for table in self._tables.values())

    def _chance(self, rate: float) -> bool:
        return rate > 0.0 and self._random.random() < rate


def _size(batch: CrashableBatch) -> int:
    return sum(len(key) + len(value or b"") for key, value, _ in batch.changes)
