"""A layer or a class that a constructor wants: which one works, and how to give it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.trial import FAILED, Trial
from yolopatch.core.paste.judging.subject import Subject, one_map, values
from yolopatch.wire import arguments as by

_NORMS = ("nn.BatchNorm2d",)
_ACTIVATIONS = ("nn.GELU", "nn.SiLU()")
_ANY = "nn.Identity"
_GUESS = "8"  # of a number that nothing tells
_MOST = 12  # layers that are tried


def wanted_layers(subject: Subject, trial: Trial, given: Sequence[Given]) -> list[Argument]:
    """Return the arguments that the code calls, and of which nothing, or no layer, is given.

    Args:
        subject: the class.
        trial: of it.
        given: the values of its arguments.
    """
    named = {one.argument: one.value for one in given}
    return [
        one
        for one in subject.constructor.arguments
        if uses.CALLED in trial.uses.roles(one.name)
        or (one.name not in named and one.default == "None" and _calls(trial, None))
        or (named.get(one.name) == by.ACTIVATION and _calls(trial, values()[by.ACTIVATION]))
    ]


def _calls(trial: Trial, value: object) -> bool:
    """Tell whether the code raises because it calls this value."""
    before, found, called = trial.why.partition("a call of ")
    return trial.state == FAILED and bool(found) and not before and called == repr(value)


def with_layers(subject: Subject, given: Sequence[Given], wanted: Sequence[Argument]) -> dict[str, str]:
    """Return the values of a class's arguments, with a layer for each of those that want one; {} where none works."""
    names = {one.name for one in wanted}
    told = {one.argument: one.value for one in given if one.argument not in names}
    open_ones = {one.name: _GUESS for one in subject.constructor.required if one.name not in {*told, *names}}
    for one in wanted:
        found = next(
            (layer for layer in _candidates(subject, one) if _goes_on(subject, {**told, **open_ones, one.name: layer})),
            "",
        )
        if not found and len(wanted) == 1:
            return {}
        told[one.name] = found or _usual(one)
    return told


def _candidates(subject: Subject, one: Argument) -> Iterator[str]:
    """Yield layers for an argument, the likely ones first; at most so many as are worth a try."""
    name = one.name.casefold()
    own = [other for other in subject.paste.own_modules if other != subject.symbol][:_MOST]
    usual = (*_NORMS, *_ACTIVATIONS) if "norm" in name else (*_ACTIVATIONS, *_NORMS)
    of_torch = "norm" in name or "act" in name
    yield from (*usual, *own, _ANY) if of_torch else (*own, *usual, _ANY)


def _usual(one: Argument) -> str:
    return _NORMS[0] if "norm" in one.name.casefold() else _ACTIVATIONS[0]


def _goes_on(subject: Subject, told: dict[str, str]) -> bool:
    """Tell whether a class works with these values."""
    c = subject.widths[0]
    given = [Given(name, value, "") for name, value in told.items()]
    return subject.follow(given, values(c, c), [one_map(c)]).shape is not None
