"""What expires next in a partition, and its deletion (PROTOCOLS 5).

The leader keeps in memory which items expire next, those of a bounded count that expire first, by the second. It learns
them by reading the partition once when it begins to lead, and then from every write that it applies. All others expire at
or after the *horizon*; when that has come, the partition is read again.

Why so. A partition that is read again and again to find what expired would keep a processor busy: a million items take
three seconds. An index of moments in the store would cost every write of a user two more keys on each replica, and a
million keys to write where time to live is enabled. This costs writes to the leader 2 µs, followers nothing, a
million items one reading for every `KNOWN_MAX` of them that expire, and an idle partition nothing at all.

1. What is not known expires at the horizon or later, or never: of an item that is there and was written or read since
   `begin`.
2. To know is not to judge: whether an item has expired is asked when its deletion is evaluated, by what it is then with
   all that is in flight, and the entry that deletes it is stamped later than the item's moment.
3. The deletion of an item has a mark before it in the log, and is otherwise a delete as any: local indexes, the feed and
   its consumers follow from it.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Final

from trinamo.lsm.layout import Kind
from trinamo.model.timetolive import AGE_MAX_US, expires_at, has_expired
from trinamo.model.values import decode_item
from trinamo.partition.evaluation import evaluate
from trinamo.partition.feed import expiry_effect
from trinamo.partition.localindexes import LocalIndexes
from trinamo.partition.messages import ItemWrite, WriteKind
from trinamo.partition.stored import Current, Effect, LookUp

KNOWN_MAX: Final = 32_768  # about 7 MB
SECOND_US: Final = 1_000_000


class Expiries:
    """What expires next, by `attribute`: at most `known_max` items. Moments are in seconds since 1970.

    `late_s` draws by how many seconds an item is taken later than it expires.
    """

    def __init__(self, attribute: str, late_s: Callable[[], int], known_max: int = KNOWN_MAX) -> None:
        self.attribute = attribute
        self.horizon: int | None = None
        """From when on there may be some that are not known; None if all are."""
        self.earlier: Callable[[], None] = lambda: None
        """Called when one is noted that comes before all others."""
        self._late_s = late_s
        self._known_max = known_max
        self._moments: dict[bytes, int] = {}
        self._keys: dict[int, dict[bytes, None]] = {}  # by moment
        self._order: list[int] = []  # the moments, ascending

    def __repr__(self) -> str:
        return f"<Expiries {self.attribute!r} {len(self)} known, horizon {self.horizon}>"

    def __len__(self) -> int:
        return len(self._moments)

    def begin(self) -> None:
        """Forget all, for the partition will be read."""
        self.horizon = None
        self._moments.clear()
        self._keys.clear()
        self._order.clear()

    def follow(self, effects: Iterable[Effect], now: int) -> None:
        """Note what an entry made of items, `now` being in microseconds; none is taken before its being written."""
        for key, _, item, kind, _ in effects:
            if kind == Kind.ITEM:
                self.note(key, item, now, now)

    def note(self, key: bytes, item: bytes | None, now: int, not_before: int = 0) -> None:
        """Note what a key holds."""
        moment = None if item is None else expires_at(decode_item(item), self.attribute)
        if moment is None or moment < now - AGE_MAX_US:
            self._forget(key)
            return
        second = max(moment, not_before) // SECOND_US + self._late_s()
        if second == self._moments.get(key):
            return
        self._forget(key)
        if self.horizon is None or second < self.horizon:
            self._put(key, second)
            if len(self._moments) > self._known_max:
                self._drop_last()

    def _put(self, key: bytes, second: int) -> None:
        first = not self._order or second < self._order[0]
        self._moments[key] = second
        if second not in self._keys:
            self._keys[second] = {}
            insort(self._order, second)
        self._keys[second][key] = None
        if first:
            self.earlier()

    def _forget(self, key: bytes) -> None:
        second = self._moments.pop(key, None)
        if second is not None:
            keys = self._keys[second]
            del keys[key]
            if not keys:
                del self._keys[second]
                del self._order[bisect_left(self._order, second)]

    def _drop_last(self) -> None:
        """Know one less, of those that expire last."""
        self.horizon = self._order[-1]
        self._forget(next(reversed(self._keys[self.horizon])))

    @property
    def next(self) -> int | None:
        """When something is to be taken, or to be looked for; None for never."""
        return self._order[0] if self._order else self.horizon

    def take(self, up_to: int, count_max: int) -> list[bytes]:
        """Return keys of moments up to this one, the first first, and know them no more."""
        taken: list[bytes] = []
        while self._order and self._order[0] <= up_to and len(taken) < count_max:
            key = next(iter(self._keys[self._order[0]]))
            self._forget(key)
            taken.append(key)
        return taken


def expire(
    keys: Iterable[bytes],
    attribute: str,
    now: int,
    look_up: LookUp,
    indexes: LocalIndexes | None,
    overlay: dict[bytes, Current | None],
    effects: list[Effect],
) -> list[bytes]:
    """Delete those items that have expired `now`, in microseconds, and return the keys of those that have not."""
    kept: list[bytes] = []
    for key in keys:
        current = look_up(key)
        if current is None:
            continue
        if not has_expired(decode_item(current.item), attribute, now):
            kept.append(key)
            continue
        deletion = evaluate(ItemWrite(WriteKind.DELETE, key, b"", 0), look_up, indexes)
        assert deletion.effect is not None, "there is something to delete"
        effects += (expiry_effect(key), deletion.effect)
        overlay[key] = None
        for effect in deletion.derived:
            effects.append(effect)
            if effect.kind == Kind.COLLECTION:
                overlay[effect.key] = None if effect.item is None else Current(0, effect.item)
    return kept
