"""Single items: what goes in comes out, conditions decide, updates change, capacity is counted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dynamodb.calls import VE, Item, call, fault, item, refusal
from dynamodb.facts import fact


@fact("items.10", "items.11", "items.12", "items.14", "items.15")
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


@fact("items.16", "items.30", "items.31")
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


@fact("items.13")
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
        pytest.param("NONE", None, marks=fact("items.20")),
        pytest.param("ALL_OLD", item(1, n={"N": "1"}, gone={"S": "g"}), marks=fact("items.21")),
        pytest.param("ALL_NEW", item(1, n={"N": "3"}, new={"SS": ["x"]}), marks=fact("items.22")),
        pytest.param("UPDATED_OLD", {"n": {"N": "1"}, "gone": {"S": "g"}}, marks=fact("items.23")),
        pytest.param("UPDATED_NEW", {"n": {"N": "3"}, "new": {"SS": ["x"]}}, marks=fact("items.24")),
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


BEFORE: Item = {
    "n": {"N": "1"},
    "s": {"SS": ["a", "b"]},
    "m": {"M": {"a": {"S": "old"}, "b": {"S": "kept"}}},
    "l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "3"}]},
}
NEW = {"S": "new"}


@pytest.mark.parametrize(
    ("update", "values", "old", "new"),
    [
        pytest.param("REMOVE n", {}, {"n": BEFORE["n"]}, None, marks=fact("items.24")),
        pytest.param("REMOVE nothing", {}, None, None, marks=fact("items.23", "items.24")),
        pytest.param("SET x = :v", {":v": NEW}, None, {"x": NEW}, marks=fact("items.23")),
        pytest.param("SET x = n", {}, None, {"x": BEFORE["n"]}, marks=fact("items.23")),
        pytest.param("ADD n :v", {":v": {"N": "2"}}, {"n": {"N": "1"}}, {"n": {"N": "3"}}, marks=fact("items.24")),
        pytest.param(
            "DELETE s :v", {":v": {"SS": ["b"]}}, {"s": BEFORE["s"]}, {"s": {"SS": ["a"]}}, marks=fact("items.23")
        ),
        pytest.param("DELETE s :v", {":v": {"SS": ["a", "b"]}}, {"s": BEFORE["s"]}, None, marks=fact("items.24")),
        pytest.param(
            "SET m.a = :v", {":v": NEW}, {"m": {"M": {"a": {"S": "old"}}}}, {"m": {"M": {"a": NEW}}},
            marks=fact("items.25"),
        ),
        pytest.param("SET m.c = :v", {":v": NEW}, None, {"m": {"M": {"c": NEW}}}, marks=fact("items.25")),
        pytest.param("REMOVE m.a", {}, {"m": {"M": {"a": {"S": "old"}}}}, None, marks=fact("items.25")),
        pytest.param(
            "SET l[3] = :v, l[1] = :v", {":v": NEW}, {"l": {"L": [{"S": "1"}, {"S": "3"}]}}, {"l": {"L": [NEW, NEW]}},
            marks=fact("items.26"),
        ),
        pytest.param(
            "SET l[0] = :v REMOVE l[2], m.b", {":v": NEW},
            {"l": {"L": [{"S": "0"}, {"S": "2"}]}, "m": {"M": {"b": {"S": "kept"}}}}, {"l": {"L": [NEW]}},
            marks=fact("items.25", "items.26"),
        ),
    ],
)  # fmt: skip
def test_updated_values_are_those_of_the_updates_paths(
    client: Any, standing: str, update: str, values: Item, old: Item | None, new: Item | None
) -> None:
    for returned, attributes in (("UPDATED_OLD", old), ("UPDATED_NEW", new)):
        client.put_item(TableName=standing, Item=item(1, **BEFORE))
        request: dict[str, Any] = {"TableName": standing, "Key": item(1), "UpdateExpression": update}
        if values:
            request["ExpressionAttributeValues"] = values
        answer = call(client, "UpdateItem", {**request, "ReturnValues": returned})
        assert answer == ({} if attributes is None else {"Attributes": attributes})


@pytest.mark.parametrize(
    ("returned", "attributes"),
    [
        pytest.param("ALL_OLD", None, marks=fact("items.21")),
        pytest.param("UPDATED_OLD", None, marks=fact("items.23")),
        pytest.param("ALL_NEW", item(1, n={"N": "2"}), marks=fact("items.22")),
        pytest.param("UPDATED_NEW", {"n": {"N": "2"}}, marks=fact("items.24")),
    ],
)
def test_an_update_of_a_missing_item_creates_it(
    client: Any, standing: str, returned: str, attributes: Item | None
) -> None:
    client.delete_item(TableName=standing, Key=item(1))
    request = {"UpdateExpression": "ADD n :v", "ExpressionAttributeValues": {":v": {"N": "2"}}}
    answer = call(
        client, "UpdateItem", {"TableName": standing, "Key": item(1), **request, "ReturnValues": returned}
    )
    assert answer == ({} if attributes is None else {"Attributes": attributes})


@fact("items.21", "items.22", "items.23", "items.24", "items.27")
def test_an_update_with_a_key_alone_creates_an_item_or_changes_nothing(client: Any, table: str) -> None:
    key = {"TableName": table, "Key": item(1)}
    assert call(client, "UpdateItem", {**key, "ReturnValues": "ALL_OLD"}) == {}
    assert call(client, "GetItem", key) == {"Item": item(1)}
    client.put_item(TableName=table, Item=item(1, x={"S": "x"}))
    stored = {"Attributes": item(1, x={"S": "x"})}
    for returned, answer in (
        ("NONE", {}),
        ("ALL_OLD", stored),
        ("ALL_NEW", stored),
        ("UPDATED_OLD", {}),
        ("UPDATED_NEW", {}),
    ):
        assert call(client, "UpdateItem", {**key, "ReturnValues": returned}) == answer
    assert call(client, "GetItem", key) == {"Item": item(1, x={"S": "x"})}


@fact("items.16", "items.30", "items.31")
@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("PutItem", {"Item": item(1, x={"S": "lost"})}),
        ("DeleteItem", {"Key": item(1)}),
        ("UpdateItem", {"Key": item(1)}),
        ("UpdateItem", {"Key": item(1), "UpdateExpression": "SET x = nothing"}),
    ],
)
def test_a_refused_write_shows_the_item_that_is_there(
    client: Any, standing: str, operation: str, request_: dict[str, Any]
) -> None:
    request = {
        "TableName": standing,
        **request_,
        "ConditionExpression": "attribute_exists(nothing)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    client.delete_item(TableName=standing, Key=item(1))
    error = refusal(client, operation, request)
    assert fault(error) == ("ConditionalCheckFailedException", "The conditional request failed")
    assert "Item" not in error.response
    client.put_item(TableName=standing, Item=item(1, **BEFORE))
    assert refusal(client, operation, request).response["Item"] == item(1, **BEFORE)
    assert (
        "Item"
        not in refusal(client, operation, {**request, "ReturnValuesOnConditionCheckFailure": "NONE"}).response
    )
    assert client.get_item(TableName=standing, Key=item(1))["Item"] == item(1, **BEFORE)


@fact("items.49")
def test_a_false_condition_hides_what_the_update_would_meet(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=item(1, n={"S": "text"}))
    values = {":one": {"N": "1"}}
    for update in ("ADD n :one", "SET a = nothing, b = :one", "SET a.b = :one"):
        request = {
            "TableName": standing,
            "Key": item(1),
            "UpdateExpression": update,
            "ExpressionAttributeValues": values,
        }
        assert fault(refusal(client, "UpdateItem", request))[0] == VE
        request["ConditionExpression"] = "attribute_not_exists(n)"
        assert fault(refusal(client, "UpdateItem", request))[0] == "ConditionalCheckFailedException"


@fact("items.50")
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


@fact("items.80")
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


@fact("items.80", "items.82")
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


@fact("values.85", "items.71", "items.72")
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


@pytest.mark.parametrize(
    ("asked", "capacity"),
    [
        pytest.param("TOTAL", {"CapacityUnits": 1.0}, marks=fact("items.70")),
        pytest.param(
            "INDEXES", {"CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}, marks=fact("items.71")
        ),
        pytest.param("NONE", None, marks=fact("items.73")),
        pytest.param(None, None, marks=fact("items.73")),
    ],
)
@fact("items.72", "items.74")
def test_capacity_is_told_as_it_was_asked_for(
    client: Any, standing: str, asked: str | None, capacity: dict[str, Any] | None
) -> None:
    key = {"Key": item(1)}
    metrics = {"ReturnItemCollectionMetrics": "SIZE"}
    for operation, request in (
        ("PutItem", {"Item": item(1), **metrics}),
        ("UpdateItem", {**key, **metrics}),
        ("GetItem", {**key, "ConsistentRead": True, "ProjectionExpression": "nothing"}),
        ("DeleteItem", {**key, **metrics}),
    ):
        asking = {} if asked is None else {"ReturnConsumedCapacity": asked}
        answer = call(client, operation, {"TableName": standing, **request, **asking})
        answer.pop("Item", None)
        expected = {} if capacity is None else {"ConsumedCapacity": {"TableName": standing, **capacity}}
        assert answer == expected
        units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
        assert isinstance(units, float)


@fact("items.1")
def test_a_table_may_be_named_by_its_arn(client: Any, table: str) -> None:
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    assert call(client, "PutItem", {"TableName": arn, "Item": item(1)}) == {}
    assert call(client, "GetItem", {"TableName": table, "Key": item(1)}) == {"Item": item(1)}
    assert call(client, "GetItem", {"TableName": arn, "Key": item(1)}) == {"Item": item(1)}
    query = {
        "TableName": arn,
        "KeyConditionExpression": "pk = :v",
        "ExpressionAttributeValues": {":v": {"S": "a"}},
    }
    assert call(client, "Query", query)["Count"] == 1
    assert call(client, "Scan", {"TableName": arn})["Count"] == 1
    assert call(client, "UpdateItem", {"TableName": arn, "Key": item(2)}) == {}
    assert call(client, "DeleteItem", {"TableName": arn, "Key": item(1)}) == {}
    assert client.scan(TableName=table)["Items"] == [item(2)]
