"""Claims about expressions: their text, their placeholders, and what Python's operators must not mean."""

from decimal import Decimal
from typing import Any

import pytest

from trinamo.client.expressions import Add, Attr, Condition, Delete, Key, Names, Path, Raw, Remove, Set

A, B = Attr("a"), Attr("b")


def rendered(condition: Condition | str) -> tuple[str, dict[str, Any]]:
    names = Names()
    text = names.condition(condition)
    found = names.parameters()
    for placeholder, name in found.get("ExpressionAttributeNames", {}).items():
        text = text.replace(placeholder, name)
    values = found.get("ExpressionAttributeValues", {})
    return text, {name: next(iter(value.values())) for name, value in values.items()}


@pytest.mark.parametrize(
    ("condition", "text", "values"),
    [
        (A == 1, "a = :v0", {":v0": "1"}),
        (A != B, "a <> b", {}),
        (A < 1, "a < :v0", {":v0": "1"}),
        (A > 1, "a > :v0", {":v0": "1"}),
        (A.between(1, B), "a BETWEEN :v0 AND b", {":v0": "1"}),
        (A.is_in(["x", B]), "a IN (:v0, b)", {":v0": "x"}),
        (A.exists() & B.missing(), "attribute_exists(a) AND attribute_not_exists(b)", {}),
        (A.exists() | B.exists() & A.missing(), "attribute_exists(a) OR (attribute_exists(b) AND attribute_not_exists(a))", {}),
        ((A.exists() & B.exists()) & A.exists(), "attribute_exists(a) AND attribute_exists(b) AND attribute_exists(a)", {}),
        ((A.exists() | B.exists()) & A.exists(), "(attribute_exists(a) OR attribute_exists(b)) AND attribute_exists(a)", {}),
        (~(A == B), "NOT (a = b)", {}),
        (~A.exists() & B.exists(), "NOT (attribute_exists(a)) AND attribute_exists(b)", {}),
        (A.size() >= 3, "size(a) >= :v0", {":v0": "3"}),
        (A.is_type("NS"), "attribute_type(a, :v0)", {":v0": "NS"}),
        (A.contains(B), "contains(a, b)", {}),
        (Attr("a.b[0][1].c") == "x", "a.b[0][1].c = :v0", {":v0": "x"}),
        (Attr("a")["b"][0] == Attr.named("c"), "a.b[0] = c", {}),
        ((Key("k") == "x") & Key("s").begins_with("y"), "k = :v0 AND begins_with(s, :v1)", {":v0": "x", ":v1": "y"}),
        (Raw("a OR b") & A.exists(), "(a OR b) AND attribute_exists(a)", {}),
        (Raw("n = :n", values={":n": Decimal("1.5")}), "n = :n", {":n": "1.5"}),
        ("a = b", "a = b", {}),
    ],
)  # fmt: skip
def test_a_condition_has_its_text(condition: Condition | str, text: str, values: dict[str, Any]) -> None:
    assert rendered(condition) == (text, values)


def test_an_update_has_one_clause_of_a_kind() -> None:
    names = Names()
    changes = [
        Set("a", 1),
        Remove("b", "c[0]"),
        Set("d", A - B),
        Add("n", 5),
        Set("l", A.if_missing([]).append([1])),
        Set("m", A.prepend([2])),
        Delete("t", {"x"}),
        Add("o", 6),
        Set("p", 1 + A),
    ]
    assert names.update(changes) == (
        "SET #n0 = :v0, #n3 = #n0 - #n1, #n5 = list_append(if_not_exists(#n0, :v2), :v3),"
        " #n6 = list_append(:v4, #n0), #n9 = :v7 + #n0 REMOVE #n1, #n2[0] ADD #n4 :v1, #n8 :v6 DELETE #n7 :v5"
    )
    assert names.update(["SET x = :x"]) == "SET x = :x"


def test_expressions_of_one_request_share_their_placeholders() -> None:
    names = Names()
    assert names.update([Set("a", 1)]) == "SET #n0 = :v0"
    assert names.condition((A == 1) & (B == 1)) == "#n0 = :v1 AND #n1 = :v2"
    assert names.projection(["b", "c.a"]) == "#n1, #n2.#n0"
    assert names.parameters() == {
        "ExpressionAttributeNames": {"#n0": "a", "#n1": "b", "#n2": "c"},
        "ExpressionAttributeValues": {":v0": {"N": "1"}, ":v1": {"N": "1"}, ":v2": {"N": "1"}},
    }
    assert Names().parameters() == {}


def test_a_placeholder_never_means_two_things() -> None:
    names = Names()
    names.condition(Raw("#x = :x", {"#x": "a"}, {":x": 1}))
    names.condition(Raw("#x = :x", {"#x": "a"}, {":x": 1}))
    with pytest.raises(ValueError, match="#x stands for two names"):
        names.condition(Raw("#x", {"#x": "b"}))
    with pytest.raises(ValueError, match=":x stands for two values"):
        names.condition(Raw(":x", values={":x": 2}))
    own = Names()
    assert own.condition(Raw("a = :v1", values={":v1": 1}) & (A == 2) & (B == 3)) == (
        "(a = :v1) AND #n0 = :v2 AND #n1 = :v3"
    )
    names.condition(Raw("#n0", {"#n0": "mine"}) & A.exists())
    with pytest.raises(ValueError, match="#n0 is a placeholder of this library's own"):
        names.parameters()


@pytest.mark.parametrize("path", ["", "a.", ".a", "a..b", "a[", "a[x]", "[0]", "a[0]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        Path.parse(path)


def test_and_or_not_and_chained_comparisons_are_refused() -> None:
    for wrong in (
        lambda: A.exists() and B.exists(),
        lambda: A.exists() or B.exists(),
        lambda: not A.exists(),
        lambda: 1 < A < 3,
        lambda: 1 if A == 2 else 0,
    ):
        with pytest.raises(TypeError, match="conditions are combined by & and"):
            wrong()
    with pytest.raises(TypeError, match="DynamoDB adds or subtracts two values"):
        Set("a", A + (A - B)).actions(Names())
    with pytest.raises(TypeError):
        A - B + 1  # type: ignore[operator]
    with pytest.raises(TypeError, match="cannot be iterated over"):
        list(A)
    with pytest.raises(TypeError, match="unhashable"):
        {A: 1}  # noqa: B018 - it raises
    with pytest.raises(TypeError, match="a list of paths"):
        Names().projection("abc")
