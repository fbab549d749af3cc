"""Plans: a statement with its parameters, in terms of what exists: keys, ranges of keys, conditions, updates.

Two steps lead from a statement to what is read or written. `plan` needs the parameters alone, and makes every check that
shows without the table. The methods of a plan that take key attributes are the second step, since only a schema tells
which terms of WHERE fix a key.

    SELECT    a page: partitions and ranges of sort keys, or everything; the whole of WHERE is the filter
    INSERT    a put on the condition that there is no such item
    UPDATE    an update on the condition that there is such an item, and the rest of WHERE
    DELETE    a delete on the condition that there is no such item, or the rest of WHERE

The whole of WHERE filters what a SELECT reads, so terms that narrow its ranges need not be told from those that do not.
"""

from collections.abc import Sequence
from functools import cmp_to_key
from typing import TypeAlias

import attrs

from trinamo.expressions import ExpressionFault, KeyCondition, compile_update
from trinamo.expressions import Update as BoundUpdate
from trinamo.expressions import syntax as target
from trinamo.expressions.keyconditions import KeyTerm, key_condition
from trinamo.expressions.paths import path_operand
from trinamo.expressions.plans import update_plan
from trinamo.model.errors import validation
from trinamo.model.reading import Attributes
from trinamo.model.values import AttributeValue, Item, order
from trinamo.partiql import faults
from trinamo.partiql.limits import HASH_CANDIDATES_MAX
from trinamo.partiql.syntax import (
    Condition,
    Delete,
    Exists,
    Image,
    Insert,
    Order,
    Path,
    Select,
    Source,
    Statement,
    Update,
)
from trinamo.partiql.translation import Carried, Translator, carried, read_item
from trinamo.partiql.where import Keys, Where, checked_where


@attrs.frozen
class Reach:
    """What a SELECT reads.

    `partitions` holds for each partition value, in the order of reading, the key conditions that all must hold; None
    stands for the whole table or index. `forward` is the order within a partition.
    """

    partitions: tuple[tuple[KeyCondition, ...], ...] | None
    forward: bool


@attrs.frozen
class SelectPlan:
    source: Source
    columns: tuple[Path, ...] | None
    where: Where | None
    order: tuple[Order, ...]

    @property
    def paths(self) -> tuple[target.ResolvedPath, ...]:
        """All document paths it looks at."""
        columns = () if self.columns is None else tuple(column.elements for column in self.columns)
        return columns if self.where is None else (*self.where.condition.paths, *columns)

    def reach(self, keys: Keys) -> Reach:
        """Return what has to be read of a table or index with these keys, or raise the `ApiError` of a misfit."""
        hash_key, *sort_keys = keys
        candidates = self._hash_candidates(hash_key.name)
        descending = self._check_order(keys, candidates)
        if candidates is None or self.where is None:
            return Reach(None, True)
        values = self.where.values
        if hash_key.name in descending:
            candidates = _sorted(candidates, values, reverse=descending[hash_key.name])
        terms = self._sort_terms(sort_keys)
        partitions = [self._partition(keys, placeholder, terms) for placeholder in candidates]
        backward = any(descending.get(key.name, False) for key in sort_keys)
        return Reach(tuple(partitions), not backward)

    def _hash_candidates(self, name: str) -> list[str] | None:
        """Return the placeholders of the values that the partition key may have, each value once; None: any."""
        if self.where is None:
            return None
        for term in self.where.terms:
            found = self.where.candidates(term, name)
            if found is not None:
                if isinstance(term, target.In) and len(found) > HASH_CANDIDATES_MAX:
                    raise faults.too_many_candidates(len(found))
                return _distinct(found, self.where.values)
        return None

    def _check_order(self, keys: Keys, candidates: list[str] | None) -> dict[str, bool]:
        """Return which keys ORDER BY names, and whether descending; or raise the error of what it may not ask."""
        descending: dict[str, bool] = {}
        for each in self.order:
            name = each.path.elements[0]
            if len(each.path.elements) > 1 or all(name != key.name for key in keys):
                raise faults.order_by_other(str(name))
            descending.setdefault(str(name), each.descending)
        if descending and candidates is None:
            raise faults.order_without_hash()
        by_hash = next(iter(descending), None) == keys[0].name
        if descending and not by_hash and candidates is not None and len(candidates) > 1:
            raise faults.order_over_partitions()
        return descending

    def _sort_terms(self, sort_keys: Keys) -> list[KeyTerm]:
        assert self.where is not None, "there is a hash key condition"
        terms = [self.where.key_term(term) for term in self.where.terms]
        names = [key.name for key in sort_keys]
        return [term for term in terms if term is not None and term.attribute in names]

    def _partition(self, keys: Keys, placeholder: str, terms: Sequence[KeyTerm]) -> tuple[KeyCondition, ...]:
        assert self.where is not None, "there is a hash key condition"
        values = self.where.values
        first = KeyTerm(keys[0].name, "=", (placeholder,))
        whole = key_condition([first], values, keys[:1], keys[1:])
        return (whole, *(key_condition([first, term], values, keys[:1], keys[1:]) for term in terms))

    def fixed_key(self, keys: Keys) -> Item:
        """Return the key of the one item it looks at, or raise the error of a WHERE that does not fix it."""
        if self.where is None:
            raise faults.key_not_fixed()
        return self.where.fixed_key(keys)[0]

    def passes(self, item: Item) -> bool:
        """Whether an item meets the WHERE."""
        return self.where is None or self.where.condition.evaluate(item)

    def shown(self, item: Item) -> Item:
        """Return what of an item the SELECT shows: each path's value under its last name."""
        if self.columns is None:
            return item
        found: Item = {}
        for column in self.columns:
            value = path_operand(column.elements)(item, {})
            if value is not None:
                found[_label(column)] = value
        return found


def _distinct(candidates: list[str], values: Item) -> list[str]:
    found: list[str] = []
    for each in candidates:
        if all(values[each] != values[other] for other in found):
            found.append(each)
    return found


def _sorted(candidates: list[str], values: Item, *, reverse: bool) -> list[str]:
    def compare(one: str, other: str) -> int:
        return order(values[one], values[other]) or 0

    return sorted(candidates, key=cmp_to_key(compare), reverse=reverse)


def _label(column: Path) -> str:
    """Return the name under which a path's value is shown: its last name, and the indexes behind it."""
    start = max(at for at, step in enumerate(column.elements) if isinstance(step, str))
    return "".join(f"[{step}]" if isinstance(step, int) else step for step in column.elements[start:])


@attrs.frozen
class InsertPlan:
    """`item` holds what is wrong with its values, if anything is. `if_not_exists`: else nothing is done."""

    source: Source
    item: Attributes
    if_not_exists: bool

    def condition(self, keys: Keys) -> Carried:
        """Return the condition of the put."""
        return Carried("attribute_not_exists(#0)", {"#0": keys[0].name}, None)


@attrs.frozen
class UpdatePlan:
    source: Source
    update: BoundUpdate
    carried_update: Carried
    where: Where | None
    returning: Image | None

    def key_and_condition(self, keys: Keys) -> tuple[Item, Carried]:
        """Return the key of the item and the condition of its update, or raise the `ApiError` of a misfit."""
        if self.where is None:
            raise faults.key_not_fixed()
        key, rest = self.where.fixed_key(keys)
        exists = target.Call("attribute_exists", (self.where.placeholder_of(keys[0].name),))
        tree = target.And((exists, *rest)) if rest else exists
        return key, carried(tree, self.where.names, self.where.values)


@attrs.frozen
class DeletePlan:
    source: Source
    where: Where | None
    returning: Image | None

    def key_and_condition(self, keys: Keys) -> tuple[Item, Carried | None]:
        """Return the key of the item and the condition of its deletion, or raise the `ApiError` of a misfit."""
        if self.where is None:
            raise faults.key_not_fixed()
        key, rest = self.where.fixed_key(keys)
        if not rest:
            return key, None
        missing = target.Call("attribute_not_exists", (self.where.placeholder_of(keys[0].name),))
        tree = target.Or((missing, rest[0] if len(rest) == 1 else target.And(tuple(rest))))
        return key, carried(tree, self.where.names, self.where.values)


WritePlan: TypeAlias = InsertPlan | UpdatePlan | DeletePlan
Plan: TypeAlias = SelectPlan | WritePlan


def plan(statement: Statement, parameters: Sequence[AttributeValue]) -> Plan:
    """Return the plan of a statement, or raise the `ApiError` of what shows without its table.

    `parameters` are canonical values; they become part of the plan.
    """
    if len(parameters) != statement.parameters:
        raise faults.parameter_count()
    translator = Translator(parameters)
    match statement.body:
        case Select(columns, source, where, keys):
            if keys and where is None:
                raise faults.order_without_where()
            return SelectPlan(source, columns, _where(translator, where), keys)
        case Insert(source, item, if_not_exists):
            return InsertPlan(source, read_item(item, parameters), if_not_exists)
        case Update():
            return _update_plan(translator, statement.body)
        case Delete(source, where, returning):
            return DeletePlan(source, _where(translator, where), returning)
        case Exists():
            raise faults.exists_outside_of_transaction()


def _where(translator: Translator, tree: Condition | None) -> Where | None:
    if tree is None:
        return None
    condition = translator.condition(tree)
    translator.check_values()
    return checked_where(condition, translator.names, translator.values)


def _update_plan(translator: Translator, update: Update) -> UpdatePlan:
    tree = translator.update(update.actions)
    where = None if update.where is None else translator.condition(update.where)
    translator.check_values()
    carried_update = carried(tree, translator.names, translator.values)
    try:
        made = update_plan(carried_update.text, carried_update.names)
        made.check_values(carried_update.values or {})
    except ExpressionFault as fault:
        raise validation(fault.text) from None
    return UpdatePlan(
        update.source,
        compile_update(carried_update.text, carried_update.names, carried_update.values),
        carried_update,
        None if where is None else checked_where(where, translator.names, translator.values),
        update.returning,
    )
