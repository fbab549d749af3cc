"""Replies: where an answer goes, and how one waits for it.

1. A reply is settled once; what comes later is ignored.
2. Whoever waits may be cancelled: it leaves the reply, and a late answer finds nobody (PROTOCOLS 4).
3. Settling never runs the waiter's code; it is scheduled.
"""

from typing import Any, Generic, TypeVar

import trio

from trinamo.base import OperatingError
from trinamo.wire import Message

T = TypeVar("T", bound=Message)


class Reply(Generic[T]):
    """One answer that is to come."""

    __slots__ = ("_error", "_task", "_value", "deadline")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._value: T | None = None
        self._error: OperatingError | None = None
        self._task: trio.lowlevel.Task | None = None

    @property
    def settled(self) -> bool:
        return self._value is not None or self._error is not None

    def resolve(self, value: T) -> None:
        """Give the answer."""
        if self._value is None and self._error is None:
            self._value = value
            self._wake()

    def fail(self, error: OperatingError) -> None:
        """Give the reason why there is none."""
        if self._value is None and self._error is None:
            self._error = error
            self._wake()

    async def wait(self) -> T:
        """Return the answer, or raise the error. One waiter at a time."""
        if self._value is None and self._error is None:
            assert self._task is None, "a reply has one waiter"
            self._task = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._leave)
        if self._error is not None:
            raise self._error
        assert self._value is not None
        return self._value

    def _leave(self, _: Any) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)
