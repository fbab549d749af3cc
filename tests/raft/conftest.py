"""`pytest tests/raft --rewrite` writes what scripts print now into them, to be reviewed as a diff."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write the actual output into golden scripts")


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    # Absent when pytest was started above this directory: then conftest.py is read too late for an option.
    return bool(request.config.getoption("--rewrite", default=False))
