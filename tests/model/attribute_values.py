"""Strategies: canonical attribute values of all ten types."""

from hypothesis import strategies as st

from trinamo.model.numbers import canonical
from trinamo.model.values import AttributeValue, Item

texts = st.text(max_size=12)
binaries = st.binary(max_size=12)
numbers = st.builds(
    lambda digits, exponent: canonical(f"{digits}E{exponent}"),
    st.integers(-(10**37), 10**37) | st.integers(-20, 20),
    st.integers(-60, 60) | st.integers(-2, 2),
)
names = st.text(min_size=1, max_size=8)

_leaves: st.SearchStrategy[AttributeValue] = st.one_of(
    st.builds(lambda v: {"S": v}, texts),
    st.builds(lambda v: {"N": v}, numbers),
    st.builds(lambda v: {"B": v}, binaries),
    st.builds(lambda v: {"BOOL": v}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda v: {"SS": v}, st.lists(texts, min_size=1, max_size=4, unique=True)),
    st.builds(lambda v: {"NS": v}, st.lists(numbers, min_size=1, max_size=4, unique=True)),
    st.builds(lambda v: {"BS": v}, st.lists(binaries, min_size=1, max_size=4, unique=True)),
)
values: st.SearchStrategy[AttributeValue] = st.recursive(
    _leaves,
    lambda inner: (
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3))
        | st.builds(lambda v: {"M": v}, st.dictionaries(names, inner, max_size=3))
    ),
    max_leaves=8,
)
items: st.SearchStrategy[Item] = st.dictionaries(names, values, max_size=5)
