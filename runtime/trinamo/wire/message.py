"""Messages: frozen attrs classes that cross links as CBOR arrays.

A message class derives from `Message`, is `@attrs.frozen`, and names itself by `WIRE`:

    @attrs.frozen
    class Vote(Message):
        WIRE = "raft.vote"
        term: Term
        granted: bool

`to_wire` gives `["raft.vote", 7, True]`, a tree that cbor2 can dump; `from_wire` is its strict inverse.

Theory. A node trusts its peers' program, not its peers' bytes: each field is checked against its annotation,
because a mistyped value deep inside a replica is far harder to explain than a refused frame. Fields may be
int, str, bytes, bool, float, enums over str or int, NewTypes of those, `X | None`, `tuple[X, ...]`,
`tuple[X, Y]`, `dict[str, X]`, a message class (its fields follow without the name) and `Message` (any
message, with its name).

Compatibility. New fields go last and have a default: a decoder fills what an older sender left out. A longer
array than known is refused, since a field we cannot see may change what the message means.
"""

import enum
import types
import typing
from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, Union

import attrs

from trinamo.base import WireError

M = TypeVar("M", bound="Message")

_registry: dict[str, type["Message"]] = {}
_codecs: dict[type["Message"], "_Codec"] = {}


class Message:
    """Root of all that crosses a link. Subclasses are `@attrs.frozen` and set `WIRE`, their name on the wire."""

    __slots__ = ()
    WIRE: ClassVar[str] = ""

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        # attrs calls this once, after it made the slotted class; __init_subclass__ would fire twice.
        name = cls.__dict__.get("WIRE")
        if not name:
            return  # an abstract family, such as Request
        other = _registry.get(name)
        if other is not None and other.__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.__qualname__} and {other.__qualname__} both call themselves {name!r}")
        _registry[name] = cls


def to_wire(message: Message) -> list[Any]:
    """Return `[name, field, ...]`, made only of what CBOR knows."""
    cls = type(message)
    codec = _codecs.get(cls) or _codec(cls)
    return [codec.name, *codec.encode(message)]


def from_wire(tree: object) -> Message:
    """Return the message that `to_wire` gave as `tree`. Raises `WireError` for anything else."""
    if type(tree) is not list or not tree or type(tree[0]) is not str:
        raise WireError(f"a message is an array that begins with its name, not {_short(tree)}")
    cls = _registry.get(tree[0])
    if cls is None:
        raise WireError(f"unknown message {tree[0]!r}")
    codec = _codecs.get(cls) or _codec(cls)
    return codec.decode(tree, 1)


class _Codec:
    """How one class goes to and from a list of fields."""

    __slots__ = ("_checks", "_cls", "_getter", "_most", "_packs", "_required", "_unpacks", "name")

    def __init__(self, cls: type[Message]) -> None:
        self.name = cls.WIRE
        self._cls: Callable[..., Message] = cls
        fields = attrs.fields(cls)  # type: ignore[arg-type]  # every registered class is an attrs class
        hints = typing.get_type_hints(cls)
        names = [field.name for field in fields]
        kinds = [_kind(hints[name], f"{cls.__qualname__}.{name}") for name in names]
        self._most = len(names)
        self._required = sum(field.default is attrs.NOTHING for field in fields)
        self._packs = [(i, pack) for i, (_, pack, _) in enumerate(kinds) if pack is not None]
        self._unpacks = [(i, unpack) for i, (_, _, unpack) in enumerate(kinds) if unpack is not None]
        self._checks = [check for check, _, _ in kinds]
        self._getter = _getter(names)

    def encode(self, message: Message) -> list[Any]:
        values = list(self._getter(message))
        for i, pack in self._packs:
            values[i] = pack(values[i])
        return values

    def decode(self, tree: list[Any], start: int) -> Message:
        values = tree[start:] if start else list(tree)
        if not self._required <= len(values) <= self._most:
            raise WireError(f"{self.name} has {self._most} fields, {len(values)} came")
        for value, check in zip(values, self._checks, strict=False):
            if type(value) not in check:
                raise WireError(f"{self.name} holds {_short(value)} where it may not")
        for i, unpack in self._unpacks:
            if i < len(values):
                values[i] = unpack(values[i])
        return self._cls(*values)


def _codec(cls: type[Message]) -> _Codec:
    codec = _codecs[cls] = _Codec(cls)
    return codec


def _getter(names: list[str]) -> Callable[[Message], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        one = attrgetter(names[0])
        return lambda message: (one(message),)
    return attrgetter(*names)


_PLAIN = frozenset({int, str, bytes, bool, float})
_Kind = tuple[frozenset[type], Callable[[Any], Any] | None, Callable[[Any], Any] | None]


def _kind(hint: Any, where: str) -> _Kind:
    """Return (admitted raw types, pack or None, unpack or None) of an annotation."""
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    if hint is float:
        return frozenset({float, int}), None, float
    if hint in _PLAIN:
        return frozenset({hint}), None, None
    if hint is type(None):
        return frozenset({type(None)}), None, None
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return _union_kind(arguments, where)
    if origin is tuple:
        return _tuple_kind(arguments, where)
    if origin is dict:
        return _dict_kind(arguments, where)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _enum_kind(hint)
    base = origin if origin is not None else hint
    if isinstance(base, type) and issubclass(base, Message):
        return _message_kind(base)
    raise TypeError(f"{where}: {hint!r} cannot cross the wire")


def _union_kind(arguments: tuple[Any, ...], where: str) -> _Kind:
    rest = [argument for argument in arguments if argument is not type(None)]
    kinds = [_kind(argument, where) for argument in rest]
    admitted: frozenset[type] = frozenset[type]().union(*(kind[0] for kind in kinds))
    if len(rest) < len(arguments):
        admitted |= {type(None)}
    if all(kind[1] is None and kind[2] is None for kind in kinds):
        return admitted, None, None
    if len(rest) != 1:
        raise TypeError(f"{where}: only X | None, or unions of plain types, can cross the wire")
    _, pack, unpack = kinds[0]
    return (
        admitted,
        pack and (lambda value: None if value is None else pack(value)),
        unpack and (lambda value: None if value is None else unpack(value)),
    )


def _checked(kind: _Kind, where: str) -> Callable[[Any], Any]:
    admitted, _, unpack = kind

    def take(value: Any) -> Any:
        if type(value) not in admitted:
            raise WireError(f"{where} holds {_short(value)} where it may not")
        return value if unpack is None else unpack(value)

    return take


def _tuple_kind(arguments: tuple[Any, ...], where: str) -> _Kind:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        kind = _kind(arguments[0], where)
        admitted, pack, unpack = kind
        take = _checked(kind, where)

        def unpack_all(values: list[Any]) -> tuple[Any, ...]:
            if unpack is None and admitted.issuperset(map(type, values)):
                return tuple(values)
            return tuple([take(value) for value in values])

        packer = list if pack is None else (lambda values: [pack(value) for value in values])
        return frozenset({list}), packer, unpack_all
    kinds = [_kind(argument, where) for argument in arguments]
    takes = [_checked(kind, where) for kind in kinds]
    packs = [kind[1] for kind in kinds]

    def pack_each(values: tuple[Any, ...]) -> list[Any]:
        return [value if pack is None else pack(value) for value, pack in zip(values, packs, strict=True)]

    def unpack_each(values: list[Any]) -> tuple[Any, ...]:
        if len(values) != len(takes):
            raise WireError(f"{where} holds {len(values)} values where {len(takes)} belong")
        return tuple([take(value) for value, take in zip(values, takes, strict=True)])

    return frozenset({list}), pack_each, unpack_each


def _dict_kind(arguments: tuple[Any, ...], where: str) -> _Kind:
    take_key = _checked(_kind(arguments[0], where), where)
    kind = _kind(arguments[1], where)
    take = _checked(kind, where)
    pack = kind[1]
    return (
        frozenset({dict}),
        None if pack is None else (lambda values: {key: pack(value) for key, value in values.items()}),
        lambda values: {take_key(key): take(value) for key, value in values.items()},
    )


def _enum_kind(hint: type[enum.Enum]) -> _Kind:
    def unpack(value: Any) -> enum.Enum:
        try:
            return hint(value)
        except ValueError:
            raise WireError(f"{_short(value)} is no {hint.__name__}") from None

    return frozenset(type(member.value) for member in hint), lambda member: member.value, unpack


def _message_kind(base: type[Message]) -> _Kind:
    if base is Message or "WIRE" not in base.__dict__:
        return frozenset({list}), to_wire, from_wire

    def pack(message: Message) -> list[Any]:
        return (_codecs.get(base) or _codec(base)).encode(message)

    def unpack(values: list[Any]) -> Message:
        return (_codecs.get(base) or _codec(base)).decode(values, 0)

    return frozenset({list}), pack, unpack


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
