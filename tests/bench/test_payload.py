"""What is sent is what an SDK would send."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from trinamo.bench import payload


def bodies(operation: str, *sizes: int) -> Iterator[dict[str, Any]]:
    yield from payload.bodies(operation, *sizes)


def schema(filler: str) -> Any:
    return payload.TABLES[filler]["KeySchema"]


@pytest.mark.parametrize("operation", payload.TARGETS)
def test_every_request_states_the_length_of_its_body(operation: str) -> None:
    for request in payload.requests(operation, "127.0.0.1:8000"):
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"\r\nContent-Length: {len(body)}".encode() in head
        assert b"X-Amz-Target: DynamoDB_20120810." + payload.TARGETS[operation].encode() in head


def test_items_have_about_500_bytes_and_keys_of_their_own() -> None:
    puts = list(bodies("put"))
    sizes = [len(json.dumps(body["Item"])) for body in puts]
    assert 450 < min(sizes) <= max(sizes) < 650
    assert len({json.dumps(body) for body in bodies("get")}) == payload.KEYS == len(puts)


def test_the_answer_to_a_get_is_larger_than_the_least_the_generator_accepts() -> None:
    smallest = min(len(json.dumps(payload.item(n), separators=(",", ":"))) for n in range(payload.KEYS))
    assert smallest > payload.ITEM_ANSWER_SIZE_MIN


def test_a_query_asks_for_five_items_that_were_put() -> None:
    put = Counter(body["Item"]["customer"]["S"] for body in bodies("append"))
    assert set(put.values()) == {payload.ORDERS}
    for body in bodies("query"):
        values = body["ExpressionAttributeValues"]
        assert values[":customer"]["S"] in put
        assert 0 <= int(values[":first"]["N"]) <= payload.ORDERS - payload.QUERY_LIMIT


@pytest.mark.parametrize(("items", "queries"), [(10, 10), (5000, payload.KEYS)])
def test_queries_of_one_large_collection_begin_all_over_it(items: int, queries: int) -> None:
    asked = [body["ExpressionAttributeValues"] for body in bodies("query", items, items)]
    assert len(asked) == queries
    assert len({values[":customer"]["S"] for values in asked}) == 1
    begins = sorted(int(values[":first"]["N"]) for values in asked)
    assert begins[0] < items / 10
    assert begins[-1] > items * 0.4


def test_the_tables_have_the_keys_that_requests_name() -> None:
    for filler, read in (("put", "get"), ("append", "query")):
        keys = {part["AttributeName"] for part in schema(filler)}
        item = next(bodies(filler))["Item"]
        assert keys <= set(item)
        assert next(bodies(read))["TableName"] == payload.TABLES[filler]["TableName"]
