"""A transplant: what each layer started as, and how far the outputs lie from the base's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli.layout import indented, table

if TYPE_CHECKING:
    from yolopatch.steps.checkpoint.transplant import Transplant

_MOST = 4  # reasons of one layer that are told; --json has all


def transplant(found: Transplant) -> Iterator[str]:
    """Give the counts, the agreement, then each layer that is not the base's own."""
    yield click.style(f"{found.out}: {found.cfg.name}, scale {found.scale}, from {found.weights.name}", bold=True)
    counts = ", ".join(f"{count} {how}" for how, count in found.tensors.items())
    yield from indented(f"tensors: {counts}; layers: {_layers(found)}")
    yield from indented(_agreement(found))
    ours, theirs = found.classes["model"], found.classes["base"]
    if ours != theirs:
        yield from indented(f"classes: {ours} here, {theirs} in the checkpoint; what is for each class is fresh")
        yield from indented(f"--nc {theirs} keeps it, where the data has the same classes")
    if "bits" in found.outputs:
        errors = ", ".join(f"{bits} bits {error:.2g}" for bits, error in found.outputs["bits"].items())
        yield from indented(f"quantised to {errors}; the layers have {_listed(found.outputs['own_bits'])}")
    changed = [layer for layer in found.layers if _is_changed(layer)]
    if changed:
        yield "layers that are not the base's:"
        yield from table(("layer", "class", "base", "tensors", "error"), [_row(layer) for layer in changed], left=4)
        for reason, layers in _reasons(changed).items():
            yield from indented(f"layer {', '.join(layers)}: {reason}")
    for layer in found.dropped:
        yield from indented(f"the base's layer {layer['layer']} ({layer['class']}) has nothing in its place")
    if found.unused:
        yield from indented(f"unused: {len(found.unused)} tensors of the checkpoint, first {found.unused[0]}")


def _layers(found: Transplant) -> str:
    counted = Counter(_kind(layer) for layer in found.layers)
    return ", ".join(f"{count} {kind}" for kind, count in counted.items())


def _kind(layer: Mapping[str, Any]) -> str:
    hows = {part["how"] for part in layer["parts"]}
    if not hows:
        return "without tensors"
    if hows == {"fresh"}:
        return "fresh"
    if "fresh" in hows:
        return "partly fresh"
    return "initialised" if "initialised" in hows else "copied"


def _is_changed(layer: Mapping[str, Any]) -> bool:
    return bool(layer["lost"]) or _kind(layer) not in ("copied", "without tensors")


def _agreement(found: Transplant) -> str:
    of, error = found.outputs["of"], found.outputs["error"]
    where = f"{found.images['count']} images of {found.images['side']} px"
    if error is None:
        return f"nothing of the outputs can be compared with the base's, on {where}"
    return f"{of} beside the base's: relative error {error:.2g}, on {where}, before any training"


def _row(layer: Mapping[str, Any]) -> tuple[str, ...]:
    counted: Counter[str] = Counter()
    for part in layer["parts"]:
        counted[part["how"]] += len(part["tensors"])
    errors = [part["error"] for part in layer["parts"] if part["error"] is not None]
    base = "-" if layer["base_layer"] is None else f"{layer['base_layer']} {layer['base_class']}"
    tensors = ", ".join(f"{count} {how}" for how, count in counted.items())
    worst = f"{max(errors):.2g}" if errors else ""
    return str(layer["layer"]), layer["class"], base, tensors, worst


def _reasons(layers: list[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return why tensors are fresh, or what of the base is lost, each with the layers that it is said of."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        reasons = list(dict.fromkeys(part["reason"] for part in layer["parts"] if part["how"] == "fresh"))
        more = [f"and {len(reasons) - _MOST} reasons more: --json has all"] if len(reasons) > _MOST else []
        lost = [f"lost with the base's layer: {', '.join(layer['lost'])}"] if layer["lost"] else []
        for reason in (*lost, *reasons[:_MOST], *more):
            found.setdefault(reason, []).append(str(layer["layer"]))
    return found


def _listed(values: list[int]) -> str:
    return ", ".join(map(str, values))
