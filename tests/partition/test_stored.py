"""Claims about bytes at rest: their layout is fixed, and what goes in comes out."""

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from trinamo.lsm.layout import Kind
from trinamo.partition.stored import (
    Effect,
    decode_payload,
    encode_payload,
    encode_value,
    item_of,
    size_of,
    version_of,
)

u64, u32 = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)
effects = st.lists(st.builds(Effect, st.binary(), u32, st.none() | st.binary(), st.sampled_from(Kind), u32))


def test_a_value_is_format_clock_index_size_item() -> None:
    expected = "01" "0000000000000002" "0000000000000003" "00000004" "6974656d"  # fmt: skip
    assert encode_value(2, 3, 4, b"item").hex() == expected


@given(u64, u64, u32, st.binary())
def test_a_value_gives_back_its_parts(clock: int, index: int, size: int, item: bytes) -> None:
    value = encode_value(clock, index, size, item)
    assert (version_of(value), size_of(value), item_of(value)) == ((clock, index), size, item)


def test_a_payload_is_the_clock_and_the_effects() -> None:
    payload = encode_payload(7, [Effect(b"k", 5, b"item"), Effect(b"l", 0, None)], {})
    assert cbor2.loads(payload) == [7, [[b"k", 5, b"item", 1, 0], [b"l", 0, None, 1, 0]]]


@given(u64, effects, st.dictionaries(st.integers(0, 99), st.binary()))
def test_a_payload_gives_back_its_parts(clock: int, written: list[Effect], olds: dict[int, bytes]) -> None:
    assert decode_payload(encode_payload(clock, written, olds)) == (clock, written, olds)
