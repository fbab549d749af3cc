"""Conditions as functions of an item.

A tree with its names known becomes a predicate: nested functions of the item and the request's values, made once
and kept, so that evaluating looks up and compares and nothing else.

Semantics. A path that leads nowhere has no value (None). What compares no value is false, except `<>`, which is
true when one side has a value and the other none, and when types differ. NOT negates plain booleans: there is no
third truth value. `=` is deep and type-strict; `<` and its kin and BETWEEN hold only within S, N or B.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from trinamo.expressions.paths import Operand, Values, path_operand, resolve
from trinamo.expressions.syntax import (
    And,
    Between,
    Call,
    Comparison,
    ConditionTree,
    In,
    Not,
    Or,
    Path,
    Sum,
    Value,
)
from trinamo.expressions.syntax import Operand as OperandTree
from trinamo.model.values import AttributeValue, Item, equal, order, type_of

Predicate: TypeAlias = Callable[[Item, Values], bool]
Names: TypeAlias = Mapping[str, str]

_HOLDS: Final = {
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    ">": frozenset({1}),
    ">=": frozenset({1, 0}),
}
_COLLECTIONS: Final = ("L", "M", "SS", "NS", "BS")
_SETS_OF: Final = {"SS": "S", "NS": "N", "BS": "B"}


def predicate(tree: ConditionTree, names: Names) -> Predicate:
    """Return the function that decides a condition of well-formed tree."""
    match tree:
        case And():
            return _all([predicate(term, names) for term in tree.terms])
        case Or():
            return _any([predicate(term, names) for term in tree.terms])
        case Not():
            return _not(tree, names)
        case Comparison():
            return _comparison(tree, names)
        case Between():
            return _between(
                operand(tree.operand, names), operand(tree.lower, names), operand(tree.upper, names)
            )
        case In():
            return _in(
                operand(tree.operand, names), [operand(candidate, names) for candidate in tree.candidates]
            )
        case Call():
            return _call(tree, names)


def operand(tree: OperandTree, names: Names) -> Operand:
    """Return the function that finds an operand's value, None where it has none."""
    match tree:
        case Path():
            return path_operand(resolve(tree, names))
        case Value():
            placeholder = tree.placeholder
            return lambda _item, values: values[placeholder]
        case Call():
            assert tree.function == "size", "no other function is an operand of a condition"
            return _size(operand(tree.arguments[0], names))
        case Sum():
            raise AssertionError("conditions have no arithmetic")


def _all(terms: Sequence[Predicate]) -> Predicate:
    def holds(item: Item, values: Values) -> bool:
        for term in terms:  # noqa: SIM110 - all() would make a generator per evaluation
            if not term(item, values):
                return False
        return True

    return holds


def _any(terms: Sequence[Predicate]) -> Predicate:
    def holds(item: Item, values: Values) -> bool:
        for term in terms:  # noqa: SIM110 - any() would make a generator per evaluation
            if term(item, values):
                return True
        return False

    return holds


def _not(tree: Not, names: Names) -> Predicate:
    negated = True
    inner = tree.term
    while isinstance(inner, Not):
        negated = not negated
        inner = inner.term
    term = predicate(inner, names)
    return (lambda item, values: not term(item, values)) if negated else term


def _comparison(tree: Comparison, names: Names) -> Predicate:
    left, right = operand(tree.left, names), operand(tree.right, names)
    if tree.operator == "=":
        return _equal(left, right)
    if tree.operator == "<>":
        return _unequal(left, right)
    return _ordered(left, right, _HOLDS[tree.operator])


def _equal(left: Operand, right: Operand) -> Predicate:
    def holds(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        return a is not None and b is not None and equal(a, b)

    return holds


def _unequal(left: Operand, right: Operand) -> Predicate:
    def holds(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        if a is None or b is None:
            return a is not b
        return not equal(a, b)

    return holds


def _ordered(left: Operand, right: Operand, outcomes: frozenset[int]) -> Predicate:
    def holds(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        return a is not None and b is not None and order(a, b) in outcomes

    return holds


def _between(middle: Operand, lower: Operand, upper: Operand) -> Predicate:
    not_below, not_above = _ordered(middle, lower, _HOLDS[">="]), _ordered(middle, upper, _HOLDS["<="])
    return lambda item, values: not_below(item, values) and not_above(item, values)


def _in(sought: Operand, candidates: Sequence[Operand]) -> Predicate:
    return _any([_equal(sought, candidate) for candidate in candidates])


# --- functions


def _call(tree: Call, names: Names) -> Predicate:
    match tree.function, tree.arguments:
        case "attribute_exists", (Path() as path,):
            return _exists(path, names)
        case "attribute_not_exists", (Path() as path,):
            return _not_exists(path, names)
        case function, (first, second):
            return _TESTS[function](operand(first, names), operand(second, names))
    raise AssertionError(f"{tree.function} is no condition")


def _exists(path: Path, names: Names) -> Predicate:
    find = operand(path, names)
    return lambda item, values: find(item, values) is not None


def _not_exists(path: Path, names: Names) -> Predicate:
    find = operand(path, names)
    return lambda item, values: find(item, values) is None


def _test(holds: Callable[[AttributeValue, AttributeValue], bool]) -> Callable[[Operand, Operand], Predicate]:
    """Turn a function of two values into one of two operands, false if either has no value."""

    def of_operands(first: Operand, second: Operand) -> Predicate:
        def of_item(item: Item, values: Values) -> bool:
            a, b = first(item, values), second(item, values)
            return a is not None and b is not None and holds(a, b)

        return of_item

    return of_operands


def _has_type(value: AttributeValue, code: AttributeValue) -> bool:
    return type_of(value) == code.get("S")


def _begins_with(value: AttributeValue, beginning: AttributeValue) -> bool:
    code = type_of(beginning)
    if code not in ("S", "B") or code not in value:
        return False
    begins: bool = value[code].startswith(beginning[code])
    return begins


def _contains(whole: AttributeValue, part: AttributeValue) -> bool:
    [(code, content)] = whole.items()
    if code == "L":
        return any(equal(element, part) for element in content)
    part_code = type_of(part)
    if code == part_code and code in ("S", "B"):
        return part[code] in content
    return _SETS_OF.get(code) == part_code and part[part_code] in content


_TESTS: Final = {
    "attribute_type": _test(_has_type),
    "begins_with": _test(_begins_with),
    "contains": _test(_contains),
}


def _size(of: Operand) -> Operand:
    def size(item: Item, values: Values) -> AttributeValue | None:
        value = of(item, values)
        return None if value is None else size_of(value)

    return size


def size_of(value: AttributeValue) -> AttributeValue | None:
    """Return what `size` says of a value: UTF-16 code units, bytes or members; None of other types."""
    [(code, content)] = value.items()
    if code == "S":
        return {"N": str(len(content) if content.isascii() else len(content.encode("utf-16-le")) // 2)}
    if code == "B" or code in _COLLECTIONS:
        return {"N": str(len(content))}
    return None
