"""The report of `adopt` as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from yolopatch.cli.adopt.said import built_word, helpers, kind_of, layers_of, name_of, place_of, rest, same_word
from yolopatch.core.fork.account import Item
from yolopatch.core.fork.account import Layer as ForkLayer
from yolopatch.core.fork.changes import FORMATTING
from yolopatch.outside.page.page import render_template
from yolopatch.wire.fork.models import Built

if TYPE_CHECKING:
    from yolopatch.core.fork.agreement import LayerAgreement
    from yolopatch.steps.adopt.adopt import Adoption
    from yolopatch.steps.adopt.model import AdoptedModel

_OPEN = 40  # changes of an area that are not folded


@dataclass(frozen=True)
class Line:
    """A change as the page shows it; `name` is empty where it is that of the line before."""

    line: str
    name: str
    what: str


@dataclass(frozen=True)
class File:
    """The changes of one file."""

    path: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Area:
    """The changes that affect one thing; `more` are folded, `folded` says how many."""

    name: str
    count: int
    files: Sequence[File]
    more: Sequence[File]
    folded: str


@dataclass(frozen=True)
class Layer:
    """A row of the layer table; `look` marks one that differs."""

    index: int
    sources: str
    kind: str
    rebuilt: str
    parameters: str
    shape: str
    status: str
    said: str


@dataclass(frozen=True)
class ModelView:
    """A model as the page shows it."""

    anchor: str
    label: str
    cfg: str
    figures: Sequence[tuple[str, str]]
    why: Sequence[str]
    layers: Sequence[Layer]


@dataclass(frozen=True)
class Page:
    """The content of the page."""

    title: str
    look: str
    headline: str
    facts: Sequence[tuple[str, str]]
    certainty: Sequence[str]
    layers: Sequence[tuple[str, str, str, str]]
    helpers: str
    helping: Sequence[File]
    paper: Area
    beside: Sequence[Area]
    rest: Sequence[str]
    models: Sequence[ModelView]
    checks: Sequence[tuple[str, str, str]]
    files: Sequence[tuple[str, str, str, str]]
    files_title: str
    notes: Sequence[str]
    commands: Sequence[str]
    command: str


def render_page(found: Adoption) -> str:
    """Return the page as HTML text."""
    return render_template("adopt.html.j2", page=make_page(found))


def make_page(found: Adoption) -> Page:
    """Return the content of the page."""
    reading, told = found.reading, found.account
    base = reading.base
    files = [one for one in reading.changes if one.kind != FORMATTING]
    model = ", ".join(one.name for one in reading.chosen) or "none chosen"
    return Page(
        title=f"{reading.fork.name}: a fork of {base.upstream} {base.release}",
        look={True: "pass", False: "fail", None: "plain"}[found.verdict],
        headline=found.headline,
        facts=[("base", base.name), ("model", model), ("files changed", f"{len(reading.changes):,}")],
        certainty=found.certainty,
        layers=[(layer.own.name, kind_of(layer), _layers_word(layer), place_of(layer)) for layer in told.layers],
        helpers=helpers(told) if told.helpers else "",
        helping=[*_files(told.helpers)],
        paper=_area("architecture", told.paper),
        beside=[_area(name, items) for name, items in told.beside.items()],
        rest=[*rest(told)],
        models=[*_models(found)],
        checks=[(one.status, one.id, one.summary) for run in found.verified for one in run.checks],
        files=[(one.path, one.kind, ", ".join(one.affects), one.what) for one in files],
        files_title=f"{len(files)} file{'s' if len(files) != 1 else ''}",
        notes=found.notes,
        commands=found.next_commands,
        command=found.command,
    )


def _layers_word(layer: ForkLayer) -> str:
    numbers = layers_of(layer)
    return f"layer{'s' if ',' in numbers else ''} {numbers}"


def _area(name: str, items: Sequence[Item]) -> Area:
    shown, more = items[:_OPEN], items[_OPEN:]
    return Area(name, len(items), [*_files(shown)], [*_files(more)], f"and {len(more)} more")


def _files(items: Sequence[Item]) -> Iterator[File]:
    for path, group in groupby(items, key=lambda item: item.path):
        found = list(group)
        before = ["", *(item.name for item in found)]
        names = [name_of(item, last) for item, last in zip(found, before)]
        yield File(path, [Line(str(one.line or ""), name, one.what) for one, name in zip(found, names)])


def _models(found: Adoption) -> Iterator[ModelView]:
    for number, one in enumerate(found.models, 1):
        yield _model(one, f"model-{number}", found.reading.base.release)
    for number, one in enumerate(found.target.models if found.target else (), 1):
        yield _model(one, f"ported-{number}", found.target.release.rpartition("=")[2] if found.target else "")


def _model(one: AdoptedModel, anchor: str, release: str) -> ModelView:
    figures = [("built by the fork", built_word(one)), (f"rebuilt on {release}", same_word(one))]
    figures += [("parameters", f"{one.parameters:,}")] if one.parameters is not None else []
    return ModelView(anchor, f"Layers of {one.cfg}", one.cfg, figures, one.why, [*_layers(one)])


def _layers(one: AdoptedModel) -> Iterator[Layer]:
    """Yield the layers of both models side by side, or those of the one that was built."""
    if one.proof and one.proof.agreement:
        yield from map(_pair, one.proof.agreement.layers)
        return
    built = next((b for b in (one.proof.fork, one.proof.rebuilt) if isinstance(b, Built)), None) if one.proof else None
    for layer in built.layers if built else ():
        shape = layer.outputs[0].shape if layer.outputs else ()
        yield Layer(layer.index, _listed(layer.sources), layer.kind, "", f"{layer.parameters:,}", _shape(shape), "", "")


def _pair(one: LayerAgreement) -> Layer:
    mine, theirs = one.kinds
    fork, rebuilt = one.parameters
    return Layer(
        one.index,
        _listed(one.sources),
        mine or "-",
        theirs if theirs != mine else "",
        f"{fork:,}" if fork == rebuilt else f"{fork:,} / {rebuilt:,}",
        _shape(one.shape),
        "pass" if one.how in ("equal", "rounded") else "fail",
        one.what or "equal",
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join("image" if number < 0 else str(number) for number in numbers)


def _shape(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))
