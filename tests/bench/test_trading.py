"""The trading workload in short: every total is exact."""

import json

from click.testing import CliRunner

from trinamo.bench.cli import bench


def test_totals_of_the_index_and_of_the_stream_are_exact() -> None:
    result = CliRunner().invoke(bench, ["trading", "--trades", "2000", "--json"])
    assert result.exit_code == 0, result.output
    [row] = json.loads(result.stdout)["rows"]
    assert row["index_exact"]
    assert row["stream_exact"]
    assert row["rate"] > 0
