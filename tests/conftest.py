"""What is said of a whole run: it stands here because whoever distributes tests over processes collects none itself."""

from typing import Any

import pytest

from dynamodb.facts import facts

_held: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which facts the tests that passed have held."""
    if report.when == "call" and report.passed:
        _held.update(str(name) for key, name in report.user_properties if key == "fact")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many facts about the service this run has held, if it tried."""
    if _held:
        reasons = sum(fact.reason is not None for fact in facts().values())
        terminalreporter.write_line(
            f"facts about the service: {len(_held)} of {len(facts()) - reasons} held by this run's tests,"
            f" {reasons} listed with a reason why none holds them"
        )
