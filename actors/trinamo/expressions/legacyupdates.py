"""Legacy updates: AttributeUpdates as a syntax tree.

An entry says what happens to one top-level attribute, by its Action (PUT if it says none) and Value:

    PUT v                     SET a = v
    DELETE                    REMOVE a
    DELETE v, v a set         DELETE a v
    ADD v, v a number or set  ADD a v
    ADD v, v a list           SET a = list_append(if_not_exists(a, []), v)
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from trinamo.expressions.placeholders import Placeholders
from trinamo.expressions.syntax import Action, Call, Operand, Path, UpdateTree
from trinamo.model.errors import INVALID_PARAMETERS, ApiError, request_fault
from trinamo.model.limits import ATTRIBUTE_NAME_SIZE_MAX
from trinamo.model.reading import EMPTY_NAME, LONG_NAME
from trinamo.model.values import AttributeValue, type_of

Entry: TypeAlias = Mapping[str, Any]
"""The members of one attribute's update; the value is canonical."""

_SETS: Final = frozenset({"SS", "NS", "BS"})
_ADDENDS: Final = _SETS | {"N", "L"}
_NO_ELEMENTS: Final[AttributeValue] = {"L": []}


def update_tree(updates: Mapping[str, Entry], placeholders: Placeholders) -> UpdateTree:
    """Return what AttributeUpdates does, or raise the `ApiError` of what is wrong with it."""
    for attribute, entry in updates.items():
        _check(attribute, entry)
    actions = [_action(attribute, entry, placeholders) for attribute, entry in updates.items()]
    return UpdateTree(tuple(_by_section(actions)))


def _check(attribute: str, entry: Entry) -> None:
    if not attribute or len(attribute.encode()) > ATTRIBUTE_NAME_SIZE_MAX:
        raise request_fault(LONG_NAME if attribute else EMPTY_NAME)
    action, value = entry.get("Action", "PUT"), entry.get("Value")
    if value is None:
        if action != "DELETE":
            raise _misfit("Only DELETE action is allowed when no attribute value is specified")
        return
    code = type_of(value)
    if action == "DELETE" and code not in _SETS:
        raise _misfit(f"DELETE action with value is not supported for the type {code}")
    if action == "ADD" and code not in _ADDENDS:
        raise _misfit(f"ADD action is not supported for the type {code}")


def _misfit(text: str) -> ApiError:
    return request_fault(INVALID_PARAMETERS + text)


def _action(attribute: str, entry: Entry, placeholders: Placeholders) -> Action:
    path = placeholders.path(attribute)
    value = entry.get("Value")
    if value is None:
        return Action("REMOVE", path, None)
    match entry.get("Action", "PUT"):
        case "DELETE":
            return Action("DELETE", path, placeholders.value(value))
        case "ADD" if "L" in value:
            return Action("SET", path, _appended(path, value, placeholders))
        case "ADD":
            return Action("ADD", path, placeholders.value(value))
        case _:
            return Action("SET", path, placeholders.value(value))


def _appended(path: Path, value: AttributeValue, placeholders: Placeholders) -> Operand:
    old = Call("if_not_exists", (path, placeholders.value(_NO_ELEMENTS)))
    return Call("list_append", (old, placeholders.value(value)))


def _by_section(actions: list[Action]) -> Iterator[Action]:
    """Yield the actions with those of one section together, as they stand in a text."""
    for section in dict.fromkeys(action.section for action in actions):
        yield from (action for action in actions if action.section == section)
