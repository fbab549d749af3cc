"""Mailboxes: bounded queues with one reader.

At the bound a mailbox refuses: the sender learns at once that its request was not taken (`MailboxFull`).
Messages that want no answer are dropped there, which Raft tolerates by design.
"""

from typing import Any, NamedTuple

import trio

from trinamo.actor.reply import Reply
from trinamo.base import NodeId
from trinamo.wire import Message

MAILBOX_SIZE = 8192  # a gateway has at most 4,096 connections; the rest is room for peers


class Envelope(NamedTuple):
    """A message as its receiver sees it. `reply` is None where no answer is wanted."""

    sender: NodeId
    message: Message
    reply: "Reply[Any] | None"


class Mailbox:
    """What waits for one actor."""

    __slots__ = ("_queue", "_reader", "limit")

    def __init__(self, limit: int = MAILBOX_SIZE) -> None:
        self.limit = limit
        self._queue: list[Envelope] = []
        self._reader: trio.lowlevel.Task | None = None

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, envelope: Envelope) -> bool:
        """Add a message, unless the mailbox is full. Returns whether it was taken."""
        if len(self._queue) >= self.limit:
            return False
        self.put_own(envelope)
        return True

    def put_own(self, envelope: Envelope) -> None:
        """Add what the actor itself has begun and waits for; that is never refused, and bounded by what it begins."""
        self._queue.append(envelope)
        reader = self._reader
        if reader is not None:
            self._reader = None
            trio.lowlevel.reschedule(reader)

    async def drain(self) -> list[Envelope]:
        """Wait until something is here, and return all of it in the order of arrival."""
        if self._queue:
            await trio.lowlevel.checkpoint()
        else:
            self._reader = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._leave)
        queue, self._queue = self._queue, []
        return queue

    def take_all(self) -> list[Envelope]:
        """Empty the mailbox without waiting."""
        queue, self._queue = self._queue, []
        return queue

    def _leave(self, _: Any) -> trio.lowlevel.Abort:
        self._reader = None
        return trio.lowlevel.Abort.SUCCEEDED
