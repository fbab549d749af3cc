"""Copying a replica's data to another node: reading it at one moment, and installing it (PROTOCOLS 1).

A chunk is a run of rows in key order:

    key size 4 | value size 4 | key | value

where the key is that of family `data` without its keyspace. All chunks together hold every row of the
replica, its applied state last, so a copy cut short has none.

Installing:

    chunks into a fresh keyspace
      -> crash point "install: chunks written"
    flush of `data`
      -> crash point "install: data flushed"
    ONE log batch, as durable as the node's durability: the record names the keyspace, the log is empty
      -> crash point "install: switched"
    the old keyspace is discarded

A crash before the batch leaves the replica as it was and a keyspace no record names; after it, the replica
is the new one.
"""

import struct
from collections.abc import Awaitable, Callable, Iterator

from trinamo.base import PartitionId, StorageError
from trinamo.lsm.layout import AppliedState, Kind, ReplicaRecord, keyspace_prefix, kind_prefix, replica_bounds
from trinamo.lsm.store import Store
from trinamo.world import QUIET, Batch, Family, Sites

CHUNK_SIZE = 256 << 10  # 1 ms of work or so (PROTOCOLS 3), and far below a frame's limit
_ROW = struct.Struct(">II")
_KEYSPACE_SIZE = 8

Fill = Callable[[Batch], None]
WriteLog = Callable[[Fill], Awaitable[None]]
"""Fill a log batch, and return when it is durable: `GroupCommit.write` of one replica."""


class ReplicaSnapshot:
    """A replica's data at one moment, in chunks. It holds old versions in memory: close it, or let it expire."""

    def __init__(self, store: Store, partition: PartitionId, deadline: float) -> None:
        """`deadline` is in the caller's `clock.monotonic()`."""
        self.record = store.record(partition)
        self._snapshot = store.engine.snapshot()
        self._rows = self._read_rows()
        self._deadline = deadline
        self.applied = self._read_applied()

    def __repr__(self) -> str:
        return f"<ReplicaSnapshot p{self.record.partition} applied={self.applied.index}>"

    def next_chunk(self, now: float, size: int = CHUNK_SIZE) -> bytes:
        """The next rows, about `size` bytes of them; b"" after the last. Raises `StorageError` once expired."""
        if now >= self._deadline:
            self.close()
            raise StorageError(f"the snapshot of partition {self.record.partition} expired")
        parts: list[bytes] = []
        room = size
        for key, value in self._rows:
            parts += (_ROW.pack(len(key) - _KEYSPACE_SIZE, len(value)), key[_KEYSPACE_SIZE:], value)
            room -= len(key) + len(value)
            if room <= 0:
                break
        return b"".join(parts)

    def close(self) -> None:
        self._rows = iter(())
        self._snapshot.close()

    def _read_applied(self) -> AppliedState:
        value = self._snapshot.get(Family.DATA, replica_bounds(self.record, Kind.APPLIED)[0])
        return AppliedState() if value is None else AppliedState.decode(value)

    def _read_rows(self) -> Iterator[tuple[bytes, bytes]]:
        kind = self._next_kind(0)
        while kind is not None:
            yield from self._snapshot.scan(Family.DATA, *replica_bounds(self.record, kind))
            kind = self._next_kind(kind + 1)

    def _next_kind(self, kind: int) -> int | None:
        """The least kind from `kind` on of which the keyspace has rows, be they this replica's or not."""
        if kind > Kind.APPLIED:
            return None
        start = kind_prefix(self.record.keyspace, kind)
        found = next(self._snapshot.scan(Family.DATA, start, keyspace_prefix(self.record.keyspace + 1)), None)
        return None if found is None else found[0][_KEYSPACE_SIZE]


class SnapshotInstall:
    """A replica's new data on its way in. End it with `finish` or `abandon`."""

    def __init__(self, store: Store, sites: Sites = QUIET) -> None:
        self.keyspace = store.new_keyspace()
        self._store = store
        self._prefix = keyspace_prefix(self.keyspace)
        self._sites = sites

    def __repr__(self) -> str:
        return f"<SnapshotInstall keyspace {self.keyspace}>"

    def add(self, chunk: bytes) -> None:
        """Write the rows of the next chunk. Raises `StorageError` for a chunk that is not one."""
        batch = self._store.engine.batch(Family.DATA)
        for key, value in _read_chunk(chunk):
            batch.put(self._prefix + key, value)
        self._store.engine.write(batch)

    async def finish(self, record: ReplicaRecord, write: WriteLog) -> None:
        """Make the data durable and switch the replica to it.

        `record` is what shall be recorded: its keyspace is this one, its truncated index and term those of
        the snapshot. The replica neither applies nor appends meanwhile. Where it is new here, this begins it.
        """
        assert record.keyspace == self.keyspace
        self._check_complete(record)
        self._sites.passes("install: chunks written")
        await self._store.flush()
        self._sites.passes("install: data flushed")
        old = self._store.find_record(record.partition)
        await write(lambda batch: self._switch(batch, record))
        self._sites.passes("install: switched")
        if old is not None:
            self._store.discard(old.keyspace)

    def abandon(self) -> None:
        """Leave what came in to the sweep."""
        self._store.discard(self.keyspace)

    def _check_complete(self, record: ReplicaRecord) -> None:
        value = self._store.engine.get(Family.DATA, replica_bounds(record, Kind.APPLIED)[0])
        applied = AppliedState() if value is None else AppliedState.decode(value)
        if (applied.index, applied.term) != (record.truncated_index, record.truncated_term):
            raise StorageError(
                f"the snapshot of partition {record.partition} ends at index {applied.index}, not {record.truncated_index}"
            )

    def _switch(self, batch: Batch, record: ReplicaRecord) -> None:
        self._store.reset_log(batch, record.partition)
        self._store.put_record(batch, record)


def _read_chunk(chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position < len(chunk):
        key_end, value_end = _row_ends(chunk, position)
        yield chunk[position + _ROW.size : key_end], chunk[key_end:value_end]
        position = value_end


def _row_ends(chunk: bytes, position: int) -> tuple[int, int]:
    if position + _ROW.size <= len(chunk):
        key_size, value_size = _ROW.unpack_from(chunk, position)
        key_end = position + _ROW.size + key_size
        if key_end + value_size <= len(chunk):
            return key_end, key_end + value_size
    raise StorageError("a snapshot chunk ends in the middle of a row")
