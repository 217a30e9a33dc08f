"""The meaning of a constructor's arguments, corrected by what the code does with them: a name may mislead."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument, Constructor
from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.trial import UNKNOWN, Trial
from yolopatch.core.paste.judging.subject import WIDTHS, Subject, one_map, values
from yolopatch.wire import arguments as by

# What a number with each meaning is used for; one that is used only for other things has another meaning.
_FITTING: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        by.KERNEL: frozenset({uses.KERNEL, uses.SIZE, uses.POOL}),
        by.STRIDE: frozenset({uses.STRIDE, uses.POOL, uses.SIZE, uses.TEST, uses.DIVISOR, uses.FACTOR_OF_SIZE}),
        by.PADDING: frozenset({uses.PADDING, uses.SIZE, uses.TEST}),
        by.GROUPS: frozenset({uses.GROUPS, uses.DIVISOR, uses.SIZE}),
        by.DILATION: frozenset({uses.DILATION, uses.PADDING}),
        by.REPEATS: frozenset({uses.COUNT, uses.FACTOR, uses.TEST}),
    }
)
_EMPTY = ("()", "[]", "tuple()")
_GUESS = "8"  # of an argument whose name says nothing: the code is followed only to see what it is used for
# what a row of a model does not name: the class's own value, where it is another than upstream's
# the place of an argument of upstream's Conv, counted from 0, and its usual defaults
_USUAL = {by.KERNEL: ((2, "1"), (2, "3")), by.STRIDE: ((2, "1"), (3, "1"))}
_NOT_IN_ROWS = (by.GROUPS, by.DILATION)


@dataclass(frozen=True)
class Usage:
    """A constructor whose meanings are corrected by their uses.

    Attributes:
        constructor: with the corrected meanings.
        why: the reason for a meaning that does not come from a name, by argument.
        against: why the meaning of an argument's name was refused, by argument.
        trial: of the class, with guesses for unknown arguments, and with one map.
    """

    constructor: Constructor
    why: Mapping[str, str]
    against: Mapping[str, str]
    trial: Trial


def read_usage(subject: Subject) -> Usage:
    """Follow a class, and correct the meanings of the arguments of its constructor."""
    tried = guesses(subject.constructor)
    first = trial = subject.follow(tried, values(), [one_map()])
    if not trial.built:  # it may want as many channels out as in
        same = subject.follow(tried, values(WIDTHS[0], WIDTHS[0]), [one_map()])
        trial = same if same.built else trial
    if not trial.built:  # or a list of channels
        several = subject.follow(guesses(subject.constructor, by.INPUT_LIST), values(), [one_map()])
        trial = several if several.built else trial
    against = {}
    corrected = []
    pairs = _pairs_as_numbers(subject, tried)
    for one in subject.constructor.arguments:
        refused = _listed(one, first) or (pairs and _listed(one, pairs)) or _refused(one, trial)
        if refused:
            against[one.name] = refused
        corrected.append(replace(one, meaning=None) if refused else one)
    constructor = replace(subject.constructor, arguments=tuple(corrected))
    found = _by_use(constructor, trial, against)
    arguments = tuple(replace(a, meaning=found[a.name][0]) if a.name in found else a for a in constructor.arguments)
    why = {name: reason for name, (_, reason) in found.items()}
    return Usage(replace(constructor, arguments=arguments), why, against, trial)


def _pairs_as_numbers(subject: Subject, tried: Sequence[Given]) -> Trial | None:
    """Follow a class with a number in the place of each pair, `kernel_size=(2, 2)`; None where it has no such."""
    known = values()
    pairs = [
        Given(one.name, one.meaning, "")
        for one in subject.constructor.arguments
        if one.meaning in known and (one.default or "").startswith(("(", "[")) and one.default not in _EMPTY
    ]
    named = {one.argument for one in pairs}
    rest = [one for one in tried if one.argument not in named]
    return subject.follow([*rest, *pairs], known, [one_map()]) if pairs else None


def guesses(constructor: Constructor, first: str = "") -> list[Given]:
    """Return a value for each argument whose uses can be told: by its name, its default, or a guess.

    Args:
        constructor: the constructor.
        first: the value of its first required argument that is no number of output channels; "" for the usual one.
    """
    found = []
    for one in constructor.arguments:
        value = by.INPUTS if one.meaning == by.CHANNELS else one.meaning
        number = one.default if one.default is not None and _is_number(one.default) else None
        guess = _GUESS if one.default is None else None
        text = value if value is not None and value in values() and one.default is None else number or guess
        if one.default in _EMPTY:
            text = by.INPUT_LIST  # what parse_model fills in
        if first and one.default is None and value != by.OUTPUTS:
            text, first = first, ""
        if text is not None:
            found.append(Given(one.name, text, ""))
    return found


def _is_number(text: str) -> bool:
    node = ast.parse(text, mode="eval").body
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)


def _listed(one: Argument, trial: Trial) -> str:
    """Return why an argument is no number, as its name says: the code takes an element of it, or loops over it."""
    found = next((use for use in trial.uses.of(one.name) if use.role == uses.LIST and use.exact), None)
    return f"it is {found.role} in line {found.line}" if one.meaning is not None and found else ""


def _refused(one: Argument, trial: Trial) -> str:
    """Return why an argument does not have the meaning of its name; "" where nothing speaks against it."""
    if one.meaning == by.ACTIVATION and one.default not in (None, "True", "False", "None"):
        return f"{one.default} is the file's own"
    if one.meaning is None or one.meaning not in _FITTING:
        return ""
    if one.meaning in _NOT_IN_ROWS and one.default is not None and _is_number(one.default) and one.default != "1":
        return f"a row of a model names none, and {one.default} is the file's own"
    used = trial.uses.of(one.name)
    if used and not {use.role for use in used} & (_FITTING[one.meaning] | {uses.OTHER}):
        return f"it is {used[0].role} in line {used[0].line}"
    if not used and one.default is not None and one.meaning == by.REPEATS and trial.built and trial.state != UNKNOWN:
        return "nothing uses it"
    return ""


def _by_use(constructor: Constructor, trial: Trial, against: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the meanings of arguments whose names say nothing, each with its reason."""
    found: dict[str, tuple[str, str]] = {}
    known = {one.meaning for one in constructor.arguments}
    if by.CHANNELS in known:
        known |= {by.INPUTS}
    named = bool(known & {by.INPUTS, by.OUTPUTS})
    for place, one in enumerate(constructor.arguments):
        if one.meaning is not None or one.name in against:
            continue
        exact = {use.role: use for use in trial.uses.of(one.name) if use.exact}
        wanted = [(by.KERNEL, uses.KERNEL), (by.STRIDE, uses.STRIDE)]
        if one.default is None and not named:
            wanted.insert(0, (by.INPUTS, uses.CONV_IN))
        if one.default in (None, "0") and uses.CONV_IN not in trial.uses.roles(one.name):
            wanted.append((by.OUTPUTS, uses.CONV_OUT))  # a layer of 0 channels is none: the argument must be given
        for meaning, role in wanted:
            # one with a default is of some layer inside, except in the place that upstream's Conv has it
            if one.default not in (None, "0") and (place, one.default) not in _USUAL[meaning]:
                continue
            if role in exact and meaning not in known:
                found[one.name] = (meaning, f"by its use, line {exact[role].line}: {role}")
                known.add(meaning)
                break
    return found
