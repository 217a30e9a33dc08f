"""Read a pickle without running any code that it names.

A pickle names classes and functions and calls them: the usual way to read it runs code that its author chose. Here
every name that is not plain data becomes an `Inert`, which keeps its arguments and does nothing. Standard library
only, and Python 3.8 can run this: any interpreter can look into a checkpoint.
"""

from __future__ import annotations

import builtins
import collections
import pickle
import types
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

# without bytes and bytearray: bytes(10**12) takes a terabyte of memory
_PLAIN_BUILTINS = ("bool", "complex", "dict", "float", "frozenset", "int", "list", "set", "str")
_PLAIN: dict[tuple[str, str], type] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    **{(home, name): getattr(builtins, name) for home in ("builtins", "__builtin__") for name in _PLAIN_BUILTINS},
}


class Inert:
    """An object of any class, or the result of any call, that does nothing.

    Attributes:
        path: `module.name` of the class or function that the pickle names.
        arguments, named: what it was called with.
        state: the state that the pickle sets: for most objects the dict of attributes, None where it sets none.
        items: the items that the pickle appends, adds, or sets as (key, value).
    """

    path: ClassVar[str] = ""
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    state: Any
    items: list[Any]

    def __new__(cls, *arguments: Any, **named: Any) -> Inert:
        made = super().__new__(cls)
        made.arguments, made.named, made.state, made.items = arguments, named, None, []
        return made

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Accept anything: `__new__` has kept it."""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __call__(self, *arguments: Any, **named: Any) -> Inert:
        return Inert(self, *arguments, **named)

    def append(self, item: Any) -> None:
        """Keep an item, as a list would."""
        self.items.append(item)

    def extend(self, items: Iterable[Any]) -> None:
        """Keep items, as a list would."""
        self.items.extend(items)

    def add(self, item: Any) -> None:
        """Keep an item, as a set would."""
        self.items.append(item)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items.append((key, value))


class InertUnpickler(pickle.Unpickler):
    """An unpickler that makes plain data, and an `Inert` for everything else.

    Attributes:
        allowed: what else `find_class` returns, by (module, name); for subclasses.
    """

    allowed: ClassVar[Mapping[tuple[str, str], Any]] = types.MappingProxyType({})

    def find_class(self, module: str, name: str) -> Any:
        """Return the class itself where it is plain data or allowed, else an inert class."""
        known = _PLAIN.get((module, name)) or self.allowed.get((module, name))
        if known:
            return known
        return type(str(name), (Inert,), {"path": f"{module}.{name}"})


class TensorlessUnpickler(InertUnpickler):
    """The same for a file of torch's, without its tensors."""

    def persistent_load(self, key: Any) -> None:
        """Return nothing for data outside the pickle: the bytes of tensors."""
