"""docs/cli.md and docs/simulator.md say what is true: commands are run in their order, and outputs appear."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from vega_datasets import local_data

from trinamo.sim.workloads.registry import WORKLOADS

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(
    r"(?P<unrun><!-- not run: .*? -->\n)?```sh\n(?P<commands>.*?)^```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
SECONDS_MAX = 60


def run(document: str, folder: Path) -> int:
    """Run what a document shows, and return how many blocks these were."""
    trinamo = f'trinamo() {{ {shlex.quote(sys.executable)} -m trinamo.cli.main "$@"; }}\nset -e\n'
    count = 0
    for block in BLOCK.finditer((DOCS / document).read_text()):
        if block["unrun"]:
            continue
        count += 1
        ended = subprocess.run(
            ["sh", "-c", trinamo + block["commands"]],
            cwd=folder,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, ""), block["commands"]
        if block["output"] is not None:
            assert ended.stdout == block["output"], block["commands"]
    return count


@pytest.mark.usefixtures("cluster")
def test_the_command_line_does_what_its_document_says(tmp_path: Path) -> None:
    shutil.copy(local_data.airports.filepath, tmp_path / "airports.csv")
    assert run("cli.md", tmp_path) == 7


def test_the_simulator_does_what_its_document_says(tmp_path: Path) -> None:
    assert run("simulator.md", tmp_path) == 3


def test_every_workload_is_named() -> None:
    row = next(line for line in (DOCS / "simulator.md").read_text().splitlines() if "`--workload`" in line)
    assert re.findall(r"`(\w+)`", row) == list(WORKLOADS)
