"""aiobotocore as asyncio programs use it: many requests at once, pages and waiters that are awaited."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from clients.trouble import Trouble

ROUTE = "Kiel-Oslo"
CONNECTIONS = 20


def key(departure: int) -> dict[str, Any]:
    return {"route": {"S": ROUTE}, "departure": {"N": str(departure)}}


@asynccontextmanager
async def connected(**config: Any) -> AsyncIterator[Any]:
    settings = AioConfig(max_pool_connections=CONNECTIONS, **config)
    async with get_session().create_client("dynamodb", config=settings) as client:
        yield client


@asynccontextmanager
async def standing(client: Any, name: str) -> AsyncIterator[str]:
    """A table, from its creation to its end."""
    await client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "route", "KeyType": "HASH"},
            {"AttributeName": "departure", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "route", "AttributeType": "S"},
            {"AttributeName": "departure", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    await client.get_waiter("table_exists").wait(TableName=name)
    yield name
    await client.delete_table(TableName=name)
    await client.get_waiter("table_not_exists").wait(TableName=name)


def run(scenario: Callable[[Any, str], Awaitable[None]], name: str) -> None:
    """Run a scenario with a client and a table, on an event loop of its own."""

    async def main() -> None:
        async with connected() as client, standing(client, name) as table:
            await scenario(client, table)

    asyncio.run(main())


def test_requests_that_run_at_once_all_count(name: str) -> None:
    async def scenario(client: Any, table: str) -> None:
        def board(departure: int) -> Awaitable[Any]:
            answer: Awaitable[Any] = client.update_item(
                TableName=table,
                Key=key(departure),
                UpdateExpression="ADD boarded :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
            return answer

        answers = await asyncio.gather(*(board(number % 4) for number in range(80)))
        seen = sorted(int(answer["Attributes"]["boarded"]["N"]) for answer in answers)
        assert seen == [count for count in range(1, 21) for _ in range(4)]

        async def take_the_last_seat() -> bool:
            try:
                await client.put_item(
                    TableName=table,
                    Item={**key(9), "full": {"BOOL": True}},
                    ConditionExpression="attribute_not_exists(#f)",
                    ExpressionAttributeNames={"#f": "full"},
                )
            except client.exceptions.ConditionalCheckFailedException:
                return False
            return True

        assert sorted(await asyncio.gather(*(take_the_last_seat() for _ in range(20)))) == [False] * 19 + [
            True
        ]

    run(scenario, name)


def test_pages_and_batches_hold_everything_once(name: str) -> None:
    async def scenario(client: Any, table: str) -> None:
        writes = [{"PutRequest": {"Item": key(departure)}} for departure in range(50)]
        for half in (writes[:25], writes[25:]):
            answer = await client.batch_write_item(RequestItems={table: half})
            assert answer["UnprocessedItems"] == {}
        pages = client.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression="#r = :r AND departure >= :from",
            ExpressionAttributeNames={"#r": "route"},
            ExpressionAttributeValues={":r": {"S": ROUTE}, ":from": {"N": "10"}},
            PaginationConfig={"PageSize": 15},
        )
        counts, found = [], []
        async for page in pages:
            counts.append(page["Count"])
            found += [int(item["departure"]["N"]) for item in page["Items"]]
        assert counts == [15, 15, 10]
        assert found == list(range(10, 50))
        scan = client.get_paginator("scan").paginate(TableName=table, PaginationConfig={"MaxItems": 30})
        assert len((await scan.build_full_result())["Items"]) == 30
        keys = {table: {"Keys": [key(departure) for departure in (0, 49, 50)]}}
        got = await client.batch_get_item(RequestItems=keys)
        assert sorted(int(item["departure"]["N"]) for item in got["Responses"][table]) == [0, 49]

    run(scenario, name)


def test_errors_are_exceptions_of_their_own(name: str) -> None:
    async def scenario(client: Any, table: str) -> None:
        with pytest.raises(client.exceptions.ResourceNotFoundException, match="Requested resource not found"):
            await client.scan(TableName="nowhere")
        with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
            await client.delete_item(
                TableName=table, Key=key(1), ConditionExpression="attribute_exists(departure)"
            )
        assert caught.value.operation_name == "DeleteItem"
        with pytest.raises(client.exceptions.ClientError, match="ValidationException"):
            await client.get_item(TableName=table, Key={"route": {"S": ROUTE}})

    run(scenario, name)


@pytest.mark.parametrize("verb", ["throttle", "fail_before", "drop_reply"])
def test_what_may_pass_is_asked_again(trouble: Trouble, name: str, verb: str) -> None:
    async def scenario(client: Any, table: str) -> None:
        trouble.comes(verb, operation="PutItem", count=2)
        answer = await client.put_item(TableName=table, Item=key(1))
        assert answer["ResponseMetadata"]["RetryAttempts"] == trouble.happened() == 2

    run(scenario, name)


def test_a_request_that_is_given_up_harms_no_other(trouble: Trouble, name: str) -> None:
    async def scenario(client: Any, table: str) -> None:
        trouble.comes("delay", operation="GetItem", key={"departure": {"N": "1"}}, ms=20_000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.get_item(TableName=table, Key=key(1)), timeout=0.1)
        answers = await asyncio.gather(
            *(client.get_item(TableName=table, Key=key(departure)) for departure in range(2, 2 + CONNECTIONS))
        )
        assert all("Item" not in answer for answer in answers)

    run(scenario, name)
