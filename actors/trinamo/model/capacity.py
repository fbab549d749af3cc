"""Capacity: what reading and writing items costs, and how an answer tells.

A read unit is 4 KB read strongly, half a unit eventually; a write unit is 1 KB. Sizes are DynamoDB's; nothing costs less
than one unit (or half of one). Transactions cost double and are not here.
"""

from typing import Any

from trinamo.model.limits import READ_UNIT_SIZE, WRITE_UNIT_SIZE


def read_units(size: int, *, consistent: bool) -> float:
    """Return what reading `size` bytes in one piece costs; a missing item has size 0."""
    units = max(1, -(-size // READ_UNIT_SIZE))
    return float(units) if consistent else units / 2


def write_units(size: int) -> float:
    """Return what writing costs; `size` is that of the larger of the old and the new item."""
    return float(max(1, -(-size // WRITE_UNIT_SIZE)))


def consumed_capacity(table: str, units: float, asked: str | None) -> dict[str, Any] | None:
    """Return the ConsumedCapacity of an operation on a table without indexes, None if it was not asked for.

    `table` is named as the request named it.
    """
    if asked == "TOTAL":
        return {"TableName": table, "CapacityUnits": units}
    if asked == "INDEXES":
        return {"TableName": table, "CapacityUnits": units, "Table": {"CapacityUnits": units}}
    return None
