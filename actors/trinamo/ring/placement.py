"""Placement: which nodes hold the replicas of each partition.

A partition goes to the first nodes of its token's preference list, but a node that is full is passed over:
consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2016). Partitions are few, so that the ring
alone would often load one node twice as much as another.

With P partitions to go, R replicas each and room c for a node, what is left can be placed iff Σ min(c, P) ≥ R·P. Call
the difference the slack, and a node with c ≥ P pressing: to pass over a pressing node costs one of the slack.

Invariants:

1. The nodes of a partition are distinct, and there are R of them, or all nodes if there are fewer.
2. No node holds more than ⌈(1 + ¼) · P · R / nodes⌉ replicas, nor more than P.
3. The slack is never negative: no choice leads into a corner from which 2 could not be kept.
4. The result depends on the tokens and their order, the set of nodes and R, and nothing else.
"""

from collections.abc import Iterable, Sequence

from trinamo.base import NodeId
from trinamo.ring.hashring import HashRing
from trinamo.ring.tokens import Token


def place(
    partition_tokens: Sequence[Token], nodes: Iterable[NodeId], replicas: int
) -> list[tuple[NodeId, ...]]:
    """Return for each partition the nodes of its replicas, the most preferred first."""
    ring = HashRing(nodes)
    assert ring.nodes, "replicas need nodes"
    assert replicas >= 1, "a partition has at least one replica"
    replicas = min(replicas, len(ring.nodes))
    room = dict.fromkeys(ring.nodes, load_max(len(partition_tokens), len(ring.nodes), replicas))
    placed: list[tuple[NodeId, ...]] = []
    for number, token in enumerate(partition_tokens):
        preferred = ring.preference_list(token, len(ring.nodes))
        chosen = _choose(preferred, room, len(partition_tokens) - number, replicas)
        for node in chosen:
            room[node] -= 1
        placed.append(chosen)
    return placed


def load_max(partitions: int, nodes: int, replicas: int) -> int:
    """Return how many replicas a node holds at most."""
    # The slack of a quarter: moves caused by full nodes grow with 1/slack², so less than this would not be stable.
    return min(partitions, -(-5 * partitions * replicas // (4 * nodes)))


def _choose(
    preferred: Sequence[NodeId], room: dict[NodeId, int], to_go: int, replicas: int
) -> tuple[NodeId, ...]:
    slack = sum(min(room[node], to_go) for node in preferred) - replicas * to_go
    assert slack >= 0
    pressing = [node for node in preferred if room[node] >= to_go]
    chosen = set(pressing[: max(0, len(pressing) - slack)])
    for node in preferred:
        if len(chosen) == replicas:
            break
        if room[node] > 0:
            chosen.add(node)
    assert len(chosen) == replicas
    return tuple(node for node in preferred if node in chosen)
