"""Bugs to plant in the maintenance of global indexes: each breaks one rule of the conversation (PROTOCOLS 5)."""

from collections.abc import Iterable
from typing import Any

import pytest

from sim.planted.planting import RESTLESS, plant, whole
from trinamo.cluster import indexer
from trinamo.lsm.store import DataBatch, KeyspaceReader
from trinamo.partition import keeping, replica
from trinamo.partition.feed import Change, Replaced, record_changes
from trinamo.partition.globalindexes import EntryChange, GlobalIndex
from trinamo.partition.messages import TakeChanges, Taken
from trinamo.partition.stored import Current, Effect, LookUp, Olds
from trinamo.wire import Message

INDEX = whole("index")


@plant("an index takes what does not follow", whole("index", **RESTLESS))
def _takes_anything(patch: pytest.MonkeyPatch) -> None:
    def take(message: TakeChanges, look_up: LookUp, overlay: Any, effects: list[Effect]) -> Message:
        for key, size, item in message.changes:
            effects.append(Effect(key, size, item))
            overlay[key] = None if item is None else Current(size, item)
        keeping._move(message.source, message.up_to, overlay, effects)
        return Taken(message.up_to)

    patch.setitem(keeping.KEEPING, TakeChanges, take)


@plant("a new leader believes that the index has taken everything", INDEX)
def _learns_nothing(patch: pytest.MonkeyPatch) -> None:
    async def learn(self: indexer._Conversation) -> None:
        found = self._indexer.find(self.key)
        for route in () if found is None else found.index.partitions:
            assert found is not None
            self._positions[route.partition] = found.replica.consumers.last

    patch.setattr(indexer._Conversation, "_learn", learn)


@plant("entries are never taken out", INDEX)
def _never_deletes(patch: pytest.MonkeyPatch) -> None:
    note = GlobalIndex._note

    def note_puts(self: GlobalIndex, derived: list[dict[bytes, EntryChange]], change: EntryChange) -> None:
        if change[2] is not None:
            note(self, derived, change)

    patch.setattr(GlobalIndex, "_note", note_puts)


@plant("the feed is trimmed before the index has taken it", INDEX)
def _trims_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keeping, "trim_point", lambda _settings, _position, asked: asked + 50)


@plant("changes of a batch do not know of each other", INDEX)
def _forgets_in_batch(patch: pytest.MonkeyPatch) -> None:
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


@plant("only the first change of an entry of the log is sent", INDEX)
def _sends_first_only(patch: pytest.MonkeyPatch) -> None:
    derive = GlobalIndex.derive

    def derive_first(
        self: GlobalIndex, changes: Iterable[Change], derived: list[dict[bytes, EntryChange]]
    ) -> None:
        first: dict[int, Change] = {}
        for change in changes:
            first.setdefault(change.clock, change)
        derive(self, first.values(), derived)

    patch.setattr(GlobalIndex, "derive", derive_first)


@plant("the feed is not kept by followers", INDEX)
def _followers_keep_none(patch: pytest.MonkeyPatch) -> None:
    apply = replica.Replica._apply

    def apply_without_feed(self: replica.Replica, entries: Any) -> None:
        settings = self.settings
        if not self.core.leads:
            self.settings = type(settings)(indexes=settings.indexes, version=settings.version)
        apply(self, entries)
        if self.settings.version == settings.version:
            self.settings = settings

    patch.setattr(replica.Replica, "_apply", apply_without_feed)
