"""Requests with two faults: the checks of an operation in their order, and what makes a right request fail each.

A fault is written as paths into the request and what to put there, None to leave the member out. Two faults can be sent
together unless they want different things of one place.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import attrs

from dynamodb.calls import VE

Changes = Mapping[str, Any]
Text = str | Callable[[dict[str, Any]], str]


@attrs.frozen
class Check:
    """One check. `needs` are changes without which nothing would look at the fault; another fault may overrule them.

    `text` may be worked out from the request, where the service lists what stands in it.
    """

    name: str
    fault: Changes
    text: Text
    needs: Changes = attrs.field(factory=dict)
    code: str = VE

    def told(self, request: dict[str, Any]) -> tuple[str, str]:
        """The code and text of the refusal."""
        return self.code, self.text if isinstance(self.text, str) else self.text(request)


def faulty(base: dict[str, Any], *checks: Check) -> dict[str, Any]:
    """Return the request with the faults of all checks."""
    request = deepcopy(base)
    faults = [check.fault for check in checks]
    for check in checks:
        for path, value in check.needs.items():
            if not any(_meets(path, fault) for fault in faults):
                _put(request, path.split("."), deepcopy(value))
    for fault in faults:
        for path, value in fault.items():
            _put(request, path.split("."), deepcopy(value))
    return request


def goes_with(one: Check, other: Check) -> bool:
    """Whether the faults of two checks can be sent together."""
    together = not any(_meets(path, other.fault) for path in one.fault)
    return together and not _takes_away(one, other) and not _takes_away(other, one)


def _meets(path: str, fault: Changes) -> bool:
    """Whether a fault changes the place of a path, or what is in it, or what it is in."""
    return any(f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.") for other in fault)


def _takes_away(one: Check, other: Check) -> bool:
    """Whether the fault of one leaves out what the other needs."""
    missing = {path: None for path, value in one.fault.items() if value is None}
    return any(_meets(path, missing) for path in other.needs)


def _put(tree: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
    if value is None:
        tree.pop(steps[-1], None)
    else:
        tree[steps[-1]] = value
