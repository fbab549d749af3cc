"""An operation: its name, its shape, and what performs it."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import attrs

from trinamo.gateway.operations.database import Database
from trinamo.model.shapes import Request, Structure


class Caller(NamedTuple):
    """Whose tables a request means by their names."""

    account: str
    region: str


Perform = Callable[[Database, Caller, Request], Awaitable[bytes]]


@attrs.frozen
class Operation:
    """`perform` is given the members of a request whose shape is right, and returns the JSON of the answer."""

    name: str
    shape: Structure
    perform: Perform


def add_if(answer: dict[str, Any], name: str, value: Any) -> None:
    """Put a member into an answer unless it is None."""
    if value is not None:
        answer[name] = value
