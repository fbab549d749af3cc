"""Operating errors: what may go wrong between parts of a healthy program.

Each class answers the two questions a caller has (PROTOCOLS 4):

* `retryable`: may the same request be sent again without harm?
* `outcome_known`: is it certain that the request had no effect?

Invariant: `retryable` implies `outcome_known`. A request whose outcome is not known is never repeated by
the machinery; only the user can decide that.
"""

from typing import ClassVar

from trinamo.base.ids import NodeId


class OperatingError(Exception):
    """Root of the tree. `str(error)` is one line for a person."""

    retryable: ClassVar[bool] = False
    outcome_known: ClassVar[bool] = True


class NotLeader(OperatingError):
    """This replica does not lead its group. `leader` is whom it believes to lead, a hint only."""

    retryable = True

    def __init__(self, leader: NodeId | None = None) -> None:
        super().__init__(f"not the leader; try {leader}" if leader else "not the leader")
        self.leader = leader


class WrongEpoch(OperatingError):
    """The request was routed with an old map: no such partition here, or its epoch or range differs."""

    retryable = True


class MailboxFull(OperatingError):
    """The actor has as many messages waiting as it admits; the request was not taken."""

    retryable = True


class LinkDown(OperatingError):
    """No connection to the node; the request was not sent."""

    retryable = True


class ProposalDropped(OperatingError):
    """The group has too many uncommitted bytes in flight, or hands over its leadership; nothing was proposed."""

    retryable = True


class DeadlineExceeded(OperatingError):
    """The deadline passed while the request was certainly still unproposed."""


class OutcomeUnknown(OperatingError):
    """The request reached a leader and its answer was lost: the effect may or may not have happened."""

    outcome_known = False


class Stopped(OperatingError):
    """The node or actor is shutting down; the request was not taken."""

    retryable = True


class WireError(OperatingError):
    """Bytes from a link are not a frame or message of ours. The link must be closed."""


class StorageError(OperatingError):
    """The store failed, is full, or holds what it should not. What was asked for may be half done."""

    outcome_known = False
