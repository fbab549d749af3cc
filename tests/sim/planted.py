"""Bugs to plant: each breaks one promise of the protocols, by replacing one method for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from trinamo.actor import Envelope
from trinamo.base import NodeId
from trinamo.partition.messages import Get
from trinamo.partition.replica import Replica
from trinamo.raft import RaftCore
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
def serves_reads_when_deposed() -> Iterator[None]:
    """Who has led goes on serving strong reads, whoever leads now."""
    on_read = Replica._on_read

    def serve(self: Replica, envelope: Envelope, now: float) -> None:
        message, reply = envelope.message, envelope.reply
        if self.core.leads:
            self.__dict__["has_led"] = True
        if "has_led" in self.__dict__ and isinstance(message, Get) and reply is not None:
            reply.resolve(self._found(message))
        else:
            on_read(self, envelope, now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replica, "_on_read", serve)
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
    "serves reads when deposed": serves_reads_when_deposed,
    "refuses before commit": refuses_before_commit,
}
