"""Facts about models, measured on models that are built for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn as nn

from ...wire.facts import (
    FUSE,
    INFO,
    LATENCY,
    PASSES,
    TRUE_GFLOPS,
    FactsAnswer,
    FactsRequest,
    Fused,
    LayerRow,
    ModelFacts,
    Passes,
    Question,
)
from ..build.failures import explained
from ..protocol.emit import Emit
from ..tensors.models import Layer, UpstreamModel
from ..tensors.tensors import (
    count_parameters,
    distance,
    head_inputs,
    image,
    is_finite,
    randomise_norms,
    seed_all,
    tensors,
)
from ..upstreams.upstream import Upstream
from .batches import task_batch
from .flopcount import count_flops
from .latency import measure_latency


def report(upstream: Upstream, request: FactsRequest, emit: Emit) -> None:
    """Build each model of the request, and answer the questions about it; times are measured at the end, in turn."""
    answers: list[ModelFacts] = []
    timed: dict[int, UpstreamModel] = {}
    for number, asked in enumerate(request.models):
        with explained(upstream, request, asked.cfg, asked.scale):
            seed_all(0)
            data = upstream.read(asked.cfg, asked.scale)
            model = upstream.build(data)
            answers.append(_facts(upstream, model, data, asked, request.imgsz))
        if LATENCY in asked.ask:
            timed[number] = model.eval()
    for number, latency in measure_latency(timed, request.imgsz).items():
        answers[number] = replace(answers[number], latency=latency)
    emit(FactsAnswer(tuple(answers)))


def _facts(upstream: Upstream, model: UpstreamModel, data: dict[str, Any], asked: Question, imgsz: int) -> ModelFacts:
    parameters, table = count_parameters(model), tuple(row(layer) for layer in model.model)
    answer: dict[str, Callable[[], Any]] = {
        INFO: lambda: upstream.info(model, imgsz),
        TRUE_GFLOPS: lambda: true_gflops(model, imgsz),
        PASSES: lambda: _passes(upstream, model, data, imgsz),
        FUSE: lambda: _fuse(model, imgsz),
    }
    answers = {question: answer[question]() for question in asked.ask if question != LATENCY}
    return ModelFacts(parameters, table, **answers)


def row(layer: Layer) -> LayerRow:
    """Return a layer's row in a table of layers."""
    return LayerRow(layer.i, layer.f, layer.type.rpartition(".")[2], count_parameters(layer))


def true_gflops(model: UpstreamModel, imgsz: int) -> float:
    """Return the GFLOPs of the operators that torch runs, at the real image size."""
    return count_flops(model.eval(), image(model, imgsz)).total / 1e9


def _passes(upstream: Upstream, model: UpstreamModel, data: dict[str, Any], imgsz: int) -> Passes:
    """Run a forward in eval, and a forward and backward in train; return the outputs' shapes and the gradients."""
    model.eval()
    with torch.no_grad():
        outputs = list(tensors(model(image(model, imgsz))))
    model.train()
    model.zero_grad()
    batch = task_batch(upstream.task(data), model, int(data.get("nc") or 1), imgsz)
    outputs_in_train = tensors(upstream.outputs(model, batch or {"img": image(model, imgsz, batch=2)}))
    torch.autograd.backward(sum((t.float().pow(2).mean() for t in outputs_in_train), start=torch.zeros(())))
    named = [(name, p.grad) for name, p in model.named_parameters() if p.requires_grad]
    return Passes(
        shapes=tuple(tuple(t.shape) for t in outputs),
        finite=is_finite(outputs),
        without_gradient=tuple(name for name, grad in named if grad is None),
        zero_gradient=tuple(name for name, grad in named if grad is not None and not grad.any()),
        gradients_finite=all(bool(torch.isfinite(g).all()) for _, g in named if g is not None),
    )


def _is_norm(part: object) -> bool:
    return isinstance(part, nn.modules.batchnorm._BatchNorm)


@torch.no_grad()
def _fuse(model: UpstreamModel, imgsz: int) -> Fused:
    """Return how much upstream's fuse() changes the head's inputs, relative, with random BatchNorm values."""
    randomise_norms(model.eval())  # in float32: upstream's own formula mixes types otherwise
    x = image(model, imgsz)
    before = head_inputs(model, x)
    after = head_inputs(model.fuse(), x)
    return Fused(
        difference=distance(after, before),
        left_unfused=tuple(name for name, layer in model.named_modules() if _is_norm(getattr(layer, "bn", None))),
    )
