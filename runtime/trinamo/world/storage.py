"""The engine contract: an ordered store of bytes with two families (PROTOCOLS 1).

`log` is written through a write-ahead log; `data` is not. What a crash may take:

* process crash: `log` keeps every write that returned; `data` falls back to some earlier state, never before
  the last `flush_data` that returned. Each family is a prefix of its own writes; the two are independent.
* machine crash: as above, and `log` may also lose a suffix of the writes that were not `sync`ed.

The engines themselves are in `trinamo.lsm`; everybody above talks to `trinamo.lsm.Store`.
"""

import enum
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Durability(enum.Enum):
    """What a log write has survived when it is acknowledged."""

    MEMORY = "memory"  # nothing: the storage is as mortal as the process
    OS = "os"  # the process: bytes are with the operating system
    FSYNC = "fsync"  # the machine: bytes are on the device


class Family(enum.Enum):
    """Which of the two column families."""

    LOG = "log"
    DATA = "data"


class Batch(Protocol):
    """Changes to one family that become visible together. Made by `Engine.batch`, used once."""

    # Positional only, so that an engine may offer its binding's own functions here, without a wrapper's cost.
    @property
    def put(self) -> Callable[[bytes, bytes], None]:
        """Call it with a key and its new value."""

    @property
    def delete(self) -> Callable[[bytes], None]:
        """Call it with a key; one that is absent does no harm."""

    @property
    def delete_range(self) -> Callable[[bytes, bytes], None]:
        """Call it with start and end: deletes every key in [start, end)."""


class Reader(Protocol):
    """What both the live engine and a snapshot of it can do."""

    def get(self, family: Family, key: bytes) -> bytes | None: ...

    def scan(
        self, family: Family, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the pairs with start <= key < end in key order, or in reverse. Lazy; reads one moment's state."""


class Snapshot(Reader, Protocol):
    """One moment's state of each family. Must be closed; an open one holds old versions in memory."""

    def close(self) -> None: ...


class Engine(Reader, Protocol):
    """A node's store. Not for use by two threads at once, except `sync`, `flush_data` and one `write` to `log`,
    which may run in worker threads beside everything else."""

    def snapshot(self) -> Snapshot: ...

    def batch(self, family: Family) -> Batch: ...

    def write(self, batch: Batch) -> None:
        """Apply `batch` atomically. Raises `StorageError`; then nothing or all of it may be found after a
        restart."""

    def sync(self) -> None:
        """Make all of `log` written so far survive a machine crash. Blocks; run it in a thread when on disk."""

    def flush_data(self) -> None:
        """Make all of `data` written so far survive a crash. Blocks; run it in a thread when on disk."""

    def data_size(self) -> int:
        """Bytes of `data` not yet flushed, approximately: when to flush. 0 where a flush is without effect."""

    def stalled(self) -> bool:
        """Would a write now have to wait for flushes or compactions? Then it belongs in a worker thread."""

    def close(self) -> None:
        """Release the engine. Says nothing about durability."""


class Storage(Protocol):
    """A node's disk. It belongs to the World and outlives the node's actors (PROTOCOLS 8)."""

    @property
    def durability(self) -> Durability: ...

    def open(self) -> Engine:
        """Open the engine, or return the one that is open. Raises `StorageError` when it cannot be had."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run blocking `work` where it does not hold up the event loop, and return its result."""
