"""docs/compatibility.md is what the tests wrote: it names every operation, and those that are there."""

from pathlib import Path

from dynamodb.compatibility import every_operation, page, read
from trinamo.gateway.operations import OPERATIONS

PAGE = (Path(__file__).resolve().parents[2] / "docs/compatibility.md").read_text()


def test_the_page_is_one_that_tests_write() -> None:
    assert page(read(PAGE)) == PAGE


def test_the_page_has_every_operation_that_is_there_and_facts_about_each() -> None:
    held = read(PAGE)
    assert set(held) == set(OPERATIONS)
    assert set(held) <= set(every_operation())
    assert [name for name, count in held.items() if not count] == []
