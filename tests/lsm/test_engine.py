"""The engine contract, over every engine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsm.engines import KINDS, delete, everything, open_engine, put
from trinamo.base import StorageError
from trinamo.world import Engine, Family, Snapshot

LOG, DATA = Family.LOG, Family.DATA


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(kind: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(kind, tmp_path)
    yield engine
    engine.close()


def test_families_are_apart(engine: Engine) -> None:
    put(engine, LOG, (b"k", b"of log"))
    put(engine, DATA, (b"k", b"of data"))
    assert engine.get(LOG, b"k") == b"of log"
    assert engine.get(DATA, b"k") == b"of data"
    delete(engine, LOG, [b"k"])
    assert engine.get(LOG, b"k") is None
    assert engine.get(DATA, b"k") == b"of data"


def test_an_empty_value_is_a_value(engine: Engine) -> None:
    put(engine, DATA, (b"k", b""))
    assert engine.get(DATA, b"k") == b""
    assert engine.get(DATA, b"") is None


def test_changes_of_a_batch_act_in_order(engine: Engine) -> None:
    batch = engine.batch(DATA)
    batch.put(b"a", b"1")
    batch.put(b"b", b"1")
    batch.delete_range(b"a", b"z")
    batch.put(b"b", b"2")
    batch.put(b"c", b"2")
    batch.delete(b"c")
    engine.write(batch)
    assert everything(engine, DATA) == {b"b": b"2"}


def test_nothing_of_a_batch_is_seen_before_it_is_written(engine: Engine) -> None:
    batch = engine.batch(DATA)
    batch.put(b"k", b"v")
    assert engine.get(DATA, b"k") is None
    engine.write(batch)
    assert engine.get(DATA, b"k") == b"v"


def test_scan_includes_its_start_and_excludes_its_end(engine: Engine) -> None:
    put(engine, DATA, *((bytes([letter]), b"") for letter in b"abcde"))
    assert [key for key, _ in engine.scan(DATA, b"b", b"d")] == [b"b", b"c"]
    assert [key for key, _ in engine.scan(DATA, b"b", b"d", reverse=True)] == [b"c", b"b"]
    assert list(engine.scan(DATA, b"d", b"b")) == []
    assert list(engine.scan(DATA, b"b", b"b", reverse=True)) == []


def test_scan_is_lazy_and_reads_the_moment_it_began(engine: Engine) -> None:
    put(engine, DATA, *((b"%03d" % number, b"old") for number in range(100)))
    forward = engine.scan(DATA, b"000", b"999")
    backward = engine.scan(DATA, b"000", b"999", reverse=True)
    assert next(forward) == (b"000", b"old")
    put(engine, DATA, (b"001", b"new"), (b"0005", b"new"), (b"500", b"new"))
    delete(engine, DATA, [b"050"])
    assert [value for _, value in forward] == [b"old"] * 99
    assert [key for key, _ in backward] == [b"%03d" % number for number in reversed(range(100))]


def test_snapshot_keeps_its_moment_of_both_families(engine: Engine) -> None:
    put(engine, DATA, (b"a", b"1"), (b"b", b"1"))
    put(engine, LOG, (b"a", b"1"))
    snapshot = engine.snapshot()
    put(engine, DATA, (b"a", b"2"), (b"c", b"2"))
    delete(engine, DATA, [b"b"])
    delete(engine, LOG, [b"a"])
    assert list(snapshot.scan(DATA, b"", b"z")) == [(b"a", b"1"), (b"b", b"1")]
    assert list(snapshot.scan(DATA, b"", b"z", reverse=True)) == [(b"b", b"1"), (b"a", b"1")]
    assert snapshot.get(DATA, b"c") is None
    assert snapshot.get(LOG, b"a") == b"1"
    snapshot.close()
    assert everything(engine, DATA) == {b"a": b"2", b"c": b"2"}


def test_scans_of_one_snapshot_do_not_disturb_each_other(engine: Engine) -> None:
    put(engine, DATA, *((bytes([letter]), b"") for letter in b"abcdefgh"))
    snapshot = engine.snapshot()
    forward = snapshot.scan(DATA, b"a", b"z")
    backward = snapshot.scan(DATA, b"a", b"z", reverse=True)
    woven = []
    for (one, _), (other, _) in zip(forward, backward, strict=True):
        assert snapshot.get(DATA, b"d") == b""
        woven += [one, other]
    assert b"".join(woven) == b"ahbgcfdeedfcgbha"
    snapshot.close()


def test_a_closed_snapshot_refuses_to_read(engine: Engine) -> None:
    snapshot = engine.snapshot()
    snapshot.close()
    snapshot.close()
    with pytest.raises(StorageError):
        snapshot.get(DATA, b"a")
    with pytest.raises(StorageError):
        snapshot.scan(DATA, b"a", b"b")


def test_a_closed_engine_refuses_to_write(engine: Engine) -> None:
    batch = engine.batch(LOG)
    batch.put(b"k", b"v")
    engine.close()
    engine.close()
    with pytest.raises(StorageError):
        engine.write(batch)


def test_flush_leaves_what_is_read_unchanged(engine: Engine) -> None:
    put(engine, DATA, (b"a", b"1"))
    engine.flush_data()
    put(engine, DATA, (b"b", b"2"))
    assert engine.data_size() >= 0
    assert everything(engine, DATA) == {b"a": b"1", b"b": b"2"}


def test_more_than_the_write_buffers_hold_is_read_back(engine: Engine) -> None:
    value = bytes(100_000)
    for number in range(300):  # 30 MB: several buffers, level 0 files and flushes
        put(engine, DATA, (b"%04d" % (number * 7 % 300), value + b"%d" % number))
    found = everything(engine, DATA)
    assert len(found) == 300
    assert all(found[b"%04d" % (number * 7 % 300)] == value + b"%d" % number for number in range(300))


KEY = st.binary(min_size=1, max_size=3).map(
    lambda key: bytes(byte % 4 * 85 for byte in key)
)  # 0, 85, 170, 255
FAMILY = st.sampled_from(Family)
PUT = st.tuples(st.just("put"), KEY, st.binary(max_size=4))
DELETE = st.tuples(st.just("delete"), KEY, st.just(b""))
DELETE_RANGE = st.tuples(st.just("delete range"), KEY, KEY)
WRITE = st.tuples(st.just("write"), FAMILY, st.lists(PUT | DELETE | DELETE_RANGE, max_size=5))
SCAN = st.tuples(st.just("scan"), FAMILY, st.tuples(KEY, KEY, st.booleans()))
GET = st.tuples(st.just("get"), FAMILY, KEY)
SNAPSHOT = st.tuples(st.just("snapshot"), FAMILY, st.none())
FLUSH = st.tuples(st.just("flush"), FAMILY, st.none())

Model = dict[Family, dict[bytes, bytes]]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(WRITE | WRITE | SCAN | GET | SNAPSHOT | FLUSH, max_size=30))
def test_any_sequence_reads_as_from_a_dict(kind: str, steps: list[tuple[str, Family, object]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        engine = open_engine(kind, Path(directory))
        model: Model = {LOG: {}, DATA: {}}
        snapshots: list[tuple[Snapshot, Model]] = []
        for verb, family, argument in steps:
            if verb == "write":
                _write(engine, model, family, argument)
            elif verb == "scan":
                assert isinstance(argument, tuple)
                start, end, reverse = argument
                found = list(engine.scan(family, start, end, reverse=reverse))
                assert found == _scan(model, family, start, end, reverse)
            elif verb == "get":
                assert isinstance(argument, bytes)
                assert engine.get(family, argument) == model[family].get(argument)
            elif verb == "snapshot":
                snapshots.append((engine.snapshot(), {each: dict(rows) for each, rows in model.items()}))
            elif family is LOG:
                engine.sync()
            else:
                engine.flush_data()
        _check_snapshots(snapshots)
        assert everything(engine, LOG) == model[LOG]
        assert everything(engine, DATA) == model[DATA]
        engine.close()


def _write(engine: Engine, model: Model, family: Family, changes: object) -> None:
    assert isinstance(changes, list)
    batch, rows = engine.batch(family), model[family]
    for verb, key, other in changes:
        if verb == "put":
            batch.put(key, other)
            rows[key] = other
        elif verb == "delete":
            batch.delete(key)
            rows.pop(key, None)
        else:
            start, end = min(key, other), max(key, other)
            batch.delete_range(start, end)
            for each in [each for each in rows if start <= each < end]:
                del rows[each]
    engine.write(batch)


def _scan(model: Model, family: Family, start: bytes, end: bytes, reverse: bool) -> list[tuple[bytes, bytes]]:
    return sorted(
        ((key, value) for key, value in model[family].items() if start <= key < end), reverse=reverse
    )


def _check_snapshots(snapshots: list[tuple[Snapshot, Model]]) -> None:
    for snapshot, then in snapshots:
        for family in Family:
            forward = list(snapshot.scan(family, b"", b"\xff" * 9))
            assert forward == sorted(then[family].items())
            assert list(snapshot.scan(family, b"", b"\xff" * 9, reverse=True)) == forward[::-1]
            assert all(snapshot.get(family, key) == value for key, value in forward)
        snapshot.close()
