"""What UpdateTable makes of a table's global indexes, and of the attribute definitions that go with them.

Definitions in a request add to those there are; one that is there keeps its type. In the end exactly those stay that
some key needs.

A new index is shown from the beginning, one that goes until the end; of one that is updated the old settings are shown,
except for the limits of on-demand throughput.
"""

from typing import NamedTuple

import attrs

from trinamo.model.indexspecs import global_index, with_capacity
from trinamo.model.keys import KeyAttribute
from trinamo.model.shapes import Request
from trinamo.model.tables import BillingMode, IndexSpec, TableSpec, Throughput
from trinamo.model.throughput import provisioned, remaining_limits, updated_limits, updated_warm, warm_units


class IndexAlteration(NamedTuple):
    """The global indexes and definitions that are shown while the update is under way, and those of afterwards."""

    shown: tuple[IndexSpec, ...]
    next: tuple[IndexSpec, ...]
    shown_attributes: tuple[KeyAttribute, ...]
    next_attributes: tuple[KeyAttribute, ...]


def altered_indexes(spec: TableSpec, request: Request, mode: BillingMode) -> IndexAlteration:
    """Return what a request whose index updates are checked makes of a table's global indexes."""
    defined = {attribute.name: attribute.type for attribute in spec.attributes}
    for each in request.get("AttributeDefinitions", []):
        defined.setdefault(each["AttributeName"], each["AttributeType"])
    switched = mode is not spec.billing_mode
    shown = list(spec.global_indexes)
    next_ = [_switched(index, mode) if switched else index for index in shown]
    for update in request.get("GlobalSecondaryIndexUpdates", []):
        if "Update" in update:
            _update(shown, next_, update["Update"], spec.billing_mode, mode)
        if "Create" in update:
            index = with_capacity(global_index(update["Create"], defined), update["Create"], mode)
            shown.append(index)
            next_.append(index)
        if "Delete" in update:
            next_ = [index for index in next_ if index.name != update["Delete"]["IndexName"]]
    return IndexAlteration(
        tuple(shown), tuple(next_), _needed(spec, shown, defined), _needed(spec, next_, defined)
    )


def _switched(index: IndexSpec, mode: BillingMode) -> IndexSpec:
    """Return an index whose table comes to be paid for in another way."""
    throughput = None if mode is BillingMode.PAY_PER_REQUEST else index.throughput
    return attrs.evolve(index, throughput=throughput, on_demand=None)


def _update(
    shown: list[IndexSpec], next_: list[IndexSpec], action: Request, former: BillingMode, mode: BillingMode
) -> None:
    at = next(at for at, index in enumerate(next_) if index.name == action["IndexName"])
    index, units, limits = next_[at], action.get("ProvisionedThroughput"), action.get("OnDemandThroughput")
    warm = warm_units(former, index.throughput or Throughput(0, 0), index.warm)
    if limits:
        on_demand = updated_limits(limits, index.on_demand, mode)
        shown[at] = attrs.evolve(shown[at], on_demand=on_demand)
        index = attrs.evolve(index, on_demand=remaining_limits(on_demand))
    if action.get("WarmThroughput"):
        of_what = f"index {index.name}"
        index = attrs.evolve(index, warm=updated_warm(action["WarmThroughput"], warm, of_what))
    if units is not None:
        index = attrs.evolve(index, throughput=provisioned(units))
    next_[at] = index


def _needed(
    spec: TableSpec, global_indexes: list[IndexSpec], defined: dict[str, str]
) -> tuple[KeyAttribute, ...]:
    """Return the definitions that the keys of the table and its indexes need, in the order they came in."""
    used = {attribute.name for attribute in spec.keys.attributes}
    for index in (*spec.local_indexes, *global_indexes):
        used.update(attribute.name for attribute in (*index.partition, *index.sort))
    return tuple(KeyAttribute(name, code) for name, code in defined.items() if name in used)
