"""Check a value that was read from JSON against the declared type of a dataclass's field."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

_JSON_WORDS = {str: "a text", int: "a whole number", bool: "true or false", types.NoneType: "null"}


def check_types(kind: type, entry: Mapping[str, Any]) -> None:
    """Check the values of the fields that an entry has; what it lacks or has too much is not looked at.

    Raises:
        ValueError: a value is of another type; the message says which one, and what is expected.
    """
    declared = get_type_hints(kind)
    for key, value in entry.items():
        if key in declared and not _fits(declared[key], value):
            raise ValueError(f"its {key} is {repr(value)[:60]}, expected: {_in_words(declared[key])}")


def _fits(kind: Any, value: Any) -> bool:
    inner = get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return any(_fits(one, value) for one in inner)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            return False
        expected = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        return len(value) == len(expected) and all(map(_fits, expected, value))
    if dataclasses.is_dataclass(kind):
        return isinstance(value, dict)
    return type(value) is kind  # not isinstance: true is no number


def _in_words(kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(map(_in_words, get_args(kind)))
    if get_origin(kind) is tuple:
        return "a list"
    return "an object" if dataclasses.is_dataclass(kind) else _JSON_WORDS[kind]
