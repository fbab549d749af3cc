"""Single items: what goes in comes out, conditions decide, updates change, capacity is counted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dynamodb.calls import VE, Item, call, fault, item, refusal


def test_an_item_is_put_replaced_and_deleted(client: Any, table: str) -> None:
    key = {"TableName": table, "Key": item(1)}
    assert call(client, "GetItem", key) == {}
    old = {"ReturnValues": "ALL_OLD"}
    first, second = item(1, x={"S": "1"}), item(1, y={"S": "2"})
    assert call(client, "PutItem", {"TableName": table, "Item": first, **old}) == {}
    assert call(client, "PutItem", {"TableName": table, "Item": second, **old}) == {"Attributes": first}
    assert call(client, "GetItem", {**key, "ConsistentRead": True}) == {"Item": second}
    assert call(client, "DeleteItem", {**key, **old}) == {"Attributes": second}
    assert call(client, "DeleteItem", {**key, **old}) == {}
    assert call(client, "GetItem", {**key, "ConsistentRead": True}) == {}


def test_a_condition_decides_whether_a_write_happens(client: Any, table: str) -> None:
    put = {"TableName": table, "Item": item(1), "ConditionExpression": "attribute_not_exists(pk)"}
    call(client, "PutItem", put)
    error = refusal(client, "PutItem", {**put, "Item": item(1, x={"S": "lost"})})
    assert fault(error) == ("ConditionalCheckFailedException", "The conditional request failed")
    assert "Item" not in error.response
    error = refusal(client, "PutItem", {**put, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    assert error.response["Item"] == item(1)
    missing = {"TableName": table, "Key": item(2), "ConditionExpression": "attribute_exists(pk)"}
    error = refusal(client, "DeleteItem", {**missing, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert "Item" not in error.response
    call(client, "DeleteItem", {**missing, "Key": item(1)})
    assert client.scan(TableName=table)["Count"] == 0


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("n = :five", True),
        ("n <> :five", False),
        ("nope <> :five", True),
        ("NOT nope = :five", True),
        ("n BETWEEN :five AND :six", True),
        ("n IN (:six, :five)", True),
        ("begins_with(s, :x)", True),
        ("contains(l, :five)", True),
        ("contains(s, :five)", False),
        ("size(s) = :five", False),
        ("attribute_type(n, :s)", False),
        ("m.k[1] = :x AND (n < :six OR n > :six)", True),
    ],
)
def test_conditions_are_judged_on_the_stored_item(
    client: Any, standing: str, condition: str, holds: bool
) -> None:
    five = {"N": "5"}
    attributes: Item = {
        "n": five,
        "s": {"S": "xyz"},
        "l": {"L": [five]},
        "m": {"M": {"k": {"L": [five, {"S": "x"}]}}},
    }
    client.put_item(TableName=standing, Item=item(1, **attributes))
    values = {":five": {"N": "5.0"}, ":six": {"N": "6"}, ":x": {"S": "x"}, ":s": {"S": "S"}}
    used = {name: value for name, value in values.items() if _mentions(condition, name)}
    request = {
        "TableName": standing,
        "Key": item(1),
        "ConditionExpression": condition,
        "ExpressionAttributeValues": used,
    }
    if holds:
        assert call(client, "DeleteItem", request) == {}
    else:
        code, _ = fault(refusal(client, "DeleteItem", request))
        assert code == "ConditionalCheckFailedException"


def _mentions(expression: str, placeholder: str) -> bool:
    words = expression.translate(str.maketrans("(),", "   ")).split()
    return placeholder in words


def test_projections_cut_out_paths(client: Any, standing: str) -> None:
    attributes: Item = {
        "l": {"L": [{"S": str(i)} for i in range(5)]},
        "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}},
    }
    client.put_item(TableName=standing, Item=item(1, **attributes))
    key = {"TableName": standing, "Key": item(1)}
    found = call(
        client,
        "GetItem",
        {**key, "ProjectionExpression": "#l[3], m.x, #l[1]", "ExpressionAttributeNames": {"#l": "l"}},
    )
    assert found == {"Item": {"l": {"L": [{"S": "1"}, {"S": "3"}]}, "m": {"M": {"x": {"N": "1"}}}}}
    assert call(client, "GetItem", {**key, "ProjectionExpression": "nothing"}) == {"Item": {}}
    assert call(client, "GetItem", {**key, "AttributesToGet": ["sk"]}) == {"Item": {"sk": {"N": "1"}}}


@pytest.mark.parametrize(
    ("returned", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", item(1, n={"N": "1"}, gone={"S": "g"})),
        ("ALL_NEW", item(1, n={"N": "3"}, new={"SS": ["x"]})),
        ("UPDATED_OLD", {"n": {"N": "1"}, "gone": {"S": "g"}}),
        ("UPDATED_NEW", {"n": {"N": "3"}, "new": {"SS": ["x"]}}),
    ],
)
def test_an_update_changes_and_returns_what_was_asked(
    client: Any, standing: str, returned: str, attributes: Any
) -> None:
    client.put_item(TableName=standing, Item=item(1, n={"N": "1"}, gone={"S": "g"}))
    answer = call(
        client,
        "UpdateItem",
        {
            "TableName": standing,
            "Key": item(1),
            "UpdateExpression": "SET n = n + :two REMOVE gone ADD #new :x",
            "ExpressionAttributeNames": {"#new": "new"},
            "ExpressionAttributeValues": {":two": {"N": "2"}, ":x": {"SS": ["x"]}},
            "ReturnValues": returned,
        },
    )
    assert answer == ({} if attributes is None else {"Attributes": attributes})
    stored = client.get_item(TableName=standing, Key=item(1), ConsistentRead=True)["Item"]
    assert stored == item(1, n={"N": "3"}, new={"SS": ["x"]})


def test_an_update_that_fails_leaves_the_item_as_it_was(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=item(1, n={"S": "text"}))
    request = {
        "TableName": standing,
        "Key": item(1),
        "UpdateExpression": "SET a = :one ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    assert fault(refusal(client, "UpdateItem", request)) == (
        VE,
        "An operand in the update expression has an incorrect data type",
    )
    assert client.get_item(TableName=standing, Key=item(1))["Item"] == item(1, n={"S": "text"})


def test_concurrent_increments_all_count(client: Any, table: str) -> None:
    request = {
        "TableName": table,
        "Key": item(1),
        "UpdateExpression": "ADD hits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": "UPDATED_NEW",
    }
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.update_item(**request), range(200)))
    seen = sorted(int(answer["Attributes"]["hits"]["N"]) for answer in answers)
    assert seen == list(range(1, 201))


def test_one_of_many_concurrent_first_writers_wins(client: Any, table: str) -> None:
    def attempt(number: int) -> bool:
        try:
            client.put_item(
                TableName=table,
                Item=item(1, by={"N": str(number)}),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(attempt, range(40)))
    assert won.count(True) == 1
    stored = client.get_item(TableName=table, Key=item(1), ConsistentRead=True)["Item"]
    assert stored["by"] == {"N": str(won.index(True))}


# Capacity.


@pytest.mark.parametrize(
    ("operation", "request_", "units"),
    [
        ("PutItem", {"Item": item(1, x={"S": "x" * 2000})}, 2.0),
        ("GetItem", {"Key": item(9)}, 0.5),
        ("GetItem", {"Key": item(9), "ConsistentRead": True}, 1.0),
        ("GetItem", {"Key": item(5), "ConsistentRead": True}, 2.0),
        ("DeleteItem", {"Key": item(5)}, 5.0),
        ("DeleteItem", {"Key": item(9)}, 1.0),
        ("UpdateItem", {"Key": item(5), "UpdateExpression": "REMOVE x"}, 5.0),
        ("Scan", {}, 1.0),
    ],
)
def test_capacity_is_counted_in_one_and_four_kilobytes(
    client: Any, table: str, operation: str, request_: dict[str, Any], units: float
) -> None:
    client.put_item(TableName=table, Item=item(5, x={"S": "x" * 5000}))
    answer = call(client, operation, {"TableName": table, **request_, "ReturnConsumedCapacity": "INDEXES"})
    assert answer["ConsumedCapacity"] == {
        "TableName": table,
        "CapacityUnits": units,
        "Table": {"CapacityUnits": units},
    }
