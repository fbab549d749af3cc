"""The network in simulation: slow, lossy, repetitive, disorderly and sometimes cut, all by one set of dice.

Invariants:

1. A frame arrives whole and uncorrupted, or not. What may happen to it is said by the hub's `Weather`, and by who is
   cut from whom when it is sent and when it would arrive.
2. Without reordering the frames of one direction of a channel arrive in the order they were sent.
3. Ends are told like frames: `aclose`, and the process crash of a node, reach the other side after a delay, or never
   if it is cut off. Who sends to a node that has forgotten the channel learns so from its answer.
4. A pipe holds at most `CHANNEL_FRAMES_MAX` frames, those on their way included; who sends more waits.
5. All chance is drawn in the order of calls, and deliveries happen in the order (moment, number), so
   that a seed replays a run.
"""

import heapq
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import trio

from trinamo.base import LinkDown, NodeId
from trinamo.sim.trace import Trace
from trinamo.world import Channel, Random
from trinamo.world.network import attend

CHANNEL_FRAMES_MAX: Final = 1_024  # as on the memory network
CONNECT_TIMEOUT_S: Final = (
    0.5  # what a SYN into the void costs; TCP takes longer, links would have their own limit
)


@attrs.frozen
class Weather:
    """What happens to frames. Rates are probabilities for each frame."""

    delay_min: float = 0.000_1
    """Seconds; the delay is this plus an exponential of mean `delay_mean`."""
    delay_mean: float = 0.000_5
    slow_rate: float = 0.0
    """The long tail: such a frame takes up to `slow_max` seconds."""
    slow_max: float = 0.3
    loss_rate: float = 0.0
    duplication_rate: float = 0.0
    reordering_rate: float = 0.0
    """Such a frame does not wait for those sent before it."""


FAIR = Weather()


class _Pipe:
    """One direction of a channel: what has arrived, who waits, and what is on its way."""

    __slots__ = ("frames", "last_arrival", "on_way", "receiver", "senders", "source", "target")

    def __init__(self, source: NodeId, target: NodeId) -> None:
        self.source = source
        self.target = target
        self.frames: deque[bytes] = deque()
        self.on_way = 0
        self.last_arrival = 0.0
        self.receiver: trio.lowlevel.Task | None = None
        self.senders: dict[trio.lowlevel.Task, None] = {}  # in the order they came

    @property
    def full(self) -> bool:
        return len(self.frames) + self.on_way >= CHANNEL_FRAMES_MAX

    def wake_receiver(self) -> None:
        task, self.receiver = self.receiver, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def wake_sender(self) -> None:
        if self.senders:
            task = next(iter(self.senders))
            del self.senders[task]
            trio.lowlevel.reschedule(task)

    async def wait_frame(self) -> None:
        assert self.receiver is None, "one task receives at a time"
        self.receiver = trio.lowlevel.current_task()

        def abort(_: object) -> trio.lowlevel.Abort:
            self.receiver = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    async def wait_room(self) -> None:
        task = trio.lowlevel.current_task()
        self.senders[task] = None

        def abort(_: object) -> trio.lowlevel.Abort:
            del self.senders[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)


class SimulatedChannel:
    """One end of a channel."""

    __slots__ = ("_hub", "_inbox", "_outbox", "ended", "number", "peer")

    def __init__(self, hub: "Hub", number: int, inbox: _Pipe, outbox: _Pipe) -> None:
        self._hub = hub
        self._inbox = inbox
        self._outbox = outbox
        self.number = number
        self.ended = False
        self.peer: SimulatedChannel

    def __repr__(self) -> str:
        return f"<SimulatedChannel {self.number} {self.local} to {self._outbox.target}>"

    @property
    def local(self) -> NodeId:
        return self._outbox.source

    async def send(self, frame: bytes) -> None:
        """Hand over one frame, waiting while `CHANNEL_FRAMES_MAX` are on their way."""
        while self._outbox.full and not self.ended:
            await self._outbox.wait_room()
        if self.ended:
            raise LinkDown("the channel has ended")
        self._hub.post(self, self._outbox, frame)

    async def receive(self) -> bytes:
        """Wait for the next frame. One task receives at a time."""
        inbox = self._inbox
        while not inbox.frames:
            if self.ended:
                raise LinkDown("the channel has ended")
            await inbox.wait_frame()
        frame = inbox.frames.popleft()
        inbox.wake_sender()
        return frame

    async def aclose(self) -> None:
        """End the channel; frames that were sent may still arrive. Not a checkpoint."""
        if not self.ended:
            self.cut()
            self._hub.tell_end(self)

    def arrive(self, frame: bytes) -> None:
        """A frame has come. One for an end that is no more is answered: the channel has ended."""
        if self.ended:
            self._hub.tell_end(self)
        else:
            self._inbox.frames.append(frame)
            self._inbox.wake_receiver()

    def hear_end(self) -> None:
        """The other side is no more; what has arrived may still be read."""
        if not self.ended:
            self.ended = True
            self._inbox.wake_receiver()
            while self._outbox.senders:
                self._outbox.wake_sender()
            self._hub.forget(self)

    def cut(self) -> None:
        """End this side at once."""
        self._inbox.frames.clear()
        self.hear_end()


class SimulatedNetwork:
    """One node's way to its peers, for one life of the node."""

    def __init__(self, hub: "Hub", node: NodeId) -> None:
        self._hub = hub
        self.node = node
        self.severed = False
        self.take: Callable[[SimulatedChannel], None] | None = None

    def __repr__(self) -> str:
        state = "severed" if self.severed else "serving" if self.take else "silent"
        return f"<SimulatedNetwork {self.node} {state}>"

    async def connect(self, peer: NodeId) -> SimulatedChannel:
        """Open a channel to `peer`. Raises `LinkDown` when it cannot be reached in `CONNECT_TIMEOUT_S`."""
        if self.severed:
            await trio.lowlevel.checkpoint()
            raise LinkDown(f"{self.node} is cut off")
        return await self._hub.connect(self, peer)

    async def serve(self, accept: Callable[[Channel], Awaitable[None]]) -> None:
        """Run `accept` for each channel that peers open, until cancelled. Once severed, wait without serving."""
        async with trio.open_nursery() as nursery:
            try:
                if not self.severed:
                    self.take = lambda channel: nursery.start_soon(attend, accept, channel)
                    self._hub.begin(self)
                await trio.sleep_forever()
            finally:
                self._hub.finish(self)

    def sever(self, *, silently: bool = False) -> None:
        """Crash: end the channels of this node, and open and take none any more.

        Peers are told, as an operating system does for a process; `silently`, as when the machine is gone,
        they find out.
        """
        self.severed = True
        self._hub.finish(self)
        self._hub.drop_channels(self.node, silently=silently)


Due = Callable[[], None]


class Hub:
    """What joins the simulated nodes. `run` is its task."""

    def __init__(self, random: Random, trace: Trace, weather: Weather = FAIR) -> None:
        self.weather = weather
        self._random = random
        self._trace = trace
        self._serving: dict[NodeId, SimulatedNetwork] = {}
        self._channels: dict[SimulatedChannel, None] = {}
        self._cuts: dict[tuple[NodeId, NodeId], None] = {}
        self._due: list[tuple[float, int, Due]] = []
        self._numbers = 0
        self._wake = trio.Event()

    def __repr__(self) -> str:
        cuts = " ".join(f"{source}↛{target}" for source, target in self._cuts)
        return f"<Hub serving={','.join(self._serving)} on_way={len(self._due)} {cuts}>"

    def network(self, node: NodeId) -> SimulatedNetwork:
        """Return a new network for `node`: one for each of its lives."""
        return SimulatedNetwork(self, node)

    # Faults

    def cut(self, source: NodeId, target: NodeId) -> None:
        """Let nothing pass from `source` to `target`; the other way stays as it is."""
        self._cuts[source, target] = None

    def partition(self, some: list[NodeId], others: list[NodeId]) -> None:
        """Let nothing pass between the two groups."""
        for one in some:
            for other in others:
                self.cut(one, other)
                self.cut(other, one)

    def isolate(self, node: NodeId, peers: list[NodeId]) -> None:
        """Let nothing pass between `node` and its peers."""
        self.partition([node], [peer for peer in peers if peer != node])

    def heal(self) -> None:
        """Let everything pass again."""
        self._cuts.clear()

    # Channels

    async def connect(self, network: SimulatedNetwork, peer: NodeId) -> SimulatedChannel:
        """Shake hands with `peer`: one delay there, one back."""
        node = network.node
        await trio.sleep(self._delay())
        remote = self._serving.get(peer)
        if (node, peer) in self._cuts or (peer, node) in self._cuts:
            await trio.sleep(CONNECT_TIMEOUT_S)
            raise LinkDown(f"{peer} does not answer")
        if network.severed or remote is None or remote.take is None:
            raise LinkDown(f"{peer} does not serve")
        here, far = self._pair(node, peer)
        remote.take(far)
        self._trace.note(f"{trio.current_time():.6f} {node}→{peer} connected {here.number}")
        try:
            await trio.sleep(self._delay())
        except trio.Cancelled:
            await here.aclose()
            raise
        return here

    def _pair(self, node: NodeId, peer: NodeId) -> tuple[SimulatedChannel, SimulatedChannel]:
        there, back = _Pipe(node, peer), _Pipe(peer, node)
        self._numbers += 1
        here = SimulatedChannel(self, self._numbers, inbox=back, outbox=there)
        far = SimulatedChannel(self, self._numbers, inbox=there, outbox=back)
        here.peer, far.peer = far, here
        self._channels[here] = self._channels[far] = None
        return here, far

    def begin(self, network: SimulatedNetwork) -> None:
        """Let `network` be reached."""
        assert network.node not in self._serving, f"{network.node} serves already"
        self._serving[network.node] = network

    def finish(self, network: SimulatedNetwork) -> None:
        """Let `network` be reached no more."""
        network.take = None
        if self._serving.get(network.node) is network:
            del self._serving[network.node]

    def drop_channels(self, node: NodeId, *, silently: bool) -> None:
        """End `node`'s side of all its channels."""
        for channel in list(self._channels):
            if channel.local == node:
                channel.cut()
                if not silently:
                    self.tell_end(channel)

    def forget(self, channel: SimulatedChannel) -> None:
        """Drop an end that has ended."""
        self._channels.pop(channel, None)

    # Delivery

    def post(self, channel: SimulatedChannel, pipe: _Pipe, frame: bytes) -> None:
        """Send a frame on its way, or lose it."""
        weather, chance = self.weather, self._random.random
        label = f"{trio.current_time():.6f} {pipe.source}→{pipe.target} {channel.number} {len(frame)} B"
        if (pipe.source, pipe.target) in self._cuts or chance() < weather.loss_rate:
            self._trace.note(f"{label} lost", frame)
            return
        self._trace.note(label, frame)
        copies = 2 if chance() < weather.duplication_rate else 1
        for _ in range(copies):
            pipe.on_way += 1
            self._schedule(self._arrival(pipe), lambda: self._arrive(channel.peer, pipe, frame))

    def tell_end(self, channel: SimulatedChannel) -> None:
        """Let the other side hear that this one is no more."""
        pipe = channel._outbox
        arrival = max(trio.current_time() + self._delay(), pipe.last_arrival)
        self._schedule(arrival, lambda: self._arrive_end(channel.peer, pipe))

    async def run(self) -> None:
        """Deliver what is due, until cancelled."""
        while True:
            now = trio.current_time()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            self._wake = trio.Event()
            with trio.CancelScope(deadline=self._due[0][0] if self._due else float("inf")):
                await self._wake.wait()

    def _schedule(self, moment: float, due: Due) -> None:
        self._numbers += 1
        heapq.heappush(self._due, (moment, self._numbers, due))
        if self._due[0][1] == self._numbers:
            self._wake.set()

    def _arrival(self, pipe: _Pipe) -> float:
        arrival = trio.current_time() + self._delay()
        if self._random.random() >= self.weather.reordering_rate:
            arrival = pipe.last_arrival = max(arrival, pipe.last_arrival)
        return arrival

    def _delay(self) -> float:
        weather, chance = self.weather, self._random.random
        if chance() < weather.slow_rate:
            return weather.delay_min + chance() * weather.slow_max
        return weather.delay_min + weather.delay_mean * -math.log(1.0 - chance())

    def _arrive(self, end: SimulatedChannel, pipe: _Pipe, frame: bytes) -> None:
        pipe.on_way -= 1
        if (pipe.source, pipe.target) not in self._cuts:
            end.arrive(frame)
        if not pipe.full:
            pipe.wake_sender()

    def _arrive_end(self, end: SimulatedChannel, pipe: _Pipe) -> None:
        if (pipe.source, pipe.target) not in self._cuts:
            end.hear_end()
