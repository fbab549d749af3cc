"""Raft, without I/O: a core for each group that a node is a member of. `core.py` is where to begin."""

from trinamo.raft.config import Dice, RaftConfig
from trinamo.raft.core import RaftCore
from trinamo.raft.entry import Entry, EntryKind, HardState
from trinamo.raft.leader import Leader
from trinamo.raft.log import RaftLog
from trinamo.raft.membership import Membership
from trinamo.raft.messages import (
    Append,
    AppendAck,
    AppendReject,
    Heartbeat,
    HeartbeatAck,
    PreVote,
    PreVoteReply,
    RaftMessage,
    TimeoutNow,
    Vote,
    VoteReply,
)
from trinamo.raft.ready import Leadership, Outgoing, PeerStatus, RaftStatus, Ready
from trinamo.raft.roles import Candidate, Follower, PreCandidate

__all__ = [
    "Append",
    "AppendAck",
    "AppendReject",
    "Candidate",
    "Dice",
    "Entry",
    "EntryKind",
    "Follower",
    "HardState",
    "Heartbeat",
    "HeartbeatAck",
    "Leader",
    "Leadership",
    "Membership",
    "Outgoing",
    "PeerStatus",
    "PreCandidate",
    "PreVote",
    "PreVoteReply",
    "RaftConfig",
    "RaftCore",
    "RaftLog",
    "RaftMessage",
    "RaftStatus",
    "Ready",
    "TimeoutNow",
    "Vote",
    "VoteReply",
]
