"""ConsumedCapacity, to the unit: tables and local indexes, reads and writes, one by one and in batches."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import Item, call, item
from dynamodb.clients import load
from dynamodb.facts import fact
from dynamodb.indexed import Local, declaration, indexed_table

BARE = len("pkask") + 2  # an item with nothing but a key: one letter, and a number of one digit


def sized(sk: int, size: int, pk: str = "a", **attributes: Any) -> Item:
    """Return an item that has this size without the other attributes."""
    assert len(pk) == len(str(sk)) == 1
    return item(sk, pk, x={"S": "x" * (size - BARE - 1)}, **attributes)


def units(client: Any, operation: str, request: dict[str, Any]) -> float:
    """Return what an operation says it consumed, which it must say in the same way in each form."""
    total = call(client, operation, {**request, "ReturnConsumedCapacity": "TOTAL"})["ConsumedCapacity"]
    found: float = total["CapacityUnits"]
    assert total == {"TableName": request["TableName"], "CapacityUnits": found}
    return found


def arms(client: Any, operation: str, request: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Return what an operation consumed of the table, and of local indexes by name."""
    answer = call(client, operation, {**request, "ReturnConsumedCapacity": "INDEXES"})
    return split(answer["ConsumedCapacity"], request["TableName"])


def split(consumed: dict[str, Any], table: str) -> tuple[float, dict[str, float]]:
    of_table: float = consumed["Table"]["CapacityUnits"]
    local: dict[str, float] = {
        name: arm["CapacityUnits"] for name, arm in consumed.get("LocalSecondaryIndexes", {}).items()
    }
    expected = {
        "TableName": table,
        "CapacityUnits": of_table + sum(local.values()),
        "Table": {"CapacityUnits": of_table},
    }
    if local:
        expected["LocalSecondaryIndexes"] = {name: {"CapacityUnits": each} for name, each in local.items()}
    assert consumed == expected
    return of_table, local


# --- the table alone


@fact("capacity.1", "capacity.5")
@pytest.mark.parametrize(
    ("size", "expected"), [(None, 1), (8, 1), (4096, 1), (4097, 2), (8192, 2), (8193, 3), (409_600, 100)]
)
def test_a_read_costs_a_unit_for_each_four_kilobytes(
    client: Any, standing: str, size: int | None, expected: int
) -> None:
    key = {"TableName": standing, "Key": item(1, "r")}
    call(client, "DeleteItem", key)
    if size is not None:
        call(client, "PutItem", {"TableName": standing, "Item": sized(1, size, "r")})
    assert units(client, "GetItem", {**key, "ConsistentRead": True}) == expected
    assert units(client, "GetItem", key) == expected / 2


def _put(size: int) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"Item": sized(1, size, "w")}


def _update(text: str, size: int = 0) -> tuple[str, dict[str, Any]]:
    values = {":v": {"S": "x" * size}} if ":v" in text else None
    more = {"ExpressionAttributeValues": values} if values else {}
    return "UpdateItem", {"Key": item(1, "w"), "UpdateExpression": text, **more}


_DELETE: tuple[str, dict[str, Any]] = ("DeleteItem", {"Key": item(1, "w")})


@pytest.mark.parametrize(
    ("old", "write", "expected"),
    [
        pytest.param(None, _put(1024), 1, marks=fact("capacity.2")),
        pytest.param(None, _put(1025), 2, marks=fact("capacity.2")),
        pytest.param(1025, _put(8), 2, marks=fact("capacity.6")),
        pytest.param(8, _put(1025), 2, marks=fact("capacity.6")),
        pytest.param(5000, _put(4000), 5, marks=fact("capacity.6")),
        pytest.param(3000, _update("SET y = :v", 1), 3, marks=fact("capacity.7")),
        pytest.param(3072 - 2, _update("SET y = :v", 1), 3, marks=fact("capacity.7")),
        pytest.param(3072 - 1, _update("SET y = :v", 1), 4, marks=fact("capacity.7")),
        pytest.param(3000, _update("SET x = :v", 1), 3, marks=fact("capacity.7")),
        pytest.param(8, _update("SET x = :v", 3000), 3, marks=fact("capacity.7")),
        pytest.param(None, _update("SET x = :v", 3000), 3, marks=fact("capacity.7")),
        pytest.param(None, _update("REMOVE x"), 1, marks=fact("capacity.7")),
        pytest.param(2560, _DELETE, 3, marks=fact("capacity.8")),
        pytest.param(None, _DELETE, 1, marks=fact("capacity.8")),
    ],
)
def test_a_write_costs_the_larger_of_the_old_and_the_new_item(
    client: Any, standing: str, old: int | None, write: tuple[str, dict[str, Any]], expected: int
) -> None:
    operation, request = write
    for told in (units, arms):
        call(client, "DeleteItem", {"TableName": standing, "Key": item(1, "w")})
        if old is not None:
            call(client, "PutItem", {"TableName": standing, "Item": sized(1, old, "w")})
        found = told(client, operation, {"TableName": standing, **request})
        assert found in (expected, (expected, {}))


@fact("capacity.3")
def test_a_provisioned_table_tells_the_same_numbers(client: Any, name: str) -> None:
    throughput = {"ReadCapacityUnits": 50, "WriteCapacityUnits": 50}
    members = declaration({"by-n": Local("n", "N")}) | {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": throughput,
    }
    client.create_table(TableName=name, **members)
    put = {"TableName": name, "Item": sized(1, 2000, n={"N": "1"})}
    assert arms(client, "PutItem", put) == (2, {"by-n": 2})
    assert units(client, "GetItem", {"TableName": name, "Key": item(1)}) == 0.5
    client.delete_table(TableName=name)


@fact("capacity.10", "capacity.11", "capacity.28")
def test_a_batch_costs_the_sum_of_its_parts_for_each_table(client: Any, table: str, standing: str) -> None:
    def write(*writes: dict[str, Any]) -> list[float]:
        names = [table, standing]
        answer = client.batch_write_item(
            RequestItems={name: list(writes) for name in names}, ReturnConsumedCapacity="TOTAL"
        )
        assert [each["TableName"] for each in answer["ConsumedCapacity"]] == names
        return [each["CapacityUnits"] for each in answer["ConsumedCapacity"]]

    puts = [{"PutRequest": {"Item": sized(sk, size, "g")}} for sk, size in enumerate([1025, 1024, 4097], 1)]
    assert write(*puts) == [2 + 1 + 5] * 2
    deletes = [{"DeleteRequest": {"Key": item(sk, "g")}} for sk in (1, 9)]
    keys = [item(sk, "g") for sk in (1, 2, 3, 9)]
    wanted = {table: {"Keys": keys, "ConsistentRead": True}, standing: {"Keys": keys}}
    read = client.batch_get_item(RequestItems=wanted, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert [split(each, each["TableName"]) for each in read] == [(1 + 1 + 2 + 1, {}), (2.5, {})]
    assert write(*deletes) == [2 + 1] * 2


@fact("capacity.12", "capacity.13", "capacity.14")
def test_a_page_costs_the_sum_of_what_it_read(client: Any, table: str) -> None:
    load(client, table, [sized(sk, 500) for sk in range(1, 10)])
    query: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
    }
    # 4,500 bytes are two units; eight items, of 4,000, are one.
    more: list[tuple[dict[str, Any], float]] = [
        ({}, 2),
        ({"Select": "COUNT"}, 2),
        ({"ProjectionExpression": "sk"}, 2),
        ({"FilterExpression": "attribute_not_exists(x)"}, 2),
        ({"Limit": 8}, 1),
    ]
    for changes, expected in more:
        scan = {"TableName": table, **changes}
        for operation, request in (("Query", {**query, **changes}), ("Scan", scan)):
            assert arms(client, operation, {**request, "ConsistentRead": True}) == (expected, {})
            assert units(client, operation, request) == expected / 2
    nothing = {**query, "ExpressionAttributeValues": {":pk": {"S": "none"}}}
    empty = {"TableName": table, "Segment": 0, "TotalSegments": 1_000_000}
    for operation, request in (("Query", nothing), ("Scan", empty)):
        assert units(client, operation, {**request, "ConsistentRead": True}) == 1
        assert units(client, operation, request) == 0.5


# --- local indexes

INDEXES = {
    "all": Local("s"),
    "keys": Local("n", "N", "KEYS_ONLY"),
    "some": Local("b", "B", ("set", "big")),
}
BIG, BIGGER = {"S": "x" * 1500}, {"S": "x" * 2500}


@pytest.fixture(scope="module")
def indexed(client: Any) -> Iterator[str]:
    with indexed_table(client, "capacity.indexes", INDEXES) as name:
        yield name


S, T, N, M, B = {"S": "s"}, {"S": "t"}, {"N": "1"}, {"N": "2"}, {"B": b"b"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # Absent before: the new entry.
        pytest.param(None, {"s": S}, (1, {"all": 1}), marks=fact("capacity.15")),
        pytest.param(None, {"s": S, "big": BIG}, (2, {"all": 2}), marks=fact("capacity.15")),
        pytest.param({"big": BIG}, {"s": S, "big": BIG}, (2, {"all": 2}), marks=fact("capacity.15")),
        pytest.param(
            None, {"s": S, "n": N, "b": B}, (1, {"all": 1, "keys": 1, "some": 1}), marks=fact("capacity.15")
        ),
        # Absent afterwards: the old one.
        pytest.param({"s": S, "big": BIGGER}, None, (3, {"all": 3}), marks=fact("capacity.16")),
        pytest.param({"s": S, "big": BIGGER}, {"big": BIG}, (3, {"all": 3}), marks=fact("capacity.16")),
        # As it was: nothing.
        pytest.param({"s": S, "n": N}, {"s": S, "n": N}, (1, {}), marks=fact("capacity.17")),
        pytest.param(
            {"n": N, "big": BIG}, {"n": {"N": "1.0"}, "big": BIGGER}, (3, {}), marks=fact("capacity.17")
        ),
        # The same key and other attributes: the larger.
        pytest.param({"s": S, "big": BIGGER}, {"s": S}, (3, {"all": 3}), marks=fact("capacity.18")),
        pytest.param({"s": S}, {"s": S, "big": BIG}, (2, {"all": 2}), marks=fact("capacity.18")),
        pytest.param({"b": B}, {"b": B, "big": BIG}, (2, {"some": 2}), marks=fact("capacity.18")),
        # Another key: both.
        pytest.param({"s": S, "big": BIGGER}, {"s": T}, (3, {"all": 3 + 1}), marks=fact("capacity.19")),
        pytest.param(
            {"n": N, "big": BIGGER}, {"n": M, "big": BIG}, (3, {"keys": 2}), marks=fact("capacity.19")
        ),
        pytest.param(
            {"s": S, "n": N, "b": B, "big": BIG},
            {"s": T, "n": M, "b": B, "big": BIG},
            (2, {"all": 4, "keys": 2}),
            marks=fact("capacity.19"),
        ),
        # By value.
        pytest.param(
            {"b": B, "set": {"SS": ["p", "q"]}},
            {"b": B, "set": {"SS": ["q", "p"]}},
            (1, {}),
            marks=fact("capacity.20"),
        ),
        pytest.param(
            {"s": S, "l": {"L": [{"NS": ["1", "2"]}]}},
            {"s": S, "l": {"L": [{"NS": ["2.0", "1"]}]}},
            (1, {}),
            marks=fact("capacity.20"),
        ),
        # What is not projected does not count.
        pytest.param({"n": N}, {"n": N, "big": BIG}, (2, {}), marks=fact("capacity.21")),
        pytest.param(
            {"b": B, "x": BIG},
            {"b": B, "x": S, "set": {"SS": ["p"]}},
            (2, {"some": 1}),
            marks=fact("capacity.21"),
        ),
        pytest.param(None, None, (1, {}), marks=fact("capacity.22")),
    ],
)
def test_a_write_costs_in_an_index_by_what_becomes_of_its_entry(
    client: Any, indexed: str, old: Item | None, new: Item | None, expected: tuple[float, dict[str, float]]
) -> None:
    """The same change, made by a put or delete, alone and in a batch, and by an update."""
    key = {"TableName": indexed, "Key": item(1)}

    def begin() -> None:
        call(client, "DeleteItem", key)
        if old is not None:
            call(client, "PutItem", {"TableName": indexed, "Item": item(1, **old)})

    begin()
    if new is None:
        write: dict[str, Any] = {"DeleteRequest": {"Key": item(1)}}
        assert arms(client, "DeleteItem", key) == expected
    else:
        write = {"PutRequest": {"Item": item(1, **new)}}
        assert arms(client, "PutItem", {"TableName": indexed, "Item": item(1, **new)}) == expected
    begin()
    answer = client.batch_write_item(RequestItems={indexed: [write]}, ReturnConsumedCapacity="INDEXES")
    assert [split(each, indexed) for each in answer["ConsumedCapacity"]] == [expected]
    if new is not None:
        begin()
        assert arms(client, "UpdateItem", {**key, **_becoming(old or {}, new)}) == expected
        begin()
        assert units(client, "UpdateItem", {**key, **_becoming(old or {}, new)}) == sum(
            [expected[0], *expected[1].values()]
        )


def _becoming(old: Item, new: Item) -> dict[str, Any]:
    """Return the update that makes of the old attributes the new ones."""
    gone = [f"#{name}" for name in old if name not in new]
    text = "SET " + ", ".join(f"#{name} = :{name}" for name in new)
    return {
        "UpdateExpression": text + (f" REMOVE {', '.join(gone)}" if gone else ""),
        "ExpressionAttributeNames": {f"#{name}": name for name in (*new, *(name[1:] for name in gone))},
        "ExpressionAttributeValues": {f":{name}": value for name, value in new.items()},
    }


@fact("capacity.11", "capacity.28")
def test_a_batch_adds_up_each_index(client: Any, indexed: str) -> None:
    puts = [
        {"PutRequest": {"Item": item(sk, "u", s=S, big=BIG, **({"n": N} if sk else {}))}} for sk in range(4)
    ]
    answer = client.batch_write_item(RequestItems={indexed: puts}, ReturnConsumedCapacity="INDEXES")
    assert [split(each, indexed) for each in answer["ConsumedCapacity"]] == [(8, {"all": 8, "keys": 3})]


@fact("capacity.23", "capacity.24", "capacity.13", "capacity.14")
def test_reading_a_local_index_costs_its_entries_and_what_is_fetched(client: Any, indexed: str) -> None:
    load(client, indexed, [sized(sk, 3000, "q", n=N, s=S) for sk in (1, 2, 3)])
    load(client, indexed, [sized(4, 4095, "q", n=N)])
    query: dict[str, Any] = {
        "TableName": indexed,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "q"}},
        "ConsistentRead": True,
    }
    cases: list[tuple[str, dict[str, Any], tuple[float, float]]] = [
        ("keys", {}, (0, 1)),
        ("keys", {"Select": "COUNT"}, (0, 1)),
        ("keys", {"ProjectionExpression": "n"}, (0, 1)),
        ("keys", {"FilterExpression": "attribute_exists(sk)"}, (0, 1)),
        # Three items of 3,005 bytes, and one of 4,098, each by itself.
        ("keys", {"Select": "ALL_ATTRIBUTES"}, (3 + 2, 1)),
        ("keys", {"ProjectionExpression": "x"}, (3 + 2, 1)),
        ("keys", {"Select": "ALL_ATTRIBUTES", "Limit": 2}, (2, 1)),
        ("keys", {"FilterExpression": "attribute_exists(x)", "Select": "COUNT"}, (3 + 2, 1)),
        # Three entries of 3,005 bytes together.
        ("all", {}, (0, 3)),
        ("all", {"Select": "ALL_ATTRIBUTES"}, (0, 3)),
        ("some", {}, (0, 1)),
        ("some", {"Select": "ALL_ATTRIBUTES"}, (0, 1)),
    ]
    for index, more, (of_table, of_index) in cases:
        request = {**query, "IndexName": index, **more}
        assert arms(client, "Query", request) == (of_table, {index: of_index}), (index, more)
        del request["ConsistentRead"]
        assert arms(client, "Query", request) == (of_table / 2, {index: of_index / 2}), (index, more)
        assert units(client, "Query", request) == (of_table + of_index) / 2
    scan = {
        "TableName": indexed,
        "IndexName": "all",
        "ConsistentRead": True,
        "TotalSegments": 1,
        "Segment": 0,
    }
    of_table, local = arms(client, "Scan", scan)
    assert of_table == 0
    assert local["all"] >= 3


# --- how it is told


@fact("capacity.26")
def test_nothing_is_told_that_was_not_asked_for(client: Any, indexed: str) -> None:
    key = {"TableName": indexed, "Key": item(1, "n")}
    query = {
        "TableName": indexed,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "n"}},
    }
    requests: list[tuple[str, dict[str, Any]]] = [
        ("PutItem", {"TableName": indexed, "Item": item(1, "n", s=S)}),
        ("UpdateItem", key),
        ("GetItem", key),
        ("Query", {**query, "IndexName": "all"}),
        ("DeleteItem", key),
        ("BatchWriteItem", {"RequestItems": {indexed: [{"DeleteRequest": {"Key": item(1)}}]}}),
        ("BatchGetItem", {"RequestItems": {indexed: {"Keys": [item(1)]}}}),
    ]
    for operation, request in requests:
        for more in ({}, {"ReturnConsumedCapacity": "NONE"}):
            assert "ConsumedCapacity" not in call(client, operation, {**request, **more})


@fact("capacity.27")
def test_units_are_numbers_with_a_fraction(client: Any, indexed: str) -> None:
    bodies: list[bytes] = []

    def look(response_dict: dict[str, Any], **_: Any) -> None:
        bodies.append(response_dict["body"])

    client.meta.events.register("before-parse.dynamodb.PutItem", look)
    call(
        client,
        "PutItem",
        {"TableName": indexed, "Item": item(1, "f", s=S), "ReturnConsumedCapacity": "INDEXES"},
    )
    client.meta.events.unregister("before-parse.dynamodb.PutItem", look)
    assert json.loads(bodies[0], parse_int=str)["ConsumedCapacity"] == {
        "TableName": indexed,
        "CapacityUnits": 2.0,
        "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"all": {"CapacityUnits": 1.0}},
    }


# --- statistics


def _statistics(client: Any, table: str) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
    described = call(client, "DescribeTable", {"TableName": table})["Table"]
    indexes = {
        index["IndexName"]: (index["ItemCount"], index["IndexSizeBytes"])
        for index in described.get("LocalSecondaryIndexes", ())
    }
    return (described["ItemCount"], described["TableSizeBytes"]), indexes


@fact("capacity.31", "capacity.33")
def test_a_table_tells_how_many_items_it_has_and_their_size(client: Any, table: str) -> None:
    assert _statistics(client, table) == ((0, 0), {})
    load(client, table, [sized(sk, 100 * sk, "s") for sk in range(1, 5)])
    assert _statistics(client, table) == ((4, 1000), {})
    call(client, "PutItem", {"TableName": table, "Item": sized(1, 50, "s")})
    assert _statistics(client, table) == ((4, 950), {})
    key = {"TableName": table, "Key": item(2, "s")}
    call(client, "UpdateItem", {**key, "UpdateExpression": "REMOVE x"})
    assert _statistics(client, table) == ((4, 750 + BARE), {})
    for _ in range(2):
        call(client, "DeleteItem", key)
        assert _statistics(client, table) == ((3, 750), {})


@fact("capacity.32", "capacity.33")
def test_a_local_index_tells_how_many_entries_it_has_and_their_size(client: Any, name: str) -> None:
    with indexed_table(client, name, INDEXES):
        nothing = {"all": (0, 0), "keys": (0, 0), "some": (0, 0)}
        assert _statistics(client, name) == ((0, 0), nothing)
        load(client, name, [sized(sk, 100, s=S, n=N) for sk in (1, 2, 3)] + [sized(4, 100)])
        in_all, in_keys = 100 + 2 + 3, BARE + 3  # `s` and its value are 2 bytes, `n` and its 3
        assert _statistics(client, name) == (
            (4, 400 + 3 * 5),
            {"all": (3, 3 * in_all), "keys": (3, 3 * in_keys), "some": (0, 0)},
        )
        call(client, "DeleteItem", {"TableName": name, "Key": item(1)})
        update = {"UpdateExpression": "REMOVE s", "TableName": name, "Key": item(2)}
        call(client, "UpdateItem", update)
        assert _statistics(client, name) == (
            (3, 300 + 2 * 5 - 2),
            {"all": (1, in_all), "keys": (2, 2 * in_keys), "some": (0, 0)},
        )
