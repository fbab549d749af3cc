"""Kinesis data stream destinations, and what they are told."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from dynamodb import clients
from dynamodb.calls import fault, refusal
from dynamodb.facts import fact
from dynamodb.kinesis import ARN, Kinesis, serving_kinesis
from dynamodb.server import Server, serving, wait_until

ORDERS, AUDIT, THIRD = (ARN + name for name in ("orders-stream", "audit-stream", "third-stream"))
WAIT_S = 20.0


@pytest.fixture(scope="module")
def kinesis() -> Iterator[Kinesis]:
    with serving_kinesis("orders-stream", "audit-stream", "third-stream") as running:
        yield running


@pytest.fixture(scope="module")
def server(kinesis: Kinesis) -> Iterator[Server]:
    with serving("--kinesis-endpoint", kinesis.url) as running:
        yield running
        assert running.stop() == 0, running.complaints()


@pytest.fixture
def db(server: Server, kinesis: Kinesis) -> Iterator[Any]:
    for records in kinesis.streams.values():
        records.clear()
    kinesis.calls.clear()
    yield clients.connect(server.url)
    server.remove("faults")
    kinesis.away, kinesis.failures = False, 0
    kinesis.throttled.clear()


@pytest.fixture
def orders(db: Any) -> Iterator[str]:
    name = f"orders-{uuid.uuid4().hex[:8]}"
    clients.create_table(db, name, sort_type="N")
    yield name
    db.delete_table(TableName=name)


def enable(db: Any, table: str, arn: str = ORDERS, precision: str | None = None) -> dict[str, Any]:
    more = (
        {}
        if precision is None
        else {"EnableKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": precision}}
    )
    answer: dict[str, Any] = db.enable_kinesis_streaming_destination(TableName=table, StreamArn=arn, **more)
    return answer


def destinations(db: Any, table: str) -> list[dict[str, Any]]:
    answer = db.describe_kinesis_streaming_destination(TableName=table)
    assert answer["TableName"] == table
    found: list[dict[str, Any]] = answer["KinesisDataStreamDestinations"]
    return found


def put(db: Any, table: str, sk: int, n: int = 0) -> None:
    db.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"N": str(sk)}, "n": {"N": str(n)}})


def told(kinesis: Kinesis, count: int, name: str = "orders-stream") -> list[dict[str, Any]]:
    """Wait for so many records, and return all."""
    wait_until(lambda: len(kinesis.streams[name]) >= count, f"{count} records in {name}", WAIT_S)
    return kinesis.records(name)


def counts(records: list[dict[str, Any]]) -> list[int]:
    return [int(record["dynamodb"]["NewImage"]["n"]["N"]) for record in records]


@fact("kinesis.1", "kinesis.2")
def test_a_destination_is_enabled_and_shown(db: Any, orders: str) -> None:
    assert destinations(db, orders) == []
    answer = enable(db, orders)
    answer.pop("ResponseMetadata")
    assert answer == {"TableName": orders, "StreamArn": ORDERS, "DestinationStatus": "ENABLING"}
    assert destinations(db, orders) == [
        {
            "StreamArn": ORDERS,
            "DestinationStatus": "ACTIVE",
            "ApproximateCreationDateTimePrecision": "MILLISECOND",
        }
    ]


@fact("kinesis.3", "kinesis.4", "kinesis.5")
def test_each_change_is_told_with_both_images(db: Any, orders: str, kinesis: Kinesis) -> None:
    enable(db, orders)
    begin = time.time()
    put(db, orders, 1, n=1)
    put(db, orders, 1, n=2)
    put(db, orders, 1, n=2)  # changes nothing
    db.delete_item(TableName=orders, Key={"pk": {"S": "a"}, "sk": {"N": "1"}})
    inserted, modified, removed = told(kinesis, 3)
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    item = {**key, "n": {"N": "1"}}
    at = inserted["dynamodb"].pop("ApproximateCreationDateTime")
    assert begin - 5 < at / 1000 < begin + 60
    uuid.UUID(inserted.pop("eventID"))
    assert inserted == {
        "awsRegion": "us-east-1",
        "eventName": "INSERT",
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": orders,
        "dynamodb": {"Keys": key, "NewImage": item, "SizeBytes": 17},
        "eventSource": "aws:dynamodb",
    }
    assert (modified["eventName"], modified["dynamodb"]["OldImage"]) == ("MODIFY", item)
    assert modified["dynamodb"]["NewImage"]["n"] == {"N": "2"}
    assert (removed["eventName"], "NewImage" in removed["dynamodb"]) == ("REMOVE", False)


@fact("kinesis.6")
def test_records_of_an_item_have_one_partition_key(db: Any, orders: str, kinesis: Kinesis) -> None:
    enable(db, orders)
    for sk in (1, 2, 1, 2):
        put(db, orders, sk, n=len(kinesis.calls) + sk * 1000 + int(time.time() * 1000) % 1000)
    told(kinesis, 2)
    keys = {(record["dynamodb"]["Keys"]["sk"]["N"], key) for key, record in kinesis.streams["orders-stream"]}
    assert len(keys) == 2


@fact("kinesis.7")
def test_microseconds_are_told_where_they_are_wanted(db: Any, orders: str, kinesis: Kinesis) -> None:
    answer = enable(db, orders, precision="MICROSECOND")
    configuration = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    assert answer["EnableKinesisStreamingConfiguration"] == configuration
    assert destinations(db, orders)[0]["ApproximateCreationDateTimePrecision"] == "MICROSECOND"
    put(db, orders, 1)
    [record] = told(kinesis, 1)
    assert record["dynamodb"]["ApproximateCreationDateTime"] > 10**15
    assert record["dynamodb"]["ApproximateCreationDateTimePrecision"] == "MICROSECOND"


@fact("kinesis.8", "kinesis.9")
def test_the_precision_is_updated(db: Any, orders: str, kinesis: Kinesis) -> None:
    enable(db, orders)
    configuration = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    request = {
        "TableName": orders,
        "StreamArn": ORDERS,
        "UpdateKinesisStreamingConfiguration": configuration,
    }
    answer = db.update_kinesis_streaming_destination(**request)
    answer.pop("ResponseMetadata")
    assert answer == {**request, "DestinationStatus": "UPDATING"}
    assert destinations(db, orders)[0] == {
        "StreamArn": ORDERS,
        "DestinationStatus": "ACTIVE",
        **configuration,
    }
    put(db, orders, 1)
    assert told(kinesis, 1)[0]["dynamodb"]["ApproximateCreationDateTime"] > 10**15
    code, text = fault(refusal(db, "UpdateKinesisStreamingDestination", request))
    assert code == "ValidationException"
    assert text.startswith("Precision is already set to the desired value of MICROSECOND")


@fact("kinesis.10", "kinesis.11")
def test_a_disabled_destination_is_told_no_more(db: Any, orders: str, kinesis: Kinesis) -> None:
    enable(db, orders)
    enable(db, orders, AUDIT)
    put(db, orders, 1, n=1)
    told(kinesis, 1)
    answer = db.disable_kinesis_streaming_destination(TableName=orders, StreamArn=ORDERS)
    assert (answer["StreamArn"], answer["DestinationStatus"]) == (ORDERS, "DISABLING")
    shown = {each["StreamArn"]: each["DestinationStatus"] for each in destinations(db, orders)}
    assert shown == {ORDERS: "DISABLED", AUDIT: "ACTIVE"}
    put(db, orders, 1, n=2)
    assert counts(told(kinesis, 2, "audit-stream")) == [1, 2]
    assert counts(kinesis.records("orders-stream")) == [1]
    enable(db, orders)
    put(db, orders, 1, n=3)
    assert counts(told(kinesis, 2)) == [1, 3]


@fact("kinesis.12", "kinesis.13", "kinesis.14")
def test_states_in_which_nothing_can_be_changed(db: Any, orders: str) -> None:
    request = {"TableName": orders, "StreamArn": ORDERS}
    disable = ("DisableKinesisStreamingDestination", request)
    not_active = "KinesisStreamingDestination must be ACTIVE to perform {} operation."
    prefix = "Table is not in a valid state to {} Kinesis Streaming Destination: "
    expected = ("ValidationException", prefix.format("disable") + not_active.format("DISABLE"))
    assert fault(refusal(db, *disable)) == expected
    code, text = fault(refusal(db, "UpdateKinesisStreamingDestination", request))
    assert (code, text) == ("ValidationException", prefix.format("update") + not_active.format("UPDATE"))
    enable(db, orders)
    code, text = fault(refusal(db, "EnableKinesisStreamingDestination", request))
    assert code == "ValidationException"
    assert text == (
        prefix.format("enable")
        + "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
    )


@fact("kinesis.15")
def test_a_table_has_two_destinations_at_most(db: Any, orders: str) -> None:
    enable(db, orders)
    enable(db, orders, AUDIT)
    request = {"TableName": orders, "StreamArn": THIRD}
    assert fault(refusal(db, "EnableKinesisStreamingDestination", request))[0] == "LimitExceededException"
    db.disable_kinesis_streaming_destination(TableName=orders, StreamArn=AUDIT)
    enable(db, orders, THIRD)
    shown = {each["StreamArn"]: each["DestinationStatus"] for each in destinations(db, orders)}
    assert shown == {ORDERS: "ACTIVE", AUDIT: "DISABLED", THIRD: "ACTIVE"}


@fact("kinesis.16")
@pytest.mark.parametrize("operation", ["Enable", "Disable", "Update", "Describe"])
def test_a_missing_table_is_named(db: Any, operation: str) -> None:
    request = {"TableName": "missing"} | ({} if operation == "Describe" else {"StreamArn": ORDERS})
    code, text = fault(refusal(db, f"{operation}KinesisStreamingDestination", request))
    assert code == "ResourceNotFoundException"
    assert text == "Requested resource not found: Table: missing not found"


@fact("kinesis.17")
def test_a_stream_that_is_not_there_fails(db: Any, orders: str) -> None:
    enable(db, orders, ARN + "nobody-made-it")
    [shown] = destinations(db, orders)
    assert shown["DestinationStatus"] == "ENABLE_FAILED"
    assert "ResourceNotFoundException" in shown["DestinationStatusDescription"]
    put(db, orders, 1)
    enable(db, orders)
    shown_now = {each["StreamArn"]: each["DestinationStatus"] for each in destinations(db, orders)}
    assert shown_now[ORDERS] == "ACTIVE"


def test_without_an_endpoint_it_fails_and_says_why() -> None:
    with serving("--nodes", "1") as running:
        client = clients.connect(running.url)
        clients.create_table(client, "orders", sort_type="N")
        enable(client, "orders")
        [shown] = destinations(client, "orders")
    assert shown["DestinationStatus"] == "ENABLE_FAILED"
    assert "--kinesis-endpoint" in shown["DestinationStatusDescription"]


@fact("kinesis.18")
def test_the_arn_has_a_form(db: Any, orders: str) -> None:
    code, text = fault(
        refusal(db, "EnableKinesisStreamingDestination", {"TableName": orders, "StreamArn": "stream"})
    )
    assert code == "ValidationException"
    assert "Value 'stream' at 'streamArn' failed to satisfy constraint" in text
    for arn in ("x" * 40, ARN.replace("kinesis", "firehose") + "orders", ARN + "no name"):
        request = {"TableName": orders, "StreamArn": arn}
        assert fault(refusal(db, "EnableKinesisStreamingDestination", request))[0] == "ValidationException"
    assert destinations(db, orders) == []


@fact("kinesis.19")
def test_a_stream_of_the_table_is_another_matter(db: Any, orders: str, kinesis: Kinesis) -> None:
    """Destinations know all images, whether the table has a stream or not, and whatever that shows."""
    put(db, orders, 1, n=1)
    enable(db, orders)
    put(db, orders, 1, n=2)
    db.update_table(
        TableName=orders, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    )
    put(db, orders, 1, n=3)
    db.update_table(TableName=orders, StreamSpecification={"StreamEnabled": False})
    put(db, orders, 1, n=4)
    records = told(kinesis, 3)
    assert counts(records) == [2, 3, 4]
    assert [record["dynamodb"]["OldImage"]["n"]["N"] for record in records] == ["1", "2", "3"]


@fact("kinesis.20")
def test_what_expired_is_told_as_such(server: Server, db: Any, orders: str, kinesis: Kinesis) -> None:
    enable(db, orders)
    specification = {"Enabled": True, "AttributeName": "at"}
    db.update_time_to_live(TableName=orders, TimeToLiveSpecification=specification)
    past = {"N": str(int(time.time()) - 60)}
    db.put_item(TableName=orders, Item={"pk": {"S": "a"}, "sk": {"N": "1"}, "at": past})
    _, removed = told(kinesis, 2)
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}


def test_requests_are_signed_for_kinesis(db: Any, orders: str, kinesis: Kinesis) -> None:
    enable(db, orders)
    headers = kinesis.headers[-1]
    assert "/us-east-1/kinesis/aws4_request" in headers["authorization"]
    assert headers["content-type"] == "application/x-amz-json-1.1"


# -- failures -------------------------------------------------------------------------------------------------


def last_of_each(records: list[dict[str, Any]]) -> dict[str, int]:
    return {
        record["dynamodb"]["Keys"]["sk"]["N"]: int(record["dynamodb"]["NewImage"]["n"]["N"])
        for record in records
    }


def in_order(records: list[dict[str, Any]]) -> bool:
    """Whether each item's changes came in their order, but for what came again with what follows it."""
    seen: dict[str, list[int]] = {}
    for record in records:
        seen.setdefault(record["dynamodb"]["Keys"]["sk"]["N"], []).extend(counts([record]))
    return all(later <= 1 + max(earlier) for values in seen.values() for earlier, later in prefixes(values))


def prefixes(values: list[int]) -> list[tuple[list[int], int]]:
    return [(values[:at], values[at]) for at in range(1, len(values))]


@fact("kinesis.21")
def test_what_is_not_taken_is_put_again_and_nothing_overtakes_it(
    db: Any, orders: str, kinesis: Kinesis
) -> None:
    enable(db, orders)
    kinesis.away = True
    for n in range(1, 6):
        for sk in (1, 2):
            put(db, orders, sk, n)
    wait_until(lambda: "PutRecords" in kinesis.calls, "it was tried", WAIT_S)
    kinesis.throttled += [{1, 4}, {0}]
    kinesis.away = False
    wait_until(
        lambda: last_of_each(kinesis.records("orders-stream")) == {"1": 5, "2": 5}, "all was told", WAIT_S
    )
    assert not kinesis.throttled
    assert in_order(kinesis.records("orders-stream"))


@fact("kinesis.22")
def test_leaders_move_while_records_are_on_their_way(
    server: Server, db: Any, orders: str, kinesis: Kinesis
) -> None:
    enable(db, orders)
    patient = boto3.client(
        "dynamodb",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 8, "mode": "standard"}),
    )
    for n in range(1, 61):
        if n == 10:
            kinesis.failures = 5
        if n in (20, 40):
            led = next(
                each["leader"] for each in server.view("cluster")["partitions"] if each["table"] == orders
            )
            server.change("faults", verb="crash", node=led)
            server.change("faults", verb="restart", node=led)
        put(patient, orders, 1 + n % 3, n)
    expected = {"1": 60, "2": 58, "3": 59}
    wait_until(lambda: last_of_each(kinesis.records("orders-stream")) == expected, "all was told", 2 * WAIT_S)
    assert set(counts(kinesis.records("orders-stream"))) == set(range(1, 61))
