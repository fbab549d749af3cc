"""Global secondary indexes: what is in them, what Query and Scan make of them, how UpdateTable brings and drops them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from dynamodb.calls import MISMATCH, VE, Item, P, call, fault, item, refusal
from dynamodb.clients import every_item, every_page, load
from dynamodb.facts import fact

START = "The provided starting key is invalid"
TYPES = {"pk": "S", "sk": "N", "s": "S", "n": "N", "b": "B"}


class Global(NamedTuple):
    """A global index: its partition and sort keys, and what it projects (`ALL`, `KEYS_ONLY`, or names)."""

    partition: tuple[str, ...]
    sort: tuple[str, ...] = ()
    projection: str | tuple[str, ...] = "ALL"


INDEXES = {
    "by-s": Global(("s",)),
    "by-n-s": Global(("n",), ("s",), "KEYS_ONLY"),
    "by-sk-b": Global(("sk",), ("b",), ("x", "n")),
    "by-many": Global(("s", "n"), ("sk", "b", "pk")),
}


def declared(name: str, index: Global, **more: Any) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if not isinstance(index.projection, str):
        projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projection)}
    keys = [(each, "HASH") for each in index.partition] + [(each, "RANGE") for each in index.sort]
    schema = [{"AttributeName": each, "KeyType": kind} for each, kind in keys]
    return {"IndexName": name, "KeySchema": schema, "Projection": projection, **more}


def definitions(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": TYPES[name]} for name in names]


@contextmanager
def created(client: Any, name: str, indexes: dict[str, Global], **more: Any) -> Iterator[dict[str, Any]]:
    """A table with pk (string), sk (number) and these indexes while the context is open; the answer that made it."""
    used = {"pk", "sk", *(each for index in indexes.values() for each in (*index.partition, *index.sort))}
    request = {
        "TableName": name,
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": definitions(*(each for each in TYPES if each in used)),
        "BillingMode": "PAY_PER_REQUEST",
        **more,
    }
    if indexes:
        request["GlobalSecondaryIndexes"] = [declared(each, index) for each, index in indexes.items()]
    yield call(client, "CreateTable", request)["TableDescription"]
    client.delete_table(TableName=name)


def entries(index: Global, items: list[Item]) -> list[Item]:
    """What an index holds for these items, worked out in the plainest way."""
    keys = (*index.partition, *index.sort)
    inside = [each for each in items if all(TYPES[key] in each.get(key, {}) for key in keys)]
    if index.projection == "ALL":
        return inside
    names = () if isinstance(index.projection, str) else index.projection
    kept = {"pk", "sk", *keys, *names}
    return [{name: value for name, value in each.items() if name in kept} for each in inside]


def ordered(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda each: (each["pk"]["S"], float(each["sk"]["N"])))


ITEMS = [
    item(0, s={"S": "m"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x0"}, y={"S": "y0"}),
    item(1, s={"S": "m"}, n={"N": "-1.5"}, x={"S": "x1"}),
    item(2, n={"N": "20"}, b={"B": b"\x01\x00"}, y={"S": "y2"}),
    item(3, s={"S": "é"}, n={"N": "3"}, b={"B": b"\x01"}, x={"S": "x3"}, y={"S": "y3"}),
    item(4, y={"S": "in no index but by-s"}, s={"S": "m"}),
    item(0, "b", s={"S": "m"}, n={"N": "3"}, b={"B": b"\xff"}, x={"N": "5"}),
    item(3, "b", s={"S": "m"}, n={"N": "3"}, b={"B": b"\x01"}),
    item(3, "c", s={"S": "m"}, n={"N": "3"}, b={"B": b"\x01"}),
]


@pytest.fixture(scope="module")
def indexed(client: Any) -> Iterator[str]:
    """The items above, which each index has its part of; nobody writes to it."""
    with created(client, "global.standing", INDEXES):
        load(client, "global.standing", ITEMS)
        yield "global.standing"


@pytest.fixture
def own(client: Any, name: str) -> Iterator[str]:
    with created(client, name, INDEXES):
        yield name


def held(client: Any, table: str, index: str) -> list[Item]:
    return ordered(every_item(client.scan, TableName=table, IndexName=index))


def query(table: str, index: str, condition: str, values: Item, **more: Any) -> dict[str, Any]:
    return {
        "TableName": table,
        "IndexName": index,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        **more,
    }


MANY = {":s": {"S": "m"}, ":n": {"N": "3"}}


def many(table: str, condition: str = "", values: Item | None = None, **more: Any) -> dict[str, Any]:
    """A Query of the index with several attributes in each half of its key."""
    whole = "s = :s AND n = :n" + (f" AND {condition}" if condition else "")
    return query(table, "by-many", whole, {**MANY, **(values or {})}, **more)


def found(client: Any, request: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["pk"]["S"], each["sk"]["N"]) for each in call(client, "Query", request)["Items"]]


# --- contents


@fact("global.1", "global.2", "global.3", "global.4", "global.12", "global.13", "global.27")
@pytest.mark.parametrize("index", INDEXES)
def test_an_index_holds_what_it_projects_of_the_items_that_have_its_key(
    client: Any, indexed: str, index: str
) -> None:
    assert held(client, indexed, index) == ordered(entries(INDEXES[index], ITEMS))


WRITES: list[tuple[str, dict[str, Any], Item | None]] = [
    ("PutItem", {"Item": item(1, s={"S": "new"}, n={"N": "3"})}, item(1, s={"S": "new"}, n={"N": "3"})),
    ("PutItem", {"Item": item(1, x={"S": "bare"})}, item(1, x={"S": "bare"})),
    ("DeleteItem", {"Key": item(1)}, None),
    (
        "UpdateItem",
        {"Key": item(1), "UpdateExpression": "SET s = :v", "ExpressionAttributeValues": {":v": {"S": "zz"}}},
        item(1, s={"S": "zz"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x"}),
    ),
    ("UpdateItem", {"Key": item(1), "UpdateExpression": "REMOVE s, b"}, item(1, n={"N": "3"}, x={"S": "x"})),
    (
        "UpdateItem",
        {"Key": item(1), "UpdateExpression": "SET x = :v", "ExpressionAttributeValues": {":v": {"S": "y"}}},
        item(1, s={"S": "m"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "y"}),
    ),
    (
        "BatchWriteItem",
        {"RequestItems": {"TABLE": [{"PutRequest": {"Item": item(1, s={"S": "batch"})}}]}},
        item(1, s={"S": "batch"}),
    ),
    (
        "ExecuteStatement",
        {"Statement": "UPDATE \"TABLE\" SET s = 'sql' WHERE pk = 'a' AND sk = 1"},
        item(1, s={"S": "sql"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x"}),
    ),
]


@fact("global.6", "global.7", "global.8", "global.9")
@pytest.mark.parametrize(("operation", "request_", "left"), WRITES)
def test_an_index_follows_every_write(
    client: Any, own: str, operation: str, request_: dict[str, Any], left: Item | None
) -> None:
    client.put_item(TableName=own, Item=item(1, s={"S": "m"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x"}))
    if "Statement" in request_:
        request_ = {"Statement": request_["Statement"].replace("TABLE", own)}
    elif "RequestItems" in request_:
        request_ = {"RequestItems": {own: request_["RequestItems"]["TABLE"]}}
    else:
        request_ = {"TableName": own, **request_}
    call(client, operation, request_)
    for name, index in INDEXES.items():
        assert held(client, own, name) == entries(index, [] if left is None else [left])


@fact("global.10")
def test_local_and_global_indexes_follow_the_same_writes(client: Any, name: str) -> None:
    local = {
        "IndexName": "local",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    with created(client, name, {"by-s": Global(("s",))}, LocalSecondaryIndexes=[local]):
        load(client, name, ITEMS)
        client.delete_item(TableName=name, Key=item(0))
        inside = entries(Global(("s",)), ITEMS[1:])
        assert held(client, name, "by-s") == ordered(inside)
        keys = [{each: one[each] for each in ("pk", "sk", "s")} for one in ordered(inside)]
        assert held(client, name, "local") == keys


# --- keys


@fact("global.5", "global.17", "global.18", "global.26")
@pytest.mark.parametrize("forward", [True, False])
def test_pages_go_through_the_order_of_the_sort_keys(client: Any, indexed: str, forward: bool) -> None:
    pages = every_page(client.query, **many(indexed, Limit=1, ScanIndexForward=forward))
    keys = [(one["pk"]["S"], one["sk"]["N"]) for page in pages for one in page["Items"]]
    order = [("a", "0"), ("b", "0"), ("b", "3"), ("c", "3")]
    assert keys == order[:: 1 if forward else -1]
    assert set(pages[0]["LastEvaluatedKey"]) == {"s", "n", "sk", "b", "pk"}
    by_s = [
        page["LastEvaluatedKey"]
        for page in every_page(client.scan, TableName=indexed, IndexName="by-s", Limit=3)[:-1]
    ]
    assert all(set(key) == {"s", "pk", "sk"} for key in by_s)


SORTS = [
    pytest.param("sk = :a", {":a": {"N": "3"}}, ["b3", "c3"], marks=fact("global.15", "global.16")),
    ("sk > :a", {":a": {"N": "0"}}, ["b3", "c3"]),
    ("sk BETWEEN :a AND :b", {":a": {"N": "-1"}, ":b": {"N": "2"}}, ["a0", "b0"]),
    ("sk = :a AND b = :b", {":a": {"N": "0"}, ":b": {"B": b"\x02"}}, ["a0"]),
    ("sk = :a AND begins_with(b, :b)", {":a": {"N": "3"}, ":b": {"B": b"\x01"}}, ["b3", "c3"]),
    ("sk = :a AND b = :b AND pk >= :c", {":a": {"N": "3"}, ":b": {"B": b"\x01"}, ":c": {"S": "c"}}, ["c3"]),
]


@pytest.mark.parametrize(("condition", "values", "keys"), SORTS)
def test_sort_keys_are_conditioned_from_the_left(
    client: Any, indexed: str, condition: str, values: Item, keys: list[str]
) -> None:
    assert [pk + sk for pk, sk in found(client, many(indexed, condition, values))] == keys


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        pytest.param(
            query("T", "by-many", "s = :s", {":s": {"S": "m"}}),
            "Query condition missed key schema element: n",
            marks=fact("global.14"),
        ),
        pytest.param(
            many("T", "b = :b", {":b": {"B": b"\x01"}}),
            "Query condition missed key schema element: sk",
            marks=fact("global.15"),
        ),
        pytest.param(
            many("T", "sk > :a AND b = :b", {":a": {"N": "0"}, ":b": {"B": b"\x01"}}),
            "Query key condition not supported",
            marks=fact("global.16"),
        ),
        pytest.param(
            many("T", ConsistentRead=True),
            "Consistent reads are not supported on global secondary indexes",
            marks=fact("global.22"),
        ),
        pytest.param(
            query("T", "by-n-s", "n = :n", {":n": {"N": "3"}}, Select="ALL_ATTRIBUTES"),
            f"{P}Select type ALL_ATTRIBUTES is not supported for global secondary index by-n-s"
            " because its projection type is not ALL",
            marks=fact("global.23"),
        ),
        pytest.param(
            query("T", "by-n-s", "n = :n", {":n": {"N": "3"}}, ProjectionExpression="pk, x, y.z"),
            f"{P}Global secondary index by-n-s does not project [x, y]",
            marks=fact("global.24"),
        ),
        pytest.param(
            query("T", "by-n-s", "n = :n", {":n": {"N": "3"}}, FilterExpression="attribute_exists(x)"),
            f"{P}Secondary index by-n-s does not project one or more filter attributes: [x]",
            marks=fact("global.25"),
        ),
        pytest.param(
            many("T", FilterExpression="attribute_exists(b)"),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: b",
            marks=fact("global.32"),
        ),
        pytest.param(
            query(
                "T",
                "by-s",
                "s = :s",
                {":s": {"S": "m"}},
                ExclusiveStartKey={"s": {"S": "m"}, **item(0, y={"S": "y"})},
            ),
            START,
            marks=fact("global.29"),
        ),
        pytest.param(
            query("T", "by-s", "s = :s", {":s": {"S": "m"}}, ExclusiveStartKey=item(0)),
            START,
            marks=fact("global.29"),
        ),
        pytest.param(
            query("T", "by-s", "s = :s", {":s": {"S": "m"}}, ExclusiveStartKey=item(0, s={"N": "1"})),
            MISMATCH,
            marks=fact("global.30"),
        ),
        pytest.param(
            query("T", "by-s", "s = :s", {":s": {"S": "m"}}, ExclusiveStartKey=item(0, s={"S": "é"})),
            "The provided starting key is outside query boundaries based on provided conditions",
            marks=fact("global.31"),
        ),
    ],
)
def test_what_a_query_may_not_ask(client: Any, indexed: str, request_: dict[str, Any], text: str) -> None:
    assert fault(refusal(client, "Query", {**request_, "TableName": indexed})) == (VE, text)


@fact("global.19")
def test_key_conditions_may_name_several_attributes(client: Any, indexed: str) -> None:
    conditions = {
        name: {"AttributeValueList": [value], "ComparisonOperator": operator}
        for name, value, operator in (
            ("s", {"S": "m"}, "EQ"),
            ("n", {"N": "3"}, "EQ"),
            ("sk", {"N": "1"}, "GE"),
        )
    }
    request = {"TableName": indexed, "IndexName": "by-many", "KeyConditions": conditions}
    assert found(client, request) == [("b", "3"), ("c", "3")]


@fact("global.20")
def test_an_index_key_of_a_wrong_type_is_not_written(client: Any, own: str) -> None:
    request = {"TableName": own, "Item": item(0, n={"S": "three"})}
    text = f"{P}Type mismatch for Index Key n Expected: N Actual: S IndexName: by-many"
    assert fault(refusal(client, "PutItem", request)) == (VE, text)


@fact("global.28")
@pytest.mark.parametrize("index", INDEXES)
def test_segments_are_disjoint_and_complete(client: Any, indexed: str, index: str) -> None:
    parts = [
        every_item(client.scan, TableName=indexed, IndexName=index, Segment=one, TotalSegments=3, Limit=2)
        for one in range(3)
    ]
    assert ordered([each for part in parts for each in part]) == held(client, indexed, index)


@fact("partiql.61", "partiql.64", "partiql.65")
def test_statements_read_global_indexes(client: Any, indexed: str) -> None:
    def select(what: str, index: str, where: str) -> dict[str, Any]:
        return {"Statement": f'SELECT {what} FROM "{indexed}"."{index}" WHERE {where}'}

    answer = call(client, "ExecuteStatement", select("*", "by-n-s", "n = 3 AND s > 'm'"))
    assert answer["Items"] == entries(INDEXES["by-n-s"], [ITEMS[3]])
    answer = call(client, "ExecuteStatement", select("pk, sk", "by-many", "s = 'm' AND n = 3 AND sk = 3"))
    assert answer["Items"] == [{"pk": {"S": pk}, "sk": {"N": "3"}} for pk in ("b", "c")]
    assert call(client, "ExecuteStatement", select("*", "by-n-s", "x = 'x0'"))["Items"] == []
    for request, text in (
        (
            {**select("*", "by-s", "s = 'm'"), "ConsistentRead": True},
            "Strongly consistent read is not supported on Global Secondary Indexes",
        ),
        (select("x", "by-n-s", "n = 3"), f"{P}Global secondary index by-n-s does not project [x]"),
        (
            select("*", "by-n-s", "n = 3 AND x = 'x0'"),
            f"{P}Secondary index by-n-s does not project one or more filter attributes: [x]",
        ),
    ):
        assert fault(refusal(client, "ExecuteStatement", request)) == (VE, text)


# --- capacity


@fact("global.34", "capacity.25")
def test_reading_costs_in_the_index_alone(client: Any, own: str) -> None:
    client.put_item(TableName=own, Item=item(0, s={"S": "m"}, x={"S": "x" * 5000}))
    for request in (
        query(own, "by-s", "s = :s", {":s": {"S": "m"}}),
        {"TableName": own, "IndexName": "by-s"},
    ):
        operation = "Query" if "KeyConditionExpression" in request else "Scan"
        consumed = call(client, operation, {**request, "ReturnConsumedCapacity": "INDEXES"})[
            "ConsumedCapacity"
        ]
        assert consumed == {
            "TableName": own,
            "CapacityUnits": 1.0,
            "Table": {"CapacityUnits": 0.0},
            "GlobalSecondaryIndexes": {"by-s": {"CapacityUnits": 1.0}},
        }


PUTS = [
    pytest.param(None, {"s": {"S": "m"}}, {"by-s": 1.0}, marks=fact("global.35")),
    pytest.param({"s": {"S": "m"}}, {}, {"by-s": 1.0}, marks=fact("global.35")),
    pytest.param({"s": {"S": "m"}}, {"s": {"S": "m"}}, {}, marks=fact("global.36")),
    pytest.param(
        {"s": {"S": "m"}, "x": {"S": "x" * 3000}},
        {"s": {"S": "m"}, "x": {"S": "x"}},
        {"by-s": 3.0},
        marks=fact("global.37"),
    ),
    pytest.param(
        {"s": {"S": "m"}, "x": {"S": "x" * 3000}},
        {"s": {"S": "o"}, "x": {"S": "x"}},
        {"by-s": 4.0},
        marks=fact("global.38"),
    ),
]


@pytest.mark.parametrize(("old", "new", "units"), PUTS)
def test_writing_costs_by_what_becomes_of_the_entry(
    client: Any, own: str, old: Item | None, new: Item, units: dict[str, float]
) -> None:
    if old is not None:
        client.put_item(TableName=own, Item=item(0, **old))
    answer = client.put_item(TableName=own, Item=item(0, **new), ReturnConsumedCapacity="INDEXES")
    told = answer["ConsumedCapacity"].get("GlobalSecondaryIndexes", {})
    assert {name: arm["CapacityUnits"] for name, arm in told.items()} == units


# --- tables


def described(client: Any, table: str) -> dict[str, Any]:
    found: dict[str, Any] = client.describe_table(TableName=table)["Table"]
    return found


def update(client: Any, table: str, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = call(client, "UpdateTable", {"TableName": table, **more})["TableDescription"]
    return answer


def create(name: str, index: Global, **more: Any) -> dict[str, Any]:
    return {
        "AttributeDefinitions": definitions(*index.partition, *index.sort),
        "GlobalSecondaryIndexUpdates": [{"Create": declared(name, index, **more)}],
    }


@fact("global.40", "global.41")
def test_indexes_are_created_with_their_table(client: Any, name: str) -> None:
    with created(client, name, {"by-sk-b": INDEXES["by-sk-b"]}) as answer:
        assert [each["IndexStatus"] for each in answer["GlobalSecondaryIndexes"]] == ["CREATING"]
        load(client, name, ITEMS)
        inside = held(client, name, "by-sk-b")
        assert described(client, name)["GlobalSecondaryIndexes"] == [
            {
                **declared("by-sk-b", INDEXES["by-sk-b"]),
                "IndexStatus": "ACTIVE",
                "IndexArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}/index/by-sk-b",
                "ItemCount": len(inside),
                "IndexSizeBytes": 80,
                "ProvisionedThroughput": {
                    "NumberOfDecreasesToday": 0,
                    "ReadCapacityUnits": 0,
                    "WriteCapacityUnits": 0,
                },
                "WarmThroughput": {
                    "ReadUnitsPerSecond": 12000,
                    "WriteUnitsPerSecond": 4000,
                    "Status": "ACTIVE",
                },
            }
        ]


@fact("global.42", "global.43", "global.44", "global.45", "global.46")
def test_an_index_comes_and_goes(client: Any, name: str) -> None:
    with created(client, name, {"by-s": Global(("s",))}):
        items = [*ITEMS, item(9, n={"S": "no number"}), item(8, n={"N": "3"}, s={"S": "s" * 1025})]
        load(client, name, items)
        asked = create("by-n-s", INDEXES["by-n-s"])
        asked["AttributeDefinitions"] = [
            {"AttributeName": "s", "AttributeType": "B"},
            *definitions("n", "b"),
        ]
        answer = update(client, name, **asked)
        statuses = {each["IndexName"]: each["IndexStatus"] for each in answer["GlobalSecondaryIndexes"]}
        assert (answer["TableStatus"], statuses) == ("UPDATING", {"by-s": "ACTIVE", "by-n-s": "CREATING"})
        client.put_item(TableName=name, Item=item(7, n={"N": "7"}, s={"S": "meanwhile"}))
        client.delete_item(TableName=name, Key=item(0))
        now = described(client, name)
        assert now["TableStatus"] == "ACTIVE"
        assert [each["IndexStatus"] for each in now["GlobalSecondaryIndexes"]] == ["ACTIVE", "ACTIVE"]
        assert not any("Backfilling" in each for each in now["GlobalSecondaryIndexes"])
        assert now["AttributeDefinitions"] == definitions("pk", "sk", "s", "n")
        left = [*ITEMS[1:], item(7, n={"N": "7"}, s={"S": "meanwhile"})]
        assert held(client, name, "by-n-s") == ordered(entries(INDEXES["by-n-s"], left))
        answer = update(client, name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n-s"}}])
        assert [each["IndexStatus"] for each in answer["GlobalSecondaryIndexes"]] == ["ACTIVE", "DELETING"]
        now = described(client, name)
        assert [each["IndexName"] for each in now["GlobalSecondaryIndexes"]] == ["by-s"]
        assert now["AttributeDefinitions"] == definitions("pk", "sk", "s")
        text = "The table does not have the specified index: by-n-s"
        assert fault(refusal(client, "Scan", {"TableName": name, "IndexName": "by-n-s"})) == (VE, text)


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def throughput(answer: dict[str, Any]) -> tuple[int, int]:
    [index] = answer["GlobalSecondaryIndexes"]
    found = index["ProvisionedThroughput"]
    return found["ReadCapacityUnits"], found["WriteCapacityUnits"]


@fact("global.47", "global.53")
def test_the_throughput_of_an_index_changes(client: Any, name: str) -> None:
    indexes = [declared("by-s", Global(("s",)), ProvisionedThroughput=units(3, 4))]
    more: dict[str, Any] = {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": units(1, 2),
        "AttributeDefinitions": definitions("pk", "sk", "s"),
        "GlobalSecondaryIndexes": indexes,
    }
    with created(client, name, {}, **more):
        change = {"Update": {"IndexName": "by-s", "ProvisionedThroughput": units(5, 6)}}
        answer = update(client, name, GlobalSecondaryIndexUpdates=[change])
        assert (throughput(answer), answer["GlobalSecondaryIndexes"][0]["IndexStatus"]) == (
            (3, 4),
            "UPDATING",
        )
        assert throughput(described(client, name)) == (5, 6)
        update(client, name, BillingMode="PAY_PER_REQUEST")
        assert throughput(described(client, name)) == (0, 0)
        request = {"TableName": name, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)}
        text = f"{P}Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: by-s"
        assert fault(refusal(client, "UpdateTable", request)) == (VE, text)
        call(client, "UpdateTable", {**request, "GlobalSecondaryIndexUpdates": [change]})
        assert throughput(described(client, name)) == (5, 6)


@fact("global.54")
def test_the_on_demand_limits_of_an_index_change(client: Any, name: str) -> None:
    with created(client, name, {"by-s": Global(("s",))}):
        for asked, shown, kept in (
            ({"MaxReadRequestUnits": 7}, {"MaxReadRequestUnits": 7}, {"MaxReadRequestUnits": 7}),
            ({"MaxReadRequestUnits": -1}, {"MaxReadRequestUnits": -1}, None),
        ):
            change = {"Update": {"IndexName": "by-s", "OnDemandThroughput": asked}}
            answer = update(client, name, GlobalSecondaryIndexUpdates=[change])
            assert answer["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == shown
            assert described(client, name)["GlobalSecondaryIndexes"][0].get("OnDemandThroughput") == kept


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        pytest.param(
            {
                "AttributeDefinitions": definitions("n", "b"),
                "GlobalSecondaryIndexUpdates": [
                    {"Create": declared("by-n", Global(("n",)))},
                    {"Create": declared("by-b", Global(("b",)))},
                ],
            },
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
            marks=fact("global.48"),
        ),
        pytest.param(
            create("by-s", Global(("s",))), VE, f"{P}Index already exists: by-s", marks=fact("global.49")
        ),
        pytest.param(
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "none"}}]},
            "ResourceNotFoundException",
            "Requested resource not found: Index: none not found",
            marks=fact("global.50"),
        ),
        pytest.param(
            {
                "GlobalSecondaryIndexUpdates": [
                    {"Update": {"IndexName": "none", "OnDemandThroughput": {"MaxReadRequestUnits": 1}}}
                ]
            },
            VE,
            "This operation cannot be performed with given input values. Please contact DynamoDB service team for"
            " more info: Action Blocked: IndexUpdate",
            marks=fact("global.51"),
        ),
        pytest.param(
            {**create("by-n", Global(("n",))), "AttributeDefinitions": definitions("s")},
            VE,
            f"{P}Some index key attributes are not defined in AttributeDefinitions."
            " Keys: [n], AttributeDefinitions: [s]",
            marks=fact("global.52"),
        ),
    ],
)
def test_what_an_update_may_not_do_to_indexes(
    client: Any, indexed: str, request_: dict[str, Any], code: str, text: str
) -> None:
    assert fault(refusal(client, "UpdateTable", {"TableName": indexed, **request_})) == (code, text)
