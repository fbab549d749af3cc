"""Is a history linearizable? (Herlihy & Wing 1990; the search of Wing & Gong 1993, memoised after Lowe 2017.)

An item is a register that may be absent. Items are independent, so each key is searched alone: linearizability
is local. The search places operations one after the other; one may come next if it was invoked before
every operation still unplaced that has returned, did return. Whatever set of placed operations and value
was met before is not searched again.

1. All operations that returned must be placed; those of unknown outcome may be.
2. A get of unknown outcome constrains nothing, and is left out.
3. A refused condition is a read: it claims that the item existed at that moment.
"""

from collections.abc import Iterable, Iterator, Sequence

import attrs

from trinamo.sim.history import History, Kind, Operation


@attrs.frozen
class Violation:
    """A key whose history no register could have produced."""

    key: str
    placed: tuple[Operation, ...]
    """The longest order that was possible."""
    stuck: tuple[Operation, ...]
    """The operations of which one had to come next, and none could."""

    def __str__(self) -> str:
        order = [f"  {operation}" for operation in self.placed[-12:]]
        stuck = [f"  {operation}" for operation in self.stuck]
        return "\n".join(
            [f"key {self.key} is not linearizable: after", *order, "none of these can come next:", *stuck]
        )


def violations(history: History) -> list[Violation]:
    """The keys that are not linearizable."""
    found = [check_key(key, operations) for key, operations in history.by_key().items()]
    return [violation for violation in found if violation is not None]


def check_key(key: str, operations: Iterable[Operation]) -> Violation | None:
    """Search an order of one key's operations. The item is absent at first."""
    return _Search(key, operations).run()


def after(value: str | None, operation: Operation) -> tuple[bool, str | None]:
    """May the operation happen on an item of this value, and what is the value then?"""
    match operation.kind:
        case Kind.PUT:
            return True, operation.value
        case Kind.DELETE:
            return True, None
        case Kind.GET:
            return operation.seen == value, value
        case Kind.PUT_IF_ABSENT if operation.returned is None:
            # Nobody was told what the condition was found to be; unmet, it changes nothing.
            return True, operation.value if value is None else value
        case Kind.PUT_IF_ABSENT if operation.met:
            return value is None, operation.value
        case Kind.PUT_IF_ABSENT:
            return value is not None, value


@attrs.define
class _Place:
    """A step of the search: the value before it, and the candidates not tried yet."""

    value: str | None
    candidates: Iterator[int]
    placed: int = -1


class _Search:
    """Depth-first over the orders of one key. A set of placed operations is the bits of an integer."""

    def __init__(self, key: str, operations: Iterable[Operation]) -> None:
        relevant = [each for each in operations if each.returned is not None or each.kind is not Kind.GET]
        self._key = key
        self._operations = sorted(relevant, key=lambda operation: operation.invoked)
        self._required = sum(
            1 << position for position, each in enumerate(self._operations) if each.returned is not None
        )
        self._seen: set[tuple[int, str | None]] = set()

    def run(self) -> Violation | None:
        done = 0
        path = [_Place(None, iter(self._next(0)))]
        best: tuple[int, ...] = ()
        best_done = 0
        while done & self._required != self._required:
            if self._advance(path, done):
                done |= 1 << path[-2].placed
                if len(path) - 1 > len(best):
                    best, best_done = tuple(place.placed for place in path[:-1]), done
                continue
            path.pop()
            if not path:
                return self._violation(best, best_done)
            done &= ~(1 << path[-1].placed)
        return None

    def _advance(self, path: list[_Place], done: int) -> bool:
        """Place the next operation that can be, if any."""
        place = path[-1]
        for position in place.candidates:
            possible, value = after(place.value, self._operations[position])
            state = (done | 1 << position, value)
            if possible and state not in self._seen:
                self._seen.add(state)
                place.placed = position
                path.append(_Place(value, iter(self._next(state[0]))))
                return True
        return False

    def _next(self, done: int) -> Sequence[int]:
        """Who may come next, those first that returned first: they are the likely ones."""
        operations = self._operations
        candidates: list[int] = []
        first_return: int | None = None
        position = _lowest_unset(done)
        while position < len(operations):
            operation = operations[position]
            if first_return is not None and operation.invoked > first_return:
                break
            if not done >> position & 1:
                candidates.append(position)
                if operation.returned is not None and (
                    first_return is None or operation.returned < first_return
                ):
                    first_return = operation.returned
            position += 1
        return sorted(candidates, key=self._return_order)

    def _return_order(self, position: int) -> tuple[bool, int]:
        operation = self._operations[position]
        return operation.returned is None, operation.returned or operation.invoked

    def _violation(self, placed: tuple[int, ...], done: int) -> Violation:
        operations = self._operations
        return Violation(
            self._key,
            tuple(operations[position] for position in placed),
            tuple(operations[position] for position in self._next(done)),
        )


def _lowest_unset(bits: int) -> int:
    return (~bits & (bits + 1)).bit_length() - 1
