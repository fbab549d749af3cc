"""BatchWriteItem: up to 25 puts and deletes, each atomic by itself."""

from collections.abc import Sequence
from typing import Any, Final

from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import check_values
from trinamo.gateway.operations.database import Database, Delete, Put, Written
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.capacity import consumed_capacity, write_units
from trinamo.model.envelope import envelope, violation
from trinamo.model.errors import duplicate_keys, item_too_large, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.keys import KeySchema, batch_put_key, item_key
from trinamo.model.limits import BATCH_WRITES_MAX, ITEM_SIZE_MAX
from trinamo.model.reading import SEVERAL_TYPES
from trinamo.model.shapes import List, Map, Member, Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.values import encode_item

_REQUEST_ITEMS: Final = Map(
    List(
        Structure(
            "WriteRequest",
            Member("PutRequest", Structure("PutRequest", members.ITEM)),
            Member("DeleteRequest", Structure("DeleteRequest", members.KEY)),
        )
    )
)
SHAPE: Final = Structure(
    "BatchWriteItemInput",
    Member("RequestItems", _REQUEST_ITEMS, required=True),
    members.RETURN_CONSUMED_CAPACITY,
    members.RETURN_ITEM_COLLECTION_METRICS,
)


def check(request: Request) -> None:
    """Raise the first error that shows without the tables."""
    tables: dict[str, list[Any]] = request["RequestItems"]
    if not tables:
        raise validation("The requestItems parameter is required for BatchWriteItem")
    if not all(1 <= len(writes) <= BATCH_WRITES_MAX for writes in tables.values()):
        constraint = (
            "Map value must satisfy constraint:"
            f" [Member must have length less than or equal to {BATCH_WRITES_MAX},"
            " Member must have length greater than or equal to 1]"
        )
        raise envelope([violation(_REQUEST_ITEMS.render(tables), "requestItems", constraint)])
    if sum(map(len, tables.values())) > BATCH_WRITES_MAX:
        raise validation("Too many items requested for the BatchWriteItem call")
    for writes in tables.values():
        for write in writes:
            _check_write(write)


def _check_write(write: Request) -> None:
    put, delete = write.get("PutRequest"), write.get("DeleteRequest")
    if (put is None) == (delete is None):
        raise validation(SEVERAL_TYPES)  # the service's text, also when neither is there
    if put is not None:
        check_values(put["Item"])
        if put["Item"].size > ITEM_SIZE_MAX:
            raise item_too_large()
    if delete is not None:
        check_values(delete["Key"])


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    check(request)
    asked_of: dict[str, list[Request]] = request["RequestItems"]
    tables = {name: await database.table(table_address(name, *caller)) for name in asked_of}
    planned = [_planned(table.spec.keys, asked_of[name]) for name, table in tables.items()]
    unprocessed: dict[str, list[Request]] = {}
    capacities = []
    for (name, table), writes in zip(tables.items(), planned, strict=True):
        requests = asked_of[name]
        results = await database.write_many(table, writes)
        left = [asked for asked, result in zip(requests, results, strict=True) if result is None]
        if left:
            unprocessed[name] = [_rendered(write) for write in left]
        capacities.append(_capacity(name, results, request.get("ReturnConsumedCapacity")))
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed}
    if capacities[0] is not None:
        answer["ConsumedCapacity"] = capacities
    return dump_json(answer)


def _planned(keys: KeySchema, requests: list[Request]) -> list[Put | Delete]:
    writes = [_write(keys, write) for write in requests]
    if len({write.key for write in writes}) < len(writes):
        raise duplicate_keys()
    return writes


def _write(keys: KeySchema, write: Request) -> Put | Delete:
    if "DeleteRequest" in write:
        return Delete(item_key(keys, write["DeleteRequest"]["Key"].tree))
    item = write["PutRequest"]["Item"]
    return Put(batch_put_key(keys, item.tree), encode_item(item.tree), item.size)


def _rendered(write: Request) -> Request:
    if "DeleteRequest" in write:
        return {"DeleteRequest": {"Key": write["DeleteRequest"]["Key"].tree}}
    return {"PutRequest": {"Item": write["PutRequest"]["Item"].tree}}


def _capacity(name: str, results: Sequence[Written | None], asked: str | None) -> Request | None:
    units = sum(
        write_units(max(result.old_size, result.new_size)) for result in results if result is not None
    )
    return consumed_capacity(name, float(units), asked)


BATCH_WRITE_ITEM: Final = Operation("BatchWriteItem", SHAPE, _perform)
