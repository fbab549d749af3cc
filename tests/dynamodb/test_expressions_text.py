"""Texts of expressions: what is a token, what a sentence, and in which words the rest is refused before anything is read."""

from pathlib import Path
from typing import Any

import pytest

from dynamodb.calls import NOT_FOUND, RNF, VE, Item, call, fault, item, refusal
from dynamodb.expressions import CONDITION, FILTER, KEYS, PROJECTION, UPDATE, holds, refused, request, updated
from dynamodb.facts import fact

WORDS = Path(__file__).with_name("reserved_words.txt").read_text(encoding="utf-8").split()
RESERVED = "Invalid {}: Attribute name is a reserved keyword; reserved keyword: {}"
NAMES = {"#a": "a", "#b": "b", "#1": "1st", "#dash": "with-dash", "#word": "size", "#d": "a.b", "#_": "_"}
VALUES: Item = {
    ":s": {"S": "a"},
    ":t": {"S": "b"},
    ":n": {"N": "1"},
    ":m": {"N": "5"},
    ":b": {"B": b"a"},
    ":bool": {"BOOL": True},
    ":null": {"NULL": True},
    ":ss": {"SS": ["a"]},
    ":ns": {"NS": ["1"]},
    ":bs": {"BS": [b"a"]},
    ":l": {"L": [{"N": "1"}]},
    ":map": {"M": {"a": {"N": "1"}}},
    ":type": {"S": "SS"},
    ":v": {"S": "a"},
    ":1": {"N": "1"},
    ":_": {"N": "1"},
}


# What is accepted


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param(CONDITION, "a = :s", marks=fact("expressions.1")),
        pytest.param(CONDITION, "_a1 = :s AND #1 <> :1 AND #_ < :_", marks=fact("expressions.1")),
        pytest.param(CONDITION, "a<>:s and(b<:n)or c<=:n or d>:n or e>=:n", marks=fact("expressions.1", "expressions.3")),
        pytest.param(CONDITION, "\t a\r\n=\n:s ", marks=fact("expressions.2")),
        pytest.param(PROJECTION, "a . #b [ 0 ] [1],c", marks=fact("expressions.2", "expressions.20")),
        pytest.param(UPDATE, "sEt a = :s rEmOvE b aDd c :n DeLeTe d :ss", marks=fact("expressions.3")),
        pytest.param(CONDITION, "a bEtWeEn :n aNd :m Or NoT b iN (:s)", marks=fact("expressions.3")),
        pytest.param(CONDITION, "size (a) > :n AND contains\n(b, :s)", marks=fact("expressions.5")),
        pytest.param(PROJECTION, "#dash, #1, #word", marks=fact("expressions.6")),
        pytest.param(PROJECTION, "a[0], a[1].b[2].c, #b.c, d", marks=fact("expressions.20")),
        pytest.param(CONDITION, "a.b[1].#a = :s", marks=fact("expressions.20")),
        pytest.param(CONDITION, "a = b", marks=fact("expressions.24")),
        pytest.param(CONDITION, ":s = a", marks=fact("expressions.24")),
        pytest.param(CONDITION, ":s = :t", marks=fact("expressions.24")),
        pytest.param(CONDITION, "(size(a)) > :n", marks=fact("expressions.25")),
        pytest.param(CONDITION, "(a) = (:s)", marks=fact("expressions.25")),
        pytest.param(CONDITION, "a BETWEEN :n AND b", marks=fact("expressions.26")),
        pytest.param(CONDITION, "a IN (:s, b, size(c))", marks=fact("expressions.26")),
        pytest.param(CONDITION, "attribute_exists(a) OR attribute_not_exists(a)", marks=fact("expressions.26")),
        pytest.param(CONDITION, "attribute_type(a, :type) OR attribute_type(a, b)", marks=fact("expressions.26")),
        pytest.param(CONDITION, "begins_with(a, :s) OR begins_with(:s, a)", marks=fact("expressions.26")),
        pytest.param(CONDITION, "contains(a, size(b)) OR contains(:ss, a)", marks=fact("expressions.26")),
        pytest.param(CONDITION, "size(:s) < size(a)", marks=fact("expressions.26")),
        pytest.param(UPDATE, "SET a = :s", marks=fact("expressions.27")),
        pytest.param(UPDATE, "DELETE d :ss ADD c :n REMOVE b SET a = :s", marks=fact("expressions.27")),
        pytest.param(UPDATE, "SET a = if_not_exists(a, :n) + :n, b = :n - (:n)", marks=fact("expressions.28")),
        pytest.param(UPDATE, "SET a = if_not_exists(a, if_not_exists(b, :n + :m))", marks=fact("expressions.28")),
        pytest.param(UPDATE, "SET a = list_append(if_not_exists(a, :l), list_append(:l, :l))", marks=fact("expressions.28")),
        pytest.param(UPDATE, "SET a = (:n + :n) - (:m - :n)", marks=fact("expressions.28")),
        pytest.param(UPDATE, "REMOVE a, b, #d", marks=fact("expressions.29", "expressions.96")),
        pytest.param(UPDATE, "ADD a :n, b :ss, c :ns, d :bs", marks=fact("expressions.29")),
        pytest.param(UPDATE, "DELETE b :ss, c :ns, d :bs", marks=fact("expressions.29")),
        pytest.param(CONDITION, "(a = :s)", marks=fact("expressions.87")),
        pytest.param(CONDITION, "((a = :s) AND (b = :s))", marks=fact("expressions.87")),
        pytest.param(CONDITION, "(a = :s AND (b = :s))", marks=fact("expressions.87")),
        pytest.param(CONDITION, "NOT (a = :s)", marks=fact("expressions.87")),
        pytest.param(CONDITION, "a=b" + " OR a=b" * 149, marks=fact("expressions.90")),
        pytest.param(CONDITION, "a IN (" + "b, " * 99 + "b)", marks=fact("expressions.91")),
        pytest.param(CONDITION, "attribute_exists(" + "a" * 4076 + ")  ", marks=fact("expressions.64")),
        pytest.param(PROJECTION, "#d, a.b", marks=fact("expressions.96")),
        pytest.param(UPDATE, "SET #d = :n, a = :n", marks=fact("expressions.96")),
        pytest.param(PROJECTION, "a[0], a[1], a[2].b, a[2].c", marks=fact("expressions.94")),
        pytest.param(CONDITION, "a BETWEEN :n AND :n", marks=fact("expressions.89")),
        pytest.param(CONDITION, "a = :bool OR a <> :map", marks=fact("expressions.77")),
        pytest.param(CONDITION, "contains(a, b) OR contains(a, :null)", marks=fact("expressions.86")),
        pytest.param(PROJECTION, "remove, size_, #word", marks=fact("expressions.7")),
    ],
)  # fmt: skip
def test_what_is_right_is_not_refused(client: Any, table: str, kind: str, text: str) -> None:
    operation, made = request(table, kind, text, NAMES, VALUES)
    try:
        call(client, operation, made)
    except client.exceptions.ConditionalCheckFailedException:
        assert kind == CONDITION


# What is not


def syntax(token: str, near: str) -> str:
    return f'Syntax error; token: "{token}", near: "{near}"'


def wrong_type(operator: str, code: str) -> str:
    return (
        "Incorrect operand type for operator or function;"
        f" operator or function: {operator}, operand type: {code}"
    )


def section_type(section: str, long_name: str) -> str:
    return f"Incorrect operand type for operator or function; operator: {section}, operand type: {long_name}"


def arity(function: str, count: int) -> str:
    return (
        "Incorrect number of operands for operator or function;"
        f" operator or function: {function}, number of operands: {count}"
    )


def two_paths(verb: str, one: str, two: str) -> str:
    return (
        f"Two document paths {verb} with each other; must remove or rewrite one of these paths;"
        f" path one: {one}, path two: {two}"
    )


def row(held: str | tuple[str, ...], kind: str, text: str, told: str) -> Any:
    return pytest.param(
        kind,
        text,
        told,
        marks=fact(*((held,) if isinstance(held, str) else held)),
        id=f"{kind}-{text[:40]!r}",
    )


EMPTY = "The expression can not be empty;"
DISTINCT = (
    "The first operand must be distinct from the remaining operands for this operator or function;"
    " operator: contains, first operand: {}"
)
BETWEEN_TYPES = (
    "The BETWEEN operator requires same data type for lower and upper bounds;"
    " lower bound operand: AttributeValue: {}, upper bound operand: AttributeValue: {}"
)
BETWEEN_ORDER = (
    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound;"
    " lower bound operand: AttributeValue: {}, upper bound operand: AttributeValue: {}"
)
REDUNDANT = "The expression has redundant parentheses;"
NO_PATH = "Operator or function requires a document path; operator or function: "
NO_NAME = "An expression attribute name used in the document path is not defined; attribute name: "
NO_VALUE = "An expression attribute value used in expression is not defined; attribute value: "
SIZE = "Expression size has exceeded the maximum allowed size; expression size: "


REFUSED = [
    row("expressions.4", CONDITION, "SIZE(a) > :n", "Invalid function name; function: SIZE"),
    row("expressions.4", CONDITION, "Contains(a, :s)", "Invalid function name; function: Contains"),
    row("expressions.6", PROJECTION, "with-dash", syntax("-", "with-dash")),
    row("expressions.6", PROJECTION, "1st", syntax("1", "1st")),
    row("expressions.6", PROJECTION, "#a.1", syntax("1", ".1")),
    row("expressions.6", PROJECTION, "a, ñ", syntax("ñ", ", ñ")),
    row("expressions.8", CONDITION, "a.Status = :s", RESERVED[12:].format("Status")),
    row("expressions.8", UPDATE, "SET a = b[0].name", RESERVED[12:].format("name")),
    row("expressions.8", PROJECTION, "a.b.and", RESERVED[12:].format("and")),
    row("expressions.8", FILTER, "attribute_exists(Year)", RESERVED[12:].format("Year")),
    row("expressions.9", PROJECTION, "a$b", syntax("$", "a$b")),
    row("expressions.9", CONDITION, "a ! = :s", syntax("!", "a ! =")),
    row("expressions.9", PROJECTION, "a\x0cb", syntax("\x0c", "a\x0cb")),
    row("expressions.10", CONDITION, "a = 'x'", syntax("'", "= 'x")),
    row("expressions.10", CONDITION, 'a = "x"', syntax('"', '= "x')),
    row("expressions.10", CONDITION, "a = 5", syntax("5", "= 5")),
    row("expressions.10", CONDITION, "a = :s -- b", syntax("-", ":s --")),
    row("expressions.20", PROJECTION, "[0]", syntax("[", "[0")),
    row("expressions.20", PROJECTION, "a[b]", syntax("b", "[b]")),
    row("expressions.20", PROJECTION, "a[-1]", syntax("-", "[-1")),
    row("expressions.20", PROJECTION, "a[:n]", syntax(":n", "[:n]")),
    row("expressions.20", PROJECTION, "a..b", syntax(".", "..b")),
    row("expressions.20", PROJECTION, ":s", syntax(":s", ":s")),
    row("expressions.23", CONDITION, "a = b = c", syntax("=", "b = c")),
    row("expressions.23", CONDITION, "a < :n < :m", syntax("<", ":n < :m")),
    row("expressions.26", CONDITION, "a IN :s", syntax(":s", "IN :s")),
    row("expressions.26", CONDITION, "a IN ()", syntax(")", "()")),
    row("expressions.26", CONDITION, "a BETWEEN :n OR :m", syntax("OR", ":n OR :m")),
    row("expressions.28", UPDATE, "SET a = b + c + d", syntax("+", "c + d")),
    row("expressions.28", UPDATE, "SET a :s", syntax(":s", "a :s")),
    row("expressions.28", UPDATE, "SET a = b * c", syntax("*", "b * c")),
    row("expressions.29", UPDATE, "REMOVE a = :s", syntax("=", "a = :s")),
    row("expressions.29", UPDATE, "ADD a b", syntax("b", "a b")),
    row("expressions.29", UPDATE, "DELETE a", syntax("<EOF>", "a")),
    row("expressions.60", UPDATE, "INVALID SYNTAX HERE", syntax("INVALID", "INVALID SYNTAX")),
    row("expressions.60", PROJECTION, "!!!", syntax("!", "!!")),
    row("expressions.60", CONDITION, "a-b", syntax("-", "a-b")),
    row("expressions.60", UPDATE, "ADD hits : incr", syntax(":", "hits : incr")),
    row("expressions.60", CONDITION, "contains()", syntax(")", "()")),
    row("expressions.60", CONDITION, "tenant:abc-def", syntax(":abc", "tenant:abc-")),
    row("expressions.60", FILTER, "a = :s)", syntax(")", ":s)")),
    row("expressions.60", KEYS, "pk == :s", syntax("=", "== :s")),
    row("expressions.61", CONDITION, "a = :s AND NOT #flag", syntax("<EOF>", "#flag")),
    row("expressions.61", UPDATE, "SET a = :v,", syntax("<EOF>", ",")),
    row("expressions.61", FILTER, "a = ", syntax("<EOF>", "=")),
    row("expressions.61", CONDITION, "(a = :s", syntax("<EOF>", ":s")),
    row("expressions.62", CONDITION, "a  =\t  5  AND b", syntax("5", "=\t  5  AND")),
    row("expressions.62", PROJECTION, "a ,  , b", syntax(",", ",  , b")),
    *(row("expressions.63", kind, "", EMPTY) for kind in (CONDITION, FILTER, KEYS, PROJECTION, UPDATE)),
    row("expressions.63", CONDITION, " \t\r\n", EMPTY),
    row("expressions.64", CONDITION, "é" * 2049, f"{SIZE}4098"),
    row("expressions.64", PROJECTION, "!" * 4097, f"{SIZE}4097"),
    row("expressions.64", FILTER, "a" * 5000, f"{SIZE}5000"),
    row("expressions.64", KEYS, " " * 4096 + "a", f"{SIZE}4097"),
    row("expressions.64", UPDATE, "SET a = :s" + " " * 4087, f"{SIZE}4097"),
    row("expressions.64", CONDITION, "!" * 4096, syntax("!", "!!")),
    row("expressions.71", CONDITION, "#none = :s", NO_NAME + "#none"),
    row("expressions.71", PROJECTION, "a.#none", NO_NAME + "#none"),
    row("expressions.71", UPDATE, "REMOVE #none", NO_NAME + "#none"),
    row("expressions.72", UPDATE, "SET a = :none", NO_VALUE + ":none"),
    row("expressions.72", CONDITION, "a = :s OR a = :none", NO_VALUE + ":none"),
    row("expressions.73", CONDITION, "exists(a)", "Invalid function name; function: exists"),
    row("expressions.73", UPDATE, "SET a = concat(a, :s)", "Invalid function name; function: concat"),
    row("expressions.75", CONDITION, "begins_with(a)", arity("begins_with", 1)),
    row("expressions.75", CONDITION, "attribute_exists(a, b)", arity("attribute_exists", 2)),
    row("expressions.75", CONDITION, "contains(a, :s, :t)", arity("contains", 3)),
    row("expressions.75", CONDITION, "size(a, b) > :n", arity("size", 2)),
    row("expressions.75", UPDATE, "SET a = list_append(:l)", arity("list_append", 1)),
    row("expressions.75", UPDATE, "SET a = if_not_exists(a)", arity("if_not_exists", 1)),
    row("expressions.76", CONDITION, "attribute_exists(:s)", NO_PATH + "attribute_exists"),
    row("expressions.76", CONDITION, "attribute_not_exists(size(a))", NO_PATH + "attribute_not_exists"),
    row("expressions.76", CONDITION, "attribute_type(:s, :type)", NO_PATH + "attribute_type"),
    row("expressions.76", UPDATE, "SET a = if_not_exists(:s, :s)", NO_PATH + "if_not_exists"),
    *(
        row("expressions.77", CONDITION, f"a {operator} :{name}", wrong_type(operator, code))
        for operator in ("<", "<=", ">", ">=")
        for name, code in (("bool", "BOOL"), ("null", "NULL"), ("ss", "SS"), ("ns", "NS"), ("bs", "BS"))
    ),
    row("expressions.77", CONDITION, "a < :l", wrong_type("<", "L")),
    row("expressions.77", CONDITION, ":map > a", wrong_type(">", "M")),
    row("expressions.77", FILTER, "a BETWEEN :l AND :l", wrong_type("BETWEEN", "L")),
    row("expressions.77", FILTER, ":ns BETWEEN a AND b", wrong_type("BETWEEN", "NS")),
    row("expressions.78", CONDITION, "begins_with(a, :n)", wrong_type("begins_with", "N")),
    row("expressions.78", FILTER, "begins_with(a, :ss)", wrong_type("begins_with", "SS")),
    row("expressions.79", CONDITION, "attribute_type(a, :n)", wrong_type("attribute_type", "N")),
    row("expressions.80", CONDITION, "size(:n) > :n", wrong_type("size", "N")),
    row("expressions.80", CONDITION, "size(:bool) > :n", wrong_type("size", "BOOL")),
    row("expressions.80", CONDITION, "size(:null) > :n", wrong_type("size", "NULL")),
    row("expressions.80", CONDITION, "size(size(a)) > :n", wrong_type("size", "N")),
    row("expressions.81", UPDATE, "SET a = b + :s", wrong_type("+", "S")),
    row("expressions.81", UPDATE, "SET a = :ns - b", wrong_type("-", "NS")),
    row("expressions.82", UPDATE, "SET a = list_append(a, :s)", wrong_type("list_append", "S")),
    row("expressions.82", UPDATE, "SET a = list_append(:ss, a)", wrong_type("list_append", "SS")),
    *(
        row("expressions.84", UPDATE, f"ADD a :{name}", section_type("ADD", long_name))
        for name, long_name in (
            ("s", "STRING"), ("b", "BINARY"), ("bool", "BOOLEAN"), ("null", "NULL"), ("l", "LIST"), ("map", "MAP"),
        )
    ),
    *(
        row("expressions.85", UPDATE, f"DELETE a :{name}", section_type("DELETE", long_name))
        for name, long_name in (
            ("s", "STRING"), ("n", "NUMBER"), ("b", "BINARY"), ("bool", "BOOLEAN"), ("null", "NULL"), ("l", "LIST"),
            ("map", "MAP"),
        )
    ),
    row("expressions.86", CONDITION, "contains(a, a)", DISTINCT.format("[a]")),
    row(("expressions.86", "expressions.97"), FILTER, "contains(#a.b[1], a.#b[1])", DISTINCT.format("[a, b, [1]]")),
    row("expressions.87", CONDITION, "((a = :s))", REDUNDANT),
    row("expressions.87", CONDITION, "b = :s OR ( ( a = :s ) )", REDUNDANT),
    row("expressions.87", FILTER, "((a = :s AND b = :s))", REDUNDANT),
    row("expressions.88", CONDITION, "a BETWEEN :s AND :n", BETWEEN_TYPES.format("{S:a}", "{N:1}")),
    row("expressions.89", CONDITION, "a BETWEEN :m AND :n", BETWEEN_ORDER.format("{N:5}", "{N:1}")),
    row("expressions.89", FILTER, "a BETWEEN :t AND :s", BETWEEN_ORDER.format("{S:b}", "{S:a}")),
    row("expressions.90", CONDITION, "a=b" + " OR a=b" * 150, "The expression contains too many operators; operator count: 301"),
    row("expressions.90", FILTER, "NOT " * 300 + "a=b", "The expression contains too many operators; operator count: 301"),
    row("expressions.91", CONDITION, "a IN (" + "b, " * 162 + "b)", "The IN operator is provided with too many operands; number of operands: 163"),
    row("expressions.91", FILTER, "a IN (" + "b, " * 100 + "b)", "The IN operator is provided with too many operands; number of operands: 101"),
    *(
        row("expressions.92", UPDATE, f"{text} SET c = :s {text}", f'The "{text.split()[0]}" section can only be used once in an update expression;')
        for text in ("REMOVE a", "ADD a :n", "DELETE a :ss")
    ),
    row("expressions.92", UPDATE, "SET a = :s REMOVE b SET c = :s", 'The "SET" section can only be used once in an update expression;'),
    row(("expressions.93", "expressions.97"), UPDATE, "SET a = :s, a.b = :s", two_paths("overlap", "[a, b]", "[a]")),
    row("expressions.93", UPDATE, "SET a.b = :s REMOVE a", two_paths("overlap", "[a, b]", "[a]")),
    row(("expressions.93", "expressions.97"), UPDATE, "SET a = :s REMOVE #a", two_paths("overlap", "[a]", "[a]")),
    row(("expressions.93", "expressions.97"), UPDATE, "REMOVE a[0], a[0].b", two_paths("overlap", "[a, [0], b]", "[a, [0]]")),
    row("expressions.93", UPDATE, "ADD a :n DELETE a :ss", two_paths("overlap", "[a]", "[a]")),
    row(("expressions.94", "expressions.97"), PROJECTION, "a.b[2], c, a", two_paths("overlap", "[a, b, [2]]", "[a]")),
    row("expressions.94", PROJECTION, "a, a.b", two_paths("overlap", "[a]", "[a, b]")),
    row("expressions.94", PROJECTION, "a, b, #a", two_paths("overlap", "[a]", "[a]")),
    row("expressions.95", UPDATE, "REMOVE a.b, a[0]", two_paths("conflict", "[a, b]", "[a, [0]]")),
    row("expressions.95", UPDATE, "SET a[1] = :s ADD a.b :n", two_paths("conflict", "[a, [1]]", "[a, b]")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "told"), REFUSED)
def test_what_is_wrong_is_refused_in_the_services_words(
    client: Any, standing: str, kind: str, text: str, told: str
) -> None:
    assert refused(client, standing, kind, text, NAMES, VALUES) == (VE, f"Invalid {kind}: {told}")


@fact("expressions.7")
def test_every_reserved_word_needs_a_placeholder_in_any_case(client: Any, standing: str) -> None:
    assert len(WORDS) == len(set(WORDS)) == 573
    cases = (str.upper, str.lower, str.capitalize)
    for number, word in enumerate(WORDS):
        written = cases[number % 3](word)
        text = (written, f"a.{written}", f"a, b[0].{written}")[number // 3 % 3]
        assert refused(client, standing, PROJECTION, text) == (VE, RESERVED.format(PROJECTION, written))
        _, made = request(standing, PROJECTION, "#w", {"#w": written})
        assert call(client, "GetItem", made) == {}


@fact("expressions.74")
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CONDITION, "if_not_exists(a, :s) = :s"),
        (CONDITION, "size(a)"),
        (CONDITION, "a = :s AND size(b)"),
        (CONDITION, "NOT size(b)"),
        (CONDITION, "attribute_exists(a) = :s"),
        (CONDITION, "contains(a, attribute_exists(b))"),
        (CONDITION, "list_append(a, b) = :l"),
        (UPDATE, "SET a = size(b)"),
        (UPDATE, "SET a = attribute_exists(b)"),
    ],
)
def test_functions_stand_only_where_they_belong(client: Any, standing: str, kind: str, text: str) -> None:
    code, told = refused(client, standing, kind, text, NAMES, VALUES)
    assert code == VE
    assert told.startswith(f"Invalid {kind}: The function is not allowed ")


@fact("expressions.83")
@pytest.mark.parametrize("code", ["STRING", "s", "", "NUMBER", "SSS"])
def test_unknown_type_codes_are_refused(client: Any, standing: str, code: str) -> None:
    text = "attribute_type(a, :v)"
    refusal_ = refused(client, standing, CONDITION, text, None, {":v": {"S": code}})
    assert refusal_[0] == VE
    assert refusal_[1].startswith(
        f"Invalid {CONDITION}: Invalid attribute type name found; type: {code}, valid types: "
    )


@fact("expressions.98")
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CONDITION, "a < :bool"),
        (FILTER, "contains(a, a)"),
        (KEYS, "pk = :none"),
        (PROJECTION, "a, a"),
        (UPDATE, "ADD a :s"),
    ],
)
def test_faults_that_show_in_the_text_come_before_the_table(client: Any, kind: str, text: str) -> None:
    operation, made = request("no.such.table", kind, text, NAMES, VALUES)
    code, told = fault(refusal(client, operation, made))
    assert (code, told.startswith(f"Invalid {kind}: ")) == (VE, True)
    operation, made = request("no.such.table", PROJECTION, "a")
    assert fault(refusal(client, operation, made)) == (RNF, NOT_FOUND)


# Precedence


PRECEDENCE = [
    # a is true, b is false in the item; what it would be, bound the other way, is the opposite
    ("a = :t OR a = :t AND b = :t", True),
    ("(a = :t OR a = :t) AND b = :t", False),
    ("b = :t AND b = :t OR a = :t", True),
    ("b = :t AND (b = :t OR a = :t)", False),
    ("NOT b = :t OR a = :t", True),
    ("NOT (b = :t OR a = :t)", False),
    ("NOT b = :t AND b = :t", False),
    ("NOT (b = :t AND b = :t)", True),
    ("NOT NOT a = :t", True),
    ("NOT b IN (:t) AND a = :t", True),
    ("n BETWEEN :one AND :two AND a = :t", True),
    ("n BETWEEN :one AND :two AND b = :t", False),
    ("NOT n BETWEEN :two AND :two AND a = :t", True),
]


@fact("expressions.21")
@pytest.mark.parametrize(("text", "expected"), PRECEDENCE)
def test_and_binds_tighter_than_or_and_not_tighter_than_both(
    client: Any, standing: str, text: str, expected: bool
) -> None:
    yes, no = {"BOOL": True}, {"BOOL": False}
    client.put_item(TableName=standing, Item=item(1, a=yes, b=no, n={"N": "1"}))
    values: Item = {":t": yes, ":one": {"N": "1"}, ":two": {"N": "2"}}
    assert holds(client, standing, text, None, values) is expected


@fact("expressions.28")
def test_sums_are_worked_out_as_their_parentheses_say(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=item(1, n={"N": "10"}))
    values: Item = {":two": {"N": "2"}, ":three": {"N": "3"}}
    text = "SET x = n - (:two + :three), y = (n - :two) + :three"
    answer = updated(client, standing, text, None, values, ReturnValues="UPDATED_NEW")
    assert answer["Attributes"] == {"x": {"N": "5"}, "y": {"N": "11"}}
