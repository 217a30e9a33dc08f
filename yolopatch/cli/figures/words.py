"""The result lines of `graph` and `heatmap`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import indented
from yolopatch.wire.figures import INSERTED, REPLACED

if TYPE_CHECKING:
    from yolopatch.steps.figures.graph import Graph
    from yolopatch.steps.figures.heatmap import HeatMaps


def graph(found: Graph) -> Iterator[str]:
    """Yield the file, and the layers that are marked in it."""
    yield click.style(str(found.out), bold=True)
    scale = f", scale {found.answer.scale}" if found.answer.scale else ""
    yield from indented(f"{found.item.name}{scale}, {len(found.answer.layers)} layers at {found.answer.imgsz} px")
    for how in (REPLACED, INSERTED):
        numbers = found.numbers(how)
        if numbers:
            yield from indented(f"{how}: layers {', '.join(map(str, numbers))}, beside {found.answer.base_cfg}")


def heatmap(found: HeatMaps) -> Iterator[str]:
    """Yield each figure, with what each model finds on its image, or its receptive field."""
    for number, file in enumerate(found.files):
        yield click.style(str(file), bold=True)
        for item, answer in zip(found.items, found.answers):
            heat = answer.maps[number]
            layers = f"layer{'s' * (len(answer.layers) > 1)} {', '.join(map(str, answer.layers))}"
            if found.options.erf:
                shares = (f"{float(share):.0%} of the gradient in {side} px" for share, side in heat.sides.items())
                yield from indented(f"{item.name}: {layers}, {', '.join(shares)}")
            else:
                yield from indented(f"{item.name}: {layers}, objects above the score: {len(heat.objects)}")
