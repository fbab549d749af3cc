"""Golden scripts: every message of an interaction, reviewed once and kept."""

from pathlib import Path

import pytest

from raft.script import Stage

SCRIPTS = sorted((Path(__file__).parent / "testdata").glob("*.txt"))
SEPARATOR = "----"


def blocks(text: str) -> list[list[str]]:
    """Split a script into blocks of lines, which blank lines separate."""
    return [block.splitlines() for block in text.strip().split("\n\n")]


def replay(text: str) -> str:
    """Return the script with the output that it gives now."""
    stage = Stage()
    played = []
    for lines in blocks(text):
        head = lines[: lines.index(SEPARATOR)] if SEPARATOR in lines else lines
        commands = [line for line in head if not line.startswith("#")]
        if commands:
            head = [*head, SEPARATOR, stage.play(commands)]
        played.append("\n".join(head))
    return "\n\n".join(played) + "\n"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_prints_what_it_says(path: Path, rewrite: bool) -> None:
    text = path.read_text()
    actual = replay(text)
    if rewrite:
        path.write_text(actual)
    assert actual == path.read_text()


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 8
