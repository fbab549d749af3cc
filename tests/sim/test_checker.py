"""Hand-made histories, good and bad, and random ones of a real register."""

import random

import pytest

from trinamo.sim.checker import check_key, violations
from trinamo.sim.history import History, Kind, Operation


class Script:
    """Writes a history of key k: `a = s.put("1")` begins, `s.done(a)` ends."""

    def __init__(self) -> None:
        self.history = History()

    def begin(self, kind: Kind, value: str | None = None) -> Operation:
        return self.history.invoke("c", kind, "k", value)

    def put(self, value: str) -> None:
        self.history.complete(self.begin(Kind.PUT, value))

    def put_if_absent(self, value: str, met: bool) -> None:
        self.history.complete(self.begin(Kind.PUT_IF_ABSENT, value), met=met)

    def delete(self) -> None:
        self.history.complete(self.begin(Kind.DELETE))

    def get(self, seen: str | None) -> None:
        self.history.complete(self.begin(Kind.GET), seen=seen)

    def linearizable(self) -> bool:
        return not violations(self.history)


@pytest.fixture
def s() -> Script:
    return Script()


def test_empty_history_is_linearizable(s: Script) -> None:
    assert s.linearizable()


def test_reads_follow_writes(s: Script) -> None:
    s.get(None)
    s.put("1")
    s.get("1")
    s.delete()
    s.get(None)
    s.put_if_absent("2", met=True)
    s.put_if_absent("3", met=False)
    s.get("2")
    assert s.linearizable()


def test_stale_read_is_refused(s: Script) -> None:
    s.put("1")
    s.put("2")
    s.get("1")
    assert not s.linearizable()


def test_lost_write_is_refused(s: Script) -> None:
    s.put("1")
    s.get(None)
    assert not s.linearizable()


def test_value_that_nobody_wrote_is_refused(s: Script) -> None:
    s.put("1")
    s.get("9")
    assert not s.linearizable()


def test_resurrected_item_is_refused(s: Script) -> None:
    s.put("1")
    s.delete()
    s.get("1")
    assert not s.linearizable()


def test_reads_that_overlap_a_write_may_not_go_back(s: Script) -> None:
    s.put("1")
    write = s.begin(Kind.PUT, "2")
    s.get("2")
    s.get("1")
    s.history.complete(write)
    assert not s.linearizable()


def test_reads_that_overlap_a_write_may_see_either(s: Script) -> None:
    s.put("1")
    write = s.begin(Kind.PUT, "2")
    s.get("1")
    s.get("2")
    s.history.complete(write)
    assert s.linearizable()


def test_two_conditions_cannot_both_be_met(s: Script) -> None:
    s.put_if_absent("1", met=True)
    s.put_if_absent("2", met=True)
    assert not s.linearizable()


def test_condition_refused_on_an_absent_item_is_a_lie(s: Script) -> None:
    s.put_if_absent("1", met=False)
    assert not s.linearizable()


def test_refused_condition_that_saw_a_write_which_never_happened_is_a_lie(s: Script) -> None:
    s.put_if_absent("1", met=False)
    write = s.begin(Kind.PUT, "2")
    s.get("2")
    s.history.complete(write)
    assert not s.linearizable()


def test_unknown_write_may_have_happened(s: Script) -> None:
    s.begin(Kind.PUT, "1")
    s.get("1")
    assert s.linearizable()


def test_unknown_write_may_never_happen(s: Script) -> None:
    s.begin(Kind.PUT, "1")
    s.get(None)
    s.put("2")
    s.get("2")
    assert s.linearizable()


def test_unknown_write_may_happen_late(s: Script) -> None:
    s.begin(Kind.PUT, "1")
    s.get(None)
    s.get(None)
    s.get("1")
    assert s.linearizable()


def test_unknown_write_happens_at_most_once(s: Script) -> None:
    s.begin(Kind.PUT, "1")
    s.get("1")
    s.put("2")
    s.get("2")
    s.get("1")
    assert not s.linearizable()


def test_unknown_write_does_not_happen_before_it_is_asked(s: Script) -> None:
    s.get("1")
    s.begin(Kind.PUT, "1")
    assert not s.linearizable()


def test_unknown_condition_changes_an_absent_item_only(s: Script) -> None:
    s.put("1")
    s.begin(Kind.PUT_IF_ABSENT, "2")
    s.get("2")
    assert not s.linearizable()


def test_unknown_delete_explains_an_absent_item(s: Script) -> None:
    s.put("1")
    s.begin(Kind.DELETE)
    s.get("1")
    s.get(None)
    assert s.linearizable()


def test_unknown_read_explains_nothing(s: Script) -> None:
    s.begin(Kind.GET)
    s.get("1")
    assert not s.linearizable()


def test_violation_names_what_could_not_come_next(s: Script) -> None:
    s.put("1")
    s.get("7")
    [violation] = violations(s.history)
    assert [each.value for each in violation.placed] == ["1"]
    assert [each.seen for each in violation.stuck] == ["7"]
    assert "get → 7" in str(violation)


def test_keys_are_independent() -> None:
    history = History()
    history.complete(history.invoke("c", Kind.PUT, "a", "1"))
    history.complete(history.invoke("c", Kind.GET, "b"), seen=None)
    assert not violations(history)


def played(seed: int, clients: int = 5, rounds: int = 120) -> History:
    """A register under concurrent clients; each operation takes effect somewhere between call and return."""
    dice, history = random.Random(seed), History()
    value: str | None = None
    waiting: dict[int, Operation] = {}
    effective: dict[int, Operation] = {}
    for step in range(rounds * 3):
        client = dice.randrange(clients)
        if client in effective:
            operation = effective.pop(client)
            if dice.random() < 0.9:
                history.complete(operation, seen=operation.seen, met=operation.met)
            else:
                operation.seen, operation.met = None, True
        elif client in waiting:
            operation = effective[client] = waiting.pop(client)
            operation.seen = value if operation.kind is Kind.GET else None
            operation.met = operation.kind is not Kind.PUT_IF_ABSENT or value is None
            if operation.kind is Kind.DELETE:
                value = None
            elif operation.kind is not Kind.GET and operation.met:
                value = operation.value
        else:
            kind = dice.choice(list(Kind))
            waiting[client] = history.invoke(
                f"c{client}", kind, "k", str(step) if kind in {Kind.PUT, Kind.PUT_IF_ABSENT} else None
            )
    return history


@pytest.mark.parametrize("seed", range(20))
def test_histories_of_a_register_are_linearizable(seed: int) -> None:
    history = played(seed)
    assert len(history.operations) > 100
    assert check_key("k", history.operations) is None


def test_a_wrong_read_among_many_is_found() -> None:
    caught = 0
    for seed in range(20):
        history = played(seed)
        reads = [each for each in history.operations if each.kind is Kind.GET and each.returned is not None]
        reads[len(reads) // 2].seen = "a value nobody wrote"
        caught += check_key("k", history.operations) is not None
    assert caught == 20
