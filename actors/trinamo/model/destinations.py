"""Kinesis data stream destinations of a table: what is written to it goes to a stream of Kinesis too.

    ENABLING → ACTIVE ⇄ UPDATING        ENABLING → ENABLE_FAILED        ACTIVE → DISABLING → DISABLED

A destination that was enabled again is another one, from whose beginning changes are delivered. Two at most are not DISABLED or
ENABLE_FAILED; of those that are, the last stay to be seen.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from trinamo.model.errors import limit_exceeded, validation
from trinamo.model.shapes import Member, String, Structure
from trinamo.model.tables import Destination, DestinationStatus, TableSpec

DESTINATIONS_MAX: Final = 2  # DynamoDB
_CONFIGURATION: Final = Structure(
    "KinesisStreamingConfiguration",
    Member("ApproximateCreationDateTimePrecision", String(one_of=("MILLISECOND", "MICROSECOND"))),
)
STREAM_ARN: Final = Member("StreamArn", String(37, 1024), required=True)
ENABLE_CONFIGURATION: Final = Member("EnableKinesisStreamingConfiguration", _CONFIGURATION)
UPDATE_CONFIGURATION: Final = Member("UpdateKinesisStreamingConfiguration", _CONFIGURATION)

_ARN: Final = re.compile(r"arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[a-zA-Z0-9_.-]+")

_PASSING: Final = (DestinationStatus.ENABLING, DestinationStatus.DISABLING, DestinationStatus.UPDATING)
_OVER: Final = (DestinationStatus.DISABLED, DestinationStatus.ENABLE_FAILED)


def _invalid_state(verb: str, operation: str, wanted: str) -> str:
    return (
        f"Table is not in a valid state to {verb} Kinesis Streaming Destination: "
        f"{operation} must be {wanted} to perform {verb.upper()} operation."
    )


def with_enabled(spec: TableSpec, stream_arn: str, precision: str | None, now: float) -> TableSpec:
    """Return a table of which a destination begins to be enabled, or raise the `ApiError` of why it cannot be."""
    if _ARN.fullmatch(stream_arn) is None:
        raise validation(f"{stream_arn} is not the ARN of a Kinesis data stream")
    if any(each.stream_arn == stream_arn and each.status not in _OVER for each in spec.destinations):
        raise validation(
            _invalid_state("enable", "EnableKinesisStreamingDestination", "DISABLED or ENABLE_FAILED")
        )
    others = [each for each in spec.destinations if each.stream_arn != stream_arn]
    if sum(each.status not in _OVER for each in others) >= DESTINATIONS_MAX:
        raise limit_exceeded(f"A table has at most {DESTINATIONS_MAX} Kinesis data stream destinations")
    number = 1 + max((each.number for each in spec.destinations), default=0)
    enabled = Destination(number, stream_arn, DestinationStatus.ENABLING, precision, now)
    over = [each for each in others if each.status in _OVER]
    kept = [each for each in others if each not in over[:-DESTINATIONS_MAX]]
    return attrs.evolve(spec, destinations=(*kept, enabled))


def with_disabled(spec: TableSpec, stream_arn: str) -> TableSpec:
    """Return a table of which a destination begins to be disabled, or raise the `ApiError` of why it cannot be."""
    return _with_active(spec, stream_arn, "disable", DestinationStatus.DISABLING)


def with_precision(spec: TableSpec, stream_arn: str, precision: str | None) -> TableSpec:
    """Return a table of which a destination begins to tell times so, or raise the `ApiError` of why it cannot."""
    found = next((each for each in spec.destinations if each.stream_arn == stream_arn), None)
    if found is not None and found.status is DestinationStatus.ACTIVE and found.precision == precision:
        raise validation(f"Precision is already set to the desired value of {precision} for {stream_arn}")
    return _with_active(spec, stream_arn, "update", DestinationStatus.UPDATING, precision)


def _with_active(
    spec: TableSpec, stream_arn: str, verb: str, status: DestinationStatus, precision: str | None = None
) -> TableSpec:
    found = [
        each
        for each in spec.destinations
        if each.stream_arn == stream_arn and each.status is DestinationStatus.ACTIVE
    ]
    if not found:
        raise validation(_invalid_state(verb, "KinesisStreamingDestination", "ACTIVE"))
    changed = attrs.evolve(found[0], status=status, precision=precision or found[0].precision)
    return attrs.evolve(
        spec, destinations=tuple(changed if each is found[0] else each for each in spec.destinations)
    )


def is_passing(spec: TableSpec) -> bool:
    """Whether a destination is on its way to another status."""
    return any(each.status in _PASSING for each in spec.destinations)


def taking(spec: TableSpec) -> tuple[Destination, ...]:
    """Return the destinations that changes go to."""
    return tuple(
        each for each in spec.destinations if each.status not in (*_OVER, DestinationStatus.DISABLING)
    )


def arrived(spec: TableSpec, problem: Callable[[Destination], str | None]) -> TableSpec:
    """Return a table whose destinations have come to where they were on their way to.

    `problem` says why changes cannot go to a destination, None if they can.
    """
    return attrs.evolve(spec, destinations=tuple(_arrived(each, problem) for each in spec.destinations))


def _arrived(destination: Destination, problem: Callable[[Destination], str | None]) -> Destination:
    match destination.status:
        case DestinationStatus.ENABLING:
            reason = problem(destination)
            status = DestinationStatus.ACTIVE if reason is None else DestinationStatus.ENABLE_FAILED
            return attrs.evolve(destination, status=status, description=reason)
        case DestinationStatus.UPDATING:
            return attrs.evolve(destination, status=DestinationStatus.ACTIVE)
        case DestinationStatus.DISABLING:
            return attrs.evolve(destination, status=DestinationStatus.DISABLED)
        case _:
            return destination


def description(destination: Destination) -> Mapping[str, Any]:
    """Return what DescribeKinesisStreamingDestination says of one."""
    told = {
        "StreamArn": destination.stream_arn,
        "DestinationStatus": destination.status.value,
        "DestinationStatusDescription": destination.description,
        "ApproximateCreationDateTimePrecision": destination.precision or "MILLISECOND",
    }
    return {name: value for name, value in told.items() if value is not None}
