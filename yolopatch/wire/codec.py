"""Frozen dataclasses as JSON, and back: what a field is declared to be decides what is made of its value."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
# `X | Y` is of another type than `Union[X, Y]`, and no Python before 3.10 has it
_UNIONS = (Union, getattr(types, "UnionType", Union))


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it: a dataclass becomes a dict, a tuple a list."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return the dataclass that `encode` was given.

    Raises:
        TypeError: a field is missing, or there is one too many.
    """
    hints = _hints(kind)
    return kind(**{name: _decoded(hints.get(name, Any), value) for name, value in data.items()})


_KNOWN: dict[type, dict[str, Any]] = {}


def _hints(kind: type) -> dict[str, Any]:
    if kind not in _KNOWN:  # finding them out is slow, and a report has hundreds of rows
        _KNOWN[kind] = get_type_hints(kind)
    return _KNOWN[kind]


def _decoded(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in _UNIONS:
        return _decoded(next(one for one in arguments if one is not type(None)), value)
    if origin is tuple:
        return tuple(_decoded(arguments[0], item) for item in value)
    if origin is not None and len(arguments) == 2 and isinstance(value, dict):
        return {key: _decoded(arguments[1], item) for key, item in value.items()}
    if kind is float and isinstance(value, str):  # NaN and the infinities come as words
        return float(value)
    return decode(kind, value) if dataclasses.is_dataclass(kind) else value
