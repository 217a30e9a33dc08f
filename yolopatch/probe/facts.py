"""Facts about one model, each measured here and now."""

import torch
import torch.nn as nn
from torch.utils.flop_counter import FlopCounterMode


def report(upstream, asked, imgsz):
    """Build the model that is asked for and answer each question of `asked["ask"]`.

    Every answer has the number of `parameters` and the `table` of layers; `info` is what upstream prints
    (layers, parameters, gradients, GFLOPs by thop).
    """
    torch.manual_seed(0)
    model = upstream.build(asked["cfg"], asked["scale"])
    facts = {"parameters": _count(model), "table": [_row(layer) for layer in model.model]}
    for question in asked["ask"]:
        facts[question] = upstream.info(model, imgsz) if question == "info" else _QUESTIONS[question](model, imgsz)
    return facts


def _count(module):
    return sum(p.numel() for p in module.parameters())


def _row(layer):
    return {
        "index": layer.i,
        "from": layer.f,
        "class": layer.type.rpartition(".")[2],
        "parameters": _count(layer),
    }


def _image(model, imgsz, batch=1):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, 3, imgsz, imgsz, generator=generator, dtype=next(model.parameters()).dtype)


def _tensors(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _true_gflops(model, imgsz):
    """GFLOPs counted at the dispatcher, at the real image size."""
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(_image(model, imgsz))
    return counter.get_total_flops() / 1e9


def _passes(model, imgsz):
    """One forward in eval and one forward and backward in train: what came out, and who got a gradient."""
    model.eval()
    with torch.no_grad():
        outputs = list(_tensors(model(_image(model, imgsz))))
    model.train()
    model.zero_grad()
    sum(t.float().pow(2).mean() for t in _tensors(model(_image(model, imgsz, batch=2)))).backward()
    named = [(name, p.grad) for name, p in model.named_parameters() if p.requires_grad]
    return {
        "shapes": [list(t.shape) for t in outputs],
        "finite": all(bool(torch.isfinite(t).all()) for t in outputs),
        "without_gradient": [name for name, grad in named if grad is None],
        "zero_gradient": [name for name, grad in named if grad is not None and not grad.any()],
        "gradients_finite": all(bool(torch.isfinite(g).all()) for _, g in named if g is not None),
    }


def _fuse(model, imgsz):
    """The largest relative change by upstream's fuse() of what the head gets, with BatchNorm made up first."""
    model.eval()  # in float32: upstream's own formula mixes types otherwise
    generator = torch.Generator().manual_seed(2)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor, low in (
                (layer.running_mean, -0.2),
                (layer.running_var, 0.5),
                (layer.weight.data, 0.5),
                (layer.bias.data, -0.2),
            ):
                tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) + low)
    before = _head_inputs(model, imgsz)
    after = _head_inputs(model.fuse(), imgsz)
    return {
        "difference": max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(after, before)),
        "left_unfused": [name for name, layer in model.named_modules() if hasattr(layer, "bn")],
    }


@torch.no_grad()
def _head_inputs(model, imgsz):
    """The maps that the detection head gets: its own outputs may be sorted, or drop a branch when fused."""
    caught = []
    hook = model.model[-1].register_forward_pre_hook(lambda head, args: caught.extend(_tensors(args)))
    model(_image(model, imgsz))
    hook.remove()
    return caught


_QUESTIONS = {"true_gflops": _true_gflops, "passes": _passes, "fuse": _fuse}
