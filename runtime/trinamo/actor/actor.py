"""Actors: one task, one mailbox, one state.

An actor handles messages in `receive`, which is synchronous: between two messages its state is whole, and nobody
else runs. It awaits only its mailbox; what takes time comes back as a message (PROTOCOLS 3).

A broken invariant raises out of `receive`. The supervisor then runs `stopped`, and begins the actor anew through its
factory unless it fails more often than the restart intensity admits.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import structlog
import trio

from trinamo.actor.mailbox import MAILBOX_SIZE, Envelope, Mailbox
from trinamo.base import NotLeader, Stopped
from trinamo.world import Clock

RESTARTS_MAX = 3
RESTART_WINDOW_S = (
    10.0  # as Erlang's supervisors count: more restarts than that in the window, and it is not chance
)

_log = structlog.get_logger("trinamo.actor")


class Actor:
    """Derive from it and write `receive`."""

    def __init__(self, name: int | str, mailbox_limit: int = MAILBOX_SIZE) -> None:
        self.name = name
        self.mailbox = Mailbox(mailbox_limit)

    def receive(self, batch: list[Envelope]) -> None:
        """Handle messages in order. Every reply among them must be settled, now or later."""
        raise NotImplementedError

    def stopped(self) -> None:
        """The actor ends: settle what is waiting inside."""

    async def run(self) -> None:
        """Handle messages until cancelled."""
        drain, receive = self.mailbox.drain, self.receive
        while True:
            receive(await drain())

    def refuse_waiting(self) -> None:
        """Tell whoever still waits in the mailbox that nothing was done."""
        for envelope in self.mailbox.take_all():
            if envelope.reply is not None:
                envelope.reply.fail(Stopped("the actor has stopped"))


@attrs.define
class Supervision:
    """How often one actor was restarted."""

    clock: Clock
    restarts: list[float] = attrs.field(factory=list)

    def admits_restart(self) -> bool:
        now = self.clock.monotonic()
        self.restarts = [moment for moment in self.restarts if now - moment < RESTART_WINDOW_S]
        self.restarts.append(now)
        return len(self.restarts) <= RESTARTS_MAX


async def supervise(
    make: Callable[[], Actor],
    clock: Clock,
    begun: Callable[[Actor], None],
    ended: Callable[[Actor, BaseException | None, bool], None],
    clear_up: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run the actor that `make` gives, again after each failure that the restart intensity admits.

    `begun` is told each new actor; `ended` each end: the error, and whether another follows.
    `clear_up` is awaited between the two.
    """
    supervision = Supervision(clock)
    again = True
    while again:
        actor = make()
        begun(actor)
        try:
            await actor.run()
        except trio.Cancelled:
            ended(actor, None, False)
            raise
        except Exception as error:  # noqa: BLE001  # the actor loop: a broken invariant ends this actor only
            again = supervision.admits_restart()
            _log.error("actor failed", actor=repr(actor), restarts=again, exc_info=error)
            ended(actor, error, again)
        finally:
            actor.stopped()
            actor.refuse_waiting()
        if again and clear_up is not None:
            await clear_up()


def refuse(batch: list[Envelope], hint: Any = None) -> None:
    """Answer every request of `batch` with NotLeader: surely nothing was done."""
    for envelope in batch:
        if envelope.reply is not None:
            envelope.reply.fail(NotLeader(hint))
