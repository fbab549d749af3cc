"""Bugs to plant in what follows the change feed besides indexes: streams and time to live. Each breaks one rule."""

import itertools
from collections.abc import Iterable
from typing import Any

import attrs
import pytest

from sim.planted.planting import plant, whole
from trinamo.cluster import retention, sweeper
from trinamo.gateway.operations import get_shard_iterator
from trinamo.lsm.layout import Kind
from trinamo.lsm.store import DataBatch, KeyspaceReader
from trinamo.model.streams import Position
from trinamo.model.timetolive import expires_at
from trinamo.partition import expiry, replica
from trinamo.partition.expiry import Expiries
from trinamo.partition.feed import Replaced, expiry_effect, record_changes
from trinamo.partition.shards import ShardRecord, Shards
from trinamo.partition.stored import Effect, Olds

MILLISECONDS_US = 10**17  # no second of this millennium

STREAM = whole("stream")
TTL = whole("ttl")


@plant("a child begins one entry late", STREAM)
def _late_child(patch: pytest.MonkeyPatch) -> None:
    put = Shards._put

    def put_late(self: Shards, batch: DataBatch, record: ShardRecord, index: int) -> None:
        late = record.parent is not None and record.up_to is None
        put(self, batch, attrs.evolve(record, after=record.after + 2) if late else record, index)

    patch.setattr(Shards, "_put", put_late)


@plant("a shard that is rolled over goes on", STREAM)
def _endless(patch: pytest.MonkeyPatch) -> None:
    def close(self: Shards, batch: DataBatch, record: ShardRecord, clock: int, index: int) -> None:
        self._put(batch, attrs.evolve(record, up_to=index + 3, closed=clock), index)

    patch.setattr(Shards, "_close", close)


@plant("a consumer reads its last record again", STREAM)
def _again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Position, "after", property(lambda self: self))


@plant("old images are those from before the batch", STREAM)
def _old_images(patch: pytest.MonkeyPatch) -> None:
    def record(
        batch: DataBatch,
        reader: KeyspaceReader,
        index: int,
        clock: int,
        effects: Iterable[Effect],
        _olds: Olds,
        _replaced: Replaced,
    ) -> int:
        return record_changes(batch, reader, index, clock, effects, {}, {})

    patch.setattr(replica, "record_changes", record)


@plant("streams keep a second, not a day", STREAM)
def _forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retention, "RETENTION_S", 1.0)


@plant("followers apply a roll to their own clock", STREAM)
def _own_rolls(patch: pytest.MonkeyPatch) -> None:
    roll = Shards.roll
    rolled = itertools.count()

    def roll_late(self: Shards, batch: DataBatch, after: int, clock: int, index: int) -> None:
        roll(self, batch, after, clock + next(rolled) % 7 * 1000, index)

    patch.setattr(Shards, "roll", roll_late)


@plant("the open shard is read beyond what is applied", STREAM)
def _latest_too_far(patch: pytest.MonkeyPatch) -> None:
    numbered = get_shard_iterator._numbered

    def skip(shard: Any, number: str) -> Position:
        position = numbered(shard, number)
        return Position(position.entry + 1, position.number)

    patch.setattr(get_shard_iterator, "_numbered", skip)


@plant("an item is deleted by what was known of it", TTL)
def _does_not_ask(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(expiry, "has_expired", lambda item, attribute, now: True)
    note = Expiries.note

    def note_first(self: Expiries, key: bytes, item: bytes | None, now: int, not_before: int = 0) -> None:
        if key not in self._moments:
            note(self, key, item, now, not_before)

    patch.setattr(Expiries, "note", note_first)


@plant("deletions bear no mark", TTL)
def _no_mark(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(expiry, "expiry_effect", lambda key: Effect(b"", 0, None, int(Kind.MARK)))


@plant("every delete bears a mark", TTL)
def _sticky_mark(patch: pytest.MonkeyPatch) -> None:
    def record(
        batch: DataBatch,
        reader: KeyspaceReader,
        index: int,
        clock: int,
        effects: list[Effect],
        olds: Olds,
        replaced: Replaced,
    ) -> int:
        deleted = {effect.key for effect in effects if effect.item is None and effect.kind == Kind.ITEM}
        if deleted:
            marks = [expiry_effect(key) for key in sorted(deleted)]
            shifted = {at + len(marks): old for at, old in olds.items()}
            return record_changes(batch, reader, index, clock, [*marks, *effects], shifted, replaced)
        return record_changes(batch, reader, index, clock, effects, olds, replaced)

    patch.setattr(replica, "record_changes", record)


@plant("a new leader does not read the partition", TTL)
def _reads_nothing(patch: pytest.MonkeyPatch) -> None:
    def begin(self: Any, expiries: Expiries) -> None:
        expiries.begin()
        self._unread = None

    patch.setattr(sweeper._Sweep, "_read_anew", begin)


@plant("moments are read as milliseconds", TTL)
def _milliseconds(patch: pytest.MonkeyPatch) -> None:
    def at(item: Any, attribute: str) -> int | None:
        moment = expires_at(item, attribute)
        return moment // 1000 if moment is not None and moment > MILLISECONDS_US else moment

    def expired(item: Any, attribute: str, now: int) -> bool:
        moment = at(item, attribute)
        return moment is not None and moment < now

    patch.setattr(expiry, "expires_at", at)
    patch.setattr(expiry, "has_expired", expired)
