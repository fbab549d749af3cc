"""Time to live: which attribute of a table's items says when they expire, and when that is.

A change of the setting takes time: `TableSpec.time_to_live` is the attribute that was asked for, and another name stands
for the one by which items expire meanwhile. Moments of items are in microseconds since 1970.
"""

from typing import Final

import attrs

from trinamo.model.declarations import KEY_NAME
from trinamo.model.errors import validation
from trinamo.model.shapes import Boolean, Member, Structure
from trinamo.model.tables import TableSpec
from trinamo.model.values import Item

AGE_MAX_US: Final = (
    5 * 365 * 86_400 * 1_000_000
)  # DynamoDB: what is five years past was hardly meant to expire
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


def description(asked: str | None, in_force: str | None) -> dict[str, str]:
    """Return what DescribeTimeToLive says of the attribute that was asked for and the one in force."""
    if asked is not None:
        return {"TimeToLiveStatus": "ENABLED" if asked == in_force else "ENABLING", "AttributeName": asked}
    if in_force is not None:
        return {"TimeToLiveStatus": "DISABLING", "AttributeName": in_force}
    return {"TimeToLiveStatus": "DISABLED"}


def expires_at(item: Item, attribute: str) -> int | None:
    """Return when an item expires, None for never: only a number says so, of seconds since 1970."""
    value = item.get(attribute)
    text: str | None = None if value is None else value.get("N")
    if text is None or text[0] == "-":  # before 1970 is too long ago anyway
        return None
    whole, _, fraction = text.partition(".")
    return int(whole) * 1_000_000 + int(f"{fraction:0<6}"[:6])


def has_expired(item: Item, attribute: str, now: int) -> bool:
    """Whether an item has expired at this moment, and not so long ago that it stays."""
    moment = expires_at(item, attribute)
    return moment is not None and now - AGE_MAX_US <= moment < now
