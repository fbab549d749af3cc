"""What is real raises inside a simulation, and nowhere else."""

import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio

from trinamo.sim.deterministic import run_deterministically
from trinamo.sim.guards import NotSimulated

REAL: dict[str, Callable[[], Any]] = {
    "the wall clock": lambda: time.time(),
    "the monotonic clock": lambda: time.monotonic(),
    "a stopwatch": lambda: time.perf_counter_ns(),
    "sleep": lambda: time.sleep(0),
    "common dice": lambda: random.random(),
    "common choices": lambda: random.choice("ab"),
    "the system's dice": lambda: os.urandom(1),
    "UUIDs": uuid.uuid4,
    "secrets": partial(secrets.token_bytes, 1),
    "a thread": lambda: threading.Thread(target=print).start(),
    "a socket": socket.socket,
    "a process": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
}


async def _call(work: Callable[[], Any]) -> None:
    work()


@pytest.mark.parametrize("name", REAL)
def test_what_is_real_raises(name: str) -> None:
    with pytest.raises(NotSimulated, match="inside a simulation"):
        run_deterministically("1", partial(_call, REAL[name]))


def test_trios_threads_raise() -> None:
    async def hop() -> None:
        await trio.to_thread.run_sync(print)

    with pytest.raises(NotSimulated):
        run_deterministically("1", hop)


def test_dice_of_ones_own_and_virtual_time_are_not_real() -> None:
    async def act() -> float:
        await trio.sleep(random.Random(1).uniform(1, 2))
        return trio.current_time()

    assert 1 < run_deterministically("1", act) < 2


def test_afterwards_and_in_other_threads_all_is_as_it_was() -> None:
    seen: list[float] = []
    begun, over = threading.Event(), threading.Event()

    def look() -> None:
        begun.wait(10)
        seen.append(time.time())
        over.set()

    async def act() -> None:
        begun.set()
        assert over.wait(10)

    thread = threading.Thread(target=look)
    thread.start()
    run_deterministically("1", act)
    thread.join()
    assert seen[0] <= time.time()
