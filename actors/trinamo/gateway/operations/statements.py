"""What ExecuteStatement and BatchExecuteStatement share: from a request to a plan, and writes with their answers.

A statement is a plan of `trinamo.partiql` before its table is known; with the table it is a write as the operations on
items make them, or something to read. Order of checks: values of parameters, the statement's form, literals, the
size of an item; then the table, its keys, and what is stored.
"""

from collections.abc import Collection, Mapping
from typing import Final

from trinamo.expressions import check_key_paths, check_updated_paths
from trinamo.gateway.operations.checks import check_values, key_names
from trinamo.gateway.operations.database import Delete, Expression, Put, Table, Update, Written
from trinamo.gateway.operations.update_item import returned_as
from trinamo.model.errors import conditional_check_failed, duplicate_item, item_too_large
from trinamo.model.keys import item_key, put_key
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.shapes import List, Member, OneAttribute, Request, String
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.partiql import (
    STATEMENT_LENGTH_MAX,
    Carried,
    DeletePlan,
    Image,
    InsertPlan,
    Plan,
    UpdatePlan,
    WritePlan,
    parse,
    plan,
)

STATEMENT: Final = Member("Statement", String(1, STATEMENT_LENGTH_MAX), required=True)
PARAMETERS: Final = Member("Parameters", List(OneAttribute(), 1))

_RETURN_VALUES: Final[Mapping[Image, str]] = {
    "ALL OLD": "ALL_OLD",
    "MODIFIED OLD": "UPDATED_OLD",
    "ALL NEW": "ALL_NEW",
    "MODIFIED NEW": "UPDATED_NEW",
}


def read_plan(request: Request) -> Plan:
    """Return the plan of a request's statement, or raise the first error that shows without its table."""
    parameters = request.get("Parameters", ())
    for parameter in parameters:
        check_values(parameter)
    found = plan(parse(request["Statement"]), [parameter.tree["value"] for parameter in parameters])
    if isinstance(found, InsertPlan):
        check_values(found.item)
        if found.item.size > ITEM_SIZE_MAX:
            raise item_too_large()
    return found


def write_of(plan: WritePlan, table: Table, *, return_old: bool = False) -> Put | Update | Delete:
    """Return the write of a statement, or raise the error of one that does not fit its table.

    `return_old` asks for the old item even if the statement returns nothing of it.
    """
    keys, indexes = table.spec.keys, table.indexes
    match plan:
        case InsertPlan(item=item):
            key = put_key(keys, item.tree)
            if indexes is not None:
                indexes.check_put(item.tree, item.size)
            condition = _expression(plan.condition(keys.attributes))
            return Put(key, encode_item(item.tree), item.size, condition, return_old)
        case UpdatePlan():
            return _update_of(plan, table, return_old=return_old)
        case DeletePlan():
            attributes, carried = plan.key_and_condition(keys.attributes)
            key = item_key(keys, attributes)
            _check_where_paths(plan, table)
            return_old = return_old or plan.returning is not None
            return Delete(key, None if carried is None else _expression(carried), return_old)


def _update_of(plan: UpdatePlan, table: Table, *, return_old: bool) -> Update:
    keys, indexes = table.spec.keys, table.indexes
    attributes, condition = plan.key_and_condition(keys.attributes)
    key = item_key(keys, attributes)
    check_updated_paths(plan.update.targets, key_names(keys))
    check_key_paths(plan.update.plan.paths, key_names(keys), _index_key_names(table))
    _check_where_paths(plan, table)
    return Update(
        key,
        attributes,
        _expression(plan.carried_update),
        _expression(condition),
        return_old or plan.returning is not None,
        () if indexes is None else indexes.keys,
        flat_limit=True,
    )


def _check_where_paths(plan: UpdatePlan | DeletePlan, table: Table) -> None:
    if plan.where is not None:
        check_key_paths(plan.where.condition.paths, key_names(table.spec.keys), _index_key_names(table))


def _index_key_names(table: Table) -> Collection[str]:
    return () if table.indexes is None else table.indexes.key_names


def _expression(carried: Carried) -> Expression:
    return Expression(carried.text, carried.names, carried.values)


def check_met(plan: WritePlan, written: Written, *, show_old: bool = False) -> None:
    """Raise the error of a statement whose condition was false; with `show_old` it holds the old item."""
    if written.condition_met:
        return
    if isinstance(plan, InsertPlan):
        if not plan.if_not_exists:
            raise duplicate_item()
        return
    old = decode_item(written.old) if show_old and written.old is not None else None
    raise conditional_check_failed(old)


def image(plan: WritePlan, write: Put | Update | Delete, written: Written) -> Item | None:
    """Return what a statement's RETURNING asks for of a write whose condition was met, None if there is nothing."""
    match plan, write:
        case UpdatePlan(returning=str() as what), Update(attributes=attributes):
            return returned_as(_RETURN_VALUES[what], plan.update, attributes, written)
        case DeletePlan(returning=str()), _:
            return None if written.old is None else decode_item(written.old)
        case _:
            return None


def item_after(plan: WritePlan, write: Put | Update | Delete, written: Written) -> Item | None:
    """Return the item that a write left, where the old one was asked for."""
    match plan, write:
        case InsertPlan(item=item), _:
            return item.tree
        case UpdatePlan(), Update(attributes=attributes):
            return returned_as("ALL_NEW", plan.update, attributes, written)
        case _:
            return None
