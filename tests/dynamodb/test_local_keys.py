"""Keys of secondary indexes: what may be under them in a put, a batch, and the result of an update."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import VE, Item, P, call, fault, item, refusal
from dynamodb.facts import fact
from dynamodb.indexed import Local, indexed_table

# Two indexes on one attribute, the later by name declared first.
INDEXES = {
    "zeta": Local("s"),
    "alpha": Local("s", projection="KEYS_ONLY"),
    "nums": Local("n", "N"),
    "bins": Local("b", "B"),
}
TOO_LONG = f"{P}Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
ANY_TYPE: dict[str, Any] = {
    "S": "x",
    "N": "1",
    "B": b"x",
    "SS": ["x"],
    "NS": ["1"],
    "BS": [b"x"],
    "BOOL": True,
    "NULL": True,
    "L": [],
    "M": {},
}


@pytest.fixture(scope="module")
def indexed(client: Any) -> Iterator[str]:
    with indexed_table(client, "local.keys", INDEXES) as name:
        yield name


def mismatch(attribute: str, expected: str, actual: str, index: str) -> str:
    return (
        f"{P}Type mismatch for Index Key {attribute} Expected: {expected} Actual: {actual} IndexName: {index}"
    )


def empty_in_put(kind: str, index: str, attribute: str) -> str:
    return (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported."
        f" The AttributeValue for a key attribute cannot contain an empty {kind} value."
        f" IndexName: {index}, IndexKey: {attribute}"
    )


def empty_in_update(kind: str) -> str:
    return (
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key"
        " to a value that is not supported."
        f" The AttributeValue for a key attribute cannot contain an empty {kind} value."
    )


FAULTS = [
    pytest.param(
        {"s": {"N": "1"}}, mismatch("s", "S", "N", "alpha"), None, marks=fact("local.37", "local.38")
    ),
    *(
        pytest.param({"n": {code: content}}, mismatch("n", "N", code, "nums"), None, marks=fact("local.37"))
        for code, content in ANY_TYPE.items()
        if code != "N"
    ),
    pytest.param(
        {"s": {"BOOL": True}, "n": {"S": "x"}, "b": {"N": "1"}},
        mismatch("s", "S", "BOOL", "alpha"),
        None,
        marks=fact("local.38"),
    ),
    pytest.param(
        {"n": {"S": "x"}, "b": {"N": "1"}}, mismatch("b", "B", "N", "bins"), None, marks=fact("local.38")
    ),
    pytest.param(
        {"s": {"S": ""}},
        empty_in_put("string", "alpha", "s"),
        empty_in_update("string"),
        marks=fact("local.39"),
    ),
    pytest.param(
        {"b": {"B": b""}},
        empty_in_put("binary", "bins", "b"),
        empty_in_update("binary"),
        marks=fact("local.39"),
    ),
    pytest.param({"s": {"S": "é" * 513}}, TOO_LONG, None, marks=fact("local.40")),
    pytest.param({"b": {"B": bytes(1025)}}, TOO_LONG, None, marks=fact("local.40")),
]


@pytest.mark.parametrize(("attributes", "text", "_in_update"), FAULTS)
def test_a_put_may_not_bring_what_no_index_takes(
    client: Any, indexed: str, attributes: Item, text: str, _in_update: str | None
) -> None:
    new = item(1, "put", **attributes)
    assert fault(refusal(client, "PutItem", {"TableName": indexed, "Item": new})) == (VE, text)
    batch = [{"PutRequest": {"Item": each}} for each in (item(2, "put"), new)]
    assert fault(refusal(client, "BatchWriteItem", {"RequestItems": {indexed: batch}})) == (VE, text)
    left = call(client, "Query", by_pk(indexed, "put"))
    assert left["Count"] == 0, "nothing of the batch was written"


def by_pk(table: str, pk: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
    }


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(("attributes", "text", "in_update"), FAULTS)
def test_an_update_may_not_make_what_no_index_takes(
    client: Any, indexed: str, attributes: Item, text: str, in_update: str | None, exists: bool
) -> None:
    key, held = item(1, "update"), item(1, "update", s={"S": "s"}, n={"N": "1"})
    call(client, "DeleteItem", {"TableName": indexed, "Key": key})
    if exists:
        call(client, "PutItem", {"TableName": indexed, "Item": held})
    request = {
        "TableName": indexed,
        "Key": key,
        "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in attributes),
        "ExpressionAttributeValues": {f":{name}": value for name, value in attributes.items()},
    }
    assert fault(refusal(client, "UpdateItem", request)) == (VE, in_update or text)
    assert call(client, "Query", by_pk(indexed, "update"))["Items"] == ([held] if exists else [])


@fact("local.41")
def test_what_is_at_the_limit_is_taken(client: Any, indexed: str) -> None:
    new = item(1, "limit", s={"S": "é" * 512}, n={"N": "1"}, b={"B": bytes(1024)})
    call(client, "PutItem", {"TableName": indexed, "Item": new})
    found = call(client, "Query", {**by_pk(indexed, "limit"), "IndexName": "bins"})["Items"]
    assert found == [new]


@fact("local.42")
def test_an_index_key_is_checked_after_the_tables_and_before_the_condition(client: Any, indexed: str) -> None:
    wrong = {"s": {"N": "1"}}
    request = {"TableName": indexed, "Item": {"pk": {"S": "order"}, **wrong}}
    assert fault(refusal(client, "PutItem", request)) == (VE, f"{P}Missing the key sk in the item")
    request = {
        "TableName": indexed,
        "Item": item(1, "order", **wrong),
        "ConditionExpression": "attribute_exists(pk)",
    }
    assert fault(refusal(client, "PutItem", request)) == (VE, mismatch("s", "S", "N", "alpha"))


@fact("local.43")
def test_an_update_is_checked_after_its_condition_and_its_own_errors(client: Any, indexed: str) -> None:
    request = {
        "TableName": indexed,
        "Key": item(1, "late"),
        "UpdateExpression": "SET s = :n",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }
    assert fault(refusal(client, "UpdateItem", request))[0] == "ConditionalCheckFailedException"
    del request["ConditionExpression"]
    request["UpdateExpression"] = "SET s = :n, x = x + :n"
    assert fault(refusal(client, "UpdateItem", request)) == (
        VE,
        "The provided expression refers to an attribute that does not exist in the item",
    )


@fact("local.44")
@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("UpdateItem", {"UpdateExpression": "SET s.a = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}),
        ("UpdateItem", {"UpdateExpression": "REMOVE s[0]"}),
        ("DeleteItem", {"ConditionExpression": "attribute_exists(s.a)"}),
    ],
)
def test_a_path_inside_an_index_key_is_refused(
    client: Any, indexed: str, operation: str, more: dict[str, Any]
) -> None:
    request = {"TableName": indexed, "Key": item(1), **more}
    assert fault(refusal(client, operation, request)) == (
        VE,
        (
            "Key attributes must be scalars;"
            " list random access '[]' and map lookup '.' are not allowed: IndexKey: s"
        ),
    )


# --- the size of an item with its entries


@fact("local.45", "local.46")
def test_an_item_shares_its_400_kb_with_its_entries(client: Any, indexed: str) -> None:
    half = {"S": "x" * (150 * 1024)}
    key = item(1, "big")
    call(client, "PutItem", {"TableName": indexed, "Item": {**key, "x": half}})
    call(client, "PutItem", {"TableName": indexed, "Item": {**key, "x": half, "n": {"N": "1"}}})
    three = {**key, "x": half, "n": {"N": "1"}, "b": {"B": b"1"}}
    too_large = (VE, "Item size has exceeded the maximum allowed size")
    assert fault(refusal(client, "PutItem", {"TableName": indexed, "Item": three})) == too_large
    batch = {"RequestItems": {indexed: [{"PutRequest": {"Item": three}}]}}
    assert fault(refusal(client, "BatchWriteItem", batch)) == too_large
    request = {
        "TableName": indexed,
        "Key": key,
        "UpdateExpression": "SET b = :b",
        "ExpressionAttributeValues": {":b": {"B": b"1"}},
    }
    assert fault(refusal(client, "UpdateItem", request)) == (
        VE,
        "Item size to update has exceeded the maximum allowed size",
    )


# --- item collections


METRICS = {"ItemCollectionKey": {"pk": {"S": "c"}}, "SizeEstimateRangeGB": [0.0, 1.0]}
UPDATE = {"UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        pytest.param("PutItem", {"Item": item(1, "c", s={"S": "s"})}, marks=fact("local.47")),
        pytest.param("UpdateItem", {"Key": item(1, "c"), **UPDATE}, marks=fact("local.47")),
        pytest.param("DeleteItem", {"Key": item(1, "c")}, marks=fact("local.47")),
    ],
)
def test_a_write_tells_its_item_collection_where_the_table_has_local_indexes(
    client: Any, indexed: str, standing: str, operation: str, request_: dict[str, Any]
) -> None:
    asked = {**request_, "ReturnItemCollectionMetrics": "SIZE"}
    assert call(client, operation, {"TableName": indexed, **asked}) == {"ItemCollectionMetrics": METRICS}
    assert call(client, operation, {"TableName": standing, **asked}) == {}
    asked["ReturnItemCollectionMetrics"] = "NONE"
    assert call(client, operation, {"TableName": indexed, **asked}) == {}


@fact("local.48")
def test_a_batch_tells_the_item_collections_of_each_table(client: Any, indexed: str, standing: str) -> None:
    def batch(asked: str) -> dict[str, Any]:
        puts = [{"PutRequest": {"Item": item(sk, pk)}} for pk in "cd" for sk in (1, 2)]
        return {"RequestItems": {indexed: puts, standing: puts}, "ReturnItemCollectionMetrics": asked}

    answer = call(client, "BatchWriteItem", batch("SIZE"))
    metrics = answer["ItemCollectionMetrics"]
    assert list(metrics) == [indexed]
    assert metrics[indexed] == [METRICS, {**METRICS, "ItemCollectionKey": {"pk": {"S": "d"}}}]
    assert "ItemCollectionMetrics" not in call(client, "BatchWriteItem", batch("NONE"))
