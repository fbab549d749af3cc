"""How often settings change within a day or month: on a server of its own, whose clock is advanced."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb import clients
from dynamodb.calls import fault, refusal
from dynamodb.facts import fact
from dynamodb.server import Server, serving

LIMIT = "LimitExceededException"
HOUR_S, DAY_S = 3600, 86_400
ON_DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--nodes", "1") as running:
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture
def db(server: Server) -> Iterator[Any]:
    yield clients.connect(server.url)
    server.change("reset")


def units(number: int) -> dict[str, int]:
    return {"ReadCapacityUnits": number, "WriteCapacityUnits": 1}


def provisioned(db: Any, number: int) -> str:
    """Create a table with so many read units, and return its name."""
    db.create_table(
        TableName="tab",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        ProvisionedThroughput=units(number),
    )
    return "tab"


def limited(db: Any, **changes: Any) -> bool:
    """Whether an update is refused as one too many."""
    return fault(refusal(db, "UpdateTable", {"TableName": "tab", **changes}))[0] == LIMIT


def midnight(server: Server, db: Any) -> None:
    """Advance the clock to the beginning of a UTC day."""
    now = db.describe_table(TableName="tab")["Table"]["CreationDateTime"].timestamp()
    server.change("clock", advance=f"{DAY_S - int(now) % DAY_S + 1}s")


@fact("tables.116", "tables.117")
def test_throughput_is_lowered_four_times_a_day_and_then_once_an_hour(server: Server, db: Any) -> None:
    table, left = provisioned(db, 100), iter(range(99, 0, -1))
    midnight(server, db)

    def lower() -> None:
        db.update_table(TableName=table, ProvisionedThroughput=units(next(left)))

    def lowered_today() -> int:
        throughput = db.describe_table(TableName=table)["Table"]["ProvisionedThroughput"]
        count: int = throughput["NumberOfDecreasesToday"]
        return count

    for _ in range(4):
        lower()
    for hour in range(1, 24):
        assert limited(db, ProvisionedThroughput=units(1))
        assert lowered_today() == 3 + hour
        server.change("clock", advance=f"{HOUR_S}s")
        lower()
    assert lowered_today() == 27
    assert limited(db, ProvisionedThroughput=units(1))
    db.update_table(TableName=table, ProvisionedThroughput=units(200))  # raised any time
    server.change("clock", advance=f"{HOUR_S}s")
    assert lowered_today() == 0
    for _ in range(4):
        lower()
    assert lowered_today() == 4


@fact("tables.118")
def test_a_table_becomes_on_demand_four_times_a_day_and_provisioned_any_time(server: Server, db: Any) -> None:
    table = provisioned(db, 5)
    for _ in range(4):
        db.update_table(TableName=table, BillingMode=ON_DEMAND)
        db.update_table(TableName=table, BillingMode=PROVISIONED, ProvisionedThroughput=units(5))
    assert limited(db, BillingMode=ON_DEMAND)
    server.change("clock", advance=f"{DAY_S - HOUR_S}s")
    assert limited(db, BillingMode=ON_DEMAND)
    server.change("clock", advance=f"{HOUR_S}s")
    db.update_table(TableName=table, BillingMode=ON_DEMAND)


@fact("tables.16", "tables.127")
def test_the_table_class_changes_twice_in_thirty_days(server: Server, db: Any) -> None:
    table = provisioned(db, 5)
    classes = ("STANDARD_INFREQUENT_ACCESS", "STANDARD")
    for table_class in classes:
        db.update_table(TableName=table, TableClass=table_class)
        db.update_table(TableName=table, TableClass=table_class)  # is no change
    assert limited(db, TableClass=classes[0])
    before = db.describe_table(TableName=table)["Table"]["TableClassSummary"]
    assert before["TableClass"] == "STANDARD"
    server.change("clock", advance="30d")
    db.update_table(TableName=table, TableClass=classes[0])
    after = db.describe_table(TableName=table)["Table"]["TableClassSummary"]
    assert after["TableClass"] == classes[0]
    assert (after["LastUpdateDateTime"] - before["LastUpdateDateTime"]).days >= 29


def test_time_to_live_changes_at_any_time_where_things_are_settled(db: Any) -> None:
    table = provisioned(db, 5)
    for enabled in (True, False, True):
        db.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "at"}
        )
