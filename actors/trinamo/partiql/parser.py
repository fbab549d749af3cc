"""From text to statement: recursive descent, one method a rule.

    statement   := ( select | insert | update | delete | EXISTS '(' select ')' ) ';'?
    select      := SELECT ( '*' | path, ... ) FROM source [ WHERE condition ] [ ORDER BY key, ... ]
    key         := path [ ASC | DESC ]
    insert      := INSERT INTO source VALUE ( map | '?' ) [ IF NOT EXISTS ]
    update      := UPDATE source ( SET path '=' sum, ... | REMOVE path )+ [ WHERE condition ] [ returning ]
    delete      := DELETE FROM source [ WHERE condition ] [ returning ]
    returning   := RETURNING ( ALL | MODIFIED ) ( OLD | NEW ) '*'
    source      := name ( '.' name )*              path := name ( '.' name | '[' integer ']' )*
    condition   := terms ( OR terms )*             terms := term ( AND term )*
    term        := NOT term | '(' condition ')' | operand rest | call
    rest        := comparator operand | [ NOT ] BETWEEN operand AND operand | [ NOT ] IN candidates
                 | IS [ NOT ] ( MISSING | NULL )
    candidates  := '(' operand, ... ')' | '[' operand, ... ']'
    operand     := value | path | call | '(' operand ')'
    sum         := addend ( ( '+' | '-' ) addend )*         addend := value | path | call | '(' sum ')'
    value       := string | '-'? number | TRUE | FALSE | NULL | '?' | '[' value, ... ']'
                 | '<<' value, ... '>>' | '{' string ':' value, ... '}'

`( a` may begin a condition or an operand, so both are parsed by one rule, and what must be one of them is looked at
when it is done.

Nesting is bounded, since each level costs frames of the interpreter's stack.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal, TypeAlias, TypeVar, cast

import attrs

from trinamo.model.errors import ApiError, validation
from trinamo.model.numbers import NumberFault, canonical
from trinamo.partiql import faults
from trinamo.partiql.limits import INDEX_DIGITS_MAX, NESTING_MAX, STATEMENTS_KEPT
from trinamo.partiql.reserved import is_reserved
from trinamo.partiql.syntax import (
    Action,
    And,
    Between,
    Body,
    Call,
    Comparator,
    Comparison,
    Condition,
    Delete,
    Exists,
    Image,
    In,
    Insert,
    Is,
    ListValue,
    MapValue,
    Not,
    Operand,
    Or,
    Order,
    Parameter,
    Path,
    Scalar,
    Select,
    SetValue,
    Source,
    Statement,
    Sum,
    Update,
    Value,
)
from trinamo.partiql.tokens import END, NAME, NUMBER, QUOTED, STRING, SYMBOL, Token, position, tokenize

Expression: TypeAlias = Condition | Operand

_COMPARATORS: Final = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_CONDITION_FUNCTIONS: Final = frozenset({"attribute_type", "begins_with", "contains", "size"})
_SET_FUNCTIONS: Final = frozenset({"list_append", "set_add", "set_delete"})
_CONSTANTS: Final = {
    "TRUE": Scalar("BOOL", True),
    "FALSE": Scalar("BOOL", False),
    "NULL": Scalar("NULL", True),
}
_T = TypeVar("_T")


@lru_cache(STATEMENTS_KEPT)
def parse(text: str) -> Statement:
    """Return the statement of a text, or raise the `ApiError` of one that is not well formed."""
    return _Parser(text, tokenize(text)).statement()


@attrs.define
class _Parser:
    text: str
    tokens: list[Token]
    at: int = 0
    parameters: int = 0
    nesting: int = 0
    functions: frozenset[str] = _CONDITION_FUNCTIONS

    # --- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def here(self, token: Token | None = None) -> str:
        return position(self.text, self.token if token is None else token)

    def fault(self, token: Token | None = None) -> ApiError:
        """Return the error of a token that cannot stand where it stands."""
        token = self.token if token is None else token
        if token.kind == END:
            what = "end of statement"
        else:
            what = "keyword" if token.kind == NAME and is_reserved(token.text) else "term"
        return faults.unexpected(what, self.here(token))

    def symbol(self, text: str) -> bool:
        """Take this symbol if it comes next."""
        if self.next_symbol(text):
            self.at += 1
            return True
        return False

    def next_symbol(self, text: str) -> bool:
        return self.token.kind == SYMBOL and self.token.text == text

    def expect_symbol(self, text: str) -> None:
        if not self.symbol(text):
            raise self.fault()

    def keyword(self, word: str) -> bool:
        """Take this keyword if it comes next."""
        if self.token.kind == NAME and self.token.text.upper() == word:
            self.at += 1
            return True
        return False

    def expect_keyword(self, *words: str) -> None:
        for word in words:
            if not self.keyword(word):
                raise self.fault()

    def one_keyword(self, *words: str) -> str:
        """Take one of these keywords."""
        for word in words:
            if self.keyword(word):
                return word
        raise self.fault()

    def series(self, rule: Callable[[], _T]) -> tuple[_T, ...]:
        """Parse one or more, separated by commas."""
        found = [rule()]
        while self.symbol(","):
            found.append(rule())
        return tuple(found)

    def series_until(self, end: str, rule: Callable[[], _T]) -> tuple[_T, ...]:
        """Parse any number, separated by commas, and the symbol that ends them."""
        if self.symbol(end):
            return ()
        found = self.series(rule)
        self.expect_symbol(end)
        return found

    def descend(self) -> None:
        self.nesting += 1
        if self.nesting > NESTING_MAX:
            raise faults.nested_too_deep(self.here())

    # --- statements

    def statement(self) -> Statement:
        body = self.body()
        self.symbol(";")
        if self.token.kind != END:
            raise faults.unexpected("token after expression", self.here())
        return Statement(body, self.parameters)

    def body(self) -> Body:
        if self.keyword("SELECT"):
            return self.select()
        if self.keyword("INSERT"):
            return self.insert()
        if self.keyword("UPDATE"):
            return self.update()
        if self.keyword("DELETE"):
            return self.delete()
        if self.keyword("EXISTS"):
            self.expect_symbol("(")
            self.expect_keyword("SELECT")
            select = self.select()
            self.expect_symbol(")")
            return Exists(select)
        raise faults.no_data_manipulation()

    def select(self) -> Select:
        columns = None if self.symbol("*") else self.series(self.column)
        self.expect_keyword("FROM")
        source = self.source()
        where = self.where()
        order: tuple[Order, ...] = ()
        if self.keyword("ORDER"):
            self.expect_keyword("BY")
            order = self.series(self.order)
        return Select(columns, source, where, order)

    def column(self) -> Path:
        if self.next_is_call():
            raise faults.unexpected_component(self.here())
        return self.path()

    def order(self) -> Order:
        path = self.path()
        descending = self.keyword("DESC")
        if not descending:
            self.keyword("ASC")
        return Order(path, descending)

    def insert(self) -> Insert:
        self.expect_keyword("INTO")
        table = self.token
        source = self.source()
        if source.index is not None:
            raise faults.qualified_target(self.here(table))
        self.expect_keyword("VALUE")
        start = self.token
        item = self.value()
        if not isinstance(item, MapValue | Parameter):
            raise self.fault(start)
        if_not_exists = self.keyword("IF")
        if if_not_exists:
            self.expect_keyword("NOT", "EXISTS")
        return Insert(source, item, if_not_exists)

    def update(self) -> Update:
        source = self.target()
        actions: list[Action] = []
        while True:
            if self.keyword("SET"):
                actions += self.series(self.assignment)
            elif self.keyword("REMOVE"):
                actions.append(Action(self.path(), None))
            elif actions:
                break
            else:
                raise self.fault()
        return Update(source, tuple(actions), self.where(), self.returning())

    def assignment(self) -> Action:
        path = self.path()
        self.expect_symbol("=")
        self.functions = _SET_FUNCTIONS
        operand = self.sum()
        self.functions = _CONDITION_FUNCTIONS
        return Action(path, operand)

    def delete(self) -> Delete:
        self.expect_keyword("FROM")
        source = self.target()
        where = self.where()
        returning = self.returning()
        if returning is not None and returning != "ALL OLD":
            raise faults.invalid_returning(f"RETURNING {returning} *")
        return Delete(source, where, returning)

    def where(self) -> Condition | None:
        return self.condition() if self.keyword("WHERE") else None

    def returning(self) -> Image | None:
        if not self.keyword("RETURNING"):
            return None
        extent, time = self.one_keyword("ALL", "MODIFIED"), self.one_keyword("OLD", "NEW")
        self.expect_symbol("*")
        return cast(Image, f"{extent} {time}")

    # --- names

    def target(self) -> Source:
        source = self.source()
        if source.index is not None:
            raise faults.index_not_writable()
        return source

    def source(self) -> Source:
        names = [self.name()]
        while self.symbol("."):
            names.append(self.name())
        if len(names) > 2:
            raise faults.too_many_components()
        if "" in names:
            raise faults.empty_component()
        return Source(*names)

    def name(self) -> str:
        token = self.token
        if token.kind == QUOTED:
            self.at += 1
            return token.content
        if token.kind != NAME or is_reserved(token.text):
            raise self.fault()
        self.at += 1
        return token.text

    def path(self) -> Path:
        elements: list[str | int] = [self.name()]
        while True:
            if self.symbol("."):
                elements.append(self.name())
            elif self.symbol("["):
                elements.append(self.index())
            elif "" in elements:
                raise faults.empty_component()
            else:
                return Path(tuple(elements))

    def index(self) -> int:
        token = self.token
        if token.kind != NUMBER or not token.text.isdigit() or len(token.text) > INDEX_DIGITS_MAX:
            raise self.fault()
        self.at += 1
        self.expect_symbol("]")
        return int(token.text)

    # --- values

    def next_is_value(self) -> bool:
        token = self.token
        if token.kind == SYMBOL:
            return token.text in ("-", "?", "[", "<<", "{")
        return token.kind in (STRING, NUMBER) or (token.kind == NAME and token.text.upper() in _CONSTANTS)

    def value(self) -> Value:
        token = self.token
        if not self.next_is_value():
            raise self.fault()
        self.at += 1
        if token.kind == STRING:
            return Scalar("S", token.content)
        if token.kind == NUMBER:
            return self.number(token.text)
        if token.kind == NAME:
            return _CONSTANTS[token.text.upper()]
        if token.text == "-":
            return self.negative()
        if token.text == "?":
            self.parameters += 1
            return Parameter(self.parameters - 1)
        return self.collection(token.text)

    def negative(self) -> Scalar:
        token = self.token
        if token.kind != NUMBER:
            raise self.fault()
        self.at += 1
        return self.number("-" + token.text)

    def number(self, text: str) -> Scalar:
        try:
            return Scalar("N", canonical(text))
        except NumberFault as fault:
            raise validation(str(fault)) from None

    def collection(self, opening: str) -> Value:
        self.descend()
        found: Value
        if opening == "[":
            found = ListValue(self.series_until("]", self.value))
        elif opening == "<<":
            found = SetValue(self.series_until(">>", self.value))
        else:
            found = MapValue(self.series_until("}", self.entry))
        self.nesting -= 1
        return found

    def entry(self) -> tuple[str, Value]:
        token = self.token
        if token.kind != STRING:
            raise self.fault()
        self.at += 1
        self.expect_symbol(":")
        return token.content, self.value()

    # --- operands

    def next_is_call(self) -> bool:
        return self.token.kind == NAME and self.tokens[self.at + 1].text == "("

    def simple(self) -> Operand:
        if self.next_is_value():
            return self.value()
        return self.call() if self.next_is_call() else self.path()

    def call(self) -> Call:
        function = self.token.text.lower()
        if function not in self.functions:
            raise faults.unexpected("function", self.here())
        self.at += 2
        self.descend()
        arguments = self.series_until(")", self.argument)
        self.nesting -= 1
        return Call(function, arguments)

    def argument(self) -> Operand:
        return self.sum() if self.functions is _SET_FUNCTIONS else self.operand()

    def operand(self) -> Operand:
        """Parse an operand of a condition."""
        start = self.token
        found = self.expression()
        if not isinstance(found, Operand):
            raise self.fault(start)
        return found

    def expression(self) -> Expression:
        """Parse an operand, or what stands in parentheses, whatever it is."""
        if not self.symbol("("):
            return self.simple()
        self.descend()
        found = self.alternatives()
        self.expect_symbol(")")
        self.nesting -= 1
        return found

    def sum(self) -> Operand:
        found = self.addend()
        terms = 1
        while self.next_symbol("+") or self.next_symbol("-"):
            terms += 1
            if self.nesting + terms > NESTING_MAX:  # a sum of many nests to the left
                raise faults.nested_too_deep(self.here())
            operator = cast(Literal["+", "-"], self.token.text)
            self.at += 1
            found = Sum(found, operator, self.addend())
        return found

    def addend(self) -> Operand:
        if not self.symbol("("):
            return self.simple()
        self.descend()
        found = self.sum()
        self.expect_symbol(")")
        self.nesting -= 1
        return found

    # --- conditions

    def condition(self) -> Condition:
        start = self.token
        return self.as_condition(self.alternatives(), start)

    def as_condition(self, found: Expression, start: Token) -> Condition:
        if not isinstance(found, Condition):
            raise self.fault(self.token if self.token.kind == END else start)
        return found

    def alternatives(self) -> Expression:
        """Parse what OR joins, or something less."""
        start = self.token
        first = self.terms()
        if not self.keyword("OR"):
            return first
        found = [self.as_condition(first, start)]
        while True:
            start = self.token
            found.append(self.as_condition(self.terms(), start))
            if not self.keyword("OR"):
                return Or(tuple(found))

    def terms(self) -> Expression:
        """Parse what AND joins, or something less."""
        start = self.token
        first = self.term()
        if not self.keyword("AND"):
            return first
        found = [self.as_condition(first, start)]
        while True:
            start = self.token
            found.append(self.as_condition(self.term(), start))
            if not self.keyword("AND"):
                return And(tuple(found))

    def term(self) -> Expression:
        start = self.token
        if self.keyword("NOT"):
            self.descend()
            negated = Not(self.as_condition(self.term(), start))
            self.nesting -= 1
            return negated
        found = self.expression()
        return self.comparison(found, start) if isinstance(found, Operand) else found

    def comparison(self, left: Operand, start: Token) -> Expression:
        """Parse what follows an operand; without any of it, return the operand."""
        token = self.token
        if token.kind == SYMBOL and token.text in _COMPARATORS:
            self.at += 1
            operator = "<>" if token.text == "!=" else token.text
            return Comparison(left, cast(Comparator, operator), self.operand())
        if self.keyword("IS"):
            return self.is_(left, start)
        negated = self.keyword("NOT")
        found: Condition
        if self.keyword("BETWEEN"):
            lower = self.operand()
            self.expect_keyword("AND")
            found = Between(left, lower, self.operand())
        elif self.keyword("IN"):
            found = In(left, self.candidates())
        elif negated:
            raise self.fault()
        else:
            return left
        return Not(found) if negated else found

    def is_(self, left: Operand, start: Token) -> Condition:
        if not isinstance(left, Path):
            raise self.fault(start)
        negated = self.keyword("NOT")
        found = Is(left, cast(Literal["MISSING", "NULL"], self.one_keyword("MISSING", "NULL")))
        return Not(found) if negated else found

    def candidates(self) -> tuple[Operand, ...]:
        closing = ")" if self.symbol("(") else "]"
        if closing == "]":
            self.expect_symbol("[")
        found = self.series(self.operand)
        self.expect_symbol(closing)
        return found
