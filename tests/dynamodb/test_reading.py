"""Query and Scan: order, ranges, pages, segments, filters, and the key that a page leaves behind."""

from typing import Any

import pytest

from dynamodb.calls import MISMATCH, VE, Item, call, fault, item, refusal
from dynamodb.clients import create_table, every_item, every_page, load
from dynamodb.facts import fact


def _query(table: str, **more: Any) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
        **more,
    }


@fact("reading.25")
def test_a_query_that_exhausts_its_range_has_no_last_key(client: Any, filled: str) -> None:
    assert "LastEvaluatedKey" not in call(client, "Query", _query(filled))
    assert "LastEvaluatedKey" not in call(client, "Query", _query(filled, Limit=11))


@fact("reading.23", "reading.24", "reading.27")
def test_a_limit_that_is_just_met_leaves_a_key_and_then_an_empty_page(client: Any, filled: str) -> None:
    page = call(client, "Query", _query(filled, Limit=10))
    assert page["LastEvaluatedKey"] == item(9)
    rest = call(client, "Query", _query(filled, Limit=10, ExclusiveStartKey=item(9)))
    assert rest == {"Items": [], "Count": 0, "ScannedCount": 0}


@fact("reading.28")
def test_a_query_by_whole_key_has_a_last_key_only_with_a_limit(client: Any, filled: str) -> None:
    request = {
        "TableName": filled,
        "KeyConditionExpression": "pk = :pk AND sk = :sk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}, ":sk": {"N": "5"}},
    }
    assert "LastEvaluatedKey" not in call(client, "Query", request)
    assert call(client, "Query", {**request, "Limit": 1})["LastEvaluatedKey"] == item(5)


@fact("reading.46", "reading.2")
def test_a_starting_key_need_not_exist(client: Any, filled: str) -> None:
    start = {"pk": {"S": "a"}, "sk": {"N": "6.5"}}
    forward = call(client, "Query", _query(filled, ExclusiveStartKey=start))
    assert [each["sk"]["N"] for each in forward["Items"]] == ["7", "8", "9"]
    backward = call(client, "Query", _query(filled, ExclusiveStartKey=start, ScanIndexForward=False))
    assert [each["sk"]["N"] for each in backward["Items"]] == ["6", "5", "4", "3", "2", "1", "0"]


@fact("reading.9", "reading.20")
def test_a_limit_counts_what_is_read_not_what_the_filter_passes(client: Any, filled: str) -> None:
    request = _query(filled, Limit=3, FilterExpression="even = :yes")
    request["ExpressionAttributeValues"] = {":pk": {"S": "a"}, ":yes": {"BOOL": True}}
    pages = every_page(client.query, **request)
    assert [page["ScannedCount"] for page in pages] == [3, 3, 3, 1]
    assert [page["Count"] for page in pages] == [2, 1, 2, 0]
    assert [each["sk"]["N"] for page in pages for each in page["Items"]] == ["0", "2", "4", "6", "8"]


@fact("reading.26")
def test_a_filter_that_passes_nothing_still_leaves_a_key(client: Any, filled: str) -> None:
    request = _query(filled, Limit=4, FilterExpression="attribute_exists(nothing)")
    page = call(client, "Query", request)
    assert page == {"Items": [], "Count": 0, "ScannedCount": 4, "LastEvaluatedKey": item(3)}


@fact("reading.8")
def test_a_count_has_no_items(client: Any, filled: str) -> None:
    assert call(client, "Query", _query(filled, Select="COUNT")) == {"Count": 10, "ScannedCount": 10}
    assert call(client, "Scan", {"TableName": filled, "Select": "COUNT"}) == {"Count": 11, "ScannedCount": 11}


@fact("values.101", "reading.1")
def test_numbers_sort_as_numbers(client: Any, table: str) -> None:
    order = ["-1E20", "-10.5", "-10", "-2", "-0.001", "0", "1E-100", "0.5", "2", "9", "10", "10.01", "1E20"]
    load(
        client,
        table,
        [{"pk": {"S": "a"}, "sk": {"N": number}, "was": {"S": number}} for number in sorted(order)],
    )
    found = call(client, "Query", _query(table))["Items"]
    assert [each["was"]["S"] for each in found] == order


@fact("values.100", "reading.1")
def test_strings_sort_by_their_bytes(client: Any, name: str) -> None:
    create_table(client, name)
    order = sorted(["a", "A", "é", "z", "aa", "\U0001f600", "￿", "a\x00", "0"], key=str.encode)
    load(client, name, [{"pk": {"S": "a"}, "sk": {"S": text}} for text in order[::-1]])
    found = call(client, "Query", _query(name))["Items"]
    assert [each["sk"]["S"] for each in found] == order
    client.delete_table(TableName=name)


@fact("values.102", "reading.1")
def test_binary_keys_sort_as_unsigned_bytes_and_have_prefixes(client: Any, name: str) -> None:
    create_table(client, name, sort_type="B")
    order = [b"\x00", b"\x00\x00", b"\x00\xff", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\xff"]
    load(client, name, [{"pk": {"S": "a"}, "sk": {"B": key}} for key in order[::-1]])
    assert [each["sk"]["B"] for each in call(client, "Query", _query(name))["Items"]] == order
    request = _query(name, KeyConditionExpression="pk = :pk AND begins_with(sk, :p)")
    for prefix in (b"\x00", b"\xff"):
        request["ExpressionAttributeValues"] = {":pk": {"S": "a"}, ":p": {"B": prefix}}
        found = [each["sk"]["B"] for each in call(client, "Query", request)["Items"]]
        assert found == [key for key in order if key.startswith(prefix)]
    client.delete_table(TableName=name)


def test_a_table_without_sort_key_is_queried_and_scanned(client: Any, name: str) -> None:
    create_table(client, name, sort=None)
    items = [{"pk": {"S": str(number)}} for number in range(30)]
    load(client, name, items)
    assert call(client, "Query", _query(name))["Count"] == 0
    found = call(client, "Query", _query(name, ExpressionAttributeValues={":pk": {"S": "7"}}))["Items"]
    assert found == [{"pk": {"S": "7"}}]
    pages = every_page(client.scan, TableName=name, Limit=7)
    scanned = [each["pk"]["S"] for page in pages for each in page["Items"]]
    assert sorted(scanned, key=int) == [str(number) for number in range(30)]
    client.delete_table(TableName=name)


def _sized(size: int, sk: int) -> Item:
    """An item of this size; its key has 7 bytes (sk is one digit, not 0), the rest is x."""
    return item(sk, x={"S": "x" * (size - 8)})


@fact("reading.21", "reading.24")
def test_a_page_holds_one_megabyte_of_what_was_read(client: Any, table: str) -> None:
    load(client, table, [item(sk, x={"S": "x" * 300_000}) for sk in range(8)])
    for operation, request in ((client.query, _query(table)), (client.scan, {"TableName": table})):
        for more in ({}, {"ProjectionExpression": "sk"}, {"FilterExpression": "attribute_not_exists(x)"}):
            pages = every_page(operation, **request, **more)
            # 1,048,576 bytes are three items and a half: the fourth crosses the line, and so does the eighth.
            assert [page["ScannedCount"] for page in pages] == [4, 4, 0]
            assert pages[0]["LastEvaluatedKey"] == item(3)
            assert pages[1]["LastEvaluatedKey"] == item(7)
            if "FilterExpression" not in more:
                read = [each["sk"]["N"] for page in pages for each in page["Items"]]
                assert read == [str(sk) for sk in range(8)]


@fact("reading.21", "reading.22", "reading.90")
def test_one_megabyte_exactly_does_not_end_a_page(client: Any, table: str) -> None:
    quarter = 262_144
    load(client, table, [_sized(quarter, sk) for sk in range(1, 5)])
    asked = {"ReturnConsumedCapacity": "TOTAL", "ConsistentRead": True}
    whole = call(client, "Query", _query(table, **asked))
    assert (whole["Count"], whole["ConsumedCapacity"]["CapacityUnits"]) == (4, 256.0)
    assert "LastEvaluatedKey" not in whole
    client.put_item(TableName=table, Item=item(5))
    crossed = call(client, "Query", _query(table, **asked))
    assert (crossed["Count"], crossed["ConsumedCapacity"]["CapacityUnits"]) == (5, 257.0)
    assert crossed["LastEvaluatedKey"] == item(5)
    client.put_item(TableName=table, Item=_sized(quarter + 1, 4))
    assert call(client, "Query", _query(table))["LastEvaluatedKey"] == item(4)
    backward = call(client, "Query", _query(table, ScanIndexForward=False))
    assert backward["LastEvaluatedKey"] == item(1)


@fact("reading.21", "values.79")
def test_items_of_400_kilobytes_are_read_by_pages(client: Any, table: str) -> None:
    items = [_sized(409_600, sk) for sk in range(1, 8)]
    load(client, table, items)
    for operation, request in ((client.query, _query(table)), (client.scan, {"TableName": table})):
        pages = every_page(operation, **request)
        assert [page["Count"] for page in pages] == [3, 3, 1]
        assert [each for page in pages for each in page["Items"]] == items


@fact("reading.1", "reading.2", "reading.46")
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 10, 11])
def test_pages_of_any_size_make_the_whole(client: Any, filled: str, limit: int, forward: bool) -> None:
    whole = call(client, "Query", _query(filled, ScanIndexForward=forward))["Items"]
    assert [each["sk"]["N"] for each in whole] == [str(sk) for sk in range(10)][:: 1 if forward else -1]
    assert every_item(client.query, **_query(filled, ScanIndexForward=forward, Limit=limit)) == whole
    scanned = call(client, "Scan", {"TableName": filled})["Items"]
    assert every_item(client.scan, TableName=filled, Limit=limit) == scanned


@fact("reading.70")
def test_what_is_selected_is_answered(client: Any, filled: str) -> None:
    first = item(0, even={"BOOL": True})
    for more, answer in (
        ({}, first),
        ({"Select": "ALL_ATTRIBUTES"}, first),
        ({"ProjectionExpression": "even"}, {"even": {"BOOL": True}}),
        ({"ProjectionExpression": "even", "Select": "SPECIFIC_ATTRIBUTES"}, {"even": {"BOOL": True}}),
        ({"AttributesToGet": ["sk"], "Select": "SPECIFIC_ATTRIBUTES"}, {"sk": {"N": "0"}}),
        ({"ProjectionExpression": "nothing"}, {}),
    ):
        if "AttributesToGet" not in more:  # which does not go with a key condition
            assert call(client, "Query", _query(filled, Limit=1, **more))["Items"] == [answer]
        segment = call(client, "Scan", {"TableName": filled, **more})["Items"]
        assert answer in segment


@fact("reading.61")
def test_a_scan_may_filter_by_keys(client: Any, filled: str) -> None:
    request = {
        "TableName": filled,
        "FilterExpression": "pk = :pk AND sk > :sk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}, ":sk": {"N": "7"}},
    }
    assert [each["sk"]["N"] for each in call(client, "Scan", request)["Items"]] == ["8", "9"]


INVALID = "The provided starting key is invalid"
WHOLE = {"pk": {"S": "a"}, "sk": {"N": "5"}}
OUTSIDE = "The provided starting key is outside query boundaries based on provided conditions"
NOT_IN_RANGE = "The provided starting key does not match the range key predicate"


@pytest.mark.parametrize(
    ("start", "of_query", "of_scan"),
    [
        pytest.param({}, INVALID, f"{INVALID}: {MISMATCH}", marks=fact("reading.41", "reading.42")),
        pytest.param(
            {"pk": {"S": "a"}}, INVALID, f"{INVALID}: {MISMATCH}", marks=fact("reading.41", "reading.42")
        ),
        pytest.param(
            {**WHOLE, "x": {"S": "x"}},
            INVALID,
            f"{INVALID}: {MISMATCH}",
            marks=fact("reading.41", "reading.42"),
        ),
        *[
            pytest.param(start, f"{INVALID}: {MISMATCH}", f"{INVALID}: {MISMATCH}", marks=fact("reading.43"))
            for start in (
                {"pk": {"S": "a"}, "sx": {"N": "5"}},
                {"pk": {"S": "a"}, "sk": {"S": "5"}},
                {"pk": {"N": "1"}, "sk": {"N": "5"}},
                {"pk": {"NULL": True}, "sk": {"N": "5"}},
            )
        ],
        pytest.param(item(5, "b"), OUTSIDE, None, marks=fact("reading.44")),
    ],
)
def test_a_starting_key_fits_the_table_and_the_query(
    client: Any, standing: str, start: Item, of_query: str, of_scan: str | None
) -> None:
    assert fault(refusal(client, "Query", _query(standing, ExclusiveStartKey=start))) == (VE, of_query)
    scan = {"TableName": standing, "ExclusiveStartKey": start}
    if of_scan is None:
        assert call(client, "Scan", scan)["Count"] == 0
    else:
        assert fault(refusal(client, "Scan", scan)) == (VE, of_scan)


@fact("reading.45")
@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ("sk > :n", 6, 4),
        ("sk BETWEEN :n AND :m", 5, 9),
        ("sk < :n", 4, 6),
        ("sk = :n", 5, 6),
    ],
)
def test_a_starting_key_lies_in_the_querys_range(
    client: Any, filled: str, condition: str, inside: int, outside: int
) -> None:
    values = {":pk": {"S": "a"}, ":n": {"N": "5"}, **({":m": {"N": "8"}} if ":m" in condition else {})}
    request = _query(filled, KeyConditionExpression=f"pk = :pk AND {condition}")
    request["ExpressionAttributeValues"] = values
    call(client, "Query", {**request, "ExclusiveStartKey": item(inside)})
    error = refusal(client, "Query", {**request, "ExclusiveStartKey": item(outside)})
    assert fault(error) == (VE, NOT_IN_RANGE)


@fact("reading.90", "reading.91", "reading.93")
def test_a_page_is_charged_as_a_whole(client: Any, table: str) -> None:
    load(client, table, [_sized(500, sk) for sk in range(10)])
    for operation, request in (("Query", _query(table)), ("Scan", {"TableName": table})):
        for more in (
            {},
            {"Select": "COUNT"},
            {"ProjectionExpression": "sk"},
            {"FilterExpression": "attribute_exists(nothing)"},
        ):
            for consistent, units in ((False, 1.0), (True, 2.0)):
                asked = {"ConsistentRead": consistent, "ReturnConsumedCapacity": "INDEXES"}
                answer = call(client, operation, {**request, **more, **asked})
                assert answer["ConsumedCapacity"] == {
                    "TableName": table,
                    "CapacityUnits": units,
                    "Table": {"CapacityUnits": units},
                }


@fact("reading.92")
def test_reading_nothing_costs_the_least(client: Any, standing: str) -> None:
    for operation, request in (("Query", _query(standing)), ("Scan", {"TableName": standing})):
        for consistent, units in ((False, 0.5), (True, 1.0)):
            asked = {"ConsistentRead": consistent, "ReturnConsumedCapacity": "TOTAL"}
            answer = call(client, operation, {**request, **asked})
            assert answer["ConsumedCapacity"] == {"TableName": standing, "CapacityUnits": units}


@fact("reading.6", "reading.83")
def test_more_segments_than_keys_leave_some_empty(client: Any, filled: str) -> None:
    counts = [
        call(client, "Scan", {"TableName": filled, "Segment": segment, "TotalSegments": 50})["Count"]
        for segment in range(50)
    ]
    assert sorted(counts)[-3:] in ([0, 1, 10], [0, 0, 11])
    request = {"TableName": filled, "Segment": 999_999, "TotalSegments": 1_000_000}
    assert call(client, "Scan", request)["Count"] in (0, 1, 10)


@fact("reading.4", "reading.5", "reading.7")
def test_segments_are_disjoint_complete_and_keep_to_their_keys(client: Any, table: str) -> None:
    load(client, table, [item(sk, str(pk)) for pk in range(20) for sk in range(3)])
    segments = [
        call(client, "Scan", {"TableName": table, "Segment": segment, "TotalSegments": 5})["Items"]
        for segment in range(5)
    ]
    keys = [{each["pk"]["S"] for each in segment} for segment in segments]
    assert sum(map(len, segments)) == 60
    assert sum(map(len, keys)) == len(set.union(*keys)) == 20
    own, other, *_ = (index for index, segment in enumerate(segments) if segment)
    start = {name: segments[other][0][name] for name in ("pk", "sk")}
    error = refusal(
        client,
        "Scan",
        {"TableName": table, "Segment": own, "TotalSegments": 5, "ExclusiveStartKey": start},
    )
    assert fault(error) == (
        VE,
        (
            "The provided starting key is invalid: Invalid ExclusiveStartKey."
            f" Please use ExclusiveStartKey with correct Segment. TotalSegments: 5 Segment: {own}"
        ),
    )


@fact("items.82", "items.83", "reading.3")
@pytest.mark.parametrize("consistent", [True, False])
def test_every_read_sees_the_write_that_was_acknowledged(client: Any, table: str, consistent: bool) -> None:
    """The cluster is settled: eventually consistent reads, too."""
    for version in range(50):
        client.put_item(TableName=table, Item=item(1, version={"N": str(version)}))
        read = {"TableName": table, "ConsistentRead": consistent}
        found = [
            client.get_item(**read, Key=item(1))["Item"],
            client.query(**_query(table, ConsistentRead=consistent))["Items"][0],
            client.scan(**read)["Items"][0],
        ]
        assert [each["version"]["N"] for each in found] == [str(version)] * 3
