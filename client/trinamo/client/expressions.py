"""Conditions and updates as expressions of Python, rendered to DynamoDB's with placeholders for all names and values.

    Key("user") == "ann"                      Key("at").between(1, 9)            Key("at").begins_with("2026-")
    (Attr("qty") > 0) & ~Attr("sold").exists()             Attr("size").is_in(["S", "M"])
    Set("qty", Attr("qty") + 1)               Set("log", Attr("log").if_missing([]).append(["sold"]))
    Remove("note", "tags[0]")                 Add("visits", 1)                   Delete("tags", {"new"})
    Raw("attribute_exists(#n)", names={"#n": "name"})

`&`, `|` and `~` combine conditions; Python's `and`, `or`, `not` and chained comparisons cannot, and say so. A path is
names between dots, with places of lists in brackets: `address.lines[0]`; `Attr.named("a.b")` is a name that has a dot.

All expressions of one request share one `Names`, so that no placeholder means two things. Pure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from trinamo.client.values import to_attribute

AttributeType = Literal["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"]
_STEP: Final = re.compile(r"([^.\[\]]+)((?:\[[0-9]+\])*)")
_PLACE: Final = re.compile(r"\[([0-9]+)\]")


@attrs.frozen
class Path:
    """Where something stands in an item: names, and places in lists."""

    steps: tuple[str | int, ...]

    @classmethod
    def parse(cls, text: str) -> "Path":
        """Return the path of a text such as `address.lines[0]`. Raises `ValueError`."""
        steps: list[str | int] = []
        for part in text.split("."):
            found = _STEP.fullmatch(part)
            if found is None:
                raise ValueError(f"{text!r} is no path, such as address.lines[0]")
            steps.append(found[1])
            steps += map(int, _PLACE.findall(found[2]))
        return cls(tuple(steps))

    def render(self, names: "Names") -> str:
        parts = [f"[{step}]" if isinstance(step, int) else f".{names.name(step)}" for step in self.steps]
        return "".join(parts).removeprefix(".")


class Names:
    """The placeholders of a request, for all of its expressions together."""

    def __init__(self, *, floats: bool = False) -> None:
        self._floats = floats
        self._names: dict[str, str] = {}  # placeholders by names
        self._given: dict[str, str] = {}  # names by placeholders that users chose
        self._values: dict[str, Any] = {}

    def name(self, name: str) -> str:
        """Return the placeholder of a name of an attribute."""
        return self._names.setdefault(name, f"#n{len(self._names)}")

    def value(self, value: Any) -> str:
        """Return a placeholder of a value. Raises `NotAnAttribute`."""
        number = len(self._values)
        while (placeholder := f":v{number}") in self._values:  # a user's own
            number += 1
        self._values[placeholder] = to_attribute(value, floats=self._floats)
        return placeholder

    def give(self, names: Mapping[str, str], values: Mapping[str, Any]) -> None:
        """Take placeholders that a user chose. Raises `ValueError` for one that means something else already."""
        for placeholder, name in names.items():
            if self._given.setdefault(placeholder, name) != name:
                raise ValueError(f"{placeholder} stands for two names in one request")
        for placeholder, value in values.items():
            attribute = to_attribute(value, floats=self._floats)
            if self._values.setdefault(placeholder, attribute) != attribute:
                raise ValueError(f"{placeholder} stands for two values in one request")

    def condition(self, condition: "Condition | str") -> str:
        """Return a condition's text."""
        return condition if isinstance(condition, str) else condition.render(self)

    def projection(self, paths: Sequence[str]) -> str:
        """Return the text of what is to be read of items."""
        if isinstance(paths, str):
            raise TypeError("attributes are a list of paths, and no text")
        return ", ".join(Path.parse(path).render(self) for path in paths)

    def update(self, changes: Sequence["Change | str"]) -> str:
        """Return the text of an update: changes of a kind go into one clause."""
        texts = [change for change in changes if isinstance(change, str)]
        clauses: dict[str, list[str]] = {}
        for change in changes:
            if not isinstance(change, str):
                clauses.setdefault(change.clause, []).extend(change.actions(self))
        texts += [
            f"{clause} {', '.join(actions)}" if clause else " ".join(actions)
            for clause, actions in clauses.items()
        ]
        return " ".join(texts)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the request that say what the placeholders are."""
        names = {placeholder: name for name, placeholder in self._names.items()}
        if clash := names.keys() & self._given.keys():
            raise ValueError(f"{min(clash)} is a placeholder of this library's own; choose another")
        found: dict[str, Any] = {}
        if names or self._given:
            found["ExpressionAttributeNames"] = names | self._given
        if self._values:
            found["ExpressionAttributeValues"] = self._values
        return found


class Condition:
    """Something that holds or not."""

    def render(self, names: Names) -> str:
        """Return the text in DynamoDB's syntax."""
        raise NotImplementedError

    def __and__(self, other: "Condition") -> "Condition":
        return _Both(self, "AND", other)

    def __or__(self, other: "Condition") -> "Condition":
        return _Both(self, "OR", other)

    def __invert__(self) -> "Condition":
        return _Not(self)

    def __bool__(self) -> bool:
        raise TypeError(
            "conditions are combined by & and |, and turned round by ~; compare once: use between"
        )


@attrs.frozen(eq=False)
class _Both(Condition):
    left: Condition
    word: str
    right: Condition

    def render(self, names: Names) -> str:
        return f"{self._side(self.left, names)} {self.word} {self._side(self.right, names)}"

    def _side(self, side: Condition, names: Names) -> str:
        """Return a side, in parentheses unless it is safe without: key conditions admit none around AND."""
        text = side.render(names)
        bare = not isinstance(side, _Both | Raw) or (
            isinstance(side, _Both) and side.word == self.word == "AND"
        )
        return text if bare else f"({text})"


@attrs.frozen(eq=False)
class _Not(Condition):
    condition: Condition

    def render(self, names: Names) -> str:
        return f"NOT ({self.condition.render(names)})"


@attrs.frozen(eq=False)
class _Comparison(Condition):
    left: "Operand"
    sign: str
    right: Any

    def render(self, names: Names) -> str:
        return f"{self.left.render(names)} {self.sign} {_operand(self.right, names)}"


@attrs.frozen(eq=False)
class _Between(Condition):
    operand: "Operand"
    low: Any
    high: Any

    def render(self, names: Names) -> str:
        between = self.operand.render(names)
        return f"{between} BETWEEN {_operand(self.low, names)} AND {_operand(self.high, names)}"


@attrs.frozen(eq=False)
class _In(Condition):
    operand: "Operand"
    values: tuple[Any, ...]

    def render(self, names: Names) -> str:
        text = self.operand.render(names)
        return f"{text} IN ({', '.join(_operand(value, names) for value in self.values)})"


@attrs.frozen(eq=False)
class _Test(Condition):
    """A function that is true or false."""

    function: str
    arguments: tuple[Any, ...]

    def render(self, names: Names) -> str:
        return f"{self.function}({', '.join(_operand(argument, names) for argument in self.arguments)})"


class Operand:
    """Something that has a value: an attribute, its size, a sum. Compared, it is a condition."""

    def render(self, names: Names) -> str:
        """Return the text in DynamoDB's syntax."""
        raise NotImplementedError

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # that is the point
        return _Comparison(self, "=", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]  # that is the point
        return _Comparison(self, "<>", other)

    __hash__ = None  # type: ignore[assignment]  # nothing that is equal to everything can be looked up

    def __lt__(self, other: Any) -> Condition:
        return _Comparison(self, "<", other)

    def __le__(self, other: Any) -> Condition:
        return _Comparison(self, "<=", other)

    def __gt__(self, other: Any) -> Condition:
        return _Comparison(self, ">", other)

    def __ge__(self, other: Any) -> Condition:
        return _Comparison(self, ">=", other)

    def between(self, low: Any, high: Any) -> Condition:
        """Whether it is `low`, `high` or between them."""
        return _Between(self, low, high)

    def is_in(self, values: Iterable[Any]) -> Condition:
        """Whether it is one of up to 100 values."""
        return _In(self, tuple(values))


class Key:
    """A key attribute of a table or an index, as queries compare it."""

    def __init__(self, name: str) -> None:
        self._attribute = Attr.named(name)

    def __repr__(self) -> str:
        return f"Key({self._attribute.path.steps[0]!r})"

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # that is the point
        return self._attribute == other

    __hash__ = None  # type: ignore[assignment]  # nothing that is equal to everything can be looked up

    def __lt__(self, other: Any) -> Condition:
        return _Comparison(self._attribute, "<", other)

    def __le__(self, other: Any) -> Condition:
        return _Comparison(self._attribute, "<=", other)

    def __gt__(self, other: Any) -> Condition:
        return _Comparison(self._attribute, ">", other)

    def __ge__(self, other: Any) -> Condition:
        return _Comparison(self._attribute, ">=", other)

    def between(self, low: Any, high: Any) -> Condition:
        """Whether it is `low`, `high` or between them."""
        return self._attribute.between(low, high)

    def begins_with(self, prefix: str | bytes) -> Condition:
        """Whether its text or bytes begin so."""
        return self._attribute.begins_with(prefix)


@attrs.frozen(eq=False)
class _Value(Operand):
    """An attribute, or what a function makes of it: what an update may set, by itself or in a sum of two."""

    def __add__(self, other: Any) -> "Sum":
        return Sum(self, "+", other)

    def __radd__(self, other: Any) -> "Sum":
        return Sum(other, "+", self)

    def __sub__(self, other: Any) -> "Sum":
        return Sum(self, "-", other)

    def __rsub__(self, other: Any) -> "Sum":
        return Sum(other, "-", self)

    def append(self, values: Any) -> "_Value":
        """Return the list with a list of further values behind it."""
        return _Call("list_append", (self, values))

    def prepend(self, values: Any) -> "_Value":
        """Return the list with a list of further values before it."""
        return _Call("list_append", (values, self))


@attrs.frozen(eq=False)
class Sum:
    """A sum or a difference, which an update may set. DynamoDB knows it of two, and in no condition."""

    left: Any
    sign: str
    right: Any

    def render(self, names: Names) -> str:
        """Return the text in DynamoDB's syntax."""
        if isinstance(self.left, Sum) or isinstance(self.right, Sum):
            raise TypeError("DynamoDB adds or subtracts two values, and no more")
        return f"{_operand(self.left, names)} {self.sign} {_operand(self.right, names)}"


@attrs.frozen(eq=False)
class _Call(_Value):
    function: str
    arguments: tuple[Any, ...]

    def render(self, names: Names) -> str:
        return f"{self.function}({', '.join(_operand(argument, names) for argument in self.arguments)})"


@attrs.frozen(eq=False, init=False)
class Attr(_Value):
    """An attribute, or what stands at a path inside one: `Attr("address.lines[0]")`, `Attr("address")["lines"][0]`."""

    path: Path

    def __init__(self, path: str | Path) -> None:
        object.__setattr__(self, "path", path if isinstance(path, Path) else Path.parse(path))

    @classmethod
    def named(cls, name: str) -> "Attr":
        """Return the attribute of exactly this name, dots and brackets included."""
        return cls(Path((name,)))

    def __getitem__(self, step: str | int) -> "Attr":
        return Attr(Path((*self.path.steps, step)))

    def __iter__(self) -> Any:
        raise TypeError("an attribute cannot be iterated over: what it holds is at the service")

    def render(self, names: Names) -> str:
        return self.path.render(names)

    def exists(self) -> Condition:
        """Whether the item has it."""
        return _Test("attribute_exists", (self,))

    def missing(self) -> Condition:
        """Whether the item has it not."""
        return _Test("attribute_not_exists", (self,))

    def is_type(self, type_: AttributeType) -> Condition:
        """Whether it is of one of DynamoDB's types."""
        return _Test("attribute_type", (self, type_))

    def begins_with(self, prefix: str | bytes) -> Condition:
        """Whether its text or bytes begin so."""
        return _Test("begins_with", (self, prefix))

    def contains(self, value: Any) -> Condition:
        """Whether a text has this part, or a set or list this value."""
        return _Test("contains", (self, value))

    def size(self) -> Operand:
        """Return how long it is: characters, bytes, or how many values it holds."""
        return _Call("size", (self,))

    def if_missing(self, value: Any) -> _Value:
        """Return it, or `value` where the item has it not."""
        return _Call("if_not_exists", (self, value))


class Change:
    """A part of an update: `clause` is where it belongs, `actions` what stands there."""

    clause: str = ""

    def actions(self, names: Names) -> list[str]:
        """Return the texts of what is done."""
        raise NotImplementedError


@attrs.frozen(eq=False)
class Set(Change):
    """Set what stands at a path to a value, or to what an expression of attributes gives."""

    path: "str | Path | Attr"
    value: Any
    clause = "SET"

    def actions(self, names: Names) -> list[str]:
        value = self.value.render(names) if isinstance(self.value, Sum) else _operand(self.value, names)
        return [f"{_path(self.path).render(names)} = {value}"]


@attrs.frozen(eq=False, init=False)
class Remove(Change):
    """Remove what stands at paths."""

    paths: "tuple[str | Path | Attr, ...]"
    clause = "REMOVE"

    def __init__(self, *paths: "str | Path | Attr") -> None:
        object.__setattr__(self, "paths", paths)

    def actions(self, names: Names) -> list[str]:
        return [_path(path).render(names) for path in self.paths]


@attrs.frozen(eq=False)
class Add(Change):
    """Add to a number, or members to a set; either may be missing."""

    path: "str | Path | Attr"
    value: Any
    clause = "ADD"

    def actions(self, names: Names) -> list[str]:
        return [f"{_path(self.path).render(names)} {names.value(self.value)}"]


@attrs.frozen(eq=False)
class Delete(Change):
    """Delete members of a set."""

    path: "str | Path | Attr"
    values: Any
    clause = "DELETE"

    def actions(self, names: Names) -> list[str]:
        return [f"{_path(self.path).render(names)} {names.value(self.values)}"]


@attrs.frozen(eq=False)
class Raw(Condition, Change):
    """DynamoDB's own syntax, where a condition or changes are wanted, with the placeholders that it uses."""

    text: str
    names: Mapping[str, str] = attrs.field(factory=dict)
    values: Mapping[str, Any] = attrs.field(factory=dict)

    def render(self, names: Names) -> str:
        names.give(self.names, self.values)
        return self.text

    def actions(self, names: Names) -> list[str]:
        return [self.render(names)]


def _path(path: "str | Path | Attr") -> Path:
    if isinstance(path, Attr):
        return path.path
    return path if isinstance(path, Path) else Path.parse(path)


def _operand(value: Any, names: Names) -> str:
    return value.render(names) if isinstance(value, Operand) else names.value(value)
