"""Write a checkpoint's model with its DSConv kernels as integers of a few bits, and see that nothing was lost."""

import os

import torch

from ...wire.checkpoints import PackAnswer
from ...wire.messages import Step
from ..measure.agreement import raw_outputs, relative_error
from ..measure.photographs import photographs
from ..protocol.refusal import Refusal
from .base_checkpoint import read_finite
from .frozen import build, digest, freezable, kernels, same_bits
from .packed import measure, read_packed, unpacked_state, write_packed

_FLOAT = 4  # bytes of a float32


@torch.no_grad()
def pack(upstream, request, emit):
    """Write the packed file, and answer with what was packed how, its sizes, and how far the outputs moved.

    Args:
        upstream: see upstreams.
        request: what to pack, how, and where to write.
        emit: takes each Step that begins, and the PackAnswer.

    Raises:
        Refusal: the checkpoint cannot be read, is not of this workspace, or has nothing to pack.
    """
    emit(Step("reading the checkpoint"))
    stored = read_finite(request.weights)
    if stored.yaml is None:
        raise Refusal(
            f"{request.weights} is a state dict without a model",
            "expected: a checkpoint that holds the model and its YAML",
            hint="name the best.pt or last.pt that upstream's trainer saved",
        )
    emit(Step("building the model"))
    model = build(upstream, stored.yaml, stored.state)
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
    write_packed(request.out, stored, upstream.task(stored.yaml), layers)
    emit(Step("reading it back"))
    after = kernels(layers)
    others = _require_kept(upstream, request.out, stored, after)
    _require_same({n: before[n] for n in layers if n not in changed}, after)
    packed = _packed(layers, measure(request.out))
    emit(PackAnswer(packed, digest(after), error, _sizes(packed, others, request)))


def _changed(layers, request):
    """Return the layers that are to have other bits or blocks than they have."""
    asked = {name: getattr(request, name) for name in ("bits", "block_size") if getattr(request, name)}
    found = {n: m for n, m in layers.items() if any(getattr(m, key) != value for key, value in asked.items())}
    frozen = [name for name, layer in found.items() if layer.is_frozen]
    if frozen:
        layer = found[frozen[0]]
        raise Refusal(
            f"{request.weights} was unpacked from a packed file, and is not quantised a second time",
            f"found: {frozen[0]} with {layer.bits} bits and blocks of {layer.block_size}",
            hint="leave out --bits and --block-size, or pack the checkpoint that was packed first",
        )
    return found


def _requantise(model, layers, request):
    """Give layers other bits and blocks; returns the relative error of the model's outputs beside those before."""
    images = photographs(request.workspace, request.side)
    expected = raw_outputs(model, images)
    for layer in layers.values():
        layer.bits = request.bits or layer.bits
        layer.block_size = request.block_size or layer.block_size
    return relative_error(raw_outputs(model, images), expected)


def _require_kept(upstream, file, stored, expected):
    """Return the tensors beside the kernels; fail where the file does not give back each of both, bit for bit."""
    content = read_packed(file)
    _require_same({name: stored.state[name] for name in content["state"]}, content["state"])
    model = build(upstream, content["yaml"], unpacked_state(content))
    _require_same(expected, kernels(freezable(model)))
    return content["state"].values()


def _require_same(expected, found):
    wrong = [name for name in expected if name not in found or not same_bits(expected[name], found[name])]
    if wrong:
        raise RuntimeError(f"packing changed {len(wrong)} of {len(expected)} tensors, first {wrong[0]}")


def _packed(layers, sizes):
    return [
        {
            "name": name,
            "bits": layer.bits,
            "block_size": layer.block_size,
            "shape": list(layer.VQK.shape),
            "float32": layer.VQK.numel() * _FLOAT,
            "packed": sizes[name],
        }
        for name, layer in layers.items()
    ]


def _sizes(layers, others, request):
    """Return the sizes in bytes: of the model's tensors in float32, of the checkpoint, and of the packed file."""
    beside = sum(t.numel() * (_FLOAT if t.is_floating_point() else t.element_size()) for t in others)
    return {
        "float32": beside + sum(layer["float32"] for layer in layers),
        "checkpoint": os.path.getsize(request.weights),
        "packed": os.path.getsize(request.out),
    }
