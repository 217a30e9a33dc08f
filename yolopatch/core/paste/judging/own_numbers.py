"""Numbers of a class's own that its file leaves open: heads, a window, the size of a map. A trial shows which work."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise, product
from types import MappingProxyType

from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.trial import FAILED, OK, Trial
from yolopatch.core.paste.judging.subject import Subject, one_map, values
from yolopatch.core.paste.judging.using import Usage
from yolopatch.errors import UsageError
from yolopatch.wire import arguments as by

_HEADS = (f"max({by.INPUTS} // 32, 1)", "8", "4", "2", "1")
_SIZES = ("(20, 20)", "20")  # of a map at 640 pixels
_WINDOWS = ("7", "(7, 7)", "8", "(8, 8)", "4", "(4, 4)", "2", "(2, 2)")
# What papers give, by what a name says; where several work, the first is taken.
_USUAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        r"(num|n|number)?_?(attn|attention)?_?heads?(_?num)?": _HEADS,
        r"(win|window)(_?size|s)?|ws": _WINDOWS,
        r"(grid|block|patch|area|region)_?size|area": ("8", "4", "2"),
        r"halo_?size": ("3", "2", "1"),
        r"sr_?ratio": ("2", "1"),
        r"(input|in|img|image|feat|feature|fmap|map|spatial)?_?(resolution|res)": _SIZES,
        r"(input|img|image|feat|feature|fmap|map|spatial)_?size": _SIZES,
        r"dct_h|dct_w": ("7",),
        r"mlp_?ratio": ("4",),
        r"reduction(_?ratio)?|squeeze(_?(factor|ratio))?|reduce": ("16", "8", "4"),
        r"(expand|expansion)_?(ratio|factor)|expand": ("2",),
        r"(attn|proj|path)?_?(drop|dropout)(_?path)?(_?(rate|prob))?": ("0.0",),
    }
)
_INSIDE = frozenset({uses.KERNEL, uses.STRIDE, uses.POOL, uses.CONV_IN, uses.CONV_OUT})  # of layers, and no map's size
_OF_LAYERS = frozenset({uses.CONV_OUT, uses.CALLED})  # what a number of its own is not used as
_MOST = 64  # calls that are tried
_TWO_SIZES = ((16, 16), (24, 24))
_PARTS = ("8", "(8, 8)")  # a window that both have


class FixedSizeError(UsageError):
    """A class works only with maps of one size."""


def usual_numbers(one: Argument) -> tuple[str, ...]:
    """Return what papers give an argument, by its name, the usual value first; () for a name that says nothing."""
    name = one.name.casefold()
    return next((numbers for names, numbers in _USUAL.items() if re.fullmatch(names, name)), ())


def with_usual_numbers(
    subject: Subject, usage: Usage, given: Sequence[Given], works: Callable[[tuple[Given, ...]], bool]
) -> tuple[Given, ...]:
    """Return the arguments with numbers for those that must have one, and of which only a name tells what they are.

    Args:
        subject: the class.
        usage: what its constructor's arguments are used for.
        given: the values that are known.
        works: tells whether a class does in a model what it is for, with these values.
    """
    missing = [one for one in subject.constructor.required if one.name in subject.missing(given)]
    options = [usual_numbers(one) for one in missing]
    if not missing or not all(options) or any(_is_of_layers(usage.trial, one) for one in missing):
        return tuple(given)
    for chosen in islice(product(*options), _MOST):
        numbers = zip(missing, chosen)
        tried = (*given, *(Given(one.name, number, _why(one, number)) for one, number in numbers))
        if works(tried):
            return tried
    return tuple(given)


def _why(one: Argument, number: str) -> str:
    usual = usual_numbers(one)[0]
    if number == usual:
        return "no default in the file: a usual value, with which it works"
    return f"no default in the file: the usual value {usual} does not fit a model's maps, and this does"


def _is_of_layers(trial: Trial, one: Argument) -> bool:
    """Tell whether an argument is a number of channels, a layer or a list: of these, no value is usual."""
    return any(use.role in _OF_LAYERS for use in trial.uses.of(one.name) if use.exact)


def refuse_fixed_size(subject: Subject, given: Sequence[Given], missing: Sequence[str] = ()) -> None:
    """Refuse a class that is told the size of its map, and works with no other: `input_resolution`, `height=14`.

    Args:
        subject: the class.
        given: the values that are known.
        missing: the arguments that have none.

    Raises:
        UsageError: it is one.
    """
    if not any(by.INPUTS in one.value for one in given):
        return
    for names, texts in _sides(subject, given, missing):
        trials = [_at(subject, given, names, text, missing, side) for text, side in texts for side in _TWO_SIZES]
        fits = [trials[0], trials[3]]
        others = [trials[1], trials[2]]
        fixed = all(one.shape for one in fits) and all(one.state == FAILED for one in others)
        if fixed and not _is_inside(subject, given, names, missing) and not _parts(subject, given, names, missing):
            raise _fixed(subject, names, others[0])


def _is_inside(subject: Subject, given: Sequence[Given], names: tuple[str, ...], missing: Sequence[str]) -> bool:
    """Tell whether a number is of a layer inside: a kernel as large as the map gives one of 1×1, which fits any."""
    side = _TWO_SIZES[0]
    used = _at(subject, given, names, str(side[0]), missing, side).uses
    return any(used.roles(name) & _INSIDE for name in names)


def _parts(subject: Subject, given: Sequence[Given], names: tuple[str, ...], missing: Sequence[str]) -> bool:
    """Tell whether a number is that of a window, into which maps of several sizes are parted."""
    return any(all(_at(subject, given, names, text, missing, side).shape for side in _TWO_SIZES) for text in _PARTS)


def other_number(subject: Subject, given: Sequence[Given]) -> Given | None:
    """Return a usual number with which a class works that fails with its own default: a window of 7, of maps of 20."""
    named = {one.argument for one in given}
    c = subject.widths[0]
    for one in subject.constructor.arguments:
        if one.default is None or one.name in named:
            continue
        for number in usual_numbers(one):
            tried = (*given, Given(one.name, number, ""))
            sizes = [subject.follow(tried, values(c, c), [one_map(c, size)]) for size in ((20, 12), (24, 40))]
            if all(trial.state == OK and trial.shape for trial in sizes):
                return tried[-1]
    return None


def _sides(
    subject: Subject, given: Sequence[Given], missing: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], list[tuple[str, tuple[int, int]]]]]:
    """Yield arguments that may be the sides of a map, alone and two together, each with two values for them."""
    told = {one.argument: one.value for one in given}
    numbers = [
        one.name for one in subject.constructor.arguments if _may_be_side(one, missing, told.get(one.name, one.default))
    ]
    for names in [*((name,) for name in numbers), *pairwise(numbers)]:
        for text in ("{0}", "({0}, {1})") if len(names) == 1 else ("{0}",):
            yield names, [(text.format(*side), side) for side in _TWO_SIZES]


def _may_be_side(one: Argument, missing: Sequence[str], value: str | None) -> bool:
    if value is None:
        return one.name in missing
    return bool(re.fullmatch(r"\d+|\(\d+, \d+\)", value)) and one.meaning is None


def _at(
    subject: Subject,
    given: Sequence[Given],
    names: tuple[str, ...],
    text: str,
    missing: Sequence[str],
    side: tuple[int, int],
) -> Trial:
    """Follow a class that is told this size, with a map of that side."""
    others = [Given(one, _guess(subject, one), "") for one in missing if one not in names]
    told = [Given(name, text, "") for name in names]
    rest = [one for one in given if one.argument not in names]
    known = values(subject.widths[0], subject.widths[0])
    return subject.follow((*rest, *told, *others), known, [one_map(subject.widths[0], size=side)])


def _guess(subject: Subject, name: str) -> str:
    one = next(one for one in subject.constructor.required if one.name == name)
    return (usual_numbers(one) or ("8",))[-1]


def _fixed(subject: Subject, sides: tuple[str, ...], other: Trial) -> FixedSizeError:
    names = " and ".join(sides)
    says = "says" if len(sides) == 1 else "say"
    return FixedSizeError(
        f"{subject.symbol} works only with maps of the size that {names} {says}, and a model's maps change with"
        f" the image: {other.why}",
        details=[f"found: {subject.quoted(other.line)}"],
        hint=f"let its forward read the size, B, C, H, W = x.shape, instead of {names}, and add the file"
        f" again{subject.another}",
    )
