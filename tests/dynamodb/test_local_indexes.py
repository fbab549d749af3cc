"""Local secondary indexes: what is in them, and what Query and Scan make of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import VE, Item, P, call, fault, item, refusal
from dynamodb.clients import every_item, every_page, load
from dynamodb.facts import fact
from dynamodb.indexed import LOCAL, Local, declaration, entries, indexed_table

ITEMS = [
    item(0, s={"S": "m"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x0"}, y={"S": "y0"}),
    item(1, s={"S": "c"}, n={"N": "-1.5"}, x={"S": "x1"}),
    item(2, n={"N": "20"}, b={"B": b"\x01\x00"}, y={"S": "y2"}),
    item(3, s={"S": "é"}, b={"B": b"\x01"}, x={"S": "x3"}, y={"S": "y3"}),
    item(4, y={"S": "in no index"}),
    item(5, s={"S": "Z"}, n={"N": "100"}, b={"B": b"\xff"}, x={"N": "5"}),
]


@pytest.fixture(scope="module")
def indexed(client: Any) -> Iterator[str]:
    """The items above under pk a, and one under b that each index has; nobody writes to it."""
    with indexed_table(client, "local.standing") as name:
        load(client, name, [*ITEMS, item(0, "b", s={"S": "c"}, n={"N": "3"}, b={"B": b"\x01"})])
        yield name


@pytest.fixture
def own(client: Any, name: str) -> Iterator[str]:
    with indexed_table(client, name):
        yield name


def query(table: str, index: str, condition: str = "", **more: Any) -> dict[str, Any]:
    values = {":pk": {"S": "a"}, **more.pop("values", {})}
    return {
        "TableName": table,
        "IndexName": index,
        "KeyConditionExpression": "pk = :pk" + (f" AND {condition}" if condition else ""),
        "ExpressionAttributeValues": values,
        **more,
    }


def held(client: Any, table: str, index: str) -> list[Item]:
    found: list[Item] = call(client, "Query", query(table, index, ConsistentRead=True))["Items"]
    return found


# --- contents


@fact("local.1", "local.2", "local.3", "local.4", "local.5", "local.6")
@pytest.mark.parametrize("index", LOCAL)
@pytest.mark.parametrize("consistent", [True, False])
def test_an_index_holds_what_it_projects_of_the_items_that_have_its_key(
    client: Any, indexed: str, index: str, consistent: bool
) -> None:
    answer = call(client, "Query", query(indexed, index, ConsistentRead=consistent))
    assert answer["Items"] == entries(LOCAL[index], ITEMS)
    assert answer["Count"] == answer["ScannedCount"] == len(answer["Items"])


WRITES: list[tuple[str, dict[str, Any], Item | None]] = [
    ("PutItem", {"Item": item(1, s={"S": "new"}, n={"N": "3"})}, item(1, s={"S": "new"}, n={"N": "3"})),
    ("PutItem", {"Item": item(1, x={"S": "bare"})}, item(1, x={"S": "bare"})),
    ("DeleteItem", {"Key": item(1)}, None),
    (
        "UpdateItem",
        {"Key": item(1), "UpdateExpression": "SET s = :v", "ExpressionAttributeValues": {":v": {"S": "zz"}}},
        item(1, s={"S": "zz"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x"}),
    ),
    (
        "UpdateItem",
        {"Key": item(1), "UpdateExpression": "REMOVE s, b"},
        item(1, n={"N": "3"}, x={"S": "x"}),
    ),
    (
        "UpdateItem",
        {"Key": item(1), "UpdateExpression": "ADD n :v", "ExpressionAttributeValues": {":v": {"N": "-10"}}},
        item(1, s={"S": "m"}, n={"N": "-7"}, b={"B": b"\x02"}, x={"S": "x"}),
    ),
    (
        "UpdateItem",
        {"Key": item(1), "UpdateExpression": "SET y = :v", "ExpressionAttributeValues": {":v": {"S": "y"}}},
        item(1, s={"S": "m"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x"}, y={"S": "y"}),
    ),
]


@fact("local.7", "local.8", "local.9")
@pytest.mark.parametrize(("operation", "request_", "left"), WRITES)
def test_every_write_keeps_the_indexes(
    client: Any, own: str, operation: str, request_: dict[str, Any], left: Item | None
) -> None:
    neighbours = [item(0, s={"S": "m"}, n={"N": "3"}), item(2, s={"S": "n"}, n={"N": "4"}, b={"B": b"\x03"})]
    load(client, own, [*neighbours, item(1, s={"S": "m"}, n={"N": "3"}, b={"B": b"\x02"}, x={"S": "x"})])
    call(client, operation, {"TableName": own, **request_})
    items = neighbours if left is None else [neighbours[0], left, neighbours[1]]
    for name, index in LOCAL.items():
        assert held(client, own, name) == entries(index, items), name


@fact("local.10")
def test_items_with_equal_index_keys_are_all_there_and_pages_go_through_them(client: Any, own: str) -> None:
    items = [item(sk, n={"N": "7.0"}) for sk in range(7)]
    load(client, own, items)
    for forward in (True, False):
        pages = every_page(client.query, **query(own, "by-n", Limit=2, ScanIndexForward=forward))
        read = [each["sk"]["N"] for page in pages for each in page["Items"]]
        assert sorted(read) == [str(sk) for sk in range(7)]
        again = every_item(client.query, **query(own, "by-n", ScanIndexForward=forward))
        assert [each["sk"]["N"] for each in again] == read


@fact("local.11")
def test_a_table_describes_its_local_indexes(client: Any, indexed: str) -> None:
    described = call(client, "DescribeTable", {"TableName": indexed})["Table"]
    declared = declaration(LOCAL)["LocalSecondaryIndexes"]
    for found, given in zip(described["LocalSecondaryIndexes"], declared, strict=True):
        assert {name: found[name] for name in given} == given
        assert found["IndexArn"] == f"{described['TableArn']}/index/{given['IndexName']}"


# --- key conditions and order


@fact("local.12")
@pytest.mark.parametrize(
    ("index", "condition", "values", "expected"),
    [
        ("by-n", "n = :v", {":v": {"N": "3.0"}}, [0]),
        ("by-n", "n < :v", {":v": {"N": "20"}}, [1, 0]),
        ("by-n", "n <= :v", {":v": {"N": "20"}}, [1, 0, 2]),
        ("by-n", "n > :v", {":v": {"N": "3"}}, [2, 5]),
        ("by-n", "n >= :v", {":v": {"N": "3"}}, [0, 2, 5]),
        ("by-n", "n BETWEEN :v AND :w", {":v": {"N": "-1.5"}, ":w": {"N": "20"}}, [1, 0, 2]),
        ("by-s", "s = :v", {":v": {"S": "c"}}, [1]),
        ("by-s", "begins_with(s, :v)", {":v": {"S": "é"}}, [3]),
        ("by-s", "s > :v", {":v": {"S": "Z"}}, [1, 0, 3]),
        ("by-b", "begins_with(b, :v)", {":v": {"B": b"\x01"}}, [3, 2]),
        ("by-b", "b <= :v", {":v": {"B": b"\x01\x00"}}, [3, 2]),
    ],
)
@pytest.mark.parametrize("forward", [True, False])
def test_a_condition_on_the_index_key_reads_a_range_in_its_order(
    client: Any,
    indexed: str,
    index: str,
    condition: str,
    values: Item,
    expected: list[int],
    forward: bool,
) -> None:
    request = query(indexed, index, condition, values=values, ScanIndexForward=forward)
    for more in ({}, {"Limit": 1}):
        found = [int(each["sk"]["N"]) for each in every_item(client.query, **request, **more)]
        assert found == (expected if forward else expected[::-1])


# --- pages


@fact("local.13", "local.14", "local.15")
@pytest.mark.parametrize("index", LOCAL)
@pytest.mark.parametrize("forward", [True, False])
def test_pages_follow_one_another_by_index_and_table_key(
    client: Any, indexed: str, index: str, forward: bool
) -> None:
    expected = entries(LOCAL[index], ITEMS)[:: 1 if forward else -1]
    pages = every_page(client.query, **query(indexed, index, Limit=1, ScanIndexForward=forward))
    assert [each for page in pages for each in page["Items"]] == expected
    assert len(pages) == len(expected) + 1, "the last full page has a key, and the next is empty"
    for page, entry in zip(pages, expected, strict=False):
        key = {name: entry[name] for name in ("pk", "sk", LOCAL[index].sort)}
        assert page["LastEvaluatedKey"] == key
    assert "LastEvaluatedKey" not in call(client, "Query", query(indexed, index))


@fact("local.16")
def test_a_starting_key_need_not_be_in_the_index(client: Any, indexed: str) -> None:
    start = {"pk": {"S": "a"}, "sk": {"N": "77"}, "n": {"N": "4"}}
    forward = call(client, "Query", query(indexed, "by-n", ExclusiveStartKey=start))["Items"]
    assert [each["sk"]["N"] for each in forward] == ["2", "5"]
    backward = call(client, "Query", query(indexed, "by-n", ExclusiveStartKey=start, ScanIndexForward=False))
    assert [each["sk"]["N"] for each in backward["Items"]] == ["0", "1"]


INVALID = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
START: Item = {"pk": {"S": "a"}, "sk": {"N": "0"}, "n": {"N": "3"}}


@pytest.mark.parametrize(
    ("start", "condition", "text"),
    [
        pytest.param({"pk": START["pk"], "n": START["n"]}, "", INVALID, marks=fact("local.17")),
        pytest.param({**START, "x": {"S": "x"}}, "", INVALID, marks=fact("local.17")),
        pytest.param(
            {"pk": START["pk"], "sk": START["sk"], "m": START["n"]}, "", INVALID, marks=fact("local.18")
        ),
        pytest.param({**START, "n": {"S": "3"}}, "", MISMATCH, marks=fact("local.19")),
        pytest.param({**START, "pk": {"N": "3"}}, "", MISMATCH, marks=fact("local.19")),
        pytest.param(
            {"pk": START["pk"], "x": START["sk"], "n": START["n"]},
            "",
            f"{INVALID}: {MISMATCH}",
            marks=fact("local.20"),
        ),
        pytest.param({**START, "sk": {"S": "0"}}, "", f"{INVALID}: {MISMATCH}", marks=fact("local.20")),
        pytest.param(
            {**START, "pk": {"S": "b"}},
            "",
            "The provided starting key is outside query boundaries based on provided conditions",
            marks=fact("local.21"),
        ),
        pytest.param(
            START,
            "n > :v",
            "The provided starting key does not match the range key predicate",
            marks=fact("local.22"),
        ),
    ],
)
def test_a_starting_key_of_a_query_must_fit_index_table_and_condition(
    client: Any, indexed: str, start: Item, condition: str, text: str
) -> None:
    values = {":v": {"N": "5"}} if condition else {}
    request = query(indexed, "by-n", condition, values=values, ExclusiveStartKey=start)
    assert fault(refusal(client, "Query", request)) == (VE, text)
    if not condition and "outside" not in text:
        scan = {"TableName": indexed, "IndexName": "by-n", "ExclusiveStartKey": start}
        assert fault(refusal(client, "Scan", scan)) == (VE, text)


@fact("local.23")
def test_a_page_holds_one_megabyte_of_entries(client: Any, own: str) -> None:
    load(client, own, [item(sk, s={"S": "s"}, n={"N": str(sk)}, x={"S": "x" * 100_000}) for sk in range(12)])
    pages = every_page(client.query, **query(own, "by-s"))
    # Eleven entries of 100 KB cross 1,048,576 bytes.
    assert [page["Count"] for page in pages] == [11, 1]
    assert [page["Count"] for page in every_page(client.query, **query(own, "by-n"))] == [12]


# --- scans


@fact("local.24")
@pytest.mark.parametrize("index", LOCAL)
def test_a_scan_reads_the_whole_index_and_nothing_else(client: Any, indexed: str, index: str) -> None:
    request = {"TableName": indexed, "IndexName": index, "ConsistentRead": True}
    everything = every_item(client.scan, **request)
    of_b = [each for each in everything if each["pk"] == {"S": "b"}]
    assert [each for each in everything if each not in of_b] == entries(LOCAL[index], ITEMS)
    assert len(of_b) == 1
    pages = every_page(client.scan, **request, Limit=2)
    assert [each for page in pages for each in page["Items"]] == everything
    assert set(pages[0]["LastEvaluatedKey"]) == {"pk", "sk", LOCAL[index].sort}


@fact("local.25", "local.26")
def test_segments_of_an_index_are_disjoint_complete_and_keep_to_their_keys(client: Any, own: str) -> None:
    load(client, own, [item(sk, str(pk), n={"N": "1"}) for pk in range(20) for sk in range(3)])
    request = {"TableName": own, "IndexName": "by-n", "TotalSegments": 4}
    segments = [call(client, "Scan", {**request, "Segment": segment})["Items"] for segment in range(4)]
    keys = [{each["pk"]["S"] for each in segment} for segment in segments]
    assert sum(map(len, segments)) == 60
    assert sum(map(len, keys)) == len(set.union(*keys)) == 20
    own_, other, *_ = (index for index, segment in enumerate(segments) if segment)
    wrong = {**request, "Segment": own_, "ExclusiveStartKey": segments[other][0]}
    assert fault(refusal(client, "Scan", wrong)) == (
        VE,
        (
            f"{INVALID}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment."
            f" TotalSegments: 4 Segment: {own_}"
        ),
    )


# --- what is shown


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, {"pk", "sk", "n"}, marks=fact("local.27")),
        pytest.param({"Select": "ALL_PROJECTED_ATTRIBUTES"}, {"pk", "sk", "n"}, marks=fact("local.27")),
        pytest.param({"Select": "ALL_ATTRIBUTES"}, set(ITEMS[0]), marks=fact("local.28")),
        pytest.param({"ProjectionExpression": "sk, y"}, {"sk", "y"}, marks=fact("local.29")),
        pytest.param({"ProjectionExpression": "n"}, {"n"}, marks=fact("local.29")),
        pytest.param({"AttributesToGet": ["y", "n"]}, {"y", "n"}, marks=fact("local.29")),
        pytest.param(
            {"Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "y"}, {"y"}, marks=fact("local.29")
        ),
        pytest.param({"FilterExpression": "y = :y"}, {"pk", "sk", "n"}, marks=fact("local.30")),
        pytest.param(
            {"FilterExpression": "y = :y", "Select": "ALL_ATTRIBUTES"}, set(ITEMS[0]), marks=fact("local.30")
        ),
        pytest.param({"FilterExpression": "y = :y", "Select": "COUNT"}, None, marks=fact("local.30")),
    ],
)
def test_what_an_index_lacks_comes_from_the_table(
    client: Any, indexed: str, more: dict[str, Any], expected: set[str] | None
) -> None:
    values = {":y": {"S": "y0"}} if "FilterExpression" in more else {}
    request = query(indexed, "by-n", "n BETWEEN :low AND :high", **more)
    request["ExpressionAttributeValues"] |= {":low": {"N": "0"}, ":high": {"N": "10"}, **values}
    if "AttributesToGet" in more:
        del request["KeyConditionExpression"], request["ExpressionAttributeValues"]
        request = {"TableName": indexed, "IndexName": "by-n", **more}
        found = every_item(client.scan, **request)
        assert expected is not None
        assert {name: ITEMS[0][name] for name in expected} in found
        return
    answer = call(client, "Query", request)
    assert (answer["Count"], answer["ScannedCount"]) == (1, 1)
    if expected is None:
        assert "Items" not in answer
    else:
        assert answer["Items"] == [{name: ITEMS[0][name] for name in expected}]


@fact("local.31")
def test_a_filter_decides_after_the_limit_and_sees_the_item(client: Any, indexed: str) -> None:
    values = {":y": {"S": "y2"}}
    request = query(indexed, "by-n", FilterExpression="y = :y", values=values, Limit=1)
    pages = every_page(client.query, **request)
    assert [page["Count"] for page in pages] == [0, 0, 1, 0, 0]
    assert [page["ScannedCount"] for page in pages] == [1, 1, 1, 1, 0]


# --- refusals


@pytest.mark.parametrize(
    ("more", "text"),
    [
        pytest.param(
            {"IndexName": "by-x"}, "The table does not have the specified index: by-x", marks=fact("local.32")
        ),
        pytest.param(
            {"KeyConditionExpression": "pk = :pk AND sk = :v"},
            "Query condition missed key schema element: n",
            marks=fact("local.33"),
        ),
        pytest.param(
            {"KeyConditionExpression": "n = :v AND sk = :pk"},
            "Query condition missed key schema element: pk",
            marks=fact("local.33"),
        ),
        pytest.param(
            {"KeyConditionExpression": "pk = :pk AND n = :s"},
            f"{P}Condition parameter type does not match schema type",
            marks=fact("local.34"),
        ),
        pytest.param(
            {"IndexName": "by-s", "KeyConditionExpression": "pk = :pk AND s = :e"},
            "One or more parameter values are not valid. The AttributeValue for a key attribute"
            " cannot contain an empty string value. Key: s",
            marks=fact("local.34"),
        ),
        pytest.param(
            {"FilterExpression": "n = :v"},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: n",
            marks=fact("local.35"),
        ),
        pytest.param(
            {"FilterExpression": "pk = :s"},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: pk",
            marks=fact("local.35"),
        ),
        pytest.param(
            {"FilterExpression": "x = :s", "ProjectionExpression": "n.a"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: n",
            marks=fact("local.36"),
        ),
        pytest.param(
            {"FilterExpression": "x = :s", "ProjectionExpression": "sk[0]"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: sk",
            marks=fact("local.36"),
        ),
    ],
)
def test_what_does_not_fit_the_index_is_refused(
    client: Any, indexed: str, more: dict[str, Any], text: str
) -> None:
    every = {":pk": {"S": "a"}, ":v": {"N": "1"}, ":s": {"S": "x"}, ":e": {"S": ""}}
    request = {"TableName": indexed, "IndexName": "by-n", "KeyConditionExpression": "pk = :pk", **more}
    used = " ".join(value for value in request.values() if isinstance(value, str))
    request["ExpressionAttributeValues"] = {name: value for name, value in every.items() if name in used}
    assert fault(refusal(client, "Query", request)) == (VE, text)


@fact("local.35")
def test_a_query_may_filter_by_the_tables_sort_key_and_a_scan_by_any_key(client: Any, indexed: str) -> None:
    found = call(
        client, "Query", query(indexed, "by-n", FilterExpression="sk > :v", values={":v": {"N": "1"}})
    )
    assert [each["sk"]["N"] for each in found["Items"]] == ["2", "5"]
    scan = {
        "TableName": indexed,
        "IndexName": "by-n",
        "FilterExpression": "n = :v AND pk = :b",
        "ExpressionAttributeValues": {":v": {"N": "3"}, ":b": {"S": "b"}},
    }
    assert call(client, "Scan", scan)["Items"] == [item(0, "b", n={"N": "3"})]


@fact("local.32")
def test_a_scan_of_an_index_that_is_not_there_is_refused(client: Any, indexed: str, standing: str) -> None:
    for table in (indexed, standing):
        request = {"TableName": table, "IndexName": "none", "ConsistentRead": True}
        text = "The table does not have the specified index: none"
        assert fault(refusal(client, "Scan", request)) == (VE, text)


@fact("local.5")
def test_five_indexes_are_kept_each_by_itself(client: Any, name: str) -> None:
    five = {f"index{number}": Local(f"k{number}", "N") for number in range(5)}
    with indexed_table(client, name, five):
        items = [{**item(sk), "k0": {"N": "9"}, f"k{sk}": {"N": str(sk)}} for sk in range(5)]
        load(client, name, items)
        for index, local in five.items():
            assert held(client, name, index) == entries(local, items)
