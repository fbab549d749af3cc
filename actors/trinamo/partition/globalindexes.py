"""Global indexes, seen from a partition of their table: from changes of items to changes of entries (PROTOCOLS 5).

Pure. What is derived does not depend on what the index holds: an entry that goes is removed, one that comes or changes
is put, whether it is there or not. So changes may be derived anew, from anywhere in the feed, as long as an index takes
them in their order.
"""

from bisect import bisect_right
from collections.abc import Iterable

import attrs

from trinamo.model.globalkeys import GlobalKeys
from trinamo.model.indexes import Index, make_index
from trinamo.model.keys import KeySchema
from trinamo.model.measure import item_size
from trinamo.model.tables import IndexSpec
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.partition.feed import TOUCHED, Change

EntryChange = tuple[bytes, int, bytes | None]
"""(key, size, entry bytes or None), as `TakeChanges` has them."""


@attrs.frozen
class GlobalIndex:
    """An index and the first keys of its partitions. `filling`: entries of what was only touched are put, too."""

    index: Index
    keys: GlobalKeys
    starts: tuple[bytes, ...]
    filling: bool

    @staticmethod
    def make(table: KeySchema, spec: IndexSpec, starts: tuple[bytes, ...], *, filling: bool) -> "GlobalIndex":
        index = make_index(table, spec, is_local=False)
        return GlobalIndex(index, GlobalKeys(table, spec.partition, spec.sort), starts, filling)

    def derive(self, changes: Iterable[Change], derived: list[dict[bytes, EntryChange]]) -> None:
        """Add what changes of items do to entries, by partition of the index; later ones take the place of earlier."""
        for change in changes:
            if change.why == TOUCHED:
                if self.filling:
                    touched = _decoded(change.new)
                    self._put(self.index.entry(touched), touched, change.new, derived)
                continue
            old, new = _decoded(change.old), _decoded(change.new)
            old_entry, new_entry = self.index.entry(old), self.index.entry(new)
            if old_entry == new_entry:
                continue
            if old_entry is not None and not self._in_place(old_entry, new_entry):
                self._note(derived, (self.keys.of_item(old_entry), 0, None))
            self._put(new_entry, new, change.new, derived)

    def _in_place(self, old: Item, new: Item | None) -> bool:
        """Whether an entry takes the place of another: all of their keys are the same. The table's are in any case."""
        return new is not None and all(old[each.name] == new[each.name] for each in self.index.attributes)

    def _put(
        self,
        entry: Item | None,
        item: Item | None,
        encoded: bytes | None,
        derived: list[dict[bytes, EntryChange]],
    ) -> None:
        if entry is None or encoded is None:
            return
        stored = encoded if entry is item else encode_item(entry)
        self._note(derived, (self.keys.of_item(entry), item_size(entry), stored))

    def _note(self, derived: list[dict[bytes, EntryChange]], change: EntryChange) -> None:
        derived[bisect_right(self.starts, change[0]) - 1][change[0]] = change


def _decoded(item: bytes | None) -> Item | None:
    return None if item is None else decode_item(item)
