"""Expressions as people write them, turned into DynamoDB's, with placeholders for every name and value.

    state = "RI" AND begins_with(iata, "O")      →  #n0 = :v0 AND begins_with(#n1, :v1)
    SET visits = visits + 1, tags = ["a", "b"]   →  SET #n0 = #n0 + :v0, #n1 = :v1

Values stand where DynamoDB wants placeholders: JSON strings and `'strings'`, numbers, true, false, null, arrays,
objects, and sets as `<<1, 2>>`. Names may be reserved words; odd ones stand in `backticks`. The rest is DynamoDB's
syntax and goes through untouched: the service complains about it in its own words.
"""

import json
import re
from typing import Any, Final

import attrs

from trinamo.cli.values import AttributeValue, Digits, no_number, to_value

CONDITION: Final = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
UPDATE: Final = frozenset({"SET", "REMOVE", "ADD", "DELETE"})
NAMES: Final[frozenset[str]] = frozenset()
"""The keywords of each kind of expression. Others are names there, as in DynamoDB's grammar."""

_CONSTANTS: Final = frozenset({"true", "false", "null"})
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | `(?P<quoted>[^`]+)`
    | (?P<string>"(?:[^"\\]|\\.)*")
    | '(?P<single>(?:[^']|'')*)'
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<symbol><<|>>|<>|<=|>=|[=<>+\-,.()\[\]{])
    )""",
    re.VERBOSE | re.DOTALL,
)


_JSON: Final = json.JSONDecoder(parse_int=Digits, parse_float=Digits, parse_constant=no_number)
_BLANK: Final = re.compile(r"\s*")
_BEHIND_MEMBER: Final = re.compile(r"\s*(,|>>)")
_INDEX: Final = re.compile(r"\[\s*([0-9]+)\s*\]")
_DIGITS: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")


class PhraseFault(ValueError):
    """A text is not understood. `str()` says where and why."""


@attrs.define
class Phrases:
    """The expressions of one request, which share their placeholders."""

    names: dict[str, str] = attrs.Factory(dict)
    values: dict[str, AttributeValue] = attrs.Factory(dict)
    _placeholders: dict[str, str] = attrs.Factory(dict)

    def add(self, text: str, keywords: frozenset[str] = CONDITION) -> str:
        """Return the expression that `text` means. Raises `PhraseFault`."""
        return _Reader(self, text, keywords).read()

    def members(self) -> dict[str, Any]:
        """Return the members of the request that say what the placeholders stand for."""
        found: dict[str, Any] = {}
        if self.names:
            found["ExpressionAttributeNames"] = self.names
        if self.values:
            found["ExpressionAttributeValues"] = self.values
        return found

    def name(self, name: str) -> str:
        """Return the placeholder of an attribute's name."""
        if name not in self._placeholders:
            placeholder = f"#n{len(self.names)}"
            self._placeholders[name] = placeholder
            self.names[placeholder] = name
        return self._placeholders[name]

    def value(self, value: AttributeValue) -> str:
        """Return a placeholder of a value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder


@attrs.define
class _Reader:
    phrases: Phrases
    text: str
    keywords: frozenset[str]
    at: int = 0
    said: list[str] = attrs.Factory(list)
    after_operand: bool = False  # then `[` is an index, `-` takes away, and `true` is no value

    def read(self) -> str:
        end = len(self.text.rstrip())
        while self.at < end:
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                raise self.fault("this is not understood")
            start, self.at = self.at, match.end()
            self.take(match, start + len(match[0]) - len(match[0].lstrip()))
        return (
            " ".join(self.said).replace(" . ", ".").replace(" [", "[").replace("( ", "(").replace(" )", ")")
        )

    def take(self, match: re.Match[str], start: int) -> None:
        kind = match.lastgroup
        assert kind is not None
        token = match[kind]
        match kind:
            case "word":
                self.word(token)
            case "quoted":
                self.operand(self.phrases.name(token))
            case "string":
                self.value(self.json(start))
            case "single":
                self.value(to_value(token.replace("''", "'")))
            case "number":
                self.value({"N": token})
            case _:
                self.symbol(token, start)

    def word(self, word: str) -> None:
        behind_dot = self.said[-1:] == ["."]
        if not behind_dot and word.upper() in self.keywords:
            self.said.append(word.upper())
            self.after_operand = False
        elif not behind_dot and word in _CONSTANTS:
            self.value(to_value(json.loads(word)))
        elif self.text[self.at :].lstrip().startswith("("):
            self.said.append(word)
            self.after_operand = False
        else:
            self.operand(self.phrases.name(word))

    def symbol(self, symbol: str, start: int) -> None:
        match symbol:
            case "[" if self.after_operand:
                self.index(start)
            case "[" | "{":
                self.value(self.json(start))
            case "<<":
                self.value(self.set(start))
            case "-" if not self.after_operand:
                match = _DIGITS.match(self.text, self.at)
                if match is None:
                    raise self.fault("a number is missing behind -")
                self.at = match.end()
                self.value({"N": f"-{match[1]}"})
            case _:
                self.said.append(symbol)
                self.after_operand = symbol == ")"

    def operand(self, placeholder: str) -> None:
        self.said.append(placeholder)
        self.after_operand = True

    def value(self, value: AttributeValue) -> None:
        self.operand(self.phrases.value(value))

    def index(self, start: int) -> None:
        match = _INDEX.match(self.text, start)
        if match is None:
            raise self.fault("an index is a number in brackets", start)
        self.at = match.end()
        self.said.append(f"[{match[1]}]")

    def json(self, start: int) -> AttributeValue:
        """Read the JSON value that begins at `start`."""
        try:
            plain, self.at = _JSON.raw_decode(self.text, start)
            return to_value(plain)
        except (ValueError, RecursionError) as error:
            raise self.fault(f"this is no JSON: {error}", start) from None

    def set(self, start: int) -> AttributeValue:
        self.at = start + 2
        members: list[AttributeValue] = []
        while True:
            members.append(self.json(_BLANK.match(self.text, self.at).end()))  # type: ignore[union-attr]  # matches all
            match = _BEHIND_MEMBER.match(self.text, self.at)
            if match is None:
                raise self.fault("members of a set are separated by commas, and it ends with >>")
            self.at = match.end()
            if match[1] == ">>":
                break
        for code in ("S", "N"):
            if all(code in member for member in members):
                return {f"{code}S": [member[code] for member in members]}
        raise self.fault('a set holds strings or numbers, such as <<"a", "b">>', start)

    def fault(self, why: str, at: int | None = None) -> PhraseFault:
        where = self.text[self.at if at is None else at :].strip()[:20]
        return PhraseFault(f"{why}, at {where!r}" if where else why)
