"""From text to syntax tree: recursive descent, one method a rule.

    path        := segment ( '.' segment | '[' integer ']' )*
    condition   := terms ( OR terms )*             terms := term ( AND term )*
    term        := NOT* ( '(' condition ')' | operand rest | call )
    rest        := comparator operand | BETWEEN operand AND operand | IN '(' operand, ... ')'
    projection  := path, ...
    update      := ( SET path '=' sum, ... | REMOVE path, ... | ADD path value, ... | DELETE path value, ... )+
    sum         := addend ( ('+' | '-') addend )?

An operand may stand in parentheses. `( a` may begin a condition or an operand: a parenthesis that turns out to
hold an operand must be followed by what makes it a comparison.

Faults of form which are no syntax errors (`noted`) are reported only when the whole text has been parsed.

Keywords are reserved by place: `OR` begins no operand in a condition, `SET` none in an update. Behind a dot
any identifier is a name.

Nesting is bounded, since each level costs frames of the interpreter's stack. A text nested deeper than the bound
on operators has too many operators, redundant parentheses, or a syntax error; it gets one of these.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeVar, cast

import attrs

from trinamo.expressions import faults
from trinamo.expressions.faults import ExpressionFault
from trinamo.expressions.limits import OPERATORS_MAX
from trinamo.expressions.syntax import (
    Action,
    And,
    Between,
    Call,
    Comparator,
    Comparison,
    ConditionTree,
    In,
    Not,
    Operand,
    Or,
    Path,
    ProjectionTree,
    Section,
    Sum,
    UpdateTree,
    Value,
)
from trinamo.expressions.tokens import END, IDENTIFIER, INTEGER, NAME, SYMBOL, VALUE, Token, tokenize, window

_COMPARATORS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_CONDITION_KEYWORDS: Final = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
_SECTIONS: Final = frozenset({"SET", "REMOVE", "ADD", "DELETE"})
_NESTING_MAX: Final = OPERATORS_MAX

_T = TypeVar("_T")


def parse_condition_text(text: str) -> ConditionTree:
    """Return the tree of a condition, filter or key condition. Raises `ExpressionFault`."""
    parser = _Parser(text, _CONDITION_KEYWORDS)
    return parser.whole(parser.condition)


def parse_projection_text(text: str) -> ProjectionTree:
    """Return the tree of a projection. Raises `ExpressionFault`."""
    parser = _Parser(text, frozenset())
    return parser.whole(parser.projection)


def parse_update_text(text: str) -> UpdateTree:
    """Return the tree of an update. Raises `ExpressionFault`."""
    parser = _Parser(text, _SECTIONS)
    return parser.whole(parser.update)


@attrs.define(init=False)
class _Parser:
    text: str
    keywords: frozenset[str]
    tokens: list[Token]
    at: int
    nesting: int
    groups: dict[int, int]  # token of `(` → token of its `)`, of parentheses that group
    noted: list[ExpressionFault]

    def __init__(self, text: str, keywords: frozenset[str]) -> None:
        self.text = text
        self.keywords = keywords
        self.tokens = tokenize(text)
        self.at = 0
        self.nesting = 0
        self.groups = {}
        self.noted = []

    def whole(self, rule: Callable[[], _T]) -> _T:
        """Parse the whole text by a rule."""
        tree = rule()
        if self.token.kind != END:
            raise self.fault()
        if any(self.groups.get(start + 1) == end - 1 for start, end in self.groups.items()):
            raise faults.redundant_parentheses()
        if self.noted:
            raise self.noted[0]
        return tree

    # --- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def fault(self) -> ExpressionFault:
        """Return the syntax error of a token that cannot stand where it stands."""
        return faults.syntax_error(self.token.text, window(self.tokens, self.at, self.text))

    def symbol(self, text: str) -> bool:
        """Take this symbol if it comes next."""
        token = self.token
        if token.kind == SYMBOL and token.text == text:
            self.at += 1
            return True
        return False

    def expect_symbol(self, text: str) -> None:
        if not self.symbol(text):
            raise self.fault()

    def keyword(self, word: str) -> bool:
        """Take this keyword if it comes next."""
        if self.next_keyword() == word:
            self.at += 1
            return True
        return False

    def next_keyword(self) -> str | None:
        token = self.token
        upper = token.text.upper()
        return upper if token.kind == IDENTIFIER and upper in self.keywords else None

    def next_symbol_in(self, symbols: frozenset[str]) -> bool:
        return self.token.kind == SYMBOL and self.token.text in symbols

    # --- parentheses

    def open_group(self) -> int:
        """Enter a parenthesis that groups; returns its token."""
        start = self.at
        self.at += 1
        self.descend(faults.redundant_parentheses)
        return start

    def close_group(self, start: int) -> None:
        self.groups[start] = self.at
        self.expect_symbol(")")
        self.nesting -= 1

    def descend(self, too_deep: Callable[[], ExpressionFault]) -> None:
        self.nesting += 1
        if self.nesting > _NESTING_MAX:
            raise too_deep()

    def series(self, rule: Callable[[], _T]) -> tuple[_T, ...]:
        """Parse one or more, separated by commas."""
        found = [rule()]
        while self.symbol(","):
            found.append(rule())
        return tuple(found)

    # --- paths and operands

    def path(self) -> Path:
        if self.next_keyword() is not None:
            raise self.fault()
        elements: list[str | int] = [self.segment()]
        while True:
            if self.symbol("."):
                elements.append(self.segment())
            elif self.symbol("["):
                elements.append(self.index())
            else:
                return Path(tuple(elements))

    def segment(self) -> str:
        token = self.token
        if token.kind != IDENTIFIER and token.kind != NAME:
            raise self.fault()
        self.at += 1
        return token.text

    def index(self) -> int:
        token = self.token
        if token.kind != INTEGER:
            raise self.fault()
        self.at += 1
        self.expect_symbol("]")
        return int(token.text)

    def value(self) -> Value:
        token = self.token
        if token.kind != VALUE:
            raise self.fault()
        self.at += 1
        return Value(token.text)

    def operand(self) -> Operand:
        """Parse an operand of a condition."""
        if self.next_symbol_in(_OPENING):
            start = self.open_group()
            inner = self.operand()
            self.close_group(start)
            return inner
        return self.call(self.operand) if self.next_is_call() else self.simple()

    def simple(self) -> Path | Value:
        return self.value() if self.token.kind == VALUE else self.path()

    def next_is_call(self) -> bool:
        return self.token.kind == IDENTIFIER and self.tokens[self.at + 1].text == "("

    def call(self, argument: Callable[[], Operand]) -> Call:
        if self.next_keyword() is not None:
            raise self.fault()
        function = self.token.text
        self.at += 2
        self.descend(lambda: faults.too_many_operators(self.nesting))
        arguments = [argument()]
        while self.symbol(","):  # not by `series`: functions nest, and each level costs frames
            arguments.append(argument())
        self.expect_symbol(")")
        self.nesting -= 1
        return Call(function, tuple(arguments))

    # --- conditions

    def condition(self, *, grouped: bool = False) -> ConditionTree:
        """Parse a condition. `grouped`, it may turn out an operand: see `group`."""
        alternatives: list[ConditionTree] = []
        while True:
            terms: list[ConditionTree] = []
            while True:
                term = self.term()
                alone = grouped and not alternatives and not terms and self.next_symbol_in(_CLOSING)
                if isinstance(term, Path | Value) and not alone:
                    raise self.fault()
                terms.append(cast(ConditionTree, term))
                if not self.keyword("AND"):
                    break
            alternatives.append(terms[0] if len(terms) == 1 else And(tuple(terms)))
            if not self.keyword("OR"):
                return alternatives[0] if len(alternatives) == 1 else Or(tuple(alternatives))

    def term(self) -> ConditionTree | Path | Value:
        """Parse what AND and OR join. A path or value comes back only where nothing makes it a condition."""
        negations = 0
        while self.keyword("NOT"):
            negations += 1
        found: ConditionTree | Operand
        if self.next_symbol_in(_OPENING):
            start = self.open_group()
            found = self.condition(grouped=True)
            self.close_group(start)
        else:
            found = self.operand()
        if isinstance(found, Path | Value | Call):
            found = self.comparison(found)
        if negations and isinstance(found, Path | Value):
            raise self.fault()
        for _ in range(negations):
            found = Not(cast(ConditionTree, found))
        return cast(ConditionTree, found)

    def comparison(self, left: Operand) -> ConditionTree | Operand:
        """Parse what follows an operand; without any of it, return the operand."""
        if self.next_symbol_in(_COMPARATORS):
            comparator = cast(Comparator, self.token.text)
            self.at += 1
            return Comparison(left, comparator, self.operand())
        if self.keyword("BETWEEN"):
            lower = self.operand()
            if not self.keyword("AND"):
                raise self.fault()
            return Between(left, lower, self.operand())
        if self.keyword("IN"):
            self.expect_symbol("(")
            candidates = self.series(self.operand)
            self.expect_symbol(")")
            return In(left, candidates)
        return left

    # --- projections and updates

    def projection(self) -> ProjectionTree:
        return ProjectionTree(self.series(self.path))

    def update(self) -> UpdateTree:
        actions: list[Action] = []
        seen: set[str] = set()
        while True:
            section = self.next_keyword()
            if section is None:
                if not actions or self.token.kind != END:
                    raise self.fault()
                return UpdateTree(tuple(actions))
            self.at += 1
            if section in seen:
                self.noted.append(faults.repeated_section(section))
            seen.add(section)
            actions += self.section(cast(Section, section))

    def section(self, section: Section) -> tuple[Action, ...]:
        if section == "SET":
            return self.series(self.assignment)
        if section == "REMOVE":
            return tuple(Action(section, path, None) for path in self.series(self.path))
        return self.series(lambda: Action(section, self.path(), self.value()))

    def assignment(self) -> Action:
        path = self.path()
        self.expect_symbol("=")
        return Action("SET", path, self.sum())

    def sum(self) -> Operand:
        left = self.addend()
        if not self.next_symbol_in(_SIGNS):
            return left
        operator = cast(Literal["+", "-"], self.token.text)
        self.at += 1
        return Sum(left, operator, self.addend())

    def addend(self) -> Operand:
        if self.next_symbol_in(_OPENING):
            start = self.open_group()
            inner = self.sum()
            self.close_group(start)
            return inner
        return self.call(self.sum) if self.next_is_call() else self.simple()


_OPENING: Final = frozenset({"("})
_CLOSING: Final = frozenset({")"})
_SIGNS: Final = frozenset({"+", "-"})
