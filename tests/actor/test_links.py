"""Claims about links: two systems over one hub, and peers that speak nonsense."""

from typing import Any

import cbor2
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actor.systems import CLUSTER, N1, N2, Listener, Ping, Pong, Word, echo, linked, pair, system
from trinamo.actor import Envelope
from trinamo.actor.system import EARLY_MAX, PROTOCOL_VERSION, SILENCE_MAX_S, WINDOW, Received
from trinamo.base import LinkDown, NodeId, NotLeader, OutcomeUnknown, ProposalDropped, WrongEpoch
from trinamo.wire import FRAME_SIZE_MAX, encode_frame, to_wire
from trinamo.world import Channel, MemoryHub

pytestmark = pytest.mark.usefixtures("autojump_clock")
SOON = 1e9


async def test_asks_are_answered_and_tells_arrive_in_order() -> None:
    async with pair() as both:
        actor = Listener(echo)
        both.host(both.n2, actor)
        for number in range(5):
            both.n1.tell(N2, "listener", Word(str(number)))
        assert await both.n1.ask(N2, "listener", Ping(7), SOON).wait() == Pong(7)
        assert [envelope.message for envelope in actor.heard] == [*(Word(str(n)) for n in range(5)), Ping(7)]
        assert {envelope.sender for envelope in actor.heard} == {N1}


@pytest.mark.parametrize(
    "error", [NotLeader(N1), NotLeader(), ProposalDropped("too many"), WrongEpoch("old")]
)
async def test_a_refusal_arrives_as_it_was_given(error: NotLeader | ProposalDropped | WrongEpoch) -> None:
    def refuse(envelope: Envelope) -> None:
        assert envelope.reply is not None
        envelope.reply.fail(error)

    async with pair() as both:
        both.host(both.n2, Listener(refuse))
        with pytest.raises(type(error)) as caught:
            await both.n1.ask(N2, "listener", Ping(7), SOON).wait()
        assert str(caught.value) == str(error)
        assert getattr(caught.value, "leader", None) == getattr(error, "leader", None)


async def test_what_was_asked_over_a_link_that_ends_has_an_unknown_outcome_and_later_asks_were_never_sent() -> (
    None
):
    async with pair() as both:
        both.host(both.n2, Listener())
        asked = both.n1.ask(N2, "listener", Ping(1), SOON)
        await wait_all_tasks_blocked()
        both.network.sever()
        with pytest.raises(OutcomeUnknown, match="link to n2 ended"):
            await asked.wait()
        await wait_all_tasks_blocked()
        with pytest.raises(LinkDown, match="no link to n2"):
            await both.n1.ask(N2, "listener", Ping(2), SOON).wait()


async def test_an_ask_beyond_its_deadline_has_an_unknown_outcome_and_its_late_answer_is_ignored() -> None:
    async with pair() as both:
        actor = Listener()
        both.host(both.n2, actor)
        asked = both.n1.ask(N2, "listener", Ping(1), 5.0)
        await wait_all_tasks_blocked()
        both.n1.expire(4.9)
        assert not asked.settled
        both.n1.expire(5.0)
        with pytest.raises(OutcomeUnknown, match="no answer from n2 in time"):
            await asked.wait()
        echo(actor.heard[0])
        await wait_all_tasks_blocked()
        assert both.n1.linked(N2)


async def test_nobody_waits_longer_than_a_peer_may_be_silent() -> None:
    async with pair() as both:
        both.host(both.n1, Listener())
        both.host(both.n2, Listener())  # it takes what it is asked, and never answers
        first = both.n1.ask(N2, "listener", Ping(1), 100.0)
        await wait_all_tasks_blocked()
        both.n1.expire(10.0)
        both.n1.expire(10.0 + SILENCE_MAX_S / 2)
        second = both.n1.ask(N2, "listener", Ping(2), 100.0)
        both.n2.tell(N1, "listener", Word("alive"))
        await wait_all_tasks_blocked()
        for moment in (10.0 + SILENCE_MAX_S, 11.0 + SILENCE_MAX_S):
            both.n1.expire(moment)
            assert not first.settled
        both.n1.expire(11.1 + SILENCE_MAX_S)
        for asked in (first, second):
            with pytest.raises(OutcomeUnknown, match="no answer from n2 in time"):
                await asked.wait()
        third = both.n1.ask(N2, "listener", Ping(3), 100.0)
        both.n1.expire(11.2 + SILENCE_MAX_S)
        assert not third.settled  # who asks anew may hope anew
        both.n1.expire(12.3 + SILENCE_MAX_S)
        assert third.settled
        await wait_all_tasks_blocked()
        with pytest.raises(OutcomeUnknown):
            await third.wait()


async def test_tells_before_the_first_link_arrive_as_far_as_they_are_kept() -> None:
    hub = MemoryHub()
    (n1, _), (n2, _) = system(hub, N1), system(hub, N2)
    for number in range(EARLY_MAX + 1):
        n1.tell(N2, "listener", Word(str(number)))
    actor = Listener(mailbox_limit=2 * EARLY_MAX)
    n2.register(actor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(n2.run)
        nursery.start_soon(actor.run)
        nursery.start_soon(n1.run)
        await linked(n1, N2)
        assert [envelope.message for envelope in actor.heard] == [Word(str(n)) for n in range(EARLY_MAX)]
        nursery.cancel_scope.cancel()


async def test_what_waits_goes_in_as_many_frames_as_it_needs() -> None:
    async with pair() as both:
        actor = Listener(echo)
        both.host(both.n2, actor)
        raw = bytes(FRAME_SIZE_MAX // 3)
        for number in range(4):
            both.n1.tell(N2, "listener", Word(str(number), raw))
        assert await both.n1.ask(N2, "listener", Ping(1), SOON).wait() == Pong(1)
        heard = [envelope.message for envelope in actor.heard]
        assert [message.text for message in heard if isinstance(message, Word)] == ["0", "1", "2", "3"]


async def test_a_message_that_fits_no_frame_is_lost_and_the_link_lives() -> None:
    async with pair() as both:
        actor = Listener(echo)
        both.host(both.n2, actor)
        both.n1.tell(N2, "listener", Word("vast", bytes(FRAME_SIZE_MAX)))
        assert await both.n1.ask(N2, "listener", Ping(1), SOON).wait() == Pong(1)
        assert [envelope.message for envelope in actor.heard] == [Ping(1)]


# What a peer may send


def hello(version: int = PROTOCOL_VERSION, cluster: str = CLUSTER, node: object = N2) -> bytes:
    return encode_frame(cbor2.dumps(["trinamo", version, cluster, node]))


def frame(*items: Any, number: int = 1) -> bytes:
    return encode_frame(cbor2.dumps([number, items]))


WORD = to_wire(Word("heard"))
BROKEN = {
    "no header": b"\x00",
    "a length that is not its payload's": b"\x00\x00\x00\x09" + frame()[4:],
    "a checksum that is not its payload's": frame()[:4] + b"\x00\x00\x00\x00" + frame()[8:],
    "a frame cut short": frame([0, "listener", WORD])[:-1],
    "no CBOR": encode_frame(b"\x1c"),
    "CBOR cut short": encode_frame(b"\x82\x01"),
    "CBOR too deep": encode_frame(b"\x81" * 10_000),
    "no array": encode_frame(cbor2.dumps("text")),
    "an item of an unknown form": frame([9, "listener", WORD]),
    "an unknown message": frame([0, "listener", ["test.actor.unheard"]]),
    "a mistyped message": frame([0, "listener", ["test.actor.word", 7]]),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_corrupt_frame_closes_its_link_and_not_the_node(kind: str) -> None:
    hub = MemoryHub()
    n1, _ = system(hub, N1)
    actor, peer = Listener(), hub.network(N2)
    n1.register(actor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(n1.run)
        nursery.start_soon(actor.run)
        await wait_all_tasks_blocked()
        bad, good = await peer.connect(N1), await peer.connect(N1)
        for channel in (bad, good):
            await channel.send(hello())
        await bad.send(BROKEN[kind])
        with pytest.raises(LinkDown):
            await bad.receive()
        assert actor.heard == []
        await good.send(frame([0, "listener", WORD]))
        await wait_all_tasks_blocked()
        assert actor.heard == [Envelope(N2, Word("heard"), None)]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "greeting",
    [
        hello(version=PROTOCOL_VERSION + 1),
        hello(cluster="another"),
        hello(node=2),
        frame(),
        encode_frame(b"\x1c"),
        encode_frame(b"\x81" * 10_000),
        b"\x00",
    ],
)
async def test_who_does_not_greet_is_not_linked(greeting: bytes) -> None:
    hub = MemoryHub()
    n1, _ = system(hub, N1)
    actor, peer = Listener(), hub.network(N2)
    n1.register(actor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(n1.run)
        nursery.start_soon(actor.run)
        await wait_all_tasks_blocked()
        channel = await peer.connect(N1)
        await channel.send(greeting)
        await channel.send(frame([0, "listener", WORD]))
        with pytest.raises(LinkDown):
            await channel.receive()
        assert actor.heard == []
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("answer", [["test.actor.unheard"], ["test.actor.pong", "seven"]])
async def test_an_answer_that_is_no_message_leaves_nobody_waiting(answer: list[Any]) -> None:
    hub = MemoryHub()
    n1, _ = system(hub, N1)
    peer = hub.network(NodeId("n2"))

    async def answer_badly(channel: Channel) -> None:
        await channel.receive()  # the greeting
        await channel.receive()  # the ask, the first of its link
        await channel.send(frame([2, 1, answer]))
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.serve, answer_badly)
        nursery.start_soon(n1.run)
        await linked(n1, N2)
        with trio.fail_after(5), pytest.raises(OutcomeUnknown):
            await n1.ask(N2, "listener", Ping(7), SOON).wait()
        nursery.cancel_scope.cancel()


# Frames that come twice


async def test_a_frame_that_comes_twice_is_taken_once() -> None:
    hub = MemoryHub()
    n1, _ = system(hub, N1)
    actor, peer = Listener(), hub.network(N2)
    n1.register(actor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(n1.run)
        nursery.start_soon(actor.run)
        await wait_all_tasks_blocked()
        channel = await peer.connect(N1)
        await channel.send(hello())
        for number in (2, 1, 2, 1, 3):
            await channel.send(frame([0, "listener", to_wire(Word(str(number)))], number=number))
        await wait_all_tasks_blocked()
        assert [envelope.message for envelope in actor.heard] == [Word("2"), Word("1"), Word("3")]
        nursery.cancel_scope.cancel()


def test_a_frame_behind_the_window_is_dropped() -> None:
    received = Received()
    assert received.is_new(WINDOW + 1)
    assert not received.is_new(1)
    assert received.is_new(2)
    assert not received.is_new(2)
