"""Claims about mailboxes, replies and supervision: one node, no links."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actor.systems import N1, Listener, Ping, Pong, Word, echo, system
from trinamo.actor import Actor, Envelope, Mailbox, Reply, System, supervise
from trinamo.actor.actor import RESTART_WINDOW_S, RESTARTS_MAX
from trinamo.base import MailboxFull, OutcomeUnknown, Stopped, WrongEpoch
from trinamo.world import MemoryHub, SystemClock


def alone() -> System:
    return system(MemoryHub(), N1)[0]


async def test_a_full_mailbox_refuses_asks_and_drops_tells() -> None:
    n1, actor = alone(), Listener(mailbox_limit=2)
    n1.register(actor)
    taken = [n1.ask(N1, "listener", Ping(number), 5.0) for number in range(2)]
    with pytest.raises(MailboxFull):
        await n1.ask(N1, "listener", Ping(2), 5.0).wait()
    n1.tell(N1, "listener", Word("dropped"))
    assert [envelope.message for envelope in actor.mailbox.take_all()] == [Ping(0), Ping(1)]
    assert not any(reply.settled for reply in taken)


async def test_messages_are_drained_in_the_order_of_arrival() -> None:
    mailbox = Mailbox()
    envelopes = [Envelope(N1, Ping(number), None) for number in range(3)]
    assert all(mailbox.put(envelope) for envelope in envelopes)
    assert await mailbox.drain() == envelopes
    assert len(mailbox) == 0


async def test_a_reader_that_was_cancelled_loses_no_message() -> None:
    mailbox = Mailbox()
    with trio.move_on_after(0):
        await mailbox.drain()
    mailbox.put(Envelope(N1, Ping(1), None))
    assert await mailbox.drain() == [Envelope(N1, Ping(1), None)]


async def test_a_late_reply_finds_nobody_where_the_waiter_was_cancelled() -> None:
    reply: Reply[Pong] = Reply(5.0)
    left = trio.Event()

    async def wait() -> None:
        with scope:
            await reply.wait()
        left.set()
        await trio.sleep_forever()

    scope = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        scope.cancel()
        await left.wait()
        reply.resolve(Pong(1))  # would wake the task out of its sleep, were it still known
        await wait_all_tasks_blocked()
        assert await reply.wait() == Pong(1)
        nursery.cancel_scope.cancel()


async def test_a_reply_is_settled_once() -> None:
    reply: Reply[Pong] = Reply(5.0)
    reply.resolve(Pong(1))
    reply.resolve(Pong(2))
    reply.fail(Stopped("too late"))
    assert await reply.wait() == Pong(1)


async def test_an_ask_beyond_its_deadline_has_an_unknown_outcome() -> None:
    n1 = alone()
    n1.register(Listener())
    early, late = (n1.ask(N1, "listener", Ping(number), number) for number in (1, 2))
    n1.expire(1.0)
    with pytest.raises(OutcomeUnknown, match="in time"):
        await early.wait()
    assert not late.settled


async def test_nobody_of_that_name_is_a_wrong_map() -> None:
    with pytest.raises(WrongEpoch, match="n1 has no 7"):
        await alone().ask(N1, 7, Ping(1), 5.0).wait()


async def test_a_stopped_system_takes_nothing_and_knows_not_what_became_of_the_rest() -> None:
    n1 = alone()
    n1.register(Listener())
    waiting = n1.ask(N1, "listener", Ping(1), 5.0)
    n1.stop()
    with pytest.raises(OutcomeUnknown):
        await waiting.wait()
    with pytest.raises(Stopped):
        await n1.ask(N1, "listener", Ping(2), 5.0).wait()


async def test_an_inline_tell_is_handled_at_once_and_an_ask_never_is() -> None:
    n1, actor, heard = alone(), Listener(), []
    n1.register(actor)
    n1.inline(Ping, lambda sender, message: heard.append((sender, message)))
    n1.tell(N1, "listener", Ping(1))
    assert heard == [(N1, Ping(1))]
    n1.ask(N1, "listener", Ping(2), 5.0)
    assert heard == [(N1, Ping(1))]
    assert [envelope.message for envelope in actor.mailbox.take_all()] == [Ping(2)]


class Faulty(Actor):
    def __init__(self) -> None:
        super().__init__("faulty")
        self.ends = 0

    def receive(self, batch: list[Envelope]) -> None:
        raise AssertionError("an invariant is broken")

    def stopped(self) -> None:
        self.ends += 1


async def test_a_failing_actor_is_restarted_so_often_and_no_more() -> None:
    begun: list[Actor] = []
    ends: list[bool] = []

    def begin(actor: Actor) -> None:
        begun.append(actor)
        actor.mailbox.put(Envelope(N1, Word("break"), None))

    await supervise(Faulty, SystemClock(), begin, lambda _actor, _error, again: ends.append(again))
    assert ends == [True] * RESTARTS_MAX + [False]
    assert len({id(actor) for actor in begun}) == RESTARTS_MAX + 1
    assert all(isinstance(actor, Faulty) and actor.ends == 1 for actor in begun)


async def test_failures_far_apart_are_chance(mock_clock: MockClock) -> None:
    ends: list[bool] = []

    def begin(actor: Actor) -> None:
        if len(ends) <= 2 * RESTARTS_MAX:
            mock_clock.jump(RESTART_WINDOW_S)
        actor.mailbox.put(Envelope(N1, Word("break"), None))

    await supervise(Faulty, SystemClock(), begin, lambda _actor, _error, again: ends.append(again))
    assert ends.count(True) > 2 * RESTARTS_MAX
    assert ends[-1] is False


async def test_who_waits_in_the_mailbox_of_a_failed_actor_hears_that_nothing_was_done() -> None:
    n1 = alone()

    class Blunt(Faulty):
        def receive(self, batch: list[Envelope]) -> None:
            waiting.append(n1.ask(N1, "faulty", Ping(2), 5.0))
            super().receive(batch)

    waiting: list[Reply[Pong]] = []

    def begin(actor: Actor) -> None:
        n1.register(actor)
        n1.tell(N1, "faulty", Word("break"))

    await supervise(Blunt, SystemClock(), begin, lambda actor, _error, _again: n1.unregister(actor))
    for reply in waiting:
        with pytest.raises(Stopped):
            await reply.wait()
    assert len(waiting) == RESTARTS_MAX + 1


async def test_a_local_ask_is_answered() -> None:
    n1, actor = alone(), Listener(echo)
    n1.register(actor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run)
        assert await n1.ask(N1, "listener", Ping(7), 5.0).wait() == Pong(7)
        nursery.cancel_scope.cancel()
