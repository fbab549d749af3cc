"""GetItem: reads one item, strongly or eventually consistent."""

from typing import Any, Final

from trinamo.expressions import PROJECTION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import (
    check_expressions_given,
    check_paths,
    check_values,
    read_given_expressions,
    shown,
)
from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.legacy import legacy_projection
from trinamo.gateway.operations.operation import Caller, Operation, add_if
from trinamo.model.capacity import consumed_capacity, read_units
from trinamo.model.jsontext import dump_json
from trinamo.model.keys import item_key
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.values import decode_item, item_json

SHAPE: Final = Structure(
    "GetItemInput",
    members.KEY,
    members.TABLE_NAME,
    members.RETURN_CONSUMED_CAPACITY,
    members.ATTRIBUTES_TO_GET,
    members.CONSISTENT_READ,
    members.PROJECTION_EXPRESSION,
    members.EXPRESSION_NAMES,
)


def check(request: Request) -> Expressions:
    """Return the expressions of a request, or raise the first error that shows without its table."""
    check_expressions_given(request, (PROJECTION,))
    projection = legacy_projection(request)
    check_values(request["Key"])
    return read_given_expressions(request, (PROJECTION,)).completed(projection=projection)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    expressions = check(request)
    table = await database.table(table_address(request["TableName"], *caller))
    check_paths(expressions, table.spec.keys)
    key = item_key(table.spec.keys, request["Key"].tree)
    consistent: bool = request.get("ConsistentRead", False)
    stored = await database.get(table, key, consistent=consistent)
    whole = expressions.projection is None
    if whole and stored is not None and "ReturnConsumedCapacity" not in request:
        return b'{"Item":%b}' % item_json(stored.item)
    answer: dict[str, Any] = {}
    if stored is not None:
        answer["Item"] = shown(decode_item(stored.item), expressions)
    asked = request.get("ReturnConsumedCapacity")
    if asked is not None:
        units = read_units(0 if stored is None else stored.size, consistent=consistent)
        add_if(answer, "ConsumedCapacity", consumed_capacity(request["TableName"], units, asked))
    return dump_json(answer)


GET_ITEM: Final = Operation("GetItem", SHAPE, _perform)
