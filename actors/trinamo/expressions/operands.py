"""Checks of operands that need the values: what the service says about literals before it reads anything.

A check is a function of the values of one request. They are collected once per text and names; an expression
without literals has none.
"""

from binascii import b2a_base64
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from trinamo.expressions import faults
from trinamo.expressions.paths import Values
from trinamo.expressions.syntax import (
    Action,
    Between,
    Call,
    Comparison,
    Node,
    Operand,
    Path,
    ResolvedPath,
    Sum,
    Value,
    children,
    print_resolved,
)
from trinamo.model.values import AttributeValue, order, type_of

Check: TypeAlias = Callable[[Values], None]

_ORDERED: Final = frozenset({"S", "N", "B"})
_BEGINNINGS: Final = frozenset({"S", "B"})
_SIZED: Final = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})
_STRING: Final = frozenset({"S"})
_NUMBER: Final = frozenset({"N"})
_LIST: Final = frozenset({"L"})
_SETS: Final = frozenset({"SS", "NS", "BS"})
_ADDENDS: Final = _SETS | _NUMBER
_RESULTS: Final = {"size": "N", "list_append": "L"}  # functions whose result has always one type

_ATTRIBUTE_TYPES: Final = frozenset({"B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"})
_LONG_NAMES: Final = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
}
_DISTINCT_CALLS: Final = frozenset({"contains", "begins_with"})


def value_checks(found: Sequence[Node]) -> tuple[Check, ...]:
    """Return the checks of a tree's nodes, in order of writing."""
    return tuple(check for node in found for check in _checks_of(node))


def values_of(found: Sequence[Node]) -> tuple[str, ...]:
    """Return the value placeholders of a tree's nodes, in order of writing."""
    return tuple(dict.fromkeys(node.placeholder for node in found if isinstance(node, Value)))


def names_of(found: Sequence[Node]) -> frozenset[str]:
    """Return the name placeholders of a tree's nodes."""
    return frozenset(
        step
        for node in found
        if isinstance(node, Path)
        for step in node.elements
        if isinstance(step, str) and step[0] == "#"
    )


def check_distinct(found: Sequence[Node], paths: dict[Path, ResolvedPath]) -> None:
    """Raise the fault of an operator whose first operand, a path, is given again among the others."""
    for node in found:
        operator: str
        match node:
            case Comparison():
                operator = node.operator
            case Between():
                operator = "BETWEEN"
            case Call() if node.function in _DISTINCT_CALLS:
                operator = node.function
            case _:
                continue
        first, *others = children(node)
        if isinstance(first, Path):
            path = paths[first]
            if any(isinstance(other, Path) and paths[other] == path for other in others):
                raise faults.indistinct_operands(operator, print_resolved(path))


def _checks_of(node: Node) -> list[Check]:
    match node:
        case Comparison() if node.operator not in ("=", "<>"):
            return _types(node.operator, (node.left, node.right), _ORDERED)
        case Between():
            checks = _types("BETWEEN", (node.operand, node.lower, node.upper), _ORDERED)
            return [*checks, *_bounds(node.lower, node.upper)]
        case Call():
            return _checks_of_call(node)
        case Sum():
            return _types(node.operator, (node.left, node.right), _NUMBER)
        case Action() if node.section in ("ADD", "DELETE"):
            return [_section_type(node)]
        case _:
            return []


def _checks_of_call(call: Call) -> list[Check]:
    match call.function:
        case "size":
            return _types("size", call.arguments, _SIZED)
        case "begins_with":
            return _types("begins_with", call.arguments, _BEGINNINGS)
        case "list_append":
            return _types("list_append", call.arguments, _LIST)
        case "attribute_type":
            code = call.arguments[1]
            return [*_types("attribute_type", (code,), _STRING), *_attribute_type(code)]
        case _:
            return []


def _types(operator: str, operands: Sequence[Operand], admitted: frozenset[str]) -> list[Check]:
    """Return checks that operands whose type shows in the text have an admitted one."""
    return [_type(operator, operand, admitted) for operand in operands if _type_shows(operand)]


def _type_shows(operand: Operand) -> bool:
    return isinstance(operand, Value | Sum) or (isinstance(operand, Call) and operand.function in _RESULTS)


def _type(operator: str, operand: Operand, admitted: frozenset[str]) -> Check:
    def check(values: Values) -> None:
        code = _static_type(operand, values)
        if code not in admitted:
            raise faults.operand_type(operator, code)

    return check


def _static_type(operand: Operand, values: Values) -> str:
    if isinstance(operand, Value):
        return type_of(values[operand.placeholder])
    return _RESULTS[operand.function] if isinstance(operand, Call) else "N"


def _attribute_type(operand: Operand) -> list[Check]:
    if not isinstance(operand, Value):
        return []

    def check(values: Values) -> None:
        code = values[operand.placeholder]["S"]
        if code not in _ATTRIBUTE_TYPES:
            raise faults.unknown_attribute_type(code)

    return [check]


def _bounds(lower: Operand, upper: Operand) -> list[Check]:
    if not isinstance(lower, Value) or not isinstance(upper, Value):
        return []

    def check(values: Values) -> None:
        low, high = values[lower.placeholder], values[upper.placeholder]
        found = order(low, high)
        if found is None:
            raise faults.bounds_of_different_types(_literal(low), _literal(high))
        if found > 0:
            raise faults.bounds_out_of_order(_literal(low), _literal(high))

    return [check]


def _literal(value: AttributeValue) -> str:
    [(code, content)] = value.items()
    shown = b2a_base64(content, newline=False).decode() if code == "B" else content
    return f"{{{code}:{shown}}}"


def _section_type(action: Action) -> Check:
    operand = action.operand
    assert isinstance(operand, Value)
    admitted = _ADDENDS if action.section == "ADD" else _SETS

    def check(values: Values) -> None:
        code = type_of(values[operand.placeholder])
        if code not in admitted:
            raise faults.section_operand_type(action.section, _LONG_NAMES[code])

    return check
