"""Checks of a tree's form: everything that shows without knowing the placeholders.

They are made once per text and kept with the tree. The order of kinds: reserved words, unknown functions,
misplaced functions, counts of arguments, document paths, candidates of IN, operators. Within a kind the first
in order of writing is reported.
"""

from collections.abc import Iterator
from typing import Final

from trinamo.expressions import faults
from trinamo.expressions.functions import FUNCTIONS
from trinamo.expressions.limits import CANDIDATES_MAX, OPERATORS_MAX
from trinamo.expressions.reserved import is_reserved
from trinamo.expressions.syntax import (
    And,
    Between,
    Call,
    Comparison,
    In,
    Node,
    Not,
    Or,
    Path,
    Sum,
    Tree,
    UpdateTree,
    children,
    nodes,
)

_JOINTS: Final = (And, Or, Not)


def check_form(tree: Tree) -> None:
    """Raise the first fault of form."""
    found = nodes(tree)
    _check_reserved_words(found)
    calls = [node for node in found if isinstance(node, Call)]
    if calls:
        _check_functions(tree, found, calls)
    for node in found:
        if isinstance(node, In) and len(node.candidates) > CANDIDATES_MAX:
            raise faults.too_many_candidates(len(node.candidates))
    count = sum(map(_operators, found))
    if count > OPERATORS_MAX:
        raise faults.too_many_operators(count)


def _check_reserved_words(found: list[Node]) -> None:
    for node in found:
        if isinstance(node, Path):
            for step in node.elements:
                if isinstance(step, str) and is_reserved(step):
                    raise faults.reserved_word(step)


def _check_functions(tree: Tree, found: list[Node], calls: list[Call]) -> None:
    for call in calls:
        if call.function not in FUNCTIONS:
            raise faults.unknown_function(call.function)
    language = "update" if isinstance(tree, UpdateTree) else "condition"
    for call in calls:
        if FUNCTIONS[call.function].belongs_to != language:
            raise faults.function_of_other_expressions(call.function)
    for call, place in _places(tree, found):
        if FUNCTIONS[call.function].place != place:
            raise faults.misplaced_function(call.function)
    for call in calls:
        if len(call.arguments) != FUNCTIONS[call.function].arity:
            raise faults.operand_count(call.function, len(call.arguments))
    for call in calls:
        if FUNCTIONS[call.function].takes_path and not isinstance(call.arguments[0], Path):
            raise faults.path_required(call.function)


def _places(tree: Tree, found: list[Node]) -> Iterator[tuple[Call, str]]:
    """Yield each call and whether it stands as a condition or as an operand."""
    if isinstance(tree, Call):
        yield tree, "condition"
    for node in found:
        place = "condition" if isinstance(node, _JOINTS) else "operand"
        for child in children(node):
            if isinstance(child, Call):
                yield child, place


def _operators(node: Node) -> int:
    """Return how many operators and functions a node is, its children aside."""
    match node:
        case And() | Or():
            return len(node.terms) - 1
        case Comparison() | Between() | In() | Not() | Call() | Sum():
            return 1
        case _:
            return 0
