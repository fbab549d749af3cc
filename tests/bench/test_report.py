"""The printed report."""

import io
import json

from rich.console import Console

from trinamo.bench import report
from trinamo.bench.lifecycle import Lifecycle
from trinamo.bench.report import Report
from trinamo.bench.rounds import Row

ROW = Row("trinamo", "put", 64, 15432.1, 1.234, 5.678, 0, "", True, {"dynoxide": 1.204, "dynalite": 1.5})
LIFECYCLE = Lifecycle(0.412, 0.498, 30, 1.25)


def shown(report_: Report, width: int = 80) -> str:
    text = io.StringIO()
    report.show(report_, Console(file=text, width=width))
    return text.getvalue()


def test_the_table_fits_80_columns_uncut() -> None:
    text = shown(Report([ROW], LIFECYCLE, []))
    assert "…" not in text
    for cell in ("put × 64", "15,432*", "1.23", "5.68", "÷ dynalite", "1.50", "÷ dynoxide", "1.20"):
        assert cell in text


def test_a_marked_row_is_explained_and_an_unmarked_one_is_not() -> None:
    assert "load generator is the limit" in shown(Report([ROW], None, []))
    free = Row("trinamo", "put", 64, 15432.1, 1.234, 5.678, 0, "", False, {})
    assert "load generator is the limit" not in shown(Report([free], None, []))


def test_errors_and_absent_peers_are_named() -> None:
    faulty = Row("dynalite", "get", 1, 10.0, 1.0, 2.0, 7, "HTTP/1.1 500 [x] … {oops}", False, {})
    text = shown(Report([faulty], None, ["dynoxide is not installed"]), width=200)
    assert "HTTP/1.1 500 [x] … {oops}" in text
    assert "dynoxide is not installed" in text


def test_starts_and_idling_are_shown_and_an_unknown_share_is_said_to_be() -> None:
    text = shown(Report([], LIFECYCLE, []))
    assert "0.412 s" in text
    assert "0.498 s" in text
    assert "1.2 % of a core" in text
    assert "not known" in shown(Report([], Lifecycle(0.4, 0.5, 30, None), []))


def test_json_holds_every_figure() -> None:
    found = json.loads(report.as_json(Report([ROW], LIFECYCLE, [])))
    assert found["rows"][0]["ratios"] == {"dynoxide": 1.204, "dynalite": 1.5}
    assert found["lifecycle"]["idle_percent"] == 1.25


def test_depths_stand_beside_the_first_of_their_own_system() -> None:
    def row(system: str, operation: str, p50_ms: float) -> Row:
        return Row(system, operation, 1, 5000.0, p50_ms, 2.0, 0, "", False, {})

    rows = [
        row("trinamo", "query of 1,000", 0.2),
        row("dynalite", "query of 1,000", 0.4),
        row("trinamo", "query of 100,000", 0.3),
        row("dynalite", "query of 100,000", 4.0),
    ]
    depths = report.depths(Report(rows, None, []), (1000, 100_000))
    assert [(each.items, round(each.growth, 3)) for each in depths] == [
        (1000, 1.0),
        (1000, 1.0),
        (100_000, 1.5),
        (100_000, 10.0),
    ]
    text = io.StringIO()
    report.show_depths(depths, ["dynoxide is not installed"], Console(file=text, width=80))
    for cell in ("100,000", "p50 ÷ 1,000", "1.50", "10.00", "dynoxide is not installed"):
        assert cell in text.getvalue()
    found = json.loads(report.depths_as_json(depths, ["dynoxide is not installed"]))
    assert [each["growth"] for each in found["rows"]] == [each.growth for each in depths]
    assert found["rows"][3]["p50_ms"] == 4.0
