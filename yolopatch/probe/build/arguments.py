"""What parse_model really called each layer's class with, seen while it builds, and what each argument means."""

import inspect
import sys

from torch.nn import Module

from ...wire.arguments import WORDS, meaning_of

PLAIN = (bool, int, float, str, type(None))

# Those that change what a layer computes when a class reads another's number as its own.
_TELLING = ("kernel", "stride", "groups")


class Recorder:
    """Records, while it is entered, the named arguments with which `parse_model` constructs its layers.

    `calls` is a list of (layer index, class name, {argument: value}), in the order of construction; a layer that
    is repeated appears once. `given` has, by layer index, those arguments that parse_model passed itself.
    """

    def __init__(self):
        self.calls = []
        self.given = {}
        self._before = None

    def __enter__(self):
        self._before = sys.getprofile()
        sys.setprofile(self._watch)
        return self

    def __exit__(self, *_):
        sys.setprofile(self._before)

    def of_layer(self, index):
        """Return the class name and arguments of a layer, or None."""
        return next(((name, bound) for i, name, bound in self.calls if i == index), None)

    def _watch(self, frame, event, _):
        if event != "call" or frame.f_code.co_name != "__init__":
            return
        caller = _parse_model_of(frame.f_back)
        if caller is None:
            return
        found = caller.f_locals
        index = found.get("i")
        values = inspect.getargvalues(frame)
        owner = values.locals[values.args[0]] if values.args else None
        if index in self.given or not isinstance(owner, Module):
            return
        named = {name: plain(values.locals[name]) for name in values.args[1:]}
        self.given[index] = dict(list(named.items())[: len(found.get("args", ()))])
        if values.varargs:
            named[values.varargs] = plain(values.locals[values.varargs])
        self.calls.append((index, type(owner).__name__, named))


def role(name):
    """Return what an argument of this name means in a layer: `kernel`, `stride`, ...; None where nobody can tell."""
    return WORDS.get(meaning_of(name) or "")


def misread(own, base):
    """List the arguments that stand in one place of two layers' calls, and mean different things there.

    Args:
        own, base: what parse_model passed each (see Recorder.given), for rows with the same arguments.

    Returns:
        for each place: `value`, `reads_as` and `base_reads_as`; only where a kernel, a stride or groups is concerned.
    """
    if len(own) != len(base):
        return []  # their branches in parse_model pass different things: places cannot be compared
    return [
        {"value": value, "reads_as": name, "base_reads_as": role(base_name) or base_name}
        for (name, value), base_name in zip(own.items(), base)
        if role(name) != role(base_name) and {role(name), role(base_name)} & set(_TELLING)
    ]


def value_of(bound, wanted):
    """Return the value that named arguments hold for a role, None where none has it."""
    return next((value for name, value in bound.items() if role(name) == wanted), None)


def plain(value):
    """Return a value as JSON can hold it: what is no number, text or list becomes the name of its class."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value.__name__ if isinstance(value, type) else type(value).__name__


def _parse_model_of(frame):
    """Return the frame of parse_model where it is what calls: itself, or its comprehension over repeats."""
    if frame is not None and frame.f_code.co_name == "<genexpr>":
        frame = frame.f_back
    return frame if frame is not None and frame.f_code.co_name == "parse_model" else None
