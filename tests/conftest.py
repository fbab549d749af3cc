"""What is said of a whole run: it stands here because whoever distributes tests over processes collects none itself."""

from pathlib import Path
from typing import Any

import pytest

from dynamodb.compatibility import page
from dynamodb.facts import facts

_passed: set[str] = set()
_held: set[str] = set()
_by_operation: dict[str, set[str]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--compatibility",
        metavar="FILE",
        help="Write which operations there are, and how many facts about each the tests have held.",
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which facts the tests that passed have held, and with which operations."""
    if report.when == "call" and report.passed:
        _passed.add(report.nodeid)
    if report.when == "teardown" and report.nodeid in _passed:
        held = {str(name) for key, name in report.user_properties if key == "fact"}
        _held.update(held)
        for key, operation in report.user_properties:
            if key == "operation":
                _by_operation.setdefault(str(operation), set()).update(held)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many facts about the service this run has held, if it tried."""
    if _held:
        reasons = sum(fact.reason is not None for fact in facts().values())
        terminalreporter.write_line(
            f"facts about the service: {len(_held)} of {len(facts()) - reasons} held by this run's tests,"
            f" {reasons} listed with a reason why none holds them"
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("compatibility")
    if path is not None and not hasattr(session.config, "workerinput"):
        Path(path).write_text(page({name: len(held) for name, held in _by_operation.items()}))
