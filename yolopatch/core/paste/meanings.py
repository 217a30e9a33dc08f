"""The value of each argument of a constructor, from its name or its position."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument, Constructor
from yolopatch.wire import arguments as by

_BY_NAME: Mapping[str, str] = MappingProxyType({})


def meanings(constructor: Constructor, reasons: Mapping[str, str] = _BY_NAME) -> tuple[Given, ...]:
    """Return the value of each argument; from its position if no argument means a number of channels.

    Args:
        constructor: with the meaning of each argument.
        reasons: those of the meanings that do not come from a name, by argument.
    """
    first = _channels(constructor)
    found: dict[str, Given] = {}
    unused = _unused_outputs(constructor)
    for argument in constructor.arguments:
        if argument is unused:
            continue
        value, why = first.get(argument.name, (argument.meaning, "by its name"))
        why = reasons.get(argument.name, why)
        taken = {one.value for one in found.values()}
        if value in (None, by.CHANNELS) or value in taken:
            continue
        found[argument.name] = Given(argument.name, value, why)
    return tuple(found.values())


def _channels(constructor: Constructor) -> dict[str, tuple[str, str]]:
    """Return the arguments for channels in and out, each with the reason."""
    source, target = constructor.meaning(by.INPUTS), constructor.meaning(by.OUTPUTS)
    single = constructor.meaning(by.CHANNELS)
    target = None if target is _unused_outputs(constructor) else target
    if source is None and target is not None and _comes_before(constructor, target):
        # (planes): a name for the output channels that is the only number of channels
        source = single or _only_first(constructor, target)
    source = source or single
    if source is None and target is None:
        return _by_place(constructor)
    found = {}
    if source:
        found[source.name] = (by.INPUTS, "by its name")
    if target and target is not source:
        found[target.name] = (by.OUTPUTS, "by its name")
    return found


def _unused_outputs(constructor: Constructor) -> Argument | None:
    """Return the c2 of `(channels, c2=None)`: the class ignores it, and keeps the channels."""
    target = constructor.meaning(by.OUTPUTS)
    convolves = any(constructor.meaning(one) for one in (by.KERNEL, by.STRIDE, by.REPEATS))
    return target if target and target.default == "None" and not convolves else None


def _comes_before(constructor: Constructor, target: Argument) -> bool:
    return constructor.arguments.index(target) <= 1


def _only_first(constructor: Constructor, target: Argument) -> Argument | None:
    first = constructor.arguments[0]
    if first is target:
        return target if len(constructor.required) <= 1 else None
    return first if first.default is None and first.meaning is None else None


def _by_place(constructor: Constructor) -> dict[str, tuple[str, str]]:
    first = constructor.arguments[:2]
    says = any(constructor.meaning(one) for one in (by.KERNEL, by.STRIDE, by.REPEATS))
    if not says or len(first) < 2 or any(a.default is not None or a.meaning for a in first):
        return {}
    why = "by its position: the first two are the channels in and out"
    return {first[0].name: (by.INPUTS, why), first[1].name: (by.OUTPUTS, why)}
