"""Medians, marks and turns."""

import os
import sys
import time

import attrs
import pytest

from trinamo.bench import rounds, systems
from trinamo.bench.generator import Sample
from trinamo.bench.lifecycle import processor_seconds
from trinamo.bench.rounds import Demand, Plan, Row
from trinamo.bench.systems import CEILING, TRINAMO


def sample(rate: int, errors: int = 0, error: str = "") -> Sample:
    return Sample(rate, 1.0, p50_ms=rate / 10, p99_ms=rate / 5, errors=errors, first_error=error)


def one_load(**taken: list[Sample]) -> dict[str, Row]:
    return {row.system: row for row in rounds.rows({("put", 16, name): many for name, many in taken.items()})}


def test_a_row_is_the_median_of_its_rounds_and_the_sum_of_their_errors() -> None:
    row = one_load(trinamo=[sample(100, 1, "first"), sample(900, 2, "second"), sample(300)])[TRINAMO]
    assert (row.rate, row.p50_ms, row.p99_ms) == (300, 30, 60)
    assert (row.errors, row.first_error) == (3, "first")


def test_a_row_within_20_percent_of_the_ceiling_is_marked() -> None:
    found = one_load(trinamo=[sample(800)], dynalite=[sample(799)], **{CEILING: [sample(1000)]})
    marks = {name: row.generator_bound for name, row in found.items()}
    assert marks == {TRINAMO: True, "dynalite": False, CEILING: False}


def test_ratios_are_to_the_peers_under_the_same_load() -> None:
    found = one_load(trinamo=[sample(600)], dynalite=[sample(400)], **{CEILING: [sample(1000)]})
    assert found[TRINAMO].ratios == {"dynalite": 1.5}
    other_load = rounds.rows({("put", 64, TRINAMO): [sample(1)], ("put", 1, "dynalite"): [sample(2)]})
    assert [row.ratios for row in other_load] == [{}, {}]


def test_systems_take_turns_within_a_round() -> None:
    turns: list[str] = []
    with systems.ceiling() as one, systems.ceiling() as other:
        first, second = attrs.evolve(one, name="first"), attrs.evolve(other, name="second")
        plan = Plan((Demand("put"),), (1,), seconds=0.05, rounds=2)
        found = rounds.measure([first, second], plan, turns.append)
    assert [turn.split()[-1] for turn in turns] == ["first", "second", "first", "second"]
    assert [row.system for row in found] == ["first", "second"]


def test_each_item_is_deleted_once_and_put_again() -> None:
    with systems.ceiling() as null:
        plan = Plan((Demand("delete"),), (4,), seconds=30.0, rounds=1)
        begin = time.perf_counter()
        (row,) = rounds.measure([null], plan, lambda _: None)
        assert time.perf_counter() - begin < plan.seconds
    assert (row.operation, row.errors) == ("delete", 0)


def test_a_demand_is_filled_by_puts_into_the_table_it_reads() -> None:
    assert Demand("delete").filling == Demand("update").filling == Demand("put")
    assert Demand("query", 100, 100).filling == Demand("append", 100, 100)
    assert (Demand("query").name, Demand("query", 1000, 1000).name) == ("query", "query of 1,000")


def test_a_server_that_is_gone_ends_the_measurement_with_its_reason() -> None:
    with systems.ceiling() as null:
        pass
    with pytest.raises(rounds.MeasurementFailed, match=r"ceiling: .*refused"):
        rounds.fill(null, Demand("put"))


def test_a_process_of_ours_is_gone_when_its_context_closes() -> None:
    with systems.ceiling() as null:
        assert null.pid is not None
        os.kill(null.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(null.pid, 0)


def test_a_server_that_ends_before_it_is_ready_is_reported() -> None:
    with (
        systems.running([sys.executable, "-c", "pass"]) as process,
        pytest.raises(systems.StartFailed, match="-c pass ended before it was ready"),
    ):
        systems.first_line(process)


def test_processor_seconds_grow_with_work() -> None:
    before = processor_seconds(os.getpid())
    assert before is not None
    end = time.process_time() + 0.05
    while time.process_time() < end:
        sum(range(1000))
    after = processor_seconds(os.getpid())
    assert after is not None
    assert after - before >= 0.03
    assert processor_seconds(2**22 + 1) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "127.0.0.1:8000", "http://127.0.0.1:8000/"])
def test_an_address_is_read_from_its_url(url: str) -> None:
    assert systems.address_of(url) == ("127.0.0.1", 8000)


def test_an_url_without_a_port_is_refused() -> None:
    with pytest.raises(systems.StartFailed):
        systems.address_of("http://localhost")
