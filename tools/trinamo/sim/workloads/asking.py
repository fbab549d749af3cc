"""One request and what is known of its outcome (PROTOCOLS 4).

1. A result, or a condition found unmet, is an answer: whatever it says must be true.
2. InternalServerError, and silence beyond the client's patience, leave the outcome unknown.
3. Any other error says that nothing was done, and is taken at its word.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import attrs
import trio

from trinamo.base import NodeId
from trinamo.model.errors import ApiError
from trinamo.sim.dice import TaskDice
from trinamo.sim.workloads.metrics import Latencies, Metrics, latency_class

Perform = Callable[[NodeId, str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Performs an operation of the API on a node: JSON's tree in, JSON's tree out. Raises `ApiError`."""

PATIENCES_S: Final = (0.5, 8.0, 8.0, 8.0)
"""How long clients wait. The last is above the 5 s of the router; with it alone, all clients would soon hang on requests
that a partition swallowed, and nobody would see what a deposed leader says."""
POLL_S: Final = 0.1
_UNKNOWN: Final = "InternalServerError"
_UNMET: Final = ("ConditionalCheckFailedException", "DuplicateItemException")


@attrs.frozen
class Stage:
    """What a workload is given: a database and the means of a client."""

    perform: Perform
    live: Callable[[], Sequence[NodeId]]
    """The nodes that take requests now."""
    dice: TaskDice
    now: Callable[[], float]
    """Seconds, never going back."""
    sleep: Callable[[float], Awaitable[None]]
    wall: Callable[[], float]
    """Seconds since 1970: what the nodes' wall clocks say, give or take `wall_error_s`."""
    note: Callable[[str], None]
    """Takes what shall stand in the trace."""
    clients: int = 6
    keys: int = 3
    operations_max: int = 2_000
    think_mean_s: float = 0.07
    wall_error_s: float = 1.0
    delivered: Callable[[str], Sequence[bytes]] = lambda _: ()
    """What the data stream of an ARN was told."""
    muted: frozenset[int] = frozenset()
    """Clients that do nothing."""
    settled: bool = True
    """Whether reads that may be stale are not (PROTOCOLS 6)."""


@attrs.frozen
class Done:
    """The operation was carried out."""

    answer: dict[str, Any]


@attrs.frozen
class Unmet:
    """Its condition did not hold."""

    item: dict[str, Any] | None = None
    """What it was evaluated on, if that was asked for."""


@attrs.frozen
class Refused:
    """Nothing was done, for a reason that is none of the request's."""

    code: str


@attrs.frozen
class Unknown:
    """It may have been carried out, may be yet, or never."""


Outcome = Done | Unmet | Refused | Unknown


@attrs.define(eq=False)
class Asker:
    """Asks for clients, and counts."""

    stage: Stage
    asked: int = 0
    _moments: int = 0
    _done: int = 0
    _unmet: int = 0
    _unknown: int = 0
    _refusals: dict[str, int] = attrs.Factory(dict)
    _latencies: dict[str, dict[int, int]] = attrs.Factory(dict)

    def moment(self) -> int:
        """Number this moment: later ones have greater numbers, also within an instant."""
        self._moments += 1
        return self._moments

    async def ask(
        self,
        client: str,
        node: NodeId,
        operation: str,
        parameters: dict[str, Any],
        patience_s: float = PATIENCES_S[-1],
    ) -> Outcome:
        """Perform one operation of the API, and write down what came of it."""
        begin = self.stage.now()
        self.asked += 1
        outcome: Outcome = Unknown()
        with trio.move_on_after(patience_s):
            outcome = await self._outcome(node, operation, parameters)
        self._count(outcome)
        now = self.stage.now()
        if isinstance(outcome, Done | Unmet):
            classes = self._latencies.setdefault(operation, {})
            number = latency_class(now - begin)
            classes[number] = classes.get(number, 0) + 1
        self.stage.note(f"{now:.6f} {node} {client} {operation} {json.dumps(parameters)}: {outcome}")
        return outcome

    async def insist(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Ask one node after the other, again and again, until it is done: only for what may be done twice."""
        while True:
            for node in self.stage.live():
                outcome = await self.ask("mender", node, operation, parameters)
                if isinstance(outcome, Done):
                    return outcome.answer
            await self.stage.sleep(POLL_S)

    async def _outcome(self, node: NodeId, operation: str, parameters: dict[str, Any]) -> Outcome:
        if node not in self.stage.live():
            return Refused("nobody there")
        try:
            answer = await self.stage.perform(node, operation, parameters)
        except ApiError as error:
            return _of_error(error)
        return Done(answer)

    def _count(self, outcome: Outcome) -> None:
        match outcome:
            case Done():
                self._done += 1
            case Unmet():
                self._unmet += 1
            case Unknown():
                self._unknown += 1
            case Refused(code):
                self._refusals[code] = self._refusals.get(code, 0) + 1

    def metrics(self) -> Metrics:
        """What was counted so far."""
        return Metrics(
            asked=self.asked,
            done=self._done,
            unmet=self._unmet,
            unknown=self._unknown,
            refusals=dict(sorted(self._refusals.items())),
            latencies={name: Latencies(classes) for name, classes in sorted(self._latencies.items())},
        )


def _of_error(error: ApiError) -> Outcome:
    if error.code in _UNMET:
        return Unmet((error.members or {}).get("Item"))
    return Unknown() if error.code == _UNKNOWN else Refused(error.code)
