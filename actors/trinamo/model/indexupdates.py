"""Index updates: what UpdateTable says of global indexes, and what is wrong with it.

One element of the list updates, creates or deletes one index.
"""

from collections.abc import Iterator
from typing import Final

from trinamo.model.declarations import GLOBAL_INDEX, INDEX_NAME, ON_DEMAND, PROVISIONED, WARM
from trinamo.model.errors import ApiError, invalid_parameters, limit_exceeded, validation
from trinamo.model.indexspecs import (
    Definitions,
    check_count,
    check_projected_names,
    global_index,
    with_capacity,
)
from trinamo.model.shapes import List, Member, Request, Structure
from trinamo.model.tables import BillingMode, TableSpec

INDEX_UPDATES: Final = Member(
    "GlobalSecondaryIndexUpdates",
    List(
        Structure(
            "GlobalSecondaryIndexUpdate",
            Member(
                "Update",
                Structure("UpdateGlobalSecondaryIndexAction", INDEX_NAME, PROVISIONED, ON_DEMAND, WARM),
            ),
            Member("Create", Structure("CreateGlobalSecondaryIndexAction", *GLOBAL_INDEX)),
            Member("Delete", Structure("DeleteGlobalSecondaryIndexAction", INDEX_NAME)),
        )
    ),
)

_ACTIONS: Final = ("Update", "Create", "Delete")


def updated_units(updates: list[Request]) -> dict[str, Request]:
    """Return the ProvisionedThroughput of each index that is updated, by its name."""
    actions = (update["Update"] for update in updates if "Update" in update)
    return {
        action["IndexName"]: action["ProvisionedThroughput"]
        for action in actions
        if "ProvisionedThroughput" in action
    }


def check_declared(updates: list[Request], definitions: list[Request]) -> None:
    """Raise the error of updates that are wrong whatever the table is.

    The key attributes of a new index are defined in the request itself, even if the table has definitions of them.
    """
    if not all(any(action in update for action in _ACTIONS) for update in updates):
        listed = ", ".join(f"GlobalSecondaryIndexUpdate.{action}" for action in _ACTIONS)
        raise invalid_parameters(f"One of {listed} must not be null")
    seen: set[str] = set()
    for _, action in _actions(updates):
        if action["IndexName"] in seen:
            raise invalid_parameters(
                "Only one global secondary index update per index is allowed simultaneously."
                f" Index: {action['IndexName']}"
            )
        seen.add(action["IndexName"])
    for _, action in _actions(updates, "Create"):
        global_index(action, _types(definitions))


def check_index_updates(spec: TableSpec, request: Request, mode: BillingMode) -> None:
    """Raise the error of updates that do not go with the table."""
    updates = request.get("GlobalSecondaryIndexUpdates", [])
    existing = {index.name for index in spec.global_indexes}
    for _, action in _actions(updates, "Update"):
        if action["IndexName"] not in existing:
            raise validation(
                "This operation cannot be performed with given input values. Please contact DynamoDB service team for"
                " more info: Action Blocked: IndexUpdate"
            )
    if len(list(_actions(updates, "Create", "Delete"))) > 1:
        raise limit_exceeded(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        )
    for name, action in _actions(updates, "Create", "Delete"):
        if name == "Create":
            _check_new(spec, action, existing, _types(request.get("AttributeDefinitions", [])), mode)
        elif action["IndexName"] not in existing:
            raise ApiError(
                "ResourceNotFoundException",
                f"Requested resource not found: Index: {action['IndexName']} not found",
            )


def _check_new(
    spec: TableSpec, action: Request, existing: set[str], definitions: Definitions, mode: BillingMode
) -> None:
    names = existing.union(index.name for index in spec.local_indexes)
    if action["IndexName"] in names:
        raise invalid_parameters(f"Index already exists: {action['IndexName']}")
    check_count(len(existing) + 1)
    index = with_capacity(global_index(action, definitions), action, mode)
    check_projected_names([*spec.local_indexes, *spec.global_indexes, index])


def _actions(updates: list[Request], *kinds: str) -> Iterator[tuple[str, Request]]:
    """Yield the actions of some kinds (none named: all), each with its kind."""
    for update in updates:
        for kind in kinds or _ACTIONS:
            if kind in update:
                yield kind, update[kind]


def _types(definitions: list[Request]) -> Definitions:
    return {each["AttributeName"]: each["AttributeType"] for each in definitions}
