"""Where things lie: tokens, the hash ring, the placement of replicas."""

from trinamo.ring.hashring import VIRTUAL_NODES, HashRing
from trinamo.ring.placement import load_max, place
from trinamo.ring.tokens import TOKEN_SIZE, Bounds, Token, split_evenly, token_of

__all__ = [
    "TOKEN_SIZE",
    "VIRTUAL_NODES",
    "Bounds",
    "HashRing",
    "Token",
    "load_max",
    "place",
    "split_evenly",
    "token_of",
]
