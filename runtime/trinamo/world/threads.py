"""The one door to worker threads. Only storage has work that blocks; a simulated World never comes here."""

from collections.abc import Callable
from typing import TypeVar

import trio

T = TypeVar("T")


async def run_in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a worker thread and return its result. Cancellation waits until it has ended."""
    return await trio.to_thread.run_sync(work)
