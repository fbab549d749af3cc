"""Statements that are refused, and the service's words. `TABLE` stands for a table that holds nothing."""

from typing import Any

import pytest

from dynamodb.calls import RNF, VE, E, Item, P, fault, refusal
from dynamodb.facts import fact
from dynamodb.statements import refused

WF = "Statement wasn't well formed, can't be processed: "
OPERAND = "Incorrect operand type for operator or function; operator or function: {}, operand type: {}"
KEY_NOT_FIXED = "Where clause does not contain a mandatory equality on all key attributes"
NO_INDEX = "This operation is not supported on an index"
MISFIT = "The provided key element does not match the schema"
WHERE_KEY = "WHERE pk = 'a' AND sk = 1"


def _refusals(*rows: tuple[str, str, str]) -> list[Any]:
    """Statements with the text of their error; the last member names the fact that the row holds, if any."""
    return [pytest.param(text, error, marks=fact(name) if name else ()) for text, error, name in rows]


@pytest.mark.parametrize(
    ("text", "error"),
    _refusals(
        ("CREATE TABLE x", f"{WF}Expected data manipulation", "partiql.88"),
        (" ", f"{WF}Expected data manipulation", "partiql.88"),
        ("'SELECT'", f"{WF}Expected data manipulation", "partiql.88"),
        ("SELECT COUNT(*) FROM TABLE", "Unexpected path component at 1:8:5", "partiql.53"),
        ("SELECT\n a, count (*) FROM nowhere", "Unexpected path component at 2:5:5", "partiql.53"),
        ("SELECT * FROM nowhere WHERE a < NULL", OPERAND.format("<", "NULL"), "partiql.37"),
        ("SELECT * FROM TABLE WHERE a > TRUE", OPERAND.format(">", "BOOL"), "partiql.36"),
        ("SELECT * FROM TABLE WHERE a <= [1]", OPERAND.format("<=", "L"), "partiql.36"),
        ("SELECT * FROM TABLE WHERE a >= {}", OPERAND.format(">=", "M"), "partiql.36"),
        ("SELECT * FROM TABLE WHERE a < <<1>>", OPERAND.format("<", "NS"), "partiql.36"),
        ("SELECT * FROM TABLE WHERE begins_with(a, 1)", OPERAND.format("begins_with", "N"), ""),
        ("SELECT * FROM TABLE.idx", "The table does not have the specified index", "partiql.60"),
        ("SELECT * FROM TABLE.idx.x", "A path may contain at most 2 components in the FROM clause", "partiql.62"),
        ('SELECT * FROM ""', "Path component cannot be an empty string", "partiql.63"),
        ('SELECT * FROM TABLE.""', "Path component cannot be an empty string", "partiql.63"),
        (
            "INSERT INTO TABLE.idx VALUE {'pk': 'a', 'sk': 1}",
            "FROM clause may only contain a single table name in data manipulation statements at 1:13:LENGTH",
            "partiql.69",
        ),
        ("UPDATE TABLE SET n = 1 WHERE pk = 'a'", KEY_NOT_FIXED, "partiql.71"),
        ("UPDATE TABLE SET n = 1", KEY_NOT_FIXED, "partiql.71"),
        ("UPDATE TABLE SET n = 1 WHERE pk = 'a' OR sk = 1", KEY_NOT_FIXED, "partiql.71"),
        ("UPDATE TABLE SET n = 1 WHERE pk = 'a' AND sk > 1", KEY_NOT_FIXED, "partiql.71"),
        ("DELETE FROM TABLE WHERE sk = 1", KEY_NOT_FIXED, "partiql.71"),
        ("DELETE FROM TABLE WHERE pk IN ['a'] AND sk = 1", KEY_NOT_FIXED, "partiql.71"),
        ("DELETE FROM TABLE WHERE pk = sk AND sk = 1", KEY_NOT_FIXED, "partiql.71"),
        ("DELETE FROM TABLE", KEY_NOT_FIXED, "partiql.71"),
        (f"UPDATE TABLE.idx SET n = 1 {WHERE_KEY}", NO_INDEX, "partiql.72"),
        (f"DELETE FROM TABLE.idx {WHERE_KEY}", NO_INDEX, "partiql.72"),
        (f"UPDATE TABLE SET sk = 2 {WHERE_KEY}", f"{P}Cannot update attribute sk. This attribute is part of the key", ""),
        ("UPDATE TABLE SET n = 1 WHERE pk = 1 AND sk = 1", MISFIT, ""),
        ("DELETE FROM TABLE WHERE pk = 'a' AND sk = 'x'", MISFIT, ""),
        *(
            (
                f"DELETE FROM TABLE {WHERE_KEY} RETURNING {image} *",
                f"Invalid returning clause: RETURNING {image} *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
                "partiql.83",
            )
            for image in ("MODIFIED OLD", "MODIFIED NEW", "ALL NEW")
        ),
        ("INSERT INTO TABLE VALUE {'pk': 'a'}", f"{P}Missing the key sk in the item", "partiql.70"),
        ("INSERT INTO TABLE VALUE {'pk': 1, 'sk': 1}", f"{P}Type mismatch for key pk expected: S actual: N", "partiql.70"),
        (
            "INSERT INTO TABLE VALUE {'pk': '', 'sk': 1}",
            ("One or more parameter values are not valid. The AttributeValue for a key attribute"
            " cannot contain an empty string value. Key: pk"),
            "partiql.70",
        ),
        ("INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1, 'x': <<1, 1.0>>}", "Input collection contains duplicates", "partiql.70"),
        (
            "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1, 'x': <<'a', 'a'>>}",
            f"{P}Input collection [a, a] contains duplicates.",
            "partiql.70",
        ),
        (
            "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1E126}",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
            "partiql.70",
        ),
        (
            f"INSERT INTO TABLE VALUE {{'pk': 'a', 'sk': 1, 'x': {'[' * 33}{']' * 33}}}",
            ("Nesting Levels have exceeded supported limits:"
            " Attributes in the item have nested levels beyond supported limit"),
            "partiql.70",
        ),
        (
            "SELECT * FROM TABLE WHERE pk = 1",
            f"{P}Condition parameter type does not match schema type",
            "",
        ),
        (
            "SELECT pk.x FROM TABLE",
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
            "",
        ),
    ),
)  # fmt: skip
def test_a_statement_is_refused(client: Any, standing: str, text: str, error: str) -> None:
    error = error.replace("LENGTH", str(len(standing) + 2))
    assert refused(client, text, standing) == (VE, error)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT * FROM TABLE LIMIT 5", marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE a", marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE a = 'x", marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE a = 1 AND", marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE (a = 1", marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE " + "(" * 4000, marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE " + "NOT " * 2000, marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE a = " + "[" * 4000, marks=fact("partiql.89")),
        pytest.param("UPDATE TABLE SET a = 1" + "+1" * 3000 + WHERE_KEY, marks=fact("partiql.89")),
        pytest.param("SELECT a[" + "9" * 6000 + "] FROM TABLE", marks=fact("partiql.89")),
        pytest.param("SELECT * FROM TABLE WHERE # = 1", marks=fact("partiql.89")),
        pytest.param("SELECT value FROM TABLE", marks=fact("partiql.13")),
        pytest.param("SELECT a.Order FROM TABLE", marks=fact("partiql.13")),
        pytest.param("SELECT * FROM TABLE t JOIN TABLE u", marks=fact("partiql.52")),
        pytest.param("SELECT * FROM TABLE GROUP BY a", marks=fact("partiql.52")),
        pytest.param("SELECT * FROM (SELECT * FROM TABLE)", marks=fact("partiql.52")),
        pytest.param("SELECT * FROM TABLE WHERE a IN (SELECT * FROM TABLE)", marks=fact("partiql.52")),
        pytest.param("INSERT INTO TABLE VALUES {'pk': 'a', 'sk': 1}"),
        pytest.param("INSERT INTO TABLE VALUE [1]"),
        pytest.param("INSERT INTO TABLE VALUE {'pk': 'a', 'pk': 'b', 'sk': 1}"),
        pytest.param("INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1, 'x': <<1, 'a'>>}", marks=fact("partiql.19")),
        pytest.param("INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1, 'x': <<TRUE>>}", marks=fact("partiql.19")),
        pytest.param(f"UPDATE TABLE {WHERE_KEY}"),
        pytest.param(f"UPDATE TABLE SET s = set_add(t, <<1>>) {WHERE_KEY}"),
        pytest.param(f"UPDATE TABLE SET s = list_append(set_add(s, <<1>>), []) {WHERE_KEY}"),
        pytest.param(f"EXISTS(SELECT * FROM TABLE {WHERE_KEY})", marks=fact("partiql.8")),
    ],
)  # fmt: skip
def test_a_statement_is_not_well_formed(client: Any, standing: str, text: str) -> None:
    code, error = refused(client, text, standing)
    assert code == VE
    assert error.startswith(WF)


@pytest.mark.parametrize(
    ("column", "count", "fits"),
    [
        pytest.param("pk", 50, True, marks=fact("partiql.43")),
        pytest.param("pk", 51, False, marks=fact("partiql.43")),
        pytest.param("n", 100, True, marks=fact("partiql.44")),
        pytest.param("n", 101, False, marks=fact("partiql.44")),
    ],
)
def test_in_takes_so_many_values(client: Any, standing: str, column: str, count: int, fits: bool) -> None:
    values = ", ".join(f"'{number}'" for number in range(count))
    text = f"SELECT * FROM TABLE WHERE {column} IN [{values}]"
    if fits:
        assert client.execute_statement(Statement=text.replace("TABLE", f'"{standing}"'))["Items"] == []
    else:
        assert refused(client, text, standing)[0] == VE


ONE: Item = {"S": "a"}


@fact("partiql.91")
@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("SELECT * FROM TABLE WHERE pk = ?", ()),
        ("SELECT * FROM TABLE WHERE pk = ?", (ONE, ONE)),
        ("SELECT * FROM TABLE", (ONE,)),
        ("INSERT INTO TABLE VALUE {'pk': ?, 'sk': ?}", (ONE,)),
    ],
)
def test_parameters_must_be_as_many_as_asked(
    client: Any, standing: str, text: str, parameters: tuple[Item, ...]
) -> None:
    assert refused(client, text, standing, *parameters)[0] == VE


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"N": "x"}, "The parameter cannot be converted to a numeric value: x"),
        ({"SS": []}, f"{P}An string set  may not be empty"),
    ],
)
def test_a_faulty_parameter_is_refused(client: Any, standing: str, value: Item, error: str) -> None:
    assert refused(client, "SELECT * FROM TABLE WHERE a = ?", standing, value) == (VE, error)


@fact("partiql.92")
@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM nowhere",
        "SELECT * FROM nowhere.idx",
        "INSERT INTO nowhere VALUE {'a': 1}",
        "UPDATE nowhere SET n = 1",
        "DELETE FROM nowhere WHERE a = 1",
    ],
)
def test_a_missing_table_is_not_found(client: Any, standing: str, text: str) -> None:
    assert refused(client, text, standing) == (RNF, "Requested resource not found")


@fact("partiql.85")
@pytest.mark.parametrize("name", ["TABLE", "nowhere"])
def test_an_item_too_large_is_refused(client: Any, standing: str, name: str) -> None:
    text = f"INSERT INTO {name} VALUE {{'pk': 'a', 'sk': 1, 'w': ?}}"
    error = (VE, "Item size has exceeded the maximum allowed size")
    assert refused(client, text, standing, {"S": "x" * 409_600}) == error


AT_LEAST = "failed to satisfy constraint: Member must have {} greater than or equal to 1"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        pytest.param({"Statement": ""}, f"Value '' at 'statement' {AT_LEAST.format('length')}", marks=fact("partiql.1", "partiql.90")),
        pytest.param(
            {"Statement": "S" * 8193},
            f"Value '{'S' * 8193}' at 'statement' failed to satisfy constraint: Member must have length less than or equal to 8192",
            marks=fact("partiql.1"),
        ),
        pytest.param({"Parameters": []}, f"Value '[]' at 'parameters' {AT_LEAST.format('length')}", marks=fact("partiql.2")),
        pytest.param(
            {"NextToken": "x" * 32_769},
            f"Value '{'x' * 32_769}' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 32768",
            marks=fact("partiql.3"),
        ),
        pytest.param({"Limit": 0}, f"Value '0' at 'limit' {AT_LEAST.format('value')}", marks=fact("partiql.4")),
    ],
)  # fmt: skip
def test_the_envelope_refuses(client: Any, standing: str, more: dict[str, Any], error: str) -> None:
    asked = {"Statement": f'SELECT * FROM "{standing}"', **more}
    assert fault(refusal(client, "ExecuteStatement", asked)) == (VE, f"{E}{error}")


@fact("partiql.1")
def test_the_longest_statement_is_carried_out(client: Any, standing: str) -> None:
    text = f"SELECT * FROM \"{standing}\" WHERE pk = 'a'"
    assert client.execute_statement(Statement=text + " " * (8192 - len(text)))["Items"] == []
