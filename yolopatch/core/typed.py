"""Values that somebody else may have written, held against the types of the fields that they are for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_Check = Callable[[Any], bool]


def require_types(record: Any) -> None:
    """Check every field of a dataclass, and of the dataclasses in it, against its annotation.

    A number has to be finite, and is no bool; a list is as good as a tuple of any length.

    Raises:
        TypeError: a field has a value of another type.
    """
    name = _wrong_field(record)
    if name is not None:
        raise TypeError(f"{type(record).__name__}.{name}: {getattr(record, name)!r}")


def _wrong_field(record: Any) -> str | None:
    checks = _checks(record.__class__)
    return next((name for name, check in checks.items() if not check(getattr(record, name))), None)


@lru_cache
def _checks(kind: type) -> Mapping[str, _Check]:
    hints = get_type_hints(kind)
    return {field.name: _check(hints[field.name]) for field in fields(kind)}


@lru_cache
def _check(hint: Any) -> _Check:
    """Return what says whether a value has a type."""
    kind, arguments = get_origin(hint), get_args(hint)
    if hint in (Any, object):
        return lambda value: True
    if hint is float:
        return lambda value: type(value) in (int, float) and math.isfinite(value)
    if hint is int:
        return lambda value: type(value) is int
    if kind in (Union, UnionType):
        options = [_check(one) for one in arguments]
        return lambda value: any(check(value) for check in options)
    if kind is tuple or (kind and issubclass(kind, Sequence)):
        each = _check(arguments[0])
        return lambda value: isinstance(value, (list, tuple)) and all(map(each, value))
    if kind and issubclass(kind, Mapping):
        keys, values = map(_check, arguments)
        return lambda value: isinstance(value, Mapping) and all(map(keys, value)) and all(map(values, value.values()))
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: isinstance(value, hint) and _wrong_field(value) is None
    return lambda value: isinstance(value, hint)
