"""`heat`: class activation maps of what a model finds, and effective receptive fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...wire.figures import EIGENCAM, GRADCAM, FoundObject, Heat, HeatAnswer, HeatRequest
from ..build.failures import explained
from ..checkpoint.base_checkpoint import load_state, read_with_model
from ..checkpoint.harmless import build_stored
from ..protocol.emit import Emit
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..tensors.tensors import seed_all
from ..upstreams.upstream import Upstream
from .detections import find_objects, queries
from .fitting import Fitted, fit

_SHARES = (0.2, 0.5, 0.95)
_TASKS = ("detect", "segment", "pose")


def map_heat(upstream: Upstream, request: HeatRequest, emit: Emit) -> None:
    """Answer with a map for each image, or with one receptive field; no layers are named where the asked one is not."""
    cfg = request.cfg or request.weights
    with explained(upstream, request, cfg, request.scale or None):
        model = _open(upstream, request)
        count = len(model.model)
        if request.layer is not None and not 0 <= request.layer < count:
            emit(HeatAnswer((), count, ()))
            return
        if not request.erf:
            _require_boxes(upstream, model)
        layers = [request.layer] if request.layer is not None else _head_inputs(model)
        layers = layers[-1:] if request.erf else layers
        maps = [_field(model, layers[0], request)] if request.erf else _maps(upstream, model, layers, request)
    emit(HeatAnswer(tuple(layers), count, tuple(maps)))


def _open(upstream: Upstream, request: HeatRequest) -> UpstreamModel:
    seed_all(0)
    if request.cfg:
        model = upstream.build(upstream.read(request.cfg, request.scale or None))
    else:
        stored, yaml = read_with_model(request.weights, "name a checkpoint that a training saved")
        model = build_stored(upstream, yaml)
        load_state(model, stored.state)
        model.names = stored.names or model.names
    return model.float().eval().requires_grad_(False)


def _require_boxes(upstream: Upstream, model: UpstreamModel) -> None:
    task = upstream.task(model.yaml)
    if task not in _TASKS:
        raise Refusal(
            f"the model's task is {task}, and its scores are not those of upright boxes",
            f"expected: a model for one of {', '.join(_TASKS)}",
            hint="add --erf for its receptive field, which needs no scores",
        )


def _head_inputs(model: UpstreamModel) -> list[int]:
    """Return the numbers of the layers that the head reads, the finest map first."""
    head = model.model[-1]
    sources = head.f if isinstance(head.f, list) else [head.f]
    return [head.i + source if source < 0 else source for source in sources]


@contextmanager
def _kept(model: UpstreamModel, layers: Sequence[int]) -> Iterator[dict[int, Any]]:
    """Keep what layers return while the block runs, by the layer's number."""
    kept: dict[int, Any] = {}

    def keep(layer: Any, inputs: Any, output: Any) -> None:
        kept[layer.i] = output

    hooks = [model.model[layer].register_forward_hook(keep) for layer in layers]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()


def _feature(model: UpstreamModel, kept: dict[int, Any], layer: int) -> Tensor:
    found = kept.get(layer)
    if not isinstance(found, Tensor) or found.ndim != 4:
        kind = model.model[layer].type.rpartition(".")[2]
        raise Refusal(
            f"layer {layer} ({kind}) returns no feature map",
            "expected: a layer that returns one tensor with channels, height and width",
            hint=f"name another --layer, such as {_head_inputs(model)[-1]}, which the head reads",
        )
    return found


def _stride(model: UpstreamModel) -> int:
    return int(max(model.stride))


def _maps(upstream: Upstream, model: UpstreamModel, layers: Sequence[int], request: HeatRequest) -> list[Heat]:
    return [_map(upstream, model, layers, request, number) for number in range(len(request.images))]


def _map(upstream: Upstream, model: UpstreamModel, layers: Sequence[int], request: HeatRequest, number: int) -> Heat:
    image = request.images[number]
    fitted = fit(image, request.imgsz, _stride(model), square=False, stretched=queries(model))
    with _kept(model, layers) as kept:
        x = fitted.tensor.requires_grad_()
        scores, boxes, classes = find_objects(upstream, model, x, request.confidence)
    features = [_feature(model, kept, layer) for layer in layers]
    heat = torch.zeros(x.shape[2:])
    if len(scores) or request.method == EIGENCAM:
        gradients = (
            [None] * len(features)
            if request.method == EIGENCAM
            else torch.autograd.grad(scores.sum(), features, allow_unused=True)
        )
        for feature, gradient in zip(features, gradients):
            heat += _scaled(_activation(request.method, feature.detach()[0], gradient), x.shape[2:])
    objects = sorted(_objects(model, fitted, scores, boxes, classes), key=lambda one: -one.score)
    return _written(request, str(number), image, _over_mean(fitted.inside(heat)), fitted, objects)


def _activation(method: str, feature: Tensor, gradient: Tensor | None) -> Tensor:
    """Return a layer's map, shape (height, width), of its output and the gradient of the scores, (channels, …)."""
    if method == EIGENCAM:  # the projection on the first principal component (Muhammad and Yeasin, 2020)
        rows = feature.flatten(1).T.double()
        first = torch.linalg.eigh(rows.T @ rows)[1][:, -1]
        projected: Tensor = (rows @ first).reshape(feature.shape[1:]).float()
        return projected.relu() if projected.sum() >= 0 else (-projected).relu()
    if gradient is None:
        return torch.zeros(feature.shape[1:])
    # Grad-CAM weighs each channel by the mean of its gradient (Selvaraju et al., 2017), LayerCAM each position by its
    # own (Jiang et al., 2021)
    weights = gradient[0].mean((1, 2), keepdim=True) if method == GRADCAM else gradient[0].relu()
    return torch.relu((weights * feature).sum(0))


def _scaled(heat: Tensor, size: Sequence[int]) -> Tensor:
    """Return a layer's map at the image's size, as multiples of its mean: layers of other strides weigh the same."""
    larger = torch.nn.functional.interpolate(heat[None, None], tuple(size), mode="bilinear", align_corners=False)
    return _over_mean(larger[0, 0])


def _over_mean(heat: Tensor) -> Tensor:
    mean = heat.mean()
    return heat / mean if mean > 0 else torch.zeros_like(heat)


def _objects(
    model: UpstreamModel, fitted: Fitted, scores: Tensor, boxes: Tensor, classes: Tensor
) -> Iterator[FoundObject]:
    for score, box, number in zip(scores.tolist(), boxes, classes.tolist()):
        yield FoundObject(str(model.names[number]), number, score, fitted.box(box))


def _field(model: UpstreamModel, layer: int, request: HeatRequest) -> Heat:
    """Return how much each pixel changes the unit in the middle of a layer (Luo et al., 2016), the mean over images."""
    total = torch.zeros(request.imgsz, request.imgsz)
    for image in request.images:
        fitted = fit(image, request.imgsz, _stride(model), square=True, stretched=queries(model))
        x = fitted.tensor.requires_grad_()
        with _kept(model, [layer]) as kept:
            model(x)
        feature = _feature(model, kept, layer)
        middle = feature[0, :, feature.shape[2] // 2, feature.shape[3] // 2].sum()
        total += torch.autograd.grad(middle, x)[0][0].abs().sum(0)
    return _written(request, "erf", "", _over_mean(total), None, ())


def _sides(heat: Tensor) -> dict[str, int]:
    """Return the sides of the smallest squares in the middle that have these shares of the sum."""
    middle = [(side - 1) / 2 for side in heat.shape]
    down, across = ((torch.arange(side) - at).abs() for side, at in zip(heat.shape, middle))
    rings = torch.maximum(down[:, None], across[None, :]).floor().long().flatten()
    sums = torch.zeros(int(rings.max()) + 1, dtype=torch.double).index_add_(0, rings, heat.flatten().double())
    shares = sums.cumsum(0) / max(float(sums.sum()), 1e-30)
    last = len(shares) - 1
    return {f"{share:g}": 2 * min(int((shares < share).sum()), last) + 2 for share in _SHARES}


def _written(
    request: HeatRequest,
    name: str,
    image: str,
    heat: Tensor,
    fitted: Fitted | None,
    objects: Sequence[FoundObject],
) -> Heat:
    values, picture = (Path(request.folder) / f"{name}.{kind}" for kind in ("values", "picture"))
    values.write_bytes(heat.detach().contiguous().numpy().astype("<f4").tobytes())
    if fitted is not None:
        picture.write_bytes(fitted.picture.tobytes())
    height, width = heat.shape
    sides = _sides(heat) if fitted is None else {}
    return Heat(image, width, height, str(values), str(picture) if fitted else "", tuple(objects), sides)
