"""The shop, its invariants, and what happens to it when a leader is lost."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

import shop
from shop import Order
from trinamo.client import Client

ANN = [
    Order("ann@example.com", "2026-11-01T10:00:00Z", "a", Decimal("9.95")),
    Order("ann@example.com", "2026-11-03T09:30:00Z", "b", Decimal(5)),
]


def run(db: Client, work: Any) -> None:
    async def main() -> None:
        await shop.make_table(db)
        await shop.sign_up(db, "ann@example.com", "Ann")
        for order in ANN:
            await shop.place(db, order)
        await work(db)

    asyncio.run(main())


def test_one_query_reads_a_customer_with_all_orders(dynamodb: Client) -> None:
    async def work(db: Client) -> None:
        assert await shop.customer(db, "ann@example.com") == ("Ann", ANN)

    run(dynamodb, work)


def test_an_address_is_taken_once(dynamodb: Client) -> None:
    async def work(db: Client) -> None:
        with pytest.raises(shop.EmailTaken):
            await shop.sign_up(db, "ann@example.com", "Another")
        assert (await shop.customer(db, "ann@example.com"))[0] == "Ann"

    run(dynamodb, work)


def test_an_order_is_shipped_once(dynamodb: Client) -> None:
    async def work(db: Client) -> None:
        assert [order.id async for order in shop.to_ship(db)] == ["b", "a"]
        await shop.ship(db, ANN[1])
        with pytest.raises(shop.NotOpen):
            await shop.ship(db, ANN[1])
        assert [order.id async for order in shop.to_ship(db)] == ["a"]

    run(dynamodb, work)


def test_a_lost_leader_costs_nothing(dynamodb: Client, dynamodb_cluster: Any) -> None:
    async def work(db: Client) -> None:
        dynamodb_cluster.faults.crash("n1")
        await shop.ship(db, ANN[0])
        assert [order.id async for order in shop.to_ship(db)] == ["b"]

    run(dynamodb, work)
