"""Throughput: what a request may say of provisioned, on-demand and warm capacity, and how often it may be changed."""

from datetime import UTC, datetime
from typing import Final

import attrs

from trinamo.model.errors import invalid_parameters, limit_exceeded, validation
from trinamo.model.limits import (
    CAPACITY_UNITS_MAX,
    DECREASES_ANY_TIME_MAX,
    DECREASES_MAX,
    SWITCHES_TO_ON_DEMAND_MAX,
    WARM_READ_UNITS,
    WARM_WRITE_UNITS,
)
from trinamo.model.shapes import Request
from trinamo.model.tables import BillingMode, Changes, Throughput

NO_LIMIT: Final = -1  # in an update: removes the limit
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

_UNITS: Final = ("ReadCapacityUnits", "WriteCapacityUnits")
_LIMITS: Final = ("MaxReadRequestUnits", "MaxWriteRequestUnits")
_WARM: Final = ("ReadUnitsPerSecond", "WriteUnitsPerSecond")


# Provisioned.


def provisioned(given: Request) -> Throughput:
    """Return what a ProvisionedThroughput says."""
    return Throughput(given["ReadCapacityUnits"], given["WriteCapacityUnits"])


def refuse_on_demand(given: Request | None) -> None:
    """Raise the error of a ProvisionedThroughput for a table that is or becomes on-demand."""
    if given is not None:
        raise invalid_parameters(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )


def check_bounds(given: Request | None, index: str | None = None) -> None:
    """Raise the error of a ProvisionedThroughput of more than the service can count."""
    if given is None:
        return
    for name in _UNITS:
        if given[name] > CAPACITY_UNITS_MAX:
            of_index = "" if index is None else f" for index {index}"
            raise validation(f"Given value {given[name]} for {name} is out of bounds{of_index}")


def check_index_units(index: str, throughput: Throughput | None, mode: BillingMode) -> None:
    """Raise the error of a new index that has a throughput where there shall be none, or none where it is needed."""
    if mode is BillingMode.PAY_PER_REQUEST and throughput is not None:
        raise invalid_parameters(
            f"ProvisionedThroughput should not be specified for index: {index} when BillingMode is PAY_PER_REQUEST"
        )
    if mode is BillingMode.PROVISIONED and throughput is None:
        raise invalid_parameters(f"ProvisionedThroughput is not specified for index: {index}")


def check_units_change(old: Throughput, new: Throughput, of_what: str) -> None:
    """Raise the error of an update that asks for what there is. `of_what` is `table`, or `index` and its name."""
    if old != new:
        return
    raise validation(
        f"The provisioned throughput for the {of_what} will not change. The requested value equals the current value."
        f" Current ReadCapacityUnits provisioned for the {of_what}: {old.read}."
        f" Requested ReadCapacityUnits: {new.read}."
        f" Current WriteCapacityUnits provisioned for the {of_what}: {old.write}."
        f" Requested WriteCapacityUnits: {new.write}."
        " Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )


def with_units_change(changes: Changes, old: Throughput, new: Throughput, now: float) -> Changes:
    """Note that the provisioned throughput changes now. Raises the error of lowering it once too often."""
    pairs = [(old.read or 0, new.read or 0), (old.write or 0, new.write or 0)]
    if any(before < after for before, after in pairs):
        changes = attrs.evolve(changes, raised_at=now)
    if any(before > after for before, after in pairs):
        today = lowered_on_day(changes, now)
        _check_may_lower(today, now)
        changes = attrs.evolve(changes, lowered=(*today, now))
    return changes


def lowered_on_day(changes: Changes, now: float) -> tuple[float, ...]:
    """Return when the throughput was lowered on the UTC day of `now`."""
    return tuple(moment for moment in changes.lowered if moment // DAY_S == now // DAY_S)


def _check_may_lower(today: tuple[float, ...], now: float) -> None:
    if len(today) < DECREASES_ANY_TIME_MAX:
        return
    last = today[-1]
    if len(today) < DECREASES_MAX and now - last >= HOUR_S:
        return
    following = last + HOUR_S if len(today) < DECREASES_MAX else (now // DAY_S + 1) * DAY_S
    raise limit_exceeded(
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day."
        f" After the first {DECREASES_ANY_TIME_MAX} decreases, each subsequent decrease in the same UTC day can be"
        f" performed at most once every {HOUR_S} seconds. Number of decreases today: {len(today)}."
        f" Last decrease at {_shown(last)}. Next decrease can be made at {_shown(following)}"
    )


def with_switch(changes: Changes, now: float) -> Changes:
    """Note that the table becomes on-demand now. Raises the error of switching once too often."""
    recent = tuple(moment for moment in changes.switched if moment > now - DAY_S)
    if len(recent) >= SWITCHES_TO_ON_DEMAND_MAX:
        raise limit_exceeded(
            "Subscriber limit exceeded: Updates to PayPerRequest mode are limited to"
            f" {SWITCHES_TO_ON_DEMAND_MAX} times in 1 day(s). Last update at {_shown(recent[-1])}."
            f" Next update can be made at {_shown(recent[0] + DAY_S)}"
        )
    return attrs.evolve(changes, switched=(*recent, now))


def _shown(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


# On demand.


def on_demand_limits(given: Request | None, mode: BillingMode, of_what: str = "table") -> Throughput | None:
    """Return the limits that a new table or index declares. `{}` says nothing."""
    if not given:
        return None
    for name in _LIMITS:
        if name not in given:
            continue
        if mode is BillingMode.PROVISIONED:
            raise invalid_parameters(
                f"{name} for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED."
            )
        check_limit(name, given[name], of_what)
    return Throughput(*(given.get(name) for name in _LIMITS))


def updated_limits(given: Request, old: Throughput | None, mode: BillingMode) -> Throughput:
    """Return the limits of a table after an update, member by member; -1 where a limit is taken away."""
    for name in _LIMITS:
        if name in given and mode is BillingMode.PROVISIONED:
            raise invalid_parameters(
                f"{name} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
            )
        if given.get(name, NO_LIMIT) != NO_LIMIT:
            check_limit(name, given[name])
    old = old or Throughput()
    read, write = (
        given.get(name, before) for name, before in zip(_LIMITS, (old.read, old.write), strict=True)
    )
    return Throughput(read, write)


def remaining_limits(limits: Throughput | None) -> Throughput | None:
    """Return the limits without those that are -1; None if none is left."""
    if limits is None:
        return None
    read, write = (None if units == NO_LIMIT else units for units in (limits.read, limits.write))
    return None if read is None and write is None else Throughput(read, write)


def check_limit(name: str, units: int, of_what: str = "table") -> None:
    """Raise the error of a limit below 1."""
    if units < 1:
        raise invalid_parameters(
            f"Requested {name} for OnDemandThroughput for {of_what} is outside of valid range"
        )


# Warm.


def warm_units(mode: BillingMode, throughput: Throughput, asked: Throughput | None) -> Throughput:
    """Return what is warm: what was asked for, but no less than what the billing mode gives anyway."""
    read, write = WARM_READ_UNITS, WARM_WRITE_UNITS
    if mode is BillingMode.PROVISIONED:
        read, write = throughput.read or 0, throughput.write or 0
    if asked is not None:
        read, write = max(read, asked.read or 0), max(write, asked.write or 0)
    return Throughput(read, write)


def declared_warm(
    given: Request | None, mode: BillingMode, throughput: Throughput, of_what: str = "table"
) -> Throughput | None:
    """Return the WarmThroughput that a new table or index declares. `{}` says nothing."""
    if not given:
        return None
    kind = "OnDemand" if mode is BillingMode.PAY_PER_REQUEST else "Provisioned"
    return _raised(given, warm_units(mode, throughput, None), of_what, f"initial throughput for {kind}")


def updated_warm(given: Request | None, current: Throughput, of_what: str = "table") -> Throughput:
    """Return what is warm after an update, which cannot lower it."""
    if not given:
        return current
    asked = _raised(
        given, current, of_what, "current WarmThroughput, decreasing WarmThroughput is not supported"
    )
    return Throughput(
        current.read if asked.read is None else asked.read,
        current.write if asked.write is None else asked.write,
    )


def _raised(given: Request, floor: Throughput, of_what: str, named: str) -> Throughput:
    for name, units in zip(_WARM, (floor.read, floor.write), strict=True):
        if name in given and given[name] < (units or 0):
            raise invalid_parameters(
                f"Requested {name} for WarmThroughput for {of_what} is lower than {named}"
            )
    return Throughput(*(given.get(name) for name in _WARM))
