"""What follows a write, measured in short."""

import json

import pytest
from click.testing import CliRunner

from trinamo.bench import feed as feeding
from trinamo.bench import rounds
from trinamo.bench.cli import bench

SHORT = ["feed", "--items", "200", "--connections", "2", "--seconds", "0.2", "--rounds", "1"]


def test_an_index_and_a_stream_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "WARMUP_SECONDS", 0.05)
    monkeypatch.setattr(feeding, "MARKS", 5)
    result = CliRunner().invoke(bench, [*SHORT, "--json"])
    assert result.exit_code == 0, result.output
    [row] = json.loads(result.stdout)["rows"]
    assert row["with_stream"]
    assert 0 < row["ratio"] < 2
    for lag in (row["index_lag"], row["stream_lag"]):
        assert 0 < lag["p50_ms"] <= lag["p99_ms"]
    assert row["backfill_rate"] > 0


def test_figures_that_a_server_lacks_are_left_open() -> None:
    table = feeding.Feed(
        "other", 100.0, 50.0, with_stream=False, index_lag=None, stream_lag=None, backfill_rate=None
    )
    assert table.ratio == 0.5
