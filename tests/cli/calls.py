"""Calls of the command line in this process: a hundred of them cost what one process would."""

import io
import sys
from typing import Any

import attrs
import pytest

from trinamo.cli.main import run


@attrs.frozen
class Ended:
    """A call that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


def call_here(*arguments: str, stdin: bytes = b"") -> Ended:
    """Run `trinamo` with these arguments, on pipes."""
    streams: dict[str, Any] = {
        name: io.TextIOWrapper(io.BytesIO(stdin if name == "stdin" else b""), "utf-8", write_through=True)
        for name in ("stdin", "stdout", "stderr")
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        status = run(list(arguments))
    texts = (streams[name].buffer.getvalue().decode() for name in ("stdout", "stderr"))
    return Ended(status, *texts)


def told(*arguments: str, stdin: bytes = b"") -> list[str]:
    """Return the lines on stdout of a call that goes well."""
    ended = call_here(*arguments, stdin=stdin)
    assert (ended.status, ended.stderr) == (0, ""), ended
    return ended.lines


def refused(*arguments: str, status: int, stdin: bytes = b"") -> str:
    """Return the one line on stderr of a call that does not."""
    ended = call_here(*arguments, stdin=stdin)
    assert (ended.status, ended.stdout) == (status, ""), ended
    assert ended.stderr.startswith("trinamo: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr
