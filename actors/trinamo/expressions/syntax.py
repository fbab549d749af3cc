"""Syntax trees of expressions, with placeholders unresolved.

Trees hold no parentheses: nesting says it all, and printing puts back what precedence needs. So

    parse(print(tree)) == tree

for every tree of the parser. `And` and `Or` hold two or more terms; `a AND b AND c` is one node.

Precedence, high to low: comparison, BETWEEN, IN; NOT; AND; OR. In updates `+` and `-` do not chain.
"""

from typing import Literal, TypeAlias

import attrs

Comparator: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]
Section: TypeAlias = Literal["SET", "REMOVE", "ADD", "DELETE"]
ResolvedPath: TypeAlias = tuple[str | int, ...]  # names resolved, list indexes as int


@attrs.frozen
class Path:
    """`a.#b[2]` is `("a", "#b", 2)`. A bare name never begins with `#`, so that tells placeholders apart."""

    elements: tuple[str | int, ...]


@attrs.frozen
class Value:
    """`:v`, its colon included."""

    placeholder: str


@attrs.frozen
class Call:
    """A function; as a condition or as an operand."""

    function: str
    arguments: "tuple[Operand, ...]"


@attrs.frozen
class Sum:
    """`left + right` or `left - right`, in updates only."""

    left: "Operand"
    operator: Literal["+", "-"]
    right: "Operand"


Operand: TypeAlias = Path | Value | Call | Sum


@attrs.frozen
class Comparison:
    left: Operand
    operator: Comparator
    right: Operand


@attrs.frozen
class Between:
    operand: Operand
    lower: Operand
    upper: Operand


@attrs.frozen
class In:
    operand: Operand
    candidates: tuple[Operand, ...]


@attrs.frozen
class Not:
    term: "ConditionTree"


@attrs.frozen
class And:
    terms: "tuple[ConditionTree, ...]"


@attrs.frozen
class Or:
    terms: "tuple[ConditionTree, ...]"


ConditionTree: TypeAlias = Comparison | Between | In | Not | And | Or | Call


@attrs.frozen
class ProjectionTree:
    paths: tuple[Path, ...]


@attrs.frozen
class Action:
    """One action of an update's section. `operand` is None for REMOVE, a `Value` for ADD and DELETE."""

    section: Section
    path: Path
    operand: Operand | None


@attrs.frozen
class UpdateTree:
    """Actions in order of writing; those of one section stand together."""

    actions: tuple[Action, ...]


Tree: TypeAlias = ConditionTree | ProjectionTree | UpdateTree
Node: TypeAlias = Tree | Operand | Action


def children(node: Node) -> "tuple[Node, ...]":
    """Return the nodes right below a node, in order of writing."""
    match node:
        case Path() | Value():
            return ()
        case Call():
            return node.arguments
        case Comparison() | Sum():
            return node.left, node.right
        case Between():
            return node.operand, node.lower, node.upper
        case In():
            return node.operand, *node.candidates
        case Not():
            return (node.term,)
        case And() | Or():
            return node.terms
        case ProjectionTree():
            return node.paths
        case Action():
            return (node.path,) if node.operand is None else (node.path, node.operand)
        case UpdateTree():
            return node.actions


def nodes(tree: Node) -> list[Node]:
    """Return all nodes of a tree in order of writing, parents first."""
    found: list[Node] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(reversed(children(node)))
    return found


# --- printing


def print_tree(tree: Tree) -> str:
    """Return a text that parses to this tree."""
    if isinstance(tree, ProjectionTree):
        return ", ".join(map(_print_path, tree.paths))
    if isinstance(tree, UpdateTree):
        return _print_update(tree)
    return _print_condition(tree)


def print_resolved(path: ResolvedPath) -> str:
    """Return a path as the service's texts show it: `[a, [0], b]`."""
    return f"[{', '.join(f'[{step}]' if isinstance(step, int) else step for step in path)}]"


def _print_path(path: Path) -> str:
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path.elements]
    return "".join(parts)[1:]


def _print_operand(operand: Operand) -> str:
    match operand:
        case Path():
            return _print_path(operand)
        case Value():
            return operand.placeholder
        case Call():
            return f"{operand.function}({_print_operands(operand.arguments)})"
        case Sum():
            return f"{_print_addend(operand.left)} {operand.operator} {_print_addend(operand.right)}"


def _print_addend(operand: Operand) -> str:
    text = _print_operand(operand)
    return f"({text})" if isinstance(operand, Sum) else text


def _print_operands(operands: tuple[Operand, ...]) -> str:
    return ", ".join(map(_print_operand, operands))


def _print_condition(tree: ConditionTree) -> str:
    match tree:
        case Call():
            return _print_operand(tree)
        case Comparison():
            return f"{_print_operand(tree.left)} {tree.operator} {_print_operand(tree.right)}"
        case Between():
            bounds = f"{_print_operand(tree.lower)} AND {_print_operand(tree.upper)}"
            return f"{_print_operand(tree.operand)} BETWEEN {bounds}"
        case In():
            return f"{_print_operand(tree.operand)} IN ({_print_operands(tree.candidates)})"
        case Not():
            return f"NOT {_print_within(tree.term, (And, Or))}"
        case And():
            return " AND ".join(_print_within(term, (And, Or)) for term in tree.terms)
        case Or():
            return " OR ".join(_print_within(term, (Or,)) for term in tree.terms)


def _print_within(term: ConditionTree, looser: tuple[type, ...]) -> str:
    text = _print_condition(term)
    return f"({text})" if isinstance(term, looser) else text


def _print_update(tree: UpdateTree) -> str:
    sections: dict[Section, list[str]] = {}
    for action in tree.actions:
        sections.setdefault(action.section, []).append(_print_action(action))
    return " ".join(f"{section} {', '.join(actions)}" for section, actions in sections.items())


def _print_action(action: Action) -> str:
    path = _print_path(action.path)
    if action.operand is None:
        return path
    return f"{path}{' = ' if action.section == 'SET' else ' '}{_print_operand(action.operand)}"
