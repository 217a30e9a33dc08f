"""The result lines of `transplant`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import indented, table
from yolopatch.wire.checkpoints import COPIED, FRESH, INITIALISED, LayerStart

if TYPE_CHECKING:
    from yolopatch.steps.checkpoint.transplant import Transplant

_MOST = 4  # reasons shown for one layer; --json has all


def transplant(found: Transplant) -> Iterator[str]:
    """Yield the counts, the error of the outputs, then each layer that differs from the base's."""
    yield click.style(f"{found.out}: {found.cfg.name}, scale {found.scale}, from {found.weights.name}", bold=True)
    counts = ", ".join(f"{count} {how}" for how, count in found.tensors.items())
    yield from indented(f"tensors: {counts}; layers: {_layers(found)}")
    yield from indented(_agreement(found))
    ours, theirs = found.classes.model, found.classes.base
    if ours != theirs:
        yield from indented(
            f"classes: {ours} here, {theirs} in the checkpoint; the tensors with one part for each class are fresh"
        )
        yield from indented(f"if your data has the same classes, --nc {theirs} keeps these tensors")
    if found.outputs.bits is not None:
        errors = ", ".join(f"{bits} bits {error:.2g}" for bits, error in found.outputs.bits.items())
        yield from indented(
            f"error by bits of the kernels: {errors}; the layers use {_listed(found.outputs.own_bits or ())} bits"
        )
    changed = [layer for layer in found.layers if _is_changed(layer)]
    if changed:
        yield "layers that differ from the base's:"
        yield from table(
            ("layer", "class", "base", "tensors", "relative error"), [_row(layer) for layer in changed], left=4
        )
        for reason, layers in _reasons(changed).items():
            yield from indented(f"layer {', '.join(layers)}: {reason}")
    for layer in found.dropped:
        yield from indented(f"the base's layer {layer.layer} ({layer.kind}) has no counterpart in the model")
    if found.unused:
        yield from indented(f"unused: {len(found.unused)} tensors of the checkpoint, the first is {found.unused[0]}")


def _layers(found: Transplant) -> str:
    counted = Counter(_kind(layer) for layer in found.layers)
    return ", ".join(f"{count} {kind}" for kind, count in counted.items())


def _kind(layer: LayerStart) -> str:
    hows = {part.how for part in layer.parts}
    if not hows:
        return "without tensors"
    if hows == {FRESH}:
        return "fresh"
    if FRESH in hows:
        return "partly fresh"
    return INITIALISED if INITIALISED in hows else COPIED


def _is_changed(layer: LayerStart) -> bool:
    return bool(layer.lost) or _kind(layer) not in (COPIED, "without tensors")


def _agreement(found: Transplant) -> str:
    of, error = found.outputs.of, found.outputs.error
    where = f"{found.images.count} images of {found.images.side} px"
    if error is None:
        return f"no output can be compared with the base's, on {where}"
    return f"{of} compared with the base's, before any training: relative error {error:.2g}, on {where}"


def _row(layer: LayerStart) -> tuple[str, ...]:
    counted: Counter[str] = Counter()
    for part in layer.parts:
        counted[part.how] += len(part.tensors)
    errors = [part.error for part in layer.parts if part.error is not None]
    base = "-" if layer.base_layer is None else f"{layer.base_layer} {layer.base_kind}"
    tensors = ", ".join(f"{count} {how}" for how, count in counted.items())
    worst = f"{max(errors):.2g}" if errors else ""
    return str(layer.layer), layer.kind, base, tensors, worst


def _reasons(layers: list[LayerStart]) -> dict[str, list[str]]:
    """Return the reasons for fresh or lost tensors, each with the numbers of its layers."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        reasons = list(dict.fromkeys(part.reason for part in layer.parts if part.how == FRESH))
        more = [f"and {len(reasons) - _MOST} more reasons: --json has all"] if len(reasons) > _MOST else []
        lost = [f"lost with the base's layer: {', '.join(layer.lost)}"] if layer.lost else []
        for reason in (*lost, *reasons[:_MOST], *more):
            found.setdefault(reason, []).append(str(layer.layer))
    return found


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))
