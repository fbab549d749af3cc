"""What is refused before anything is read, and in which words."""

from typing import Any

import pytest

from expressions.requests import SHORT, error_of, read

S, S2, N1, N5, B = {"S": "a"}, {"S": "b"}, {"N": "1"}, {"N": "5"}, {"B": "YQ=="}
BOOL, NULL, SS, NS, L, M = (
    {"BOOL": True},
    {"NULL": True},
    {"SS": ["a"]},
    {"NS": ["1"]},
    {"L": [{"S": "a"}]},
    {"M": {"a": {"S": "a"}}},
)

WRONG_TYPE = "Incorrect operand type for operator or function; operator or function: {}, operand type: {}"
OVERLAP = "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {}, path two: {}"
CONFLICT = "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: {}, path two: {}"
DISTINCT = "The first operand must be distinct from the remaining operands for this operator or function; operator: {}, first operand: {}"

Row = tuple[str, str, dict[str, str] | None, dict[str, Any] | None, str]

ROWS: list[Row] = [
    # reserved words
    ("condition", "status = :v", None, {":v": S}, "Attribute name is a reserved keyword; reserved keyword: status"),
    ("condition", "a.Status = :v", None, {":v": S}, "Attribute name is a reserved keyword; reserved keyword: Status"),
    ("condition", "size = :v", None, {":v": S}, "Attribute name is a reserved keyword; reserved keyword: size"),
    ("filter", "attribute_exists(NAME)", None, None, "Attribute name is a reserved keyword; reserved keyword: NAME"),
    ("projection", "a, year", None, None, "Attribute name is a reserved keyword; reserved keyword: year"),
    ("projection", "a.and", None, None, "Attribute name is a reserved keyword; reserved keyword: and"),
    ("update", "SET a = timestamp", None, None, "Attribute name is a reserved keyword; reserved keyword: timestamp"),
    # placeholders
    (
        "condition", "#a = :v", None, {":v": S},
        "An expression attribute name used in the document path is not defined; attribute name: #a",
    ),
    (
        "projection", "a.#b", {"#a": "a"}, None,
        "An expression attribute name used in the document path is not defined; attribute name: #b",
    ),
    (
        "update", "SET a = :v", None, None,
        "An expression attribute value used in expression is not defined; attribute value: :v",
    ),
    (
        "condition", "#a = :v", {"#a": "a"}, {":w": S},
        "An expression attribute value used in expression is not defined; attribute value: :v",
    ),
    # functions
    ("condition", "exists(a)", None, None, "Invalid function name; function: exists"),
    ("condition", "Size(a) > :v", None, {":v": N1}, "Invalid function name; function: Size"),
    ("update", "SET a = concat(a, :v)", None, {":v": S}, "Invalid function name; function: concat"),
    (
        "condition", "begins_with(a)", None, None,
        "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
    ),
    (
        "condition", "attribute_exists(a, b)", None, None,
        "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
    ),
    (
        "update", "SET a = list_append(:v)", None, {":v": L},
        "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1",
    ),
    (
        "condition", "attribute_exists(:v)", None, {":v": S},
        "Operator or function requires a document path; operator or function: attribute_exists",
    ),
    (
        "condition", "attribute_not_exists(size(a))", None, None,
        "Operator or function requires a document path; operator or function: attribute_not_exists",
    ),
    (
        "update", "SET a = if_not_exists(:v, :v)", None, {":v": S},
        "Operator or function requires a document path; operator or function: if_not_exists",
    ),
    # literals
    ("condition", "a < :v", None, {":v": BOOL}, WRONG_TYPE.format("<", "BOOL")),
    ("condition", "a <= :v", None, {":v": NULL}, WRONG_TYPE.format("<=", "NULL")),
    ("condition", ":v > a", None, {":v": SS}, WRONG_TYPE.format(">", "SS")),
    ("condition", "a >= :v", None, {":v": M}, WRONG_TYPE.format(">=", "M")),
    ("condition", "a BETWEEN :v AND :v", None, {":v": L}, WRONG_TYPE.format("BETWEEN", "L")),
    ("condition", ":v BETWEEN a AND b", None, {":v": NS}, WRONG_TYPE.format("BETWEEN", "NS")),
    ("condition", "begins_with(a, :v)", None, {":v": N1}, WRONG_TYPE.format("begins_with", "N")),
    ("condition", "begins_with(a, size(b))", None, None, WRONG_TYPE.format("begins_with", "N")),
    ("condition", "attribute_type(a, :v)", None, {":v": N1}, WRONG_TYPE.format("attribute_type", "N")),
    ("condition", "size(:v) > :w", None, {":v": N1, ":w": N1}, WRONG_TYPE.format("size", "N")),
    ("condition", "size(:v) > :w", None, {":v": NULL, ":w": N1}, WRONG_TYPE.format("size", "NULL")),
    ("condition", "size(size(a)) > :w", None, {":w": N1}, WRONG_TYPE.format("size", "N")),
    ("update", "SET a = b + :v", None, {":v": S}, WRONG_TYPE.format("+", "S")),
    ("update", "SET a = :v - b", None, {":v": L}, WRONG_TYPE.format("-", "L")),
    ("update", "SET a = list_append(a, b) + :v", None, {":v": N1}, WRONG_TYPE.format("+", "L")),
    ("update", "SET a = list_append(a, :v)", None, {":v": S}, WRONG_TYPE.format("list_append", "S")),
    ("update", "SET a = list_append(:v, a)", None, {":v": SS}, WRONG_TYPE.format("list_append", "SS")),
    (
        "update", "ADD a :v", None, {":v": S},
        "Incorrect operand type for operator or function; operator: ADD, operand type: STRING",
    ),
    (
        "update", "ADD a :v", None, {":v": BOOL},
        "Incorrect operand type for operator or function; operator: ADD, operand type: BOOLEAN",
    ),
    (
        "update", "DELETE a :v", None, {":v": N1},
        "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER",
    ),
    (
        "update", "DELETE a :v", None, {":v": M},
        "Incorrect operand type for operator or function; operator: DELETE, operand type: MAP",
    ),
    ("condition", "contains(a, a)", None, None, DISTINCT.format("contains", "[a]")),
    ("condition", "contains(a.b[1], #a.b[1])", {"#a": "a"}, None, DISTINCT.format("contains", "[a, b, [1]]")),
    # parentheses, counts
    ("condition", "((a = :v))", None, {":v": S}, "The expression has redundant parentheses;"),
    ("condition", "b = :v OR ( ( a = :v ) )", None, {":v": S}, "The expression has redundant parentheses;"),
    ("update", "SET a = ((:v))", None, {":v": S}, "The expression has redundant parentheses;"),
    (
        "condition", "a=b" + " OR a=b" * 150, None, None,
        "The expression contains too many operators; operator count: 301",
    ),
    (
        "condition", f"a IN ({', '.join(['b'] * 163)})", None, None,
        "The IN operator is provided with too many operands; number of operands: 163",
    ),
    # BETWEEN
    (
        "filter", "a BETWEEN :v AND :w", None, {":v": S, ":w": N1},
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:a}, upper bound operand: AttributeValue: {N:1}",
    ),
    (
        "filter", "a BETWEEN :v AND :w", None, {":v": N5, ":w": N1},
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}",
    ),
    # sections and paths
    (
        "update", "SET a = :v REMOVE b SET c = :v", None, {":v": S},
        'The "SET" section can only be used once in an update expression;',
    ),
    ("update", "SET a = :v, a.b = :v", None, {":v": S}, OVERLAP.format("[a, b]", "[a]")),
    ("update", "SET a.b = :v REMOVE a", None, {":v": S}, OVERLAP.format("[a, b]", "[a]")),
    ("update", "SET a = :v REMOVE #a", {"#a": "a"}, {":v": S}, OVERLAP.format("[a]", "[a]")),
    ("update", "REMOVE a[0], a[0].b", None, None, OVERLAP.format("[a, [0], b]", "[a, [0]]")),
    ("update", "REMOVE a.b, a[0]", None, None, CONFLICT.format("[a, b]", "[a, [0]]")),
    ("update", "REMOVE a.b[1].c, a.b.d", None, None, CONFLICT.format("[a, b, [1], c]", "[a, b, d]")),
    ("projection", "a.b[2], c, a", None, None, OVERLAP.format("[a, b, [2]]", "[a]")),
    ("projection", "a, a.b", None, None, OVERLAP.format("[a]", "[a, b]")),
    ("projection", "a, b, a", None, None, OVERLAP.format("[a]", "[a]")),
    # key conditions
    (
        "key", "pk.a = :v", None, {":v": S},
        "KeyConditionExpressions cannot have conditions on nested attributes",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "names", "values", "fault"), ROWS)
def test_fault_is_told_in_the_services_words(
    kind: str, text: str, names: dict[str, str] | None, values: dict[str, Any] | None, fault: str
) -> None:
    assert error_of(names, values, **{kind: text}) == f"Invalid {SHORT[kind]}: {fault}"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("condition", "if_not_exists(a, :v) = :v"),
        ("condition", "size(a)"),
        ("condition", "attribute_exists(a) = :v"),
        ("condition", "contains(a, attribute_exists(b))"),
        ("condition", "a = :v AND size(b)"),
        ("condition", "NOT size(b)"),
        ("update", "SET a = size(b)"),
        ("update", "SET a = attribute_exists(b)"),
    ],
)
def test_function_out_of_place_is_refused(kind: str, text: str) -> None:
    assert "The function is not allowed" in error_of(None, {":v": S}, **{kind: text})


def test_unknown_type_code_is_refused() -> None:
    fault = error_of(None, {":v": {"S": "STRING"}}, condition="attribute_type(a, :v)")
    assert fault.startswith("Invalid ConditionExpression: Invalid attribute type name found; type: STRING, ")


@pytest.mark.parametrize(
    ("kind", "text", "names", "values"),
    [
        ("condition", "(a = :v)", None, {":v": S}),
        ("condition", "((a = :v) AND (b = :v))", None, {":v": S}),
        ("condition", "(a = :v AND (b = :v))", None, {":v": S}),
        ("condition", "a=b" + " OR a=b" * 149, None, None),
        ("condition", f"a IN ({', '.join(['b'] * 100)})", None, None),
        ("condition", "a = :v OR a <> :v", None, {":v": BOOL}),
        ("condition", "a BETWEEN :v AND :v", None, {":v": S}),
        ("condition", "attribute_type(a, :v)", None, {":v": {"S": "NULL"}}),
        ("condition", "contains(a, :v)", None, {":v": NULL}),
        ("projection", "#d, a.b", {"#d": "a.b"}, None),  # a name with a dot is one name
        ("projection", "a[0], a[1], a[2].b, a[2].c", None, None),
        ("update", "SET #d = :v, a = :v", {"#d": "a.b"}, {":v": S}),
        ("update", "ADD a :v", None, {":v": NS}),
        ("update", "SET a = a", None, None),
    ],
)
def test_what_looks_similar_is_fine(
    kind: str, text: str, names: dict[str, str] | None, values: dict[str, Any] | None
) -> None:
    read(names, values, **{kind: text})


def test_every_listed_word_is_reserved_in_any_case() -> None:
    for word in ("ABORT", "zone", "Flattern", "DATA", "ttl"):
        assert "reserved keyword" in error_of(projection=word)
    read(projection="abort_, remove, size_of")
