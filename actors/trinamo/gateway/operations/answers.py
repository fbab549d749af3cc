"""Answers of writes: old images, capacity, item collections, failed conditions."""

from typing import Any

from trinamo.gateway.operations.database import Table, Written
from trinamo.gateway.operations.operation import add_if
from trinamo.model.capacity import Consumed, write_units
from trinamo.model.errors import conditional_check_failed
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request
from trinamo.model.values import Item, decode_item

_NOTHING = b"{}"
_COLLECTION_UNIT = 1024**3  # SizeEstimateRangeGB counts in these


def tells_index_units(request: Request, table: Table) -> bool:
    """Whether an answer will tell what a write cost in indexes, for which it takes the item before and after."""
    return table.indexes is not None and request.get("ReturnConsumedCapacity", "NONE") != "NONE"


def returns_old(request: Request, table: Table) -> bool:
    """Whether an answer, or a refusal by the condition, will need the old item."""
    return (
        request.get("ReturnValues", "NONE") != "NONE"
        or request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        or tells_index_units(request, table)
    )


def write_answer(
    request: Request,
    table: Table,
    written: Written,
    new: Item | None,
    attributes: Item | None = None,
) -> bytes:
    """Return the answer of a write, or raise the error of its condition.

    `new` is the item afterwards, which only matters where `tells_index_units`. `attributes` are what ReturnValues
    asked for; without, ALL_OLD is answered from the old item.
    """
    if not written.condition_met:
        raise conditional_check_failed(_old_for_failure(request, written))
    if (
        "ReturnValues" not in request
        and "ReturnConsumedCapacity" not in request
        and "ReturnItemCollectionMetrics" not in request
    ):
        return _NOTHING
    answer: dict[str, Any] = {}
    if attributes is None and request.get("ReturnValues") == "ALL_OLD" and written.old is not None:
        attributes = decode_item(written.old)
    add_if(answer, "Attributes", attributes)
    consumed = Consumed()
    add_write(consumed, table, written, new, told=tells_index_units(request, table))
    asked = request.get("ReturnConsumedCapacity")
    add_if(answer, "ConsumedCapacity", consumed.told(request["TableName"], asked))
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        given = request["Item"] if "Item" in request else request["Key"]
        add_if(answer, "ItemCollectionMetrics", collection_metrics(table, given.tree, written))
    return dump_json(answer)


def add_write(consumed: Consumed, table: Table, written: Written, new: Item | None, *, told: bool) -> None:
    """Add what a write cost, in the indexes too if that will be `told`: then the old item was asked for."""
    consumed.table += write_units(max(written.old_size, written.new_size))
    if told:
        assert table.indexes is not None
        consumed.write(table.indexes, None if written.old is None else decode_item(written.old), new)


def collection_metrics(table: Table, key: Item, written: Written) -> dict[str, Any] | None:
    """Return the ItemCollectionMetrics of a write; None where the table has no local index."""
    if written.collection_size is None:
        return None
    name = table.spec.keys.partition.name
    least = float(written.collection_size // _COLLECTION_UNIT)
    return {"ItemCollectionKey": {name: key[name]}, "SizeEstimateRangeGB": [least, least + 1.0]}


def _old_for_failure(request: Request, written: Written) -> Item | None:
    if request.get("ReturnValuesOnConditionCheckFailure") != "ALL_OLD" or written.old is None:
        return None
    return decode_item(written.old)
