"""The ways to call the constructor of a class that joins maps, from the names and the defaults of its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations, product

from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.uses import CONV_IN, LIST
from yolopatch.core.paste.judging.heads import LISTS
from yolopatch.core.paste.judging.joins.maps import SUM
from yolopatch.core.paste.judging.own_numbers import usual_numbers
from yolopatch.core.paste.judging.subject import Subject, values
from yolopatch.core.paste.judging.using import guesses
from yolopatch.wire import arguments as by

_MOST_CALLS = 48  # ways to call a constructor that are tried
_MOST_MAPS = 5  # four, and a width
_MOST_ORDERS = 6  # of three maps, all; the first is that of the maps
_COUNTS = frozenset(
    {"n", "length", "number", "num", "count", "counts", "inputs_num", "num_inputs", "n_inputs", "num_maps", "levels"}
)


def likely_calls(subject: Subject) -> Iterator[tuple[Given, ...]]:
    """Yield ways to call the constructor, the likely ones first."""
    arguments = subject.constructor.arguments
    lists = _lists(subject)
    if sum(says_nothing(one) and one.name not in lists for one in arguments) > 1:
        return  # any of many calls would do something
    widths = _own_widths(subject)
    options = [
        [by.INPUT_LIST] if one.name in lists else [*_options(one), *([by.INPUTS] if one.name in widths else [])]
        for one in arguments
    ]
    for chosen in islice(product(*options), _MOST_CALLS):
        yield tuple(
            Given(one.name, value, "with it, it joins maps")
            for one, value in zip(arguments, chosen)
            if value is not None
        )


def _lists(subject: Subject) -> set[str]:
    """Return the required arguments that no name tells and that the constructor loops over, or takes elements of."""
    open_ones = [one.name for one in subject.constructor.required if says_nothing(one)]
    trial = subject.follow(guesses(subject.constructor), values(), ()) if open_ones else None
    return {name for name in open_ones if trial and LIST in trial.uses.roles(name)}


def _own_widths(subject: Subject) -> set[str]:
    """Return the arguments with a number of the file's own that is the channels of a convolution: `inter_dim=512`."""
    numbers = [one for one in subject.constructor.arguments if one.meaning is None and (one.default or "").isdecimal()]
    if not numbers or subject.constructor.required:
        return set()
    trial = subject.follow([Given(one.name, str(one.default), "") for one in numbers], values(), ())
    return {one.name for one in numbers if CONV_IN in trial.uses.roles(one.name)}


def one_by_one(subject: Subject) -> Iterator[tuple[Given, ...]]:
    """Yield the calls that give a constructor the channels of each map, and a width at its end: `low, high, c2`.

    No name says so, nor in which order they come: `_guessed` asks whether the class works with nothing else.
    """
    wanted = [one for one in subject.constructor.arguments if one.default is None]
    if not 2 <= len(wanted) <= _MOST_MAPS or any(one.name.casefold() in (*_COUNTS, *LISTS) for one in wanted):
        return
    for count, width in ((len(wanted), []), (len(wanted) - 1, [by.OUTPUTS])):
        for order in islice(permutations(range(count)), _MOST_ORDERS):
            each = [*(f"{by.INPUT_LIST}[{number}]" for number in order), *width]
            yield tuple(Given(one.name, value, "with it, it joins maps") for one, value in zip(wanted, each))


def says_nothing(one: Argument) -> bool:
    """Tell whether an argument must be given, and neither its name nor a default says what."""
    nothing = one.default is None and one.meaning is None and one.name.casefold() not in (*_COUNTS, *LISTS)
    return nothing and not usual_numbers(one)


def _options(one: Argument) -> list[str | None]:
    """Return the values that an argument of a join may want, the likely ones first; None for its own default."""
    default: list[str | None] = [] if one.default is None else [None]
    a_number = one.default is not None and one.default.isdecimal()
    if one.name.casefold() in _COUNTS or one.meaning == by.REPEATS:
        return [by.COUNT, *default]
    if one.meaning == by.OUTPUTS:
        return [by.OUTPUTS, *default]
    if one.default is None and one.meaning is None and usual_numbers(one):
        return [*usual_numbers(one)]
    if one.meaning == by.STRIDE:
        return [*default, "1"]
    if one.meaning in (by.INPUTS, by.CHANNELS) or (one.meaning is None and not default) or _is_list(one.default):
        inputs_first: list[str | None] = [by.INPUT_LIST, SUM, by.INPUTS, by.OUTPUTS]
        width_first: list[str | None] = [by.INPUT_LIST, by.OUTPUTS, SUM, by.INPUTS, by.COUNT]
        # a number of channels that may be the row's width is that: (inc, channel)
        wanted = inputs_first if one.meaning == by.INPUTS else width_first
        return [*default, *wanted] if a_number else [*wanted, *default]
    return default or [by.INPUT_LIST, by.COUNT]


def _is_list(default: str | None) -> bool:
    return default is not None and default.startswith(("[", "("))
