"""Names and errors that every package shares."""

from trinamo.base.errors import (
    DeadlineExceeded,
    LinkDown,
    MailboxFull,
    NotLeader,
    OperatingError,
    OutcomeUnknown,
    ProposalDropped,
    Stopped,
    StorageError,
    WireError,
    WrongEpoch,
)
from trinamo.base.ids import Index, KeyspaceId, NodeId, PartitionId, Term

__all__ = [
    "DeadlineExceeded",
    "Index",
    "KeyspaceId",
    "LinkDown",
    "MailboxFull",
    "NodeId",
    "NotLeader",
    "OperatingError",
    "OutcomeUnknown",
    "PartitionId",
    "ProposalDropped",
    "Stopped",
    "StorageError",
    "Term",
    "WireError",
    "WrongEpoch",
]
