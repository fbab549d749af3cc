"""Bugs to plant: each breaks one promise of the protocols, by replacing one method for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from trinamo.base import NodeId
from trinamo.partition.replica import Replica
from trinamo.raft import RaftCore
from trinamo.raft.leader import Leader
from trinamo.raft.messages import Vote, VoteReply


@contextmanager
def votes_twice_in_a_term() -> Iterator[None]:
    """Who asks gets the vote, whoever else got it in this term."""

    def on_vote(self: RaftCore, sender: NodeId, message: Vote, now: float) -> None:
        granted = self.log.up_to_date(message.last_index, message.last_term)
        self._duties.promises.append((sender, VoteReply(self.term, granted)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RaftCore, "_on_vote", on_vote)
        yield


@contextmanager
def acknowledges_before_a_quorum() -> Iterator[None]:
    """A write is answered when it is proposed."""
    propose = Replica._propose

    def propose_and_answer(self: Replica, effects: Any, overlay: Any, answers: Any) -> None:
        propose(self, effects, overlay, answers)
        for reply, answer in answers:
            reply.resolve(answer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replica, "_propose", propose_and_answer)
        yield


@contextmanager
def reads_without_a_lease() -> Iterator[None]:
    """Who believes to lead serves strong reads, deposed or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Leader, "lease_valid", lambda self, now: self.settled)
        yield


@contextmanager
def refuses_before_commit() -> Iterator[None]:
    """A refused condition is answered at once, although the item that it saw may yet be lost."""

    def answer(self: Replica, answers: Any, now: float) -> None:
        for reply, message in answers:
            reply.resolve(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replica, "_answer_without_effect", answer)
        yield


PLANTED = {
    "votes twice in a term": votes_twice_in_a_term,
    "acknowledges before a quorum": acknowledges_before_a_quorum,
    "reads without a lease": reads_without_a_lease,
    "refuses before commit": refuses_before_commit,
}
