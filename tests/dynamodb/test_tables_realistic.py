"""Tables on their way from one status to another, on a server of its own where that takes a moment."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynamodb import clients
from dynamodb.calls import NOT_FOUND, RNF, VE, call, fault, item, refusal
from dynamodb.facts import fact
from dynamodb.server import Server, serving, wait_until

IN_USE = "ResourceInUseException"
STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
WAIT_S = 20.0
ATTEMPTS = 10

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--mode", "realistic") as running:
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture(scope="module")
def db(server: Server) -> Any:
    return clients.connect(server.url)


def status(db: Any, table: str) -> str | None:
    """Return the status that DescribeTable shows; None if there is no table."""
    try:
        described: str = db.describe_table(TableName=table)["Table"]["TableStatus"]
    except db.exceptions.ResourceNotFoundException:
        return None
    return described


def created(db: Any) -> str:
    table = f"passing.{next(_numbers)}"
    assert clients.create_table(db, table, sort_type="N")["TableDescription"]["TableStatus"] == "CREATING"
    return table


def active(db: Any) -> str:
    table = created(db)
    wait_until(lambda: status(db, table) == "ACTIVE", "the table is ACTIVE", WAIT_S)
    return table


def while_passing(db: Any, passing: str, begin: Callable[[], str], look: Callable[[str], Any]) -> Any:
    """Return what `look` sees of the table that `begin` returns, all of it while the table has a status."""
    for _ in range(ATTEMPTS):
        table = begin()
        try:
            seen = look(table)
        except (AssertionError, ClientError, pytest.fail.Exception):
            if status(db, table) == passing:
                raise
            continue  # the moment was over
        if status(db, table) == passing:
            return seen
    raise AssertionError(f"no table stayed {passing} long enough")


def in_use(being: str, table: str) -> tuple[str, str]:
    text = f"Attempt to change a resource which is still in use: Table is being {being}: {table}"
    return IN_USE, text


def update(table: str) -> dict[str, Any]:
    return {"TableName": table, "StreamSpecification": STREAM}


@fact("tables.25", "tables.29", "tables.31", "tables.32", "tables.77")
def test_a_table_in_creating_is_shown_and_otherwise_left_alone(db: Any) -> None:
    def look(table: str) -> None:
        name = {"TableName": table}
        assert fault(refusal(db, "GetItem", {**name, "Key": item(1)})) == (RNF, NOT_FOUND)
        assert fault(refusal(db, "PutItem", {**name, "Item": item(1)})) == (RNF, NOT_FOUND)
        assert fault(refusal(db, "UpdateTable", update(table))) == in_use("created", table)
        assert fault(refusal(db, "DeleteTable", name)) == in_use("created", table)
        again = {
            **name,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        assert fault(refusal(db, "CreateTable", again)) == (IN_USE, f"Table already exists: {table}")

    while_passing(db, "CREATING", lambda: created(db), look)


@fact("tables.26", "tables.30", "tables.31", "tables.33")
def test_a_table_in_updating_takes_items_and_tags_but_no_other_update(db: Any) -> None:
    def begin() -> str:
        table = active(db)
        answer = call(db, "UpdateTable", update(table))["TableDescription"]
        assert (answer["TableStatus"], answer.get("StreamSpecification")) == ("UPDATING", None)
        return table

    def look(table: str) -> str:
        db.put_item(TableName=table, Item=item(1))
        assert "Item" in db.get_item(TableName=table, Key=item(1), ConsistentRead=True)
        described = db.describe_table(TableName=table)["Table"]
        assert "StreamSpecification" not in described
        db.tag_resource(ResourceArn=described["TableArn"], Tags=[{"Key": "k", "Value": "v"}])
        change = {"TableName": table, "DeletionProtectionEnabled": True}
        assert fault(refusal(db, "UpdateTable", change)) == in_use("updated", table)
        assert fault(refusal(db, "DeleteTable", {"TableName": table})) == in_use("updated", table)
        return table

    table = while_passing(db, "UPDATING", begin, look)
    wait_until(lambda: status(db, table) == "ACTIVE", "the table is ACTIVE", WAIT_S)
    described = db.describe_table(TableName=table)["Table"]
    assert described["StreamSpecification"] == STREAM
    assert described["DeletionProtectionEnabled"] is False
    tags = db.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]


@fact("tables.27", "tables.29", "tables.31", "tables.34", "tables.35")
def test_a_table_in_deleting_is_shown_and_otherwise_gone(db: Any) -> None:
    def begin() -> str:
        table = active(db)
        assert db.delete_table(TableName=table)["TableDescription"]["TableStatus"] == "DELETING"
        return table

    def look(table: str) -> str:
        name = {"TableName": table}
        assert fault(refusal(db, "PutItem", {**name, "Item": item(1)})) == (RNF, NOT_FOUND)
        assert fault(refusal(db, "UpdateTable", update(table))) == in_use("deleted", table)
        assert db.delete_table(**name)["TableDescription"]["TableStatus"] == "DELETING"
        assert table in db.list_tables()["TableNames"]
        return table

    table = while_passing(db, "DELETING", begin, look)
    wait_until(lambda: status(db, table) is None, "the table is gone", WAIT_S)
    assert table not in db.list_tables()["TableNames"]


@fact("ttl.9")
def test_time_to_live_changes_once_an_hour(server: Server, db: Any) -> None:
    table = active(db)

    def change(enabled: bool) -> dict[str, Any]:
        specification = {"Enabled": enabled, "AttributeName": "at"}
        return {"TableName": table, "TimeToLiveSpecification": specification}

    db.update_time_to_live(**change(True))
    told = fault(refusal(db, "UpdateTimeToLive", change(False)))
    assert told == (VE, "Time to live has been modified multiple times within a fixed interval")
    assert fault(refusal(db, "UpdateTimeToLive", change(True))) == (VE, "TimeToLive is already enabled")
    server.change("clock", advance="1h")
    db.update_time_to_live(**change(False))
