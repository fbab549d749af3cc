"""Claims about tables themselves, and about operations by the names of the API."""

from typing import Any

import pytest

from client.stage import Stage, everywhere
from trinamo.client import Index, ResourceNotFound, ValidationError


@everywhere
async def test_a_table_is_made_with_its_indexes_and_its_stream(stage: Stage) -> None:
    orders = stage.db.table("orders")
    assert not await orders.exists()
    await orders.create(
        {"user": "S", "at": "N"},
        indexes=[
            Index("by-day", {"day": "N"}, projection=["total"]),
            Index("by-size", {"user": "S", "size": "N"}, projection="keys", local=True),
        ],
        stream="new_and_old",
        Tags=[{"Key": "team", "Value": "x"}],
    )
    table = await orders.describe()
    assert table["TableStatus"] == "ACTIVE"
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    (day,), (size,) = table["GlobalSecondaryIndexes"], table["LocalSecondaryIndexes"]
    assert day["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]}
    assert day["IndexStatus"] == "ACTIVE"
    assert [part["AttributeName"] for part in size["KeySchema"]] == ["user", "size"]
    assert await orders.exists()
    await orders.drop()
    assert not await orders.exists()
    with pytest.raises(ResourceNotFound):
        await orders.drop()


@everywhere
async def test_capacity_may_be_provisioned_and_altered(stage: Stage) -> None:
    orders = stage.db.table("orders")
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    await orders.create({"id": "S"}, ProvisionedThroughput=units)
    assert (await orders.describe())["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    await orders.alter(BillingMode="PAY_PER_REQUEST")
    assert (await orders.describe())["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@everywhere
async def test_all_tables_are_told_by_name(stage: Stage) -> None:
    for name in ("b.table", "a.table", "c.table"):
        await stage.db.table(name).create({"id": "S"})
    assert [table.name async for table in stage.db.tables()] == ["a.table", "b.table", "c.table"]


@everywhere
async def test_a_key_of_three_is_refused(stage: Stage) -> None:
    with pytest.raises(ValueError, match="a key has one attribute or two, not 3"):
        await stage.db.table("t").create({"a": "S", "b": "S", "c": "S"})


@everywhere
async def test_operations_have_the_parameters_and_results_of_the_api(stage: Stage) -> None:
    await stage.orders()
    db = stage.db
    item = {"user": {"S": "ann"}, "at": {"N": "1"}, "raw": {"B": b"\x00\xff"}}
    answer = await db.put_item(TableName="orders", Item=item, ReturnConsumedCapacity="TOTAL")
    assert answer == {"ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 1.0}}
    got = await db.get_item(TableName="orders", Key={"user": {"S": "ann"}, "at": {"N": "1"}})
    assert got["Item"]["raw"] == {"B": "AP8="}
    statement = await db.execute_statement(Statement="SELECT * FROM orders WHERE \"user\" = 'ann'")
    assert len(statement["Items"]) == 1
    assert (await db.call("ListTables", {}))["TableNames"] == ["orders"]
    with pytest.raises(ValidationError):
        await db.describe_table(TableName="")


@everywhere
async def test_what_the_api_does_not_have_is_no_attribute(stage: Stage) -> None:
    with pytest.raises(AttributeError, match="'Client' object has no attribute 'get_items'"):
        stage.db.get_items  # type: ignore[attr-defined]  # noqa: B018 - the type checker knows it too
    assert "update_time_to_live" in dir(stage.db)
    assert not hasattr(stage.db, "GetItem")


@everywhere
async def test_what_no_table_can_have_is_refused_at_once(stage: Stage) -> None:
    orders = stage.db.table("orders")
    with pytest.raises(ValueError, match="stream is one of new_and_old, new, old, keys, not 'new_image'"):
        await orders.create({"id": "S"}, stream="new_image")  # type: ignore[arg-type]
    wrong: Any = Index("by-day", {"day": "N"}, projection="everything")
    with pytest.raises(ValueError, match="a projection is 'all', 'keys', or a list of attributes"):
        await orders.create({"id": "S"}, indexes=[wrong])
    assert not await orders.exists()
