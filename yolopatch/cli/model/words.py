"""The result lines of `render-cfg` and `summary`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.model.models import ALL_SCALES
from yolopatch.cli.layout import comparison_row, indented, latency_rows, table
from yolopatch.core.language.spoken import spoken

if TYPE_CHECKING:
    from yolopatch.steps.model.render import PlacedModule, RenderResult
    from yolopatch.steps.model.summary import Summary
    from yolopatch.wire.facts import Latency, LayerRow


def rendered(result: RenderResult) -> Iterator[str]:
    """Yield each file that `render-cfg` wrote, with its modules."""
    for file in result.files:
        modules = "; ".join(map(_placed, file.placed)) or "no module"
        yield click.style(str(file.path), bold=True)
        modules = spoken().translate(modules)
        if file.scale == ALL_SCALES:
            yield from indented(f"{file.model}, {file.task}, all scales, {modules}")
        else:
            yield from indented(f"{file.model}, {file.task}, scale {file.scale}, {modules}")


def _placed(placed: PlacedModule) -> str:
    replaced, inserted = (", ".join(map(str, numbers)) for numbers in (placed.replaced, placed.inserted))
    if replaced and inserted:
        return f"{placed.module} in layers {replaced} and in new layers {inserted}"
    return f"{placed.module} in new layers {inserted}" if inserted else f"{placed.module} in layers {replaced}"


def summary(found: Summary) -> Iterator[str]:
    """Yield the model's counts next to the base model's, then each layer that differs."""
    title = f"{found.cfg.name}, scale {found.scale}, built from {found.workspace.name}"
    yield click.style(title, bold=True)
    model, base = found.model, found.base
    rows = [
        comparison_row("layers", model.layers, base.layers),
        comparison_row("parameters", model.parameters, base.parameters),
        comparison_row("GFLOPs as upstream prints (thop)", model.gflops_upstream, base.gflops_upstream, "{:.2f}"),
        comparison_row("true GFLOPs (torch FlopCounterMode)", model.gflops_true, base.gflops_true, "{:.2f}"),
    ]
    rows += latency_rows(model.latency.data(), base.latency.data())
    yield from table((f"at {found.imgsz} px", "model", "base", "change"), rows, left=1)
    yield from indented(_timing(model.latency))
    for name, latency in (("the model", model.latency), ("the base model", base.latency)):
        if latency.failure:
            yield from indented(f"upstream's fuse() failed for {name}: {latency.failure}")
    if found.changes:
        yield "replaced and new layers:"
        ours, theirs = ({row.index: row for row in count.table} for count in (model, base))
        cells = [_change(ours[c.layer], None if c.base is None else theirs[c.base]) for c in found.changes]
        yield from table(("layer", "class", "parameters", "base class", "parameters"), cells, left=0)


def _timing(latency: Latency) -> str:
    threads = f", {latency.threads} thread{'s' * (latency.threads != 1)}" if latency.threads else ""
    return f"times: medians of {latency.rounds} passes of one image in turn, {latency.hardware}{threads}"


def _change(row: LayerRow, base: LayerRow | None) -> tuple[str, ...]:
    before = (base.kind, f"{base.parameters:,}") if base else ("new", "-")
    return str(row.index), row.kind, f"{row.parameters:,}", *before
