"""What is tried again, after which failure, and when. Pure: whoever drives it brings the dice and waits.

    begin(operation, parameters) -> Attempts;  failed(failure, dice) -> seconds to wait, or what is to be raised

Theory. A failed attempt has certainly had no effect (it was never taken, or refused), or it may have had one (the answer
was lost, the service failed). After the first kind everything may be tried again. After the second kind only what does no
more when it is done twice: reads; puts and deletes that ask for no condition and for no old item; updates that only set
attributes to given values; batches; and transactions with a token. Of all else nobody but the caller can know.

Invariants:

1. An effect that is not idempotent is asked for again only after attempts that certainly had none.
2. Once an attempt of a write may have had its effect, the operation ends well or in `OutcomeUnknown`: that a later
   attempt was refused says nothing about the first.
3. An idempotent put that is repeated may replace what somebody else has put in between; `repeat_writes=False` is for
   those who mind.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from trinamo.client.environment import Dice
from trinamo.client.errors import ClientError, DynamoError, OutcomeUnknown, Unreachable
from trinamo.client.transport import Lost, Unsent

_READS: Final = re.compile(r"Get|Query$|Scan$|BatchGet|Describe|List|TransactGet|SearchVectors$")
_STATEMENTS: Final = frozenset({"ExecuteStatement", "BatchExecuteStatement"})
_SINGLE: Final = frozenset({"PutItem", "DeleteItem", "UpdateItem"})
_CONDITIONS: Final = ("ConditionExpression", "Expected")
_TOKENS: Final = ("ClientRequestToken", "ClientToken")
_RELATIVE: Final = re.compile(r"[-+(\[]|=\s*[^\s:]|\bADD\b", re.IGNORECASE)
"""Of an update that depends on what is there: arithmetic, functions, places in lists, other attributes, ADD."""


@attrs.frozen
class Policy:
    """How often, and after which pauses: `tries_max` attempts, pauses at random below a bound that doubles.

    The dice choose between 0 and the bound, so that many callers do not come back at once. `repeat_writes`: whether
    writes that may have been done are done again where that does no harm.
    """

    tries_max: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    pause_s: float = 0.025
    pause_s_max: float = 5.0
    repeat_writes: bool = True

    def begin(self, operation: str, parameters: Mapping[str, Any]) -> "Attempts":
        """Begin an operation."""
        return Attempts(self, operation, parameters)

    def pause(self, tries: int, dice: Dice) -> float | None:
        """Return how long to wait after so many attempts in vain; None for no more."""
        if tries >= self.tries_max:
            return None
        bound: float = min(self.pause_s_max, self.pause_s * 2**tries)
        return dice.random() * bound


@attrs.define
class Attempts:
    """The attempts at one operation."""

    policy: Policy
    operation: str
    parameters: Mapping[str, Any]
    tries: int = 0
    doubt: Exception | None = None  # the first failure that may have had the effect

    def failed(self, failure: Exception, dice: Dice) -> float:
        """Return how long to wait before the next attempt. Raises what there is to be told instead."""
        self.tries += 1
        writes = not is_read(self.operation, self.parameters)
        if writes and may_be_done(failure):
            self.doubt = self.doubt or failure
            if not (self.policy.repeat_writes and is_repeatable(self.operation, self.parameters)):
                raise self._unknown() from self.doubt
        pause = self.policy.pause(self.tries, dice) if is_retryable(failure) else None
        if pause is not None:
            return pause
        if self.doubt is not None:
            raise self._unknown() from self.doubt
        if isinstance(failure, Unsent | Lost):
            raise Unreachable(str(failure)) from failure
        raise failure

    def _unknown(self) -> ClientError:
        return OutcomeUnknown(self.operation, str(self.doubt))


def may_be_done(failure: Exception) -> bool:
    """Whether an attempt that failed so may have had its effect."""
    return isinstance(failure, Lost) or (isinstance(failure, DynamoError) and not failure.undone)


def is_retryable(failure: Exception) -> bool:
    """Whether the same request may succeed later."""
    return isinstance(failure, Unsent | Lost) or (isinstance(failure, DynamoError) and failure.retryable)


def is_read(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether an operation changes nothing."""
    if operation in _STATEMENTS:
        statements = parameters.get("Statements", [parameters])
        return all(_is_select(statement) for statement in statements)
    return _READS.match(operation) is not None


def is_repeatable(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a write that is done twice does no more than one that is done once, and answers the same."""
    if operation == "BatchWriteItem":
        return True
    if operation in _SINGLE:
        if any(parameters.get(name) for name in _CONDITIONS):
            return False
        returned = parameters.get("ReturnValues", "NONE")
        if operation != "UpdateItem":
            return bool(returned == "NONE")
        update = str(parameters.get("UpdateExpression", ""))
        old = returned in ("ALL_OLD", "UPDATED_OLD")
        return not (old or parameters.get("AttributeUpdates") or _RELATIVE.search(update))
    return any(parameters.get(name) for name in _TOKENS)


def _is_select(statement: Any) -> bool:
    text = statement.get("Statement", "") if isinstance(statement, Mapping) else ""
    return isinstance(text, str) and text.lstrip()[:6].upper() == "SELECT"
