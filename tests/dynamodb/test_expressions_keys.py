"""Key conditions: what a query may ask of its keys, and in which words it is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import EMPTY_KEY, VE, Item, P, call, item
from dynamodb.clients import create_table, load
from dynamodb.expressions import KEYS, refused, request
from dynamodb.facts import fact

NAMES = {"#pk": "pk", "#sk": "sk"}
VALUES: Item = {
    ":a": {"S": "a"},
    ":empty": {"S": ""},
    ":n": {"N": "1"},
    ":3": {"N": "3"},
    ":5": {"N": "5.0"},
    ":ss": {"SS": ["a"]},
}
MISSED = "Query condition missed key schema element: "
UNSUPPORTED = "Query key condition not supported"
MISMATCH = f"{P}Condition parameter type does not match schema type"
OPERATOR = "Invalid operator used in KeyConditionExpression: "
ONE_EACH = "KeyConditionExpressions must only contain one condition per key"
NESTED = f"Invalid {KEYS}: KeyConditionExpressions cannot have conditions on nested attributes"


@pytest.fixture(scope="module")
def numbers(client: Any) -> Iterator[str]:
    """A table of the items 0 to 9 under a, and one under b."""
    create_table(client, "keys.numbers", sort_type="N")
    load(client, "keys.numbers", [*(item(sk) for sk in range(10)), item(0, "b")])
    yield "keys.numbers"
    client.delete_table(TableName="keys.numbers")


@pytest.fixture(scope="module")
def texts(client: Any) -> Iterator[str]:
    """A table of sort keys that are texts."""
    create_table(client, "keys.texts")
    load(client, "keys.texts", [{"pk": {"S": "a"}, "sk": {"S": text}} for text in ("ab", "abc", "ac", "b")])
    yield "keys.texts"
    client.delete_table(TableName="keys.texts")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("pk = :a", range(10), marks=fact("expressions.40")),
        pytest.param(":a = pk", range(10), marks=fact("expressions.40", "expressions.42")),
        pytest.param("#pk = :a AND #sk = :5", [5], marks=fact("expressions.40", "expressions.41")),
        pytest.param("sk = :5 AND pk = :a", [5], marks=fact("expressions.40")),
        pytest.param("sk > :5 and pk = :a", range(6, 10), marks=fact("expressions.40", "expressions.41")),
        pytest.param("pk = :a AND sk < :5", range(5), marks=fact("expressions.41")),
        pytest.param("pk = :a AND sk <= :5", range(6), marks=fact("expressions.41")),
        pytest.param("pk = :a AND sk > :5", range(6, 10), marks=fact("expressions.41")),
        pytest.param("pk = :a AND sk >= :5", range(5, 10), marks=fact("expressions.41")),
        pytest.param("pk = :a AND sk BETWEEN :3 AND :5", [3, 4, 5], marks=fact("expressions.41")),
        pytest.param("sk BETWEEN :3 AND :5 AND pk = :a", [3, 4, 5], marks=fact("expressions.40", "expressions.41")),
        pytest.param("pk = :a AND :5 < sk", range(6, 10), marks=fact("expressions.42")),
        pytest.param("pk = :a AND :5 <= sk", range(5, 10), marks=fact("expressions.42")),
        pytest.param("pk = :a AND :5 > sk", range(5), marks=fact("expressions.42")),
        pytest.param("pk = :a AND :5 >= sk", range(6), marks=fact("expressions.42")),
        pytest.param("(pk = :a)", range(10), marks=fact("expressions.43")),
        pytest.param("(pk = :a) AND (sk = :5)", [5], marks=fact("expressions.43")),
        pytest.param("(pk = :a AND sk = :5)", [5], marks=fact("expressions.43")),
        pytest.param("((pk = :a) AND (sk BETWEEN :3 AND :5))", [3, 4, 5], marks=fact("expressions.43")),
    ],
)  # fmt: skip
def test_key_conditions_name_a_partition_and_a_range_of_it(
    client: Any, numbers: str, text: str, found: Any
) -> None:
    operation, made = request(numbers, KEYS, text, NAMES, VALUES)
    assert [each["sk"]["N"] for each in call(client, operation, made)["Items"]] == list(map(str, found))


@fact("expressions.41")
@pytest.mark.parametrize(
    ("prefix", "found"), [("ab", ["ab", "abc"]), ("a", ["ab", "abc", "ac"]), ("abcd", []), ("b", ["b"])]
)
def test_sort_keys_may_begin_with_something(client: Any, texts: str, prefix: str, found: list[str]) -> None:
    values: Item = {":a": {"S": "a"}, ":p": {"S": prefix}}
    operation, made = request(texts, KEYS, "pk = :a AND begins_with(sk, :p)", None, values)
    assert [each["sk"]["S"] for each in call(client, operation, made)["Items"]] == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("pk = :a OR sk = :n", f"{OPERATOR}OR", marks=fact("expressions.44")),
        pytest.param("pk = :a AND (sk = :n OR sk = :3)", f"{OPERATOR}OR", marks=fact("expressions.44")),
        pytest.param("NOT pk = :a", f"{OPERATOR}NOT", marks=fact("expressions.44")),
        pytest.param("pk IN (:a)", f"{OPERATOR}IN", marks=fact("expressions.44")),
        pytest.param("pk = :a AND sk <> :n", f"{OPERATOR}<>", marks=fact("expressions.44")),
        pytest.param("pk = :a AND contains(sk, :n)", f"{OPERATOR}contains", marks=fact("expressions.44")),
        pytest.param("pk = :a AND attribute_exists(sk)", f"{OPERATOR}attribute_exists", marks=fact("expressions.44")),
        pytest.param("pk = :a AND size(sk) > :n", f"{OPERATOR}size", marks=fact("expressions.44")),
        pytest.param("pk = :a AND sk > :3 AND sk < :5", ONE_EACH, marks=fact("expressions.45")),
        pytest.param("pk = :a AND #pk = :a", ONE_EACH, marks=fact("expressions.45")),
        pytest.param("pk.x = :a", NESTED, marks=fact("expressions.46")),
        pytest.param("pk = :a AND sk[0] = :n", NESTED, marks=fact("expressions.46")),
        pytest.param("sk = :n", f"{MISSED}pk", marks=fact("expressions.47")),
        pytest.param("extra = :a AND sk = :n", f"{MISSED}pk", marks=fact("expressions.47")),
        pytest.param("pk = :a AND extra = :n", f"{MISSED}sk", marks=fact("expressions.47")),
        pytest.param("pk > :a", UNSUPPORTED, marks=fact("expressions.48")),
        pytest.param("begins_with(pk, :a)", UNSUPPORTED, marks=fact("expressions.48")),
        pytest.param("pk BETWEEN :a AND :a AND sk = :n", UNSUPPORTED, marks=fact("expressions.48")),
        pytest.param("pk = :a AND sk = :n AND extra = :n", UNSUPPORTED, marks=fact("expressions.48")),
        pytest.param("pk = :n", MISMATCH, marks=fact("expressions.49")),
        pytest.param("pk = :ss", MISMATCH, marks=fact("expressions.49")),
        pytest.param("pk = :a AND sk = :a", MISMATCH, marks=fact("expressions.49")),
        pytest.param("pk = :a AND begins_with(sk, :a)", MISMATCH, marks=fact("expressions.49")),
        pytest.param("pk = :empty", EMPTY_KEY, marks=fact("expressions.50")),
    ],
)  # fmt: skip
def test_other_key_conditions_are_refused(client: Any, numbers: str, text: str, told: str) -> None:
    assert refused(client, numbers, KEYS, text, NAMES, VALUES) == (VE, told)


@fact("expressions.51")
@pytest.mark.parametrize("text", ["pk = sk", ":a = :a", "pk = :a AND sk BETWEEN :n AND pk"])
def test_a_key_condition_holds_an_attribute_against_values(client: Any, numbers: str, text: str) -> None:
    assert refused(client, numbers, KEYS, text, NAMES, VALUES)[0] == VE
