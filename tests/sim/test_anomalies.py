"""Hand-made histories, each with one anomaly that must be named, and good ones in which there is none."""

import random

from trinamo.sim.anomalies import Append, Outcome, Read, Step, Transaction, anomalies


class Script:
    """A history: `s.commit("T1", append("x", "1"), read("y"))`, one after the other or `at` moments of one's own."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []
        self._moment = 0

    def _next(self) -> int:
        self._moment += 1
        return self._moment

    def add(self, name: str, steps: tuple[Step, ...], outcome: Outcome, at: tuple[int, int] | None) -> None:
        begin, end = at or (self._next(), self._next())
        returned = None if outcome is Outcome.UNKNOWN else end
        self.transactions.append(Transaction(name, begin, steps, outcome, returned))

    def commit(self, name: str, *steps: Step, at: tuple[int, int] | None = None) -> None:
        self.add(name, steps, Outcome.COMMITTED, at)

    def abort(self, name: str, *steps: Step, at: tuple[int, int] | None = None) -> None:
        self.add(name, steps, Outcome.ABORTED, at)

    def lose(self, name: str, *steps: Step, at: tuple[int, int] | None = None) -> None:
        self.add(name, steps, Outcome.UNKNOWN, at)

    def names(self, **final: list[str]) -> set[str]:
        return {anomaly.name for anomaly in anomalies(self.transactions, final=final or None)}


TOGETHER = (1, 100)  # all at once: nothing follows from time


def append(key: str, value: str) -> Append:
    return Append(key, value)


def read(key: str, *seen: str) -> Read:
    return Read(key, seen)


def test_one_after_the_other_is_right() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), read("x", "1"))
    s.commit("T2", read("x", "1"), append("y", "2"))
    s.abort("T3", append("x", "3"))
    s.lose("T4", append("x", "4"))
    s.commit("T5", read("x", "1", "4"), read("y", "2"))
    assert s.names() == set()
    assert s.names(x=["1", "4"], y=["2"]) == set()


def test_g0_writes_cross() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), append("y", "1"), at=TOGETHER)
    s.commit("T2", append("x", "2"), append("y", "2"), at=TOGETHER)
    assert s.names(x=["1", "2"], y=["2", "1"]) == {"G0"}


def test_g1a_what_was_aborted_is_read() -> None:
    s = Script()
    s.abort("T1", append("x", "1"))
    s.commit("T2", read("x", "1"))
    assert s.names() == {"G1a"}


def test_g1b_half_of_a_transaction_is_read() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), append("x", "2"), at=TOGETHER)
    s.commit("T2", read("x", "1"), at=TOGETHER)
    s.commit("T3", read("x", "1", "2"), at=TOGETHER)
    assert "G1b" in s.names()


def test_g1c_information_flows_in_a_circle() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), read("y", "2"), at=TOGETHER)
    s.commit("T2", append("y", "2"), read("x", "1"), at=TOGETHER)
    assert s.names() == {"G1c"}


def test_g_single_a_read_is_skewed() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), append("y", "1"), at=TOGETHER)
    s.commit("T2", read("x"), read("y", "1"), at=TOGETHER)
    assert s.names(x=["1"], y=["1"]) == {"G-single"}


def test_a_lost_update_is_g_single() -> None:
    s = Script()
    s.commit("T1", read("x"), append("x", "1"), at=TOGETHER)
    s.commit("T2", read("x"), append("x", "2"), at=TOGETHER)
    assert s.names(x=["1", "2"]) == {"G-single"}


def test_g2_writes_are_skewed() -> None:
    s = Script()
    s.commit("T1", read("x"), append("y", "1"), at=TOGETHER)
    s.commit("T2", read("y"), append("x", "2"), at=TOGETHER)
    assert s.names(x=["2"], y=["1"]) == {"G2"}


def test_a_stale_read_is_one_in_real_time() -> None:
    s = Script()
    s.commit("T1", append("x", "1"))
    s.commit("T2", read("x"))
    assert s.names(x=["1"]) == {"G-single-realtime"}


def test_a_stale_read_may_be_seen_from_afar() -> None:
    """Of those that ended before, only the last are compared; the others stand behind them."""
    s = Script()
    s.commit("T1", append("x", "1"))
    for number in range(2, 6):
        s.commit(f"T{number}", append("y", f"{number}"))
    s.commit("T6", read("x"))
    assert s.names(x=["1"]) == {"G-single-realtime"}


def test_what_happened_at_once_may_be_seen_in_any_order() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), at=(1, 10))
    s.commit("T2", read("x"), at=(5, 6))
    s.commit("T3", read("x", "1"), at=(2, 4))
    assert s.names() == {"G-single-realtime"}  # but who saw it first was told before
    s.transactions.pop()
    assert s.names() == set()


def test_orders_that_do_not_agree() -> None:
    s = Script()
    s.commit("T1", append("x", "1"))
    s.commit("T2", append("x", "2"))
    s.commit("T3", read("x", "1", "2"))
    s.commit("T4", read("x", "2"))
    assert "incompatible orders" in s.names()


def test_an_element_comes_twice() -> None:
    s = Script()
    s.commit("T1", append("x", "1"))
    s.commit("T2", read("x", "1", "1"))
    assert "duplicate" in s.names()


def test_an_element_comes_from_nowhere() -> None:
    s = Script()
    s.commit("T1", read("x", "1"))
    assert s.names() == {"garbage"}


def test_a_transaction_does_not_see_itself() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), read("x"), at=TOGETHER)
    assert "internal" in s.names()


def test_a_transaction_sees_two_states() -> None:
    s = Script()
    s.commit("T1", append("x", "1"), at=TOGETHER)
    s.commit("T2", read("x"), read("x", "1"), at=TOGETHER)
    assert "internal" in s.names()


def test_what_was_acknowledged_is_gone() -> None:
    s = Script()
    s.commit("T1", append("x", "1"))
    assert s.names(x=[]) == {"lost append"}
    s.transactions[0].outcome = Outcome.UNKNOWN
    assert s.names(x=[]) == set()


def _serial(dice: random.Random) -> list[Transaction]:
    """A history of a database that does one transaction at a time, at some moment between its begin and its end."""
    lists: dict[str, list[str]] = {key: [] for key in "xyz"}
    history: list[Transaction] = []
    for number in range(60):
        steps: list[Step] = []
        aborted = dice.random() < 0.2
        shadow = {key: list(values) for key, values in lists.items()}
        for step in range(dice.randrange(1, 4)):
            key = dice.choice("xyz")
            if dice.random() < 0.5:
                shadow[key].append(f"{number}.{step}")
                steps.append(Append(key, f"{number}.{step}"))
            else:
                steps.append(Read(key, tuple(shadow[key])))
        outcome = Outcome.ABORTED if aborted else Outcome.COMMITTED
        if not aborted:
            lists = shadow
        begin, end = 10 * number - dice.randrange(0, 40), 10 * number + dice.randrange(1, 40)
        history.append(Transaction(f"T{number}", begin + 100, steps, outcome, end + 100))
    return history


def test_what_was_done_one_by_one_is_right() -> None:
    for seed in range(50):
        assert anomalies(_serial(random.Random(seed))) == []


def test_a_read_that_was_tampered_with_is_found() -> None:
    """A read that lacks what it showed last differs from what any order gives, if others saw the list longer before it began."""
    found = 0
    for seed in range(50):
        dice = random.Random(seed)
        history = _serial(dice)
        reads = [
            (transaction, at, step)
            for transaction in history
            for at, step in enumerate(transaction.steps)
            if isinstance(step, Read) and len(step.seen) > 6 and transaction.outcome is Outcome.COMMITTED
        ]
        if reads:
            transaction, at, step = dice.choice(reads)
            transaction.steps = [
                *transaction.steps[:at],
                Read(step.key, step.seen[:-6]),
                *transaction.steps[at + 1 :],
            ]
            found += bool(anomalies(history))
    assert found > 30
