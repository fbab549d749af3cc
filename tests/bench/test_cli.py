"""The command from outside."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from trinamo.bench.cli import bench
from trinamo.bench.systems import CEILING

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


@pytest.mark.parametrize(
    "flags",
    [
        ["--peers", "moto"],
        ["--operations", "scan"],
        ["--connections", "0"],
        ["--connections", "9999"],
        ["--seconds", "900"],
    ],
)
def test_wrong_flags_are_refused(flags: list[str]) -> None:
    assert CliRunner().invoke(bench, ["http", *flags]).exit_code == 2
