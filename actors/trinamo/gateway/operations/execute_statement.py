"""ExecuteStatement: one statement of PartiQL, which reads a page or writes one item."""

from typing import Any, Final

from trinamo.gateway.operations import members
from trinamo.gateway.operations.answers import add_write, tells_index_units
from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation, add_if
from trinamo.gateway.operations.selecting import resumed_key, select_page
from trinamo.gateway.operations.sources import readable_table
from trinamo.gateway.operations.statements import (
    PARAMETERS,
    STATEMENT,
    check_met,
    image,
    item_after,
    read_plan,
    write_of,
)
from trinamo.model.capacity import Consumed
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Integer, Member, Request, String, Structure
from trinamo.model.tables import table_address
from trinamo.partiql import NEXT_TOKEN_LENGTH_MAX, SelectPlan, WritePlan

SHAPE: Final = Structure(
    "ExecuteStatementInput",
    STATEMENT,
    PARAMETERS,
    members.CONSISTENT_READ,
    Member("NextToken", String(1, NEXT_TOKEN_LENGTH_MAX)),
    members.RETURN_CONSUMED_CAPACITY,
    Member("Limit", Integer(1)),
    members.RETURN_VALUES_ON_FAILURE,
)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    plan = read_plan(request)
    resumed = resumed_key(request)
    if not isinstance(plan, SelectPlan):
        return await _write(database, caller, request, plan)
    address = table_address(plan.source.table, *caller)
    table = await readable_table(database, address, plan.source.index)
    return await select_page(database, table, plan, request, resumed)


async def _write(database: Database, caller: Caller, request: Request, plan: WritePlan) -> bytes:
    table = await database.table(table_address(plan.source.table, *caller))
    show_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    told = tells_index_units(request, table)
    write = write_of(plan, table, return_old=show_old or told)
    written = await database.write(table, write)
    check_met(plan, written, show_old=show_old)
    item = image(plan, write, written)
    answer: dict[str, Any] = {"Items": [] if item is None else [item]}
    consumed = Consumed()
    told = told and written.condition_met
    after = item_after(plan, write, written) if told else None
    add_write(consumed, table, written, after, told=told)
    asked = request.get("ReturnConsumedCapacity")
    add_if(answer, "ConsumedCapacity", consumed.told(plan.source.table, asked))
    return dump_json(answer)


EXECUTE_STATEMENT: Final = Operation("ExecuteStatement", SHAPE, _perform)
