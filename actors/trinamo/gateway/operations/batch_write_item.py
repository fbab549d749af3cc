"""BatchWriteItem: up to 25 puts and deletes, each atomic by itself."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from trinamo.gateway.operations import members
from trinamo.gateway.operations.answers import add_write, collection_metrics, tells_index_units
from trinamo.gateway.operations.checks import check_values
from trinamo.gateway.operations.database import Database, Delete, Put, Table, Written
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.capacity import Consumed
from trinamo.model.envelope import envelope, violation
from trinamo.model.errors import ApiError, duplicate_keys, item_too_large, says_not_done, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.keys import batch_put_key, item_key, partition_prefix
from trinamo.model.limits import BATCH_WRITES_MAX, ITEM_SIZE_MAX
from trinamo.model.reading import SEVERAL_TYPES
from trinamo.model.shapes import List, Map, Member, Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.values import Item, encode_item

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


class _Planned(NamedTuple):
    """The writes of one table. `told`: what they cost in indexes will be told."""

    name: str
    table: Table
    requests: list[Request]
    writes: list[Put | Delete]
    told: bool


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    check(request)
    asked_of: dict[str, list[Request]] = request["RequestItems"]
    tables = {name: await database.table(table_address(name, *caller)) for name in asked_of}
    planned = [_planned(request, name, table, asked_of[name]) for name, table in tables.items()]
    unprocessed: dict[str, list[Request]] = {}
    capacities = []
    collections: dict[str, list[Request]] = {}
    done = False
    refusal: ApiError | None = None
    for one in planned:
        results: Sequence[Written | None]
        try:
            results = await database.write_many(one.table, one.writes)
        except ApiError as error:
            if not says_not_done(error):
                raise
            refusal, results = refusal or error, [None] * len(one.writes)
        done = done or any(result is not None for result in results)
        left = [asked for asked, result in zip(one.requests, results, strict=True) if result is None]
        if left:
            unprocessed[one.name] = [_rendered(write) for write in left]
        capacities.append(_capacity(one, results).told(one.name, request.get("ReturnConsumedCapacity")))
        if request.get("ReturnItemCollectionMetrics") == "SIZE":
            collections.update(_collections(one, results))
    if refusal is not None and not done:
        raise refusal  # of the whole: what is done in one table is not taken back for another's sake
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed}
    if capacities[0] is not None:
        answer["ConsumedCapacity"] = capacities
    if collections:
        answer["ItemCollectionMetrics"] = collections
    return dump_json(answer)


def _planned(request: Request, name: str, table: Table, requests: list[Request]) -> _Planned:
    told = tells_index_units(request, table)
    writes = [_write(table, write, return_old=told) for write in requests]
    if len({write.key for write in writes}) < len(writes):
        raise duplicate_keys()
    return _Planned(name, table, requests, writes, told)


def _write(table: Table, write: Request, *, return_old: bool) -> Put | Delete:
    keys, indexes = table.spec.keys, table.indexes
    if "DeleteRequest" in write:
        return Delete(item_key(keys, write["DeleteRequest"]["Key"].tree), return_old=return_old)
    item = write["PutRequest"]["Item"]
    key = batch_put_key(keys, item.tree)
    if indexes is not None:
        indexes.check_put(item.tree, item.size)
    return Put(key, encode_item(item.tree), item.size, return_old=return_old)


def _rendered(write: Request) -> Request:
    if "DeleteRequest" in write:
        return {"DeleteRequest": {"Key": write["DeleteRequest"]["Key"].tree}}
    return {"PutRequest": {"Item": write["PutRequest"]["Item"].tree}}


def _given(write: Request) -> tuple[Item, Item | None]:
    """Return the key of a write, perhaps with other attributes, and the item that there is afterwards."""
    if "DeleteRequest" in write:
        return write["DeleteRequest"]["Key"].tree, None
    item: Item = write["PutRequest"]["Item"].tree
    return item, item


def _capacity(planned: _Planned, results: Sequence[Written | None]) -> Consumed:
    consumed = Consumed()
    for write, result in zip(planned.requests, results, strict=True):
        if result is not None:
            add_write(consumed, planned.table, result, _given(write)[1], told=planned.told)
    return consumed


def _collections(planned: _Planned, results: Sequence[Written | None]) -> dict[str, list[Request]]:
    """Return the metrics of a table's item collections, each once, as its last write left it; {} for none."""
    found: dict[bytes, Request] = {}
    partition = planned.table.spec.keys.partition
    for write, result in zip(planned.requests, results, strict=True):
        if result is not None:
            key = _given(write)[0]
            metrics = collection_metrics(planned.table, key, result)
            if metrics is not None:
                found[partition_prefix(partition, key[partition.name])] = metrics
    return {planned.name: list(found.values())} if found else {}


BATCH_WRITE_ITEM: Final = Operation("BatchWriteItem", SHAPE, _perform)
