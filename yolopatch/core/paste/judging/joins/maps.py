"""The maps of models that a class is tried with as a join, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from yolopatch.core.paste.calls import Given, names_in
from yolopatch.core.paste.follow.trial import OK, Trial
from yolopatch.core.paste.forward import inputs, takes_any_number
from yolopatch.core.paste.judging.subject import BATCH, SIZE, Subject, values
from yolopatch.wire import arguments as by

SUM = f"sum({by.INPUT_LIST})"
_LARGEST = f"max({by.INPUT_LIST})"
_LAST = f"{by.INPUT_LIST}[-1]"
_SECOND = f"{by.INPUT_LIST}[1]"
WIDTH = 128  # that a row asks for
# maps, each with its channels, height and width
Maps = tuple[tuple[int, int, int], ...]
Pair = tuple[Maps, Maps]


def _pair(widths: tuple[int, ...], others: tuple[int, ...], halvings: tuple[int, ...] = (1,) * 4) -> Pair:
    """Return two lists of maps of these channels, each map at `SIZE` times two, by so many halvings less."""
    sizes = [(SIZE[0] * 2 >> half, SIZE[1] * 2 >> half) for half in halvings]
    first, second = (tuple((c, *size) for c, size in zip(one, sizes)) for one in (widths, others))
    return first, second


# the maps that are tried: two, as the models' joins have them, more, of equal channels, and of several sizes; each
# list twice, so that the first one's channels, the largest, the last and a number of the class's own differ
TWO = _pair((64, 96), (96, 64))
LISTS_OF_MAPS: Mapping[Pair, str] = MappingProxyType(
    {
        TWO: "",
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
            _pair((WIDTH, 96, 32)[:count], (WIDTH, 64, 96)[:count], halvings): f"{what}, the first with the row's width"
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


@dataclass(frozen=True)
class JoinCall:
    """A way to call the constructor.

    Attributes:
        subject: the class.
        given: the values of the arguments.
        spread: whether its forward takes its maps one by one.
    """

    subject: Subject
    given: tuple[Given, ...]
    spread: bool
    _done: dict[Maps, Trial] = field(default_factory=dict, init=False, compare=False)
    _unbuilt: dict[str, Trial] = field(default_factory=dict, init=False, compare=False)

    @property
    def lists(self) -> Mapping[Pair, str]:
        """The lists of maps that its forward may get: as many as it has arguments, if it takes them one by one."""
        taken = inputs(self.subject.paste, self.subject.symbol)
        if not self.spread or taken is None or takes_any_number(self.subject.paste, self.subject.symbol):
            return LISTS_OF_MAPS
        return {lists: what for lists, what in LISTS_OF_MAPS.items() if len(lists[0]) == len(taken)} or LISTS_OF_MAPS

    def known(self, maps: Maps) -> dict[str, Any]:
        """Return what the names in the values of the arguments are with these maps."""
        widths = [c for c, _, _ in maps]
        return {**values(widths[0], WIDTH), by.INPUT_LIST: widths, by.COUNT: len(widths)}

    def trial(self, maps: Maps) -> Trial:
        """Return what comes of these maps."""
        if maps not in self._done:
            given: list[Any] = [(BATCH, *one) for one in maps]
            known = self.known(maps)
            used = {name for one in self.given for name in names_in(one.value)}
            arguments = str([(name, known[name]) for name in sorted(used) if name in known])
            self._done[maps] = self._unbuilt.get(arguments) or self.subject.follow(
                self.given, known, given if self.spread else [given]
            )
            if not self._done[maps].built:  # nor is it with the same arguments and other maps
                self._unbuilt[arguments] = self._done[maps]
        return self._done[maps]

    def joins(self, *lists: Maps) -> bool:
        """Tell whether these maps become one of the size of one of them, whatever list of them it gets."""
        return all(self._joins(maps) for maps in lists)

    def _joins(self, maps: Maps) -> bool:
        found = self.trial(maps)
        if found.state != OK or not found.shape or len(found.shape) != 4:
            return False
        return found.shape[0] == BATCH and found.shape[2:] in [one[1:] for one in maps]


def best_call(calls: Iterable[JoinCall], lists: Pair = TWO) -> JoinCall | None:
    """Return the first call that joins each of these lists of maps, else the first that joins the first list."""
    found = None
    for call in calls:
        if call.joins(lists[0]) and outputs_of(call):
            if call.joins(*lists):
                return call
            found = found or call
    return found


def outputs_of(call: JoinCall, counts: tuple[int, ...] = (2, 3, 4)) -> str:
    """Return the expression that gives the output channels of every list of so many maps that it joins; "" for none."""
    lists = [maps for pair in call.lists for maps in pair if len(maps) in counts and call.joins(maps)]
    seen = [([c for c, _, _ in maps], shape[1]) for maps in lists if (shape := call.trial(maps).shape)]
    forms: dict[str, Callable[[Sequence[int]], int]] = {
        SUM: lambda widths: sum(widths),
        by.OUTPUTS: lambda widths: WIDTH,
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
    return outputs_of(call, counts[:-1]) if len(counts) > 1 else ""


def usual_outputs(outputs: str) -> str:
    """Return the output channels of a row that names no width: a join with a width of its own gets all channels."""
    return SUM if outputs == by.OUTPUTS else outputs


def outputs_in_words(outputs: str) -> str:
    words = {
        SUM: "the channels of all together",
        by.OUTPUTS: "the width of its row, or the channels of all together",
        by.INPUTS: "the channels of the first",
        _LARGEST: "the channels of the largest",
        _LAST: "the channels of the last",
        _SECOND: "the channels of the second",
    }
    return words.get(outputs, f"{outputs} channels")
