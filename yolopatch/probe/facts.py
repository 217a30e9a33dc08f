"""Facts about one model, each measured here and now."""

import torch

from flopcount import count_flops
from tensors import count_parameters, distance, head_inputs, image, is_finite, randomise_norms, seed_all, tensors


def report(upstream, asked, imgsz):
    """Build the model that is asked for and answer each question of `asked["ask"]`.

    Every answer has the number of `parameters` and the `table` of layers; `info` is what upstream prints
    (layers, parameters, gradients, GFLOPs by thop).
    """
    seed_all(0)
    model = upstream.build(upstream.read(asked["cfg"], asked["scale"]))
    facts = {"parameters": count_parameters(model), "table": [row(layer) for layer in model.model]}
    for question in asked["ask"]:
        facts[question] = upstream.info(model, imgsz) if question == "info" else _QUESTIONS[question](model, imgsz)
    return facts


def row(layer):
    """Return what a table of layers shows of a built one."""
    return {
        "index": layer.i,
        "from": layer.f,
        "class": layer.type.rpartition(".")[2],
        "parameters": count_parameters(layer),
    }


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
    return {
        "shapes": [list(t.shape) for t in outputs],
        "finite": is_finite(outputs),
        "without_gradient": [name for name, grad in named if grad is None],
        "zero_gradient": [name for name, grad in named if grad is not None and not grad.any()],
        "gradients_finite": all(bool(torch.isfinite(g).all()) for _, g in named if g is not None),
    }


@torch.no_grad()
def _fuse(model, imgsz):
    """The largest relative change by upstream's fuse() of what the head gets, with BatchNorm made up first."""
    randomise_norms(model.eval())  # in float32: upstream's own formula mixes types otherwise
    x = image(model, imgsz)
    before = head_inputs(model, x)
    after = head_inputs(model.fuse(), x)
    return {
        "difference": distance(after, before),
        "left_unfused": [name for name, layer in model.named_modules() if hasattr(layer, "bn")],
    }


_QUESTIONS = {"true_gflops": _true_gflops, "passes": _passes, "fuse": _fuse}
