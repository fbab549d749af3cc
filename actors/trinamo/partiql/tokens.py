"""Tokens of statements.

names `[A-Za-z_$][A-Za-z0-9_$]*`, `"quoted names"`, `'strings'`, unsigned numbers, and symbols. A quote inside quotes is
doubled. Blank, tab, CR and LF separate. A character that begins no token is a bad token by itself, and so is a quote
that is never closed: no text fails here, the parser does.

A bare name may turn out a keyword, a function or an attribute's name; only its place tells.
"""

import re
from typing import Final, NamedTuple

NAME: Final = "name"
QUOTED: Final = "quoted"
STRING: Final = "string"
NUMBER: Final = "number"
SYMBOL: Final = "symbol"
BAD: Final = "bad"
END: Final = "end"

_TOKEN = re.compile(
    r"(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)"
    r'|(?P<quoted>"(?:[^"]|"")*")'
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<symbol><<|>>|<>|!=|<=|>=|[=<>+\-*.,:;?()\[\]{}])"
    r"|(?P<bad>[^ \t\r\n])"
)


class Token(NamedTuple):
    """A piece of `text[start:end]`. The last token of every text is an empty one of kind `END`."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def content(self) -> str:
        """What a quoted name or a string says."""
        quote = self.text[0]
        return self.text[1:-1].replace(quote * 2, quote)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, and `END`, which stands right behind the last one."""
    found = [
        Token(match.lastgroup or BAD, match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)
    ]
    end = found[-1].end if found else 0
    found.append(Token(END, "", end, end))
    return found


def position(text: str, token: Token) -> str:
    """Return `line:column:length` of a token, counted from 1."""
    line_start = text.rfind("\n", 0, token.start) + 1
    line = text.count("\n", 0, token.start) + 1
    return f"{line}:{token.start - line_start + 1}:{token.end - token.start}"
