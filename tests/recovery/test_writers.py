"""The writers' judgement of a table can say no."""

from typing import Any

import pytest

from recovery.writers import REGISTER, History, record


def history() -> History:
    """1 is stored, 2 deleted, 3 without an answer; the register holds 1 or 2."""
    return History(
        "w", sent={1, 2, 3}, stored={1}, deleted={2}, register_acknowledged=1, register_possible={2}
    )


def register(number: int) -> dict[str, Any]:
    return record("w", number, REGISTER)


@pytest.mark.parametrize(
    "items",
    [
        [record("w", 1), register(1)],
        [record("w", 1), record("w", 3), register(2)],
    ],
)
def test_what_was_promised_passes(items: list[dict[str, Any]]) -> None:
    assert history().faults(items) == []


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        ([register(1)], "w/1 is lost"),
        ([record("w", 1), record("w", 2), register(1)], "w/2 is back"),
        ([record("w", 1), record("w", 4), register(1)], "w/4 was never sent"),
        ([{**record("w", 1), "payload": {"S": "x"}}, register(1)], "w/1 is not as it was sent"),
        ([record("w", 1), register(0)], "w's register holds 0, not one of [1, 2]"),
        ([record("w", 1), register(3)], "w's register holds 3, not one of [1, 2]"),
        ([record("w", 1)], "w's register holds -1, not one of [1, 2]"),
        (
            [record("w", 1), {**register(1), "payload": {"S": "x"}}],
            "w's register is half of something",
        ),
    ],
)
def test_what_breaks_a_promise_is_named(items: list[dict[str, Any]], fault: str) -> None:
    [found] = history().faults(items)
    assert found.startswith(fault)
