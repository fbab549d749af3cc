"""The roles that wait or ask; `leader.py` has the one that acts.

    Follower --timeout--> PreCandidate --quorum would vote--> Candidate --quorum voted--> Leader
       ^  ^-- refused, or a leader heard --'                      |                          |
       '-- refused, a leader heard, or a higher term -------------'    higher term, quorum   |
       '------------------------------------------------------ not heard, removed -----------'

Each role holds the state that makes sense in it only, so that leaving a role forgets it.
"""

import enum

import attrs

from trinamo.base import NodeId
from trinamo.raft.membership import Membership


class Outcome(enum.Enum):
    """How a ballot stands."""

    PENDING = "pending"
    WON = "won"
    LOST = "lost"


@attrs.define(eq=False)
class Ballot:
    """Answers to a request for votes. The first answer of a voter counts; those of non-voters do not."""

    votes: dict[NodeId, bool] = attrs.Factory(dict)

    def outcome(self, membership: Membership) -> Outcome:
        granted = refused = 0
        for voter in membership.voters:
            match self.votes.get(voter):
                case True:
                    granted += 1
                case False:
                    refused += 1
                case None:
                    pass
        if granted >= membership.quorum:
            return Outcome.WON
        if len(membership.voters) - refused < membership.quorum:
            return Outcome.LOST
        return Outcome.PENDING


@attrs.define(eq=False)
class Follower:
    """Listens. `leader` is None until one is heard in this term; else a hint of others after a lost pre-vote."""

    leader: NodeId | None = None


@attrs.define(eq=False)
class PreCandidate:
    """Asks whether it would be voted for, without entering a term (Raft thesis 9.6)."""

    ballot: Ballot = attrs.Factory(Ballot)
    told_leader: NodeId | None = None
    """Whom a refusing voter hears."""
    refused_for_leader: bool = False


@attrs.define(eq=False)
class Candidate:
    """Has entered a term, voted for itself and asks for votes."""

    ballot: Ballot = attrs.Factory(Ballot)
