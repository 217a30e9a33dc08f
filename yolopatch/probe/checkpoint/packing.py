"""Write a checkpoint's model with its DSConv kernels as integers of a few bits, and check that nothing was lost."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from ...wire.checkpoints import PackAnswer, PackedLayer, PackedSizes, PackRequest
from ...wire.messages import Step
from ..measure.agreement import raw_outputs, relative_error
from ..measure.photographs import photographs
from ..protocol.emit import Emit
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream
from .base_checkpoint import read_with_model
from .frozen import build, digest, freezable, kernels, same_bits
from .packed import kernel_sizes, read_packed, unpacked_state, write_packed
from .stored import Stored

_FLOAT = 4  # bytes of a float32


@torch.no_grad()
def pack(upstream: Upstream, request: PackRequest, emit: Emit) -> None:
    """Write the packed file, and answer with its layers and sizes, and how far the outputs changed.

    Args:
        upstream: the workspace's.
        request: what to pack, how, and where to write.
        emit: is called with each Step, then with the PackAnswer.

    Raises:
        Refusal: the checkpoint cannot be read, is not of this workspace, or has no DSConv layer.
    """
    emit(Step("reading the checkpoint"))
    stored, data = read_with_model(request.weights, "name the best.pt or last.pt that upstream's trainer saved")
    emit(Step("building the model"))
    model = build(upstream, data, stored.state)
    layers = freezable(model)
    if not layers:
        raise Refusal(
            f"{request.weights} has no DSConv layers, so there is nothing to pack",
            f"found: {', '.join(sorted({type(layer).__name__ for layer in model.model}))}",
            hint="train a model with DSConv in it: yolopatch render-cfg --module DSConv writes its YAML",
        )
    before = kernels(layers)
    emit(Step("quantising"))
    changed = _changed(layers, request)
    error = _requantise(model, changed, request) if changed else None
    for layer in layers.values():
        layer.freeze()
    emit(Step("writing"))
    write_packed(request.out, stored, upstream.task(data), layers)
    emit(Step("reading it back"))
    after = kernels(layers)
    others = _require_kept(upstream, request.out, stored, after)
    _require_same({n: before[n] for n in layers if n not in changed}, after)
    packed = _packed(layers, kernel_sizes(request.out))
    emit(PackAnswer(packed, digest(after), error, _sizes(packed, others, request)))


def _changed(layers: Mapping[str, Any], request: PackRequest) -> dict[str, Any]:
    """Return the layers whose bits or blocks differ from those that the request names."""
    asked = {name: getattr(request, name) for name in ("bits", "block_size") if getattr(request, name)}
    found = {n: m for n, m in layers.items() if any(getattr(m, key) != value for key, value in asked.items())}
    frozen = [name for name, layer in found.items() if layer.is_frozen]
    if frozen:
        layer = found[frozen[0]]
        raise Refusal(
            f"{request.weights} was unpacked from a packed file, and cannot be quantised a second time",
            f"found: {frozen[0]} with {layer.bits} bits and blocks of {layer.block_size}",
            hint="leave out --bits and --block-size, or pack the checkpoint that was packed first",
        )
    return found


def _requantise(model: UpstreamModel, layers: Mapping[str, Any], request: PackRequest) -> float:
    """Set the bits and blocks of layers; return the relative error of the model's outputs against those before."""
    images = photographs(request.workspace, request.side)
    expected = raw_outputs(model, images)
    for layer in layers.values():
        layer.bits = request.bits or layer.bits
        layer.block_size = request.block_size or layer.block_size
    return relative_error(raw_outputs(model, images), expected)


def _require_kept(upstream: Upstream, file: str, stored: Stored, expected: Mapping[str, Tensor]) -> Iterable[Tensor]:
    """Read the file again; fail where a kernel or another tensor differs in any bit. Return the other tensors."""
    content = read_packed(file)
    _require_same({name: stored.state[name] for name in content["state"]}, content["state"])
    model = build(upstream, content["yaml"], unpacked_state(content))
    _require_same(expected, kernels(freezable(model)))
    others: dict[str, Tensor] = content["state"]
    return others.values()


def _require_same(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    wrong = [name for name in expected if name not in found or not same_bits(expected[name], found[name])]
    if wrong:
        raise RuntimeError(f"packing changed {len(wrong)} of {len(expected)} tensors, first {wrong[0]}")


def _packed(layers: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[PackedLayer, ...]:
    return tuple(
        PackedLayer(
            name=name,
            bits=layer.bits,
            block_size=layer.block_size,
            shape=tuple(layer.VQK.shape),
            float32=layer.VQK.numel() * _FLOAT,
            packed=sizes[name],
        )
        for name, layer in layers.items()
    )


def _sizes(layers: Iterable[PackedLayer], others: Iterable[Tensor], request: PackRequest) -> PackedSizes:
    unpacked = sum(t.numel() * (_FLOAT if t.is_floating_point() else t.element_size()) for t in others)
    return PackedSizes(
        float32=unpacked + sum(layer.float32 for layer in layers),
        checkpoint=os.path.getsize(request.weights),
        packed=os.path.getsize(request.out),
    )
