"""What the simulator's engine loses, and what it must not."""

import random
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsm.engines import everything, put
from trinamo.base import StorageError
from trinamo.lsm import CrashableEngine, Faults
from trinamo.world import Crashed, Family

LOG, DATA = Family.LOG, Family.DATA


def _write_numbers(
    engine: CrashableEngine, family: Family, start: int, stop: int, sync: bool = False
) -> None:
    for number in range(start, stop):
        put(engine, family, (b"a%04d" % number, b""), (b"b%04d" % number, b""))


def _length_of_prefix(engine: CrashableEngine, family: Family) -> int:
    found = everything(engine, family)
    length = len(found) // 2
    assert found.keys() == {b"%c%04d" % (letter, number) for letter in b"ab" for number in range(length)}
    return length


@given(seed=st.integers(0, 2**32), synced=st.integers(0, 9), more=st.integers(0, 9), machine=st.booleans())
def test_log_keeps_a_prefix_with_all_that_was_synced(
    seed: int, synced: int, more: int, machine: bool
) -> None:
    engine = CrashableEngine(random.Random(seed))
    _write_numbers(engine, LOG, 0, synced)
    engine.sync()
    _write_numbers(engine, LOG, synced, synced + more)
    kept = _length_of_prefix(engine.crash(machine), LOG)
    assert synced <= kept <= synced + more
    assert machine or kept == synced + more


@given(seed=st.integers(0, 2**32), flushed=st.integers(0, 9), more=st.integers(0, 9), machine=st.booleans())
def test_data_keeps_a_prefix_with_all_that_was_flushed(
    seed: int, flushed: int, more: int, machine: bool
) -> None:
    engine = CrashableEngine(random.Random(seed))
    _write_numbers(engine, DATA, 0, flushed)
    engine.flush_data()
    _write_numbers(engine, DATA, flushed, flushed + more)
    found = engine.crash(machine)
    kept = _length_of_prefix(found, DATA)
    assert flushed <= kept <= flushed + more
    assert _length_of_prefix(found.crash(machine=True), DATA) == kept, "what a start found was on disk"


def test_every_length_between_is_met() -> None:
    lengths = []
    for seed in range(200):
        engine = CrashableEngine(random.Random(seed))
        _write_numbers(engine, LOG, 0, 4)
        _write_numbers(engine, DATA, 0, 4)
        found = engine.crash(machine=True)
        lengths.append((_length_of_prefix(found, LOG), _length_of_prefix(found, DATA)))
    assert len(set(lengths)) == 25, "the two families fall back independently"


def test_overwrites_and_deletes_are_undone() -> None:
    for seed in range(50):
        engine = CrashableEngine(random.Random(seed))
        put(engine, LOG, (b"a", b"1"), (b"b", b"1"))
        engine.sync()
        batch = engine.batch(LOG)
        batch.put(b"a", b"2")
        batch.put(b"a", b"3")
        batch.delete_range(b"b", b"c")
        batch.put(b"d", b"1")
        engine.write(batch)
        found = everything(engine.crash(machine=True), LOG)
        assert found in ({b"a": b"1", b"b": b"1"}, {b"a": b"3", b"d": b"1"})


def test_unsynced_log_can_still_be_lost_after_a_process_crash() -> None:
    lengths = set()
    for seed in range(50):
        engine = CrashableEngine(random.Random(seed))
        _write_numbers(engine, LOG, 0, 4)
        found = engine.crash(machine=False)
        assert _length_of_prefix(found, LOG) == 4
        lengths.add(_length_of_prefix(found.crash(machine=True), LOG))
    assert lengths == {0, 1, 2, 3, 4}


def test_nobody_is_left_to_use_the_crashed_engine() -> None:
    engine = CrashableEngine(random.Random(1))
    found = engine.crash(machine=False)
    for use in (partial(put, engine, LOG, (b"k", b"v")), partial(engine.get, LOG, b"k"), engine.sync):
        with pytest.raises(Crashed):
            use()
    assert found.get(LOG, b"k") is None


def test_a_failed_write_is_whole_or_absent_and_stops_all_writes() -> None:
    outcomes = set()
    for seed in range(20):
        faults = Faults(write_error_rate=1.0)
        engine = CrashableEngine(random.Random(seed), faults)
        with pytest.raises(StorageError):
            put(engine, LOG, (b"a", b""), (b"b", b""))
        faults.write_error_rate = 0.0
        with pytest.raises(StorageError, match="opened again"):
            put(engine, LOG, (b"c", b""))
        outcomes.add(tuple(everything(engine.crash(machine=False), LOG)))
    assert outcomes == {(), (b"a", b"b")}


def test_a_failed_sync_promises_nothing() -> None:
    faults = Faults(sync_error_rate=1.0)
    lost = 0
    for seed in range(20):
        engine = CrashableEngine(random.Random(seed), faults)
        put(engine, LOG, (b"a", b""))
        with pytest.raises(StorageError, match="sync failed"):
            engine.sync()
        lost += engine.crash(machine=True).get(LOG, b"a") is None
    assert 0 < lost < 20


def test_a_full_engine_refuses_until_there_is_room() -> None:
    faults = Faults(capacity=10)
    engine = CrashableEngine(random.Random(1), faults)
    put(engine, DATA, (b"k", b"12345"))
    with pytest.raises(StorageError, match="no space"):
        put(engine, LOG, (b"k", b"12345"))
    faults.capacity = 100
    put(engine, LOG, (b"k", b"12345"))
    assert engine.get(LOG, b"k") == b"12345"


def test_corrupt_reads_raise_and_never_lie() -> None:
    faults = Faults(corrupt_read_rate=0.5)
    engine = CrashableEngine(random.Random(1), faults)
    put(engine, DATA, (b"k", b"v"))
    outcomes = []
    for _ in range(20):
        try:
            outcomes.append(engine.get(DATA, b"k"))
        except StorageError:
            outcomes.append(b"error")
    assert set(outcomes) == {b"v", b"error"}


def test_the_same_seed_crashes_the_same_way() -> None:
    def run() -> list[tuple[dict[bytes, bytes], dict[bytes, bytes]]]:
        engine = CrashableEngine(random.Random(42), Faults(write_error_rate=0.01))
        states = []
        for life in range(30):
            for number in range(10):
                try:
                    put(engine, Family.LOG if number % 2 else Family.DATA, (b"%d.%d" % (life, number), b""))
                except StorageError:
                    break
            engine = engine.crash(machine=life % 3 == 0)
            states.append((everything(engine, LOG), everything(engine, DATA)))
        return states

    assert run() == run()


def test_an_abandoned_scan_costs_later_writes_nothing() -> None:
    engine = CrashableEngine(random.Random(1))
    put(engine, DATA, (b"a", b""), (b"b", b""))
    started, unstarted = engine.scan(DATA, b"a", b"z"), engine.scan(DATA, b"a", b"z")
    next(started)
    del started, unstarted
    assert engine.statistics().snapshots == 0
