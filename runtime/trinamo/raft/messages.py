"""What members of a group say to each other.

A message names neither its group nor its sender: the driver's envelope does, so that the heartbeats of all
groups between two nodes can travel as one message of (group, heartbeat) pairs.

| from     | message                | answer                       | may leave before durable |
|----------|------------------------|------------------------------|--------------------------|
| leader   | Append                 | AppendAck, AppendReject      | yes; the ack not         |
| leader   | Heartbeat              | HeartbeatAck                 | yes; yes (core.py, 7)    |
| leader   | TimeoutNow             | (Vote)                       | yes                      |
| seeker   | PreVote                | PreVoteReply                 | yes; yes                 |
| candidate| Vote                   | VoteReply                    | no; no                   |

Every message carries the sender's term. A reply whose term is higher than the request's means "you are of the
past"; its other fields then mean nothing.
"""

import attrs

from trinamo.base import Index, NodeId, Term
from trinamo.raft.entry import Entry
from trinamo.wire import Message


class RaftMessage(Message):
    """Root of what `RaftCore.step` takes."""

    __slots__ = ()
    term: Term


@attrs.frozen
class Append(RaftMessage):
    """Entries that follow (prev_index, prev_term). Without entries it only asks whether that position matches."""

    WIRE = "raft.append"
    term: Term
    prev_index: Index
    prev_term: Term
    commit: Index
    entries: tuple[Entry, ...]


@attrs.frozen
class AppendAck(RaftMessage):
    """My log equals the leader's up to `match`, durably."""

    WIRE = "raft.append_ack"
    term: Term
    match: Index


@attrs.frozen
class AppendReject(RaftMessage):
    """I hold nothing, or something else, at `rejected`. The last position where we may agree is the hint:
    the last index not above `rejected` whose term is not above the one the leader has at `rejected`."""

    WIRE = "raft.append_reject"
    term: Term
    rejected: Index
    hint_index: Index
    hint_term: Term


@attrs.frozen
class Heartbeat(RaftMessage):
    """I lead. `commit` never exceeds what the receiver has acknowledged; `round` counts within the term."""

    WIRE = "raft.heartbeat"
    term: Term
    commit: Index
    round: int


@attrs.frozen
class HeartbeatAck(RaftMessage):
    """I heard round `round` and shall vote for nobody else for `election_timeout_min` by my clock."""

    WIRE = "raft.heartbeat_ack"
    term: Term
    round: int


@attrs.frozen
class PreVote(RaftMessage):
    """Would you vote for me in `term`, which I have not entered? (Raft thesis 9.6)"""

    WIRE = "raft.pre_vote"
    term: Term
    last_index: Index
    last_term: Term


@attrs.frozen
class PreVoteReply(RaftMessage):
    """`term` is the proposed one if granted, else the replier's. `hears_leader`: refused because the replier
    withholds its vote; asking again soon makes sense. `leader` is whom it hears, if it knows."""

    WIRE = "raft.pre_vote_reply"
    term: Term
    granted: bool
    hears_leader: bool
    leader: NodeId | None = None


@attrs.frozen
class Vote(RaftMessage):
    """Vote for me in `term`. With `transfer` the leader of the term before asked for it and gave up its lease."""

    WIRE = "raft.vote"
    term: Term
    last_index: Index
    last_term: Term
    transfer: bool = False


@attrs.frozen
class VoteReply(RaftMessage):
    WIRE = "raft.vote_reply"
    term: Term
    granted: bool


@attrs.frozen
class TimeoutNow(RaftMessage):
    """Campaign at once: your log is complete and I use no lease any more in this term (Raft thesis 3.10)."""

    WIRE = "raft.timeout_now"
    term: Term
