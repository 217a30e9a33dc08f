"""The result lines of `adopt`."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yolopatch.cli.adopt.said import (
    ELSE,
    PAPER,
    built_word,
    helpers,
    kind_of,
    layers_of,
    name_of,
    place_of,
    rest,
    same_word,
)
from yolopatch.cli.layout import command, table
from yolopatch.cli.verify.words import verification
from yolopatch.cli.workspace.words import state
from yolopatch.core.fork.account import RECOMMENDED, Account, Item
from yolopatch.core.language.spoken import Finished, spoken, titled
from yolopatch.core.text import cells_of
from yolopatch.core.wrapping import wrap

if TYPE_CHECKING:
    from yolopatch.steps.adopt.adopt import Adoption
    from yolopatch.steps.adopt.model import AdoptedModel

_LEAST_WIDTH, _MOST_WIDTH = 60, 120
_NAME = 9  # cells of the names before the values, at least
_REASONS = 3  # of a model
_SHOWN = 6  # changes of an area, and
_LINES = 2  # of a sentence; the page has all


def adoption(found: Adoption, page: Path | None) -> Iterator[str]:
    """Yield the base, the two lists of changes, the models, and the next commands; `page` is the HTML report."""
    width = min(max(shutil.get_terminal_size((80, 24)).columns, _LEAST_WIDTH), _MOST_WIDTH)
    reading, told = found.reading, found.account
    yield f"{click.style(reading.fork.name, bold=True)}: a fork of {click.style(reading.base.name, bold=True)}"
    yield from _facts(_opening(found), width)
    yield from _paper(told, width)
    yield from _beside(told, width)
    besides = "; ".join(rest(told))
    yield from _facts([("besides", besides)] if besides else [], width)
    yield from _models(found, width)
    if found.made:
        yield ""
        yield from state(found.made.state)
        areas = [(one.area, f"changed in {', '.join(one.files)}") for one in found.made.areas]
        together = [("together", found.made.commit)] if areas else []
        lacking = [("lacking", said) for one in found.made.areas for said in one.lacking]
        yield from _facts([("module", found.made.module), *areas, *together, *lacking], width)
    for one in found.verified:
        yield from verification(one, None)
    if page:
        yield f"report: {page}"
    for number, line in enumerate(found.next_commands):
        yield Finished(titled("next:", line)) if not number else command(line, " " * 6)


def _opening(found: Adoption) -> Iterator[tuple[str, str]]:
    reading = found.reading
    yield from (("base" if not number else "", said) for number, said in enumerate(found.certainty))
    if reading.fork.place:
        yield "package", reading.fork.place
    for model in reading.chosen:
        why = f": {reading.choice.why}" if reading.choice else ""
        yield "model", f"{model.path}{why}"
    if not reading.chosen and reading.choice:
        yield "model", reading.choice.why


def _paper(told: Account, width: int) -> Iterator[str]:
    yield ""
    yield f"{click.style(PAPER, bold=True)}: architecture"
    rows = [
        (layer.own.name, spoken().translate(kind_of(layer)), layers_of(layer), place_of(layer)) for layer in told.layers
    ]
    if rows:
        yield from table(("class", "", "layers", "defined in"), rows, left=4)
    if told.helpers:
        yield f"  {helpers(told)}"
    if not rows and not told.paper:
        yield "  nothing"
    yield from _items(told.paper, width, "  ")


def _beside(told: Account, width: int) -> Iterator[str]:
    yield ""
    yield click.style(ELSE, bold=True)
    if not told.beside:
        yield "  nothing"
    for area, items in told.beside.items():
        yield f"  {click.style(spoken().translate(area), fg='yellow')}"
        for of_scripts in (False, True):
            yield from _items([one for one in items if (one.kind == RECOMMENDED) is of_scripts], width, "    ")


def _items(items: Sequence[Item], width: int, margin: str) -> Iterator[str]:
    """Yield changes by file: the path, and below it a line, a name where it is another one, and a sentence for each."""
    shown = items[:_SHOWN]
    digits = max((len(str(item.line)) for item in shown), default=0)
    for path, group in groupby(shown, key=lambda item: item.path):
        yield f"{margin}{path}"
        before = ""
        for item in group:
            head = f"{margin}  {item.line or ''!s:>{digits}}  "
            name = name_of(item, before)
            what = titled(f"{name}:", item.what) if name else item.what
            yield from _cut(wrapped(what, width, head, " " * len(head)))
            before = item.name
    if len(items) > _SHOWN:
        yield f"{margin}and {len(items) - _SHOWN} more: --report FILE.html has all"


def _cut(lines: list[Finished]) -> list[Finished]:
    """Return the first lines of a sentence, with a sign where it goes on."""
    if len(lines) <= _LINES:
        return lines
    return [*lines[: _LINES - 1], Finished(f"{lines[_LINES - 1][:-1]}\N{HORIZONTAL ELLIPSIS}")]


def _models(found: Adoption, width: int) -> Iterator[str]:
    if found.models:
        yield ""
        yield from _table(found.models, f"rebuilt on {found.reading.base.release}", width)
    if found.target:
        yield ""
        yield from _table(found.target.models, f"rebuilt on {found.target.release.rpartition('=')[2]}", width)


def _table(models: Sequence[AdoptedModel], head: str, width: int) -> Iterator[str]:
    rows = [
        (one.name, spoken().translate(built_word(one)), f"{one.parameters:,}" if one.parameters else "-", _same(one))
        for one in models
    ]
    yield from table(("model", "the fork builds it", "parameters", head), rows, left=2)
    for model in models:
        yield from (line for said in model.why[:_REASONS] for line in wrapped(said, width, "  ", "    "))
        if len(model.why) > _REASONS:
            yield f"  and {len(model.why) - _REASONS} reasons more: --report FILE.html has all"


def _same(model: AdoptedModel) -> str:
    colours = {True: "green", False: "red", None: None}
    return click.style(spoken().translate(same_word(model)), fg=colours[model.same_as_fork])


def _facts(named: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    facts = [(spoken().translate(name), value) for name, value in named]
    column = max([_NAME, *(cells_of(title) + 2 for title, _ in facts)])
    for title, value in facts:
        head = f"  {title}{' ' * (column - cells_of(title))}"
        yield from wrapped(value, width, head, " " * cells_of(head))


def wrapped(text: str, width: int, first: str, others: str) -> list[Finished]:
    """Return a text as lines of at most this many cells, a long path or word whole."""
    plain = spoken().translate(" ".join(text.split()))
    if not plain.isascii():
        return wrap(plain, width, first, others)
    lines = textwrap.wrap(
        plain, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )
    return [*map(Finished, lines or [first.rstrip()])]
