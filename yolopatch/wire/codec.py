"""Frozen dataclasses as JSON, and back. The declared type of a field decides how its value is read."""

from __future__ import annotations

import dataclasses
import math
import re
import sys
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

T = TypeVar("T")
# Python 3.8 cannot evaluate `tuple[str, ...]`, and Python 3.9 cannot evaluate `str | None`: a value is read as the
# first of the alternatives, and None is always None.
_SUBSCRIPTED = {"tuple": typing.Tuple, "list": typing.List, "Mapping": typing.Mapping}  # noqa: UP006
_OTHER_ALTERNATIVES = re.compile(r" \| \w+(\[[^][]*\])?")


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it: a dataclass becomes a dict, a tuple a list, NaN or infinity a word."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return _word(value)
    return value


def _word(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def decode(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return the dataclass that `encode` was called with.

    Raises:
        TypeError: a field is missing or unknown.
    """
    types = _field_types(kind)
    return kind(**{name: _decode_value(types.get(name, Any), value) for name, value in data.items()})


_KNOWN: dict[type, dict[str, Any]] = {}


def _field_types(kind: type) -> dict[str, Any]:
    if kind not in _KNOWN:  # evaluating them is slow, and a report has hundreds of rows
        names = {**vars(sys.modules[kind.__module__]), **_SUBSCRIPTED}
        _KNOWN[kind] = {
            field.name: eval(_OTHER_ALTERNATIVES.sub("", str(field.type)), names)  # our own source, no input
            for field in dataclasses.fields(kind)
        }
    return _KNOWN[kind]


def _decode_value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return tuple(_decode_value(arguments[0], item) for item in value)
    if origin is list:
        return [_decode_value(arguments[0], item) for item in value]
    if origin is not None and len(arguments) == 2 and isinstance(value, dict):
        return {key: _decode_value(arguments[1], item) for key, item in value.items()}
    if kind is float and isinstance(value, str):  # NaN and the infinities, as `encode` writes them
        return float(value)
    return decode(kind, value) if isinstance(kind, type) and dataclasses.is_dataclass(kind) else value
