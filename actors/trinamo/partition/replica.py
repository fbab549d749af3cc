"""The replica: the actor that drives one partition's Raft core, evaluates on the leader, and applies.

Invariants (PROTOCOLS 2, 3):

1. No answer leaves before the highest index it could have seen is committed in the leader's term; an answer that
   saw nothing in flight leaves under a valid lease or after a read index.
2. Strong reads look at what is applied, never at what is in flight.
3. A new leader evaluates nothing before an entry of its own term is applied.
4. What was in flight when leadership ends has an unknown outcome, and its askers are told so.
5. Duties of the core are carried out in the order of `Ready`; promises wait for all writes before them.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, Protocol, get_args

import attrs
import structlog
import trio

from trinamo.actor import Actor, Envelope, Reply
from trinamo.base import (
    Index,
    NodeId,
    NotLeader,
    OperatingError,
    OutcomeUnknown,
    PartitionId,
    ProposalDropped,
    StorageError,
    Term,
    WrongEpoch,
)
from trinamo.lsm import AppliedState, GroupCommit, Store
from trinamo.lsm.layout import Kind
from trinamo.lsm.store import DataBatch, KeyspaceReader
from trinamo.partition.bounds import Bounds
from trinamo.partition.consumers import Consumers
from trinamo.partition.evaluation import evaluate
from trinamo.partition.expiry import Expiries, expire
from trinamo.partition.feed import (
    BYTES,
    TRIM_AT_ONCE,
    TRIMMED,
    Replaced,
    begin_cursors,
    cursor_of,
    decode_settings,
    encode_position,
    first_since,
    last_change,
    oldest_change,
    read_changes,
    read_position,
    read_positions,
    record_changes,
    touch_effect,
    trim,
    trim_point,
)
from trinamo.partition.keeping import KEEPING
from trinamo.partition.localindexes import KINDS, LocalIndexes
from trinamo.partition.messages import (
    Cursors,
    Durable,
    Expire,
    Expired,
    Fault,
    FeedRows,
    FindMoment,
    Found,
    Get,
    Installed,
    MomentFound,
    Passed,
    PassOn,
    Read,
    ReadCursors,
    ReadFeed,
    ReadShard,
    ReadShards,
    Rows,
    ShardRows,
    ShardsFound,
    SnapshotAck,
    SnapshotChunk,
    Swap,
    Swapped,
    Tallied,
    Tally,
    Touch,
    Touched,
    Write,
    WriteResult,
    WriteResults,
)
from trinamo.partition.past import Past, PastView
from trinamo.partition.shards import STREAMS, Shards
from trinamo.partition.stored import (
    Current,
    Effect,
    Olds,
    decode_payload,
    encode_payload,
    encode_value,
    item_of,
    size_of,
)
from trinamo.partition.tallies import add_effects, begin_tallies
from trinamo.partition.transfer import SnapshotReceiver, SnapshotSender
from trinamo.raft import Entry, EntryKind, Membership, RaftConfig, RaftCore, RaftLog, RaftMessage, Ready
from trinamo.raft.storage import load
from trinamo.wire import Message
from trinamo.world import Batch, Clock, Durability, Random, Sites

ENVELOPES_PER_STRETCH = 64  # PROTOCOLS 3: no synchronous stretch beyond 1 ms or 100 items
ROWS_PER_SLICE = 100  # the same rule
_CARRIED_OUT = frozenset(
    {Kind.FEED, Kind.SETTINGS, Kind.SHARD}
)  # kinds whose effects are more than to put or delete
INDEX_BEHIND = "IndexBehind"  # the code of a fault that says which index, to be told in words of the API

_log = structlog.get_logger("trinamo.partition")


class Host(Protocol):
    """The node, as a replica sees it."""

    node: NodeId
    clock: Clock
    random: Random
    sites: Sites
    store: Store
    commit: GroupCommit
    raft: RaftConfig
    bounds: Bounds
    past_s: float
    """How far back reads that lag on purpose may look; 0 where none do."""

    def send(self, peer: NodeId, partition: PartitionId, message: RaftMessage) -> None:
        """Send a message of Raft; heartbeats of many groups may be gathered into one."""

    def tell(self, peer: NodeId, partition: PartitionId, message: Message) -> None: ...

    def spawn(self, work: Callable[[], Any]) -> None:
        """Run an async function beside the actors."""

    def led(self, replica: "Replica") -> None:
        """Who leads this replica's group has changed."""


Answer = Callable[[], None]
Reading = Get | Read | Tally | ReadFeed | ReadCursors | PassOn | ReadShards | ReadShard | FindMoment
_READS = frozenset(get_args(Reading))


@attrs.define
class _Waiting:
    """Answers that leave when `index` is applied, if it was committed in `term`."""

    index: int
    term: int
    answers: list[tuple[Reply[Any], Message]]


@attrs.frozen
class _Proposed:
    term: int
    clock: int
    effects: list[Effect]
    olds: Olds


class Replica(Actor):
    """One partition's copy on one node."""

    def __init__(self, host: Host, partition: PartitionId, incarnation: int, eager: bool) -> None:
        super().__init__(partition)
        self.partition = partition
        self.incarnation = incarnation
        self.failure: str | None = None
        self._host = host
        self._sites = host.sites
        self._store = host.store
        self._open()
        loaded = load(host.store, partition)
        record = self.record
        self._group_log = loaded.log
        self.applied = host.store.applied(partition)
        log = RaftLog.recovered(
            record.truncated_index,
            record.truncated_term,
            loaded.entries,
            self.applied.index,
            self.applied.term,
            loaded.hard_state.commit,
        )
        membership = Membership(record.voters, record.learners)
        now = host.clock.monotonic()
        self.core = RaftCore(host.raft, partition, log, loaded.hard_state, membership, host.random, now)
        self._clock = self.applied.clock
        # Of items and of the sizes of item collections. Index entries are not looked up, and their keys equal none here.
        self._flight: dict[bytes, tuple[int, Current | None]] = {}
        self._proposed: dict[int, _Proposed] = {}
        self._flight_term = 0
        self._waiting: deque[_Waiting] = deque()
        self._reading: list[Answer] = []  # of this stretch
        self._reads: dict[int, tuple[list[Answer], list[Reply[Any]]]] = {}
        self._read_replies: list[Reply[Any]] = []
        self._next_context = 0
        self._unsettled: list[Envelope] = []
        self._promises: deque[list[tuple[NodeId, RaftMessage]]] = deque()
        self._written: deque[tuple[Index, Term] | None] = deque()
        self._pumping = False
        self._log_bytes = sum(len(entry.payload) for entry in loaded.entries)
        self._sender = SnapshotSender(self)
        self._receiver = SnapshotReceiver(self)
        if eager:
            self.core.campaign(now)

    def __repr__(self) -> str:
        core = self.core
        return (
            f"<Replica {self._host.node}/p{self.partition} {core.role_name} term={core.term} "
            f"commit={core.commit} applied={self.applied.index}>"
        )

    def _open(self) -> None:
        self.record = self._store.record(self.partition)
        self._keyspace = self._store.keyspace(self.partition)
        self._get = self._keyspace.get
        self._indexes = LocalIndexes.read(self.record.schema)
        self._past: Past | None = None
        self.expiries: Expiries | None = None
        """What expires next, while somebody here wants to know."""
        settings = self._get(Kind.SETTINGS, b"")
        self.settings = decode_settings(None if settings is None else item_of(settings))
        self.consumers = Consumers(last_change(self._keyspace), self._cursor)
        self.shards = Shards.read(self._keyspace)
        self.feed_bytes = read_position(self._keyspace, BYTES)
        """How large the change feed is, without what its keys take."""

    # -- the actor --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        self._pump()
        while True:
            batch = await self.mailbox.drain()
            stretch = 1 if self._sites.sometimes("replica: stretches of one") else ENVELOPES_PER_STRETCH
            for start in range(0, len(batch), stretch):
                if start:
                    await trio.lowlevel.checkpoint()
                self.receive(batch[start : start + stretch])

    def receive(self, batch: list[Envelope]) -> None:
        now = self._host.clock.monotonic()
        writes: list[Envelope] = []
        for envelope in batch:
            message = envelope.message
            kind = type(message)
            if kind is Write or kind is Swap or kind in KEEPING or kind is Touch or kind is Expire:
                writes.append(envelope)
            elif kind in _READS:
                self._on_read(envelope, now)
            else:
                self._on_other(envelope, now)
        if writes:
            self._on_writes(writes, now)
        self._end_stretch(now)

    def take(self, sender: NodeId, message: RaftMessage) -> None:
        """Step a message of Raft at once."""
        if not self._receiver.installing:
            self.core.step(sender, message, self._host.clock.monotonic())
            self._pump()

    def heard(self, leader: NodeId, term: int, commit: int, now: float) -> bool:
        """Take a heartbeat if it tells nothing new (`RaftCore.heard`)."""
        return not self._receiver.installing and self.core.heard(leader, term, commit, now)

    def tick(self, now: float) -> None:
        """One tick of the node's timer."""
        if self._receiver.installing:
            return
        if self.core.leads:
            if self._sites.sometimes("leader: steps aside"):
                self._step_aside()
        elif self._sites.sometimes("follower: campaigns"):
            self.campaign()
        if self.consumers.awaited:
            self.consumers.expire(now)
        if self._sender.active:
            self._sender.expire(now)
            self.core.tick(now)
            self._pump()
        elif self.core.tick(now) or self._unsettled:
            self._pump()

    def stopped(self) -> None:
        self._drop(OutcomeUnknown("the replica has stopped"))
        self._sender.close()

    def answer_now(self, message: Message) -> Message | None:
        """Answer a strong read at once, if that needs no wait; for callers on the same node."""
        if type(message) is PassOn:
            return self._passed_now(message)
        if (
            type(message) is Get
            and message.epoch == self.record.epoch
            and not self._receiver.installing
            and self.core.lease_valid(self._host.clock.monotonic())
            and self._holds_all(message.keys)
            and not self._sites.sometimes("read: lease unused")
        ):
            return self._found(message)
        return None

    def _on_other(self, envelope: Envelope, now: float) -> None:
        message = envelope.message
        match message:
            case Durable():
                self._on_durable()
                self._pump()  # what this committed is applied before the next request looks
            case SnapshotChunk():
                self._receiver.take(envelope.sender, message, now)
            case SnapshotAck():
                self._sender.acknowledge(envelope.sender, message, now)
            case Installed():
                self._on_installed(message)
            case _:
                _log.warning("message not understood", replica=repr(self), message=type(message).__name__)

    def _end_stretch(self, now: float) -> None:
        if self._reading:
            context = self._next_context = self._next_context + 1
            self._reads[context] = (self._reading, self._read_replies)
            self._reading, self._read_replies = [], []
            self.core.read_index(context, now)
        self._pump()

    # -- reads ------------------------------------------------------------------------------------------------

    def _on_read(self, envelope: Envelope, now: float) -> None:
        message, reply = envelope.message, envelope.reply
        assert reply is not None
        assert isinstance(message, Reading)
        if not self._admits(message, reply):
            return
        if isinstance(message, Get | Read | ReadShard) and not message.strong:
            reply.resolve(self._read(message))
        elif not self.core.leads or self._receiver.installing:
            reply.fail(NotLeader(self.core.leader))
        elif not self.core.settled:
            self._unsettled.append(envelope)
        elif self.core.lease_valid(now) and not self._sites.sometimes("read: lease unused"):
            self._answer_read(message, reply, now)
        else:
            self._confirm(reply, lambda: self._answer_read(message, reply, now))

    def _answer_read(self, message: Reading, reply: Reply[Any], now: float) -> None:
        if type(message) is PassOn:
            self.consumers.wait(message.index, reply, now)
        else:
            reply.resolve(self._read(message))

    def _confirm(self, reply: Reply[Any], answer: Answer) -> None:
        """Answer once this replica is known to lead still (read index)."""
        self._reading.append(answer)
        self._read_replies.append(reply)

    def _admits(self, message: Reading, reply: Reply[Any]) -> bool:
        record = self.record
        if message.epoch != record.epoch:
            reply.fail(WrongEpoch(f"{self!r} is of epoch {record.epoch}"))
            return False
        if type(message) is Get:
            inside = self._holds_all(message.keys)
        elif type(message) is not Read:
            inside = True
        else:
            inside = message.start >= record.start and (
                not record.end or (bool(message.end) and message.end <= record.end)
            )
        if not inside:
            reply.fail(WrongEpoch("the request reaches beyond the partition's range"))
        return inside

    def _holds_all(self, keys: tuple[bytes, ...]) -> bool:
        start, end = self.record.start, self.record.end
        return all(start <= key and (not end or key < end) for key in keys)

    def _read(self, message: Reading) -> Message:
        match message:
            case Get():
                return self._found(message)
            case Read():
                return self._rows(message)
            case Tally():
                return Tallied(self.applied.tallies)
            case ReadFeed():
                return self._changes(message)
            case ReadCursors():
                return Cursors(read_positions(self._keyspace), self.applied.index)
            case PassOn():
                return Passed(self.consumers.passed(message.index))
            case ReadShards():
                return ShardsFound(self.shards.of(message.label), self._oldest(), self.applied.index)
            case ReadShard():
                return self._shard_rows(message)
            case FindMoment():
                found = first_since(self._keyspace, message.clock, self._oldest(), self.applied.index)
                return MomentFound(*found)

    def _passed_now(self, message: PassOn) -> Passed | None:
        """Answer if an index has taken everything; it may be that it only has not yet."""
        core = self.core
        asked_well = message.epoch == self.record.epoch and not self._receiver.installing
        if asked_well and core.settled and core.lease_valid(self._host.clock.monotonic()):
            return Passed(True) if self.consumers.passed(message.index) else None
        return None

    def read_feed(self, message: ReadFeed) -> FeedRows:
        """Read changes as this replica has applied them, for consumers on the same node."""
        return self._changes(message)

    def read_expiries(self, start: bytes) -> bytes | None:
        """Note when some items from `start` on expire, and return where to go on; None if nothing is left."""
        assert self.expiries is not None, "somebody wants to know"
        now = self._wall_us()
        prefix = len(self._keyspace.prefix(Kind.ITEM))
        scan = self._keyspace.scan(Kind.ITEM, max(start, self.record.start), self.record.end)
        key, limit = b"", self._slice()
        for count, (found, value) in enumerate(scan, 1):
            key = found[prefix:]
            self.expiries.note(key, item_of(value), now)
            if count == limit:
                return key + b"\x00"
        return None

    def note_expiry(self, key: bytes) -> None:
        """Note when the item of a key expires, if there is one."""
        if self.expiries is not None:
            value = self._get(Kind.ITEM, key)
            self.expiries.note(key, None if value is None else item_of(value), self._wall_us())

    def _cursor(self, index: str) -> int:
        return read_position(self._keyspace, cursor_of(index))

    def _changes(self, message: ReadFeed) -> FeedRows:
        reader, start = self._keyspace, (message.index, message.number)
        rows, rest = read_changes(reader, start, self.applied.index, message.count_max, message.size_max)
        return FeedRows(rows, rest, read_position(reader, TRIMMED))

    def _oldest(self) -> int:
        """Return the entry from which on streams have everything."""
        positions = [read_position(self._keyspace, name) for name in (TRIMMED, STREAMS)]
        return max(positions[0], positions[1] + 1)

    # -- what retention asks, on the same node ----------------------------------------------------------------

    @property
    def trimmed(self) -> int:
        """Below which entry the feed is trimmed."""
        return read_position(self._keyspace, TRIMMED)

    @property
    def trim_point(self) -> int:
        """Below which entry the feed could be trimmed now."""
        return trim_point(
            self.settings, lambda name: read_position(self._keyspace, name), self.applied.index + 1
        )

    def oldest_change(self) -> tuple[int, int] | None:
        """Return entry and clock of the first change that streams keep."""
        return oldest_change(self._keyspace, self._oldest())

    def oldest_changes(self, size: int) -> tuple[int, int]:
        """Return up to which entry the first changes that streams keep are so large together, and their size.

        There must be some; a thousand are looked at.
        """
        start = (self._oldest(), 0)
        rows, _ = read_changes(self._keyspace, start, self.applied.index, TRIM_AT_ONCE, size)
        return rows[-1][0], sum(len(record) for _, _, record in rows)

    def first_change_since(self, clock: int) -> int:
        """Return from which entry on all changes that streams keep were made at `clock` or later."""
        return first_since(self._keyspace, clock, self._oldest(), self.applied.index)[0]

    def _shard_rows(self, message: ReadShard) -> ShardRows:
        start, oldest = (message.index, message.number), self._oldest()
        shards = self.shards.of(message.label)
        shard = next((each for each in shards if each.began_ms == message.began_ms), None)
        if shard is None:
            return ShardRows((), start, oldest, False, found=False)
        count_max = min(message.count_max, self._slice())
        rows, rest = read_changes(self._keyspace, start, self.applied.index, count_max, message.size_max)
        end = shard.end
        if end is None or rest <= end:
            return ShardRows(rows, rest, oldest, False)
        return ShardRows(tuple(row for row in rows if row[0] <= end.entry), rest, oldest, True)

    def _reader(self, lag_s: float) -> KeyspaceReader | PastView:
        """What reads look at: what is applied, or what was applied so long ago."""
        if self._past is None or not lag_s:
            return self._keyspace
        return self._past.view(self._keyspace, self._host.clock.monotonic() - lag_s)

    def _found(self, message: Get) -> Found:
        get = self._reader(message.lag_s).get if message.lag_s else self._get
        return Found(tuple([get(Kind.ITEM, key) for key in message.keys]))

    def _rows(self, message: Read) -> Rows:
        kind, wholes = KINDS[message.index], self._indexes if message.whole else None
        reader = self._reader(message.lag_s)
        prefix = len(self._keyspace.prefix(kind))
        rows: list[tuple[bytes, bytes]] = []
        sizes: list[int] = []
        size = 0
        limit = min(message.count_max, self._slice())
        for key, value in reader.scan(kind, message.start, message.end, reverse=not message.forward):
            size += size_of(value)
            if wholes is None:
                rows.append((key[prefix:], value))
            else:
                sizes.append(size_of(value))
                item = reader.get(Kind.ITEM, wholes.item_key(message.index, key[prefix:]))
                assert item is not None, "every entry has its item"
                rows.append((key[prefix:], item))
                size += size_of(item)
            if len(rows) >= limit or size > message.size_max:
                return Rows(tuple(rows), False, tuple(sizes))
        return Rows(tuple(rows), True, tuple(sizes))

    def _slice(self) -> int:
        """How many rows to look at in one stretch."""
        return 1 if self._sites.sometimes("read: slices of one") else ROWS_PER_SLICE

    # -- writes -----------------------------------------------------------------------------------------------

    def _on_writes(self, envelopes: list[Envelope], now: float) -> None:
        core = self.core
        if not core.proposable or self._receiver.installing:
            for envelope in envelopes:
                assert envelope.reply is not None
                envelope.reply.fail(NotLeader(core.leader if not core.leads else None))
            return
        if not core.settled:
            self._unsettled += envelopes
            return
        effects: list[Effect] = []
        olds: Olds | None = {} if self.settings.feed else None
        overlay: dict[bytes, Current | None] = {}
        answers: list[tuple[Reply[Any], Message]] = []
        indexes = self.settings.indexes
        behind = self.consumers.first_behind(indexes) if indexes else None
        for envelope in envelopes:
            reply, message = envelope.reply, envelope.message
            assert reply is not None
            if isinstance(message, Write):
                answer = (
                    self._evaluate(message, reply, overlay, effects, olds)
                    if behind is None
                    else _refusal(message, behind)
                )
            elif isinstance(message, Swap):
                answer = self._swap(message, reply, overlay, effects)
            elif isinstance(message, Touch):
                answer = self._touch(message, reply, effects)
            elif isinstance(message, Expire):
                answer = self._expire(message, reply, overlay, effects, behind)
            else:
                answer = self._keep(message, reply, overlay, effects)
            if answer is not None:
                answers.append((reply, answer))
        if effects:
            self._propose(effects, olds or {}, overlay, answers)
        elif answers:
            self._answer_without_effect(answers, now)

    def _touch(self, message: Touch, reply: Reply[Any], effects: list[Effect]) -> Message | None:
        if message.epoch != self.record.epoch:
            reply.fail(WrongEpoch(f"{self!r} is of epoch {self.record.epoch}"))
            return None
        prefix = len(self._keyspace.prefix(Kind.ITEM))
        scan = self._keyspace.scan(Kind.ITEM, max(message.start, self.record.start), self.record.end)
        limit = self._slice()
        keys = [key[prefix:] for key, _ in islice(scan, limit)]
        effects += [touch_effect(key) for key in keys]
        return Touched(keys[-1] + b"\x00" if len(keys) == limit else None)

    def _expire(
        self,
        message: Expire,
        reply: Reply[Any],
        overlay: dict[bytes, Current | None],
        effects: list[Effect],
        behind: str | None,
    ) -> Message | None:
        if message.epoch != self.record.epoch or not self._holds_all(message.keys):
            reply.fail(WrongEpoch(f"{self!r} is of epoch {self.record.epoch}"))
            return None
        if behind is not None:
            return Expired(message.keys, behind)

        def look_up(key: bytes, kind: Kind = Kind.ITEM, /) -> Current | None:
            return overlay[key] if key in overlay else self._current(key, kind)

        settings = look_up(b"", Kind.SETTINGS)
        attribute = decode_settings(None if settings is None else settings.item).expiry
        if attribute is None:
            return Expired(message.keys)
        now = self._clock = self._stamp()  # the entry is stamped later
        kept = expire(message.keys, attribute, now, look_up, self._indexes, overlay, effects)
        return Expired(tuple(kept))

    def _evaluate(
        self,
        message: Write,
        reply: Reply[Any],
        overlay: dict[bytes, Current | None],
        effects: list[Effect],
        olds: Olds | None,
    ) -> Message | None:
        record = self.record
        if message.epoch != record.epoch or not self._holds_all(tuple([w.key for w in message.writes])):
            reply.fail(WrongEpoch(f"{self!r} is of epoch {record.epoch}"))
            return None

        def look_up(key: bytes, kind: Kind = Kind.ITEM, /) -> Current | None:
            return overlay[key] if key in overlay else self._current(key, kind)

        results: list[WriteResult] = []
        for write in message.writes:
            result, effect, derived, old = evaluate(write, look_up, self._indexes)
            results.append(result)
            if effect is not None:
                if olds is not None and old is not None:
                    olds[len(effects)] = old
                effects.append(effect)
                overlay[effect.key] = None if effect.item is None else Current(effect.size, effect.item)
            for effect in derived:
                effects.append(effect)
                if effect.kind == Kind.COLLECTION:
                    overlay[effect.key] = None if effect.item is None else Current(0, effect.item)
        return WriteResults(tuple(results))

    def _swap(
        self,
        message: Swap,
        reply: Reply[Any],
        overlay: dict[bytes, Current | None],
        effects: list[Effect],
    ) -> Message | None:
        if message.epoch != self.record.epoch:
            reply.fail(WrongEpoch(f"{self!r} is of epoch {self.record.epoch}"))
            return None
        for key, expected in message.expected:
            current = overlay[key] if key in overlay else self._current(key)
            if (None if current is None else current.item) != expected:
                return Swapped(False)
        for key, item in message.writes:
            current = overlay[key] if key in overlay else self._current(key)
            size = 0 if item is None else len(item)
            effects.append(Effect(key, size, item, old_size=0 if current is None else current.size))
            overlay[key] = None if item is None else Current(size, item)
        return Swapped(True)

    def _keep(
        self, message: Any, reply: Reply[Any], overlay: dict[bytes, Current | None], effects: list[Effect]
    ) -> Message | None:
        if message.epoch != self.record.epoch:
            reply.fail(WrongEpoch(f"{self!r} is of epoch {self.record.epoch}"))
            return None

        def look_up(key: bytes, kind: Kind = Kind.ITEM, /) -> Current | None:
            return overlay[key] if key in overlay else self._current(key, kind)

        return KEEPING[type(message)](message, look_up, overlay, effects)

    def _current(self, key: bytes, kind: Kind = Kind.ITEM) -> Current | None:
        """What a key holds, with what is in flight."""
        found = self._flight.get(key)
        if found is not None:
            return found[1]
        value = self._get(kind, key)
        return None if value is None else Current(size_of(value), item_of(value))

    def _propose(
        self,
        effects: list[Effect],
        olds: Olds,
        overlay: dict[bytes, Current | None],
        answers: list[tuple[Reply[Any], Message]],
    ) -> None:
        clock = self._stamp()
        try:
            entry = self.core.propose(encode_payload(clock, effects, olds))
        except (NotLeader, ProposalDropped) as error:
            for reply, _ in answers:
                reply.fail(error)
            return
        self._clock = clock
        self._proposed[entry.index] = _Proposed(entry.term, clock, effects, olds)
        for key, current in overlay.items():
            self._flight[key] = (entry.index, current)
        self._waiting.append(_Waiting(entry.index, entry.term, answers))

    def _stamp(self) -> int:
        """Return a hybrid timestamp that is greater than any before."""
        return max(self._wall_us(), self._clock + 1)

    def _wall_us(self) -> int:
        return int(self._host.clock.wall() * 1e6)

    def _answer_without_effect(self, answers: list[tuple[Reply[Any], Message]], now: float) -> None:
        core = self.core
        if core.last_index > self.applied.index:
            self._waiting.append(_Waiting(core.last_index, core.term, answers))
        elif core.lease_valid(now):
            _resolve(answers)
        else:
            for reply, answer in answers:
                self._confirm(reply, _answering(reply, answer))

    # -- duties -----------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Carry out what the core wants done, until it wants nothing more."""
        core = self.core
        self._pumping = True
        while core.has_ready:
            self._carry_out(core.ready())
        self._pumping = False
        if self._unsettled and (core.settled or not core.leads):
            self._reconsider()

    def _carry_out(self, ready: Ready) -> None:
        host, partition = self._host, self.partition
        if ready.messages:
            for peer, message in ready.messages:
                host.send(peer, partition, message)
        if ready.entries or ready.hard_state is not None:
            self._write_log(ready)
        elif ready.promises:
            self._send_when_durable(ready.promises)
        if ready.committed:
            self._apply(ready.committed)
        for peer in ready.snapshots:
            self._sender.begin(peer, host.clock.monotonic())
        for context, index in ready.reads:
            self._serve_read(context, index)
        for context in ready.dropped_reads:
            for reply in self._reads.pop(context, ([], []))[1]:
                reply.fail(NotLeader(self.core.leader))
        if ready.leadership is not None:
            self._on_leadership(ready)

    def _write_log(self, ready: Ready) -> None:
        entries, hard_state, log = ready.entries, ready.hard_state, self._group_log
        self._promises.append(list(ready.promises))
        self._written.append((entries[-1].index, entries[-1].term) if entries else None)

        def fill(batch: Batch) -> None:
            if entries:
                log.append(batch, entries)
            if hard_state is not None:
                log.save(batch, hard_state)

        for entry in entries:
            self._log_bytes += len(entry.payload)
        self._host.commit.submit(self.partition, self.incarnation, fill, self._durable, self._broken)
        self._sites.passes("log: written")

    def _durable(self) -> None:
        """The oldest outstanding write is durable; called within `submit`, or by the writer's task later."""
        if self._pumping:
            self._on_durable()
        else:
            self.mailbox.put_own(Envelope(self._host.node, Durable(), None))

    def _on_durable(self) -> None:
        written = self._written.popleft()
        promises = self._promises.popleft()
        if written is not None:
            self.core.persisted(*written)
        self._sites.passes("log: durable, nobody told")
        for peer, message in promises:
            self._host.send(peer, self.partition, message)

    def _broken(self, error: StorageError) -> None:
        self.failure = str(error)
        _log.error("replica stopped writing", replica=repr(self), reason=str(error))

    def _send_when_durable(self, promises: Any) -> None:
        if self._promises:
            self._promises[-1].extend(promises)
        else:
            for peer, message in promises:
                self._host.send(peer, self.partition, message)

    def _serve_read(self, context: int, index: int) -> None:
        assert self.applied.index >= index, "what is committed was applied before"
        for answer in self._reads.pop(context, ([], []))[0]:
            answer()

    def _on_leadership(self, ready: Ready) -> None:
        leadership = ready.leadership
        assert leadership is not None
        while self._waiting and self._waiting[-1].term != leadership.term:
            for reply, _ in self._waiting.pop().answers:
                reply.fail(OutcomeUnknown("leadership was lost before the write was committed"))
        if (
            leadership.term != self._flight_term
        ):  # what an older term had in flight is applied by now, or void
            self._flight.clear()
            self._proposed.clear()
            self._flight_term = leadership.term
        if not leadership.leads:
            self._drop(OutcomeUnknown("leadership was lost before the write was committed"))
        self.consumers.look_again()
        self._host.led(self)

    def _drop(self, error: OperatingError) -> None:
        """Forget what is in flight."""
        self._flight.clear()
        self._proposed.clear()
        while self._waiting:
            for reply, _ in self._waiting.popleft().answers:
                reply.fail(error)
        reads, self._reads = self._reads, {}
        for _, replies in reads.values():
            for reply in replies:
                reply.fail(NotLeader(self.core.leader))
        for reply in self._read_replies:
            reply.fail(NotLeader(self.core.leader))
        self._reading, self._read_replies = [], []
        self.consumers.drop(NotLeader(self.core.leader))
        self._reconsider()

    def _reconsider(self) -> None:
        """Look again at requests that came before this leader's first entry was applied."""
        unsettled, self._unsettled = self._unsettled, []
        for envelope in unsettled:
            if not self.mailbox.put(envelope) and envelope.reply is not None:
                envelope.reply.fail(NotLeader(self.core.leader))

    # -- applying ---------------------------------------------------------------------------------------------

    def _apply(self, entries: Any) -> None:
        batch = self._keyspace.batch()
        clock, deleted = self.applied.clock, self.applied.deleted
        tallies = list(
            self.applied.tallies or begin_tallies(0 if self._indexes is None else len(self._indexes.indexes))
        )
        replaced: dict[tuple[Kind, bytes], bytes | None] = {}
        changed: Replaced = {}
        grown: list[tuple[int, int]] = []  # entries that the feed has records of, and the bytes of these
        before: Entry | None = None
        for entry in entries:
            if entry.kind is EntryKind.DATA:
                its_clock, effects, olds = self._take_effects(entry)
                if grown and _trims(effects):  # a trim sees what is written: on every replica all before it
                    assert before is not None, "something has grown"
                    self._commit(batch, before, AppliedState(clock=clock, deleted=deleted), tallies, grown)
                    batch, grown = self._keyspace.batch(), []
                clock = its_clock
                add_effects(tallies, effects)
                if self.expiries is not None:
                    self.expiries.follow(effects, self._wall_us())
                if self.settings.feed:
                    size = record_changes(batch, self._keyspace, entry.index, clock, effects, olds, changed)
                    if size:
                        grown.append((entry.index, size))
                if self._host.past_s or self._past is not None:
                    self._note_past(effects, clock, entry.index, replaced)
                for key, size, item, kind, _ in effects:
                    if kind == Kind.ITEM and item is not None:
                        batch.put(kind, key, encode_value(clock, entry.index, size, item))
                    elif kind in _CARRIED_OUT:
                        self._carry_out_effect(batch, kind, key, item, clock, entry.index)
                    elif item is not None:
                        batch.put(kind, key, encode_value(clock, entry.index, size, item))
                    elif kind != Kind.MARK:
                        if kind == Kind.ITEM:
                            deleted = clock
                        batch.delete(kind, key)
            elif entry.kind is EntryKind.CONFIG:
                self._record_membership(Membership.decode(entry.payload))
            before = entry
        last = entries[-1]
        self._commit(batch, last, AppliedState(clock=clock, deleted=deleted), tallies, grown)
        self._clock = max(self._clock, clock)
        self.core.applied_to(last.index)
        self._answer_applied(entries)
        if self._log_is_long():
            self.truncate_log()

    def _commit(
        self,
        batch: DataBatch,
        last: Entry,
        clocks: AppliedState,
        tallies: list[int],
        grown: list[tuple[int, int]],
    ) -> None:
        """Write what entries up to `last` led to; `clocks` are those of the state they lead to."""
        self.feed_bytes += sum([size for _, size in grown])
        if grown:
            batch.put(Kind.CURSOR, BYTES.encode(), encode_position(self.feed_bytes, 0, 0))
        self._sites.passes("apply: not written")
        self.applied = attrs.evolve(clocks, index=last.index, term=last.term, tallies=tuple(tallies))
        batch.commit(self.applied)
        self._sites.passes("apply: written, nobody told")
        for index, size in grown:
            if self.settings.indexes:
                self.consumers.grew(index, size, self._host.clock.monotonic())
            else:
                self.consumers.changed(index)

    def _carry_out_effect(
        self, batch: DataBatch, kind: int, key: bytes, item: bytes | None, clock: int, index: int
    ) -> None:
        """Do what an effect of these kinds asks for; of a touch only the feed has something."""
        if kind == Kind.SETTINGS:
            assert item is not None, "settings are never taken back"
            batch.put(kind, key, encode_value(clock, index, 0, item))
            former, self.settings = self.settings, decode_settings(item)
            begin_cursors(batch, former, self.settings, clock, index)
            self.shards.follow(batch, self.settings.stream, self.settings.streams, clock, index)
            if not self.settings.indexes:
                self.consumers.trimmed(index)
            self.consumers.look_again()
        elif kind == Kind.SHARD:
            after = int.from_bytes(key)
            if item is None:
                self.shards.drop(batch, after)
            else:
                self.shards.roll(batch, after, clock, index)
        elif kind == Kind.FEED and item is None:
            below, size = trim(batch, self._keyspace, key)
            self.feed_bytes = max(0, self.feed_bytes - size)
            self.consumers.trimmed(below)
            batch.put(Kind.CURSOR, TRIMMED.encode(), encode_position(below, clock, index))
            self._sites.passes("feed: trimmed")
            batch.put(Kind.CURSOR, BYTES.encode(), encode_position(self.feed_bytes, 0, 0))

    def _note_past(
        self, effects: list[Effect], clock: int, index: int, replaced: dict[tuple[Kind, bytes], bytes | None]
    ) -> None:
        """Keep what these effects replace, while reads may ask for it. `replaced`: by earlier ones of this batch."""
        host = self._host
        if not host.past_s:
            self._past = None
            return
        past = self._past = self._past or Past()
        now = host.clock.monotonic()
        past.forget(now - host.past_s)
        for key, size, item, number, _ in effects:
            kind = Kind(number)
            known = (kind, key) in replaced
            past.note(kind, key, replaced[kind, key] if known else self._get(kind, key), now)
            replaced[kind, key] = None if item is None else encode_value(clock, index, size, item)

    def _take_effects(self, entry: Entry) -> tuple[int, list[Effect], Olds]:
        proposed = self._proposed.pop(entry.index, None)
        if proposed is None or proposed.term != entry.term:
            return decode_payload(entry.payload)
        flight = self._flight
        for effect in proposed.effects:
            key = effect[0]
            found = flight.get(key)
            if found is not None and found[0] == entry.index:
                del flight[key]
        return proposed.clock, proposed.effects, proposed.olds

    def _answer_applied(self, entries: Any) -> None:
        waiting = self._waiting
        if not waiting:
            return
        for entry in entries:
            while waiting and waiting[0].index <= entry.index:
                first = waiting.popleft()
                if first.term == entry.term:
                    _resolve(first.answers)
                else:
                    for reply, _ in first.answers:
                        reply.fail(OutcomeUnknown("another leader's entry took the place of the write"))

    def _record_membership(self, membership: Membership) -> None:
        record = attrs.evolve(
            self._store.record(self.partition), voters=membership.voters, learners=membership.learners
        )
        self.record = record
        self._submit(lambda batch: self._store.put_record(batch, record))

    def _submit(self, fill: Callable[[Batch], None]) -> None:
        """Write to `log` what no promise waits for."""
        self._promises.append([])
        self._written.append(None)
        pumping, self._pumping = self._pumping, True
        self._host.commit.submit(self.partition, self.incarnation, fill, self._durable, self._broken)
        self._pumping = pumping

    @property
    def writing(self) -> bool:
        """Whether writes to `log` are under way, or a snapshot is being installed."""
        return bool(self._written) or self._receiver.installing

    # -- the log's beginning ----------------------------------------------------------------------------------

    def _log_is_long(self) -> bool:
        return self._log_exceeds() and self._store.durability is Durability.MEMORY

    def _log_exceeds(self) -> bool:
        bounds = self._host.bounds
        long = self._log_bytes > bounds.log_bytes_max or len(self.core.log) > bounds.log_entries_max
        return long or self._sites.sometimes("log: cut early")

    @property
    def wants_flush(self) -> bool:
        """Whether a flush of the node's data would let this log be cut."""
        return self._log_exceeds()

    def truncate_log(self) -> None:
        """Cut the log below what is durable, but for what followers may still ask."""
        log = self.core.log
        bounds = self._host.bounds
        kept = bounds.log_entries_kept if self._log_bytes <= bounds.log_bytes_max else 16
        if self._sites.sometimes("log: nothing kept"):
            kept = 0
        index = Index(min(self._store.durable(self.partition), self.applied.index) - kept)
        if index <= log.truncated_index:
            return
        term, group_log = log.term(index), self._group_log
        self._submit(lambda batch: group_log.truncate(batch, index, term))
        self._sites.passes("log: cut")
        self.core.compact(index)
        self.record = self._store.record(self.partition)
        self._log_bytes = sum(len(e.payload) for e in log.slice(log.truncated_index + 1, log.last_index + 1))

    # -- snapshots --------------------------------------------------------------------------------------------

    @property
    def host(self) -> Host:
        return self._host

    def _on_installed(self, message: Installed) -> None:
        self._receiver.installing = False
        if not message.done:
            return
        self._open()
        loaded = load(self._store, self.partition)
        self._group_log = loaded.log
        self.applied = self._store.applied(self.partition)
        self._log_bytes = 0
        membership = Membership(self.record.voters, self.record.learners)
        self.core.restore(message.index, message.term, membership)
        self._clock = max(self._clock, self.applied.clock)
        self._receiver.acknowledge_installed()

    def campaign(self) -> None:
        """Ask to lead, as any member may (with a pre-vote)."""
        self.core.campaign(self._host.clock.monotonic())
        self._pump()

    def _step_aside(self) -> None:
        others = [node for node in self.record.voters if node != self._host.node]
        if others:
            self.transfer(others[self._host.random.randrange(0, len(others))])

    def transfer(self, target: NodeId) -> None:
        """Hand leadership to `target`."""
        self.core.transfer(target, self._host.clock.monotonic())
        self._pump()


def _refusal(message: Write, index: str) -> WriteResults:
    """Return the answer to a write that would leave a global index too far behind (PROTOCOLS 5)."""
    return WriteResults((WriteResult(True, 0, 0, None, Fault(INDEX_BEHIND, index)),) * len(message.writes))


def _trims(effects: list[Effect]) -> bool:
    return any(effect.kind == Kind.FEED and effect.item is None for effect in effects)


def _resolve(answers: list[tuple[Reply[Any], Message]]) -> None:
    for reply, answer in answers:
        reply.resolve(answer)


def _answering(reply: Reply[Any], answer: Message) -> Answer:
    return lambda: reply.resolve(answer)


__all__ = ["Host", "Replica"]
