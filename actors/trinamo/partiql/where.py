"""A WHERE, checked, and what its terms say about key attributes.

A term fixes or bounds a key only if AND alone joins it with the others: then no item passes that breaks it.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import attrs

from trinamo.expressions import Condition, ExpressionFault
from trinamo.expressions import syntax as target
from trinamo.expressions.keyconditions import MIRRORED, KeyTerm
from trinamo.expressions.plans import condition_plan
from trinamo.model.errors import validation
from trinamo.model.keys import KeyAttribute, SortOperator
from trinamo.model.values import Item
from trinamo.partiql import faults

Keys: TypeAlias = Sequence[KeyAttribute]  # of a table or index, the partition key first


@attrs.frozen
class Where:
    """A WHERE, checked. `terms` are what AND joins, nested ANDs opened; `condition` decides the whole."""

    terms: tuple[target.ConditionTree, ...]
    names: Mapping[str, str]
    values: Item
    condition: Condition

    def path_of(self, term: target.Operand) -> str | None:
        """Return the attribute that an operand is, None if it is none, or a part of one."""
        match term:
            case target.Path((str() as name,)):
                return self.names[name]
            case _:
                return None

    def equality(self, term: target.ConditionTree) -> tuple[str, str] | None:
        """Return the attribute and the placeholder of its value if the term is `attribute = value`."""
        match self.key_term(term):
            case KeyTerm(attribute, "=", (placeholder,)):
                return attribute, placeholder
            case _:
                return None

    def key_term(self, term: target.ConditionTree) -> KeyTerm | None:
        """Return the term as one of a key condition, if it could be one on some key attribute."""
        match term:
            case target.Comparison(
                target.Value(placeholder), "=" | "<" | "<=" | ">" | ">=" as mirrored, right
            ):
                return self._term_of(right, MIRRORED[mirrored], placeholder)
            case target.Comparison(
                left, "=" | "<" | "<=" | ">" | ">=" as operator, target.Value(placeholder)
            ):
                return self._term_of(left, cast(SortOperator, operator), placeholder)
            case target.Between(operand, target.Value(lower), target.Value(upper)):
                return self._term_of(operand, "BETWEEN", lower, upper)
            case target.Call("begins_with", (operand, target.Value(placeholder))):
                return self._term_of(operand, "begins_with", placeholder)
            case _:
                return None

    def _term_of(self, operand: target.Operand, operator: SortOperator, *placeholders: str) -> KeyTerm | None:
        attribute = self.path_of(operand)
        return None if attribute is None else KeyTerm(attribute, operator, placeholders)

    def candidates(self, term: target.ConditionTree, attribute: str) -> list[str] | None:
        """Return the placeholders of the values that a term leaves to an attribute; None if it does not bound them."""
        match term:
            case target.In(operand, operands) if self.path_of(operand) == attribute:
                values = [each.placeholder for each in operands if isinstance(each, target.Value)]
                return values if len(values) == len(operands) else None
            case target.Or(terms):
                found = [self.candidates(each, attribute) for each in terms]
                if None in found:
                    return None
                return [placeholder for each in found for placeholder in each or ()]
            case _:
                equality = self.equality(term)
                return [equality[1]] if equality is not None and equality[0] == attribute else None

    def fixed_key(self, keys: Keys) -> tuple[Item, list[target.ConditionTree]]:
        """Return the key that the terms fix, and the other terms; or raise the error of a WHERE that fixes none."""
        key: Item = {}
        rest: list[target.ConditionTree] = []
        names = {attribute.name for attribute in keys}
        for term in self.terms:
            equality = self.equality(term)
            if equality is None or equality[0] not in names or equality[0] in key:
                rest.append(term)
            else:
                key[equality[0]] = self.values[equality[1]]
        if len(key) < len(names):
            raise faults.key_not_fixed()
        return {attribute.name: key[attribute.name] for attribute in keys}, rest

    def placeholder_of(self, attribute: str) -> target.Path:
        """Return the path of an attribute that the WHERE names."""
        return next(target.Path((each,)) for each, name in self.names.items() if name == attribute)


def checked_where(tree: target.ConditionTree, names: Mapping[str, str], values: Item) -> Where:
    """Return the WHERE of a condition, or raise the error of what shows without an item."""
    try:
        made = condition_plan(target.print_tree(tree), names)
        made.check_values(values)
    except ExpressionFault as fault:
        raise validation(fault.text) from None
    return Where(_terms(tree), names, values, Condition(made, values))


def _terms(tree: target.ConditionTree) -> tuple[target.ConditionTree, ...]:
    if not isinstance(tree, target.And):
        return (tree,)
    return tuple(leaf for term in tree.terms for leaf in _terms(term))
