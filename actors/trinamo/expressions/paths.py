"""Document paths with names resolved, and trees of paths.

A resolved path is a tuple: names as `str`, list indexes as `int`, the first a name. A name is one attribute
whatever characters it has, so `#n` for `a.b` has nothing to do with the path `a.b`.

A `Branch` is a set of paths that do not overlap, merged by their beginnings:

    a.b, a.c[2], d   →   {a: {b: leaf, c: {2: leaf}}, d: leaf}

Invariants of a branch: no leaf lies on the way to another; list indexes ascend. Where `conflicts` are refused, all
steps of one branch are names or all are indexes.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from trinamo.expressions import faults
from trinamo.expressions.faults import ExpressionFault
from trinamo.expressions.syntax import Path, ResolvedPath, print_resolved
from trinamo.model.errors import invalid_parameters, validation
from trinamo.model.values import AttributeValue, Item

L = TypeVar("L")
Values: TypeAlias = Item
Operand: TypeAlias = Callable[[Item, Values], AttributeValue | None]


class Branch(dict[str | int, "Branch[L] | L"], Generic[L]):
    """Step → what lies below it."""

    __slots__ = ()


def resolve(path: Path, names: Mapping[str, str]) -> ResolvedPath:
    """Return the path with its name placeholders replaced, or raise the fault of an undefined one."""
    return tuple([_resolve_step(step, names) for step in path.elements])


def _resolve_step(step: str | int, names: Mapping[str, str]) -> str | int:
    if isinstance(step, int) or step[0] != "#":
        return step
    name = names.get(step)
    if name is None:
        raise faults.undefined_name(step)
    return name


def path_operand(path: ResolvedPath) -> Operand:
    """Return a function that looks a path up in an item: its value, or None where there is none."""
    name, *steps = path
    assert isinstance(name, str)
    if not steps:
        return lambda item, _values: item.get(name)

    def look_up(item: Item, _values: Values) -> AttributeValue | None:
        value = item.get(name)
        for step in steps:
            if value is None:
                return None
            value = child(value, step)
        return value

    return look_up


def child(value: AttributeValue, step: str | int) -> AttributeValue | None:
    """Return what a map holds by a name, or a list by an index; None in the wrong container."""
    if isinstance(step, str):
        members = value.get("M")
        return None if members is None else members.get(step)
    elements = value.get("L")
    return None if elements is None or step >= len(elements) else elements[step]


# --- trees of paths


def branch(leaves: Sequence[tuple[ResolvedPath, L]], *, longer_first: bool, conflicts: bool) -> Branch[L]:
    """Merge paths into a branch, or raise the fault of two that overlap or, if asked, conflict.

    `longer_first` is the order in which the service names two overlapping paths of an update; for a projection
    it names them in order of writing.
    """
    root: Branch[Any] = Branch()
    makers: dict[int, ResolvedPath] = {}  # id of a branch → the first path that led through it
    for path, leaf in leaves:
        node = root
        for depth, step in enumerate(path[:-1], 1):
            if conflicts:
                _check_conflict(node, step, makers, path)
            below = node.get(step)
            if below is None:
                below = node[step] = Branch()
                makers[id(below)] = path
            elif not isinstance(below, Branch):
                raise _overlap(path[:depth], path, longer_first=longer_first)
            node = below
        if conflicts:
            _check_conflict(node, path[-1], makers, path)
        if path[-1] in node:
            earlier = makers.get(id(node[path[-1]]), path)  # a leaf there is of this very path
            raise _overlap(earlier, path, longer_first=longer_first)
        node[path[-1]] = leaf
    return _in_order(root)


def _check_conflict(
    node: Branch[Any], step: str | int, makers: Mapping[int, ResolvedPath], path: ResolvedPath
) -> None:
    """Raise the fault of a name below what others index, or an index below what others name."""
    if node and isinstance(next(iter(node)), int) != isinstance(step, int):
        raise faults.conflicting_paths(print_resolved(makers[id(node)]), print_resolved(path))


def _overlap(earlier: ResolvedPath, later: ResolvedPath, *, longer_first: bool) -> ExpressionFault:
    one, two = earlier, later
    if longer_first and len(one) < len(two):
        one, two = two, one
    return faults.overlapping_paths(print_resolved(one), print_resolved(two))


def _in_order(root: Branch[Any]) -> Branch[Any]:
    """Put list indexes into ascending order, at every level."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        indexes = sorted(step for step in node if isinstance(step, int))
        for index in indexes:
            node[index] = node.pop(index)
        waiting += [below for below in node.values() if isinstance(below, Branch)]
    return root


def project_item(item: Item, root: Branch[Any]) -> Item:
    """Return what of an item the paths of a branch name, within its containing structure."""
    found: Item = {}
    for name, below in root.items():
        assert isinstance(name, str)
        value = item.get(name)
        if value is not None:
            kept = project_value(value, below) if isinstance(below, Branch) else value
            if kept is not None:
                found[name] = kept
    return found


def project_value(value: AttributeValue, node: Branch[Any]) -> AttributeValue | None:
    """Return what the branch names in a map or list, or None if there is nothing."""
    members: dict[str, AttributeValue] = {}
    elements: list[AttributeValue] = []
    for step, below in node.items():
        kept = child(value, step)
        if kept is not None and isinstance(below, Branch):
            kept = project_value(kept, below)
        if kept is not None and isinstance(step, str):
            members[step] = kept
        elif kept is not None:
            elements.append(kept)
    if members:
        return {"M": members}
    return {"L": elements} if elements else None


# --- paths and keys


def check_key_paths(
    paths: Sequence[ResolvedPath], keys: Sequence[str], index_keys: Collection[str] = ()
) -> None:
    """Raise the error of a path that looks inside a key attribute of the table, or of an index."""
    for path in paths:
        if len(path) > 1 and (path[0] in keys or path[0] in index_keys):
            kind = "Key" if path[0] in keys else "IndexKey"
            raise validation(
                "Key attributes must be scalars;"
                f" list random access '[]' and map lookup '.' are not allowed: {kind}: {path[0]}"
            )


def check_filter_paths(named: str, paths: Sequence[ResolvedPath], keys: Sequence[str]) -> None:
    """Raise the error of a Query's filter, `named` so, that looks at a key attribute of what is queried."""
    for path in paths:
        if path[0] in keys:
            raise validation(
                f"{named} can only contain non-primary key attributes: Primary key attribute: {path[0]}"
            )


def check_updated_paths(paths: Sequence[ResolvedPath], keys: Sequence[str]) -> None:
    """Raise the error of an update that targets a key attribute."""
    for path in paths:
        if path[0] in keys:
            raise invalid_parameters(f"Cannot update attribute {path[0]}. This attribute is part of the key")
