"""Key conditions: from the tree of a condition to one range of keys.

A key condition joins terms with AND, one term per key attribute: `=` for every partition key attribute, and for
sort key attributes, taken from the left, `=` for all but the last one named, which may have any sort operator.
So it always denotes one contiguous range. Keys have one partition key attribute and at most one sort key attribute
in tables, and up to four of each in global secondary indexes; nothing here depends on how many.

Reading is in two steps, since a request is checked against the schema only after much else: `key_terms` needs the
text and names alone, `key_condition` the schema and values.
"""

from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from trinamo.expressions import faults
from trinamo.expressions.paths import Values, resolve
from trinamo.expressions.syntax import (
    And,
    Between,
    Call,
    Comparison,
    ConditionTree,
    In,
    Node,
    Not,
    Operand,
    Or,
    Path,
    Value,
    nodes,
)
from trinamo.model.errors import invalid_parameters, validation
from trinamo.model.keys import KeyAttribute, SortOperator
from trinamo.model.limits import PARTITION_KEY_SIZE_MAX, SORT_KEY_SIZE_MAX
from trinamo.model.values import AttributeValue

MIRRORED: Final[Mapping[str, SortOperator]] = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@attrs.frozen
class KeyTerm:
    """The condition on one attribute. `placeholders` are two for BETWEEN, else one."""

    attribute: str
    operator: SortOperator
    placeholders: tuple[str, ...]


@attrs.frozen
class KeyCondition:
    """What a Query reads: a partition key, and a range of its sort keys.

    `sort_prefix` holds the values of the sort key attributes with `=` before the last one named; it is empty
    where keys have one sort key attribute. `operator` and `operands` are of the last one named; `operator` is
    None where no sort key attribute is named, which means all of them.
    """

    partition: tuple[AttributeValue, ...]
    sort_prefix: tuple[AttributeValue, ...] = ()
    operator: SortOperator | None = None
    operands: tuple[AttributeValue, ...] = ()


def key_terms(tree: ConditionTree, names: Mapping[str, str]) -> tuple[KeyTerm, ...]:
    """Return the terms of a key condition. Raises `ExpressionFault`."""
    for node in nodes(tree):
        operator = _foreign_operator(node)
        if operator is not None:
            raise faults.key_operator(operator)
    terms = tuple(_term(leaf, names) for leaf in _leaves(tree))
    if len({term.attribute for term in terms}) < len(terms):
        raise faults.key_conditioned_twice()
    return terms


def _foreign_operator(node: Node) -> str | None:
    """Return the name of an operator that no key condition has."""
    match node:
        case Or() | Not() | In():
            return type(node).__name__.upper()
        case Comparison() if node.operator == "<>":
            return "<>"
        case Call() if node.function != "begins_with":
            return node.function
        case _:
            return None


def _leaves(tree: ConditionTree) -> list[ConditionTree]:
    if not isinstance(tree, And):
        return [tree]
    return [leaf for term in tree.terms for leaf in _leaves(term)]


def _term(leaf: ConditionTree, names: Mapping[str, str]) -> KeyTerm:
    match leaf:
        case Comparison(left=Value() as value, right=Path() as path):
            return _term_of(path, MIRRORED[leaf.operator], (value,), names)
        case Comparison(left=left, right=right):
            return _term_of(left, cast(SortOperator, leaf.operator), (right,), names)
        case Between():
            return _term_of(leaf.operand, "BETWEEN", (leaf.lower, leaf.upper), names)
        case Call():
            return _term_of(leaf.arguments[0], "begins_with", leaf.arguments[1:], names)
    raise AssertionError(f"{leaf} is refused before")


def _term_of(
    operand: Operand, operator: SortOperator, operands: Sequence[Operand], names: Mapping[str, str]
) -> KeyTerm:
    if not isinstance(operand, Path):
        raise faults.key_condition_without_name()
    path = resolve(operand, names)
    name = path[0]
    assert isinstance(name, str)
    if len(path) > 1:
        raise faults.nested_key_condition()
    placeholders = tuple(other.placeholder for other in operands if isinstance(other, Value))
    if len(placeholders) < len(operands):
        raise faults.key_condition_without_value()
    return KeyTerm(name, operator, placeholders)


# --- against the schema


def key_condition(
    terms: Sequence[KeyTerm],
    values: Values,
    partition: Sequence[KeyAttribute],
    sort: Sequence[KeyAttribute] = (),
) -> KeyCondition:
    """Return what the terms mean for keys of these attributes, or raise the `ApiError` of what does not fit."""
    by_name = {term.attribute: term for term in terms}
    partition_terms = [_partition_term(by_name, attribute) for attribute in partition]
    sort_terms = _sort_terms(by_name, sort)
    if by_name:
        raise validation("Query key condition not supported")
    for attribute, term in zip(partition, partition_terms, strict=True):
        _check_operands(attribute, term, values, PARTITION_KEY_SIZE_MAX)
    for attribute, term in zip(sort, sort_terms, strict=False):
        _check_operands(attribute, term, values, SORT_KEY_SIZE_MAX)
    first = tuple([values[term.placeholders[0]] for term in partition_terms])
    if not sort_terms:
        return KeyCondition(first)
    *equal, last = sort_terms
    prefix = tuple([values[term.placeholders[0]] for term in equal])
    return KeyCondition(first, prefix, last.operator, tuple([values[name] for name in last.placeholders]))


def _partition_term(by_name: dict[str, KeyTerm], attribute: KeyAttribute) -> KeyTerm:
    """Take the term of a partition key attribute out of `by_name`."""
    term = by_name.pop(attribute.name, None)
    if term is None:
        raise _missed(attribute)
    if term.operator != "=":
        raise validation("Query key condition not supported")
    return term


def _sort_terms(by_name: dict[str, KeyTerm], sort: Sequence[KeyAttribute]) -> list[KeyTerm]:
    """Take the terms of sort key attributes out of `by_name`, from the left, without a gap."""
    taken: list[KeyTerm] = []
    for attribute in sort:
        if not by_name:
            break
        if taken and taken[-1].operator != "=":
            raise validation("Query key condition not supported")
        term = by_name.pop(attribute.name, None)
        if term is None:
            raise _missed(attribute)
        taken.append(term)
    return taken


def _missed(attribute: KeyAttribute) -> Exception:
    return validation(f"Query condition missed key schema element: {attribute.name}")


def _check_operands(attribute: KeyAttribute, term: KeyTerm, values: Values, size_max: int) -> None:
    """Raise the error of an operand of a wrong type, an empty one, or one longer than keys may be."""
    for placeholder in term.placeholders:
        content = values[placeholder].get(attribute.type)
        if content is None:
            raise invalid_parameters("Condition parameter type does not match schema type")
        if attribute.type == "N":
            continue
        if not content:
            kind = "string" if attribute.type == "S" else "binary"
            raise validation(
                "One or more parameter values are not valid. The AttributeValue for a key attribute"
                f" cannot contain an empty {kind} value. Key: {attribute.name}"
            )
        size = len(content) if attribute.type == "B" or content.isascii() else len(content.encode())
        if size > size_max:
            raise _too_long(size_max)


def _too_long(size_max: int) -> Exception:
    if size_max == PARTITION_KEY_SIZE_MAX:
        return invalid_parameters("Size of hashkey has exceeded the maximum size limit of2048 bytes")
    return invalid_parameters("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
