"""Places in the code that a simulator knows by name: branches to be taken more often, and moments to crash at.

1. `sometimes` stands where a rare branch is always right, only seldom needed: a buffer that is full, a lease that has ended, a
   page that is short. Where nothing is simulated it says no.
2. `passes` stands between two effects that are not one: between writing and syncing, between applying and answering. Where
   nothing is simulated it does nothing.
"""

from typing import Protocol


class Crashed(BaseException):
    """The process that ran this is no more. Nobody catches it but who began its life."""


class Sites(Protocol):
    """What happens at named places."""

    def sometimes(self, site: str) -> bool:
        """Whether to take the rare branch."""

    def passes(self, point: str) -> None:
        """Go on, or raise `Crashed`."""


class QuietSites:
    """Nothing happens anywhere."""

    def sometimes(self, site: str) -> bool:
        return False

    def passes(self, point: str) -> None:
        return


QUIET = QuietSites()  # it has no state
