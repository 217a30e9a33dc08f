"""Facts about models, each measured here and now."""

import torch

from ...wire.facts import FUSE, INFO, PASSES, TRUE_GFLOPS, FactsAnswer, Fused, LayerRow, ModelFacts, Passes
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
from .flopcount import count_flops


def report(upstream, request, emit):
    """Build each model that is asked for, and answer what is asked about it."""
    emit(FactsAnswer(tuple(_facts(upstream, asked, request.imgsz) for asked in request.models)))


def _facts(upstream, asked, imgsz):
    seed_all(0)
    model = upstream.build(upstream.read(asked.cfg, asked.scale))
    parameters, table = count_parameters(model), tuple(row(layer) for layer in model.model)
    answers = {
        question: upstream.info(model, imgsz) if question == INFO else _ANSWERS[question](model, imgsz)
        for question in asked.ask
    }
    return ModelFacts(parameters, table, **answers)


def row(layer):
    """Return what a table of layers shows of a built one."""
    return LayerRow(layer.i, layer.f, layer.type.rpartition(".")[2], count_parameters(layer))


def _true_gflops(model, imgsz):
    """GFLOPs counted at the dispatcher, at the real image size."""
    return count_flops(model.eval(), image(model, imgsz)).total / 1e9


def _passes(model, imgsz):
    """One forward in eval and one forward and backward in train: what came out, and who got a gradient."""
    model.eval()
    with torch.no_grad():
        outputs = list(tensors(model(image(model, imgsz))))
    model.train()
    model.zero_grad()
    sum(t.float().pow(2).mean() for t in tensors(model(image(model, imgsz, batch=2)))).backward()
    named = [(name, p.grad) for name, p in model.named_parameters() if p.requires_grad]
    return Passes(
        shapes=tuple(tuple(t.shape) for t in outputs),
        finite=is_finite(outputs),
        without_gradient=tuple(name for name, grad in named if grad is None),
        zero_gradient=tuple(name for name, grad in named if grad is not None and not grad.any()),
        gradients_finite=all(bool(torch.isfinite(g).all()) for _, g in named if g is not None),
    )


@torch.no_grad()
def _fuse(model, imgsz):
    """The largest relative change by upstream's fuse() of what the head gets, with BatchNorm made up first."""
    randomise_norms(model.eval())  # in float32: upstream's own formula mixes types otherwise
    x = image(model, imgsz)
    before = head_inputs(model, x)
    after = head_inputs(model.fuse(), x)
    return Fused(
        difference=distance(after, before),
        left_unfused=tuple(name for name, layer in model.named_modules() if hasattr(layer, "bn")),
    )


_ANSWERS = {TRUE_GFLOPS: _true_gflops, PASSES: _passes, FUSE: _fuse}
