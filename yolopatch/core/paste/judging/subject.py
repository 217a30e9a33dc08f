"""A pasted class, followed with the values that models give: widths, kernels and sizes of maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yolopatch.core.paste.calls import Given, example, usual_values
from yolopatch.core.paste.constructor import Constructor
from yolopatch.core.paste.follow.trial import Trial, try_class
from yolopatch.core.paste.reading import Pasted
from yolopatch.wire import arguments as by

# what no row of a model names: the class's own defaults are used
_OWN = (by.EXPANSION, by.SHORTCUT, by.C3K)
# Images in a batch: a number that nobody unpacks into so many names.
BATCH = 7
# A map's height and width: of no use as each other, nor as channels.
SIZE = (24, 40)
WIDTHS = (64, 128)
# for a class that divides its channels by more than those
WIDE = (256, 384)


def _nothing(name: str) -> bool:
    return False


@dataclass(frozen=True)
class Subject:
    """A class of a pasted file, and its constructor.

    Attributes:
        widths: the channels of maps that it is followed with.
        leads: tells whether another class of the file has a place in a model; only such a one is suggested.
        told: whether the user gives the arguments of its constructor.
        sounded: whether only its place matters, and no reason why it has none: such a reason may cost many trials.
    """

    paste: Pasted
    symbol: str
    constructor: Constructor
    widths: tuple[int, int] = WIDTHS
    leads: Callable[[str], bool] = _nothing
    told: bool = False
    sounded: bool = False

    def follow(
        self, given: Iterable[Given], values: Mapping[str, Any], inputs: Sequence[Any], *, training: bool = True
    ) -> Trial:
        """Follow the class with these arguments of its constructor, and these maps."""
        defaults = {one.name: one.default for one in self.constructor.arguments}
        own = {one.argument: defaults.get(one.argument) for one in given if one.value in _OWN}
        arguments = {one.argument: own.get(one.argument) or one.value for one in given}
        return try_class(self.paste, self.symbol, arguments, inputs, values=values, training=training)

    def quoted(self, line: int) -> str:
        """Return a line of the file, for a message."""
        return f"{self.paste.place(line)}: {self.paste.line(line).strip()}" if line else self.paste.name

    def example(self, offered: Sequence[str]) -> str:
        """Return arguments of its constructor as `--args` has them, with the values that a kind offers."""
        return example(self.constructor, usual_values(self.constructor, offered))

    @property
    def remedy(self) -> str:
        """What to do about a line that fails: the user's own values may be wrong, too."""
        if self.told:
            return "correct the line, or give the constructor other values, and add the file again"
        return "correct the line, and add the file again"

    @property
    def another(self) -> str:
        """What to do about the class: name another module of the file, if one has a place in a model."""
        others = (name for name in reversed(self.paste.own_modules) if name != self.symbol)
        found = next((name for name in others if self.leads(name)), "")
        return f"; or name another class of the file: --class {found}" if found else ""

    def missing(self, given: Iterable[Given]) -> list[str]:
        """Return the arguments of the constructor that must have a value, and have none."""
        named = {one.argument for one in given}
        return [one.name for one in self.constructor.required if one.name not in named]


def values(c1: int = WIDTHS[0], c2: int = WIDTHS[1], **others: Any) -> dict[str, Any]:
    """Return a value for each name that a call can use; `others` are those that differ from the usual."""
    usual = {
        by.INPUTS: c1,
        by.OUTPUTS: c2,
        by.KERNEL: 3,
        by.STRIDE: 1,
        by.GROUPS: 1,
        by.DILATION: 1,
        by.ACTIVATION: True,
        by.REPEATS: 1,
        by.SHORTCUT: True,
        by.EXPANSION: 0.5,
        by.C3K: False,
        by.CLASSES: 80,
        by.INPUT_LIST: [c1, c2],
        by.COUNT: 2,
    }
    found = {**usual, **others}
    return {by.PADDING: found[by.KERNEL] // 2, **found}


def one_map(channels: int = WIDTHS[0], size: tuple[int, int] = SIZE, batch: int = BATCH) -> tuple[int, int, int, int]:
    """Return the shape of a map."""
    return (batch, channels, *size)
