"""Claims about a client in the simulator: what it is told is true, and follows from the seed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from client import simulated
from client.simulated import WRITERS, WRITES

TESTS = Path(__file__).resolve().parents[1]
SECONDS_MAX = 60  # of some 20 virtual ones


def play(seed: str, hash_seed: str) -> Any:
    ended = subprocess.run(
        [sys.executable, simulated.__file__, seed],
        env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_a_client_counts_rightly_through_a_crash_and_the_same_again_from_the_same_seed() -> None:
    told = play("client/1", "1")
    assert told["done"] + told["unknown"] == WRITERS * WRITES
    assert told["unknown"] > 0  # those that were inside the gateway when it crashed
    assert told["done"] <= told["count"] <= told["done"] + told["unknown"]
    assert float(told["lines"][-1].split()[0]) > 20
    assert play("client/1", "2") == told
    assert play("client/2", "1")["lines"] != told["lines"]
