"""Count models, and measure what their forwards take in turn, so that all see the same machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch

from ...wire.facts import CompareAnswer, ComparedModel, CompareRequest, Cost, LayerCost, ModelSource
from ..build.failures import explained
from ..explain.raising import first_line
from ..measure.facts import row
from ..measure.flopcount import count_flops
from ..measure.latency import Effort, fused_copies, hardware_of, time_in_turn, times_of
from ..measure.memory import prediction_peak
from ..protocol.emit import Emit
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..tensors.tensors import image, layer_index, seed_all
from ..upstreams.upstream import Upstream
from .checkpoints import load_checkpoint
from .rates import multiplied_rates

_ROUNDS = 31
_SECONDS = 8.0  # for all rounds, for each model
_WARM_UPS = 3  # libraries choose their kernels in the first forwards, and a GPU raises its clock


def compare(upstream: Upstream, request: CompareRequest, emit: Emit) -> None:
    """Answer with the counts of each model, and with what its forwards take.

    Raises:
        Refusal: a file holds no model of this workspace, or a model does not run on the device or in float16.
        ModelRefusal: a model does not build, or does not run.
    """
    models: list[UpstreamModel] = []
    counted: list[Callable[[Cost], ComparedModel]] = []
    for source in request.models:
        model, found = _built(upstream, request, source)
        models.append(model)
        counted.append(found)
    costs = _costs(models, request)
    emit(CompareAnswer(torch.__version__, tuple(one(cost) for one, cost in zip(counted, costs))))


def _built(
    upstream: Upstream, request: CompareRequest, source: ModelSource
) -> tuple[UpstreamModel, Callable[[Cost], ComparedModel]]:
    """Return the model in eval, and what it is: all but what its forward takes."""
    seed_all(0)
    with explained(upstream, request, source.file, source.scale or None):
        if source.checkpoint:
            model, _ = load_checkpoint(upstream, source.file)
        else:
            model = upstream.build(upstream.read(source.file, source.scale or None))
        info = upstream.info(model, request.imgsz)
        flops = count_flops(model.eval(), image(model, request.imgsz))
        layers = _layers(model, flops.own)
        rates = multiplied_rates(upstream, model)
        return model, partial(ComparedModel, upstream.task(model.yaml), info, flops.total / 1e9, layers, rates)


def _layers(model: UpstreamModel, flops: Mapping[str, Mapping[str, int]]) -> tuple[LayerCost, ...]:
    """Return what each layer costs, of the operations of all modules in it."""
    counted: Counter[int] = Counter()
    for name, kinds in flops.items():
        index = layer_index(name)
        if index is not None:  # else upstream's model computes it itself, outside of its layers
            counted[index] += sum(kinds.values())
    rows = [row(layer) for layer in model.model]
    return tuple(LayerCost(one.index, one.kind, one.parameters, counted[one.index] / 1e9) for one in rows)


def _costs(models: Sequence[UpstreamModel], request: CompareRequest) -> list[Cost]:
    """Return what the forwards of each model take; the models are changed (their device)."""
    device = torch.device(request.device)
    try:
        fused, failures = fused_copies({number: model.to(device) for number, model in enumerate(models)})
        if request.half:  # after the fold, as upstream does
            fused = {number: model.half() for number, model in fused.items()}
        memory = {
            number: prediction_peak(model, image(model, request.imgsz, request.batch))
            for number, model in fused.items()
        }
        effort = Effort(_ROUNDS, _SECONDS * len(models), _WARM_UPS)
        seconds = time_in_turn(fused, request.imgsz, effort, request.batch)
    except Exception as error:  # torch and the models' code may raise anything; the models have run once as built
        raise _not_run(request, error) from error
    hardware, threads = hardware_of(device)
    return [
        Cost(
            times=times_of(seconds[number]) if number in fused else None,
            memory=memory.get(number),
            failure=failures.get(number, ""),
            rounds=len(seconds.get(number, ())),
            hardware=hardware,
            threads=threads,
        )
        for number in range(len(models))
    ]


def _not_run(request: CompareRequest, error: Exception) -> Refusal:
    precision = "float16" if request.half else "float32"
    smaller = "use a smaller --batch or --imgsz"
    return Refusal(
        f"a model does not run after upstream's fuse(), in {precision} on {request.device}, "
        f"with {request.batch} x 3 x {request.imgsz} x {request.imgsz}",
        f"found: {type(error).__name__}: {first_line(error)[:300]}",
        hint=f"leave out --half, or {smaller}" if request.half else smaller,
    )
