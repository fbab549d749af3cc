"""A node's storage: who opens its engine, keeps it between two lives of the node, and ends it.

Each satisfies `trinamo.world.Storage`. It belongs to the World, so that what a node wrote outlives the node's
actors (PROTOCOLS 8); only `close`, or the end of the process, ends the engine.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from trinamo.base import StorageError
from trinamo.lsm.crashable import CrashableEngine, Faults
from trinamo.lsm.rocks import RocksEngine
from trinamo.world import Durability, Random
from trinamo.world.threads import run_in_thread

T = TypeVar("T")


class MemoryStorage:
    """RocksDB in memory. Nothing of it blocks for long, so work runs where it is asked for."""

    durability = Durability.MEMORY

    def __init__(self) -> None:
        self._engine: RocksEngine | None = None

    def open(self) -> RocksEngine:
        if self._engine is None:
            self._engine = RocksEngine(None)
        return self._engine

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    def close(self) -> None:
        """End the engine and forget what it holds."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


class DirectoryStorage:
    """RocksDB in the directory `path`, which is made if need be and locked while the engine is open."""

    def __init__(self, path: Path, durability: Durability = Durability.OS) -> None:
        assert durability is not Durability.MEMORY, "a directory promises at least what the process wrote"
        self.durability = durability
        self._path = path
        self._engine: RocksEngine | None = None

    def __repr__(self) -> str:
        return f"<DirectoryStorage {self._path} {self.durability.value}>"

    def open(self) -> RocksEngine:
        if self._engine is None:
            try:
                self._path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(f"data directory {self._path}: {error.strerror}") from error
            self._engine = RocksEngine(self._path)
        return self._engine

    async def run(self, work: Callable[[], T]) -> T:
        return await run_in_thread(work)

    def close(self) -> None:
        """Flush and end the engine, and release the directory."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


class SimulatedStorage:
    """The crashable engine of one simulated node. `faults` hold for all its lives."""

    def __init__(self, random: Random, durability: Durability, faults: Faults | None = None) -> None:
        self.durability = durability
        self.faults = faults or Faults()
        self._random = random
        self._engine = CrashableEngine(random, self.faults)

    def open(self) -> CrashableEngine:
        return self._engine

    async def run(self, work: Callable[[], T]) -> T:
        return work()  # a simulator that wants latency sleeps before it calls this

    def crash(self, machine: bool) -> None:
        """Replace the engine by what a restart would find of it; the old one takes no more writes."""
        self._engine = self._engine.crash(machine)

    def lose(self) -> None:
        """Replace the engine by an empty one: the disk is gone."""
        self._engine.crash(machine=True)
        self._engine = CrashableEngine(self._random, self.faults)
