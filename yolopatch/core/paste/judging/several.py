"""A class that takes several maps: what its constructor wants, and what it gives, tried with maps of models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from yolopatch.catalog.kinds import JOIN
from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import FAILED, OK, UNKNOWN, Number, Trial
from yolopatch.core.paste.forward import inputs
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.heads import LISTS, find_head
from yolopatch.core.paste.judging.subject import BATCH, SIZE, Subject, values
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

_MOST_CALLS = 48  # ways to call a constructor that are tried
_SUM = f"sum({by.INPUT_LIST})"
_LARGEST = f"max({by.INPUT_LIST})"
_LAST = f"{by.INPUT_LIST}[-1]"
_COUNTS = frozenset(
    {"n", "length", "number", "num", "count", "counts", "inputs_num", "num_inputs", "n_inputs", "num_maps", "levels"}
)
# the channels of the maps that are tried: of two, as the models' joins have them, of three, and of two that are equal
_TWO, _THREE, _EQUAL = (64, 96), (64, 96, 32), (64, 64)
# the others once more, so that the first one's channels, the largest and a number of its own differ
_AGAIN = ((96, 64), (96, 32, 64), (96, 96))
_WIDTH = 128  # that a row asks for
_SIZE_NAMES = frozenset({"h", "w", "height", "width", "hw", "hw_shape", "size", "x_size", "input_size", "input_shape"})
_NUMBER = 8  # of heads, or what else an argument may be, to see what a forward takes


@dataclass(frozen=True)
class _Call:
    """A way to call the constructor, and what came out for each list of maps that can be joined."""

    given: tuple[Given, ...]
    trials: dict[tuple[int, ...], Trial]

    def joins(self, widths: tuple[int, ...]) -> bool:
        """Tell whether maps of these channels become one of their size."""
        shape = self.trials[widths].shape
        return self.trials[widths].state == OK and shape is not None and (shape[0], *shape[2:]) == (BATCH, *SIZE)


def find_join(subject: Subject, spread: bool) -> Found | None:
    """Return how a class joins two maps of one size, as the models' joins have them; None where no call does.

    Args:
        subject: the class.
        spread: whether its forward takes its maps one by one.
    """
    for given in _calls(subject):
        call = _followed(subject, given, spread)
        outputs = _outputs(call) if call.joins(_TWO) else ""
        if outputs:
            why = f"it takes several maps and gives one, with {_words(outputs)}"
            return Found(JOIN, why, given, outputs=_default(outputs), spread=spread)
    return None


def as_join(subject: Subject, spread: bool, given: tuple[Given, ...] | None, asked: bool) -> Found:
    """Return a class as a join, with given arguments or with those that are found.

    Args:
        subject: the class.
        spread: whether its forward takes its maps one by one.
        given: the values of its constructor's arguments; None to find them.
        asked: whether the user says that it is one; only then one that cannot be followed is.

    Raises:
        UsageError: it certainly does not join two maps of the models; or its arguments are unknown.
    """
    calls = [_followed(subject, one, spread) for one in (_calls(subject) if given is None else (given,))]
    for widths, what in ((_TWO, ""), (_EQUAL, "maps of equal channels"), (_THREE, "three maps")):
        call = next((call for call in calls if call.joins(widths) and _outputs(call)), None)
        if call:
            doubt = f"it joins only {what}, and the families' Concats read two of different channels" if what else ""
            outputs = _outputs(call)
            why = f"it takes several maps and gives one, with {_words(outputs)}"
            return Found(JOIN, why, call.given, _default(outputs), spread, doubt=doubt, limited=bool(doubt))
    opened = next((call for call in calls if call.trials[_TWO].state == UNKNOWN), None)
    if asked and opened and (given is not None or not subject.missing(opened.given)):
        doubt = f"its output channels are not known, and counted as {_SUM}: {opened.trials[_TWO].why}"
        return Found(JOIN, "from --like", opened.given, outputs=_SUM, spread=spread, doubt=doubt)
    if opened:
        raise _not_followed(subject, opened.trials[_TWO])
    raise _no_join(subject, calls) if calls else _unknown_call(subject)


def spread_join(subject: Subject, given: tuple[Given, ...] | None) -> Found:
    """Return a class whose forward takes its maps one by one, as a join.

    Raises:
        UsageError: as `as_join`; or only other models have a place for it.
    """
    found = as_join(subject, spread=True, given=given, asked=False)
    if found.limited:
        raise _only(subject, found)
    return found


def several_maps(subject: Subject, given: tuple[Given, ...] | None) -> Found:
    """Return the kind of a class that uses its input as a list of maps: a join, or a head.

    Args:
        subject: the class.
        given: the values of its constructor's arguments; None to find them.

    Raises:
        UsageError: it is neither with certainty.
    """
    if given is not None:
        return as_join(subject, spread=False, given=given, asked=False)
    found = find_join(subject, spread=False) or find_head(subject)
    if found:
        return found
    join = as_join(subject, spread=False, given=None, asked=False)
    raise _only(subject, join)


def refuse_other_joins(subject: Subject) -> None:
    """Refuse a class that joins maps which no Concat of the families reads: three, or of equal channels.

    Raises:
        OpenError: it is one.
        UsageError: its constructor wants the channels of several maps, and no call joins those of a model.
    """
    calls = [_followed(subject, one, spread=False) for one in _calls(subject)]
    if any(call.joins(widths) and _outputs(call) for call in calls for widths in (_EQUAL, _THREE)):
        raise _only(subject, as_join(subject, spread=False, given=None, asked=False))
    lists = [call for call in calls if any(one.value == by.INPUT_LIST for one in call.given)]
    if lists and all(call.trials[_TWO].built or call.trials[_THREE].built for call in lists) and not _built(subject):
        raise _no_join(subject, lists)


def _built(subject: Subject) -> bool:
    """Tell whether a constructor works with a number in the place of the channels."""
    numbers = tuple(Given(one.name, by.INPUTS, "") for one in subject.constructor.required)
    return subject.follow(numbers, values(), ()).built


def _only(subject: Subject, found: Found) -> UsageError:
    """Return the error for a join that the Concats of the families cannot be."""
    return OpenError(
        "like",
        "like what",
        {"Concat": "a Concat of your own YAML reads such maps"},
        f"{subject.symbol} cannot join maps of the models: {found.doubt}",
        details=[f"found: {subject.quoted(subject.constructor.line)}"],
        hint="for a Concat of a YAML of your own: --like Concat",
    )


def _not_followed(subject: Subject, trial: Trial) -> OpenError:
    """Return the error for a class that takes several maps, and of which nobody says that it is a join."""
    return OpenError(
        "like",
        "like what",
        {"Concat": "it joins maps into one"},
        f"{subject.symbol} takes several maps, and what it makes of them cannot be followed: {trial.why}",
        details=[f"found: {subject.quoted(trial.line)}"],
        hint="if it joins maps into one: --like Concat",
    )


def _unknown_call(subject: Subject) -> OpenError:
    """Return the error for a class with several arguments of which nothing says what they are."""
    required = ", ".join(f"{one.name}=..." for one in subject.constructor.required)
    return OpenError(
        "args",
        f"arguments of {subject.symbol}",
        {},
        f"cannot call the constructor of {subject.symbol}: neither names nor defaults say what its arguments are",
        details=[f"found: {subject.quoted(subject.constructor.line)}"],
        hint=f'if it joins maps into one: --like Concat --args "{required}"',
    )


def _no_join(subject: Subject, calls: list[_Call]) -> UsageError:
    """Return why no call of a class joins maps: each certainly fails, or makes another map."""
    taken = inputs(subject.paste, subject.symbol) or ()
    widths = _THREE if len(taken) == len(_THREE) else _TWO
    best = max((call.trials[widths] for call in calls), key=lambda trial: (trial.built, trial.line))
    why = best.why if best.state == FAILED else "its forward does not make one map of their size"
    if best.nested and best.state == FAILED:
        why = "its forward takes each of them for a list of maps, which a Concat of the models does not get"
    return UsageError(
        f"{subject.symbol} cannot join maps of a model: {why}",
        details=[
            f"found: {subject.quoted(best.line)}",
            f"with:  maps of {' and '.join(map(str, widths))} channels, {SIZE[0]}×{SIZE[1]}",
        ],
        hint=f"correct the line, and add the file again{subject.another}",
    )


def refuse_tokens(subject: Subject, given: Sequence[Given]) -> None:
    """Refuse a class whose forward takes its map's height and width besides: `forward(self, x, H, W)`.

    Raises:
        UsageError: with the numbers, it works or cannot be followed; with maps in their places, it certainly fails.
    """
    taken = inputs(subject.paste, subject.symbol) or ()
    if len(taken) not in (2, 3):
        return
    open_ones = [Given(name, str(_NUMBER), "") for name in subject.missing(given)]
    given = (*given, *open_ones)
    sizes = [*SIZE] if len(taken) == 3 else [SIZE]
    c, known = subject.widths[0], values(subject.widths[0], subject.widths[0])
    maps = subject.follow(given, known, [(BATCH, c, *SIZE)] * len(taken))
    tokens = subject.follow(given, known, [(BATCH, SIZE[0] * SIZE[1], c), *map(Number, sizes)])
    named = all(name.casefold() in _SIZE_NAMES for name in taken[1:])
    if maps.state == FAILED and (tokens.state == OK or named):
        raise UsageError(
            f"{subject.symbol} cannot be a layer of a model: its forward takes {', '.join(taken)}, tokens and the size"
            " of their map, and a model's layers give maps",
            details=[
                f"expected: a map, or several that it joins: [B, {c}, {SIZE[0]}, {SIZE[1]}]",
                f"found:    {subject.quoted(maps.line)}",
            ],
            hint=f"turn the map into tokens in a class around it: x.flatten(2).transpose(1, 2){subject.another}",
        )


def _followed(subject: Subject, given: tuple[Given, ...], spread: bool) -> _Call:
    trials: dict[tuple[int, ...], Trial] = {}
    for widths in (_TWO, _THREE, _EQUAL, *_AGAIN):
        maps: list[Any] = [(BATCH, c, *SIZE) for c in widths]
        known = {**values(widths[0], _WIDTH), by.INPUT_LIST: list(widths), by.COUNT: len(widths)}
        trials[widths] = subject.follow(given, known, maps if spread else [maps])
    return _Call(given, trials)


def _outputs(call: _Call) -> str:
    """Return the expression that gives the output channels of every trial that went well."""
    seen = [(widths, trial.shape[1]) for widths, trial in call.trials.items() if call.joins(widths) and trial.shape]
    forms: dict[str, Callable[[tuple[int, ...]], int]] = {
        _SUM: lambda widths: sum(widths),
        by.OUTPUTS: lambda widths: _WIDTH,
        by.INPUTS: lambda widths: widths[0],
        _LARGEST: lambda widths: max(widths),
        _LAST: lambda widths: widths[-1],
    }
    for text, form in forms.items():
        if seen and all(form(widths) == channels for widths, channels in seen):
            return text
    numbers = {channels for _, channels in seen}
    if len(numbers) == 1 and len(seen) > 1:
        return str(numbers.pop())
    # one that reads two of three maps: the models' Concats have two
    twos = (_TWO, _EQUAL, *(widths for widths in _AGAIN if len(widths) == 2))
    return _outputs(_Call(call.given, {w: call.trials[w] for w in twos})) if _THREE in call.trials else ""


def _default(outputs: str) -> str:
    """Return the output channels of a row that names no width: a join with a width of its own gets all channels."""
    return _SUM if outputs == by.OUTPUTS else outputs


def _words(outputs: str) -> str:
    words = {
        _SUM: "the channels of all together",
        by.OUTPUTS: "the width of its row, or the channels of all together",
        by.INPUTS: "the channels of the first",
        _LARGEST: "the channels of the largest",
        _LAST: "the channels of the last",
    }
    return words.get(outputs, f"{outputs} channels")


def _calls(subject: Subject) -> Iterator[tuple[Given, ...]]:
    """Yield ways to call the constructor, the likely ones first."""
    arguments = subject.constructor.arguments
    if sum(_says_nothing(one) for one in arguments) > 1:
        return  # any of many calls would do something
    options = [_options(one) for one in arguments]
    for chosen in islice(product(*options), _MOST_CALLS):
        yield tuple(
            Given(one.name, value, "so called, it joins two maps")
            for one, value in zip(arguments, chosen)
            if value is not None
        )


def _says_nothing(one: Argument) -> bool:
    """Tell whether an argument must be given, and neither its name nor a default says what."""
    return one.default is None and one.meaning is None and one.name.casefold() not in (*_COUNTS, *LISTS)


def _options(one: Argument) -> list[str | None]:
    """Return the values that an argument of a join may want, the likely ones first; None for its own default."""
    default: list[str | None] = [] if one.default is None else [None]
    a_number = one.default is not None and one.default.isdecimal()
    if one.name.casefold() in _COUNTS or one.meaning == by.REPEATS:
        return [by.COUNT, *default]
    if one.meaning == by.OUTPUTS:
        return [by.OUTPUTS, *default]
    if one.meaning == by.STRIDE:
        return [*default, "1"]
    if one.meaning in (by.INPUTS, by.CHANNELS) or (one.meaning is None and not default) or _is_list(one.default):
        known: list[str | None] = [by.INPUT_LIST, _SUM, by.INPUTS, by.OUTPUTS]
        open_name: list[str | None] = [by.INPUT_LIST, by.OUTPUTS, _SUM, by.INPUTS, by.COUNT]
        wanted = open_name if one.meaning is None else known
        return [*default, *wanted] if a_number else [*wanted, *default]
    return default or [by.INPUT_LIST, by.COUNT]


def _is_list(default: str | None) -> bool:
    return default is not None and default.startswith(("[", "("))
