"""The hash space, the ring and the placement on it."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.base import NodeId
from trinamo.ring import TOKEN_SIZE, HashRing, load_max, place, split_evenly, token_of

NODES = st.sets(st.text("abc123", min_size=1, max_size=4).map(NodeId), min_size=1, max_size=8)
TOKENS = st.binary(min_size=TOKEN_SIZE, max_size=TOKEN_SIZE)
SAMPLE = [token_of(f"key {number}".encode()) for number in range(4_000)]


def named(count: int) -> list[NodeId]:
    return [NodeId(f"n{number}") for number in range(1, count + 1)]


@given(st.integers(1, 200))
def test_even_ranges_cover_the_space_without_gap_or_overlap(count: int) -> None:
    bounds = split_evenly(count)
    assert len(bounds) == count
    assert (bounds[0][0], bounds[-1][1]) == (b"", b"")
    inner = [end for _, end in bounds[:-1]]
    assert inner == [start for start, _ in bounds[1:]]
    assert inner == sorted(set(inner))
    assert {len(cut) for cut in inner} <= {TOKEN_SIZE}


@given(st.integers(1, 200))
def test_even_ranges_differ_by_one_token_at_most(count: int) -> None:
    numbers = [int.from_bytes(start, "big") for start, _ in split_evenly(count)] + [1 << 128]
    sizes = [end - start for start, end in itertools.pairwise(numbers)]
    assert max(sizes) - min(sizes) <= 1


def test_four_ranges_are_quarters() -> None:
    cuts = [bytes([first]) + bytes(15) for first in (0x40, 0x80, 0xC0)]
    assert split_evenly(4) == [(b"", cuts[0]), (cuts[0], cuts[1]), (cuts[1], cuts[2]), (cuts[2], b"")]


def test_a_token_is_the_md5_of_the_name() -> None:
    assert token_of(b"abc").hex() == "900150983cd24fb0d6963f7d28e17f72"  # RFC 1321, A.5


@given(NODES, TOKENS, st.integers(1, 10))
def test_a_preference_list_is_of_distinct_nodes(nodes: set[NodeId], token: bytes, count: int) -> None:
    preferred = HashRing(nodes).preference_list(token, count)
    assert len(preferred) == len(set(preferred)) == min(count, len(nodes))
    assert set(preferred) <= nodes


@given(NODES, TOKENS)
def test_the_order_of_nodes_does_not_matter(nodes: set[NodeId], token: bytes) -> None:
    there, back = HashRing(sorted(nodes)), HashRing(sorted(nodes, reverse=True))
    assert there.preference_list(token, 8) == back.preference_list(token, 8)


@given(NODES, TOKENS, st.data())
def test_removing_a_node_takes_it_out_of_the_lists_and_changes_nothing_else(
    nodes: set[NodeId], token: bytes, draw: st.DataObject
) -> None:
    ring = HashRing(nodes)
    gone = draw.draw(st.sampled_from(sorted(nodes)))
    before = ring.preference_list(token, len(nodes))
    smaller = ring.without_node(gone)
    assert smaller.preference_list(token, len(nodes)) == tuple(node for node in before if node != gone)
    assert smaller.with_node(gone).preference_list(token, len(nodes)) == before


@pytest.mark.parametrize("count", [3, 5, 10])
def test_an_added_node_takes_its_share_and_nothing_else_moves(count: int) -> None:
    ring, newest = HashRing(named(count - 1)), NodeId(f"n{count}")
    grown = ring.with_node(newest)
    moves = [
        (before, after)
        for token in SAMPLE
        for before, after in zip(ring.preference_list(token, 1), grown.preference_list(token, 1), strict=True)
        if before != after
    ]
    assert {after for _, after in moves} == {newest}
    assert {before for before, _ in moves} == set(ring.nodes)
    assert 0.6 / count < len(moves) / len(SAMPLE) < 1.5 / count  # four deviations either way


def test_a_token_belongs_to_the_virtual_node_at_it_and_the_last_ones_to_the_first() -> None:
    ring = HashRing(named(3), virtual_nodes=1)
    places = sorted((token_of(f"{node}\0".encode() + b"0"), node) for node in named(3))
    assert [ring.preference_list(token, 1) for token, _ in places] == [(node,) for _, node in places]
    assert ring.preference_list(b"\xff" * TOKEN_SIZE, 3) == tuple(node for _, node in places)
    assert ring.preference_list(places[0][0][:-1] + bytes([places[0][0][-1] + 1]), 1) == (places[1][1],)


@given(st.lists(TOKENS, max_size=60), NODES, st.integers(1, 5))
def test_replicas_are_distinct_and_no_node_is_overloaded(
    tokens: list[bytes], nodes: set[NodeId], replicas: int
) -> None:
    placed = place(tokens, nodes, replicas)
    wanted = min(replicas, len(nodes))
    assert len(placed) == len(tokens)
    assert all(len(chosen) == len(set(chosen)) == wanted and set(chosen) <= nodes for chosen in placed)
    loads = Counter(node for chosen in placed for node in chosen)
    assert max(loads.values(), default=0) <= load_max(len(tokens), len(nodes), wanted)


def test_even_one_hot_spot_of_the_ring_is_spread() -> None:
    placed = place([token_of(b"same")] * 100, named(5), 3)
    loads = Counter(node for chosen in placed for node in chosen)
    assert max(loads.values()) <= 75
    assert set(loads) == set(named(5))


def test_the_ring_is_followed_while_there_is_room() -> None:
    tokens = [start or bytes(TOKEN_SIZE) for start, _ in split_evenly(30)]
    placed = place(tokens, named(6), 3)
    ring = HashRing(named(6))
    kept = sum(chosen == ring.preference_list(token, 3) for token, chosen in zip(tokens, placed, strict=True))
    assert kept >= 15


def test_three_nodes_hold_everything_of_three_replicas() -> None:
    assert all(set(chosen) == set(named(3)) for chosen in place(SAMPLE[:20], named(3), 3))
