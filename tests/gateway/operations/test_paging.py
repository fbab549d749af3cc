"""Ranges of keys for Query and Scan, and the service's words for what does not fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.expressions import Expressions, KeyCondition
from trinamo.gateway.operations.paging import (
    check_segments,
    check_select,
    check_start_key_values,
    query_range,
    scan_range,
    segment_range,
    start_key,
)
from trinamo.model.errors import ApiError
from trinamo.model.keys import KeyAttribute, KeySchema, put_key
from trinamo.model.reading import read_attributes

SCHEMA = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
HASH_ONLY = KeySchema(KeyAttribute("pk", "S"))
INVALID = "The provided starting key is invalid"
MISMATCH = f"{INVALID}: The provided key element does not match the schema"


def _key(pk: str, sk: int) -> bytes:
    return put_key(SCHEMA, {"pk": {"S": pk}, "sk": {"N": str(sk)}})


@given(st.binary(min_size=16, max_size=20), st.integers(1, 1_000_000))
def test_every_key_lies_in_exactly_one_segment(key: bytes, total: int) -> None:
    at = int.from_bytes(key[:16]) * total >> 128
    near = range(max(0, at - 2), min(total, at + 3))
    assert len([segment for segment in near if segment_range(segment, total).holds(key)]) == 1


@pytest.mark.parametrize("total", [1, 2, 3, 7, 1_000_000])
def test_segments_follow_one_another_without_gap(total: int) -> None:
    assert segment_range(0, total).start == b""
    assert segment_range(total - 1, total).end is None
    for segment in range(min(total, 20) - 1):
        assert segment_range(segment, total).end == segment_range(segment + 1, total).start


def test_a_query_reads_its_condition_and_resumes_strictly_behind_the_start() -> None:
    condition = KeyCondition(({"S": "a"},), (), ">=", ({"N": "3"},))
    whole = query_range(SCHEMA.attributes[:1], condition, None, forward=True)
    assert [sk for sk in range(10) if whole.holds(_key("a", sk))] == [3, 4, 5, 6, 7, 8, 9]
    assert not whole.holds(_key("b", 5))
    rest = query_range(SCHEMA.attributes[:1], condition, _key("a", 5), forward=True)
    assert [sk for sk in range(10) if rest.holds(_key("a", sk))] == [6, 7, 8, 9]
    back = query_range(SCHEMA.attributes[:1], condition, _key("a", 5), forward=False)
    assert [sk for sk in range(10) if back.holds(_key("a", sk))] == [3, 4]


def test_a_query_without_sort_condition_reads_the_whole_partition_value() -> None:
    whole = query_range(SCHEMA.attributes[:1], KeyCondition(({"S": "a"},)), None, forward=True)
    assert whole.holds(_key("a", -(10**20)))
    assert whole.holds(_key("a", 10**20))
    assert not whole.holds(_key("ab", 0))
    assert query_range(HASH_ONLY.attributes[:1], KeyCondition(({"S": "a"},)), None, forward=True).holds(
        put_key(HASH_ONLY, {"pk": {"S": "a"}})
    )


def _message(function: Any, *arguments: Any, **keywords: Any) -> str | None:
    with pytest.raises(ApiError) as caught:
        function(*arguments, **keywords)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_a_start_outside_of_the_condition_is_refused() -> None:
    condition = KeyCondition(({"S": "a"},), (), ">=", ({"N": "3"},))
    assert _message(query_range, SCHEMA.attributes[:1], condition, _key("a", 2), forward=True) == (
        "The provided starting key does not match the range key predicate"
    )
    assert _message(query_range, SCHEMA.attributes[:1], condition, _key("b", 4), forward=True) == (
        "The provided starting key is outside query boundaries based on provided conditions"
    )


def test_a_start_in_another_segment_is_refused() -> None:
    key = _key("a", 1)
    mine = next(segment for segment in range(2) if segment_range(segment, 2).holds(key))
    assert scan_range({"Segment": mine, "TotalSegments": 2}, key).holds(key + b"\0")
    assert _message(scan_range, {"Segment": 1 - mine, "TotalSegments": 2}, key) == (
        f"{INVALID}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment."
        f" TotalSegments: 2 Segment: {1 - mine}"
    )


@pytest.mark.parametrize(
    ("key", "query", "text"),
    [
        ({"pk": {"S": "a"}}, True, INVALID),
        ({"pk": {"S": "a"}}, False, MISMATCH),
        ({"pk": {"S": "a"}, "sk": {"S": "x"}}, True, MISMATCH),
        ({"pk": {"S": "a"}, "x": {"N": "1"}}, False, MISMATCH),
    ],
)
def test_a_start_must_fit_the_schema(key: Any, query: bool, text: str) -> None:
    assert _message(start_key, SCHEMA, key, query=query) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            {},
            f"{INVALID}: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            {"NULL": False},
            (
                f"{INVALID}: One or more parameter values were invalid:"
                " Null attribute value types must have the value of true"
            ),
        ),
        ({"N": "x"}, "The parameter cannot be converted to a numeric value: x"),
    ],
)
def test_values_of_a_start_are_checked_first(value: Any, text: str) -> None:
    assert _message(check_start_key_values, read_attributes({"pk": value})) == text


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (
            {"Select": "SPECIFIC_ATTRIBUTES"},
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            {"Select": "COUNT", "AttributesToGet": ["a"]},
            "Cannot specify the AttributesToGet when choosing to get only the Count",
        ),
        (
            {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "a"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES"},
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        ),
    ],
)
def test_select_must_go_with_projection_and_index(members: dict[str, Any], text: str) -> None:
    parameters = {"ProjectionExpression": members.get("ProjectionExpression")}
    expressions = Expressions.read(parameters, None, None)
    assert _message(check_select, members, expressions, query=True) == text


def test_segments_come_in_pairs_and_in_range() -> None:
    check_segments({})
    check_segments({"Segment": 4, "TotalSegments": 5})
    assert _message(check_segments, {"Segment": 0}) == (
        "The TotalSegments parameter is required but was not present in the request"
        " when Segment parameter is present"
    )
    assert _message(check_segments, {"TotalSegments": 1}) == (
        "The Segment parameter is required but was not present in the request"
        " when parameter TotalSegments is present"
    )
    assert _message(check_segments, {"Segment": 5, "TotalSegments": 5}) == (
        "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
        " Segment: 5 is not less than TotalSegments: 5"
    )
