"""The command from outside."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from trinamo.bench import rounds
from trinamo.bench.cli import bench
from trinamo.bench.systems import CEILING, TRINAMO

SHORT = [
    "http",
    "--no-trinamo",
    "--operations",
    "put",
    "--connections",
    "1",
    "--seconds",
    "0.1",
    "--rounds",
    "1",
]


def test_absent_peers_are_skipped_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(
        bench, [*SHORT, "--peers", "dynalite,dynoxide", "--cache", str(tmp_path), "--json"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [row["system"] for row in found["rows"]] == [CEILING]
    assert [word.split()[0] for word in found["skipped"]] == ["dynalite", "dynoxide"]
    assert found["lifecycle"] is None


def test_the_table_shows_rate_percentiles_and_errors() -> None:
    result = CliRunner().invoke(bench, SHORT)
    assert result.exit_code == 0, result.output
    for title in ("requests/s", "p50 ms", "p99 ms", "errors"):
        assert title in result.stdout


def test_queries_are_compared_across_numbers_of_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "WARMUP_SECONDS", 0.05)
    short = ["query", "--items", "10,200", "--seconds", "0.1", "--rounds", "1"]
    result = CliRunner().invoke(bench, [*short, "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [(row["items"], row["system"]) for row in rows] == [
        (10, TRINAMO),
        (10, CEILING),
        (200, TRINAMO),
        (200, CEILING),
    ]
    assert [row["errors"] for row in rows] == [0] * 4
    assert rows[0]["growth"] == rows[1]["growth"] == 1
    assert rows[2]["growth"] > 0
    shown = CliRunner().invoke(bench, [*short, "--no-trinamo"])
    assert shown.exit_code == 0, shown.output
    assert "p50 ÷ 10" in shown.stdout


@pytest.mark.parametrize("items", ["1", "10,many", "2000000"])
def test_a_number_of_items_out_of_bounds_is_refused(items: str) -> None:
    assert CliRunner().invoke(bench, ["query", "--items", items]).exit_code == 2


@pytest.mark.parametrize(
    "flags",
    [
        ["--peers", "moto"],
        ["--operations", "scan"],
        ["--operations", "append"],
        ["--connections", "0"],
        ["--connections", "9999"],
        ["--seconds", "900"],
    ],
)
def test_wrong_flags_are_refused(flags: list[str]) -> None:
    assert CliRunner().invoke(bench, ["http", *flags]).exit_code == 2


def test_a_workload_is_measured_and_judged() -> None:
    result = CliRunner().invoke(bench, ["workload", "counter", "--seconds", "0.5", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["workload"], found["faults"]) == ("counter", [])
    assert found["latencies"]["UpdateItem"]["count"] > 50
    shown = CliRunner().invoke(bench, ["workload", "--seconds", "0.2"])
    assert shown.exit_code == 0, shown.output
    assert "workload register" in shown.stdout


def test_a_suite_is_measured_with_our_fixtures() -> None:
    result = CliRunner().invoke(bench, ["testing", "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [row["system"] for row in found["rows"]] == ["trinamo"]
    assert all(milliseconds > 0 for milliseconds in found["fixtures"].values())


def test_the_same_program_runs_through_every_client() -> None:
    result = CliRunner().invoke(bench, ["client", "--operations", "20", "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["skipped"] == []
    clients = [row["client"] for row in found["rows"] if row["callers"] == 1]
    ours = [f"trinamo, {way}, {backend}" for way in ("tcp", "http") for backend in ("trio", "asyncio")]
    assert clients == ["trinamo, in process", *ours, "aiobotocore", "boto3"]
    assert all(row["writes"] > 0 and row["reads"] > 0 for row in found["rows"])
