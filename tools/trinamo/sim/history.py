"""What clients asked and were told: the input of the checker.

Order is counted, not timed: two events of one virtual instant still happened one after the other, and the
order of a single event loop is the real one.

1. An operation that returned has `returned > invoked`; one whose outcome is not known has none, and may have
   taken effect at any moment after its invocation, or never.
2. An operation that certainly had no effect is not in the history at all.
"""

import enum

import attrs


class Kind(enum.Enum):
    """What a client can ask of a register."""

    PUT = "put"
    PUT_IF_ABSENT = "put if absent"
    DELETE = "delete"
    GET = "get"


@attrs.define(eq=False)
class Operation:
    """One call of one client."""

    number: int
    client: str
    kind: Kind
    key: str
    value: str | None
    """What a put writes."""
    invoked: int
    returned: int | None = None
    seen: str | None = None
    """What a get returned; None for an absent item."""
    met: bool = True
    """Whether the condition held."""

    def __str__(self) -> str:
        span = f"{self.invoked}..{'?' if self.returned is None else self.returned}"
        match self.kind:
            case Kind.GET:
                what = f"get → {self.seen}"
            case Kind.PUT_IF_ABSENT:
                what = f"put if absent {self.value} → {'done' if self.met else 'refused'}"
            case Kind.PUT:
                what = f"put {self.value}"
            case Kind.DELETE:
                what = "delete"
        return f"#{self.number} {self.client} {self.key} [{span}] {what}" + (
            "" if self.returned is not None else " (outcome unknown)"
        )


@attrs.define(eq=False)
class History:
    """Operations in the order of their invocation."""

    operations: list[Operation] = attrs.Factory(list)
    _discarded: set[int] = attrs.Factory(set)
    _events: int = 0
    _numbers: int = 0

    def __contains__(self, operation: Operation) -> bool:
        return operation.number not in self._discarded

    def invoke(self, client: str, kind: Kind, key: str, value: str | None = None) -> Operation:
        """Note that a client asks."""
        self._events += 1
        self._numbers += 1
        operation = Operation(self._numbers, client, kind, key, value, self._events)
        self.operations.append(operation)
        return operation

    def complete(self, operation: Operation, *, seen: str | None = None, met: bool = True) -> None:
        """Note what the client was told."""
        self._events += 1
        operation.returned, operation.seen, operation.met = self._events, seen, met

    def discard(self, operation: Operation) -> None:
        """Note that the operation certainly had no effect."""
        self.operations.remove(operation)
        self._discarded.add(operation.number)

    def by_key(self) -> dict[str, list[Operation]]:
        """The operations on each key, keys in order."""
        keys: dict[str, list[Operation]] = {}
        for operation in self.operations:
            keys.setdefault(operation.key, []).append(operation)
        return dict(sorted(keys.items()))
