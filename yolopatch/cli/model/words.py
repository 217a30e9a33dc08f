"""Model YAMLs: where the modules stand in them, and what their models count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import beside, indented, table

if TYPE_CHECKING:
    from yolopatch.steps.model.render import Placed, RenderResult
    from yolopatch.steps.model.summary import Summary
    from yolopatch.wire.facts import LayerRow


def rendered(result: RenderResult) -> Iterator[str]:
    """Give each file that `render-cfg` wrote, with its modules."""
    for file in result.files:
        stands = "; ".join(map(_stands, file.placed)) or "no module"
        yield click.style(str(file.path), bold=True)
        yield from indented(f"{file.model}, {file.task}, scale {file.scale}, {stands}")


def _stands(placed: Placed) -> str:
    said = (("in", placed.replaced), ("in new", placed.inserted))
    where = (f"{word} layers {', '.join(map(str, numbers))}" for word, numbers in said if numbers)
    return f"{placed.module} {' and '.join(where)}"


def summary(found: Summary) -> Iterator[str]:
    """Give a model beside its base, then each layer that is another."""
    title = f"{found.cfg.name}, scale {found.scale}, built from {found.workspace.name}"
    yield click.style(title, bold=True)
    model, base = found.model, found.base
    rows = [
        beside("layers", model.layers, base.layers),
        beside("parameters", model.parameters, base.parameters),
        beside("GFLOPs as upstream prints (thop)", model.gflops_upstream, base.gflops_upstream, "{:.2f}"),
        beside("GFLOPs true (torch FlopCounterMode)", model.gflops_true, base.gflops_true, "{:.2f}"),
    ]
    yield from table((f"at {found.imgsz} px", "model", "base", "change"), rows, left=1)
    if found.changes:
        yield "replaced and new layers:"
        ours, theirs = ({row.index: row for row in count.table} for count in (model, base))
        cells = [_change(ours[c.layer], None if c.base is None else theirs[c.base]) for c in found.changes]
        yield from table(("layer", "class", "parameters", "base class", "parameters"), cells, left=0)


def _change(row: LayerRow, base: LayerRow | None) -> tuple[str, ...]:
    before = (base.kind, f"{base.parameters:,}") if base else ("new", "-")
    return str(row.index), row.kind, f"{row.parameters:,}", *before
