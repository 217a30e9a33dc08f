"""A class that takes several maps: what its constructor wants, and what it gives, tried with maps of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from yolopatch.catalog.kinds import JOIN, KINDS
from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.follow.trial import FAILED, OK, UNKNOWN, Number, Trial
from yolopatch.core.paste.follow.values import Tensor
from yolopatch.core.paste.forward import inputs, unpacks_input
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.heads import find_head
from yolopatch.core.paste.judging.joins.calls import likely_calls, one_by_one, says_nothing
from yolopatch.core.paste.judging.joins.maps import (
    LISTS_OF_MAPS,
    SUM,
    TWO,
    WIDTH,
    JoinCall,
    Maps,
    Pair,
    best_call,
    outputs_in_words,
    outputs_of,
    usual_outputs,
)
from yolopatch.core.paste.judging.refusals import reads_three_sizes
from yolopatch.core.paste.judging.subject import BATCH, SIZE, Subject, one_map, values
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

_OTHER = 41  # channels of none of the maps
_SIZE_NAMES = frozenset({"h", "w", "height", "width", "hw", "hw_shape", "size", "x_size", "input_size", "input_shape"})
_TOKENS = ("B", "N", "C")
_NUMBER = 8  # of heads, or what else an argument may be, to see what a forward takes


def find_join(subject: Subject, spread: bool) -> Found | None:
    """Return how a class joins two maps of one size, as the models' joins have them; None where no call does.

    Args:
        subject: the class.
        spread: whether its forward takes its maps one by one.
    """
    calls = (JoinCall(subject, given, spread) for given in likely_calls(subject))
    call = best_call(calls) or _guessed(_guesses(subject, spread), TWO)
    if call is None:
        return None
    _require_told(call, TWO)
    return _joining(call, TWO)


def _joining(call: JoinCall, lists: Pair) -> Found:
    """Return a class as a join of these lists of maps; for a YAML of the user's own, where no model has such maps."""
    outputs, what = outputs_of(call), LISTS_OF_MAPS[lists]
    why = f"it takes several maps and gives one, with {outputs_in_words(outputs)}"
    usual = by.INPUTS if lists[0][0][0] == WIDTH else usual_outputs(outputs)
    only = f"it joins only {what}, and the families' Concats read two of one size and of different channels"
    return Found(JOIN, why, call.given, usual, call.spread, doubt=only if what else "", limited=bool(what))


def _require_told(call: JoinCall, lists: Pair) -> None:
    """Refuse to guess an argument of which neither its name nor the maps tell anything: a number of heads.

    Raises:
        OpenError: with any number in its place, the maps become the same.
    """
    subject = call.subject
    named = [one.name for one in subject.constructor.required if says_nothing(one)]
    for name in named:
        given = tuple(replace(one, value=str(_NUMBER)) if one.argument == name else one for one in call.given)
        other = replace(call, given=given)
        if other.joins(*lists) and all(other.trial(maps).shape == call.trial(maps).shape for maps in lists):
            told = {one.argument: one.value for one in call.given}
            values = ", ".join(
                f"{one.name}={'...' if one.name in named else told[one.name]}" for one in subject.constructor.required
            )
            raise _open_arguments(subject, f"the value of {name} is unknown", values)


def _guesses(subject: Subject, spread: bool) -> list[JoinCall]:
    """Return the calls that give a constructor the channels of each map."""
    return [JoinCall(subject, given, spread) for given in one_by_one(subject)]


def _guessed(guesses: Sequence[JoinCall], lists: Pair) -> JoinCall | None:
    """Return the first of these calls that joins these maps, if it needs just these numbers."""
    fitting = best_call((call for call in guesses if lists in call.lists), lists)
    return fitting if fitting and _needs_each(fitting, lists[0]) else None


def _needs_each(call: JoinCall, maps: Maps) -> bool:
    """Tell whether a constructor takes no other number in the place of any map's channels or of the width."""
    for place, one in enumerate(call.given):
        given = (*call.given[:place], replace(one, value=str(_OTHER)), *call.given[place + 1 :])
        other = replace(call, given=given).trial(maps)
        is_width = one.value == by.OUTPUTS and other.shape and other.shape[1] == _OTHER
        if other.state != FAILED and not is_width:
            return False
    return True


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
    calls = [JoinCall(subject, one, spread) for one in (likely_calls(subject) if given is None else (given,))]
    guesses = _guesses(subject, spread) if given is None else []
    for lists in LISTS_OF_MAPS:
        call = best_call((call for call in calls if lists in call.lists), lists) or _guessed(guesses, lists)
        if call:
            if given is None:
                _require_told(call, lists)
            return _joining(call, lists)
    tried = [(call, call.trial(lists[0])) for lists in LISTS_OF_MAPS for call in calls if lists in call.lists]
    opened, trial = next(((call, trial) for call, trial in tried if trial.state == UNKNOWN), (None, None))
    if asked and opened and trial and (given is not None or not subject.missing(opened.given)):
        doubt = f"its output channels are not known, and counted as {SUM}: {trial.why}"
        return Found(JOIN, "from --like", opened.given, outputs=SUM, spread=spread, doubt=doubt)
    if trial:
        raise _not_followed(subject, trial)
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
    if subject.sounded:
        return
    calls = [JoinCall(subject, one, spread=False) for one in likely_calls(subject)]
    guesses = _guesses(subject, spread=False)
    others = [lists for lists, what in LISTS_OF_MAPS.items() if what]
    if any(best_call(calls, lists) or _guessed(guesses, lists) for lists in others):
        raise _only(subject, as_join(subject, spread=False, given=None, asked=False))
    more = [call for call in calls if any(_gives_more(call, maps) for pair in call.lists for maps in pair)]
    if more:
        raise _no_join(subject, more)
    wanting = [call for call in calls if any(one.value == by.INPUT_LIST for one in call.given)]
    built = all(any(call.trial(one).built for one, _ in LISTS_OF_MAPS) for call in wanting)
    if built and any(map(_reads_list, wanting)) and not _built(subject):
        raise _no_join(subject, wanting)


def _gives_more(call: JoinCall, maps: Maps) -> bool:
    """Tell whether a class joins these maps, and gives something else besides: `return fused, weights`."""
    found = call.trial(maps)
    if found.state != OK or not isinstance(found.result, tuple):
        return False
    shapes = [one.shape for one in found.result if isinstance(one, Tensor)]
    return any(len(shape) == 4 and shape[2:] in [one[1:] for one in maps] for shape in shapes)


def _reads_list(call: JoinCall) -> bool:
    """Tell whether a class uses its input as a list: one with a list of sizes in its constructor may read one map."""
    maps = next(one for one, _ in LISTS_OF_MAPS if call.trial(one).built)
    return bool(call.subject.follow(call.given, call.known(maps), [one_map(maps[0][0])]).parted)


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


def _unknown_call(subject: Subject) -> UsageError:
    """Return the error for a class with several arguments of which nothing says what they are."""
    taken = inputs(subject.paste, subject.symbol) or ()
    if any(name.casefold() in _SIZE_NAMES for name in taken[1:]):
        return _takes_sizes(subject, taken, subject.constructor.line)
    required = ", ".join(f"{one.name}=..." for one in subject.constructor.required)
    return _open_arguments(subject, "neither names nor defaults say what its arguments are", required)


def refuse_open_join(subject: Subject) -> None:
    """Refuse to take a class for a layer whose forward unpacks its input, and whose arguments nothing tells.

    Raises:
        OpenError: it is one.
    """
    if subject.missing(()) and unpacks_input(subject.paste, subject.symbol):
        raise _unknown_call(subject)


def _open_arguments(subject: Subject, why: str, written: str) -> OpenError:
    return OpenError(
        "args",
        f"arguments of {subject.symbol}",
        {},
        f"cannot call the constructor of {subject.symbol}: {why}",
        details=[
            f"found: {subject.quoted(subject.constructor.line)}",
            f"names that --args can use with --like {KINDS[JOIN].word}: {', '.join(KINDS[JOIN].values)}",
        ],
        hint=f'if it joins maps into one: --like Concat --args "{written}"',
    )


def _no_join(subject: Subject, calls: list[JoinCall]) -> UsageError:
    """Return why no call of a class joins maps: each certainly fails, or makes another map."""
    trials = [(call.trial(maps), maps) for call in calls for maps, _ in call.lists]
    best, maps = max(trials, key=lambda one: (one[0].built, one[0].state == OK, one[0].line))
    why = best.why if best.state == FAILED else "its forward does not make one map of their size"
    remedy = subject.remedy
    if best.state == OK and isinstance(best.result, tuple):
        remedy = "let its forward return the map alone, and add the file again"
        why = f"its forward gives {len(best.result)} values, and a layer of a model gives one map"
    if best.nested and best.state == FAILED:
        why = "its forward takes each of them for a list of maps, which a Concat of the models does not get"
    if best.state == FAILED:
        why = reads_three_sizes(subject, best.line) or why
    return UsageError(
        f"{subject.symbol} cannot join maps of a model: {why}",
        details=[
            f"found: {subject.quoted(best.line or subject.constructor.line)}",
            f"with:  {' and '.join(f'[B, {c}, {h}, {w}]' for c, h, w in maps)}",
        ],
        hint=f"{remedy}{subject.another}",
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
    each = subject.follow(given, known, [(BATCH, SIZE[0] * SIZE[1], c)] * len(taken))
    if maps.state == FAILED and each.state == OK and len(each.shape or ()) == len(_TOKENS):
        raise _takes_tokens(subject, taken, maps.line)
    named = all(name.casefold() in _SIZE_NAMES for name in taken[1:])
    if maps.state == FAILED and (tokens.state == OK or named):
        raise _takes_sizes(subject, taken, maps.line)


def _takes_tokens(subject: Subject, taken: Sequence[str], line: int) -> UsageError:
    return UsageError(
        f"{subject.symbol} cannot be a layer of a model: its forward takes {', '.join(taken)}, tokens, B, N, C, and a"
        " model's layers give maps, B, C, H, W",
        details=[f"found: {subject.quoted(line)}"],
        hint=f"turn the map into tokens in a class around it, x.flatten(2).transpose(1, 2), and back{subject.another}",
    )


def _takes_sizes(subject: Subject, taken: Sequence[str], line: int) -> UsageError:
    return UsageError(
        f"{subject.symbol} cannot be a layer of a model: its forward takes {', '.join(taken)}, tokens and the size"
        " of their map, and a model's layers give maps",
        details=[
            f"expected: a map, or several that it joins: [B, {subject.widths[0]}, {SIZE[0]}, {SIZE[1]}]",
            f"found:    {subject.quoted(line)}",
        ],
        hint=f"turn the map into tokens in a class around it: x.flatten(2).transpose(1, 2){subject.another}",
    )
