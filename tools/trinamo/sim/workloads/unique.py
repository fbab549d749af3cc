"""The workload of a unique constraint: everybody wants the same names, and each is given away once.

A claim is a put, or an INSERT of PartiQL, that only succeeds where nothing is. Nothing is ever deleted, so of each name:

1. At most one claim is told that it succeeded, and the item is that claim's from then on, in every read and refusal.
2. A claim is refused only when another had been made, which was not refused itself.
3. What an item says is what one claim asked to be written.
"""

from functools import partial
from typing import Any, ClassVar, Final

import attrs

from trinamo.base import NodeId
from trinamo.sim.workloads.asking import Done, Outcome, Refused, Stage, Unmet
from trinamo.sim.workloads.keys import Keys
from trinamo.sim.workloads.workload import Workload, declare

TABLE: Final = "names"
CLAIMS_MAX: Final = 8  # then a name is decided, and another one is sought
_ACTS: Final = ("put", "put", "put", "insert", "read")


@attrs.define(eq=False)
class Claim:
    """One wish for a name. `told` is None while nobody knows what came of it."""

    owner: str
    asked: int
    told: int | None = None
    won: bool = False
    blocker: str | None = None
    """Whose the name was, if the refusal said so."""


@attrs.frozen
class Sight:
    """Whose a name was in a strong read."""

    asked: int
    told: int
    owner: str | None


@attrs.define(eq=False)
class Name:
    """All that is known of a name."""

    name: str
    claims: list[Claim] = attrs.Factory(list)
    sights: list[Sight] = attrs.Factory(list)

    def faults(self) -> list[str]:
        """Say what no unique constraint would have done."""
        found = [*self._owners(), *self._refusals(), *self._sights()]
        return [f"name {self.name}: {each}" for each in found]

    def _owners(self) -> list[str]:
        """There is one owner, and it asked."""
        owners = {claim.owner for claim in self.claims if claim.won}
        owners |= {claim.blocker for claim in self.claims if claim.blocker is not None}
        owners |= {sight.owner for sight in self.sights if sight.owner is not None}
        found = [f"it was given to all of {sorted(owners)}"] if len(owners) > 1 else []
        asked = {claim.owner: claim for claim in self.claims}
        for owner in sorted(owners):
            if owner not in asked:
                found.append(f"{owner}, to whom it was given, did not ask")
            elif asked[owner].told is not None and not asked[owner].won:
                found.append(f"{owner}, to whom it was given, was refused")
        return found

    def _refusals(self) -> list[str]:
        found: list[str] = []
        for claim in self.claims:
            if claim.told is None or claim.won:
                continue
            if not any(other.asked < claim.told for other in self._possible()):
                found.append(f"{claim.owner} was refused before anybody could have had it")
        return found

    def _sights(self) -> list[str]:
        found: list[str] = []
        for sight in self.sights:
            taken = any(
                claim.told is not None and claim.told < sight.asked
                for claim in self.claims  # a winner, or who was refused because of one
            )
            if sight.owner is None and taken:
                found.append(f"it was free at {sight.asked}..{sight.told}, after it had been given")
            if sight.owner is not None and not any(
                claim.owner == sight.owner and claim.asked < sight.told for claim in self._possible()
            ):
                found.append(f"{sight.owner} had it at {sight.asked}..{sight.told}, before asking for it")
        return found

    def _possible(self) -> list[Claim]:
        """Who may have it: whoever was not refused."""
        return [claim for claim in self.claims if claim.won or claim.told is None]


class Unique(Workload):
    """Names that are claimed."""

    tables: ClassVar = (declare(TABLE, "k"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.keys = Keys("name", stage.keys)
        self.names: dict[str, Name] = {}
        self._owners = 0

    async def act(self, client: str, node: NodeId) -> None:
        act, key = self.stage.dice.choice(_ACTS), self.stage.dice.choice(self.keys.used)
        if act == "read":
            await self._read(client, node, key)
        else:
            await self._claim(client, node, key, by_statement=act == "insert")

    async def responds(self) -> None:
        for node in self.stage.live():
            for key in list(self.keys.used):
                await self.until(partial(self._claim, "mender", node, key, by_statement=False))

    async def check(self) -> list[str]:
        for key in sorted(self.names):
            asked = self.asker.moment()
            answer = await self.asker.insist("GetItem", _get(key))
            self._name(key).sights.append(Sight(asked, self.asker.moment(), _owner(answer.get("Item"))))
        return [fault for name in self.names.values() for fault in name.faults()]

    def _name(self, key: str) -> Name:
        return self.names.setdefault(key, Name(key))

    async def _claim(self, client: str, node: NodeId, key: str, *, by_statement: bool) -> bool:
        self._owners += 1
        claim = Claim(f"{client}.{self._owners}", self.asker.moment())
        claims = self._name(key).claims
        claims.append(claim)
        request = _insert(key, claim.owner) if by_statement else _put(key, claim.owner)
        outcome = await self.ask(client, node, *request)
        self._conclude(key, claim, outcome)
        return isinstance(outcome, Done | Unmet)

    def _conclude(self, key: str, claim: Claim, outcome: Outcome) -> None:
        claims = self._name(key).claims
        match outcome:
            case Done():
                claim.told, claim.won = self.asker.moment(), True
            case Unmet(item):
                claim.told, claim.blocker = self.asker.moment(), _owner(item)
            case Refused():
                claims.remove(claim)
            case _:
                self.keys.doubt(key)
        if len(claims) >= CLAIMS_MAX:
            self.keys.retire(key)

    async def _read(self, client: str, node: NodeId, key: str) -> None:
        asked = self.asker.moment()
        outcome = await self.ask(client, node, "GetItem", _get(key))
        if isinstance(outcome, Done):
            owner = _owner(outcome.answer.get("Item"))
            self._name(key).sights.append(Sight(asked, self.asker.moment(), owner))


def _get(key: str) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": {"k": {"S": key}}, "ConsistentRead": True}


def _put(key: str, owner: str) -> tuple[str, dict[str, Any]]:
    return "PutItem", {
        "TableName": TABLE,
        "Item": {"k": {"S": key}, "owner": {"S": owner}},
        "ConditionExpression": "attribute_not_exists(k)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _insert(key: str, owner: str) -> tuple[str, dict[str, Any]]:
    return "ExecuteStatement", {
        "Statement": f"INSERT INTO \"{TABLE}\" VALUE {{'k': ?, 'owner': ?}}",
        "Parameters": [{"S": key}, {"S": owner}],
    }


def _owner(item: dict[str, Any] | None) -> str | None:
    if item is None:
        return None
    owner: str = item["owner"]["S"]
    return owner
