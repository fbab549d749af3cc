"""A group's log on disk, and what its load mends after a crash."""

import pytest

from lsm.nodes import RacingStorage, apply, create, entry, items, simulated, write_log
from trinamo.base import Index, NodeId, PartitionId, StorageError, Term
from trinamo.lsm import MemoryStorage, Store
from trinamo.lsm.layout import entry_key, hard_state_key
from trinamo.raft.entry import Entry, EntryKind, HardState
from trinamo.raft.storage import TRUNCATED_ONE_BY_ONE_MAX, GroupLog, load
from trinamo.world import Family

P1 = PartitionId(1)


@pytest.fixture
def store() -> Store:
    store = Store.open(simulated())
    create(store, 1)
    return store


def _append(store: Store, log: GroupLog, *entries: Entry) -> None:
    write_log(store, lambda batch: log.append(batch, entries))


def _save(store: Store, log: GroupLog, state: HardState) -> None:
    write_log(store, lambda batch: log.save(batch, state))


def test_what_is_written_is_loaded(store: Store) -> None:
    entries = [
        Entry(Index(1), Term(1), EntryKind.NOOP, b""),
        Entry(Index(2), Term(1), EntryKind.DATA, bytes(range(256))),
        Entry(Index(3), Term(2**63), EntryKind.CONFIG, b"x"),
    ]
    state = HardState(Term(2**63), NodeId("nœud-1"), Index(2))
    log = load(store, P1).log
    _append(store, log, *entries)
    _save(store, log, state)
    loaded = load(store, P1)
    assert loaded.entries == entries
    assert loaded.hard_state == state
    assert (loaded.log.first, loaded.log.last) == (1, 3)


def test_groups_do_not_see_each_other(store: Store) -> None:
    create(store, 2)
    _append(store, load(store, P1).log, entry(1), entry(2))
    _append(store, load(store, PartitionId(2)).log, entry(1, 9))
    assert [each.term for each in load(store, P1).entries] == [1, 1]
    assert [each.term for each in load(store, PartitionId(2)).entries] == [9]


def test_an_append_replaces_all_from_its_first_entry_on(store: Store) -> None:
    log = load(store, P1).log
    _append(store, log, *(entry(index, 1) for index in range(1, 9)))
    _append(store, log, entry(4, 2), entry(5, 2))
    assert [(each.index, each.term) for each in load(store, P1).entries] == [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 2),
        (5, 2),
    ]


def test_appends_of_one_batch_see_each_other(store: Store) -> None:
    log = load(store, P1).log
    batch = store.engine.batch(Family.LOG)
    log.append(batch, [entry(1), entry(2), entry(3)])
    log.append(batch, [entry(2, 2)])
    store.write_log(batch)
    assert [(each.index, each.term) for each in load(store, P1).entries] == [(1, 1), (2, 2)]


def test_a_gap_is_never_appended(store: Store) -> None:
    with pytest.raises(AssertionError):
        _append(store, load(store, P1).log, entry(2))


@pytest.mark.parametrize("count", [5, TRUNCATED_ONE_BY_ONE_MAX + 5])
async def test_a_truncated_log_begins_behind_what_is_durable(store: Store, count: int) -> None:
    log = load(store, P1).log
    _append(store, log, *(entry(index, payload=b"") for index in range(1, count + 3)))
    apply(store, 1, count, {})
    await store.flush()
    write_log(store, lambda batch: log.truncate(batch, Index(count), Term(1)))
    loaded = load(store, P1)
    assert [each.index for each in loaded.entries] == [count + 1, count + 2]
    assert loaded.hard_state.commit == count
    assert store.record(P1).truncated_index == count
    rows = list(store.engine.scan(Family.LOG, entry_key(P1, 0), entry_key(P1, 2**60)))
    assert len(rows) == 2


def test_a_log_shorter_than_what_is_applied_begins_anew_behind_it(store: Store) -> None:
    log = load(store, P1).log
    _append(store, log, entry(1), entry(2))
    apply(store, 1, 4, {b"k": b"v"}, term=3)
    loaded = load(store, P1)
    assert loaded.entries == []
    assert (loaded.log.first, loaded.log.last) == (5, 4)
    assert loaded.hard_state == HardState(Term(3), None, Index(4))
    assert store.durable(P1) == 4, "what the log no longer holds had to be flushed"
    assert load(store, P1).hard_state == loaded.hard_state


def test_a_log_with_an_older_entry_where_one_was_applied_begins_anew() -> None:
    """An unsynced overwrite is lost with the machine, the effects of its entries survive: what was overwritten
    is back in the log, and longer than what is applied."""
    mended = 0
    for seed in range(20):
        storage = simulated(seed)
        store = Store.open(storage)
        create(store, 1)
        log = load(store, P1).log
        _append(store, log, *(entry(index, 1) for index in range(1, 9)))
        batch = store.engine.batch(Family.LOG)
        log.append(batch, [entry(index, 2) for index in range(3, 6)])
        store.engine.write(batch)  # not synced
        for index in range(1, 6):
            apply(store, 1, index, {b"k": b"%d" % index}, term=1 if index < 3 else 2)
        store.flush_blocking()
        storage.crash(machine=True)
        found = Store.open(storage)
        loaded = load(found, P1)
        assert items(found, 1) == {b"k": b"5"}
        assert all(each.index > 5 or each.term == 2 for each in loaded.entries if each.index > 2)
        mended += loaded.log.first == 6
    assert 0 < mended < 20


def test_the_crash_after_mending_finds_nothing_lost() -> None:
    for seed in range(20):
        storage = simulated(seed)
        store = Store.open(storage)
        create(store, 1)
        apply(store, 1, 4, {b"k": b"v"}, term=3)
        load(store, P1)
        storage.crash(machine=True)
        found = Store.open(storage)
        assert found.lost() == []
        assert load(found, P1).hard_state.commit == 4


def test_what_is_applied_is_committed(store: Store) -> None:
    log = load(store, P1).log
    _append(store, log, *(entry(index) for index in range(1, 4)))
    _save(store, log, HardState(Term(1), NodeId("n2"), Index(1)))
    apply(store, 1, 3, {})
    assert load(store, P1).hard_state == HardState(Term(1), NodeId("n2"), Index(3))


def test_a_term_is_never_below_that_of_an_entry_and_its_vote_is_forgotten(store: Store) -> None:
    log = load(store, P1).log
    _append(store, log, entry(1, 5))
    _save(store, log, HardState(Term(4), NodeId("n2"), Index(0)))
    assert load(store, P1).hard_state == HardState(Term(5), None, Index(0))


def test_a_hole_in_the_log_is_refused(store: Store) -> None:
    log = load(store, P1).log
    _append(store, log, *(entry(index) for index in range(1, 4)))
    write_log(store, lambda batch: batch.delete(entry_key(P1, 2)))
    with pytest.raises(StorageError, match="the log of partition 1 lacks entry 2"):
        load(store, P1)


def test_a_log_that_ends_before_its_commit_index_is_refused(store: Store) -> None:
    _save(store, load(store, P1).log, HardState(Term(1), None, Index(9)))
    with pytest.raises(StorageError, match="before its commit index 9"):
        load(store, P1)


@pytest.mark.parametrize("value", [b"", b"\x00" * 8, (1).to_bytes(8, "big") + b"\x09"])
def test_an_unreadable_entry_is_refused(store: Store, value: bytes) -> None:
    write_log(store, lambda batch: batch.put(entry_key(P1, 1), value))
    with pytest.raises(StorageError, match="entry 1 is not readable"):
        load(store, P1)


@pytest.mark.parametrize("value", [b"", b"\x00" * 15, b"\x00" * 16 + b"\xff"])
def test_an_unreadable_hard_state_is_refused(store: Store, value: bytes) -> None:
    write_log(store, lambda batch: batch.put(hard_state_key(P1), value))
    with pytest.raises(StorageError, match="hard state of partition 1 is not readable"):
        load(store, P1)


async def test_a_lost_replica_is_not_loaded() -> None:
    storage = RacingStorage()
    store = Store.open(storage)
    create(store, 1)
    log = load(store, P1).log
    _append(store, log, entry(1))
    apply(store, 1, 1, {})
    await store.flush()
    write_log(store, lambda batch: log.truncate(batch, Index(1), Term(1)))
    batch = store.engine.batch(Family.DATA)
    batch.delete_range(b"", b"\xff" * 9)
    store.engine.write(batch)
    with pytest.raises(StorageError, match="lost data"):
        load(Store.open(storage), P1)


def test_the_same_over_rocks_in_memory() -> None:
    storage = MemoryStorage()
    store = Store.open(storage)
    create(store, 1)
    log = load(store, P1).log
    _append(store, log, *(entry(index) for index in range(1, 9)))
    _append(store, log, entry(4, 2))
    apply(store, 1, 2, {})
    write_log(store, lambda batch: log.truncate(batch, Index(2), Term(1)))
    assert [(each.index, each.term) for each in load(Store.open(storage), P1).entries] == [(3, 1), (4, 2)]
    storage.close()
