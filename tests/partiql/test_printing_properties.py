"""parse(print(statement)) is the statement, however it nests; and no text does worse than to be refused."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from partiql.trees import patient, statements
from trinamo.model.errors import ApiError
from trinamo.partiql import Statement, parse, plan, print_statement
from trinamo.partiql.tokens import END, tokenize


@patient
@given(statements)
def test_a_statement_prints_to_what_parses_to_it(statement: Statement) -> None:
    assert parse(print_statement(statement)) == statement


@patient
@given(statements, st.sampled_from([" ", "\t", "\r\n", "   "]))
def test_space_between_tokens_means_nothing(statement: Statement, space: str) -> None:
    spaced = space.join(token.text for token in tokenize(print_statement(statement)) if token.kind != END)
    assert parse(spaced) == statement


_WORDS = """
    SELECT UPDATE INSERT INTO DELETE FROM WHERE SET REMOVE VALUE RETURNING ALL OLD ORDER BY AND OR NOT IN IS BETWEEN
    MISSING NULL TRUE size contains set_add a b.c "d" 'e' 1 -2.5 ? * , ; : . ( ) [ ] { } << >> = <> < >= + - ' #
"""


@patient
@given(st.lists(st.sampled_from(_WORDS.split()), max_size=14).map(" ".join) | st.text(max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        statement = parse(text)
    except ApiError:
        return
    assert parse(print_statement(statement)) == statement


@patient
@given(statements)
def test_any_statement_becomes_a_plan_or_is_refused(statement: Statement) -> None:
    with suppress(ApiError):
        plan(statement, [{"S": "S"} for _ in range(statement.parameters)])
