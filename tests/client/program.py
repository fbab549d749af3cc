"""A user's program. It is checked by mypy as users check theirs, run in a test, and holds what types are promised."""

from decimal import Decimal
from typing import Any, assert_type

import attrs

from trinamo.client import (
    Add,
    Attr,
    Change,
    Client,
    Condition,
    ConditionalCheckFailed,
    Key,
    Page,
    Results,
    Set,
    Table,
    connect,
)
from trinamo.client.inprocess import InProcess


@attrs.frozen
class Order:
    user: str
    at: int
    total: Decimal
    tags: frozenset[str] = frozenset()


async def sell(orders: Table, user: str, at: int, most: Decimal) -> bool:
    cheap: Condition = (Attr("total") <= most) & Attr("sold").missing()
    try:
        item = await orders.update(
            {"user": user, "at": at}, Set("sold", True), Add("sales", 1), condition=cheap
        )
    except ConditionalCheckFailed:
        return False
    assert_type(item, dict[str, Any])
    return True


async def main(target: str | InProcess) -> list[str]:
    said: list[str] = []
    async with connect(target) as db:
        assert_type(db, Client)
        orders = db.table("orders")
        await orders.create({"user": "S", "at": "N"}, stream="new")
        await orders.put(Order("ann", 1, Decimal("9.95"), frozenset({"new"})))
        await orders.batch_put(Order("bob", at, Decimal(at)) for at in range(3))
        one = await orders.get({"user": "ann", "at": 1})
        assert_type(one, dict[str, Any] | None)
        same = await orders.get({"user": "ann", "at": 1}, into=Order)
        assert_type(same, Order | None)
        said += [str(same), str(await sell(orders, "ann", 1, Decimal(5)))]
        found = orders.query((Key("user") == "bob") & (Key("at") >= 1), into=Order)
        assert_type(found, Results[Order])
        async for order in found:
            assert_type(order, Order)
            said.append(str(order.total))
        async for page in orders.scan().pages():
            assert_type(page, Page[dict[str, Any]])
            said.append(str(page.count))
        async for change in orders.stream(start="oldest", poll_s=0.01):
            assert_type(change, Change)
            said.append(change.kind)
            break
        answer = await db.describe_table(TableName="orders")
        assert_type(answer, dict[str, Any])
        said.append(answer["Table"]["TableStatus"])
    return said
