"""BatchWriteItem: up to 25 puts and deletes, each atomic by itself."""

from typing import Any, Final

from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import check_values
from trinamo.model.envelope import envelope, violation
from trinamo.model.errors import item_too_large, validation
from trinamo.model.limits import BATCH_WRITES_MAX, ITEM_SIZE_MAX
from trinamo.model.reading import SEVERAL_TYPES
from trinamo.model.shapes import List, Map, Member, Request, Structure

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
