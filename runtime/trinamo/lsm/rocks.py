"""RocksDB as an engine, through rocksdict; nobody else calls that.

One database is one node's store: the families `log` and `data` (contract: `trinamo.world.storage`). On disk
`log` goes through RocksDB's WAL and `data` does not; in memory (`Env.mem_env`) neither does.

What RocksDB and its binding force (measured with rocksdict 0.3.29):

1. A write keeps the GIL, a synced write for as long as the sync takes, and it keeps RocksDB's write queue, so
   that other writes wait too; `flush_wal` and `flush` keep neither. So nothing is written synced: the WAL is
   synced behind the writes. A batch is consumed even by a write that fails, so `no_slowdown` would lose it:
   `stalled` asks before.
2. `close` of an in-memory database raises, because its WAL cannot be synced, and it leaves the database open;
   letting go of every reference is what closes it. On disk `close` flushes both families, so only the death
   of the process loses unflushed `data`.
3. At open the binding writes a small file into the directory even when the database is in memory. It is not
   read again, so that directory lives no longer than the call.
4. Two write buffers a family, RocksDB's default, stall a steady writer at once: six are allowed, while one
   WriteBufferManager for the process bounds the sum.
5. Iterators of the binding's Snapshot ignore the snapshot. An iterator of the database itself keeps the
   moment it was made and may seek as often as one likes, so that is what a snapshot is made of here. It pins
   memtables and files: snapshots are for seconds, not for hours.
6. A batch's default family holds for `put` and `delete`, not for `delete_range`.
7. The binding's `items()` ends silently at a corrupt block; stepping an iterator by hand costs the same 0.4 us
   a row and can ask for its status. Forward scans pass their end to RocksDB, which then need not wade through
   tombstones behind it; the binding's lower bound must not be used, it sets the upper one.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rocksdict

from trinamo.base import StorageError
from trinamo.world import Batch, Family

WRITE_BUFFER_SIZE = 8 << 20  # PROTOCOLS 1: with RocksDB's 64 MB, 8 MB of live data grew to 671 MB
WRITE_BUFFERS_MAX = 6  # a family's; flushing one takes less time than filling two, see 4 above
WRITE_BUFFERS_TOTAL = 96 << 20  # of all databases in the process; beyond it they flush sooner
BLOCK_CACHE_SIZE = 32 << 20
LEVEL0_STOP_FILES = 64  # RocksDB's 36 is for spinning disks; level 0 here is at most a family's few MB
BLOOM_BITS = 10  # RocksDB's usual choice: 1 % false positives

LOG_FAMILY = "default"  # which every database has: making another costs 0.4 ms at open
DATA_FAMILY = "data"

_buffers = rocksdict.WriteBufferManager(WRITE_BUFFERS_TOTAL, False)
_cache = rocksdict.Cache(BLOCK_CACHE_SIZE)


class RocksBatch:
    """A batch; its frequent verbs are the binding's own functions."""

    __slots__ = ("_handle", "delete", "family", "native", "put")

    def __init__(self, family: Family, handle: rocksdict.ColumnFamily) -> None:
        native = rocksdict.WriteBatch(raw_mode=True)
        native.set_default_column_family(handle)
        self.family = family
        self.native = native
        self.put: Callable[[bytes, bytes], None] = native.put
        self.delete: Callable[[bytes], None] = native.delete
        self._handle = handle

    def delete_range(self, start: bytes, end: bytes) -> None:
        self.native.delete_range(start, end, self._handle)  # 6 above: here the default does not hold


class _Cursor:
    """One of the binding's iterators, and who moved it last: scans that share it find their place again."""

    __slots__ = ("mover", "native")

    def __init__(self, native: rocksdict.RdictIter) -> None:
        self.native = native
        self.mover: object = None

    def get(self, key: bytes) -> bytes | None:
        self.mover = None
        self.native.seek(key)
        if self.native.key() != key:
            self.check()
            return None
        value: bytes = self.native.value()
        return value

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        native = self.native
        read_key, read_value, step = native.key, native.value, native.next
        self.mover = scan = object()
        native.seek(start)
        key = read_key()
        while key is not None and key < end:
            yield key, read_value()
            if self.mover is not scan:
                self.mover = scan
                native.seek(key)
            step()
            key = read_key()
        self.check()

    def scan_back(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        native = self.native
        read_key, read_value, step = native.key, native.value, native.prev
        self.mover = scan = object()
        native.seek_for_prev(end)
        if read_key() == end:
            step()
        key = read_key()
        while key is not None and key >= start:
            yield key, read_value()
            if self.mover is not scan:
                self.mover = scan
                native.seek(key)
            step()
            key = read_key()
        self.check()

    def check(self) -> None:
        """An iterator ends at an error as at the end; ask which it was."""
        try:
            self.native.status()
        except Exception as error:
            raise _storage_error("read", error) from error


class RocksSnapshot:
    """One moment of each family, kept by an iterator that was made then (5 above)."""

    __slots__ = ("_data", "_log")

    def __init__(self, log: rocksdict.Rdict, data: rocksdict.Rdict) -> None:
        self._log: _Cursor | None = _Cursor(log.iter())
        self._data: _Cursor | None = _Cursor(data.iter())

    def get(self, family: Family, key: bytes) -> bytes | None:
        return self._of(family).get(key)

    def scan(
        self, family: Family, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        cursor = self._of(family)
        return cursor.scan_back(start, end) if reverse else cursor.scan(start, end)

    def close(self) -> None:
        self._log = self._data = None

    def _of(self, family: Family) -> _Cursor:
        cursor = self._data if family is Family.DATA else self._log
        if cursor is None:
            raise StorageError("the snapshot is closed")
        return cursor


class RocksEngine:
    """RocksDB in `path`, or in memory when that is None."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._database: rocksdict.Rdict | None = _open(path)
        self._log = self._database.get_column_family(LOG_FAMILY)
        self._data = self._database.get_column_family(DATA_FAMILY)
        self._log_handle = self._database.get_column_family_handle(LOG_FAMILY)
        self._data_handle = self._database.get_column_family_handle(DATA_FAMILY)
        self._write_data = _write_options(wal=False)
        self._write_log = _write_options(wal=path is not None)

    def __repr__(self) -> str:
        return f"<RocksEngine {self._path or 'in memory'}>"

    def get(self, family: Family, key: bytes) -> bytes | None:
        try:
            value: bytes | None = (self._data if family is Family.DATA else self._log).get(key)
        except Exception as error:
            raise _storage_error("read", error) from error
        return value

    def scan(
        self, family: Family, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        return _scan(self._data if family is Family.DATA else self._log, start, end, reverse)

    def snapshot(self) -> RocksSnapshot:
        return RocksSnapshot(self._log, self._data)

    def batch(self, family: Family) -> RocksBatch:
        return RocksBatch(family, self._data_handle if family is Family.DATA else self._log_handle)

    def write(self, batch: Batch) -> None:
        assert isinstance(batch, RocksBatch)
        options = self._write_data if batch.family is Family.DATA else self._write_log
        try:
            self._log.write(batch.native, options)
        except Exception as error:
            raise _storage_error("write", error) from error

    def sync(self) -> None:
        if self._path is None:
            return
        if self._database is None:
            raise StorageError("the engine is closed")
        try:
            self._database.flush_wal(True)
        except Exception as error:
            raise _storage_error("sync", error) from error

    def flush_data(self) -> None:
        if self._path is None:
            return  # there is no crash that this data would survive
        try:
            self._data.flush(True)
        except Exception as error:
            raise _storage_error("flush", error) from error

    def data_size(self) -> int:
        if self._path is None:
            return 0
        return self._data.property_int_value("rocksdb.cur-size-all-mem-tables") or 0

    def stalled(self) -> bool:
        return bool(self._log.property_int_value("rocksdb.is-write-stopped"))

    def close(self) -> None:
        if self._database is None:
            return
        families = self._log, self._data, self._database
        self._database = None
        self._log = self._data = self._log_handle = self._data_handle = _closed
        if self._path is None:
            return  # 2 above: the references were all there is
        for each in families:
            each.close()


class _Closed:
    """Stands where a family was: any use says so."""

    def __getattr__(self, name: str) -> object:
        raise StorageError("the engine is closed")


_closed: Any = _Closed()


def _open(path: Path | None) -> rocksdict.Rdict:
    if path is not None:
        return _open_at(str(path), None)
    directory = tempfile.mkdtemp(prefix="trinamo-")
    try:
        return _open_at(directory, rocksdict.Env.mem_env())
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _open_at(path: str, env: rocksdict.Env | None) -> rocksdict.Rdict:
    try:
        return rocksdict.Rdict(path, _options(env), column_families={DATA_FAMILY: _options(env)})
    except Exception as error:
        if "lock" in str(error).lower():
            raise StorageError(f"data directory {path} is in use by another process") from error
        raise _storage_error(f"open {path}", error) from error


def _options(env: rocksdict.Env | None) -> rocksdict.Options:
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    if env is not None:
        options.set_env(env)
    options.set_write_buffer_size(WRITE_BUFFER_SIZE)
    options.set_max_write_buffer_number(WRITE_BUFFERS_MAX)
    options.set_write_buffer_manager(_buffers)
    options.set_level_zero_slowdown_writes_trigger(LEVEL0_STOP_FILES)
    options.set_level_zero_stop_writes_trigger(LEVEL0_STOP_FILES)
    options.set_block_based_table_factory(_table())
    options.set_compression_type(rocksdict.DBCompressionType.none())  # in memory it costs; items are small
    options.set_stats_dump_period_sec(0)  # a thread less for each database
    options.set_stats_persist_period_sec(0)
    options.set_max_file_opening_threads(1)  # 16 otherwise, made at every open: half of its time
    options.set_skip_stats_update_on_db_open(True)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1 << 20)  # RocksDB's own log, which in memory is memory too
    return options


def _table() -> rocksdict.BlockBasedOptions:
    table = rocksdict.BlockBasedOptions()
    table.set_block_cache(_cache)
    table.set_bloom_filter(BLOOM_BITS, False)
    return table


def _write_options(*, wal: bool) -> rocksdict.WriteOptions:
    options = rocksdict.WriteOptions()
    options.disable_wal = not wal  # type: ignore[method-assign,assignment]  # the stub calls this property a method
    return options


def _scan(source: rocksdict.Rdict, start: bytes, end: bytes, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
    bounds = rocksdict.ReadOptions()
    if reverse:
        return _Cursor(source.iter(bounds)).scan_back(start, end)
    bounds.set_iterate_upper_bound(end)
    return _Cursor(source.iter(bounds)).scan(start, end)


def _storage_error(verb: str, error: Exception) -> StorageError:
    return StorageError(f"storage could not {verb}: {str(error).splitlines()[0]}")
