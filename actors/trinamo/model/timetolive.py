"""Time to live: which attribute of a table's items says when they expire."""

from typing import Final

import attrs

from trinamo.model.declarations import KEY_NAME
from trinamo.model.errors import validation
from trinamo.model.shapes import Boolean, Member, Structure
from trinamo.model.tables import TableSpec

CHANGE_INTERVAL_S: Final = 3600  # DynamoDB: a change may take an hour, and another is refused for so long
SPECIFICATION: Final = Member(
    "TimeToLiveSpecification",
    Structure(
        "TimeToLiveSpecification",
        Member("Enabled", Boolean(), required=True),
        Member("AttributeName", KEY_NAME, required=True),
    ),
    required=True,
)


def with_time_to_live(
    spec: TableSpec, attribute: str, *, enabled: bool, now: float, interval_s: float
) -> TableSpec:
    """Return a table whose time to live is enabled or disabled now, or raise the `ApiError` of why it cannot be.

    `interval_s` is how long a change keeps the next one waiting.
    """
    current = spec.time_to_live
    if current is None and not enabled:
        raise validation("TimeToLive is already disabled")
    if current not in (None, attribute):
        raise validation(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
        )
    if current is not None and enabled:
        raise validation("TimeToLive is already enabled")
    former = spec.changes.time_to_live_at
    if former is not None and now - former < interval_s:
        raise validation("Time to live has been modified multiple times within a fixed interval")
    return attrs.evolve(
        spec,
        time_to_live=attribute if enabled else None,
        changes=attrs.evolve(spec.changes, time_to_live_at=now),
    )
