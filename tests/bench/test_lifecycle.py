"""Starts and idling of the real server."""

import pytest

from trinamo.bench import lifecycle, rounds, systems
from trinamo.bench.generator import Load

# The project's goal for an idle cluster of 30 partitions, in percent of a core.
IDLE_PERCENT_MAX = 2.0


def test_a_start_is_ready_before_its_first_item_is_stored() -> None:
    ready, first_put = lifecycle.start()
    assert 0 < ready < first_put < systems.START_SECONDS_MAX


def test_the_server_answers_the_generator_without_an_error() -> None:
    with systems.trinamo() as system:
        systems.create_table(system)
        rounds.fill(system)
        for operation in ("put", "get"):
            load = Load(system.host, system.port, operation, 16, seconds=0.3, warmup_seconds=0.1)
            sample = rounds.generate(load, system.name)
            assert (sample.errors, sample.first_error) == (0, "")
            assert sample.requests > 0


@pytest.mark.soak
def test_an_idle_cluster_of_30_partitions_costs_under_2_percent_of_a_core() -> None:
    percent = lifecycle.idle_percent(30)
    assert percent is not None
    assert percent < IDLE_PERCENT_MAX
