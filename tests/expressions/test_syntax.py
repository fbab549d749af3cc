"""Texts to trees: what parses, to what, and where the parser says it went wrong."""

from collections.abc import Callable

import pytest

from trinamo.expressions import (
    ExpressionFault,
    compile_update,
    parse_condition,
    parse_projection,
    parse_update,
    print_tree,
)
from trinamo.expressions.limits import SIZE_MAX
from trinamo.expressions.parser import parse_condition_text
from trinamo.expressions.syntax import (
    Action,
    And,
    Between,
    Call,
    Comparison,
    ConditionTree,
    In,
    Not,
    Or,
    Path,
    ProjectionTree,
    Sum,
    Tree,
    UpdateTree,
    Value,
)

A, B, C = Path(("a",)), Path(("b",)), Path(("c",))
V, W = Value(":v"), Value(":w")
IS_A, IS_B, IS_C = Comparison(A, "=", V), Comparison(B, "<>", V), Comparison(C, "<", V)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = :v", IS_A),
        ("a=:v", IS_A),
        ("\t\r\na  =\n:v ", IS_A),
        (":v = a", Comparison(V, "=", A)),
        ("a.#b[2][0].c = :v", Comparison(Path(("a", "#b", 2, 0, "c")), "=", V)),
        ("a . b [ 2 ] = :v", Comparison(Path(("a", "b", 2)), "=", V)),
        ("#1 = :1", Comparison(Path(("#1",)), "=", Value(":1"))),
        ("a = :v AND b <> :v OR c < :v", Or((And((IS_A, IS_B)), IS_C))),
        ("a = :v OR b <> :v AND c < :v", Or((IS_A, And((IS_B, IS_C))))),
        ("(a = :v OR b <> :v) AND c < :v", And((Or((IS_A, IS_B)), IS_C))),
        ("a = :v and b <> :v Or c < :v", Or((And((IS_A, IS_B)), IS_C))),
        ("NOT a = :v AND b <> :v", And((Not(IS_A), IS_B))),
        ("not NOT (a = :v AND b <> :v)", Not(Not(And((IS_A, IS_B))))),
        ("a BETWEEN :v AND :w AND b <> :v", And((Between(A, V, W), IS_B))),
        ("a in (:v, b,c)", In(A, (V, B, C))),
        ("size (a) >= :v", Comparison(Call("size", (A,)), ">=", V)),
        ("(size(a)) > :v", Comparison(Call("size", (A,)), ">", V)),
        ("((a) = :v) AND (b <> (:v))", And((IS_A, IS_B))),
        ("(attribute_exists(a))", Call("attribute_exists", (A,))),
        ("contains(a, size(b))", Call("contains", (A, Call("size", (B,))))),
    ],
)
def test_condition_parses_to_tree(text: str, tree: ConditionTree) -> None:
    assert parse_condition(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", ProjectionTree((A,))),
        ("a, #b.c[1]", ProjectionTree((A, Path(("#b", "c", 1))))),
    ],
)
def test_projection_parses_to_tree(text: str, tree: ProjectionTree) -> None:
    assert parse_projection(text) == tree


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("SET a = :v", [Action("SET", A, V)]),
        ("set a = b + :v, c = :w", [Action("SET", A, Sum(B, "+", V)), Action("SET", C, W)]),
        ("SET a = (b - :v) + :w", [Action("SET", A, Sum(Sum(B, "-", V), "+", W))]),
        ("SET a = (:v)", [Action("SET", A, V)]),
        ("SET a = if_not_exists(a, :v) + :w", [Action("SET", A, Sum(Call("if_not_exists", (A, V)), "+", W))]),
        ("SET a = if_not_exists(a, b + :w)", [Action("SET", A, Call("if_not_exists", (A, Sum(B, "+", W))))]),
        ("REMOVE a, b[1]", [Action("REMOVE", A, None), Action("REMOVE", Path(("b", 1)), None)]),
        ("ADD a :v DELETE b :w", [Action("ADD", A, V), Action("DELETE", B, W)]),
        ("Remove a Set b = :v", [Action("REMOVE", A, None), Action("SET", B, V)]),
    ],
)
def test_update_parses_to_tree(text: str, actions: list[Action]) -> None:
    assert parse_update(text) == UpdateTree(tuple(actions))


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_condition, "NOT (a = :v OR NOT b IN (:v, size(c))) AND (c BETWEEN :v AND :w AND a < b)"),
        (parse_condition, "(a = :v OR b = :v) OR c = :v"),
        (parse_projection, "a.#b[1][2], c"),
        (parse_update, "REMOVE a SET b.c = (:v + d) - :w, e = list_append(:v, e) ADD f :v DELETE g :v"),
    ],
)
def test_canonical_text_prints_as_it_was(parse: Callable[[str], Tree], text: str) -> None:
    assert print_tree(parse(text)) == text


def test_conditions_keywords_may_name_attributes_of_updates_and_the_reverse() -> None:
    assert parse_condition("remove = :v") == Comparison(Path(("remove",)), "=", V)  # not a reserved word
    with pytest.raises(ExpressionFault, match="Attribute name is a reserved keyword; reserved keyword: or"):
        parse_update("SET or = :v")


SYNTAX_ERRORS: list[tuple[Callable[[str], Tree], str, str, str]] = [
    (parse_update, "INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"),
    (parse_projection, "!!!", "!", "!!"),
    (parse_condition, "a-b", "-", "a-b"),
    (parse_update, "ADD hits : incr", ":", "hits : incr"),
    (parse_condition, "a = :v AND NOT #flag", "<EOF>", "#flag"),
    (parse_condition, "contains()", ")", "()"),
    (parse_update, "SET a = :v,", "<EOF>", ","),
    (parse_condition, "tenant:abc-def", ":abc", "tenant:abc-"),
    (parse_condition, "a", "<EOF>", "a"),
    (parse_condition, "a  ", "<EOF>", "a"),
    (parse_condition, ":v", "<EOF>", ":v"),
    (parse_condition, "(a)", "<EOF>", ")"),
    (parse_condition, "(a AND b = :v)", "AND", "a AND b"),
    (parse_condition, "(b = :v AND a)", ")", "a)"),
    (parse_condition, "a = :v b = :v", "b", ":v b ="),
    (parse_condition, "a = b = c", "=", "b = c"),
    (parse_condition, "a = :v AND", "<EOF>", "AND"),
    (parse_condition, "AND a = :v", "AND", "AND a"),
    (parse_condition, "a = or", "or", "= or"),
    (parse_condition, "a =  5", "5", "=  5"),
    (parse_condition, "a = 'x'", "'", "= 'x"),
    (parse_condition, "a == :v", "=", "== :v"),
    (parse_condition, "a BETWEEN :v OR :w", "OR", ":v OR :w"),
    (parse_condition, "a IN :v", ":v", "IN :v"),
    (parse_condition, "a IN ()", ")", "()"),
    (parse_condition, "(a = :v", "<EOF>", ":v"),
    (parse_condition, "a = :v)", ")", ":v)"),
    (parse_condition, "a[b] = :v", "b", "[b]"),
    (parse_condition, "a[0 = :v", "=", "0 = :v"),
    (parse_condition, "a. = :v", "=", ". = :v"),
    (parse_condition, "#", "#", "#"),
    (parse_condition, "size(attribute_exists a)", "a", "attribute_exists a)"),
    (parse_projection, "a b", "b", "a b"),
    (parse_projection, "a,,b", ",", ",,b"),
    (parse_projection, "[0]", "[", "[0"),
    (parse_projection, ":v", ":v", ":v"),
    (parse_update, "SET", "<EOF>", "SET"),
    (parse_update, "SET a", "<EOF>", "a"),
    (parse_update, "SET :v = a", ":v", "SET :v ="),
    (parse_update, "SET a = b + c + d", "+", "c + d"),
    (parse_update, "SET a = :v b = :v", "b", ":v b ="),
    (parse_update, "ADD a b", "b", "a b"),
    (parse_update, "REMOVE a = :v", "=", "a = :v"),
    (parse_update, "SET a = set", "set", "= set"),
]


@pytest.mark.parametrize(("parse", "text", "token", "near"), SYNTAX_ERRORS)
def test_syntax_error_names_the_token_and_its_neighbours(
    parse: Callable[[str], Tree], text: str, token: str, near: str
) -> None:
    with pytest.raises(ExpressionFault) as caught:
        parse(text)
    assert caught.value.text == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize(
    "text",
    ["(" * 4096, "NOT " * 1024, "size(" * 800, "(a = :v AND " * 340, "NOT (" * 800, "a IN (size(" * 100],
)
def test_deep_nesting_is_refused_without_deep_recursion(text: str) -> None:
    with pytest.raises(ExpressionFault):
        parse_condition(text)


def test_three_hundred_nested_operators_parse_print_and_parse() -> None:
    text = "a = :v"
    for _ in range(149):
        text = f"b < :v OR ({text})" if text.count("(") % 2 else f"b < :v AND ({text})"
    tree = parse_condition(text)
    assert parse_condition_text(print_tree(tree)) == tree


def test_the_deepest_update_that_fits_parses_and_applies() -> None:
    text = "SET a = " + "if_not_exists(a," * 240 + ":v" + ")" * 240
    assert len(text) <= SIZE_MAX
    updated = compile_update(text, None, {":v": {"S": "x"}}).apply(None, {})
    assert updated.item == {"a": {"S": "x"}}


def test_a_text_parsed_before_gives_the_very_tree() -> None:
    assert parse_condition("kept = :v") is parse_condition("kept = :v")
