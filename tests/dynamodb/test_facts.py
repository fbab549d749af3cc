"""Every fact has a test or a reason, and every test that claims a fact claims one that is listed."""

import re
from pathlib import Path

from dynamodb.facts import facts

_ID = re.compile(r"\"([a-z]+\.\d+)\"")


def claimed() -> set[str]:
    """Return the ids of facts that stand in tests' sources, so that it does not matter which tests run."""
    sources = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    return {name for source in sources for name in _ID.findall(source)}


def test_every_fact_has_a_test_or_a_reason() -> None:
    assert [f.id for f in facts().values() if f.reason is None and f.id not in claimed()] == []


def test_what_tests_claim_is_listed_and_has_no_reason_against_it() -> None:
    assert [name for name in sorted(claimed()) if name not in facts()] == []
    assert [f.id for f in facts().values() if f.reason is not None and f.id in claimed()] == []
