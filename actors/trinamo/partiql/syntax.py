"""Syntax trees of statements, with parameters unresolved.

Trees hold no parentheses and no positions: nesting says it all, and printing puts back what precedence needs. So

    parse(print(statement)) == statement

for every statement of the parser. `And` and `Or` hold two or more terms. Numbers are canonical. `NOT IN` and
`NOT BETWEEN` are `Not` of the rest.

Precedence, high to low: `+` and `-` (in SET only); comparison, BETWEEN, IN, IS; NOT; AND; OR.
"""

from typing import Literal, TypeAlias

import attrs

Comparator: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]
Image: TypeAlias = Literal["ALL OLD", "MODIFIED OLD", "ALL NEW", "MODIFIED NEW"]


@attrs.frozen
class Scalar:
    """A string, number, boolean or null: `code` is S, N, BOOL or NULL."""

    code: str
    content: str | bool


@attrs.frozen
class Parameter:
    """`?`, the one at this position of the statement, counted from 0."""

    position: int


@attrs.frozen
class ListValue:
    elements: "tuple[Value, ...]"


@attrs.frozen
class MapValue:
    entries: "tuple[tuple[str, Value], ...]"


@attrs.frozen
class SetValue:
    members: "tuple[Value, ...]"


Value: TypeAlias = Scalar | Parameter | ListValue | MapValue | SetValue


@attrs.frozen
class Path:
    """`a.b[2]` is `("a", "b", 2)`."""

    elements: tuple[str | int, ...]


@attrs.frozen
class Call:
    """A function, its name in lower case; as a condition or as an operand."""

    function: str
    arguments: "tuple[Operand, ...]"


@attrs.frozen
class Sum:
    """`left + right` or `left - right`, in SET only."""

    left: "Operand"
    operator: Literal["+", "-"]
    right: "Operand"


Operand: TypeAlias = Value | Path | Call | Sum


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
class Is:
    """`path IS MISSING` or `path IS NULL`; `IS NOT` is the `Not` of it."""

    path: Path
    what: Literal["MISSING", "NULL"]


@attrs.frozen
class Not:
    term: "Condition"


@attrs.frozen
class And:
    terms: "tuple[Condition, ...]"


@attrs.frozen
class Or:
    terms: "tuple[Condition, ...]"


Condition: TypeAlias = Comparison | Between | In | Is | Not | And | Or | Call


@attrs.frozen
class Source:
    """What a statement reads or writes."""

    table: str
    index: str | None = None


@attrs.frozen
class Order:
    path: Path
    descending: bool = False


@attrs.frozen
class Select:
    """`columns` is None for `*`."""

    columns: tuple[Path, ...] | None
    source: Source
    where: Condition | None = None
    order: tuple[Order, ...] = ()


@attrs.frozen
class Insert:
    source: Source
    item: MapValue | Parameter
    if_not_exists: bool = False


@attrs.frozen
class Action:
    """`SET path = operand`, or `REMOVE path` if there is no operand."""

    path: Path
    operand: Operand | None


@attrs.frozen
class Update:
    source: Source
    actions: tuple[Action, ...]
    where: Condition | None = None
    returning: Image | None = None


@attrs.frozen
class Delete:
    source: Source
    where: Condition | None = None
    returning: Image | None = None


@attrs.frozen
class Exists:
    """A condition on an item; a member of a transaction only."""

    select: Select


Body: TypeAlias = Select | Insert | Update | Delete | Exists


@attrs.frozen
class Statement:
    """A parsed statement, and how many parameters it has."""

    body: Body
    parameters: int


# --- printing


def print_statement(statement: Statement) -> str:
    """Return a text that parses to this statement."""
    match statement.body:
        case Select():
            return _print_select(statement.body)
        case Exists(select):
            return f"EXISTS({_print_select(select)})"
        case Insert(source, item, if_not_exists):
            tail = " IF NOT EXISTS" if if_not_exists else ""
            return f"INSERT INTO {_print_source(source)} VALUE {_print_value(item)}{tail}"
        case Update(source, actions, where, returning):
            changes = " ".join(map(_print_action, actions))
            return f"UPDATE {_print_source(source)} {changes}{_print_tail(where, returning)}"
        case Delete(source, where, returning):
            return f"DELETE FROM {_print_source(source)}{_print_tail(where, returning)}"


def _print_select(select: Select) -> str:
    columns = "*" if select.columns is None else ", ".join(map(_print_path, select.columns))
    text = f"SELECT {columns} FROM {_print_source(select.source)}{_print_tail(select.where, None)}"
    if not select.order:
        return text
    keys = (_print_path(key.path) + (" DESC" if key.descending else "") for key in select.order)
    return f"{text} ORDER BY {', '.join(keys)}"


def _print_source(source: Source) -> str:
    index = "" if source.index is None else f".{_quoted(source.index)}"
    return _quoted(source.table) + index


def _print_tail(where: Condition | None, returning: Image | None) -> str:
    text = "" if where is None else f" WHERE {_print_condition(where)}"
    return text if returning is None else f"{text} RETURNING {returning} *"


def _print_action(action: Action) -> str:
    path = _print_path(action.path)
    return f"REMOVE {path}" if action.operand is None else f"SET {path} = {_print_operand(action.operand)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _string(content: str) -> str:
    return "'" + content.replace("'", "''") + "'"


def _print_path(path: Path) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{_quoted(step)}" for step in path.elements)
    return "".join(parts)[1:]


def _print_value(value: Value) -> str:
    match value:
        case Parameter():
            return "?"
        case Scalar("S", str() as content):
            return _string(content)
        case Scalar("N", str() as content):
            return content
        case Scalar(code, content):
            return "NULL" if code == "NULL" else str(content).upper()
        case ListValue(elements):
            return f"[{', '.join(map(_print_value, elements))}]"
        case SetValue(members):
            return f"<<{', '.join(map(_print_value, members))}>>"
        case MapValue(entries):
            inner = (f"{_string(name)}: {_print_value(entry)}" for name, entry in entries)
            return f"{{{', '.join(inner)}}}"


def _print_operand(operand: Operand) -> str:
    match operand:
        case Path():
            return _print_path(operand)
        case Call(function, arguments):
            return f"{function}({', '.join(map(_print_operand, arguments))})"
        case Sum(left, operator, right):
            last = _print_operand(right)
            return f"{_print_operand(left)} {operator} {f'({last})' if isinstance(right, Sum) else last}"
        case _:
            return _print_value(operand)


def _print_condition(tree: Condition) -> str:
    match tree:
        case Call():
            return _print_operand(tree)
        case Comparison(left, operator, right):
            return f"{_print_operand(left)} {operator} {_print_operand(right)}"
        case Between(operand, lower, upper):
            return f"{_print_operand(operand)} BETWEEN {_print_operand(lower)} AND {_print_operand(upper)}"
        case In(operand, candidates):
            return f"{_print_operand(operand)} IN [{', '.join(map(_print_operand, candidates))}]"
        case Is(path, what):
            return f"{_print_path(path)} IS {what}"
        case Not(term):
            return f"NOT {_print_within(term, (And, Or))}"
        case And(terms):
            return " AND ".join(_print_within(term, (And, Or)) for term in terms)
        case Or(terms):
            return " OR ".join(_print_within(term, (Or,)) for term in terms)


def _print_within(term: Condition, looser: tuple[type, ...]) -> str:
    text = _print_condition(term)
    return f"({text})" if isinstance(term, looser) else text
