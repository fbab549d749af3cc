"""Faults as a user meets them: asked for over HTTP, seen by boto3."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from dynamodb import clients
from dynamodb.calls import fault as code_and_text
from dynamodb.calls import item, refusal
from dynamodb.server import Server, serving, wait_until

TABLE = "orders"
ON_DEMAND = "Throughput exceeds the current capacity of your table or index."
PROVISIONED = "The level of configured provisioned throughput for the table was exceeded."


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        connection = clients.connect(running.url)
        clients.create_table(connection, TABLE, sort_type="N")
        clients.create_table(connection, "other", sort_type="N")
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture
def db(server: Server) -> Iterator[Any]:
    """A client that does not retry; no fault outlives a test, nor does an item."""
    client = clients.connect(server.url)
    yield client
    server.remove("faults")
    for name in (TABLE, "other"):
        for each in clients.every_item(client.scan, TableName=name):
            client.delete_item(TableName=name, Key={key: each[key] for key in ("pk", "sk")})


def patient(server: Server) -> Any:
    """A client as users have it, which retries."""
    retries = {"total_max_attempts": 5, "mode": "standard"}
    return boto3.client(
        "dynamodb",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries=retries),
    )


def listed(server: Server, id_: str) -> dict[str, Any]:
    return next(each for each in server.view("faults")["faults"] if each["id"] == id_)


def put(db: Any, sk: int, table: str = TABLE) -> Any:
    return db.put_item(TableName=table, Item=item(sk))


def get(db: Any, sk: int, **more: Any) -> Any:
    return db.get_item(TableName=TABLE, Key=item(sk), **more).get("Item")


# -- requests -------------------------------------------------------------------------------------------------


def test_a_throttle_names_what_was_exceeded_and_where(server: Server, db: Any) -> None:
    server.change("faults", verb="throttle", table=TABLE, operation="PutItem")
    error = refusal(db, "PutItem", {"TableName": TABLE, "Item": item(1)})
    code, text = code_and_text(error)
    assert (code, text.startswith(ON_DEMAND)) == ("ThrottlingException", True)
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}"
    expected = [{"reason": "TableWriteKeyRangeThroughputExceeded", "resource": arn}]
    assert error.response["throttlingReasons"] == expected
    assert get(db, 1) is None
    put(db, 1, "other")


def test_a_throttle_of_a_provisioned_table_is_another_error(server: Server, db: Any) -> None:
    server.change("faults", verb="throttle", table=TABLE, error="ProvisionedThroughputExceededException")
    error = refusal(db, "GetItem", {"TableName": TABLE, "Key": item(1)})
    code, text = code_and_text(error)
    assert (code, text.startswith(PROVISIONED)) == ("ProvisionedThroughputExceededException", True)
    reasons = error.response["ThrottlingReasons"]
    assert [reason["reason"] for reason in reasons] == ["TableReadProvisionedThroughputExceeded"]


def test_a_client_that_retries_gets_over_a_throttle(server: Server, db: Any) -> None:
    id_ = server.change("faults", verb="throttle", table=TABLE, count=2)["id"]
    answer = put(patient(server), 1)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert (listed(server, id_)["fired"], listed(server, id_)["matched"]) == (2, 3)


def test_a_seed_throttles_the_same_requests_again(server: Server, db: Any) -> None:
    def fate() -> list[bool]:
        id_ = server.change("faults", verb="throttle", table=TABLE, probability=0.5, seed=7)["id"]
        fates = []
        for sk in range(20):
            try:
                put(db, sk)
                fates.append(True)
            except ClientError:
                fates.append(False)
        server.remove(f"faults/{id_}")
        return fates

    first = fate()
    assert {True, False} == set(first)
    assert fate() == first


def test_a_fault_of_a_key_is_of_no_other(server: Server, db: Any) -> None:
    server.change("faults", verb="throttle", table=TABLE, key=item(2))
    put(db, 1)
    refusal(db, "PutItem", {"TableName": TABLE, "Item": item(2, x={"S": "x"})})


def test_a_throttled_item_of_a_batch_stays_unprocessed(server: Server, db: Any) -> None:
    server.change("faults", verb="throttle", table=TABLE, key=item(2))
    writes = [{"PutRequest": {"Item": item(sk)}} for sk in range(4)]
    assert db.batch_write_item(RequestItems={TABLE: writes})["UnprocessedItems"] == {TABLE: [writes[2]]}
    answer = db.batch_get_item(
        RequestItems={TABLE: {"Keys": [item(1), item(2), item(3)], "ConsistentRead": True}}
    )
    assert sorted(each["sk"]["N"] for each in answer["Responses"][TABLE]) == ["1", "3"]
    assert answer["UnprocessedKeys"] == {TABLE: {"Keys": [item(2)], "ConsistentRead": True}}
    refusal(db, "BatchWriteItem", {"RequestItems": {TABLE: [writes[2]]}})


def test_the_last_items_of_a_batch_stay_unprocessed(server: Server, db: Any) -> None:
    server.change("faults", verb="unprocessed", items=3, count=1)
    writes = [{"PutRequest": {"Item": item(sk)}} for sk in range(10)]
    request = {"RequestItems": {TABLE: writes}}
    assert db.batch_write_item(**request)["UnprocessedItems"] == {TABLE: writes[7:]}
    assert len(clients.every_item(db.scan, TableName=TABLE)) == 7
    assert db.batch_write_item(**request)["UnprocessedItems"] == {}


def test_failing_before_does_nothing(server: Server, db: Any) -> None:
    server.change("faults", verb="fail_before", operation="PutItem", count=1)
    error = refusal(db, "PutItem", {"TableName": TABLE, "Item": item(1)})
    assert code_and_text(error)[0] == "InternalServerError"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert get(db, 1) is None


def test_failing_after_has_done_it(server: Server, db: Any) -> None:
    server.change("faults", verb="fail_after", operation="PutItem", error="ServiceUnavailable", count=1)
    error = refusal(db, "PutItem", {"TableName": TABLE, "Item": item(1)})
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert get(db, 1) == item(1)


def test_a_retry_after_a_failure_that_did_it_counts_twice(server: Server, db: Any) -> None:
    """What users meet in production: the SDK retries an effect that had happened."""
    server.change("faults", verb="fail_after", operation="UpdateItem", count=1)
    answer = patient(server).update_item(
        TableName=TABLE,
        Key=item(1),
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="UPDATED_NEW",
    )
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert answer["Attributes"] == {"n": {"N": "2"}}


def test_a_dropped_reply_has_done_it(server: Server, db: Any) -> None:
    server.change("faults", verb="drop_reply", operation="PutItem", count=1)
    with pytest.raises(ConnectionClosedError):
        put(db, 1)
    assert get(db, 1) == item(1)


def test_a_conflict_is_what_a_running_transaction_would_answer(server: Server, db: Any) -> None:
    server.change("faults", verb="conflict", table=TABLE)
    error = refusal(db, "DeleteItem", {"TableName": TABLE, "Key": item(1)})
    assert code_and_text(error) == ("TransactionConflictException", "Transaction is ongoing for the item")
    assert get(db, 1) is None  # reads never conflict


@pytest.mark.parametrize(("limit", "pages"), [({"items": 3}, [3, 3, 3, 1]), ({"bytes": 18}, [3, 3, 3, 1])])
def test_pages_may_be_small(server: Server, db: Any, limit: dict[str, int], pages: list[int]) -> None:
    clients.load(db, TABLE, [item(sk) for sk in range(10)])
    server.change("faults", verb="small_pages", table=TABLE, **limit)
    request = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }
    seen = clients.every_page(db.query, **request)
    assert [page["Count"] for page in seen if page["Count"]] == pages
    assert [each["sk"]["N"] for page in seen for each in page["Items"]] == [str(sk) for sk in range(10)]
    assert len(clients.every_page(db.scan, TableName=TABLE)) >= 4


def test_a_delay_holds_a_request(server: Server, db: Any) -> None:
    server.change("faults", verb="delay", operation="GetItem", ms=150)
    begin = time.monotonic()
    get(db, 1)
    assert time.monotonic() - begin >= 0.15


@pytest.fixture
def at_home(server: Server, db: Any) -> None:
    """All partitions are led by n1, where leadership returns to after every disturbance."""
    wait_until(
        lambda: {each["leader"] for each in server.view("cluster")["partitions"]} == {"n1"},
        "n1 leads all",
        10.0,
    )


# -- nodes ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("at_home")
def test_a_parted_leader_is_followed_by_another_and_comes_back(server: Server, db: Any) -> None:
    put(db, 1)
    server.change("faults", verb="partition", groups=[["n1"], ["n2", "n3"]], seconds=1.5)
    eventually = patient(server)
    for sk in range(2, 6):
        eventually.put_item(TableName=TABLE, Item=item(sk))
    assert [get(eventually, sk, ConsistentRead=True) for sk in range(1, 6)] == [
        item(sk) for sk in range(1, 6)
    ]


@pytest.mark.usefixtures("at_home")
def test_an_isolated_follower_does_not_stop_writes(server: Server, db: Any) -> None:
    server.change("faults", verb="isolate", node="n3")
    put(db, 1)
    assert get(db, 1, ConsistentRead=True) == item(1)


@pytest.mark.usefixtures("at_home")
def test_a_paused_follower_does_not_stop_writes_and_catches_up(server: Server, db: Any) -> None:
    id_ = server.change("faults", verb="pause", node="n2")["id"]
    for sk in range(5):
        put(db, sk)
    server.remove(f"faults/{id_}")
    assert len(clients.every_item(db.scan, TableName=TABLE, ConsistentRead=True)) == 5


@pytest.mark.usefixtures("at_home")
def test_a_paused_gateway_answers_when_it_goes_on(server: Server, db: Any) -> None:
    put(db, 1)
    server.change("faults", verb="pause", node="n1", seconds=0.3)
    begin = time.monotonic()
    assert get(db, 1) == item(1)
    assert time.monotonic() - begin >= 0.2


@pytest.mark.usefixtures("at_home")
def test_slow_frames_slow_writes(server: Server, db: Any) -> None:
    server.change("faults", verb="delay", **{"from": "n1"}, ms=40)
    begin = time.monotonic()
    put(db, 1)
    assert time.monotonic() - begin >= 0.04


def test_lost_frames_are_sent_again(server: Server, db: Any) -> None:
    id_ = server.change("faults", verb="drop", to="n3", probability=0.5, seed=3)["id"]
    for sk in range(20):
        put(db, sk)
    assert listed(server, id_)["fired"] > 0
    assert len(clients.every_item(db.scan, TableName=TABLE, ConsistentRead=True)) == 20


@pytest.mark.usefixtures("at_home")
def test_leadership_goes_where_it_is_told(server: Server, db: Any) -> None:
    put(db, 1)
    moved = server.change("faults", verb="transfer", table=TABLE, to="n2", key=item(1))
    partition = next(
        each for each in server.view("cluster")["partitions"] if each["id"] == moved["partitions"][0]
    )
    assert (partition["table"], moved["leader"]) == (TABLE, "n2")
    assert get(db, 1, ConsistentRead=True) == item(1)


def test_repair_ends_what_is_between_nodes_and_nothing_else(server: Server, db: Any) -> None:
    throttle = server.change("faults", verb="throttle", table=TABLE)["id"]
    isolated = server.change("faults", verb="isolate", node="n3")["id"]
    assert server.change("faults", verb="repair") == {"removed": [isolated]}
    assert [each["id"] for each in server.view("faults")["faults"]] == [throttle]


# -- time -----------------------------------------------------------------------------------------------------


def test_the_clock_goes_forward_for_what_users_see_of_it(server: Server, db: Any, name: str) -> None:
    before = server.view("clock")["offset_s"]
    assert server.change("clock", advance="3d")["offset_s"] == before + 3 * 86_400
    created = clients.create_table(db, name)["TableDescription"]["CreationDateTime"].timestamp()
    assert abs(created - time.time() - before - 3 * 86_400) < 60
    db.delete_table(TableName=name)


# -- what makes no sense --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"verb": "melt"}, "unknown verb 'melt'; known are throttle, "),
        ({"verb": "throttle", "color": "red"}, "throttle takes table, index, operation, key, "),
        ({"verb": "throttle", "probability": 2}, "probability of throttle is a number from 0 to 1, not 2"),
        ({"verb": "throttle", "seed": 2}, "seed of throttle is for a probability"),
        ({"verb": "throttle", "error": "Oops"}, "error of throttle is one of "),
        ({"verb": "throttle", "reason": "Oops"}, "reason of throttle is one of "),
        ({"verb": "throttle", "count": 0}, "count of throttle is a whole number from 1, not 0"),
        ({"verb": "throttle", "key": "k"}, "key of throttle is an item's key in DynamoDB JSON, not 'k'"),
        ({"verb": "small_pages"}, "small_pages needs items or bytes"),
        ({"verb": "stale_reads"}, "stale_reads needs lag_ms"),
        ({"verb": "index_lag", "index": "by-n"}, "index_lag needs lag_ms"),
        (
            {"verb": "index_lag", "lag_ms": 1, "operation": "Query"},
            "index_lag takes table, index, seconds, lag_ms, not 'operation'",
        ),
        ({"verb": "isolate", "node": "n9"}, "unknown node 'n9'; known are n1, n2, n3"),
        ({"verb": "crash"}, "crash needs node"),
        ({"verb": "restart", "node": "n1"}, "n1 is alive"),
        (
            {"verb": "partition", "groups": "n1"},
            "groups of partition is two or more lists of nodes, not 'n1'",
        ),
        ({"verb": "transfer", "table": "no.such", "to": "n2"}, "there is no table 'no.such'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(server: Server, body: dict[str, Any], text: str) -> None:
    status, answer = server.try_change("faults", **body)
    assert status == 400
    assert answer["error"].startswith(text), answer
    assert server.view("faults")["faults"] == []


def test_a_clock_does_not_go_back(server: Server) -> None:
    for advance in ("-3d", "3 days", -1, None, True):
        assert server.try_change("clock", advance=advance)[0] == 400


def test_a_fault_that_is_not_there_cannot_be_removed(server: Server) -> None:
    assert server.try_change("faults/f0", method="DELETE") == (400, {"error": "there is no fault 'f0'"})


# -- the past -------------------------------------------------------------------------------------------------


def test_a_stale_read_sees_what_was_there_and_a_strong_one_what_is(server: Server, db: Any) -> None:
    db.put_item(TableName=TABLE, Item=item(1, n={"N": "1"}))
    db.put_item(TableName=TABLE, Item=item(2))
    server.change("faults", verb="stale_reads", table=TABLE, lag_ms=30_000)
    db.put_item(TableName=TABLE, Item=item(1, n={"N": "2"}))
    db.put_item(TableName=TABLE, Item=item(1, n={"N": "3"}))
    db.delete_item(TableName=TABLE, Key=item(2))
    db.put_item(TableName=TABLE, Item=item(3))
    then, now = [item(1, n={"N": "1"}), item(2)], [item(1, n={"N": "3"}), item(3)]
    by_key = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }
    for forward in (True, False):
        step = 1 if forward else -1
        stale = clients.every_item(db.query, **by_key, ScanIndexForward=forward, Limit=1)
        assert stale == then[::step]
        fresh = clients.every_item(db.query, **by_key, ScanIndexForward=forward, ConsistentRead=True)
        assert fresh == now[::step]
    assert clients.every_item(db.scan, TableName=TABLE) == then
    assert [get(db, sk) for sk in (1, 2, 3)] == [*then, None]
    assert [get(db, sk, ConsistentRead=True) for sk in (1, 2, 3)] == [now[0], None, now[1]]
    request = {TABLE: {"Keys": [item(1), item(3)]}}
    assert db.batch_get_item(RequestItems=request)["Responses"][TABLE] == [then[0]]


def test_a_stale_read_catches_up(server: Server, db: Any) -> None:
    put(db, 1)
    server.change("faults", verb="stale_reads", table=TABLE, lag_ms=2_000)
    db.put_item(TableName=TABLE, Item=item(1, n={"N": "1"}))
    begin = time.monotonic()
    assert get(db, 1) == item(1)
    wait_until(lambda: get(db, 1) == item(1, n={"N": "1"}), "the read has caught up", 20.0)
    assert time.monotonic() - begin > 1.9


def test_conditions_and_updates_never_see_the_past(server: Server, db: Any) -> None:
    put(db, 1)
    server.change("faults", verb="stale_reads", lag_ms=30_000)
    for _ in range(3):
        answer = db.update_item(
            TableName=TABLE,
            Key=item(1),
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
    assert answer["Attributes"] == item(1, n={"N": "3"})
    assert get(db, 1) == item(1)


# -- global indexes -------------------------------------------------------------------------------------------


@pytest.fixture
def indexed(db: Any) -> Iterator[str]:
    """A table with two global indexes, by the number n and by the string s."""
    attributes = {"pk": "S", "n": "N", "s": "S"}
    db.create_table(
        TableName="indexed",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": a, "AttributeType": t} for a, t in attributes.items()],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": f"by-{name}",
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name in ("n", "s")
        ],
    )
    yield "indexed"
    db.delete_table(TableName="indexed")


def found(db: Any, table: str, index: str) -> list[Any]:
    return sorted(each["pk"]["S"] for each in clients.every_item(db.scan, TableName=table, IndexName=index))


def test_a_lagging_index_learns_later_and_reads_of_it_do_not_wait(
    server: Server, db: Any, indexed: str
) -> None:
    def put_indexed(pk: str) -> None:
        db.put_item(TableName=indexed, Item={"pk": {"S": pk}, "n": {"N": "1"}, "s": {"S": "x"}})

    put_indexed("a")
    fault = server.change("faults", verb="index_lag", table=indexed, index="by-n", lag_ms=3_000)["id"]
    assert found(db, indexed, "by-n") == ["a"]
    begin = time.monotonic()
    put_indexed("b")
    assert found(db, indexed, "by-s") == ["a", "b"]
    assert found(db, indexed, "by-n") == ["a"]
    wait_until(lambda: found(db, indexed, "by-n") == ["a", "b"], "the index has caught up", 20.0)
    assert time.monotonic() - begin > 2.9
    assert listed(server, fault)["fired"] >= 1
    server.change("faults", verb="index_lag", lag_ms=60_000)
    put_indexed("c")
    assert (found(db, indexed, "by-n"), found(db, indexed, "by-s")) == (["a", "b"], ["a", "b"])
    server.remove("faults")
    assert found(db, indexed, "by-n") == found(db, indexed, "by-s") == ["a", "b", "c"]
