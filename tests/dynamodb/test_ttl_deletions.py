"""What has expired is deleted: on servers of their own, whose clocks are advanced."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dynamodb import clients
from dynamodb.calls import item
from dynamodb.facts import fact
from dynamodb.indexed import declaration
from dynamodb.server import Server, serving, wait_until

HOUR_S, DAY_S = 3600, 86_400
YEAR_S = 365 * DAY_S
TABLE = "sessions"
SETTLED_S = 15.0  # what takes two seconds, on a machine whose processors are shared
WAIT_S = 20.0


@pytest.fixture(scope="module")
def settled() -> Iterator[Server]:
    with serving("--partitions", "2") as running:
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture(scope="module")
def realistic() -> Iterator[Server]:
    with serving("--mode", "realistic") as running:
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture
def db(settled: Server) -> Iterator[Any]:
    client = clients.connect(settled.url)
    clients.create_table(client, TABLE, sort_type="N")
    yield client
    settled.change("reset")


@pytest.fixture
def slow(realistic: Server) -> Iterator[Any]:
    client = clients.connect(realistic.url)
    clients.create_table(client, TABLE, sort_type="N")
    wait_until(lambda: status(client) == "ACTIVE", "the table is ACTIVE", WAIT_S)
    yield client
    realistic.change("reset")


def status(db: Any) -> Any:
    return db.describe_table(TableName=TABLE)["Table"]["TableStatus"]


def change(db: Any, enabled: bool, attribute: str = "at") -> None:
    db.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute}
    )


def shown(db: Any) -> dict[str, str]:
    description: dict[str, str] = db.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    return description


def expiring(sk: int, in_s: float, pk: str = "a", **more: Any) -> dict[str, Any]:
    """An item that expires so many seconds from now."""
    return item(sk, pk, at={"N": str(int(time.time() + in_s))}, **more)


def held(db: Any, table: str = TABLE, **more: Any) -> set[str]:
    items = clients.every_item(db.scan, TableName=table, **more)
    return {f"{each['pk']['S']}{each['sk']['N']}" for each in items}


def eventually(db: Any, keys: set[str], seconds: float = SETTLED_S) -> None:
    wait_until(lambda: held(db) == keys, f"the table holds {sorted(keys)}", seconds)


AT: dict[str, tuple[Callable[[int], dict[str, Any]], bool]] = {
    "seconds past": (lambda now: {"N": str(now - 10)}, True),
    "seconds that come to pass": (lambda now: {"N": str(now + HOUR_S - 60)}, True),
    "a fraction": (lambda now: {"N": f"{now - 10}.5"}, True),
    "nearly five years past": (lambda now: {"N": str(now - 5 * YEAR_S + DAY_S)}, True),
    "seconds to come": (lambda now: {"N": str(now + HOUR_S + 60)}, False),
    "milliseconds": (lambda now: {"N": f"{now - 10}000"}, False),
    "more than five years past": (lambda now: {"N": str(now - 5 * YEAR_S - DAY_S)}, False),
    "zero": (lambda now: {"N": "0"}, False),
    "below zero": (lambda now: {"N": f"-{now}"}, False),
    "very much": (lambda now: {"N": "9" * 38 + "0" * 80}, False),
    "a string": (lambda now: {"S": str(now - 10)}, False),
    "a set": (lambda now: {"NS": [str(now - 10)]}, False),
    "a list": (lambda now: {"L": [{"N": str(now - 10)}]}, False),
    "a map": (lambda now: {"M": {"at": {"N": str(now - 10)}}}, False),
    "null": (lambda now: {"NULL": True}, False),
}


@fact("ttl.13", "ttl.15", "ttl.16")
def test_an_item_goes_when_a_number_of_seconds_is_past(settled: Server, db: Any) -> None:
    now = int(time.time())
    change(db, True)
    clients.load(db, TABLE, [item(1, name, at=at(now)) for name, (at, _) in AT.items()])
    clients.load(db, TABLE, [item(1, "none"), item(1, "inside", m={"M": {"at": {"N": str(now - 10)}}})])
    settled.change("clock", advance=f"{HOUR_S}s")
    stays = {name for name, (_, goes) in AT.items() if not goes}
    assert held(db) == {f"{name}1" for name in (*stays, "none", "inside")}


def test_where_things_are_settled_an_item_goes_within_seconds(db: Any) -> None:
    change(db, True)
    clients.load(db, TABLE, [expiring(1, 0), expiring(2, -HOUR_S), expiring(3, 2), expiring(4, DAY_S)])
    eventually(db, {"a4"})


@fact("ttl.20", "ttl.12")
def test_what_was_there_before_goes_too_whatever_the_attribute(db: Any) -> None:
    now = int(time.time())
    clients.load(db, TABLE, [item(now - 10), item(now + DAY_S), item(1), expiring(2, -10)])
    assert held(db) == {f"a{now - 10}", f"a{now + DAY_S}", "a1", "a2"}
    change(db, True, "sk")
    eventually(db, {f"a{now + DAY_S}", "a1", "a2"})
    change(db, False, "sk")
    change(db, True, "at")
    eventually(db, {f"a{now + DAY_S}", "a1"})


@fact("ttl.21")
def test_what_is_disabled_deletes_nothing(settled: Server, db: Any) -> None:
    change(db, True)
    clients.load(db, TABLE, [expiring(1, DAY_S), expiring(2, 3 * DAY_S)])
    change(db, False)
    settled.change("clock", advance="2d")
    assert held(db) == {"a1", "a2"}
    change(db, True, "other")
    settled.change("clock", advance="2d")
    assert held(db) == {"a1", "a2"}


def test_an_advance_of_the_clock_answers_when_all_is_gone_that_is_due(settled: Server, db: Any) -> None:
    change(db, True)
    items = [expiring(sk, DAY_S + sk % 3 * DAY_S, f"p{sk % 5}") for sk in range(1500)]
    clients.load(db, TABLE, items)
    for left in (1000, 500, 0):
        settled.change("clock", advance="1d")
        assert db.scan(TableName=TABLE, Select="COUNT", ConsistentRead=True)["Count"] == left


@fact("ttl.19")
def test_entries_of_indexes_go_with_their_items(settled: Server, db: Any) -> None:
    db.create_table(
        TableName="indexed",
        **{
            **declaration({}, "N"),
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": code}
                for name, code in (("pk", "S"), ("sk", "N"), ("s", "S"))
            ],
            "LocalSecondaryIndexes": [
                {
                    "IndexName": "local",
                    "KeySchema": [
                        {"AttributeName": "pk", "KeyType": "HASH"},
                        {"AttributeName": "s", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "global",
                    "KeySchema": [{"AttributeName": "s", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        },
    )
    db.update_time_to_live(
        TableName="indexed", TimeToLiveSpecification={"Enabled": True, "AttributeName": "at"}
    )
    items = [expiring(sk, (1 + sk % 2) * DAY_S, f"p{sk % 3}", s={"S": f"s{sk}"}) for sk in range(40)]
    clients.load(db, "indexed", items)
    settled.change("clock", advance=f"{DAY_S + 60}s")
    left = {f"p{sk % 3}{sk}" for sk in range(40) if sk % 2}
    assert held(db, "indexed") == left
    assert held(db, "indexed", IndexName="local") == left
    assert held(db, "indexed", IndexName="global") == left


def test_a_restored_table_expires_again(settled: Server, db: Any) -> None:
    change(db, True)
    clients.load(db, TABLE, [expiring(1, DAY_S), expiring(2, 3 * DAY_S)])
    copied = settled.change("snapshot")["id"]
    settled.change("clock", advance="2d")
    assert held(db) == {"a2"}
    settled.change("restore", id=copied)
    assert shown(db) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "at"}
    eventually(db, {"a2"})
    settled.change("clock", advance="2d")
    assert held(db) == set()


@fact("ttl.14", "ttl.18", "ttl.17")
def test_an_expired_item_shows_until_it_goes_some_minutes_later(realistic: Server, slow: Any) -> None:
    change(slow, True)
    wait_until(lambda: shown(slow)["TimeToLiveStatus"] == "ENABLED", "it is enabled", WAIT_S)
    items = [expiring(sk, -10) for sk in range(4)]
    clients.load(slow, TABLE, items)
    key = {"pk": {"S": "a"}, "sk": {"N": "0"}}
    assert slow.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"] == items[0]
    query = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    assert slow.query(TableName=TABLE, ConsistentRead=True, **query)["Items"] == items
    assert held(slow, ConsistentRead=True) == {"a0", "a1", "a2", "a3"}

    def update(sk: int, expression: str, **more: Any) -> None:
        slow.update_item(
            TableName=TABLE, Key=item(sk), UpdateExpression=expression, **{k: v for k, v in more.items() if v}
        )

    names = {"#at": "at"}
    update(0, "REMOVE #at", ExpressionAttributeNames=names)
    later = {":later": {"N": str(int(time.time()) + DAY_S)}}
    update(1, "SET #at = :later", ExpressionAttributeNames=names, ExpressionAttributeValues=later)
    update(2, "SET x = :x", ExpressionAttributeValues={":x": {"S": "still here"}})
    assert held(slow, ConsistentRead=True) == {"a0", "a1", "a2", "a3"}
    realistic.change("clock", advance="1h")
    eventually(slow, {"a0", "a1"})


@fact("ttl.11")
def test_a_change_takes_a_moment(realistic: Server, slow: Any) -> None:
    change(slow, True)
    assert shown(slow) == {"TimeToLiveStatus": "ENABLING", "AttributeName": "at"}
    wait_until(lambda: shown(slow)["TimeToLiveStatus"] != "ENABLING", "it is enabled", WAIT_S)
    assert shown(slow) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "at"}
    realistic.change("clock", advance="1h")
    change(slow, False)
    assert shown(slow) == {"TimeToLiveStatus": "DISABLING", "AttributeName": "at"}
    wait_until(lambda: shown(slow)["TimeToLiveStatus"] != "DISABLING", "it is disabled", WAIT_S)
    assert shown(slow) == {"TimeToLiveStatus": "DISABLED"}
