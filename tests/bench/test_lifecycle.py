"""Starts and idling of the real server."""

import pytest

from trinamo.bench import lifecycle, payload, rounds, systems
from trinamo.bench.cli import prepare
from trinamo.bench.rounds import Demand, Plan

# The project's goal for an idle cluster of 30 partitions, in percent of a core.
IDLE_PERCENT_MAX = 2.0


def test_a_start_is_ready_before_its_first_item_is_stored() -> None:
    ready, first_put = lifecycle.start()
    assert 0 < ready < first_put < systems.START_SECONDS_MAX


def test_the_server_answers_the_generator_without_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "WARMUP_SECONDS", 0.05)
    operations = ("delete", *(each for each in payload.OPERATIONS if each != "delete"))
    with systems.trinamo() as system:
        plan = Plan(tuple(map(Demand, operations)), (16,), seconds=0.2, rounds=1)
        prepare(system, plan, lambda _: None)
        rows = rounds.measure([system], plan, lambda _: None)
    assert [row.operation for row in rows] == list(operations)
    assert [(row.errors, row.first_error) for row in rows] == [(0, "")] * len(rows)
    assert all(row.rate > 0 for row in rows)


@pytest.mark.soak
def test_an_idle_cluster_of_30_partitions_costs_under_2_percent_of_a_core() -> None:
    percent = lifecycle.idle_percent(30)
    assert percent is not None
    assert percent < IDLE_PERCENT_MAX
