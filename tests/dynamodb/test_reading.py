"""Query and Scan: order, ranges, pages, segments, filters, and the key that a page leaves behind."""

from typing import Any

import pytest

from dynamodb.calls import VE, call, fault, item, refusal
from dynamodb.clients import create_table, every_page, load


def _query(table: str, **more: Any) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
        **more,
    }


def test_a_query_that_exhausts_its_range_has_no_last_key(client: Any, filled: str) -> None:
    assert "LastEvaluatedKey" not in call(client, "Query", _query(filled))
    assert "LastEvaluatedKey" not in call(client, "Query", _query(filled, Limit=11))


def test_a_limit_that_is_just_met_leaves_a_key_and_then_an_empty_page(client: Any, filled: str) -> None:
    page = call(client, "Query", _query(filled, Limit=10))
    assert page["LastEvaluatedKey"] == item(9)
    rest = call(client, "Query", _query(filled, Limit=10, ExclusiveStartKey=item(9)))
    assert rest == {"Items": [], "Count": 0, "ScannedCount": 0}


def test_a_query_by_whole_key_has_a_last_key_only_with_a_limit(client: Any, filled: str) -> None:
    request = {
        "TableName": filled,
        "KeyConditionExpression": "pk = :pk AND sk = :sk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}, ":sk": {"N": "5"}},
    }
    assert "LastEvaluatedKey" not in call(client, "Query", request)
    assert call(client, "Query", {**request, "Limit": 1})["LastEvaluatedKey"] == item(5)


def test_a_starting_key_need_not_exist(client: Any, filled: str) -> None:
    start = {"pk": {"S": "a"}, "sk": {"N": "6.5"}}
    forward = call(client, "Query", _query(filled, ExclusiveStartKey=start))
    assert [each["sk"]["N"] for each in forward["Items"]] == ["7", "8", "9"]
    backward = call(client, "Query", _query(filled, ExclusiveStartKey=start, ScanIndexForward=False))
    assert [each["sk"]["N"] for each in backward["Items"]] == ["6", "5", "4", "3", "2", "1", "0"]


def test_a_limit_counts_what_is_read_not_what_the_filter_passes(client: Any, filled: str) -> None:
    request = _query(filled, Limit=3, FilterExpression="even = :yes")
    request["ExpressionAttributeValues"] = {":pk": {"S": "a"}, ":yes": {"BOOL": True}}
    pages = every_page(client.query, **request)
    assert [page["ScannedCount"] for page in pages] == [3, 3, 3, 1]
    assert [page["Count"] for page in pages] == [2, 1, 2, 0]
    assert [each["sk"]["N"] for page in pages for each in page["Items"]] == ["0", "2", "4", "6", "8"]


def test_a_filter_that_passes_nothing_still_leaves_a_key(client: Any, filled: str) -> None:
    request = _query(filled, Limit=4, FilterExpression="attribute_exists(nothing)")
    page = call(client, "Query", request)
    assert page == {"Items": [], "Count": 0, "ScannedCount": 4, "LastEvaluatedKey": item(3)}


def test_a_count_has_no_items(client: Any, filled: str) -> None:
    assert call(client, "Query", _query(filled, Select="COUNT")) == {"Count": 10, "ScannedCount": 10}
    assert call(client, "Scan", {"TableName": filled, "Select": "COUNT"}) == {"Count": 11, "ScannedCount": 11}


def test_numbers_sort_as_numbers(client: Any, table: str) -> None:
    order = ["-1E20", "-10.5", "-10", "-2", "-0.001", "0", "1E-100", "0.5", "2", "9", "10", "10.01", "1E20"]
    load(
        client,
        table,
        [{"pk": {"S": "a"}, "sk": {"N": number}, "was": {"S": number}} for number in sorted(order)],
    )
    found = call(client, "Query", _query(table))["Items"]
    assert [each["was"]["S"] for each in found] == order


def test_strings_sort_by_their_bytes(client: Any, name: str) -> None:
    create_table(client, name)
    order = sorted(["a", "A", "é", "z", "aa", "\U0001f600", "￿", "a\x00", "0"], key=str.encode)
    load(client, name, [{"pk": {"S": "a"}, "sk": {"S": text}} for text in order[::-1]])
    found = call(client, "Query", _query(name))["Items"]
    assert [each["sk"]["S"] for each in found] == order
    client.delete_table(TableName=name)


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


def test_a_page_holds_one_megabyte_of_what_was_read(client: Any, table: str) -> None:
    items = [item(sk, x={"S": "x" * 300_000}) for sk in range(8)]
    for start in range(0, 8, 4):
        load(client, table, items[start : start + 4])
    for operation, request in ((client.query, _query(table)), (client.scan, {"TableName": table})):
        for more in ({}, {"ProjectionExpression": "sk"}):
            pages = every_page(operation, **request, **more)
            # 1,048,576 bytes are three items and a half: the fourth crosses the line.
            assert [page["Count"] for page in pages] in ([4, 4], [4, 4, 0])
            assert pages[0]["LastEvaluatedKey"] == item(3)
            read = [each["sk"]["N"] for page in pages for each in page["Items"]]
            assert read == [str(sk) for sk in range(8)]


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
