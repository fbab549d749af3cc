"""Updates as functions of an item.

All right-hand sides read the old item, and are evaluated first, in order of writing. Then the effects are applied.
Since the paths of an update neither overlap nor conflict, they form one tree, and every container on the way is
copied once: old and new item share what did not change, and neither is ever changed in place.

List indexes mean positions in the old list. Elements removed close up, and indexes behind the end append in
ascending order.

A missing item is created with its key by an update that sets or adds, and by one without any action; by one that
only removes, never.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from trinamo.expressions import faults
from trinamo.expressions.conditions import operand as path_or_value
from trinamo.expressions.paths import Branch, Values, branch, project_item, resolve
from trinamo.expressions.syntax import (
    Action,
    Call,
    Operand,
    Path,
    ResolvedPath,
    Sum,
    UpdateTree,
    Value,
    nodes,
)
from trinamo.model.errors import ApiError, validation
from trinamo.model.limits import NESTING_LEVELS_MAX
from trinamo.model.numbers import NumberFault, add, subtract
from trinamo.model.values import TOO_DEEP, AttributeValue, Item, type_of

Right: TypeAlias = Callable[[Item, Values], AttributeValue]
Effect: TypeAlias = Callable[[AttributeValue | None, Sequence[AttributeValue]], AttributeValue | None]
Names: TypeAlias = Mapping[str, str]

_SETS: Final = frozenset({"SS", "NS", "BS"})

# DynamoDB, observed: what an UpdateItem is charged for its own text, towards the limit of item size.
_COST: Final = 3
_COST_WRITTEN: Final = 19  # of an action of SET or ADD
_COST_REMOVED: Final = 2  # of an action of REMOVE or DELETE
_COST_INDEXED: Final = 1  # of a SET to a list index, besides
_COST_ARITHMETIC: Final = 50  # of a SET with `+` or `-`, besides


@attrs.frozen
class Updated:
    """What an update makes of an item.

    `item` is None if there was none and none was created. `touched` holds the values written by SET, ADD and
    DELETE within their containing structure: what UPDATED_NEW returns; empty if none exists afterwards.
    """

    item: Item | None
    touched: Item


@attrs.frozen
class UpdatePlan:
    """An update with its names known; values come with each request. Made by `update_plan`."""

    paths: tuple[ResolvedPath, ...]
    cost: int
    _creates: bool
    _rights: tuple[Right | None, ...]
    _effects: Branch[Effect]

    def apply(self, item: Item | None, key: Item, values: Values) -> Updated:
        """Apply the update to the stored item, or to nothing. Raises the `ApiError` of what it meets there."""
        before: Item = {} if item is None else item
        operands = [_NOTHING if right is None else right(before, values) for right in self._rights]
        after, touched = _apply_to_map(key if item is None else item, self._effects, operands)
        if item is None and not self._creates:
            return Updated(None, {})
        return Updated(after, touched)

    def touched_of(self, item: Item) -> Item:
        """Return what of an item the update's paths name: of the old item, what UPDATED_OLD returns."""
        return project_item(item, self._effects)

    def size_to_limit(self, size: int, key_size: int) -> int:
        """Return what UpdateItem compares with the limit of item size; `size` is that of the new item."""
        return max(size, size - key_size + self.cost)


_NOTHING: Final[AttributeValue] = {}  # stands for the operand of a REMOVE


def update_plan(tree: UpdateTree, names: Names) -> UpdatePlan:
    """Return the plan of a well-formed update. Raises the fault of paths that overlap or conflict."""
    paths = tuple(resolve(action.path, names) for action in tree.actions)
    effects = [_effect(action, at, len(paths[at])) for at, action in enumerate(tree.actions)]
    return UpdatePlan(
        paths=paths,
        cost=_COST + sum(map(_cost, tree.actions)),
        creates=not tree.actions or any(action.section in ("SET", "ADD") for action in tree.actions),
        rights=tuple(
            None if action.operand is None else _right(action.operand, names) for action in tree.actions
        ),
        effects=branch(list(zip(paths, effects, strict=True)), longer_first=True, conflicts=True),
    )


def _cost(action: Action) -> int:
    if action.section in ("REMOVE", "DELETE"):
        return _COST_REMOVED
    if action.section == "ADD":
        return _COST_WRITTEN
    indexed = isinstance(action.path.elements[-1], int)
    arithmetic = any(isinstance(node, Sum) for node in nodes(action))
    return _COST_WRITTEN + indexed * _COST_INDEXED + arithmetic * _COST_ARITHMETIC


# --- right-hand sides


def _right(tree: Operand, names: Names) -> Right:
    match tree:
        case Path():
            return _existing(tree, names)
        case Value():
            placeholder = tree.placeholder
            return lambda _item, values: values[placeholder]
        case Sum():
            return _sum(tree, names)
        case Call(function="if_not_exists", arguments=(path, otherwise)):
            return _if_not_exists(path, otherwise, names)
        case Call(arguments=(first, second)):
            return _list_append(_right(first, names), _right(second, names))
    raise AssertionError(f"{tree} is refused before")


def _existing(path: Path, names: Names) -> Right:
    find = path_or_value(path, names)

    def right(item: Item, values: Values) -> AttributeValue:
        value = find(item, values)
        if value is None:
            raise validation(faults.NO_SUCH_ATTRIBUTE)
        return value

    return right


def _if_not_exists(path: Operand, otherwise: Operand, names: Names) -> Right:
    find, default = path_or_value(path, names), _right(otherwise, names)

    def right(item: Item, values: Values) -> AttributeValue:
        value = find(item, values)
        return default(item, values) if value is None else value

    return right


def _list_append(first: Right, second: Right) -> Right:
    def right(item: Item, values: Values) -> AttributeValue:
        a, b = first(item, values).get("L"), second(item, values).get("L")
        if a is None or b is None:
            raise validation(faults.INCORRECT_OPERAND)
        return {"L": [*a, *b]}

    return right


def _sum(tree: Sum, names: Names) -> Right:
    left, right_ = _right(tree.left, names), _right(tree.right, names)
    combine = add if tree.operator == "+" else subtract

    def right(item: Item, values: Values) -> AttributeValue:
        a, b = left(item, values).get("N"), right_(item, values).get("N")
        if a is None or b is None:
            raise validation(faults.INCORRECT_OPERAND)
        return _number(combine, a, b)

    return right


def _number(combine: Callable[[str, str], str], a: str, b: str) -> AttributeValue:
    try:
        return {"N": combine(a, b)}
    except NumberFault as fault:
        raise validation(str(fault)) from None


# --- effects: from the old value at a path (or None) to the new one (or None)


def _effect(action: Action, at: int, depth: int) -> Effect:
    """Return the effect of an action whose evaluated operand is the one at `at`."""
    match action.section:
        case "SET" if depth == 1:
            return lambda _old, operands: operands[at]
        case "SET":
            return lambda _old, operands: _shallow_enough(operands[at], NESTING_LEVELS_MAX + 1 - depth)
        case "REMOVE":
            return lambda _old, _operands: None
        case "ADD":
            return lambda old, operands: _added(old, operands[at])
        case "DELETE":
            return lambda old, operands: _subtracted(old, operands[at])


def _shallow_enough(value: AttributeValue, levels: int) -> AttributeValue:
    """Return the value if it has at most so many levels."""
    if _deeper_than(value, levels):
        raise validation(TOO_DEEP)
    return value


def _deeper_than(value: AttributeValue, levels: int) -> bool:
    if levels <= 0:
        return True
    inner = value.get("L") or value.get("M", {}).values()
    return any(_deeper_than(element, levels - 1) for element in inner)


def _added(old: AttributeValue | None, operand: AttributeValue) -> AttributeValue:
    if old is None:
        return operand
    code = type_of(operand)
    if code not in old:
        raise validation(faults.INCORRECT_OPERAND)
    if code == "N":
        return _number(add, old["N"], operand["N"])
    members = old[code]
    present = set(members)
    return {code: [*members, *(member for member in operand[code] if member not in present)]}


def _subtracted(old: AttributeValue | None, operand: AttributeValue) -> AttributeValue | None:
    if old is None:
        return None
    code = type_of(operand)
    if code not in old:
        raise validation(faults.INCORRECT_OPERAND)
    gone = set(operand[code])
    left = [member for member in old[code] if member not in gone]
    return {code: left} if left else None


# --- applying; each returns the new container's content and what of it was touched


def _apply_to_map(
    old: Mapping[str, AttributeValue], effects: Branch[Effect], operands: Sequence[AttributeValue]
) -> tuple[Item, Item]:
    new = dict(old)
    touched: Item = {}
    for name, below in effects.items():
        assert isinstance(name, str)
        value = old.get(name)
        if isinstance(below, Branch):
            new[name], inner = _apply_below(value, below, operands)
            if inner is not None:
                touched[name] = inner
            continue
        changed = below(value, operands)
        if changed is None:
            new.pop(name, None)
        else:
            new[name] = touched[name] = changed
    return new, touched


def _apply_below(
    value: AttributeValue | None, effects: Branch[Effect], operands: Sequence[AttributeValue]
) -> tuple[AttributeValue, AttributeValue | None]:
    """Apply effects inside a value, which must be the container that the paths need."""
    code = "L" if isinstance(next(iter(effects)), int) else "M"
    content = None if value is None else value.get(code)
    if content is None:
        raise _invalid_path()
    apply = _apply_to_list if code == "L" else _apply_to_map
    new, touched = apply(content, effects, operands)
    return {code: new}, {code: touched} if touched else None


def _apply_to_list(
    old: Sequence[AttributeValue], effects: Branch[Effect], operands: Sequence[AttributeValue]
) -> tuple[list[AttributeValue], list[AttributeValue]]:
    new: list[AttributeValue | None] = list(old)
    touched: list[AttributeValue] = []
    for index, below in effects.items():  # ascending
        assert isinstance(index, int)
        value = old[index] if index < len(old) else None
        changed: AttributeValue | None
        if isinstance(below, Branch):
            changed, inner = _apply_below(value, below, operands)
        else:
            changed = inner = below(value, operands)
        if inner is not None:
            touched.append(inner)
        if index < len(old):
            new[index] = changed
        elif changed is not None:
            new.append(changed)
    return [element for element in new if element is not None], touched


def _invalid_path() -> ApiError:
    return validation(faults.INVALID_DOCUMENT_PATH)
