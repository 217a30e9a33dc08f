"""The catalog's entry for a user's own module, from the decision about its pasted class."""

from __future__ import annotations

import ast

from yolopatch.catalog.kinds import CONV_LIKE, DOWN, JOIN, UNSIZED
from yolopatch.catalog.module import HALF_PADDING, Module
from yolopatch.catalog.modules import own_source_name
from yolopatch.core.paste.calls import Given, names_in
from yolopatch.core.paste.constructor import Constructor
from yolopatch.core.paste.deciding import Decision
from yolopatch.wire import arguments as by

_RULES = (
    (by.PADDING, HALF_PADDING, "padding of half its kernel"),
    (by.GROUPS, "g == 1", "groups 1"),
    (by.DILATION, "d == 1", "dilation 1"),
)


def own_module(decision: Decision, constructor: Constructor, name: str, origin: str, stride: int = 1) -> Module:
    """Return the catalog's entry.

    Args:
        decision: the kind of the class, and its call.
        constructor: of the class.
        name: the module's name in commands, YAMLs and commits.
        origin: where the file comes from, for the commit message.
        stride: the stride of a convolution whose constructor has no stride.

    """
    used = {found for one in decision.given for found in names_in(one.value)}
    convolves = decision.kind in CONV_LIKE
    stride = 2 if decision.kind == DOWN else stride
    fixed = (stride,) if decision.kind == DOWN or (convolves and by.STRIDE not in used) else ()
    rules = [(by.STRIDE, f"s == {stride}", f"stride {stride}"), *_RULES] if convolves else []
    rules = [rule for rule in rules if rule[0] not in used]
    given, tail = decision.given, ""
    if decision.kind in UNSIZED:
        given, tail = _by_place(decision, constructor)
    return Module(
        name=name,
        source=own_source_name(name),
        bare=name,
        conv=f"Conv_{name}",
        paper=origin,
        tutorial=None,
        call=f"{name}({_arguments(given, constructor)})",
        requires=tuple((condition, words) for _, condition, words in rules),
        tail=tail,
        kind=decision.kind,
        strides=fixed,
        symbol=decision.symbol,
        stem=decision.stem,
        outputs=decision.outputs or ("sum(inputs)" if decision.kind == JOIN else ""),
        spread=decision.spread,
    )


def _arguments(given: tuple[Given, ...], constructor: Constructor) -> str:
    """Write the arguments of a call: by position as long as possible, then by name."""
    values = {one.argument: one.value for one in given}
    written: list[str] = []
    by_name = False
    for argument in constructor.arguments:
        by_name = by_name or argument.keyword_only or argument.name not in values
        if argument.name in values:
            value = values[argument.name]
            written.append(f"{argument.name}={value}" if by_name else value)
    return ", ".join(written)


def fits_row(decision: Decision, constructor: Constructor) -> bool:
    """Tell whether a row can give all values: of a layer without channels in its row, only by position."""
    return decision.kind not in UNSIZED or _listed(decision, constructor) is not None


def _listed(decision: Decision, constructor: Constructor) -> list[Given] | None:
    """Return the arguments up to the last one that is given, all by position; None where a row cannot have one."""
    values = {one.argument: one.value for one in decision.given}
    last = max((n for n, argument in enumerate(constructor.arguments) if argument.name in values), default=-1)
    listed = []
    for argument in constructor.arguments[: last + 1]:
        value = values.get(argument.name, argument.default)
        if argument.keyword_only or value is None or (argument.name not in values and not _is_literal(value)):
            return None
        listed.append(Given(argument.name, value, ""))
    return listed


def _by_place(decision: Decision, constructor: Constructor) -> tuple[tuple[Given, ...], str]:
    """Return the values that parse_model passes to a layer, and the values after them in the YAML: all by position."""
    listed = _listed(decision, constructor)
    assert listed is not None  # else a class is written around it
    if decision.kind == JOIN:  # what its row has is a width
        return tuple(listed), ""
    led = max((n for n, one in enumerate(listed) if names_in(one.value)), default=-1) + 1
    return tuple(listed[:led]), ", ".join(_in_yaml(one.value) for one in listed[led:])


def _is_literal(value: str) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return False
    return True


def _in_yaml(value: str) -> str:
    """Return a Python literal in YAML's flow style."""
    found = ast.literal_eval(value)
    return str(list(found)) if isinstance(found, tuple) else value
