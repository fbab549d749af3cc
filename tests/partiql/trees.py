"""Strategies: statements that the grammar allows, parameters numbered as they are written."""

import itertools
from typing import Any

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from trinamo.model.numbers import NumberFault, canonical
from trinamo.partiql import Statement
from trinamo.partiql.syntax import (
    Action,
    And,
    Between,
    Body,
    Call,
    Comparison,
    Condition,
    Delete,
    Exists,
    In,
    Insert,
    Is,
    ListValue,
    MapValue,
    Not,
    Operand,
    Or,
    Order,
    Parameter,
    Path,
    Scalar,
    Select,
    SetValue,
    Source,
    Sum,
    Update,
    Value,
)

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # for busy machines

_texts = st.text(alphabet="ab'\"\\;?é \n", max_size=4)
_names = _texts.filter(bool)


def _number(text: str) -> Scalar | None:
    try:
        return Scalar("N", canonical(text))
    except NumberFault:
        return None


_numbers: st.SearchStrategy[Value] = (
    st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,3})?(e-?[0-9]{1,2})?", fullmatch=True)
    .map(_number)
    .filter(lambda found: found is not None)
    .map(lambda found: found or Scalar("N", "0"))
)
_scalars: st.SearchStrategy[Value] = st.one_of(
    _texts.map(lambda text: Scalar("S", text)),
    _numbers,
    st.booleans().map(lambda content: Scalar("BOOL", content)),
    st.just(Scalar("NULL", True)),
    st.just(Parameter(0)),
)
values: st.SearchStrategy[Value] = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: ListValue(tuple(found))),
        st.lists(inner, max_size=3).map(lambda found: SetValue(tuple(found))),
        st.lists(st.tuples(_texts, inner), max_size=3).map(lambda found: MapValue(tuple(found))),
    ),
    max_leaves=4,
)
paths = st.builds(
    lambda first, rest: Path((first, *rest)), _names, st.lists(_names | st.integers(0, 99), max_size=3)
)
operands: st.SearchStrategy[Operand] = (
    paths | values | st.builds(lambda of: Call("size", (of,)), paths | values)
)
_simple: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Comparison, operands, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), operands),
    st.builds(Between, operands, operands, operands),
    st.builds(In, operands, st.lists(operands, min_size=1, max_size=3).map(tuple)),
    st.builds(Is, paths, st.sampled_from(["MISSING", "NULL"])),
    st.builds(
        lambda function, first, second: Call(function, (first, second)),
        st.sampled_from(["begins_with", "contains", "attribute_type"]),
        operands,
        operands,
    ),
)


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(And, terms) | st.builds(Or, terms) | st.builds(Not, inner)


conditions: st.SearchStrategy[Condition] = st.recursive(_simple, _joined, max_leaves=8)
_ordered = st.sampled_from(
    [Scalar("S", ""), Scalar("S", "a"), Scalar("N", "0"), Scalar("N", "1"), Parameter(0)]
)
_short_paths = st.sampled_from([Path(("a",)), Path(("b",)), Path(("'",)), Path(("a", "a", 0)), Path(("pk",))])
right_conditions: st.SearchStrategy[Condition] = st.recursive(
    st.builds(Comparison, _short_paths, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), _ordered)
    | st.builds(In, _short_paths, st.lists(_ordered, min_size=1, max_size=3).map(tuple))
    | st.builds(Is, _short_paths, st.sampled_from(["MISSING", "NULL"]))
    | st.builds(lambda of, content: Call("contains", (of, content)), _short_paths, _ordered),
    _joined,
    max_leaves=8,
)
_sums: st.SearchStrategy[Operand] = st.recursive(
    paths | values,
    lambda inner: (
        st.builds(Sum, inner, st.sampled_from(["+", "-"]), inner)
        | st.builds(
            lambda function, one, other: Call(function, (one, other)),
            st.sampled_from(["list_append", "set_add", "set_delete"]),
            inner,
            inner,
        )
    ),
    max_leaves=5,
)
_sources = st.builds(Source, _names, st.none() | _names)
_tables = st.builds(Source, _names)
_where = st.none() | conditions
_selects = st.builds(
    Select,
    st.none() | st.lists(paths, min_size=1, max_size=3).map(tuple),
    _sources,
    _where,
    st.lists(st.builds(Order, paths, st.booleans()), max_size=2).map(tuple),
)
_bodies: st.SearchStrategy[Body] = st.one_of(
    _selects,
    _selects.map(Exists),
    st.builds(
        Insert,
        _tables,
        st.lists(st.tuples(_texts, values), max_size=3).map(lambda found: MapValue(tuple(found)))
        | st.just(Parameter(0)),
        st.booleans(),
    ),
    st.builds(
        Update,
        _tables,
        st.lists(st.builds(Action, paths, st.none() | _sums), min_size=1, max_size=3).map(tuple),
        _where,
        st.sampled_from([None, "ALL OLD", "MODIFIED OLD", "ALL NEW", "MODIFIED NEW"]),
    ),
    st.builds(Delete, _tables, _where, st.sampled_from([None, "ALL OLD"])),
)


def _numbered(node: Any, numbers: "itertools.count[int]") -> Any:
    """Return a tree whose parameters have their positions, in order of writing."""
    if isinstance(node, Parameter):
        return Parameter(next(numbers))
    if isinstance(node, tuple):
        return tuple([_numbered(each, numbers) for each in node])
    if not attrs.has(type(node)):
        return node
    fields = [field.name for field in attrs.fields(type(node))]
    return type(node)(*[_numbered(getattr(node, name), numbers) for name in fields])


def numbered(body: Body) -> Statement:
    numbers = itertools.count()
    return Statement(_numbered(body, numbers), next(numbers))


statements = _bodies.map(numbered)
