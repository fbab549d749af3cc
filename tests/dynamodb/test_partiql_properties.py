"""A SELECT finds what a filter in plain Python finds among the same items, whatever its WHERE and by whatever pages."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamodb.clients import create_table, load
from dynamodb.statements import every_page

Row = dict[str, Any]  # strings, numbers as Decimal, booleans
Test = tuple[str, Callable[[Row], bool]]  # a condition, and what it means

ROWS: list[Row] = [
    {
        "pk": pk,
        "sk": Decimal(sk),
        **({"n": Decimal(sk * 7 % 5) / 2} if sk % 3 else {}),
        **({"s": "xyz"[: sk % 4]} if sk % 2 else {"s": Decimal(sk)}),
        **({"t": sk % 4 == 0} if sk > 2 else {}),
    }
    for pk in ("a", "b", "c")
    for sk in range(-2, 8)
]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, Decimal) else {"S": value}


def _written(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).upper()


@pytest.fixture(scope="module")
def rows(client: Any) -> Iterator[str]:
    create_table(client, "partiql.rows", sort_type="N")
    load(client, "partiql.rows", [{name: _typed(value) for name, value in row.items()} for row in ROWS])
    yield "partiql.rows"
    client.delete_table(TableName="partiql.rows")


def _compared(name: str, operator: str, value: Any) -> Test:
    def holds(row: Row) -> bool:
        if type(row.get(name)) is not type(value):
            return operator == "<>"
        return OPERATORS[operator](row[name], value)

    return f"{name} {operator} {_written(value)}", holds


def _between(name: str, one: Any, other: Any) -> Test:
    low, high = sorted([one, other])
    text = f"{name} BETWEEN {_written(low)} AND {_written(high)}"
    return text, lambda row: type(row.get(name)) is type(low) and low <= row[name] <= high


def _among(name: str, values: list[Any]) -> Test:
    text = f"{name} IN [{', '.join(map(_written, values))}]"
    return text, lambda row: any(type(row.get(name)) is type(each) and row[name] == each for each in values)


def _missing(name: str) -> Test:
    return f"{name} IS MISSING", lambda row: name not in row


def _all(terms: list[Test]) -> Test:
    return " AND ".join(f"({text})" for text, _ in terms), lambda row: all(holds(row) for _, holds in terms)


def _any(terms: list[Test]) -> Test:
    return " OR ".join(f"({text})" for text, _ in terms), lambda row: any(holds(row) for _, holds in terms)


def _not(term: Test) -> Test:
    text, holds = term
    return f"NOT ({text})", lambda row: not holds(row)


operators = st.sampled_from(sorted(OPERATORS))
partitions = st.sampled_from("abcd")
numbers = st.integers(-3, 8).map(Decimal)
halves = st.integers(0, 5).map(lambda number: Decimal(number) / 2)
strings = st.sampled_from(["", "x", "xy", "xyz", "y"])
on_keys: st.SearchStrategy[Test] = st.one_of(
    st.builds(_compared, st.just("pk"), st.just("="), partitions),
    st.builds(_compared, st.just("pk"), operators, partitions),
    st.builds(_among, st.just("pk"), st.lists(partitions, min_size=1, max_size=3)),
    st.builds(_compared, st.just("sk"), operators, numbers),
    st.builds(_between, st.just("sk"), numbers, numbers),
    st.builds(_among, st.just("sk"), st.lists(numbers, min_size=1, max_size=3)),
)
on_others: st.SearchStrategy[Test] = st.one_of(
    st.builds(_compared, st.just("n"), operators, halves),
    st.builds(_compared, st.just("s"), operators, strings | numbers),
    st.builds(_compared, st.just("t"), st.sampled_from(["=", "<>"]), st.booleans()),
    st.builds(_between, st.just("s"), strings, strings),
    st.builds(_among, st.just("s"), st.lists(strings | numbers, min_size=1, max_size=3)),
    st.builds(_missing, st.sampled_from(["n", "s", "t", "none"])),
)
wheres: st.SearchStrategy[Test] = st.recursive(
    on_keys | on_others,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(_all)
        | st.lists(inner, min_size=2, max_size=3).map(_any)
        | inner.map(_not)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(where=wheres, limit=st.integers(1, 12) | st.none(), descending=st.booleans())
def test_a_select_finds_what_a_filter_finds(
    client: Any, rows: str, where: Test, limit: int | None, descending: bool
) -> None:
    text, holds = where
    more = {} if limit is None else {"Limit": limit}
    expected = sorted((row["pk"], row["sk"]) for row in ROWS if holds(row))
    pages = every_page(client, f"SELECT pk, sk FROM TABLE WHERE {text}", rows, **more)
    found = [(row["pk"]["S"], Decimal(row["sk"]["N"])) for page in pages for row in page["Items"]]
    assert sorted(found) == expected
    for pk in "abc":
        in_partition = [sk for each, sk in found if each == pk]
        assert in_partition == sorted(in_partition)
    order = "DESC" if descending else "ASC"
    narrowed = f"SELECT sk FROM TABLE WHERE pk = 'b' AND ({text}) ORDER BY sk {order}"
    queried = [row["sk"]["N"] for page in every_page(client, narrowed, rows, **more) for row in page["Items"]]
    mine = sorted((sk for pk, sk in expected if pk == "b"), reverse=descending)
    assert [Decimal(sk) for sk in queried] == mine
