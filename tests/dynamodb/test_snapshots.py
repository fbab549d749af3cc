"""Snapshots of all tables, and putting them back, as a suite of tests would use them; and reset."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynamodb import clients
from dynamodb.calls import EVERY_TYPE, item
from dynamodb.server import Server, serving


@pytest.fixture(scope="module", params=["1", "4"], ids=["one partition", "four partitions"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving("--partitions", request.param) as running:
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture
def db(server: Server) -> Iterator[Any]:
    yield clients.connect(server.url)
    server.change("reset")


def contents(db: Any, table: str) -> list[Any]:
    found = clients.every_item(db.scan, TableName=table, ConsistentRead=True)
    return sorted((each for each in found), key=lambda each: (each["pk"]["S"], float(each["sk"]["N"])))


def test_what_was_copied_is_back_and_what_came_since_is_gone(server: Server, db: Any) -> None:
    clients.create_table(db, "orders", sort_type="N")
    clients.create_table(db, "dropped", sort_type="N")
    items = [item(sk, f"p{sk % 7}", **EVERY_TYPE) for sk in range(250)]
    clients.load(db, "orders", items)
    before = contents(db, "orders")
    id_ = server.change("snapshot")["id"]
    db.put_item(TableName="orders", Item=item(1000))
    db.delete_item(TableName="orders", Key=item(0, "p0"))
    db.delete_table(TableName="dropped")
    clients.create_table(db, "new", sort_type="N")
    for _ in range(2):
        server.change("restore", id=id_)
        assert sorted(db.list_tables()["TableNames"]) == ["dropped", "orders"]
        assert contents(db, "orders") == before
        assert contents(db, "dropped") == []
        db.put_item(TableName="orders", Item=item(1000))
    assert {each["name"] for each in server.view("cluster")["tables"]} == {"dropped", "orders"}


def test_settings_of_a_table_come_back_and_its_id_does_not(server: Server, db: Any) -> None:
    created = clients.create_table(db, "orders", TableClass="STANDARD_INFREQUENT_ACCESS")["TableDescription"]
    server.change("restore", id=server.change("snapshot")["id"])
    table = db.describe_table(TableName="orders")["Table"]
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert (table["TableStatus"], table["CreationDateTime"]) == ("ACTIVE", created["CreationDateTime"])
    assert table["TableId"] != created["TableId"]


def test_a_snapshot_is_of_one_moment(server: Server, db: Any) -> None:
    """Two items that are always written a before b: no copy has b without its a."""
    clients.create_table(db, "orders", sort_type="N")
    stop = threading.Event()
    count = 0

    def write() -> None:
        nonlocal count
        writer = clients.connect(server.url)
        while not stop.is_set():
            for pk in ("a", "b"):
                writer.put_item(TableName="orders", Item=item(count, pk))
            count += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        ids = [server.change("snapshot")["id"] for _ in range(10)]
    finally:
        stop.set()
        thread.join()
    for id_ in ids:
        server.change("restore", id=id_)
        found = contents(db, "orders")
        firsts = {each["sk"]["N"] for each in found if each["pk"]["S"] == "a"}
        seconds = {each["sk"]["N"] for each in found if each["pk"]["S"] == "b"}
        assert seconds <= firsts
        assert len(firsts) - len(seconds) <= 1


def test_whoever_asks_while_tables_are_put_back_gets_what_may_be_retried(server: Server, db: Any) -> None:
    clients.create_table(db, "orders", sort_type="N")
    clients.load(db, "orders", [item(sk) for sk in range(200)])
    id_ = server.change("snapshot")["id"]
    stop = threading.Event()
    codes: set[str] = set()

    def ask() -> None:
        reader = clients.connect(server.url)
        while not stop.is_set():
            try:
                reader.get_item(TableName="orders", Key=item(1))
                reader.put_item(TableName="orders", Item=item(1))
            except ClientError as error:
                codes.add(error.response["Error"]["Code"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            server.change("restore", id=id_)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert codes <= {"InternalServerError"}
    assert len(contents(db, "orders")) == 200


def test_a_snapshot_may_be_of_one_account_and_region(server: Server, db: Any) -> None:
    clients.create_table(db, "orders", sort_type="N")
    mine = server.change("snapshot", account="000000000000", region="us-east-1")["id"]
    others = server.change("snapshot", account="111111111111")["id"]
    db.put_item(TableName="orders", Item=item(1))
    server.change("restore", id=others)
    assert contents(db, "orders") == [item(1)]
    server.change("restore", id=mine)
    assert contents(db, "orders") == []


def test_a_reset_drops_tables_faults_snapshots_and_the_advance_of_the_clock(server: Server, db: Any) -> None:
    clients.create_table(db, "orders", sort_type="N")
    id_ = server.change("snapshot")["id"]
    server.change("faults", verb="throttle")
    server.change("clock", advance="1d")
    server.change("reset")
    assert db.list_tables()["TableNames"] == []
    assert server.view("faults") == {"faults": []}
    assert server.view("clock") == {"offset_s": 0.0}
    assert server.try_change("restore", id=id_) == (400, {"error": f"there is no snapshot {id_!r}"})


def test_what_makes_no_sense_is_refused(server: Server) -> None:
    for body in ({}, {"id": 1}, {"id": "s1", "more": 1}):
        assert server.try_change("restore", **body)[0] == 400
    assert server.try_change("snapshot", color="red")[0] == 400
