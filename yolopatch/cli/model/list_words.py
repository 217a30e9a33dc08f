"""The result lines of `list`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.kinds import KINDS
from yolopatch.cli.layout import indented, table

if TYPE_CHECKING:
    from yolopatch.steps.model.listing import CheckRow, ModuleRow, PinRow, TutorialRow


def modules(rows: Sequence[ModuleRow]) -> Iterator[str]:
    """Yield the modules by what they stand for, each with its classes, its paper, and its pins if it lacks one."""
    for group in dict.fromkeys(kind.group for kind in KINDS.values()):
        found = [row for row in rows if KINDS[row.kind].group == group]
        if found:
            yield click.style(group, fg="cyan", bold=True)
        for row in found:
            yield f"  {click.style(row.name, bold=True)}  {', '.join(row.classes)}"
            yield from indented(row.paper, "    ")
            have = [pin for pin, flavors in row.pins.items() if flavors]
            if len(have) < len(row.pins):
                yield from indented(f"pins: {', '.join(have) or 'none'}", "    ")


def pins(rows: Sequence[PinRow]) -> Iterator[str]:
    """Yield each pin with its base model, block, tasks, further models, sources and fix patches."""
    for row in rows:
        yield click.style(row.name, bold=True) + f"  {row.model}, blocks {row.block}; {', '.join(row.tasks)}"
        if row.others:
            yield f"  further models: {', '.join(row.others)}"
        yield from (f"  {source}" for source in row.sources)
        if row.fix_patches:
            yield f"  fixes, each on request: {', '.join(f'--{name}' for name in row.fix_patches)}"


def tutorials(rows: Sequence[TutorialRow]) -> Iterator[str]:
    """Yield one line for each tutorial."""
    cells = [(row.id, row.module, row.pin, row.placement) for row in rows]
    yield from table(("blog post", "module", "pin", "placement"), cells, left=4)


def checks(rows: Sequence[CheckRow]) -> Iterator[str]:
    """Yield each check with what it means."""
    for row in rows:
        yield click.style(row.id, bold=True)
        yield from indented(row.means)
