"""Claims about `import trinamo.client`: what it costs, and what it does not load."""

import json
import subprocess
import sys

MILLISECONDS_MAX = 120
TRIES = 5
HEAVY = {"trio", "httpx", "asyncio", "cbor2", "httptools", "botocore", "pydantic", "ssl"}

PROGRAM = """
import json, sys, time
begin = time.perf_counter()
import trinamo.client
end = time.perf_counter()
print(json.dumps([(end - begin) * 1000, sorted(sys.modules)]))
"""


def imported() -> tuple[float, set[str]]:
    """The milliseconds that the import takes in a fresh process, and what is loaded then."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, timeout=60)
    milliseconds, modules = json.loads(ended.stdout)
    return milliseconds, set(modules)


def test_the_import_loads_neither_trio_nor_anything_that_only_some_targets_need() -> None:
    _, modules = imported()
    assert modules & HEAVY == set()


def test_the_import_is_quick() -> None:
    assert (
        min(imported()[0] for _ in range(TRIES)) < MILLISECONDS_MAX
    )  # the least: others use this machine too
