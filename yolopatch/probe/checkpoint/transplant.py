"""Start a patched model from a base checkpoint, write it as upstream's own checkpoint, and measure its outputs."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from ...wire.checkpoint_keys import STAMP
from ...wire.checkpoints import (
    COPIED,
    FRESH,
    INITIALISED,
    ClassCounts,
    DroppedLayer,
    ImageSet,
    LayerStart,
    PartStart,
    TransplantAnswer,
    TransplantRequest,
)
from ...wire.messages import Step
from ..build.failures import explained
from ..explain.raising import first_line
from ..measure.agreement import measure, relative_error
from ..measure.dropped_parts import dropped_parts
from ..measure.photographs import photographs
from ..protocol.emit import Emit
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..tensors.tensors import seed_all
from ..upstreams.upstream import Upstream
from .base_checkpoint import Base, read_finite
from .inheritance import convolution, inherit
from .saving import load_as_upstream, name_classes, save_as_upstream

_SHOWN = 5
_LEAST_FITTING = 0.5  # of the values in layers that both have: below it the two models are of different sizes


@torch.no_grad()
def transplant(upstream: Upstream, request: TransplantRequest, emit: Emit) -> None:
    """Write the model's checkpoint, and answer with what each layer starts from and how far the outputs differ.

    Args:
        upstream: the workspace's.
        request: what to build, what to start from, and where to write.
        emit: is called with each Step, then with the TransplantAnswer.

    Raises:
        Refusal: the checkpoint is not the base of this model, or cannot be read.
    """
    emit(Step("reading the checkpoint"))
    stored = read_finite(request.weights)
    emit(Step("building both models"))
    data = _read_yaml(upstream, request)
    with explained(upstream, request, request.cfg, request.scale):
        model = _build(upstream, data, request.seed)
    base = Base(upstream, stored, data, request)
    pairs = base.pair_layers(model, data)
    parts = _find_parts(model, base.model, pairs)
    _require_same_size(model, parts)
    emit(Step("initialising layers"))
    stride = int(model.stride.max())
    side = math.ceil(request.side / stride) * stride
    images = photographs(request.workspace, side, request.images)
    _copy(model, base.model, parts)
    started = _initialise(model, base.model, parts, images)
    emit(Step("measuring outputs"))
    outputs = measure(model, base.model, images)
    emit(Step("writing"))
    classes = ClassCounts(model.yaml.get("nc"), base.model.yaml.get("nc"))
    if classes.model == classes.base:
        name_classes(model, stored.names)
    save_as_upstream(upstream, model, request.out, half=False, **_content(upstream, model, data))
    _require_loads(upstream, model, request.out)
    emit(
        TransplantAnswer(
            layers=tuple(_layers(model, base.model, pairs, started)),
            dropped=tuple(_dropped(base.model, pairs)),
            unused=tuple(base.unused),
            outputs=outputs,
            classes=classes,
            images=ImageSet(len(images), side),
        )
    )


def _read_yaml(upstream: Upstream, request: TransplantRequest) -> dict[str, Any]:
    data = upstream.read(request.cfg, request.scale)
    if request.nc:
        data["nc"] = request.nc
    if "yaml_file" in data:
        data["yaml_file"] = Path(data["yaml_file"]).name  # it is saved: the user's folders are private
    return data


def _build(upstream: Upstream, data: dict[str, Any], seed: int) -> UpstreamModel:
    seed_all(seed)
    return upstream.build(data).float().eval()


def _find_parts(model: UpstreamModel, base: UpstreamModel, pairs: Sequence[int | None]) -> list[list[PartStart]]:
    """Return the parts of each of the model's layers."""
    found = []
    for index, (layer, of) in enumerate(zip(model.model, pairs)):
        old, source = (None, None) if of is None else (base.model[of], f"model.{of}")
        found.append(list(inherit(layer, old, f"model.{index}", source)))
    return found


def _require_same_size(model: UpstreamModel, layers: Sequence[Sequence[PartStart]]) -> None:
    """Refuse a checkpoint most of whose values do not fit. The head does not count: its classes may differ."""
    state = model.state_dict()
    counted = {COPIED: 0, INITIALISED: 0, FRESH: 0}
    for part in _flat(layers[:-1]):
        if part.source:
            counted[part.how] += sum(state[f"{part.name}.{tensor}"].numel() for tensor in part.tensors)
    fits = counted[COPIED] + counted[INITIALISED]
    if fits < _LEAST_FITTING * (fits + counted[FRESH]):
        first = next(part for part in _flat(layers) if part.how == FRESH and part.source)
        raise Refusal(
            "the checkpoint is of another size than the YAML's model",
            f"{counted[FRESH]:,} values of layers that both have do not fit, {fits:,} do",
            f"first: {first.name}: {first.reason}",
            hint="use the checkpoint of the YAML's scale",
        )


def _flat(layers: Iterable[Iterable[PartStart]]) -> Iterator[PartStart]:
    return (part for layer in layers for part in layer)


def _copy(model: UpstreamModel, base: UpstreamModel, layers: Sequence[Sequence[PartStart]]) -> None:
    state, theirs = model.state_dict(), base.state_dict()
    for part in _flat(layers):
        if part.how == COPIED:
            for tensor in part.tensors:
                state[f"{part.name}.{tensor}"].copy_(theirs[f"{part.source}.{tensor}"])


def _initialise(
    model: UpstreamModel, base: UpstreamModel, layers: Sequence[Sequence[PartStart]], images: Tensor
) -> list[list[PartStart]]:
    """Initialise modules from the convolutions that they replace, while the base runs on the images.

    Returns:
        The parts of each layer; those that were initialised have the error of their output. A module that refuses, or
        whose convolution the base does not run, stays fresh.
    """
    new, old = dict(model.named_modules()), dict(base.named_modules())
    heirs = {
        part.name: _Heir(part, new[part.name], old[part.source])
        for part in _flat(layers)
        if part.how == INITIALISED and part.source is not None
    }
    try:
        base(images)
    finally:
        for heir in heirs.values():
            heir.remove_hook()
    return [[heirs[part.name].outcome if part.name in heirs else part for part in layer] for layer in layers]


class _Heir:
    """Hooks a layer of the base, and initialises the module that replaces it from the layer and its input.

    Attributes:
        outcome: the part, with the relative error of the module's output; fresh until the base runs the layer.
    """

    def __init__(self, part: PartStart, module: nn.Module, layer: nn.Module) -> None:
        self.outcome = _as_fresh(part, "the base does not run this layer")
        self._part, self._module = part, module
        self._hook = layer.register_forward_pre_hook(self._initialise)

    def remove_hook(self) -> None:
        """Remove the hook of the base's layer."""
        self._hook.remove()

    def _initialise(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.remove_hook()  # the module may call the layer
        conv, x = convolution(layer), inputs[0]
        try:
            self._module.init_from(conv, x)  # `inherit` has found this method
        except ValueError as error:
            self.outcome = _as_fresh(self._part, first_line(error))
        else:
            self.outcome = replace(self._part, error=relative_error([self._module.eval()(x)], [conv(x)]))


def _as_fresh(part: PartStart, reason: str) -> PartStart:
    return replace(part, how=FRESH, taken=(), reason=reason)


def _content(upstream: Upstream, model: UpstreamModel, data: dict[str, Any]) -> dict[str, Any]:
    """Return the checkpoint's entries apart from the model."""
    fork = f"{upstream.prefix}utils.fork"
    stamp = importlib.import_module(fork).stamp(model) if find_spec(fork) else None
    content = {STAMP: stamp} if stamp else {}
    return {**content, "train_args": {"task": upstream.task(data)}} if upstream.style == "ultralytics" else content


def _require_loads(upstream: Upstream, model: UpstreamModel, file: str) -> None:
    """Fail where upstream's own loader returns other tensors than were written."""
    state, loaded = model.state_dict(), load_as_upstream(upstream, file, "cpu").state_dict()
    wrong = [n for n in state if n not in loaded or not torch.equal(state[n], loaded[n])]
    if wrong or state.keys() != loaded.keys():
        raise RuntimeError(f"upstream loads another model than was written: {wrong[:_SHOWN]}")


def _layers(
    model: UpstreamModel, base: UpstreamModel, pairs: Sequence[int | None], started: Sequence[Sequence[PartStart]]
) -> Iterator[LayerStart]:
    for index, (layer, of, parts) in enumerate(zip(model.model, pairs, started)):
        yield LayerStart(
            layer=index,
            kind=type(layer).__name__,
            base_layer=of,
            base_kind=None if of is None else type(base.model[of]).__name__,
            lost=() if of is None else tuple(dropped_parts(layer, base.model[of])),
            parts=tuple(parts),
        )


def _dropped(base: UpstreamModel, pairs: Sequence[int | None]) -> Iterator[DroppedLayer]:
    """Yield the base's layers that no layer of the model equals or replaces."""
    for index, layer in enumerate(base.model):
        if index not in pairs:
            yield DroppedLayer(index, type(layer).__name__)
