"""The rows that a class gets in the families' models, and where it works: found by following it in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from yolopatch.catalog.kinds import ATTENTION, BLOCK, CONV_LIKE, HEAD, JOIN
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.model.widths import read_by, widths
from yolopatch.catalog.module import FLAVORS, Module
from yolopatch.catalog.pins import PINS
from yolopatch.core.model.placement import ALL_BLOCKS, choose
from yolopatch.core.paste.calls import names_in
from yolopatch.core.paste.deciding import Decision
from yolopatch.core.paste.judging.contract import HOLDS, OPEN, Verdict, in_row
from yolopatch.core.paste.judging.one_map import ONE_MAP
from yolopatch.core.paste.judging.refusals import place_of, refused
from yolopatch.core.paste.judging.subject import Subject
from yolopatch.errors import UsageError
from yolopatch.wire import arguments as by

_SCALES = ("n", "s", "m")
# By kind, smaller placements than the usual one: in the backbone, whose layers all families number alike.
_SMALLER: Mapping[str, tuple[str, ...]] = {
    BLOCK: ("4,6,8", "6,8", "8"),
    ATTENTION: ("+6,+8", "+8"),
    **dict.fromkeys(CONV_LIKE, ("3,5,7", "5,7", "7")),
}
_E_OF_C3K2 = 2  # its place in the arguments of a row

Values = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Fit:
    """Where a module works.

    Attributes:
        module: with the placement in which it works in most models.
        decision: with what is to be said of that.
        scales: by family, the smallest scale at which it works there; empty where nothing is known.
    """

    module: Module
    decision: Decision
    scales: Mapping[str, str] = field(default_factory=dict)


def fit_rows(subject: Subject, module: Module, decision: Decision) -> Fit:
    """Find the placement in which a class works at the scales n, s and m of every family that has such layers.

    Args:
        subject: the class.
        module: the entry that is made of it.
        decision: what it is.

    Raises:
        UsageError: it fails in every one of these models.
    """
    if decision.limited and module.kind in (JOIN, HEAD):
        return _misfit(module, decision)
    followed = module.kind in ONE_MAP and (not decision.doubt or decision.limited)
    if not followed or (module.stands_for_conv and module.placement == ALL_BLOCKS):
        return Fit(module, decision)
    trials = _Trials(subject, module, decision)
    outcomes: list[_Outcome] = []
    for placement in dict.fromkeys((module.placement, module.role.placement, *_SMALLER.get(module.kind, ()))):
        outcome = trials.outcome(placement)
        if outcome is None:
            return Fit(module, decision)
        outcomes.append(outcome)
        if not outcome.broken:
            break
    best = max(outcomes, key=lambda one: len(one.works))
    if not best.works:
        if decision.limited:
            return _misfit(module, decision)
        raise refused(subject, outcomes[0].broken[0][1], what=place_of(module.kind))
    if best.placement != module.placement:
        module = replace(module, stated=best.placement)
    scales = dict(reversed(best.works))  # of a family, the smallest one, which comes first
    return Fit(module, replace(decision, doubt=_doubt(outcomes[0], best), limited=False), scales)


def _misfit(module: Module, decision: Decision) -> Fit:
    """Return a module for a YAML of the user's own: what it works with is in no usual place."""
    return Fit(replace(module, misfit=decision.doubt), decision)


@dataclass(frozen=True)
class _Row:
    """A row of a model: the number of its layer, and what the names in the call of a module are there."""

    model: str
    scale: str
    layer: int
    values: Values

    @property
    def place(self) -> str:
        return f"layer {self.layer} of {self.model}{self.scale}"


@dataclass(frozen=True)
class _Outcome:
    """What became of a placement: the models in which all of its rows work, and the first bad row of each other."""

    placement: str
    works: tuple[tuple[str, str], ...]
    broken: tuple[tuple[_Row, Verdict], ...]


def _doubt(usual: _Outcome, best: _Outcome) -> str:
    """Return what is to be said of a class that does not work in each row of its usual placement."""
    if not usual.broken:
        return ""
    row, verdict = (best.broken or usual.broken)[0]
    known = dict(row.values)
    line = f" (line {verdict.line})" if verdict.line else ""
    why = f"with {known[by.INPUTS]} channels in and {known[by.OUTPUTS]} out, in {row.place}: {verdict.why}{line}"
    if not best.broken:
        return f"the default placement is {best.placement}, because {usual.placement} fails {why}"
    models = ", ".join(f"{model}{scale}" for model, scale in best.works)
    return f"it works in {models}, with the placement {best.placement}, and fails {why}"


class _Trials:
    """Follows a class in the rows of the models, once for each set of values."""

    def __init__(self, subject: Subject, module: Module, decision: Decision) -> None:
        self._subject = subject
        self._module = module
        self._given = decision.given
        self._names = {name for one in decision.given for name in names_in(one.value)}
        self._known: dict[Values, Verdict] = {}

    def outcome(self, placement: str) -> _Outcome | None:
        """Return what becomes of a placement; None where the code cannot be followed."""
        works: list[tuple[str, str]] = []
        broken: list[tuple[_Row, Verdict]] = []
        for model in _families():
            for scale in _SCALES:
                rows = list(self._rows(model, scale, placement))
                bad = next(((row, found) for row in rows if (found := self._verdict(row)).state != HOLDS), None)
                if bad and bad[1].state == OPEN:
                    return None
                if bad:
                    broken.append(bad)
                elif rows:
                    works.append((model.name, scale))
        return _Outcome(placement, tuple(works), tuple(broken)) if works or broken else None

    def _verdict(self, row: _Row) -> Verdict:
        if row.values not in self._known:
            self._known[row.values] = in_row(
                self._subject, self._module.kind, self._given, dict(row.values), f"in {row.place}"
            )
        return self._known[row.values]

    def _rows(self, model: BaseModel, scale: str, placement: str) -> Iterator[_Row]:
        """Yield the rows that a placement has in a model; none where the model has no such layers."""
        try:
            chosen = choose(model.at(scale), self._module, FLAVORS[0], placement)
        except UsageError:
            return
        found = widths(model, scale)
        for index in chosen.after:
            yield _Row(model.name, scale, index, ((by.INPUTS, found[index]), (by.OUTPUTS, found[index])))
        for index in chosen.layers:
            for values in self._of_layer(model, scale, index, found):
                yield _Row(model.name, scale, index, values)

    def _of_layer(self, model: BaseModel, scale: str, index: int, found: tuple[int, ...]) -> Iterator[Values]:
        layer = model.layers[index]
        c1, c2 = read_by(model, index, found), found[index]
        if self._module.kind in CONV_LIKE:
            more: Values = ((by.KERNEL, layer.kernel), (by.STRIDE, layer.stride))
            yield ((by.INPUTS, c1), (by.OUTPUTS, c2), *more)
            return
        repeats = max(round(layer.repeats * model.scales[scale].depth), 1) if layer.repeats > 1 else 1
        more = tuple((by.EXPANSION, one) for one in layer.args[_E_OF_C3K2:][:1]) if layer.module == "C3k2" else ()
        for source in dict.fromkeys((c1, *((c2,) if self._repeats_apart(repeats) else ()))):
            yield ((by.INPUTS, source), (by.OUTPUTS, c2), (by.REPEATS, repeats), *more)

    def _repeats_apart(self, repeats: int) -> bool:
        """Tell whether the class stands several times in a row, as it takes no number of repeats."""
        return repeats > 1 and self._module.kind == BLOCK and by.REPEATS not in self._names


def _families() -> list[BaseModel]:
    return [find_model(name) for name in dict.fromkeys(pin.model for pin in PINS.values() if pin.home is None)]
