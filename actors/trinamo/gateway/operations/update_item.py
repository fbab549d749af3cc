"""UpdateItem: changes parts of one item, or creates it, perhaps on a condition."""

from typing import Final

from trinamo.expressions import CONDITION, UPDATE, Expressions, Update, check_updated_paths, compile_update
from trinamo.gateway.operations import members
from trinamo.gateway.operations.answers import returns_old, tells_index_units, write_answer
from trinamo.gateway.operations.checks import (
    carried,
    check_names_and_values,
    check_no_mixing,
    check_paths,
    check_values,
    key_names,
    read_given_expressions,
)
from trinamo.gateway.operations.database import Database, Written
from trinamo.gateway.operations.database import Update as UpdateWrite
from trinamo.gateway.operations.legacy import legacy_condition, legacy_update
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.keys import item_key
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.values import Item, decode_item

SHAPE: Final = Structure(
    "UpdateItemInput",
    members.TABLE_NAME_ALONE,
    members.KEY,
    members.RETURN_CONSUMED_CAPACITY,
    members.RETURN_VALUES,
    members.RETURN_ITEM_COLLECTION_METRICS,
    members.ATTRIBUTE_UPDATES,
    members.CONDITIONAL_OPERATOR,
    members.RETURN_VALUES_ON_FAILURE,
    members.EXPECTED,
    members.UPDATE_EXPRESSION,
    members.CONDITION_EXPRESSION,
    members.EXPRESSION_NAMES,
    members.EXPRESSION_VALUES,
)


def check(request: Request) -> Expressions:
    """Return the expressions of a request, or raise the first error that shows without its table."""
    check_no_mixing(request, (UPDATE, CONDITION))
    check_values(request["Key"])
    update, condition = legacy_update(request), legacy_condition(request)
    check_names_and_values(request, (UPDATE, CONDITION))
    expressions = read_given_expressions(request, (UPDATE, CONDITION))
    return expressions.completed(update=update, condition=condition)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    expressions = check(request)
    table = await database.table(table_address(request["TableName"], *caller))
    keys = table.spec.keys
    attributes = request["Key"].tree
    key = item_key(keys, attributes)
    update = expressions.update or compile_update(None, None, None)
    check_updated_paths(update.targets, key_names(keys))
    indexes = table.indexes
    check_paths(expressions, keys, () if indexes is None else indexes.key_names)
    write = UpdateWrite(
        key,
        attributes,
        carried(expressions.update),
        carried(expressions.condition),
        returns_old(request, table),
        () if indexes is None else indexes.keys,
    )
    written = await database.write(table, write)
    returned = returned_as(request.get("ReturnValues", "NONE"), update, attributes, written)
    new = None
    if written.condition_met and tells_index_units(request, table):
        new = returned_as("ALL_NEW", update, attributes, written)
    return write_answer(request, table, written, new, returned)


def returned_as(what: str, update: Update, key: Item, written: Written) -> Item | None:
    """Return what ReturnValues asks for; the new item is what the update makes of the old one, here as at the leader."""
    if what == "NONE" or not written.condition_met:
        return None
    old = None if written.old is None else decode_item(written.old)
    if what == "ALL_OLD":
        return old
    if what == "UPDATED_OLD":
        return None if old is None else update.touched_of(old) or None
    updated = update.apply(old, key)
    return updated.item if what == "ALL_NEW" else updated.touched or None


UPDATE_ITEM: Final = Operation("UpdateItem", SHAPE, _perform)
