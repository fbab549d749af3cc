"""Capacity: what reading and writing items costs, and how an answer tells.

A read unit is 4 KB read strongly, half a unit eventually; a write unit is 1 KB. Sizes are DynamoDB's; nothing costs less
than one unit (or half of one). Transactions cost double and are not here.

What a write costs in an index depends on the entry before and after, not on the operation: nothing if it stays as it
is (sets and numbers being compared by value), one unit per KB of the larger if its key stays, of both if not.
"""

from typing import Any

import attrs

from trinamo.model.indexes import Index, Indexes
from trinamo.model.limits import READ_UNIT_SIZE, WRITE_UNIT_SIZE
from trinamo.model.measure import item_size
from trinamo.model.values import Item, equal


def read_units(size: int, *, consistent: bool) -> float:
    """Return what reading `size` bytes in one piece costs; a missing item has size 0."""
    units = max(1, -(-size // READ_UNIT_SIZE))
    return float(units) if consistent else units / 2


def write_units(size: int) -> float:
    """Return what writing costs; `size` is that of the larger of the old and the new item."""
    return float(max(1, -(-size // WRITE_UNIT_SIZE)))


def index_write_units(index: Index, old: Item | None, new: Item | None) -> float:
    """Return what writing an item costs in an index; 0 if its entry stays as it is."""
    before, after = index.entry(old), index.entry(new)
    if before is None:
        return 0.0 if after is None else write_units(item_size(after))
    if after is None:
        return write_units(item_size(before))
    units = write_units(item_size(before)), write_units(item_size(after))
    if not all(equal(before[attribute.name], after[attribute.name]) for attribute in index.attributes):
        return sum(units)  # one entry is deleted, another put
    return 0.0 if equal({"M": before}, {"M": after}) else max(units)


@attrs.define
class Consumed:
    """What an operation consumed of one table: the table's own units, and those of indexes by name."""

    table: float = 0.0
    local: dict[str, float] = attrs.field(factory=dict)
    global_: dict[str, float] = attrs.field(factory=dict)

    def write(self, indexes: Indexes, old: Item | None, new: Item | None) -> None:
        """Add what writing an item costs in each index."""
        for index in indexes.every:
            units = index_write_units(index, old, new)
            if units:
                arm = self.local if index.is_local else self.global_
                arm[index.name] = arm.get(index.name, 0.0) + units

    def add(self, other: "Consumed") -> None:
        """Add what another operation consumed of the same table."""
        self.table += other.table
        for mine, theirs in ((self.local, other.local), (self.global_, other.global_)):
            for name, units in theirs.items():
                mine[name] = mine.get(name, 0.0) + units

    def told(self, table: str, asked: str | None) -> dict[str, Any] | None:
        """Return the ConsumedCapacity of an answer, None if it was not asked for; `table` as the request named it."""
        if asked not in ("TOTAL", "INDEXES"):
            return None
        units = self.table + sum(self.local.values()) + sum(self.global_.values())
        consumed: dict[str, Any] = {"TableName": table, "CapacityUnits": units}
        if asked == "INDEXES":
            consumed["Table"] = {"CapacityUnits": self.table}
            arms = (("LocalSecondaryIndexes", self.local), ("GlobalSecondaryIndexes", self.global_))
            for name, arm in arms:
                if arm:
                    consumed[name] = {index: {"CapacityUnits": each} for index, each in arm.items()}
        return consumed


def consumed_capacity(table: str, units: float, asked: str | None) -> dict[str, Any] | None:
    """Return the ConsumedCapacity of an operation that touched no index."""
    return Consumed(units).told(table, asked)
