"""UpdateTable: its shape, its checks in the service's order, and what it makes of a table.

`check_alteration` looks at the request alone, `altered` at the table too. As with creation, what they accept is an
update of the service.

An update is shown as being under way, with the old settings, until the next ones are in force. But deletion protection
is in force at once, and the moments of throughput changes and the limits of on-demand throughput show at once.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import attrs

from trinamo.model.creation import check_view, encryption
from trinamo.model.declarations import (
    BILLING_MODE,
    DEFINITIONS,
    DELETION_PROTECTION,
    ENCRYPTION,
    ON_DEMAND,
    PROVISIONED,
    REPLICATION_MODE,
    STREAM,
    TABLE_CLASS,
    WARM,
)
from trinamo.model.errors import internal_server_error, invalid_parameters, limit_exceeded, validation
from trinamo.model.indexalteration import altered_indexes
from trinamo.model.indexupdates import INDEX_UPDATES, check_declared, check_index_updates, updated_units
from trinamo.model.limits import TABLE_CLASS_CHANGES_MAX
from trinamo.model.replicaupdates import REPLICA_UPDATES, WITNESS_UPDATES
from trinamo.model.shapes import Boolean, Member, Request, String, Structure
from trinamo.model.tables import BillingMode, Changes, TableSpec, Throughput, stream_label
from trinamo.model.throughput import (
    DAY_S,
    check_bounds,
    check_units_change,
    provisioned,
    refuse_on_demand,
    remaining_limits,
    updated_limits,
    updated_warm,
    warm_units,
    with_switch,
    with_units_change,
)
from trinamo.model.vectorindexes import VECTOR_INDEX_UPDATES

TABLE_CLASS_INTERVAL_S: Final = 30 * DAY_S  # DynamoDB: in which the class changes twice at most

_DEFAULT_CLASS: Final = "STANDARD"
_CHANGES: Final = (
    PROVISIONED,
    INDEX_UPDATES,
    BILLING_MODE,
    TABLE_CLASS,
    STREAM,
    ENCRYPTION,
    REPLICA_UPDATES,
    DELETION_PROTECTION,
    Member("MultiRegionConsistency", String(one_of=("EVENTUAL", "STRONG"))),
    WITNESS_UPDATES,
    ON_DEMAND,
    WARM,
    REPLICATION_MODE,
    Member("DisassociationProtectionEnabled", Boolean()),
    VECTOR_INDEX_UPDATES,
)


def update_table_shape(table_name: Member) -> Structure:
    """Return the shape of UpdateTable's input, given that of the table's name."""
    return Structure("UpdateTableInput", table_name, *_CHANGES, Member("AttributeDefinitions", DEFINITIONS))


class Alteration(NamedTuple):
    """What an update makes of a table: what is in force and shown now, and what will be.

    `next` is None where all is done already: the table stays ACTIVE.
    """

    spec: TableSpec
    next: TableSpec | None


Alter = Callable[[TableSpec, float], Alteration]
"""Takes a table and the present moment; raises the `ApiError` of an update that cannot be."""


# What the request alone shows.


def check_alteration(request: Request) -> None:
    """Raise the `ApiError` of a request whose shape is right, as far as it does not depend on the table."""
    given = request.get("ProvisionedThroughput")
    if request.get("BillingMode") == BillingMode.PAY_PER_REQUEST:
        refuse_on_demand(given)
    check_bounds(given)
    updates = request.get("GlobalSecondaryIndexUpdates", [])
    for index, units in updated_units(updates).items():
        check_bounds(units, index)
    if not any(request.get(member.name) not in (None, []) for member in _CHANGES):
        raise validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or"
            " SSESpecification or ReplicaUpdates is required"
        )
    check_declared(updates, request.get("AttributeDefinitions", []))
    stream = request.get("StreamSpecification")
    if stream is not None:
        check_view(stream)
    _refuse_mixing(request, updates)


def _refuse_mixing(request: Request, updates: list[Request]) -> None:
    """Raise the error of changes of several kinds, of which the service makes one at a time."""
    kinds = (
        "ProvisionedThroughput" in request or "BillingMode" in request,
        "StreamSpecification" in request,
        any("Create" in update or "Delete" in update for update in updates),
        bool(request.get("ReplicaUpdates")),
    )
    if sum(kinds) > 1:
        raise invalid_parameters(
            "Only one of throughput or billing mode, stream, global secondary indexes and replicas can be updated at"
            " a time"
        )


# What it makes of a table.


def altered(spec: TableSpec, request: Request, now: float) -> Alteration:
    """Return what a checked request makes of a table, or raise the `ApiError` of why it cannot."""
    mode = BillingMode(request.get("BillingMode", spec.billing_mode))
    throughput = _throughput(spec, request, mode)
    on_demand = _on_demand(spec, request, mode)
    _check_units_changes(spec, request, mode)
    check_index_updates(spec, request, mode)
    stream_view, label = _stream(spec, request, now)
    warm = updated_warm(
        request.get("WarmThroughput"), warm_units(spec.billing_mode, spec.throughput, spec.warm)
    )
    protected = request.get("DeletionProtectionEnabled", spec.deletion_protection)
    held = attrs.evolve(spec, deletion_protection=protected)
    changes = spec.changes
    if spec.billing_mode is mode is BillingMode.PROVISIONED:
        changes = with_units_change(changes, spec.throughput, throughput, now)
    indexes = altered_indexes(spec, request, mode)
    shown = attrs.evolve(
        held, changes=changes, global_indexes=indexes.shown, attributes=indexes.shown_attributes
    )
    if "OnDemandThroughput" in request:
        shown = attrs.evolve(shown, on_demand=on_demand)
    on_demand_since = spec.on_demand_since
    if mode is BillingMode.PAY_PER_REQUEST and spec.billing_mode is BillingMode.PROVISIONED:
        changes, on_demand_since = with_switch(changes, now), now
    table_class, changes = _table_class(spec, request.get("TableClass"), changes, now)
    new = attrs.evolve(
        held,
        billing_mode=mode,
        throughput=throughput,
        on_demand=remaining_limits(on_demand),
        on_demand_since=on_demand_since,
        warm=spec.warm if warm == warm_units(mode, throughput, spec.warm) else warm,
        stream_view=stream_view,
        stream_label=label,
        encryption=encryption(request.get("SSESpecification")) or spec.encryption,
        table_class=table_class,
        changes=changes,
        global_indexes=indexes.next,
        attributes=indexes.next_attributes,
    )
    if new == shown == held:
        return Alteration(held, None)
    return Alteration(shown, new)


def _throughput(spec: TableSpec, request: Request, mode: BillingMode) -> Throughput:
    given = request.get("ProvisionedThroughput")
    units = updated_units(request.get("GlobalSecondaryIndexUpdates", []))
    if mode is BillingMode.PAY_PER_REQUEST:
        refuse_on_demand(given)
        for index in units:
            raise invalid_parameters(
                f"ProvisionedThroughput should not be specified for index: {index}"
                " when BillingMode is PAY_PER_REQUEST"
            )
        return Throughput(0, 0)
    if spec.billing_mode is BillingMode.PAY_PER_REQUEST:
        if given is None:
            raise invalid_parameters(
                "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
            )
        for each in spec.global_indexes:
            if each.name not in units:
                raise invalid_parameters(
                    f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {each.name}"
                )
    return spec.throughput if given is None else provisioned(given)


def _on_demand(spec: TableSpec, request: Request, mode: BillingMode) -> Throughput | None:
    """Return the limits as the update's answer shows them, with -1 for those that go. A switch clears them."""
    given = request.get("OnDemandThroughput")
    former = spec.on_demand if mode is spec.billing_mode else None
    if given is None:
        return former
    if not given:
        raise internal_server_error()  # observed
    return updated_limits(given, former, mode)


def _check_units_changes(spec: TableSpec, request: Request, mode: BillingMode) -> None:
    if not spec.billing_mode is mode is BillingMode.PROVISIONED:
        return
    given = request.get("ProvisionedThroughput")
    if given is not None:
        check_units_change(spec.throughput, provisioned(given), "table")
    units = updated_units(request.get("GlobalSecondaryIndexUpdates", []))
    for index in spec.global_indexes:
        if index.name in units and index.throughput is not None:
            check_units_change(index.throughput, provisioned(units[index.name]), f"index {index.name}")


def _stream(spec: TableSpec, request: Request, now: float) -> tuple[str | None, str | None]:
    """Return the view and the label of the stream after the update."""
    given: dict[str, Any] | None = request.get("StreamSpecification")
    if given is None:
        return spec.stream_view, spec.stream_label
    if given["StreamEnabled"]:
        if spec.stream_view is not None:
            raise validation(f"Table already has an enabled stream: TableName: {spec.name}")
        return given["StreamViewType"], stream_label(now, spec.stream_label)
    if spec.stream_view is None:
        raise validation(f"Table has no stream to disable: TableName: {spec.name}")
    return None, spec.stream_label


def _table_class(
    spec: TableSpec, asked: str | None, changes: Changes, now: float
) -> tuple[str | None, Changes]:
    if asked is None or asked == (spec.table_class or _DEFAULT_CLASS):
        return spec.table_class, changes
    recent = tuple(moment for moment in changes.table_class if moment > now - TABLE_CLASS_INTERVAL_S)
    if len(recent) >= TABLE_CLASS_CHANGES_MAX:
        raise limit_exceeded(
            "Subscriber limit exceeded: The table class can be changed no more than"
            f" {TABLE_CLASS_CHANGES_MAX} times in 30 days"
        )
    return asked, attrs.evolve(changes, table_class=(*recent, now))
