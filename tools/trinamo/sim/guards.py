"""Nothing real inside a simulation: the machine's time, its dice, threads, sockets and processes raise there.

A run that looked at any of them would not replay. Ruff refuses most of it in the source; this notices what a library does behind our back.

Guards are put in at the first simulation of a process and stay; they let pass whoever is in another thread, or in none.
"""

import functools
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import trio

_EVENTS: Final = {
    "socket.__new__": "a socket",
    "subprocess.Popen": "a process",
    "os.fork": "a process",
}
_FUNCTIONS: Final[tuple[tuple[Any, str], ...]] = (
    *(
        (time, name)
        for name in (
            "time",
            "time_ns",
            "monotonic",
            "monotonic_ns",
            "perf_counter",
            "perf_counter_ns",
            "sleep",
        )
    ),
    *(
        (random, name)
        for name in ("random", "randrange", "randint", "choice", "shuffle", "getrandbits", "uniform")
    ),
    *((random, name) for name in ("randbytes", "sample", "_urandom")),
    (os, "urandom"),
    (threading.Thread, "start"),
    (trio.to_thread, "run_sync"),
)

_inside = threading.local()
_installed = False


class NotSimulated(RuntimeError):
    """Something real was asked for in a simulation."""


@contextmanager
def nothing_real() -> Iterator[None]:
    """Raise `NotSimulated` where this thread asks for anything real."""
    _install()
    before = getattr(_inside, "now", False)
    _inside.now = True
    try:
        yield
    finally:
        _inside.now = before


def _install() -> None:
    global _installed
    if _installed:
        return
    _installed = True
    sys.addaudithook(_hear)
    for module, name in _FUNCTIONS:
        setattr(module, name, _guarded(f"{module.__name__}.{name}", getattr(module, name)))


def _hear(event: str, _: tuple[Any, ...]) -> None:
    if event in _EVENTS and getattr(_inside, "now", False):
        raise NotSimulated(f"{_EVENTS[event]} ({event}) inside a simulation")


def _guarded(shown: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        if getattr(_inside, "now", False):
            raise NotSimulated(f"{shown} inside a simulation")
        return function(*arguments, **named)

    return guarded
