"""The result lines of `graph`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import indented
from yolopatch.wire.figures import INSERTED, REPLACED

if TYPE_CHECKING:
    from yolopatch.steps.figures.graph import Graph


def graph(found: Graph) -> Iterator[str]:
    """Yield the file, and the layers that are marked in it."""
    yield click.style(str(found.out), bold=True)
    scale = f", scale {found.answer.scale}" if found.answer.scale else ""
    yield from indented(f"{found.item.name}{scale}, {len(found.answer.layers)} layers at {found.answer.imgsz} px")
    for how in (REPLACED, INSERTED):
        numbers = found.numbers(how)
        if numbers:
            yield from indented(f"{how}: layers {', '.join(map(str, numbers))}, beside {found.answer.base_cfg}")
