"""Strategies: syntax trees that the grammar allows and whose form is right."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from trinamo.expressions.reserved import is_reserved
from trinamo.expressions.syntax import (
    Action,
    And,
    Between,
    Call,
    Comparison,
    ConditionTree,
    In,
    Not,
    Operand,
    Or,
    Path,
    ProjectionTree,
    Sum,
    UpdateTree,
    Value,
)

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # for busy machines

_KEYWORDS = {"REMOVE"}  # the one keyword that is no reserved word

identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: not is_reserved(name) and name.upper() not in _KEYWORDS
)
placeholders = st.from_regex(r"[A-Za-z0-9_]{1,5}", fullmatch=True)
segments = identifiers | placeholders.map(lambda name: f"#{name}")
paths = st.builds(
    lambda first, rest: Path((first, *rest)),
    segments,
    st.lists(segments | st.integers(0, 120), max_size=4),
)
value_placeholders = placeholders.map(lambda name: Value(f":{name}"))

operands: st.SearchStrategy[Operand] = (
    paths | value_placeholders | st.builds(lambda of: Call("size", (of,)), paths | value_placeholders)
)
comparators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_simple: st.SearchStrategy[ConditionTree] = st.one_of(
    st.builds(Comparison, operands, comparators, operands),
    st.builds(Between, operands, operands, operands),
    st.builds(In, operands, st.lists(operands, min_size=1, max_size=4).map(tuple)),
    st.builds(
        lambda function, path: Call(function, (path,)),
        st.sampled_from(["attribute_exists", "attribute_not_exists"]),
        paths,
    ),
    st.builds(
        lambda function, first, second: Call(function, (first, second)),
        st.sampled_from(["begins_with", "contains"]),
        operands,
        operands,
    ),
    st.builds(lambda path, code: Call("attribute_type", (path, code)), paths, value_placeholders),
)


def joined(inner: st.SearchStrategy[ConditionTree]) -> st.SearchStrategy[ConditionTree]:
    """Conditions that join others."""
    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(And, terms) | st.builds(Or, terms) | st.builds(Not, inner)


conditions: st.SearchStrategy[ConditionTree] = st.recursive(_simple, joined, max_leaves=12)
projections = st.builds(ProjectionTree, st.lists(paths, min_size=1, max_size=5).map(tuple))

sums: st.SearchStrategy[Operand] = st.recursive(
    paths | value_placeholders,
    lambda inner: st.one_of(
        st.builds(Sum, inner, st.sampled_from(["+", "-"]), inner),
        st.builds(lambda path, otherwise: Call("if_not_exists", (path, otherwise)), paths, inner),
        st.builds(lambda first, second: Call("list_append", (first, second)), inner, inner),
    ),
    max_leaves=6,
)
_actions = {
    "SET": st.builds(lambda path, operand: Action("SET", path, operand), paths, sums),
    "REMOVE": st.builds(lambda path: Action("REMOVE", path, None), paths),
    "ADD": st.builds(lambda path, operand: Action("ADD", path, operand), paths, value_placeholders),
    "DELETE": st.builds(lambda path, operand: Action("DELETE", path, operand), paths, value_placeholders),
}


@st.composite
def updates(draw: st.DrawFn) -> UpdateTree:
    """Updates with one to four sections in any order."""
    sections = draw(st.lists(st.sampled_from(sorted(_actions)), min_size=1, unique=True))
    found: list[Action] = []
    for section in sections:
        found += draw(st.lists(_actions[section], min_size=1, max_size=3))
    return UpdateTree(tuple(found))
