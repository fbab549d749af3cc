"""A batch on its way: order, retries, bisecting, partial failures, age."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.triggers import Delivery, Discarded, Mapping
from trinamo.triggers.delivery import AGE_EXCEEDED, RETRIES_EXHAUSTED

CREATED_S = 1_000


def record(number: int, created_s: float = CREATED_S) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": f"{number:021d}", "ApproximateCreationDateTime": created_s}}


def numbers(records: tuple[dict[str, Any], ...]) -> list[int]:
    return [int(each["dynamodb"]["SequenceNumber"]) for each in records]


def name(number: int) -> str:
    return f"{number:021d}"


Function = Callable[[list[int]], str | bool]
"""Takes numbers; True for success, False for failure, or the sequence number of the first failure."""


def run(
    mapping: Mapping, count: int, function: Function, calls_max: int = 1_000
) -> tuple[list[list[int]], list[Discarded]]:
    """Deliver a batch to its end; return the calls and what was given up."""
    delivery = Delivery(mapping, [record(number) for number in range(count)])
    calls: list[list[int]] = []
    discarded: list[Discarded] = []
    while not delivery.over and len(calls) < calls_max:
        calls.append(numbers(delivery.next()))
        outcome = function(calls[-1])
        if outcome is True:
            delivery.succeeded()
            continue
        given_up = delivery.failed(outcome or None)
        if given_up is not None:
            discarded.append(given_up)
    if delivery.over:
        assert delivery.done == name(count - 1)
    return calls, discarded


def test_a_batch_that_succeeds_is_called_once() -> None:
    assert run(Mapping(), 3, lambda _: True) == ([[0, 1, 2]], [])


def test_without_a_bound_a_failing_batch_is_called_for_ever() -> None:
    calls, discarded = run(Mapping(), 3, lambda _: False, calls_max=50)
    assert calls == [[0, 1, 2]] * 50
    assert discarded == []


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_are_calls_beside_the_first(retries: int) -> None:
    calls, (given_up,) = run(Mapping(retries_max=retries), 2, lambda _: False)
    assert len(calls) == given_up.calls == retries + 1
    assert (numbers(given_up.records), given_up.condition) == ([0, 1], RETRIES_EXHAUSTED)


def test_bisecting_singles_out_the_bad_record_and_counts_no_retry() -> None:
    calls, (given_up,) = run(Mapping(retries_max=1, bisect_on_error=True), 8, lambda part: 5 not in part)
    assert calls == [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3], [4, 5, 6, 7], [4, 5], [4], [5], [5], [6, 7]]
    assert (numbers(given_up.records), given_up.calls) == ([5], 2)


def test_a_reported_failure_repeats_only_what_follows_it() -> None:
    calls, discarded = run(Mapping(), 5, lambda part: True if part == [3, 4] else name(3))
    assert (calls, discarded) == ([[0, 1, 2, 3, 4], [3, 4]], [])


def test_progress_renews_the_retries_but_the_call_counts() -> None:
    calls, (given_up,) = run(Mapping(retries_max=1), 4, lambda part: name(2))
    assert calls == [[0, 1, 2, 3], [2, 3]]
    assert numbers(given_up.records) == [2, 3]


def test_a_failure_that_names_no_record_of_the_call_is_of_the_whole() -> None:
    calls, _ = run(Mapping(), 2, lambda part: name(77), calls_max=3)
    assert calls == [[0, 1]] * 3


def test_records_that_are_too_old_are_given_up_before_a_call() -> None:
    mapping = Mapping(record_age_max_s=60)
    delivery = Delivery(mapping, [record(0, 100), record(1, 150), record(2, 200)])
    assert delivery.expire(160) is None
    given_up = delivery.expire(211)
    assert given_up is not None
    assert (numbers(given_up.records), given_up.condition, given_up.calls) == ([0, 1], AGE_EXCEEDED, 0)
    assert delivery.done == name(1)
    assert numbers(delivery.next()) == [2]


@given(
    count=st.integers(1, 20),
    bad=st.sets(st.integers(0, 19)),
    bisect=st.booleans(),
    report=st.booleans(),
    retries=st.integers(0, 3),
)
def test_every_record_is_taken_or_given_up_once_and_in_order(
    count: int, bad: set[int], bisect: bool, report: bool, retries: int
) -> None:
    taken: list[int] = []

    def function(part: list[int]) -> str | bool:
        failing = next((number for number in part if number in bad), None)
        if failing is None:
            taken.extend(part)
            return True
        if report:
            taken.extend(number for number in part if number < failing)
            return name(failing)
        return False

    mapping = Mapping(retries_max=retries, bisect_on_error=bisect, report_failures=report)
    _, discarded = run(mapping, count, function)
    given_up = [number for each in discarded for number in numbers(each.records)]
    assert sorted(taken + given_up) == list(range(count))
    assert taken == sorted(taken)
    assert given_up == sorted(given_up)
    if bisect and not report:
        assert set(given_up) == {number for number in bad if number < count}
