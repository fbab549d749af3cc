"""Plans: expressions compiled as far as text and names allow, and kept.

Three steps lead from a text to something that runs, each kept by what it depends on:

    text            → tree, checked in form                 parse_condition, parse_projection, parse_update
    text and names  → plan: names resolved, functions made  condition_plan, projection_plan, update_plan, key_plan
    plan and values → a condition, an update                `Plan.check_values`: literals checked, nothing built

A gateway takes all steps. A replica gets text, names and values of an expression that some gateway has checked, and
takes the same steps without the checks of values; usually both find the plan made.

Failures are not kept, nor plans of very long names. Values are whole attribute values by placeholder, `:` included.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Generic, TypeAlias, TypeVar

import attrs

from trinamo.expressions import conditions, faults, updates
from trinamo.expressions.form import check_form
from trinamo.expressions.keyconditions import KeyTerm, key_terms
from trinamo.expressions.limits import NAMES_SIZE_KEPT, TEXTS_KEPT
from trinamo.expressions.operands import Check, check_distinct, names_of, value_checks, values_of
from trinamo.expressions.parser import parse_condition_text, parse_projection_text, parse_update_text
from trinamo.expressions.paths import Branch, Values, branch, project_item, resolve
from trinamo.expressions.syntax import (
    ConditionTree,
    Path,
    ProjectionTree,
    ResolvedPath,
    Tree,
    UpdateTree,
    nodes,
)
from trinamo.expressions.updates import Updated, UpdatePlan
from trinamo.model.values import Item

Names: TypeAlias = Mapping[str, str]
Core = TypeVar("Core")
_NO_ITEM: Item = {}


@attrs.frozen
class Plan(Generic[Core]):
    """What runs (`core`), what it was made of, and what requests are checked against.

    `names` and `values` are the placeholders that the text uses, `paths` all its document paths, resolved. A plan
    made of the same `text` and `given_names` elsewhere does the same.
    """

    core: Core
    text: str
    given_names: Names
    paths: tuple[ResolvedPath, ...]
    names: frozenset[str]
    values: frozenset[str]
    checks: tuple[Check, ...]
    _values_in_order: tuple[str, ...]

    def check_values(self, values: Values) -> None:
        """Raise the fault of an undefined value, or of a literal that its operator does not take."""
        for placeholder in self._values_in_order:
            if placeholder not in values:
                raise faults.undefined_value(placeholder)
        for check in self.checks:
            check(values)


@attrs.frozen
class Condition:
    """A condition or filter, ready to evaluate."""

    plan: Plan[conditions.Predicate]
    values: Values

    @property
    def paths(self) -> tuple[ResolvedPath, ...]:
        """All document paths it looks at."""
        return self.plan.paths

    def evaluate(self, item: Item | None) -> bool:
        """Whether the stored item, or its absence, meets the condition."""
        return self.plan.core(_NO_ITEM if item is None else item, self.values)


@attrs.frozen
class KeyTerms:
    """A Query's key condition, to be held against a schema."""

    plan: Plan[tuple[KeyTerm, ...]]
    values: Values


@attrs.frozen
class Projection:
    """A choice of attributes and of their parts."""

    plan: Plan[Branch[bool]]

    @property
    def paths(self) -> tuple[ResolvedPath, ...]:
        """The document paths it names."""
        return self.plan.paths

    def apply(self, item: Item) -> Item:
        """Return what the projection names of an item, sharing its values; perhaps nothing."""
        return project_item(item, self.plan.core)


@attrs.frozen
class Update:
    """An update, ready to apply."""

    plan: Plan[UpdatePlan]
    values: Values

    @property
    def targets(self) -> tuple[ResolvedPath, ...]:
        """The document paths it writes or removes; `plan.paths` has those it reads as well."""
        return self.plan.core.paths

    def apply(self, item: Item | None, key: Item) -> Updated:
        """Apply to the stored item, or to nothing under `key`. Raises the `ApiError` of what it meets there."""
        return self.plan.core.apply(item, key, self.values)

    def touched_of(self, item: Item) -> Item:
        """Return what UPDATED_OLD returns of the old item."""
        return self.plan.core.touched_of(item)

    def size_to_limit(self, size: int, key_size: int) -> int:
        """Return what UpdateItem compares with the limit of item size."""
        return self.plan.core.size_to_limit(size, key_size)


# --- from text to tree


@lru_cache(TEXTS_KEPT)
def parse_condition(text: str) -> ConditionTree:
    """Return the tree of a condition, filter or key condition. Raises `ExpressionFault`."""
    return _formed(parse_condition_text(text))


@lru_cache(TEXTS_KEPT)
def parse_projection(text: str) -> ProjectionTree:
    """Return the tree of a projection. Raises `ExpressionFault`."""
    return _formed(parse_projection_text(text))


@lru_cache(TEXTS_KEPT)
def parse_update(text: str) -> UpdateTree:
    """Return the tree of an update. Raises `ExpressionFault`."""
    return _formed(parse_update_text(text))


_T = TypeVar("_T", ConditionTree, ProjectionTree, UpdateTree)


def _formed(tree: _T) -> _T:
    check_form(tree)
    return tree


# --- from tree to plan


Pairs: TypeAlias = tuple[tuple[str, str], ...]


def _keeping(make: Callable[[str, Pairs], Plan[Core]]) -> Callable[[str, Names | None], Plan[Core]]:
    """Keep the plans that a function makes, except where names are long enough to be a burden."""
    kept = lru_cache(TEXTS_KEPT)(make)

    def plan(text: str, names: Names | None) -> Plan[Core]:
        if not names:
            return kept(text, ())
        pairs = tuple(names.items())
        if sum(map(len, names.values())) > NAMES_SIZE_KEPT:
            return make(text, pairs)
        return kept(text, pairs)

    return plan


@_keeping
def condition_plan(text: str, names: Pairs) -> Plan[conditions.Predicate]:
    """Return the plan of a condition or filter. Raises `ExpressionFault`."""
    return _plan(text, parse_condition(text), dict(names), conditions.predicate)


@_keeping
def key_plan(text: str, names: Pairs) -> Plan[tuple[KeyTerm, ...]]:
    """Return the plan of a key condition. Raises `ExpressionFault`."""
    return _plan(text, parse_condition(text), dict(names), key_terms)


@_keeping
def projection_plan(text: str, names: Pairs) -> Plan[Branch[bool]]:
    """Return the plan of a projection. Raises `ExpressionFault`."""
    return _plan(text, parse_projection(text), dict(names), _projection_core)


@_keeping
def update_plan(text: str, names: Pairs) -> Plan[UpdatePlan]:
    """Return the plan of an update; the empty text is the update without any action. Raises `ExpressionFault`."""
    tree = parse_update(text) if text else UpdateTree(())
    return _plan(text, tree, dict(names), updates.update_plan)


def _projection_core(tree: ProjectionTree, names: Names) -> Branch[bool]:
    leaves = [(resolve(path, names), True) for path in tree.paths]
    return branch(leaves, longer_first=False, conflicts=False)


_Tree = TypeVar("_Tree", bound=Tree)


def _plan(text: str, tree: _Tree, names: Names, make: Callable[[_Tree, Names], Core]) -> Plan[Core]:
    found = nodes(tree)
    paths = {node: resolve(node, names) for node in found if isinstance(node, Path)}
    check_distinct(found, paths)
    values = values_of(found)
    return Plan(
        core=make(tree, names),
        text=text,
        given_names=names,
        paths=tuple(paths.values()),
        names=names_of(found),
        values=frozenset(values),
        checks=value_checks(found),
        values_in_order=values,
    )


# --- for replicas: expressions that a gateway has checked


def compile_condition(text: str, names: Names | None, values: Values | None) -> Callable[[Item | None], bool]:
    """Return the function that decides a checked condition or filter for an item or its absence."""
    decide = condition_plan(text, names).core
    bound: Values = values or {}
    return lambda item: decide(_NO_ITEM if item is None else item, bound)


def compile_update(text: str | None, names: Names | None, values: Values | None) -> Update:
    """Return a checked update; no text is the update without any action."""
    return Update(update_plan(text or "", names), values or {})


def compile_projection(text: str, names: Names | None) -> Projection:
    """Return a checked projection."""
    return Projection(projection_plan(text, names))
