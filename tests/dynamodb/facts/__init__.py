"""Facts about the service, one a line, and which of them a test holds.

Each list beside this file is of one subject. A line is `- subject.number The fact.`; one that no test holds ends in
`(not tested: why)`. A test says `@fact("subject.number", …)`, a parameter `marks=fact("subject.number")`.
`test_facts.py` sees to it that every fact has a test or a reason, and that no test holds what is not listed; a run
ends with how many facts its tests held.
"""

import re
from functools import cache
from pathlib import Path

import attrs
import pytest

HERE = Path(__file__).parent
_LINE = re.compile(r"- ([a-z]+\.\d+) (.+)")
_REASON = re.compile(r"\(not tested: (.+)\)$")


@attrs.frozen
class Fact:
    """What the service does. `reason` says why no test holds it; None where one does."""

    id: str
    text: str
    reason: str | None


@cache
def facts() -> dict[str, Fact]:
    """Return all facts by id. Raises `ValueError` for a line that is none, or an id that comes twice."""
    found: dict[str, Fact] = {}
    for path in sorted(HERE.glob("*.md")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith("-"):
                continue
            match = _LINE.fullmatch(line)
            if match is None or match[1] in found or match[1].partition(".")[0] != path.stem:
                raise ValueError(f"{path.name}: {line}")
            reason = _REASON.search(match[2])
            found[match[1]] = Fact(match[1], match[2], None if reason is None else reason[1])
    return found


def fact(*ids: str) -> pytest.MarkDecorator:
    """Mark a test as holding these facts."""
    return pytest.mark.fact(*ids)


def held_by(item: pytest.Item) -> set[str]:
    """Return the facts that a test claims to hold."""
    return {name for marker in item.iter_markers("fact") for name in marker.args}
