"""Build the model of a YAML from a tree, give it weights, run it on one image, and tell what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.nn as nn

from ...wire.fork.models import Built, BuiltLayer, BuiltTensor, ForkModelRequest, Values
from ...wire.messages import Step, UpstreamOpened
from ..build.scales import default_letter
from ..protocol.emit import Emit
from ..tensors.models import Layer, UpstreamModel
from ..tensors.tensors import count_parameters, image, seed_all, tensors
from ..upstreams.upstream import Upstream
from .opening import Tree
from .reasons import Asked, reason_of
from .values import digest, values_of
from .weights import fill

T = TypeVar("T")
# pixels: upstream measures strides with the first, and models of one fixed size are written for the second
_OTHER_SIDES = (256, 640)


def describe(request: ForkModelRequest, emit: Emit) -> None:
    """Answer with the model as it was built and run, or with the reason why it was not."""
    tree = Tree(request)
    try:
        upstream = tree.import_upstream()
    except (Exception, SystemExit) as error:  # the code of a stranger may raise anything
        emit(reason_of(error, tree))
        return
    emit(UpstreamOpened(upstream.file))
    while True:
        try:
            emit(_built(upstream, request, tree, emit))
            return
        except (Exception, SystemExit) as error:  # as above
            if not tree.mend(error):
                emit(reason_of(error, tree, Asked(upstream, request)))
                return


def _built(upstream: Upstream, request: ForkModelRequest, tree: Tree, emit: Emit) -> Built:
    emit(Step("building the model"))
    data = read(upstream, request)
    seed_all(0)
    model = upstream.build(data)
    start = {name: digest(tensor) for name, tensor in _state(model).items()}
    fill(model)
    model.eval()
    side, first = _run_at_some_side(model, request.imgsz, emit)
    again = _run(model, side, digest, seed=1)
    learned = {name for name, parameter in model.named_parameters(remove_duplicate=False) if parameter.requires_grad}
    return Built(
        kind=type(model).__name__,
        task=upstream.task(data),
        scale=str(default_letter(data) or ""),
        imgsz=side,
        parameters=count_parameters(model),
        tensors=tuple(
            BuiltTensor(name, tuple(tensor.shape), name in learned, start.get(name, ""))
            for name, tensor in _state(model).items()
        ),
        layers=tuple(
            _told(place, layer, first[place], steady=tuple(one.digest for one in first[place]) == again[place])
            for place, layer in enumerate(model.model)
        ),
        absent=tuple(tree.absent),
    )


def read(upstream: Upstream, request: ForkModelRequest) -> dict[str, Any]:
    """Return the parsed YAML at the scale that was asked for, or that upstream takes from the file's name."""
    return upstream.read(request.cfg, request.scale or upstream.scale_in_name(Path(request.cfg).stem))


def _state(model: nn.Module) -> Mapping[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items() if isinstance(value, torch.Tensor)}


def _run_at_some_side(model: UpstreamModel, asked: int, emit: Emit) -> tuple[int, Sequence[tuple[Values, ...]]]:
    """Run the model on the smallest image that it takes; return its side, and what each layer returned.

    Raises:
        Exception: what it raises on the image that was asked for, where it takes none.
    """
    stride = _stride(model)
    sides = [-(-side // stride) * stride for side in (asked, *_OTHER_SIDES)]
    raised: Exception | None = None
    for side in dict.fromkeys(sides):
        emit(Step(f"running it on {side} pixels"))
        try:
            return side, _run(model, side, values_of, seed=0)
        except Exception as error:  # a layer may need a larger image, or one size alone
            raised = raised or error
    assert raised is not None
    raise raised


def _stride(model: UpstreamModel) -> int:
    """Return the coarsest stride; 32 where the model does not say one."""
    stride = getattr(model, "stride", None)
    found = int(stride.max()) if isinstance(stride, torch.Tensor) and stride.numel() else 0
    return max(found, 32)


@torch.no_grad()
def _run(model: UpstreamModel, side: int, tell: Callable[[torch.Tensor], T], seed: int) -> Sequence[tuple[T, ...]]:
    """Run the model and return what is told of each layer's tensors, taken before a later layer can change them."""
    returned: list[tuple[T, ...]] = [()] * len(model.model)

    def keep(index: int) -> Callable[[nn.Module, object, object], None]:
        return lambda layer, args, output: returned.__setitem__(index, tuple(map(tell, tensors(output))))

    hooks = [layer.register_forward_hook(keep(index)) for index, layer in enumerate(model.model)]
    seed_all(seed)
    try:
        model(image(model, side))
    finally:
        for hook in hooks:
            hook.remove()
    return returned


def _told(place: int, layer: Layer, outputs: tuple[Values, ...], *, steady: bool) -> BuiltLayer:
    kind = str(getattr(layer, "type", type(layer).__name__)).rpartition(".")[2]  # of a repeated layer, what is repeated
    number = int(getattr(layer, "i", place))
    sources = _sources(number, layer) if place else (-1,)
    return BuiltLayer(number, place, sources, kind, count_parameters(layer), outputs, steady)


def _sources(number: int, layer: Layer) -> tuple[int, ...]:
    """Return the numbers of the layers that a layer reads; parse_model has written down where from."""
    given = getattr(layer, "f", -1)
    return tuple(number + f if f < 0 else f for f in (given if isinstance(given, (list, tuple)) else [given]))
