"""Items as objects: attrs classes, dataclasses and pydantic models, of whose libraries nothing is imported here.

`dump` makes the mapping that is stored, `load` the object of a mapping that was stored. Names of attributes are names of
fields. Nested classes of these kinds, lists, tuples, sets, dicts and unions with None are followed by the annotations;
enums are stored as their values. What an item has and a class has not is left out, so that a class may be a view of an
item; what a class has and an item has not takes its default, or is a `CannotLoad`. DynamoDB has no empty sets: fields that hold
one are left out, and are empty again when they are loaded.
"""

import dataclasses
import enum
import functools
import sys
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar, Union

import attrs

T = TypeVar("T")


_HELD_BY: Final = {
    list: list | tuple,
    tuple: list | tuple,
    set: set | frozenset,
    frozenset: set | frozenset,
    dict: Mapping,
    Mapping: Mapping,
}
"""In what the values of a container are stored."""


class CannotLoad(ValueError):
    """An item does not fit a class; the text says where and why."""


def dump(obj: Any) -> dict[str, Any]:
    """Return what is to be stored of an object. Raises `TypeError` for one of no class that is known here."""
    if _is_model(type(obj)):
        dumped: dict[str, Any] = _without_empty_sets(obj.model_dump(mode="python", by_alias=True))
        return {name: _plain(value) for name, value in dumped.items()}
    names = _fields(type(obj))
    if names is None:
        raise TypeError(
            f"{type(obj).__name__} is neither a mapping nor an attrs class, dataclass or pydantic model"
        )
    held = {name: getattr(obj, name) for name, _ in names}
    return {name: _plain(value) for name, value in held.items() if not _is_empty_set(value)}


def load(cls: type[T], mapping: Mapping[str, Any]) -> T:
    """Return the object that a mapping is of. Raises `CannotLoad`."""
    loaded: T = _load(cls, mapping, cls.__name__)
    return loaded


def _is_empty_set(value: Any) -> bool:
    return isinstance(value, set | frozenset) and not value


def _without_empty_sets(value: Any) -> Any:
    """Return what was dumped of a model without sets that are empty, also in models inside it: DynamoDB has none."""
    if isinstance(value, dict):
        return {name: _without_empty_sets(each) for name, each in value.items() if not _is_empty_set(each)}
    return [_without_empty_sets(each) for each in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Return a value with the objects inside it dumped."""
    match value:
        case enum.Enum():
            return value.value
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case set() | frozenset():
            return {_plain(each) for each in value}
    if not isinstance(value, type) and (_is_model(type(value)) or _fields(type(value)) is not None):
        return dump(value)
    return value


def _load(cls: Any, value: Any, where: str) -> Any:
    if _is_model(cls):
        try:
            return cls.model_validate(value)
        except ValueError as error:  # pydantic's
            raise CannotLoad(f"{where}: {error}") from error
    fields = _fields(cls)
    if fields is None:
        return _fit(cls, value, where)
    if not isinstance(value, Mapping):
        raise CannotLoad(f"{where}: it is a {type(value).__name__}, and no map")
    hints = _hints(cls)
    found = {
        name: _fit(hints.get(name, Any), value[name], f"{where}.{name}")
        for name, _ in fields
        if name in value
    }
    for name, _ in fields:
        origin = typing.get_origin(hints.get(name)) or hints.get(name)
        if name not in found and origin in (set, frozenset):
            found[name] = origin()
    try:
        return cls(**{keyword: found[name] for name, keyword in fields if name in found})
    except TypeError as error:  # arguments that have no default are missing
        raise CannotLoad(f"{where}: {error}") from error


def _fit(hint: Any, value: Any, where: str) -> Any:
    """Return a stored value as an annotation wants it. What the annotation does not decide stays as it is."""
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _fit(arguments[0], value, where)
    if origin in (Union, types.UnionType):
        return _fit_union(arguments, value, where)
    if origin in _HELD_BY and arguments and not isinstance(value, _HELD_BY[origin]):
        raise CannotLoad(f"{where}: it is a {type(value).__name__}, and no {origin.__name__}")
    if origin in (list, set, frozenset) and arguments:
        return origin(_fit(arguments[0], each, f"{where}[]") for each in value)
    if origin is tuple and arguments:
        return _fit_tuple(arguments, value, where)
    if origin in (dict, Mapping) and arguments:
        return {name: _fit(arguments[1], each, f"{where}.{name}") for name, each in value.items()}
    if not isinstance(hint, type):
        return value
    if _is_model(hint) or _fields(hint) is not None:
        return _load(hint, value, where)
    return _fit_class(hint, value, where)


def _fit_class(hint: type, value: Any, where: str) -> Any:
    if issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError as error:
            raise CannotLoad(f"{where}: {error}") from error
    if hint in (float, Decimal) and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return hint(value)
    if hint in (tuple, frozenset) and isinstance(value, list | set):
        return hint(value)
    plain = hint in (str, bytes, int, bool, list, dict, set, type(None))
    if plain and (not isinstance(value, hint) or (hint is int and isinstance(value, bool))):
        raise CannotLoad(f"{where}: it is a {type(value).__name__}, and no {hint.__name__}")
    return value


def _fit_union(arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in arguments:
        return None
    faults: list[str] = []
    for argument in arguments:
        if argument is not type(None):
            try:
                return _fit(argument, value, where)
            except CannotLoad as fault:
                faults.append(str(fault))
    raise CannotLoad(
        faults[0] if len(faults) == 1 else f"{where}: it is none of {len(faults)} kinds: {faults}"
    )


def _fit_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_fit(arguments[0], each, f"{where}[]") for each in value)
    if len(arguments) != len(value):
        raise CannotLoad(f"{where}: it has {len(value)} places, and not {len(arguments)}")
    return tuple(_fit(hint, each, f"{where}[]") for hint, each in zip(arguments, value, strict=True))


def _is_model(cls: Any) -> bool:
    """Whether a class is a pydantic model. Without pydantic being loaded there is none."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(cls, type) and issubclass(cls, pydantic.BaseModel)


def _fields(cls: Any) -> tuple[tuple[str, str], ...] | None:
    """Return the fields that a class is made of, with their keywords; None for what is no class of fields."""
    return _class_fields(cls) if isinstance(cls, type) else None


@functools.lru_cache(1_024)
def _class_fields(cls: type) -> tuple[tuple[str, str], ...] | None:
    if attrs.has(cls):
        return tuple((field.name, field.alias or field.name) for field in attrs.fields(cls) if field.init)
    if dataclasses.is_dataclass(cls):
        return tuple((field.name, field.name) for field in dataclasses.fields(cls) if field.init)
    return None


@functools.lru_cache(1_024)
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)
