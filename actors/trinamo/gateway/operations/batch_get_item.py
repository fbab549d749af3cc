"""BatchGetItem: up to 100 items by key, from one or several tables."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from trinamo.expressions import PROJECTION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import (
    check_names_and_values,
    check_no_mixing,
    check_paths,
    check_values,
    read_given_expressions,
    shown,
)
from trinamo.gateway.operations.database import UNREAD, Database, Table
from trinamo.gateway.operations.legacy import legacy_projection
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.capacity import consumed_capacity, read_units
from trinamo.model.errors import VALIDATION_PREFIX, ApiError, duplicate_keys, says_not_done, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.keys import item_key
from trinamo.model.limits import BATCH_GET_KEYS_MAX, BATCH_GET_SIZE_MAX
from trinamo.model.shapes import AttributeMap, List, Map, Member, Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.values import Item, decode_item

SHAPE: Final = Structure(
    "BatchGetItemInput",
    Member(
        "RequestItems",
        Map(
            Structure(
                "KeysAndAttributes",
                Member("Keys", List(AttributeMap(), 1), required=True),
                members.ATTRIBUTES_TO_GET,
                members.CONSISTENT_READ,
                members.PROJECTION_EXPRESSION,
                members.EXPRESSION_NAMES,
            )
        ),
        required=True,
    ),
    members.RETURN_CONSUMED_CAPACITY,
)

_KEYS_AT_ONCE: Final = 25  # of up to 400 KB each: 10 MB of items in hand at most


def check(request: Request) -> dict[str, Expressions]:
    """Return the expressions for each table, or raise the first error that shows without the tables."""
    tables: dict[str, Any] = request["RequestItems"]
    if not tables:
        raise validation("The requestItems parameter is required for BatchGetItem")
    for name, wanted in tables.items():
        if len(wanted["Keys"]) > BATCH_GET_KEYS_MAX:
            raise validation(
                f"{VALIDATION_PREFIX}Value at 'RequestItems.{name}.member.Keys' failed to satisfy constraint:"
                f" Member must have length less than or equal to {BATCH_GET_KEYS_MAX}"
            )
    if sum(len(wanted["Keys"]) for wanted in tables.values()) > BATCH_GET_KEYS_MAX:
        raise validation("Too many items requested for the BatchGetItem call")
    settings = {name: value for wanted in tables.values() for name, value in wanted.items()}
    check_no_mixing(settings, (PROJECTION,))  # of one table or of several, that is the same to the service
    projections = {}
    for name, wanted in tables.items():
        check_names_and_values(wanted, (PROJECTION,))
        projections[name] = legacy_projection(wanted)
    for wanted in tables.values():
        for key in wanted["Keys"]:
            check_values(key)
    return {
        name: read_given_expressions(wanted, (PROJECTION,)).completed(projection=projections[name])
        for name, wanted in tables.items()
    }


class _Wanted(NamedTuple):
    """What is wanted of one table."""

    name: str
    table: Table
    keys: Sequence[bytes]
    request: Request
    expressions: Expressions


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    expressions = check(request)
    asked: dict[str, Request] = request["RequestItems"]
    tables = {name: await database.table(table_address(name, *caller)) for name in asked}
    wanted = [_wanted(name, table, asked[name], expressions[name]) for name, table in tables.items()]
    responses: dict[str, list[Item]] = {}
    unprocessed: dict[str, Request] = {}
    capacities: list[Request | None] = []
    room = BATCH_GET_SIZE_MAX
    done = False
    refusal: ApiError | None = None
    for one in wanted:
        items, sizes, left, refused = await _read(database, one, room)
        refusal, done = refusal or refused, done or bool(sizes)
        room -= sum(sizes)
        responses[one.name] = items
        if left:
            unprocessed[one.name] = _rest(one, left)
        consistent: bool = one.request.get("ConsistentRead", False)
        units = sum(read_units(size, consistent=consistent) for size in sizes)
        capacities.append(
            consumed_capacity(one.name, float(units), request.get("ReturnConsumedCapacity"))
            if sizes
            else None
        )
    if refusal is not None and not done:
        raise refusal
    answer: dict[str, Any] = {"Responses": responses, "UnprocessedKeys": unprocessed}
    told = [capacity for capacity in capacities if capacity is not None]
    if told:
        answer["ConsumedCapacity"] = told
    return dump_json(answer)


def _wanted(name: str, table: Table, asked: Request, expressions: Expressions) -> _Wanted:
    check_paths(expressions, table.spec.keys)
    keys = [item_key(table.spec.keys, key.tree) for key in asked["Keys"]]
    if len(set(keys)) < len(keys):
        raise duplicate_keys()
    return _Wanted(name, table, keys, asked, expressions)


class _Read(NamedTuple):
    """What was read of one table while there was room: the items found, the sizes of all that was read (0 for a missing item),
    and the positions of the keys that were not read; `refusal` is why, where the database took no more."""

    items: list[Item]
    sizes: list[int]
    left: list[int]
    refusal: ApiError | None = None


async def _read(database: Database, wanted: _Wanted, room: int) -> _Read:
    items: list[Item] = []
    sizes: list[int] = []
    left: list[int] = []
    consistent: bool = wanted.request.get("ConsistentRead", False)
    count = len(wanted.keys)
    for start in range(0, count, _KEYS_AT_ONCE):
        if room <= 0:
            return _Read(items, sizes, [*left, *range(start, count)])
        keys = wanted.keys[start : start + _KEYS_AT_ONCE]
        try:
            found = await database.get_many(wanted.table, keys, consistent=consistent)
        except ApiError as error:
            if not says_not_done(error):
                raise
            return _Read(items, sizes, [*left, *range(start, count)], error)
        for position, stored in enumerate(found, start):
            if stored is UNREAD:
                left.append(position)
                continue
            size = 0 if stored is None else stored.size
            if size > room:
                return _Read(items, sizes, [*left, *range(position, count)])
            room -= size
            sizes.append(size)
            if stored is not None:
                items.append(shown(decode_item(stored.item), wanted.expressions))
    return _Read(items, sizes, left)


def _rest(wanted: _Wanted, left: Sequence[int]) -> Request:
    """Return what was not read, with its settings, as the next request may ask for it."""
    keys = [wanted.request["Keys"][position].tree for position in left]
    return {**wanted.request, "Keys": keys}


BATCH_GET_ITEM: Final = Operation("BatchGetItem", SHAPE, _perform)
