"""BatchExecuteStatement: up to 25 statements that read one item each, or write one each; each succeeds or fails alone.

Only what is wrong with the batch as a whole refuses it: reads beside writes, or two statements on one item. Those that
are well-formed are carried out at the same time.
"""

from collections.abc import Sequence
from typing import Any, Final

import attrs
import trio

from trinamo.expressions import check_key_paths
from trinamo.gateway.operations import members
from trinamo.gateway.operations.answers import add_write
from trinamo.gateway.operations.checks import key_names
from trinamo.gateway.operations.database import Database, Delete, Put, Table, Update
from trinamo.gateway.operations.operation import Caller, Operation, add_if
from trinamo.gateway.operations.statements import (
    PARAMETERS,
    STATEMENT,
    check_met,
    image,
    item_after,
    read_plan,
    write_of,
)
from trinamo.model.capacity import Consumed, read_units
from trinamo.model.errors import ApiError, duplicate_keys, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.keys import item_key
from trinamo.model.limits import BATCH_STATEMENTS_MAX
from trinamo.model.shapes import List, Member, Request, Structure
from trinamo.model.tables import table_address
from trinamo.model.values import Item, decode_item
from trinamo.partiql import Plan, SelectPlan

SHAPE: Final = Structure(
    "BatchExecuteStatementInput",
    Member(
        "Statements",
        List(
            Structure(
                "BatchStatementRequest",
                STATEMENT,
                PARAMETERS,
                members.CONSISTENT_READ,
                members.RETURN_VALUES_ON_FAILURE,
            ),
            1,
            BATCH_STATEMENTS_MAX,
        ),
        required=True,
    ),
    members.RETURN_CONSUMED_CAPACITY,
)

# Codes of the service's errors where they are those of a member.
_SHORT_CODES: Final = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
    "RequestLimitExceeded": "RequestLimitExceeded",
    "ValidationException": "ValidationError",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "TransactionConflictException": "TransactionConflict",
    "ThrottlingException": "ThrottlingError",
    "ResourceNotFoundException": "ResourceNotFound",
    "AccessDeniedException": "AccessDenied",
    "DuplicateItemException": "DuplicateItem",
}


@attrs.define
class _Member:
    """A statement of the batch, and what has become of it.

    `plan` is there unless the statement is not well-formed, `table` and `key` once it is known to fit its table.
    """

    request: Request
    plan: Plan | None = None
    table: Table | None = None
    key: bytes = b""
    write: Put | Update | Delete | None = None
    item: Item | None = None
    error: ApiError | None = None
    asked: str | None = None
    consumed: Consumed = attrs.field(factory=Consumed)

    def read(self) -> None:
        try:
            self.plan = read_plan(self.request)
        except ApiError as error:
            self.error = error

    async def fit(self, database: Database, caller: Caller) -> None:
        """Find the table, and what the statement means there."""
        if self.plan is None:
            return
        try:
            table = await database.table(table_address(self.plan.source.table, *caller))
            self._fit(self.plan, table)
        except ApiError as error:
            self.error = error
        else:
            self.table = table

    def _fit(self, plan: Plan, table: Table) -> None:
        if isinstance(plan, SelectPlan):
            self.key = _key_of(plan, table)
        else:
            self.write = write_of(plan, table, return_old=self._told(table))
            self.key = self.write.key

    async def carry_out(self, database: Database) -> None:
        try:
            await self._carry_out(database)
        except ApiError as error:
            self.error = error

    async def _carry_out(self, database: Database) -> None:
        plan, table = self.plan, self.table
        if plan is None or table is None:
            return
        if isinstance(plan, SelectPlan):
            consistent: bool = self.request.get("ConsistentRead", False)
            stored = await database.get(table, self.key, consistent=consistent)
            self.consumed.table += read_units(0 if stored is None else stored.size, consistent=consistent)
            item = None if stored is None else decode_item(stored.item)
            self.item = plan.shown(item) if item is not None and plan.passes(item) else None
            return
        assert self.write is not None, "a statement that writes has fitted its table"
        written = await database.write(table, self.write)
        told = written.condition_met and self._told(table)
        after = item_after(plan, self.write, written) if told else None
        add_write(self.consumed, table, written, after, told=told)
        check_met(plan, written)
        self.item = image(plan, self.write, written)

    def _told(self, table: Table) -> bool:
        return table.indexes is not None and self.asked not in (None, "NONE")

    def answer(self) -> Request:
        answer: Request = {}
        if self.error is not None:
            code = _SHORT_CODES.get(self.error.code, "InternalServerError")
            answer["Error"] = {"Code": code, "Message": self.error.message}
            if code == "ValidationError":
                return answer
        assert self.plan is not None, "what is not well-formed is a ValidationError"
        answer["TableName"] = self.plan.source.table
        add_if(answer, "Item", self.item)
        return answer


def _key_of(plan: SelectPlan, table: Table) -> bytes:
    keys = table.spec.keys
    try:
        attributes = plan.fixed_key(keys.attributes)
    except ApiError:
        attributes = None
    if attributes is None or plan.source.index is not None:
        raise validation(
            "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
        )
    check_key_paths(plan.paths, key_names(keys))
    return item_key(keys, attributes)


def _check_no_mixing(batch: Sequence[_Member]) -> None:
    kinds = {isinstance(member.plan, SelectPlan) for member in batch if member.plan is not None}
    if len(kinds) > 1:
        raise validation("Read and write requests together in the same batch is not supported.")


def _check_distinct(batch: Sequence[_Member]) -> None:
    items = [(member.table.table_id, member.key) for member in batch if member.table is not None]
    if len(set(items)) < len(items):
        raise duplicate_keys()


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    asked = request.get("ReturnConsumedCapacity")
    batch = [_Member(each, asked=asked) for each in request["Statements"]]
    for member in batch:
        member.read()
    _check_no_mixing(batch)
    for member in batch:
        await member.fit(database, caller)
    _check_distinct(batch)
    async with trio.open_nursery() as nursery:
        for member in batch:
            nursery.start_soon(member.carry_out, database)
    answer: dict[str, Any] = {"Responses": [member.answer() for member in batch]}
    capacities = _capacities(batch, asked)
    if capacities:
        answer["ConsumedCapacity"] = capacities
    return dump_json(answer)


def _capacities(batch: Sequence[_Member], asked: str | None) -> list[Request]:
    """Return the capacity of each table on which a statement succeeded, failed ones included."""
    consumed: dict[str, Consumed] = {}
    succeeded: set[str] = set()
    for member in batch:
        if member.plan is not None and member.table is not None:
            name = member.plan.source.table
            consumed.setdefault(name, Consumed()).add(member.consumed)
            if member.error is None:
                succeeded.add(name)
    told = [consumed[name].told(name, asked) for name in consumed if name in succeeded]
    return [each for each in told if each is not None]


BATCH_EXECUTE_STATEMENT: Final = Operation("BatchExecuteStatement", SHAPE, _perform)
