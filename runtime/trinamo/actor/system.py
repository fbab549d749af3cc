"""The system: a node's actors by name, its links to peers, and asks and tells between them.

A message goes to (node, name): `name` is a partition's number for its replica, a word for other actors. On the same
node the object itself is handed over (messages are immutable); between nodes it goes as CBOR in frames, over memory
as over TCP. A payload is [number, items]: frames are numbered from 1 in each direction of a channel. An item is one of

    [0, name, message]           tell
    [1, name, id, message]       ask
    [2, id, message]             answer
    [3, id, error name, detail]  failure: one of `OperatingError`'s classes, detail for NotLeader's hint

1. A link coalesces: whatever waits goes as one frame, or as several if it is more than a frame may hold. A message
   that fits no frame is lost, visibly.
2. An ask to a peer without a link fails at once with LinkDown: surely not sent. A link that ends fails every ask
   sent over it with OutcomeUnknown.
3. Deadlines are looked at by `expire`, which the node's timer calls; a reply is never awaited beyond it by more
   than a tick. Nor is one of a peer of which nothing has come for `SILENCE_MAX_S` since it was asked.
4. A corrupt or unknown frame closes its link; it never harms the node.
5. A frame is taken at most once, though a channel may duplicate it: a request done twice would undo what others
   did in between. One that comes later than `WINDOW` others is dropped, as if it had been lost.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

import cbor2
import structlog
import trio

from trinamo.actor.actor import Actor
from trinamo.actor.mailbox import Envelope
from trinamo.actor.messages import Request
from trinamo.actor.reply import Reply
from trinamo.base import (
    DeadlineExceeded,
    LinkDown,
    MailboxFull,
    NodeId,
    NotLeader,
    OperatingError,
    OutcomeUnknown,
    ProposalDropped,
    Stopped,
    StorageError,
    WireError,
    WrongEpoch,
)
from trinamo.wire import FRAME_SIZE_MAX, Message, decode_frame, encode_frame, from_wire, to_wire
from trinamo.world import Channel, World

R = TypeVar("R", bound=Message)
Name = int | str

LINK_QUEUE_MAX = 16384  # messages; beyond it tells are dropped and asks refused
EARLY_MAX = 64  # tells kept for a peer that was never linked: the votes of a start, not its heartbeats
SILENCE_MAX_S = 1.0
"""After which nobody waits for a peer any more of which nothing comes: it is parted or paused. Longer than an election
takes, which is the longest that an ask may wait at a peer that is well."""
RECONNECT_FIRST_S = 0.02
RECONNECT_MAX_S = 0.5
PROTOCOL_VERSION = 1
WINDOW = 64  # as the anti-replay window of IPsec (RFC 4303, 3.4.3)

_WINDOW_MASK = (1 << WINDOW) - 1
_TELL, _ASK, _ANSWER, _FAILURE = range(4)
_errors: dict[str, type[OperatingError]] = {
    cls.__name__: cls
    for cls in (
        DeadlineExceeded, LinkDown, MailboxFull, OutcomeUnknown, ProposalDropped, Stopped, StorageError, WrongEpoch,
    )
}  # fmt: skip
_log = structlog.get_logger("trinamo.actor")


class RemoteReply(Reply[Message]):
    """The asker is on another node: the answer goes back over the link it came from."""

    __slots__ = ("_id", "_link")

    def __init__(self, link: "Link", id_: int) -> None:
        super().__init__(0.0)
        self._link = link
        self._id = id_

    def resolve(self, value: Message) -> None:
        self._link.push([_ANSWER, self._id, to_wire(value)])

    def fail(self, error: OperatingError) -> None:
        detail = error.leader if isinstance(error, NotLeader) else str(error)
        self._link.push([_FAILURE, self._id, type(error).__name__, detail])


class Received:
    """Which frames of a channel have come: a window of bits behind the highest number."""

    __slots__ = ("_bits", "_highest")

    def __init__(self) -> None:
        self._highest = 0
        self._bits = 0  # bit n: whether number `highest - n` has come

    def is_new(self, number: int) -> bool:
        """Note that a frame has come. False if it came before, or too late to know."""
        ahead = number - self._highest
        if ahead > 0:
            self._bits = (self._bits << ahead | 1) & _WINDOW_MASK if ahead < WINDOW else 1
            self._highest = number
            return True
        bit = 1 << -ahead if -ahead < WINDOW else 0
        if not bit or self._bits & bit:
            return False
        self._bits |= bit
        return True


class Link:
    """One channel to a peer and what waits to be sent over it."""

    def __init__(self, system: "System", peer: NodeId, channel: Channel) -> None:
        self._system = system
        self._channel = channel
        self._weather = system.world.weather
        self._sites = system.world.sites
        self._nursery: trio.Nursery | None = None
        self.peer = peer
        self.open = True
        self._queue: list[Any] = []
        self._sender: trio.lowlevel.Task | None = None
        self._asked: dict[int, Reply[Any]] = {}
        self._next_id = 0
        self._marks: deque[tuple[float, int]] = deque()  # at each tick, the last ask so far
        self._sent = 0
        self._received = Received()

    def __repr__(self) -> str:
        return f"<Link {self.peer} queued={len(self._queue)} asked={len(self._asked)}>"

    def push(self, item: list[Any]) -> bool:
        """Queue an item; False where it was dropped."""
        queue = self._queue
        if not self.open or len(queue) >= LINK_QUEUE_MAX:
            return False
        queue.append(item)
        sender = self._sender
        if sender is not None:
            self._sender = None
            trio.lowlevel.reschedule(sender)
        return True

    def ask(self, name: Name, message: Message, reply: Reply[Any]) -> None:
        id_ = self._next_id = self._next_id + 1
        self._asked[id_] = reply
        if not self.push([_ASK, name, id_, to_wire(message)]):
            del self._asked[id_]
            reply.fail(LinkDown(f"no link to {self.peer}"))

    def expire(self, now: float) -> None:
        """Give up asks whose deadline has passed, and those of a peer that has fallen silent: nobody knows."""
        last = self._last_hopeless(now)
        late = [
            id_ for id_, reply in self._asked.items() if reply.deadline <= now or reply.settled or id_ <= last
        ]
        for id_ in late:
            self._asked.pop(id_).fail(OutcomeUnknown(f"no answer from {self.peer} in time"))

    def _last_hopeless(self, now: float) -> int:
        """The last ask that is older than the peer's silence may be, if it is that silent; else 0."""
        marks = self._marks
        if not self._asked:
            marks.clear()
            return 0
        marks.append((now, self._next_id))
        while len(marks) > 1 and marks[1][0] <= now - SILENCE_MAX_S:
            marks.popleft()
        moment, last = marks[0]
        silent = self._system.heard_at(self.peer) < now - SILENCE_MAX_S
        return last if silent and moment <= now - SILENCE_MAX_S else 0

    async def run(self) -> None:
        """Send and receive until the channel ends."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._send_all, nursery.cancel_scope)
                await self._receive_all()
                nursery.cancel_scope.cancel()
        finally:
            self.close()
            with trio.CancelScope(shield=True):
                await self._channel.aclose()

    def close(self) -> None:
        """End: what was asked has an unknown outcome."""
        self.open = False
        asked, self._asked = self._asked, {}
        for reply in asked.values():
            reply.fail(OutcomeUnknown(f"the link to {self.peer} ended"))

    async def _send_all(self, scope: trio.CancelScope) -> None:
        while True:
            if not self._queue:
                self._sender = trio.lowlevel.current_task()
                await trio.lowlevel.wait_task_rescheduled(self._leave)
            queue, self._queue = self._queue, []
            if not queue:
                continue
            try:
                await self._send(queue)
            except LinkDown:
                scope.cancel()
                return

    async def _send(self, items: list[Any]) -> None:
        """Send items as one frame, or as several where they are too much for one."""
        if self._sites.sometimes("link: breaks"):
            raise LinkDown("it broke")
        payload = cbor2.dumps([self._sent + 1, items])
        if len(payload) <= FRAME_SIZE_MAX:
            self._sent += 1
            if self._weather.rough:
                await self._send_through_weather(encode_frame(payload))
            else:
                await self._channel.send(encode_frame(payload))
        elif len(items) > 1:
            half = len(items) // 2
            await self._send(items[:half])
            await self._send(items[half:])
        else:
            _log.error("message fits no frame", peer=self.peer, size=len(payload))

    async def _send_through_weather(self, frame: bytes) -> None:
        node, clock = self._system.node, self._system.world.clock
        await self._weather.wait_awake(node)
        delay_s = self._weather.delay_s(node, self.peer)
        if delay_s is None:
            return
        if not delay_s:
            await self._channel.send(frame)
        elif self._nursery is not None:
            self._nursery.start_soon(self._send_late, frame, clock.monotonic() + delay_s)

    async def _send_late(self, frame: bytes, moment: float) -> None:
        await self._system.world.clock.sleep_until(moment)
        try:
            await self._channel.send(frame)
        except LinkDown:
            return  # who receives knows as well

    def _leave(self, _: Any) -> trio.lowlevel.Abort:
        self._sender = None
        return trio.lowlevel.Abort.SUCCEEDED

    async def _receive_all(self) -> None:
        while True:
            try:
                frame = await self._channel.receive()
                if self._weather.rough:
                    await self._weather.wait_awake(self._system.node)
                self._take(frame)
            except LinkDown:
                return
            except WireError as error:
                _log.warning("closed a link", peer=self.peer, reason=str(error))
                return

    def _take(self, frame: bytes) -> None:
        self._system.heard.add(self.peer)
        try:
            payload = cbor2.loads(decode_frame(frame))
        except (cbor2.CBORDecodeError, ValueError, RecursionError) as error:
            raise WireError(f"payload is not CBOR: {error}") from None
        match payload:
            case [int() as number, list() as items]:
                if self._received.is_new(number):
                    for item in items:
                        self._take_item(item)
            case _:
                raise WireError("payload is not a number and an array")

    def _take_item(self, item: Any) -> None:
        match item:
            case [0, int() | str() as name, tree]:
                self._system.deliver(name, Envelope(self.peer, from_wire(tree), None))
            case [1, int() | str() as name, int() as id_, tree]:
                self._system.deliver(name, Envelope(self.peer, from_wire(tree), RemoteReply(self, id_)))
            case [2, int() as id_, tree]:
                answer = from_wire(
                    tree
                )  # before the ask is forgotten: a bad answer closes the link, which fails it
                reply = self._asked.pop(id_, None)
                if reply is not None:
                    reply.resolve(answer)
            case [3, int() as id_, str() as name, detail]:
                reply = self._asked.pop(id_, None)
                if reply is not None:
                    reply.fail(_error(name, detail))
            case _:
                raise WireError("an item of the payload has no known form")


def _error(name: str, detail: object) -> OperatingError:
    if name == NotLeader.__name__:
        return NotLeader(NodeId(detail) if isinstance(detail, str) else None)
    return _errors.get(name, OutcomeUnknown)(str(detail))


class System:
    """A node's actors and links."""

    def __init__(self, world: World, peers: tuple[NodeId, ...], cluster_id: str) -> None:
        self.world = world
        self.node = world.node
        self._sites = world.sites
        self.cluster_id = cluster_id
        self._peers = tuple(peer for peer in peers if peer != world.node)
        self._actors: dict[Name, Actor] = {}
        self._inline: dict[type[Message], Callable[[NodeId, Any], None]] = {}
        self._links: dict[NodeId, Link] = {}
        self._early: dict[NodeId, list[Any]] = {peer: [] for peer in self._peers}  # until the first link
        self._accepted: list[Link] = []
        self._local: list[Reply[Any]] = []
        self.heard: set[NodeId] = set()
        """The peers of which a frame has come since the last tick."""
        self._heard_at: dict[NodeId, float] = {}
        self._stopped = False

    def register(self, actor: Actor) -> None:
        self._actors[actor.name] = actor

    def unregister(self, actor: Actor) -> None:
        if self._actors.get(actor.name) is actor:
            del self._actors[actor.name]

    def inline(self, kind: type[Message], handle: Callable[[NodeId, Any], None]) -> None:
        """Have tells of `kind` handled at once, by the task that brings them, instead of through a mailbox."""
        self._inline[kind] = handle

    @property
    def stopped(self) -> bool:
        """Whether nothing is sent or taken here any more."""
        return self._stopped

    def linked(self, peer: NodeId) -> bool:
        return peer in self._links

    # Sending

    def tell(self, node: NodeId, name: Name, message: Message) -> None:
        """Send without an answer; may be lost."""
        if node == self.node:
            self.deliver(name, Envelope(node, message, None))
            return
        link = self._links.get(node)
        if link is not None:
            link.push([_TELL, name, to_wire(message)])
            return
        early = self._early.get(node)
        if early is not None and len(early) < EARLY_MAX:
            early.append([_TELL, name, to_wire(message)])

    def ask(self, node: NodeId, name: Name, message: Request[R], deadline: float) -> Reply[R]:
        """Send, and return the reply to wait for. `deadline` is in `clock.monotonic()`."""
        reply: Reply[R] = Reply(deadline)
        if self._stopped:
            reply.fail(Stopped("the node has stopped"))
        elif node == self.node:
            self._local.append(reply)
            self.deliver(name, Envelope(node, message, reply))
        else:
            link = self._links.get(node)
            if link is None:
                reply.fail(LinkDown(f"no link to {node}"))
            else:
                link.ask(name, message, reply)
        return reply

    def deliver(self, name: Name, envelope: Envelope) -> None:
        """Bring a message to an actor of this node."""
        if envelope.reply is None:
            handle = self._inline.get(type(envelope.message))
            if handle is not None:
                handle(envelope.sender, envelope.message)
                return
        actor = self._actors.get(name)
        if actor is None:
            if envelope.reply is not None:
                envelope.reply.fail(WrongEpoch(f"{self.node} has no {name}"))
        elif envelope.reply is None:
            actor.mailbox.put(envelope)
        elif self._sites.sometimes("mailbox: full") or not actor.mailbox.put(envelope):
            envelope.reply.fail(MailboxFull(f"{name} on {self.node} is overloaded"))

    def heard_at(self, peer: NodeId) -> float:
        """The last tick before which a frame of the peer had come."""
        return self._heard_at.get(peer, 0.0)

    def expire(self, now: float) -> None:
        """Give up what waits beyond its deadline. Called at every tick."""
        for peer in self._peers:
            if peer in self.heard:
                self._heard_at[peer] = now
        self.heard.clear()
        for link in (*self._links.values(), *self._accepted):
            link.expire(now)
        local, self._local = self._local, []
        for reply in local:
            if reply.settled:
                continue
            if reply.deadline <= now:
                reply.fail(OutcomeUnknown("no answer in time"))
            else:
                self._local.append(reply)

    # Running

    async def run(self) -> None:
        """Accept links from peers and keep one to each, until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                for peer in self._peers:
                    nursery.start_soon(self._keep_link, peer)
                await self.world.network.serve(self._accept)
        finally:
            self.stop()

    def stop(self) -> None:
        """Nothing more is sent; whoever waits learns that the outcome is unknown."""
        self._stopped = True
        for link in (*self._links.values(), *self._accepted):
            link.close()
        local, self._local = self._local, []
        for reply in local:
            reply.fail(OutcomeUnknown("the node has stopped"))

    async def _keep_link(self, peer: NodeId) -> None:
        clock, pause = self.world.clock, RECONNECT_FIRST_S
        while True:
            try:
                channel = await self._connect(peer)
                await channel.send(self._hello())
            except LinkDown:
                await clock.sleep_until(clock.monotonic() + pause)
                pause = min(2 * pause, RECONNECT_MAX_S)
                continue
            link = self._links[peer] = Link(self, peer, channel)
            pause = RECONNECT_FIRST_S
            for item in self._early.pop(peer, ()):
                link.push(item)
            try:
                await link.run()
            finally:
                del self._links[peer]
            await clock.sleep_until(clock.monotonic() + pause)

    async def _connect(self, peer: NodeId) -> Channel:
        weather = self.world.weather
        if weather.rough and not weather.reaches(self.node, peer):
            raise LinkDown(f"{peer} is not reached")
        return await self.world.network.connect(peer)

    def _hello(self) -> bytes:
        return encode_frame(cbor2.dumps(["trinamo", PROTOCOL_VERSION, self.cluster_id, self.node]))

    async def _accept(self, channel: Channel) -> None:
        peer = self._greeted(await channel.receive())
        link = Link(self, peer, channel)
        self._accepted.append(link)
        try:
            await link.run()
        finally:
            self._accepted.remove(link)

    def _greeted(self, frame: bytes) -> NodeId:
        try:
            hello = cbor2.loads(decode_frame(frame))
        except (cbor2.CBORDecodeError, ValueError) as error:
            raise WireError(f"no greeting: {error}") from None
        match hello:
            case ["trinamo", int() as version, str() as cluster_id, str() as node]:
                if version != PROTOCOL_VERSION or cluster_id != self.cluster_id:
                    raise WireError(f"{node} speaks version {version} in cluster {cluster_id}")
                return cast(NodeId, node)
            case _:
                raise WireError("the greeting has no known form")
