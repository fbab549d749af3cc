"""Tokens of expressions.

identifiers `[A-Za-z_][A-Za-z0-9_]*`, name placeholders `#name`, value placeholders `:value`, unsigned
integers, and `= <> < <= > >= + - , . ( ) [ ]`. Blank, tab, CR and LF separate. There are no literals, comments
or quotes. A character that begins no token is a bad token by itself: no text fails here, the parser does.

An identifier may turn out a keyword, a function or an attribute's name; only its place tells.
"""

import re
from typing import Final, NamedTuple

IDENTIFIER: Final = "identifier"
NAME: Final = "name"
VALUE: Final = "value"
INTEGER: Final = "integer"
SYMBOL: Final = "symbol"
BAD: Final = "bad"
END: Final = "end"

_TOKEN = re.compile(
    r"(?P<identifier>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<name>\#[A-Za-z0-9_]+)"
    r"|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<integer>[0-9]+)"
    r"|(?P<symbol><>|<=|>=|[=<>+\-,.()\[\]])"
    r"|(?P<bad>[^ \t\r\n])"
)


class Token(NamedTuple):
    """A piece of `text[start:end]`. The last token of every text is an empty one of kind `END`."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, and `END`, which stands right behind the last one."""
    found = [
        Token(match.lastgroup or BAD, match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)
    ]
    end = found[-1].end if found else 0
    found.append(Token(END, "<EOF>", end, end))
    return found


def window(tokens: list[Token], at: int, text: str) -> str:
    """Return the source from the token before `at` to the one behind it, spacing kept."""
    first = tokens[max(at - 1, 0)]
    last = tokens[min(at + 1, len(tokens) - 1)]
    return text[first.start : last.end]
