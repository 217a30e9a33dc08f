"""Facts about one model, each measured here and now."""

import torch
import torch.nn as nn
from torch.utils.flop_counter import FlopCounterMode


def report(upstream, asked, imgsz):
    """Build the model that is asked for and answer each question of `asked["ask"]`.

    Every answer has `layers`, `parameters`, `gradients` and the `table` of layers.
    """
    torch.manual_seed(0)
    model = upstream.build(asked["cfg"], asked["scale"])
    facts = {
        "layers": len(list(model.modules())),
        "parameters": sum(p.numel() for p in model.parameters()),
        "gradients": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "table": [_row(layer) for layer in model.model],
    }
    questions = {"gflops": _gflops, "passes": _passes, "fuse": _fuse}
    for question in asked["ask"]:
        facts[question] = questions[question](upstream, model, imgsz)
    return facts


def _row(layer):
    return {
        "index": layer.i,
        "from": layer.f,
        "class": layer.type.rpartition(".")[2],
        "parameters": sum(p.numel() for p in layer.parameters()),
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


def _gflops(upstream, model, imgsz):
    """GFLOPs by two methods: as upstream prints, and counted at the dispatcher at the real size."""
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(_image(model, imgsz))
    return {"upstream": upstream.gflops(model, imgsz), "true": counter.get_total_flops() / 1e9}


def _passes(upstream, model, imgsz):
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


def _fuse(upstream, model, imgsz):
    """The largest change of the outputs by upstream's fuse(), with BatchNorm statistics made up first."""
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
    with torch.no_grad():
        before = list(_tensors(model(_image(model, imgsz))))
        after = list(_tensors(model.fuse()(_image(model, imgsz))))
    scale = max(float(t.abs().max()) for t in before)
    return {
        "difference": max(float((a - b).abs().max()) for a, b in zip(before, after)) / scale,
        "left_unfused": [name for name, layer in model.named_modules() if hasattr(layer, "bn")],
    }
