"""docs/cli.md says what is true: its commands are run in their order, and its outputs appear."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from vega_datasets import local_data

from dynamodb.server import Server

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/cli.md").read_text()
BLOCK = re.compile(
    r"(?P<unrun><!-- not run: .*? -->\n)?```sh\n(?P<commands>.*?)^```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
SECONDS_MAX = 60


def test_the_commands_of_the_document_do_what_it_says(cluster: Server, tmp_path: Path) -> None:
    shutil.copy(local_data.airports.filepath, tmp_path / "airports.csv")
    trinamo = f'trinamo() {{ {shlex.quote(sys.executable)} -m trinamo.cli.main "$@"; }}\nset -e\n'
    run = 0
    for block in BLOCK.finditer(DOCUMENT):
        if block["unrun"]:
            continue
        run += 1
        ended = subprocess.run(
            ["sh", "-c", trinamo + block["commands"]],
            cwd=tmp_path,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, ""), block["commands"]
        if block["output"] is not None:
            assert ended.stdout == block["output"], block["commands"]
    assert run == 7
