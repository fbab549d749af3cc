"""Shapes of requests: small declarations from which a request is read, or refused in the service's words.

The service reads a request in two steps: it binds every JSON type (a SerializationException at the first that does
not fit; nested members before scalars), then it checks all constraints and reports up to ten violations together,
in an order of its own for each operation. A shape lists its members in that order.

As with attribute values, reading is done twice at most. `take`, compiled when the shape is made, accepts what is
right and raises `Odd` at anything else; only then do `bind` and `violations` work out what the service would say.

Invariants.
1. `take` accepts exactly what `bind` accepts and `violations` finds nothing about, and gives the same value.
2. Unknown members are ignored; a member that is null is absent.
3. Faults of attribute values are no violations: they stay in `Attributes.fault` for the operation to report in its turn.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import attrs

from trinamo.model.envelope import envelope, violation
from trinamo.model.errors import ApiError, serialization
from trinamo.model.jsontypes import (
    SHAPES,
    bind_boolean,
    bind_list,
    bind_map,
    bind_string,
    scalar_fault,
    structure_fault,
)
from trinamo.model.limits import TABLE_ARN_LENGTH_MAX, TABLE_NAME_LENGTH_MAX
from trinamo.model.measure import Odd
from trinamo.model.reading import Attributes, read_attributes, take_attributes

Request = dict[str, Any]
Take = Callable[[Any], Any]

NAME_PATTERN: Final = "[a-zA-Z0-9_.-]+"
_NAME = re.compile(NAME_PATTERN)
_TABLE_ARN = re.compile(r"arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/([a-zA-Z0-9_.-]{3,255})")
# What the service says when a list or map inside a list or map is something else.
_ODD_COLLECTION: Final = (
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class"
    " (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class"
    " are in module java.base of loader 'bootstrap')"
)


class Shape(Protocol):
    """What may stand in one place of a request."""

    take: Take
    java: str  # its class, as the service prints it
    nested: bool  # bound before scalars

    def bind(self, raw: Any, *, inside: bool = False) -> Any:
        """Return the value of a JSON value that is not null, or raise. `inside` a list or map, texts differ."""

    def violations(self, value: Any, path: str) -> Iterator[str]:
        """Yield what is wrong with a bound value."""

    def render(self, value: Any) -> str:
        """Return a bound value as the service prints it."""


def read_request(shape: "Structure", raw: Any) -> Request:
    """Return the members of a request's JSON, or raise the `ApiError` of its types or constraints."""
    try:
        request: Request = shape.take(raw)
    except Odd:
        return _read_slowly(shape, raw)
    return request


def _read_slowly(shape: "Structure", raw: Any) -> Request:
    if type(raw) is not dict:
        raise serialization()
    request: Request = shape.bind(raw)
    for member in shape.members:
        if member.guard is not None:
            fault = member.guard(request.get(member.name))
            if fault is not None:
                raise fault
    violations = list(shape.violations(request, ""))
    if violations:
        raise envelope(violations)
    return request


class String:
    """A string, perhaps of bounded length, of a pattern, or one of a set."""

    java = "java.lang.String"
    nested = False

    def __init__(
        self,
        length_min: int = 0,
        length_max: int | None = None,
        pattern: str | None = None,
        one_of: tuple[str, ...] = (),
    ) -> None:
        self._min = length_min
        self._max = length_max
        self._pattern = pattern
        self._matches = None if pattern is None else re.compile(pattern).fullmatch
        self._one_of = one_of
        self.take = self._compiled()

    def _compiled(self) -> Take:
        if self._one_of:
            return _take_enum(frozenset(self._one_of))
        if self._min == 0 and self._max is None and self._matches is None:
            return _take_string
        return self._take_constrained

    def _take_constrained(self, raw: Any) -> str:
        if type(raw) is not str or any(self.violations(raw, "")):
            raise Odd
        return raw

    def bind(self, raw: Any, *, inside: bool = False) -> str:
        return bind_string(raw)

    def violations(self, value: str, path: str) -> Iterator[str]:
        if len(value) < self._min:
            yield violation(value, path, f"Member must have length greater than or equal to {self._min}")
        if self._max is not None and len(value) > self._max:
            yield violation(value, path, f"Member must have length less than or equal to {self._max}")
        if self._matches is not None and value and not self._matches(value):
            yield violation(value, path, f"Member must satisfy regular expression pattern: {self._pattern}")
        if self._one_of and value not in self._one_of:
            yield violation(value, path, f"Member must satisfy enum value set: [{', '.join(self._one_of)}]")

    def render(self, value: str) -> str:
        return value


class TableName(String):
    """The name of a table, or its ARN."""

    def __init__(self, length_min: int = 1) -> None:
        super().__init__(length_min, TABLE_NAME_LENGTH_MAX, NAME_PATTERN)
        self.take = self._take_name

    def _take_name(self, raw: Any) -> str:
        if type(raw) is str and self._min <= len(raw) <= TABLE_NAME_LENGTH_MAX and _NAME.fullmatch(raw):
            return raw
        if type(raw) is str and is_table_arn(raw):
            return raw
        raise Odd

    def violations(self, value: str, path: str) -> Iterator[str]:
        return iter(()) if is_table_arn(value) else super().violations(value, path)


def is_table_arn(text: str) -> bool:
    """Whether a text is the ARN of a table."""
    return len(text) <= TABLE_ARN_LENGTH_MAX and _TABLE_ARN.fullmatch(text) is not None


def _take_string(raw: Any) -> str:
    if type(raw) is not str:
        raise Odd
    return raw


def _take_enum(members: frozenset[str]) -> Take:
    def take(raw: Any) -> str:
        if type(raw) is not str or raw not in members:
            raise Odd
        return raw

    return take


class Integer:
    """A whole number, perhaps bounded. A JSON number with a fraction loses it, as in the service."""

    nested = False

    def __init__(self, minimum: int | None = None, maximum: int | None = None, kind: str = "Integer") -> None:
        self._min = minimum
        self._max = maximum
        self._kind = kind
        self.java = f"java.lang.{kind}"
        self.take: Take = self._take_whole

    def _take_whole(self, raw: Any) -> int:
        if type(raw) is not int or any(self.violations(raw, "")):
            raise Odd
        return raw

    def bind(self, raw: Any, *, inside: bool = False) -> int:
        if type(raw) is int:
            return raw
        if type(raw) is float:
            return int(raw)
        raise scalar_fault(raw, self._kind, self.java)

    def violations(self, value: int, path: str) -> Iterator[str]:
        if self._min is not None and value < self._min:
            yield violation(str(value), path, f"Member must have value greater than or equal to {self._min}")
        if self._max is not None and value > self._max:
            yield violation(str(value), path, f"Member must have value less than or equal to {self._max}")

    def render(self, value: int) -> str:
        return str(value)


def long(minimum: int | None = None, maximum: int | None = None) -> Integer:
    """Return the shape of a `Long`."""
    return Integer(minimum, maximum, "Long")


class Timestamp:
    """A moment: seconds since 1970, perhaps with a fraction."""

    java = "java.util.Date"
    nested = False

    def __init__(self) -> None:
        self.take: Take = self._take_moment

    def _take_moment(self, raw: Any) -> float:
        if type(raw) is not int and type(raw) is not float:
            raise Odd
        return float(raw)

    def bind(self, raw: Any, *, inside: bool = False) -> float:
        if type(raw) is int or type(raw) is float:
            return float(raw)
        raise scalar_fault(raw, "Date", self.java)

    def violations(self, value: float, path: str) -> Iterator[str]:
        return iter(())

    def render(self, value: float) -> str:
        return str(value)


class Boolean:
    """True or false."""

    java = "java.lang.Boolean"
    nested = False

    def __init__(self) -> None:
        self.take: Take = self._take_boolean

    def _take_boolean(self, raw: Any) -> bool:
        if type(raw) is not bool:
            raise Odd
        return raw

    def bind(self, raw: Any, *, inside: bool = False) -> bool:
        return bind_boolean(raw)

    def violations(self, value: bool, path: str) -> Iterator[str]:
        return iter(())

    def render(self, value: bool) -> str:
        return "true" if value else "false"


class List:
    """A list of one shape, perhaps of bounded length."""

    nested = True

    def __init__(self, element: Shape, length_min: int = 0, length_max: int | None = None) -> None:
        self._element = element
        self._min = length_min
        self._max = length_max
        self.java = f"java.util.List<{element.java}>"
        self.take: Take = self._take_list

    def _take_list(self, raw: Any) -> list[Any]:
        if type(raw) is not list or len(raw) < self._min or (self._max is not None and len(raw) > self._max):
            raise Odd
        take = self._element.take
        return [take(element) for element in raw]

    def bind(self, raw: Any, *, inside: bool = False) -> list[Any]:
        if inside and type(raw) is not list:
            raise serialization(_ODD_COLLECTION)
        bind = self._element.bind
        return [None if element is None else bind(element, inside=True) for element in bind_list(raw)]

    def violations(self, value: list[Any], path: str) -> Iterator[str]:
        if len(value) < self._min:
            constraint = f"Member must have length greater than or equal to {self._min}"
            yield violation(self.render(value), path, constraint)
        if self._max is not None and len(value) > self._max:
            constraint = f"Member must have length less than or equal to {self._max}"
            yield violation(self.render(value), path, constraint)
        for position, element in enumerate(value, 1):
            yield from _entry_violations(self._element, element, f"{path}.{position}.member")

    def render(self, value: list[Any]) -> str:
        return f"[{', '.join(_render(self._element, element) for element in value)}]"


class Map:
    """A map from names to one shape."""

    nested = True

    def __init__(self, value: Shape) -> None:
        self._value = value
        self.java = f"java.util.Map<java.lang.String, {value.java}>"
        self.take: Take = self._take_map

    def _take_map(self, raw: Any) -> dict[str, Any]:
        if type(raw) is not dict:
            raise Odd
        take = self._value.take
        return {name: take(value) for name, value in raw.items()}

    def bind(self, raw: Any, *, inside: bool = False) -> dict[str, Any]:
        if inside and type(raw) is not dict:
            raise serialization(_ODD_COLLECTION)
        bind = self._value.bind
        bound = bind_map(raw, self._value.java)
        return {name: None if value is None else bind(value, inside=True) for name, value in bound.items()}

    def violations(self, value: dict[str, Any], path: str) -> Iterator[str]:
        for name, entry in value.items():
            yield from _entry_violations(self._value, entry, f"{path}.{name}.member")

    def render(self, value: dict[str, Any]) -> str:
        return f"{{{', '.join(f'{name}={_render(self._value, entry)}' for name, entry in value.items())}}}"


class AttributeMap:
    """A map of attribute values: an item, a key, values of expressions. Read as `Attributes`."""

    nested = True
    java = f"java.util.Map<java.lang.String, {SHAPES}AttributeValue>"

    def __init__(self) -> None:
        self.take: Take = _take_attributes

    def bind(self, raw: Any, *, inside: bool = False) -> Attributes:
        if inside and type(raw) is not dict:
            raise serialization(_ODD_COLLECTION)
        return read_attributes(bind_map(raw, f"{SHAPES}AttributeValue"))

    def violations(self, value: Attributes, path: str) -> Iterator[str]:
        return iter(())

    def render(self, value: Attributes) -> str:
        shown = (
            f"{name}=AttributeValue({', '.join(f'{code.lower()}={content}' for code, content in entry.items())})"
            for name, entry in value.tree.items()
        )
        return f"{{{', '.join(shown)}}}"


def _take_attributes(raw: Any) -> Attributes:
    if type(raw) is not dict:
        raise Odd
    return take_attributes(raw)


class OneAttribute:
    """A single attribute value. Read as `Attributes` of one entry with an empty name."""

    nested = True
    java = f"{SHAPES}AttributeValue"

    def __init__(self) -> None:
        self.take: Take = self._take_value

    def _take_value(self, raw: Any) -> Attributes:
        read = _take_attributes({"value": raw})
        return read._replace(size=read.size - len("value"))

    def bind(self, raw: Any, *, inside: bool = False) -> Attributes:
        if type(raw) is not dict:
            raise structure_fault(raw, "AttributeValue", inside_collection=inside)
        read = read_attributes({"value": raw})
        return read._replace(size=read.size - len("value"))

    def violations(self, value: Attributes, path: str) -> Iterator[str]:
        return iter(())

    def render(self, value: Attributes) -> str:
        return f"AttributeValue({value.tree['value']})"


@attrs.frozen
class Member:
    """A member of a structure.

    A `guard` looks at the value (None if absent) before all constraints are checked, and may refuse alone.
    """

    name: str
    shape: Shape
    required: bool = False
    guard: Callable[[Any], ApiError | None] | None = None


class Structure:
    """An object with named members, listed in the order in which the service reports their violations."""

    nested = True

    def __init__(self, name: str, *members: Member) -> None:
        self._name = name
        self.java = SHAPES + name
        self.members = members
        self._binding_order = sorted(members, key=lambda member: not member.shape.nested)
        self.take = self._compiled()

    def _compiled(self) -> Take:
        takes = {member.name: member.shape.take for member in self.members}
        required = frozenset(member.name for member in self.members if member.required)

        def take(raw: Any) -> Request:
            if type(raw) is not dict:
                raise Odd
            request = {}
            for name, value in raw.items():
                take_member = takes.get(name)
                if take_member is not None and value is not None:
                    request[name] = take_member(value)
            if not request.keys() >= required:
                raise Odd
            return request

        return take

    def bind(self, raw: Any, *, inside: bool = False) -> Request:
        if type(raw) is not dict:
            raise structure_fault(raw, self._name, inside_collection=inside)
        return {
            member.name: member.shape.bind(raw[member.name])
            for member in self._binding_order
            if raw.get(member.name) is not None
        }

    def violations(self, value: Request, path: str) -> Iterator[str]:
        for member in self.members:
            inner = f"{path}.{lower_camel(member.name)}" if path else lower_camel(member.name)
            if member.name in value:
                yield from member.shape.violations(value[member.name], inner)
            elif member.required:
                yield violation(None, inner, "Member must not be null")

    def render(self, value: Request) -> str:
        shown = (
            f"{lower_camel(member.name)}={_render(member.shape, value.get(member.name))}"
            for member in self.members
        )
        return f"{self._name}({', '.join(shown)})"


def lower_camel(name: str) -> str:
    """Return a member's name as it stands in paths."""
    return name[0].lower() + name[1:]


def alone(member: Member) -> Member:
    """Return a member whose violation hides all others."""

    def guard(value: Any) -> ApiError | None:
        if value is None and not member.required:
            return None
        path = lower_camel(member.name)
        if value is None:
            return envelope([violation(None, path, "Member must not be null")])
        violations = list(member.shape.violations(value, path))
        return envelope(violations) if violations else None

    return attrs.evolve(member, guard=guard)


def _entry_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return iter([violation(None, path, "Member must not be null")])
    return shape.violations(value, path)


def _render(shape: Shape, value: Any) -> str:
    return "null" if value is None else shape.render(value)
