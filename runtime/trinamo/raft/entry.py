"""What is in a log, and what a member must remember."""

import enum

import attrs

from trinamo.base import Index, NodeId, Term
from trinamo.wire import Message


class EntryKind(enum.IntEnum):
    """Who interprets an entry's payload."""

    NOOP = 0  # a new leader's first entry; no payload
    DATA = 1  # the state machine
    CONFIG = 2  # Raft itself: a change of membership


@attrs.frozen
class Entry(Message):
    """One position of a log."""

    WIRE = "raft.entry"
    index: Index
    term: Term
    kind: EntryKind
    payload: bytes


@attrs.frozen
class HardState:
    """What must be durable before anything that depends on it is promised (Raft, figure 2)."""

    term: Term = Term(0)
    vote: NodeId | None = None
    commit: Index = Index(0)
