"""Claims about failures: what is tried again, what is not, and what the caller learns of it."""

import contextlib
from collections.abc import Awaitable, Callable

import anyio
import pytest

from client.stage import Stage, everywhere
from trinamo.client import (
    Add,
    Attr,
    Client,
    ConditionalCheckFailed,
    DynamoError,
    OutcomeUnknown,
    Policy,
    Set,
    Table,
    Throttled,
    TransactionConflict,
    Unreachable,
    connect,
)
from trinamo.client.errors import ServerError

KEY = {"user": "ann", "at": 1}
QUICK = Policy(tries_max=4, pause_s=0.001)

REPEATABLE: list[Callable[[Table], Awaitable[object]]] = [
    lambda orders: orders.put({**KEY, "v": 1}),
    lambda orders: orders.delete(KEY),
    lambda orders: orders.update(KEY, Set("v", 1)),
    lambda orders: orders.batch_put([KEY]),
]
ONCE_ONLY: list[Callable[[Table], Awaitable[object]]] = [
    lambda orders: orders.update(KEY, Add("v", 1)),
    lambda orders: orders.update(KEY, Set("v", Attr("v").if_missing(0) + 1)),
    lambda orders: orders.put(KEY, condition=Attr("user").missing()),
    lambda orders: orders.delete(KEY, returning="old"),
    lambda orders: orders.update(KEY, Set("v", 1), returning="old"),
]


@everywhere
async def test_what_is_throttled_or_meets_a_transaction_is_tried_again_whatever_it_is(stage: Stage) -> None:
    orders = await stage.orders()
    for write in REPEATABLE + ONCE_ONLY:
        throttle = await stage.fault("throttle", count=2)
        with contextlib.suppress(ConditionalCheckFailed):  # an answer like any other
            await write(orders)
        assert throttle.fired == 2
    conflict = await stage.fault("conflict", count=1)
    before = (await orders.get(KEY) or {}).get("v", 0)
    assert (await orders.update(KEY, Add("v", 1)))["v"] == before + 1
    assert conflict.fired == 1


@everywhere
async def test_a_read_is_tried_again_after_any_failure(stage: Stage) -> None:
    orders = await stage.orders()
    await orders.put(KEY)
    for verb in ("fail_before", "fail_after", "drop_reply", "throttle"):
        fault = await stage.fault(verb, operation="GetItem", count=2)
        assert await orders.get(KEY) == KEY
        assert fault.fired == 2


@everywhere
async def test_what_does_no_more_when_done_twice_is_repeated(stage: Stage) -> None:
    orders = await stage.orders()
    for verb in ("fail_before", "fail_after", "drop_reply"):
        for write in REPEATABLE:
            fault = await stage.fault(verb, count=1)
            await write(orders)
            assert fault.fired == 1


@everywhere
async def test_what_may_have_been_done_and_must_not_be_repeated_is_told_of(stage: Stage) -> None:
    orders = await stage.orders()
    for verb, done in (("fail_before", 0), ("fail_after", 1), ("drop_reply", 1)):
        await orders.put({**KEY, "v": 0})
        fault = await stage.fault(verb, operation="UpdateItem", count=1)
        with pytest.raises(OutcomeUnknown) as raised:
            await orders.update(KEY, Add("v", 1))
        assert raised.value.operation == "UpdateItem"
        assert raised.value.__cause__ is not None
        assert fault.matched == 1  # and was asked for once
        item = await orders.get(KEY)
        assert item is not None
        assert item["v"] == done


@everywhere
async def test_none_of_these_is_repeated(stage: Stage) -> None:
    orders = await stage.orders()
    for write in ONCE_ONLY:
        await orders.delete(KEY)
        fault = await stage.fault("drop_reply", count=1)
        with pytest.raises(OutcomeUnknown):
            await write(orders)
        assert fault.fired == 1


@everywhere
async def test_who_minds_has_no_write_repeated(stage: Stage) -> None:
    await stage.orders()
    async with connect(stage.target, retries=Policy(repeat_writes=False)) as db:
        await stage.fault("drop_reply", operation="PutItem", count=1)
        with pytest.raises(OutcomeUnknown):
            await db.table("orders").put(KEY)


@everywhere
async def test_after_the_last_try_the_failure_is_told(stage: Stage) -> None:
    await stage.orders()

    async def fails(db: Client, verb: str, error: type[Exception]) -> None:
        fault = await stage.fault(verb, operation="GetItem", count=QUICK.tries_max)
        with pytest.raises(error):
            await db.table("orders").get(KEY)
        assert fault.fired == QUICK.tries_max

    async with connect(stage.target, retries=QUICK) as db:
        await fails(db, "throttle", Throttled)
        await fails(db, "fail_before", ServerError)
        await fails(db, "drop_reply", Unreachable)
        conflict = await stage.fault("conflict", count=QUICK.tries_max)
        with pytest.raises(TransactionConflict):
            await db.table("orders").put(KEY)
        assert conflict.fired == QUICK.tries_max


@everywhere
async def test_what_is_refused_is_not_tried_again(stage: Stage) -> None:
    orders = await stage.orders()
    watch = await stage.fault("delay", operation="GetItem", ms=1)
    with pytest.raises(DynamoError):
        await orders.get({"user": 1, "at": 1})
    assert watch.fired == 1


@everywhere
async def test_the_callers_deadline_ends_an_operation(stage: Stage) -> None:
    orders = await stage.orders()
    await stage.fault("delay", operation="GetItem", ms=20_000)
    with pytest.raises(TimeoutError):
        with anyio.fail_after(0.05):
            await orders.get(KEY)
    await stage.fault("throttle", operation="PutItem")
    with anyio.move_on_after(0.1) as scope:
        await orders.put(KEY)
    assert scope.cancelled_caught
    await orders.delete(KEY)  # the client is none the worse


@everywhere
async def test_calls_run_side_by_side(stage: Stage) -> None:
    orders = await stage.orders()
    await stage.fault("delay", operation="PutItem", ms=200)
    with anyio.fail_after(2):  # one after the other they would take 4 s
        async with anyio.create_task_group() as tasks:
            for at in range(20):
                tasks.start_soon(orders.put, {"user": "ann", "at": at})
    assert await orders.scan().count() == 20
