"""RocksDB in a directory: what only a real disk and the death of a process show."""

import subprocess
import sys
from pathlib import Path

import pytest

from lsm.engines import everything, put
from trinamo.base import StorageError
from trinamo.lsm import DirectoryStorage, RocksEngine
from trinamo.world import Durability, Family

WRITER = Path(__file__).with_name("journal_writer.py")


@pytest.mark.parametrize("lines_read", [1, 49, 130, 700])
def test_kill_9_loses_no_returned_log_write_and_no_flushed_data(tmp_path: Path, lines_read: int) -> None:
    acknowledged, flushed = _write_and_kill(tmp_path, lines_read)
    engine = RocksEngine(tmp_path)
    assert _length_of_prefix(engine, Family.LOG) >= acknowledged > 0
    assert _length_of_prefix(engine, Family.DATA) >= flushed
    engine.close()


def _write_and_kill(path: Path, lines_read: int) -> tuple[int, int]:
    """Run the writer until it has printed so many lines, and return its last number and last flush."""
    numbers, flushes = [0], [0]
    with subprocess.Popen(
        [sys.executable, str(WRITER), str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(lines_read):
            _note(writer.stdout.readline(), numbers, flushes)
        writer.kill()
        for line in writer.stdout:
            if line.endswith("\n"):
                _note(line, numbers, flushes)
    return numbers[-1], flushes[-1]


def _note(line: str, numbers: list[int], flushes: list[int]) -> None:
    if line.startswith("flushed"):
        flushes.append(int(line.split()[1]))
    else:
        numbers.append(int(line))


def _length_of_prefix(engine: RocksEngine, family: Family) -> int:
    found = everything(engine, family)
    length = len(found) // 2
    whole = {b"%c%08d" % (letter, number) for letter in b"ab" for number in range(1, length + 1)}
    assert found.keys() == whole, f"{family} is no prefix of what was written"
    return length


def test_data_without_a_flush_is_lost_by_kill_9(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing about `data`."""
    _write_and_kill(tmp_path, 20)
    engine = RocksEngine(tmp_path)
    assert _length_of_prefix(engine, Family.DATA) == 0
    engine.close()


def test_a_second_process_is_refused_in_one_line(tmp_path: Path) -> None:
    engine = RocksEngine(tmp_path)
    second = subprocess.run(
        [sys.executable, str(WRITER), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    last = second.stderr.splitlines()[-1]
    assert last == f"trinamo.base.errors.StorageError: data directory {tmp_path} is in use by another process"
    engine.close()
    RocksEngine(tmp_path).close()


def test_a_corrupt_block_is_reported_by_get_and_scan(tmp_path: Path) -> None:
    _write_table(tmp_path)
    [table] = [path for path in tmp_path.glob("*.sst") if path.stat().st_size > 100_000]
    with table.open("r+b") as file:
        file.seek(60_000)
        file.write(b"\xde\xad" * 8)
    engine = RocksEngine(tmp_path)
    for reverse in (False, True):
        with pytest.raises(StorageError, match="checksum"):
            list(engine.scan(Family.DATA, b"", b"\xff", reverse=reverse))
    with pytest.raises(StorageError, match="checksum"):
        [engine.get(Family.DATA, b"%04d" % number) for number in range(1000)]
    engine.close()


def _write_table(path: Path) -> None:
    engine = RocksEngine(path)
    put(engine, Family.DATA, *((b"%04d" % number, bytes(200)) for number in range(1000)))
    engine.flush_data()
    engine.close()


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StorageError, match="File exists"):
        DirectoryStorage(file, Durability.OS).open()


def test_memory_engines_leave_no_directory_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    engine = RocksEngine(None)
    put(engine, Family.DATA, *((b"%04d" % number, bytes(60_000)) for number in range(1000)))  # several tables
    assert len(everything(engine, Family.DATA)) == 1000
    engine.close()
    assert list(tmp_path.iterdir()) == []


def test_memory_engines_share_nothing() -> None:
    one, other = RocksEngine(None), RocksEngine(None)
    put(one, Family.DATA, (b"k", b"v"))
    assert other.get(Family.DATA, b"k") is None
    one.close()
    other.close()
