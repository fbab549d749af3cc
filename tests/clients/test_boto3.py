"""boto3 as its users write it: resources and their conditions, a client with its waiters, paginators and exceptions."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.config import Config

from clients.trouble import Trouble

SCHEMA: dict[str, Any] = {
    "KeySchema": [
        {"AttributeName": "route", "KeyType": "HASH"},
        {"AttributeName": "departure", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "route", "AttributeType": "S"},
        {"AttributeName": "departure", "AttributeType": "N"},
        {"AttributeName": "seats", "AttributeType": "N"},
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-seats",
            "KeySchema": [
                {"AttributeName": "route", "KeyType": "HASH"},
                {"AttributeName": "seats", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
HOURS = (6, 9, 12, 15, 18, 21)


def sailing(departure: int, route: str = "Harwich-Hoek", **more: Any) -> dict[str, Any]:
    return {
        "route": route,
        "departure": departure,
        "seats": 100 + departure,
        "bikes": departure % 2 == 0,
        **more,
    }


@pytest.fixture
def service() -> Any:
    return boto3.session.Session().resource("dynamodb")


@pytest.fixture
def client() -> Any:
    return boto3.session.Session().client("dynamodb")


@pytest.fixture
def table(service: Any, name: str) -> Iterator[Any]:
    """A table with the day's sailings of one route, and one of another."""
    created = service.create_table(TableName=name, **SCHEMA)
    created.wait_until_exists()
    with created.batch_writer() as batch:
        for hour in HOURS:
            batch.put_item(Item=sailing(hour))
        batch.put_item(Item=sailing(10, "Dover-Calais"))
    yield created
    created.delete()
    created.wait_until_not_exists()


def departures(answer: dict[str, Any]) -> list[int]:
    return [int(each["departure"]) for each in answer["Items"]]


def test_values_of_python_come_back_as_they_went(table: Any) -> None:
    item = sailing(
        23,
        fares={"adult": Decimal("54.90"), "dog": Decimal("9"), "child": None},
        stops=["Harwich", Decimal("0.5"), {"deck": True}],
        ships={"Britannica", "Hollandica"},
        gates={Decimal(1), Decimal(4)},
        seal=b"\x00\xff",
        remark="",
    )
    table.put_item(Item=item)
    found = table.get_item(Key={"route": "Harwich-Hoek", "departure": 23}, ConsistentRead=True)["Item"]
    assert found == {**item, "seal": Binary(b"\x00\xff")}
    assert "Item" not in table.get_item(Key={"route": "Harwich-Hoek", "departure": 24})


def test_conditions_find_what_they_say(table: Any) -> None:
    route = Key("route").eq("Harwich-Hoek")
    assert departures(table.query(KeyConditionExpression=route)) == list(HOURS)
    evening = table.query(
        KeyConditionExpression=route & Key("departure").between(15, 20), ScanIndexForward=False
    )
    assert departures(evening) == [18, 15]
    filtered = table.query(
        KeyConditionExpression=route, FilterExpression=Attr("bikes").eq(True) & ~Attr("seats").lt(110)
    )
    assert (departures(filtered), filtered["ScannedCount"]) == ([12, 18], len(HOURS))
    scanned = table.scan(
        FilterExpression=Attr("route").begins_with("Dover") | Attr("departure").is_in([6, 21]),
        ProjectionExpression="departure, #s",
        ExpressionAttributeNames={"#s": "seats"},
    )
    assert sorted(departures(scanned)) == [6, 10, 21]
    assert all(set(each) == {"departure", "seats"} for each in scanned["Items"])


def test_an_index_orders_by_what_it_is_for(table: Any) -> None:
    request: dict[str, Any] = {
        "IndexName": "by-seats",
        "KeyConditionExpression": Key("route").eq("Harwich-Hoek") & Key("seats").gt(110),
        "ScanIndexForward": False,
    }
    table.update_item(
        Key={"route": "Harwich-Hoek", "departure": 6},
        UpdateExpression="SET seats = :many",
        ExpressionAttributeValues={":many": 500},
    )
    found = table.query(**request)
    assert departures(found) == [6, 21, 18, 15, 12]
    assert all("bikes" not in each for each in found["Items"])
    whole = table.query(**request, Select="ALL_ATTRIBUTES", FilterExpression=Attr("bikes").eq(False))
    assert [(each["seats"], each["bikes"]) for each in whole["Items"]] == [(121, False), (115, False)]


def test_a_loop_over_last_evaluated_keys_sees_every_item_once(table: Any) -> None:
    request: dict[str, Any] = {"KeyConditionExpression": Key("route").eq("Harwich-Hoek"), "Limit": 4}
    seen, pages = [], 0
    while True:
        page = table.query(**request)
        seen += departures(page)
        pages += 1
        if "LastEvaluatedKey" not in page:
            break
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert (seen, pages) == (list(HOURS), 2)


def test_seats_are_booked_until_there_are_none(service: Any, table: Any) -> None:
    key = {"route": "Dover-Calais", "departure": 10}

    def book(seats: int) -> dict[str, Any]:
        answer: dict[str, Any] = table.update_item(
            Key=key,
            UpdateExpression="SET seats = seats - :n, booked = list_append(if_not_exists(booked, :none), :this)",
            ConditionExpression=Attr("seats").gte(seats),
            ExpressionAttributeValues={":n": seats, ":none": [], ":this": [seats]},
            ReturnValues="UPDATED_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )["Attributes"]
        return answer

    assert book(60) == {"seats": 50, "booked": [60]}
    assert book(50) == {"seats": 0, "booked": [60, 50]}
    with pytest.raises(service.meta.client.exceptions.ConditionalCheckFailedException) as caught:
        book(1)
    assert caught.value.response["Error"]["Message"] == "The conditional request failed"
    assert caught.value.response["Item"]["seats"] == {"N": "0"}
    gone = table.delete_item(Key=key, ConditionExpression=Attr("seats").eq(0), ReturnValues="ALL_OLD")
    assert gone["Attributes"]["booked"] == [60, 50]


def test_programs_from_before_expressions_still_work(service: Any, table: Any) -> None:
    key = {"route": "Harwich-Hoek", "departure": 12}
    equal = {"AttributeValueList": ["Harwich-Hoek"], "ComparisonOperator": "EQ"}
    early = {"AttributeValueList": [15], "ComparisonOperator": "LT"}
    found = table.query(
        KeyConditions={"route": equal, "departure": early},
        QueryFilter={"bikes": {"AttributeValueList": [True], "ComparisonOperator": "EQ"}},
        AttributesToGet=["departure", "seats"],
    )
    assert found["Items"] == [{"departure": 6, "seats": 106}, {"departure": 12, "seats": 112}]
    scanned = table.scan(
        ScanFilter={
            "departure": {"AttributeValueList": [9, 10], "ComparisonOperator": "BETWEEN"},
            "ship": {"ComparisonOperator": "NOT_NULL"},
        },
        ConditionalOperator="OR",
    )
    assert sorted(departures(scanned)) == [9, 10]

    changed = table.update_item(
        Key=key,
        AttributeUpdates={"seats": {"Value": -12, "Action": "ADD"}, "bikes": {"Action": "DELETE"}},
        Expected={"seats": {"Value": 112}, "ship": {"Exists": False}},
        ReturnValues="ALL_NEW",
    )
    assert changed["Attributes"] == {**key, "seats": 100}
    with pytest.raises(service.meta.client.exceptions.ConditionalCheckFailedException):
        table.put_item(Item=key, Expected={"route": {"Exists": False}})
    table.delete_item(Key=key, Expected={"seats": {"AttributeValueList": [100], "ComparisonOperator": "LE"}})
    assert "Item" not in table.get_item(Key=key, AttributesToGet=["seats"])


def test_statements_and_items_are_the_same_things(client: Any, table: Any) -> None:
    statement = {
        "Statement": f'UPDATE "{table.name}" SET seats = seats - ? WHERE route = ? AND departure = ?',
        "Parameters": [{"N": "1"}, {"S": "Harwich-Hoek"}, {"N": "6"}],
    }
    client.execute_statement(**statement)
    batch = client.batch_execute_statement(
        Statements=[
            {
                "Statement": f'SELECT seats FROM "{table.name}" WHERE route = ? AND departure = ?',
                "Parameters": [{"S": "Harwich-Hoek"}, {"N": departure}],
            }
            for departure in ("6", "7")
        ]
    )
    assert [answer.get("Item") for answer in batch["Responses"]] == [{"seats": {"N": "105"}}, None]
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.execute_statement(
            **{**statement, "Parameters": [{"N": "1"}, {"S": "Harwich-Hoek"}, {"N": "7"}]}
        )


def test_a_table_is_changed_and_its_waiters_see_it(client: Any, table: Any) -> None:
    client.update_table(
        TableName=table.name,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    client.get_waiter("table_exists").wait(TableName=table.name)
    table.reload()
    assert (table.table_status, table.provisioned_throughput["ReadCapacityUnits"]) == ("ACTIVE", 5)
    client.update_table(TableName=table.name, DeletionProtectionEnabled=True)
    with pytest.raises(client.exceptions.ClientError, match="protected against deletion"):
        table.delete()
    client.update_table(TableName=table.name, DeletionProtectionEnabled=False)


def test_a_batch_writer_sends_any_number_and_the_last_of_two_with_one_key(service: Any, table: Any) -> None:
    with table.batch_writer(overwrite_by_pkeys=["route", "departure"]) as batch:
        for minute in range(60):
            batch.put_item(Item=sailing(minute, "Bergen-Hirtshals", first=True))
        batch.put_item(Item=sailing(7, "Bergen-Hirtshals", first=False))
        batch.delete_item(Key={"route": "Bergen-Hirtshals", "departure": 8})
    found = table.query(KeyConditionExpression=Key("route").eq("Bergen-Hirtshals"))
    assert departures(found) == [minute for minute in range(60) if minute != 8]
    assert [each["departure"] for each in found["Items"] if not each["first"]] == [7]
    keys = [{"route": "Bergen-Hirtshals", "departure": minute} for minute in (3, 8, 59)]
    answer = service.batch_get_item(RequestItems={table.name: {"Keys": keys}})
    assert sorted(int(each["departure"]) for each in answer["Responses"][table.name]) == [3, 59]
    assert answer["UnprocessedKeys"] == {}


def test_waiters_need_one_question(client: Any, name: str) -> None:
    """They ask again after 20 s only: who waits for a table in a test wants to hear it at once."""
    questions: list[str] = []
    client.meta.events.register(
        "before-call.dynamodb.DescribeTable", lambda **_: questions.append("is it?"), unique_id="count"
    )
    for _ in range(3):
        client.create_table(TableName=name, **SCHEMA)
        client.get_waiter("table_exists").wait(TableName=name)
        client.delete_table(TableName=name)
        client.get_waiter("table_not_exists").wait(TableName=name)
    assert len(questions) == 6


def test_paginators_follow_every_operation_that_pages(client: Any, table: Any) -> None:
    route: dict[str, Any] = {
        "TableName": table.name,
        "KeyConditionExpression": "#r = :r",
        "ExpressionAttributeNames": {"#r": "route"},
        "ExpressionAttributeValues": {":r": {"S": "Harwich-Hoek"}},
    }
    pages = list(client.get_paginator("query").paginate(**route, PaginationConfig={"PageSize": 4}))
    assert [page["Count"] for page in pages] == [4, 2]
    scan = client.get_paginator("scan").paginate(TableName=table.name, PaginationConfig={"PageSize": 3})
    assert len(list(scan.search("Items[].departure.N"))) == len(HOURS) + 1
    part = client.get_paginator("scan").paginate(TableName=table.name, PaginationConfig={"MaxItems": 2})
    first = part.build_full_result()
    rest = client.get_paginator("scan").paginate(
        TableName=table.name, PaginationConfig={"StartingToken": first["NextToken"]}
    )
    assert len(first["Items"]) + len(rest.build_full_result()["Items"]) == len(HOURS) + 1
    names = client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
    assert table.name in names.build_full_result()["TableNames"]


def test_errors_are_exceptions_of_their_own(client: Any, table: Any) -> None:
    key = {"route": {"S": "Harwich-Hoek"}, "departure": {"N": "6"}}
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        client.get_item(TableName="nowhere", Key=key)
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert missing.value.response["Error"]["Message"] == "Requested resource not found"
    with pytest.raises(client.exceptions.ResourceInUseException, match=f"Table already exists: {table.name}"):
        client.create_table(TableName=table.name, **SCHEMA)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName=table.name, Item=key, ConditionExpression="attribute_not_exists(route)")
    with pytest.raises(client.exceptions.ClientError, match="ValidationException") as invalid:
        client.get_item(TableName=table.name, Key={"route": {"S": "Harwich-Hoek"}})
    assert invalid.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_who_signs_with_another_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    stranger = boto3.session.Session().client("dynamodb")
    with pytest.raises(stranger.exceptions.ClientError, match="InvalidSignatureException"):
        stranger.list_tables()


@pytest.mark.parametrize(
    ("verb", "counted"),
    [("throttle", 1), ("fail_before", 1), ("fail_after", 3), ("drop_reply", 3)],
)
def test_what_may_pass_is_asked_again(table: Any, trouble: Trouble, verb: str, counted: int) -> None:
    """Who asks again cannot know what has happened: an update without a condition may happen more than once."""
    trouble.comes(verb, operation="UpdateItem", count=2)
    answer = table.update_item(
        Key={"route": "Dover-Calais", "departure": 10},
        UpdateExpression="ADD boarded :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    assert answer["ResponseMetadata"]["RetryAttempts"] == trouble.happened() == 2
    assert answer["Attributes"] == {"boarded": counted}


def test_a_writer_whose_answer_is_lost_meets_its_own_condition(
    service: Any, table: Any, trouble: Trouble
) -> None:
    trouble.comes("drop_reply", operation="PutItem", count=1)
    with pytest.raises(service.meta.client.exceptions.ConditionalCheckFailedException):
        table.put_item(Item=sailing(9, "Cork-Roscoff"), ConditionExpression=Attr("route").not_exists())
    assert "Item" in table.get_item(Key={"route": "Cork-Roscoff", "departure": 9})


def test_a_throttle_that_stays_is_an_exception_of_its_own(client: Any, table: Any, trouble: Trouble) -> None:
    trouble.comes("throttle", operation="GetItem", error="ProvisionedThroughputExceededException")
    impatient = boto3.session.Session().client(
        "dynamodb", config=Config(retries={"mode": "standard", "total_max_attempts": 2})
    )
    with pytest.raises(impatient.exceptions.ProvisionedThroughputExceededException) as caught:
        impatient.get_item(TableName=table.name, Key={"route": {"S": "-"}, "departure": {"N": "0"}})
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_batch_writer_sends_again_what_was_not_processed(table: Any, trouble: Trouble) -> None:
    trouble.comes("unprocessed", operation="BatchWriteItem", count=4)
    with table.batch_writer() as batch:
        for minute in range(60):
            batch.put_item(Item=sailing(minute, "Bergen-Hirtshals"))
    assert trouble.happened() == 4
    assert table.query(KeyConditionExpression=Key("route").eq("Bergen-Hirtshals"))["Count"] == 60


def test_paginators_follow_pages_that_end_early(client: Any, table: Any, trouble: Trouble) -> None:
    trouble.comes("small_pages", items=1)
    for operation in ("scan", "query"):
        request = (
            {}
            if operation == "scan"
            else {
                "KeyConditionExpression": "route = :r",
                "ExpressionAttributeValues": {":r": {"S": "Harwich-Hoek"}},
            }
        )
        pages = list(client.get_paginator(operation).paginate(TableName=table.name, **request))
        assert max(page["Count"] for page in pages) == 1
        assert sum(page["Count"] for page in pages) == len(HOURS) + (operation == "scan")
