"""Read a pickle without running anything that it asks for.

A pickle names classes and functions and has them called: reading one as usual runs what its author chose. Here every
name that is not plain data stands for an `Inert`, which keeps what it was given and does nothing. Standard library
only, so that a checkpoint can be looked into by any interpreter.
"""

import builtins
import collections
import pickle
import types

# without bytes and bytearray, of which one number asks for any amount of memory
_PLAIN_BUILTINS = ("bool", "complex", "dict", "float", "frozenset", "int", "list", "set", "str")
_PLAIN = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    **{(home, name): getattr(builtins, name) for home in ("builtins", "__builtin__") for name in _PLAIN_BUILTINS},
}


class Inert:
    """What stands for an object of any class, and for the result of any call.

    Attributes:
        path: `module.name` of the class or function that the pickle names.
        arguments: what it was called with.
        state: what the pickle sets on it: for most objects the dict of its attributes, None where it sets nothing.
        items: what was appended to it, or put in as (key, value).
    """

    path = ""

    def __new__(cls, *arguments, **named):
        made = super().__new__(cls)
        made.arguments, made.named, made.state, made.items = arguments, named, None, []
        return made

    def __init__(self, *arguments, **named):
        """Take anything; `__new__` has kept it."""

    def __setstate__(self, state):
        self.state = state

    def __call__(self, *arguments, **named):
        return Inert(self, *arguments, **named)

    def append(self, item):
        """Keep what a list would."""
        self.items.append(item)

    def extend(self, items):
        """Keep what a list would."""
        self.items.extend(items)

    def add(self, item):
        """Keep what a set would."""
        self.items.append(item)

    def __setitem__(self, key, value):
        self.items.append((key, value))


class InertUnpickler(pickle.Unpickler):
    """An unpickler that makes plain data, and an `Inert` of everything else.

    Attributes:
        asked: `module.name` of all that the pickle named and that is no plain data.
        allowed: what `find_class` gives besides plain data, by (module, name); a subclass's own.
    """

    allowed = types.MappingProxyType({})

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.asked = set()

    def find_class(self, module, name):
        """Return plain data's own class, what is allowed, or an inert class."""
        known = _PLAIN.get((module, name)) or self.allowed.get((module, name))
        if known:
            return known
        path = f"{module}.{name}"
        self.asked.add(path)
        return type(str(name), (Inert,), {"path": path})


class Unpickler(InertUnpickler):
    """The same for a file of torch's of which the tensors are not wanted."""

    def persistent_load(self, key):
        """Give nothing for what lies outside the pickle: the tensors' own bytes."""
