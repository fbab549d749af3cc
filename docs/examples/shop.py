"""A shop in one table: customers, their orders, and the orders of a status, newest first.

    pk                sk                  gpk               gsk
    CUSTOMER#<email>  PROFILE
    CUSTOMER#<email>  ORDER#<at>#<id>     STATUS#<status>   <at>

One query reads a customer with all orders; another, of the index, what is to be shipped.
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import attrs

from trinamo.client import Attr, Client, ConditionalCheckFailed, Index, Key, Set

TABLE = "shop"
BY_STATUS = Index("by-status", {"gpk": "S", "gsk": "S"})


class EmailTaken(Exception):
    """There is a customer with this address."""


class NotOpen(Exception):
    """The order is not there, or was shipped already."""


@attrs.frozen
class Order:
    """An order; `at` is an ISO 8601 timestamp."""

    email: str
    at: str
    id: str
    total: Decimal
    status: str = "open"


async def make_table(db: Client) -> None:
    await db.table(TABLE).create({"pk": "S", "sk": "S"}, indexes=[BY_STATUS])


async def sign_up(db: Client, email: str, name: str) -> None:
    profile = {**_customer(email), "sk": "PROFILE", "name": name}
    try:
        await db.table(TABLE).put(profile, condition=Attr("pk").missing())
    except ConditionalCheckFailed:
        raise EmailTaken(email) from None


async def place(db: Client, order: Order) -> None:
    keys = {**_key(order), "gpk": f"STATUS#{order.status}", "gsk": order.at}
    await db.table(TABLE).put(keys | attrs.asdict(order))


async def ship(db: Client, order: Order) -> None:
    """Ship an order once, whoever else tries at the same time."""
    try:
        await db.table(TABLE).update(
            _key(order),
            Set("status", "shipped"),
            Set("gpk", "STATUS#shipped"),
            condition=Attr("status") == "open",
        )
    except ConditionalCheckFailed:
        raise NotOpen(order.id) from None


async def customer(db: Client, email: str) -> tuple[str, list[Order]]:
    """Return a customer's name and orders, the oldest first, by one query."""
    name = ""
    orders: list[Order] = []
    async for item in db.table(TABLE).query(Key("pk") == f"CUSTOMER#{email}", consistent=True):
        if item["sk"] == "PROFILE":
            name = item["name"]
        else:
            orders.append(_order(item))
    return name, orders


async def to_ship(db: Client) -> AsyncIterator[Order]:
    """Go through the open orders of everybody, the newest first."""
    open_ones = db.table(TABLE).query(Key("gpk") == "STATUS#open", index=BY_STATUS.name, descending=True)
    async for item in open_ones:
        yield _order(item)


def _customer(email: str) -> dict[str, str]:
    return {"pk": f"CUSTOMER#{email}"}


def _key(order: Order) -> dict[str, str]:
    return {**_customer(order.email), "sk": f"ORDER#{order.at}#{order.id}"}


def _order(item: dict[str, Any]) -> Order:
    return Order(item["email"], item["at"], item["id"], item["total"], item["status"])
