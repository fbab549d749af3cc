"""What statements mean: texts, names and values of expressions; keys and ranges."""

import re
from typing import Any

import pytest

from trinamo.expressions import KeyCondition
from trinamo.model.errors import ApiError
from trinamo.model.keys import KeyAttribute
from trinamo.model.values import AttributeValue, Item
from trinamo.partiql import DeletePlan, InsertPlan, SelectPlan, UpdatePlan, parse, plan

PK, SK = KeyAttribute("pk", "S"), KeyAttribute("sk", "N")
A: AttributeValue = {"S": "a"}
B: AttributeValue = {"S": "b"}


def select(tail: str, *parameters: AttributeValue) -> SelectPlan:
    found = plan(parse(f"SELECT * FROM t {tail}"), parameters)
    assert isinstance(found, SelectPlan)
    return found


def update(tail: str, *parameters: AttributeValue) -> UpdatePlan:
    found = plan(parse(f"UPDATE t {tail}"), parameters)
    assert isinstance(found, UpdatePlan)
    return found


def n(number: int) -> AttributeValue:
    return {"N": str(number)}


@pytest.mark.parametrize(
    ("text", "carried", "names", "values"),
    [
        ("SET a = b + 1", "SET #0 = #1 + :0", ["a", "b"], [n(1)]),
        ("SET a = b - (c - a)", "SET #0 = #1 - (#2 - #0)", ["a", "b", "c"], []),
        ("REMOVE a[1].b SET c.d = ?", "SET #2.#3 = :0 REMOVE #0[1].#1", ["a", "b", "c", "d"], [A]),
        ("SET a = list_append(a, [1])", "SET #0 = list_append(#0, :0)", ["a"], [{"L": [n(1)]}]),
        ("SET a = set_add(a, <<1>>)", "ADD #0 :0", ["a"], [{"NS": ["1"]}]),
        ("SET a = set_delete(a, <<?>>) SET b = 1", "SET #1 = :1 DELETE #0 :0", ["a", "b"], [{"SS": ["a"]}, n(1)]),
    ],
)  # fmt: skip
def test_changes_become_an_update_expression(
    text: str, carried: str, names: list[str], values: list[AttributeValue]
) -> None:
    found = update(f"{text} WHERE pk = 'a'", *([A] if "?" in text else [])).carried_update
    assert found.text == carried
    assert sorted(found.names.items()) == [(f"#{at}", name) for at, name in enumerate(names)]
    assert sorted((found.values or {}).items()) == [(f":{at}", value) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("pk = 'a' AND sk = 1", "attribute_exists(#1)"),
        ("pk = 'a' AND x = 2 AND sk = 1", "attribute_exists(#1) AND #2 = :2"),
        ("pk = 'a' AND (sk = 1 AND (x = 2 OR y IS MISSING))",
         "attribute_exists(#1) AND (#3 = :3 OR attribute_not_exists(#4))"),
        ("1 = sk AND 'a' = pk AND NOT x IS NULL", "attribute_exists(#2) AND NOT attribute_type(#3, :3)"),
        ("pk = 'a' AND sk = 1 AND pk = 'b'", "attribute_exists(#1) AND #1 = :3"),
    ],
)  # fmt: skip
def test_an_update_is_on_the_condition_of_its_item_and_of_the_rest(where: str, text: str) -> None:
    key, condition = update(f"SET v = 0 WHERE {where}").key_and_condition([PK, SK])
    assert key == {"pk": A, "sk": n(1)}
    assert condition.names.keys() == set(re.findall(r"#\d+", text))
    assert condition.text == text


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        ("", None),
        (" AND x = 2", "attribute_not_exists(#0) OR #2 = :2"),
        (" AND (x = 2 OR x = 3)", "attribute_not_exists(#0) OR (#2 = :2 OR #2 = :3)"),
        (" AND x = 2 AND y = 3", "attribute_not_exists(#0) OR #2 = :2 AND #3 = :3"),
    ],
)
def test_a_delete_is_on_the_condition_of_no_item_or_of_the_rest(rest: str, text: str | None) -> None:
    found = plan(parse(f"DELETE FROM t WHERE pk = 'a' AND sk = 1{rest}"), [])
    assert isinstance(found, DeletePlan)
    key, condition = found.key_and_condition([PK, SK])
    assert key == {"pk": A, "sk": n(1)}
    assert (None if condition is None else condition.text) == text


def test_an_insert_brings_a_canonical_item_and_its_size() -> None:
    found = plan(parse("INSERT INTO t VALUE {'pk': ?, 'n': 1.50}"), [A])
    assert isinstance(found, InsertPlan)
    assert (found.item.tree, found.item.size, found.item.fault) == (
        {"pk": A, "n": {"N": "1.5"}},
        3 + 1 + 3,
        None,
    )


def condition(pk: AttributeValue, operator: Any = None, *operands: AttributeValue) -> KeyCondition:
    return KeyCondition((pk,), (), operator, operands)


@pytest.mark.parametrize(
    ("where", "partitions"),
    [
        ("pk = 'a'", [[condition(A)]]),
        ("pk = 'a' AND sk = 1", [[condition(A), condition(A, "=", n(1))]]),
        ("1 < sk AND pk = 'a' AND sk <= 3", [[condition(A), condition(A, ">", n(1)), condition(A, "<=", n(3))]]),
        ("pk IN ['b', 'a', 'b'] AND sk BETWEEN 1 AND 2",
         [[condition(B), condition(B, "BETWEEN", n(1), n(2))], [condition(A), condition(A, "BETWEEN", n(1), n(2))]]),
        ("pk = 'a' OR ('b' = pk OR pk IN ('a'))", [[condition(A)], [condition(B)]]),
        ("pk = 'a' AND (sk = 1 OR sk = 2)", [[condition(A)]]),
        ("pk = 'a' OR sk = 1", None),
        ("pk IN ['a', other]", None),
        ("pk = other", None),
        ("pk <> 'a'", None),
        ("NOT pk = 'a'", None),
        ("begins_with(pk, 'a')", None),
        ("pk.x = 'a'", None),
        ("sk = 1", None),
    ],
)  # fmt: skip
def test_where_reaches(where: str, partitions: list[list[KeyCondition]] | None) -> None:
    reach = select(f"WHERE {where}").reach([PK, SK])
    assert (reach.partitions, reach.forward) == (
        None if partitions is None else tuple(map(tuple, partitions)),
        True,
    )


@pytest.mark.parametrize(
    ("order", "found", "forward"),
    [
        ("ORDER BY pk", [A, B], True),
        ("ORDER BY pk DESC", [B, A], True),
        ("ORDER BY pk, sk DESC", [A, B], False),
        ("ORDER BY pk DESC, sk ASC", [B, A], True),
    ],
)
def test_partitions_are_read_in_order(order: str, found: list[AttributeValue], forward: bool) -> None:
    reach = select(f"WHERE pk IN [?, ?] {order}", B, A).reach([PK, SK])
    assert ([each[0].partition[0] for each in reach.partitions or ()], reach.forward) == (found, forward)


def test_a_row_is_shown_by_last_names() -> None:
    found = plan(parse("SELECT a, b.c, b.l[1], b.l[0].x, none FROM t"), [])
    assert isinstance(found, SelectPlan)
    row: Item = {"a": A, "b": {"M": {"c": B, "l": {"L": [{"M": {"x": n(1)}}, n(2)]}}}, "z": A}
    assert found.shown(row) == {"a": A, "c": B, "l[1]": n(2), "x": n(1)}


def test_parameters_are_never_changed_in_the_cached_statement() -> None:
    text = "INSERT INTO t VALUE {'pk': 'a', 'l': [1, ?]}"
    first, second = plan(parse(text), [n(2)]), plan(parse(text), [n(3)])
    assert isinstance(first, InsertPlan)
    assert isinstance(second, InsertPlan)
    assert first.item.tree["l"] == {"L": [n(1), n(2)]}
    assert second.item.tree["l"] == {"L": [n(1), n(3)]}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM t WHERE " + " AND ".join(["a = 1"] * 200),
        "SELECT * FROM t WHERE " + " OR ".join(["a = 1"] * 200),
        "SELECT * FROM t WHERE begins_with(a)",
        "SELECT * FROM t WHERE size(a)",
        "SELECT * FROM t WHERE contains(a, 1) = 2",
        "SELECT * FROM t WHERE a = a",
        "UPDATE t SET a = 1 SET a = 2 WHERE pk = 'a'",
        "UPDATE t SET a.b = 1 REMOVE a[1] WHERE pk = 'a'",
        "UPDATE t SET a = set_add(a, 1) WHERE pk = 'a'",
        "UPDATE t SET a = set_add(a, [1]) WHERE pk = 'a'",
        "UPDATE t SET a = 1 + 'x' WHERE pk = 'a'",
        "UPDATE t SET a = list_append(a, 1) WHERE pk = 'a'",
    ],
)
def test_what_expressions_refuse_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        plan(parse(text), [])
    assert caught.value.code == "ValidationException"
