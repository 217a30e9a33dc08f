"""A class that takes several maps: what its constructor wants, and what it gives, tried with maps of models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, permutations, product
from types import MappingProxyType
from typing import Any

from yolopatch.catalog.kinds import JOIN, KINDS
from yolopatch.core.paste.calls import Given, names_in
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import FAILED, OK, UNKNOWN, Number, Trial
from yolopatch.core.paste.follow.values import Tensor
from yolopatch.core.paste.forward import inputs, takes_any_number, unpacks_input
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.heads import LISTS, find_head
from yolopatch.core.paste.judging.refusals import reads_three_sizes
from yolopatch.core.paste.judging.subject import BATCH, SIZE, Subject, one_map, values
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

_MOST_CALLS = 48  # ways to call a constructor that are tried
_OTHER = 41  # channels of none of the maps
_MOST_MAPS = 5  # four, and a width
_MOST_ORDERS = 6  # of three maps, all; the first is that of the maps
_SUM = f"sum({by.INPUT_LIST})"
_LARGEST = f"max({by.INPUT_LIST})"
_LAST = f"{by.INPUT_LIST}[-1]"
_SECOND = f"{by.INPUT_LIST}[1]"
_COUNTS = frozenset(
    {"n", "length", "number", "num", "count", "counts", "inputs_num", "num_inputs", "n_inputs", "num_maps", "levels"}
)
_WIDTH = 128  # that a row asks for
# maps, each with its channels, height and width
_Maps = tuple[tuple[int, int, int], ...]
_Pair = tuple[_Maps, _Maps]


def _pair(widths: tuple[int, ...], others: tuple[int, ...], halvings: tuple[int, ...] = (1,) * 4) -> _Pair:
    """Return two lists of maps of these channels, each map at `SIZE` times two, by so many halvings less."""
    sizes = [(SIZE[0] * 2 >> half, SIZE[1] * 2 >> half) for half in halvings]
    first, second = (tuple((c, *size) for c, size in zip(one, sizes)) for one in (widths, others))
    return first, second


# the maps that are tried: two, as the models' joins have them, more, of equal channels, and of several sizes; each
# list twice, so that the first one's channels, the largest, the last and a number of the class's own differ
_TWO = _pair((64, 96), (96, 64))
_LISTS: Mapping[_Pair, str] = MappingProxyType(
    {
        _TWO: "",
        _pair((64, 64), (96, 96)): "maps of equal channels",
        _pair((64, 96, 32), (96, 32, 64)): "three maps",
        _pair((64,) * 3, (96,) * 3): "three maps of equal channels",
        _pair((64, 96, 32, 48), (96, 32, 48, 64)): "four maps",
        _pair((64,) * 4, (96,) * 4): "four maps of equal channels",
        _pair((64, 96), (96, 64), (0, 1)): "two maps of which the second has half the size",
        _pair((64, 96), (96, 64), (1, 0)): "two maps of which the second has twice the size",
        _pair((64, 64), (96, 96), (0, 1)): "two maps of equal channels of which the second has half the size",
        _pair((64, 64), (96, 96), (1, 0)): "two maps of equal channels of which the second has twice the size",
        _pair((64, 96, 32), (96, 32, 64), (0, 1, 2)): "three maps, each of half the size before",
        _pair((64, 96, 32), (96, 32, 64), (2, 1, 0)): "three maps, each of twice the size before",
        _pair((64,) * 3, (96,) * 3, (0, 1, 2)): "three maps of equal channels, each of half the size before",
        _pair((64,) * 3, (96,) * 3, (2, 1, 0)): "three maps of equal channels, each of twice the size before",
        **{
            _pair(
                (_WIDTH, 96, 32)[:count], (_WIDTH, 64, 96)[:count], halvings
            ): f"{what}, the first with the row's width"
            for what, count, halvings in (
                ("two maps", 2, (1, 1)),
                ("two maps of which the second has half the size", 2, (0, 1)),
                ("two maps of which the second has twice the size", 2, (1, 0)),
                ("three maps", 3, (1, 1, 1)),
                ("three maps, each of half the size before", 3, (0, 1, 2)),
                ("three maps, each of twice the size before", 3, (2, 1, 0)),
            )
        },
    }
)
_SIZE_NAMES = frozenset({"h", "w", "height", "width", "hw", "hw_shape", "size", "x_size", "input_size", "input_shape"})
_NUMBER = 8  # of heads, or what else an argument may be, to see what a forward takes


@dataclass(frozen=True)
class _Call:
    """A way to call the constructor.

    Attributes:
        subject: the class.
        given: the values of the arguments.
        spread: whether its forward takes its maps one by one.
    """

    subject: Subject
    given: tuple[Given, ...]
    spread: bool
    _done: dict[_Maps, Trial] = field(default_factory=dict, init=False, compare=False)
    _unbuilt: dict[str, Trial] = field(default_factory=dict, init=False, compare=False)

    @property
    def lists(self) -> Mapping[_Pair, str]:
        """The lists of maps that its forward may get: as many as it has arguments, if it takes them one by one."""
        taken = inputs(self.subject.paste, self.subject.symbol)
        if not self.spread or taken is None or takes_any_number(self.subject.paste, self.subject.symbol):
            return _LISTS
        return {lists: what for lists, what in _LISTS.items() if len(lists[0]) == len(taken)} or _LISTS

    def trial(self, maps: _Maps) -> Trial:
        """Return what comes of these maps."""
        if maps not in self._done:
            widths = [c for c, _, _ in maps]
            given: list[Any] = [(BATCH, *one) for one in maps]
            known = {**values(widths[0], _WIDTH), by.INPUT_LIST: widths, by.COUNT: len(widths)}
            used = {name for one in self.given for name in names_in(one.value)}
            arguments = str([(name, known[name]) for name in sorted(used) if name in known])
            self._done[maps] = self._unbuilt.get(arguments) or self.subject.follow(
                self.given, known, given if self.spread else [given]
            )
            if not self._done[maps].built:  # nor is it with the same arguments and other maps
                self._unbuilt[arguments] = self._done[maps]
        return self._done[maps]

    def joins(self, *lists: _Maps) -> bool:
        """Tell whether these maps become one of the size of one of them, whatever list of them it gets."""
        return all(self._joins(maps) for maps in lists)

    def _joins(self, maps: _Maps) -> bool:
        found = self.trial(maps)
        if found.state != OK or not found.shape or len(found.shape) != 4:
            return False
        return found.shape[0] == BATCH and found.shape[2:] in [one[1:] for one in maps]


def find_join(subject: Subject, spread: bool) -> Found | None:
    """Return how a class joins two maps of one size, as the models' joins have them; None where no call does.

    Args:
        subject: the class.
        spread: whether its forward takes its maps one by one.
    """
    call = _best(_Call(subject, given, spread) for given in _calls(subject)) or _guessed(subject, spread, _TWO)
    if call is None:
        return None
    _require_told(call, _TWO)
    outputs = _outputs(call)
    why = f"it takes several maps and gives one, with {_words(outputs)}"
    return Found(JOIN, why, call.given, outputs=_default(outputs), spread=spread)


def _require_told(call: _Call, lists: _Pair) -> None:
    """Refuse to guess an argument of which neither its name nor the maps tell anything: a number of heads.

    Raises:
        OpenError: with any number in its place, the maps become the same.
    """
    subject = call.subject
    named = [one.name for one in subject.constructor.required if _says_nothing(one)]
    for name in named:
        given = tuple(replace(one, value=str(_NUMBER)) if one.argument == name else one for one in call.given)
        other = replace(call, given=given)
        if other.joins(*lists) and all(other.trial(maps).shape == call.trial(maps).shape for maps in lists):
            told = {one.argument: one.value for one in call.given}
            values = ", ".join(
                f"{one.name}={'...' if one.name in named else told[one.name]}" for one in subject.constructor.required
            )
            raise _open_arguments(subject, f"the value of {name} is unknown", values)


def _best(calls: Iterable[_Call], lists: _Pair = _TWO) -> _Call | None:
    """Return the first call that joins each of these lists of maps, else the first that joins the first list."""
    found = None
    for call in calls:
        if call.joins(lists[0]) and _outputs(call):
            if call.joins(*lists):
                return call
            found = found or call
    return found


def _guessed(subject: Subject, spread: bool, lists: _Pair) -> _Call | None:
    """Return the call that gives each map's channels in order, if it joins these maps and needs just these numbers."""
    calls = (_Call(subject, given, spread) for given in _one_by_one(subject))
    fitting = _best((call for call in calls if lists in call.lists), lists)
    return fitting if fitting and _needs_each(fitting, lists[0]) else None


def _needs_each(call: _Call, maps: _Maps) -> bool:
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
    calls = [_Call(subject, one, spread) for one in (_calls(subject) if given is None else (given,))]
    for lists, what in _LISTS.items():
        call = _best((call for call in calls if lists in call.lists), lists)
        call = call or (_guessed(subject, spread, lists) if given is None else None)
        if call:
            only = f"it joins only {what}, and the families' Concats read two of one size and of different channels"
            doubt = only if what else ""
            outputs = _outputs(call)
            why = f"it takes several maps and gives one, with {_words(outputs)}"
            if given is None:
                _require_told(call, lists)
            usual = by.INPUTS if lists[0][0][0] == _WIDTH else _default(outputs)
            return Found(JOIN, why, call.given, usual, spread, doubt=doubt, limited=bool(doubt))
    tried = [(call, call.trial(lists[0])) for lists in _LISTS for call in calls if lists in call.lists]
    opened, trial = next(((call, trial) for call, trial in tried if trial.state == UNKNOWN), (None, None))
    if asked and opened and trial and (given is not None or not subject.missing(opened.given)):
        doubt = f"its output channels are not known, and counted as {_SUM}: {trial.why}"
        return Found(JOIN, "from --like", opened.given, outputs=_SUM, spread=spread, doubt=doubt)
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
    calls = [_Call(subject, one, spread=False) for one in _calls(subject)]
    others = [lists for lists, what in _LISTS.items() if what]
    if any(_best(calls, lists) or _guessed(subject, False, lists) for lists in others):
        raise _only(subject, as_join(subject, spread=False, given=None, asked=False))
    more = [call for call in calls if any(_gives_more(call, maps) for pair in call.lists for maps in pair)]
    if more:
        raise _no_join(subject, more)
    wanting = [call for call in calls if any(one.value == by.INPUT_LIST for one in call.given)]
    built = all(any(call.trial(one).built for one, _ in _LISTS) for call in wanting)
    if built and any(map(_reads_list, wanting)) and not _built(subject):
        raise _no_join(subject, wanting)


def _gives_more(call: _Call, maps: _Maps) -> bool:
    """Tell whether a class joins these maps, and gives something else besides: `return fused, weights`."""
    found = call.trial(maps)
    if found.state != OK or not isinstance(found.result, tuple):
        return False
    shapes = [one.shape for one in found.result if isinstance(one, Tensor)]
    return any(len(shape) == 4 and shape[2:] in [one[1:] for one in maps] for shape in shapes)


def _reads_list(call: _Call) -> bool:
    """Tell whether a class uses its input as a list: one with a list of sizes in its constructor may read one map."""
    widths = [c for c, _, _ in next(one for one, _ in _LISTS if call.trial(one).built)]
    known = {**values(widths[0], _WIDTH), by.INPUT_LIST: widths, by.COUNT: len(widths)}
    return bool(call.subject.follow(call.given, known, [one_map(widths[0])]).parted)


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


def _no_join(subject: Subject, calls: list[_Call]) -> UsageError:
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
    named = all(name.casefold() in _SIZE_NAMES for name in taken[1:])
    if maps.state == FAILED and (tokens.state == OK or named):
        raise _takes_sizes(subject, taken, maps.line)


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


def _outputs(call: _Call, counts: tuple[int, ...] = (2, 3, 4)) -> str:
    """Return the expression that gives the output channels of every list of so many maps that it joins; "" for none."""
    lists = [maps for pair in call.lists for maps in pair if len(maps) in counts and call.joins(maps)]
    seen = [([c for c, _, _ in maps], shape[1]) for maps in lists if (shape := call.trial(maps).shape)]
    forms: dict[str, Callable[[Sequence[int]], int]] = {
        _SUM: lambda widths: sum(widths),
        by.OUTPUTS: lambda widths: _WIDTH,
        by.INPUTS: lambda widths: widths[0],
        _LARGEST: lambda widths: max(widths),
        _LAST: lambda widths: widths[-1],
        _SECOND: lambda widths: widths[1],
    }
    for text, form in forms.items():
        if seen and all(form(widths) == channels for widths, channels in seen):
            return text
    numbers = {channels for _, channels in seen}
    if len(numbers) == 1 and len(seen) > 1:
        return str(numbers.pop())
    # one that reads the first of its maps, and no more
    return _outputs(call, counts[:-1]) if len(counts) > 1 else ""


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
        _SECOND: "the channels of the second",
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
            Given(one.name, value, "with it, it joins maps")
            for one, value in zip(arguments, chosen)
            if value is not None
        )


def _one_by_one(subject: Subject) -> Iterator[tuple[Given, ...]]:
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
        inputs_first: list[str | None] = [by.INPUT_LIST, _SUM, by.INPUTS, by.OUTPUTS]
        width_first: list[str | None] = [by.INPUT_LIST, by.OUTPUTS, _SUM, by.INPUTS, by.COUNT]
        # a number of channels that may be the row's width is that: (inc, channel)
        wanted = inputs_first if one.meaning == by.INPUTS else width_first
        return [*default, *wanted] if a_number else [*wanted, *default]
    return default or [by.INPUT_LIST, by.COUNT]


def _is_list(default: str | None) -> bool:
    return default is not None and default.startswith(("[", "("))
