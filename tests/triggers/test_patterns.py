"""Filter patterns: what matches, and what is no pattern."""

from typing import Any

import orjson
import pytest

from trinamo.triggers import BadPattern, Pattern

RECORD = {
    "eventName": "INSERT",
    "userIdentity": None,
    "dynamodb": {
        "SizeBytes": 120,
        "NewImage": {
            "ticker": {"S": "AAPL"},
            "note": {"S": ""},
            "quantity": {"N": "12"},
            "open": {"BOOL": True},
            "tags": {"SS": ["red", "blue"]},
        },
    },
}


def new(**image: Any) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": image}}


def ticker(*alternatives: Any) -> dict[str, Any]:
    return new(ticker={"S": list(alternatives)})


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"eventName": ["INSERT"]}, True),
        ({"eventName": ["MODIFY", "INSERT"]}, True),
        ({"eventName": ["MODIFY"]}, False),
        ({"eventName": ["INSERT"], **ticker("MSFT")}, False),
        ({"eventName": ["INSERT"], **ticker("AAPL")}, True),
        ({"userIdentity": [None]}, True),
        ({"eventName": [None]}, False),
        (new(note={"S": [""]}), True),
        (ticker({"prefix": "AA"}), True),
        (ticker({"prefix": "PL"}), False),
        (ticker({"suffix": "PL"}), True),
        (ticker({"equals-ignore-case": "aapl"}), True),
        (ticker("aapl"), False),
        (ticker({"anything-but": "MSFT"}), True),
        (ticker({"anything-but": ["MSFT", "AAPL"]}), False),
        (ticker({"anything-but": {"prefix": "A"}}), False),
        (ticker({"exists": True}), True),
        (ticker({"exists": False}), False),
        (new(gone={"S": [{"exists": False}]}), True),
        (new(gone={"S": [{"anything-but": "x"}]}), False),
        (new(gone={"S": [None]}), False),
        (new(tags={"SS": ["blue"]}), True),
        (new(tags={"SS": ["green"]}), False),
        (new(open={"BOOL": [True]}), True),
        (new(open={"BOOL": [1]}), False),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 100, "<=", 120]}]}}, True),
        ({"dynamodb": {"SizeBytes": [{"numeric": ["=", 120.0]}]}}, True),
        ({"dynamodb": {"SizeBytes": [{"numeric": ["<", 120]}]}}, False),
        (new(quantity={"N": [{"numeric": ["=", 12]}]}), False),
        (new(quantity={"N": ["12"]}), True),
        ({"$or": [{"eventName": ["REMOVE"]}, ticker("AAPL")]}, True),
        ({"$or": [{"eventName": ["REMOVE"]}, ticker("MSFT")]}, False),
        ({"eventName": {"S": ["INSERT"]}}, False),
    ],
)
def test_a_pattern_matches_the_record_or_not(pattern: dict[str, Any], matches: bool) -> None:
    assert Pattern(orjson.dumps(pattern).decode()).matches(RECORD) is matches


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "a pattern is JSON: "),
        ("[]", "the pattern must be an object with members"),
        ("{}", "the pattern must be an object with members"),
        ('{"a": "b"}', '"a" must be an object with members'),
        ('{"a": []}', '"a" has an empty list of alternatives'),
        ('{"a": [["b"]]}', 'an alternative of "a" is a list'),
        ('{"a": [{"like": "b"}]}', 'unknown operator "like"; known are prefix, '),
        ('{"a": [{"prefix": "b", "suffix": "c"}]}', 'an alternative of "a" must have one operator'),
        ('{"a": [{"prefix": 1}]}', '"prefix" takes a text'),
        ('{"a": [{"exists": 1}]}', '"exists" takes true or false'),
        ('{"a": [{"numeric": [">"]}]}', '"numeric" takes a comparison and a number'),
        ('{"a": [{"numeric": ["~", 1]}]}', '"numeric" compares by = < <= > >= with numbers'),
        ('{"a": [{"anything-but": []}]}', '"anything-but" takes texts and numbers'),
        ('{"a": [{"anything-but": {"suffix": "b"}}]}', '"anything-but" takes values, or '),
        ('{"$or": [{"a": ["b"]}]}', '"$or" takes a list of at least two patterns'),
        ('{"a": ["' + "b" * 4096 + '"]}', "a pattern has at most 4096 characters"),
    ],
)
def test_what_is_no_pattern_is_told_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(BadPattern) as caught:
        Pattern(text)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)
