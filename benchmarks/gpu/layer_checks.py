"""Does a layer compute on the device what it computes in float64 on the CPU, and train as the GPU trains?

Each check takes a case, returns what it measured in a few words, and raises `Wrong` where that is not as it must be.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from gpu.layer_cases import Case

# The relative root mean square of the differences. In float32 sums have another order: 1e-7 to 1e-6, and 1.3e-3 where
# a kernel of 590,000 values is quantised and some values get the next level. float16 has 11 bits and bfloat16 has 8, of
# which a layer and its norm lose a few.
SAME = 5e-3
SAME_FOLD = 1e-4
SAME_LOW = {torch.float16: 0.02, torch.bfloat16: 0.05}
_SMALL = 1e-5  # of the largest gradient: what is smaller is zero up to rounding
_TRIES = 5  # until the scaler's factor is low enough
_NOT_DETERMINISTIC = "does not have a deterministic implementation"


class Wrong(Exception):
    """A layer is not as it must be; the message says how."""


@contextmanager
def full_precision() -> Iterator[None]:
    """Compute in float32 on a GPU, too: TF32 alone changes a convolution by a thousandth."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def forward(case: Case) -> str:
    """The outputs in train and in eval mode are those of float64 on the CPU."""
    with full_precision(), torch.no_grad():
        errors = {}
        for mode in ("train", "eval"):
            exact = case.layer().double().train(mode == "train")(case.images().double())
            found = case.layer().to(case.device).train(mode == "train")(case.images().to(case.device))
            errors[mode] = _close(f"the output in {mode} mode", found, exact, SAME)
    return f"{errors['train']:.1g} in train mode, {errors['eval']:.1g} in eval mode"


def backward(case: Case) -> str:
    """The gradients of every parameter and of the image are those of float64 on the CPU."""
    with full_precision():
        exact = _gradients(case, "cpu", torch.float64)
        found = _gradients(case, case.device, torch.float32)
    largest = max(_rms(gradient) for gradient in exact.values())
    worst = 0.0
    for name, gradient in exact.items():
        if name not in found:
            raise Wrong(f"{name} gets no gradient")
        if _rms(gradient) < _SMALL * largest:
            if _rms(found[name]) > SAME * largest:
                raise Wrong(f"the gradient of {name} is {_rms(found[name]):.1g}, and must be zero")
        else:
            worst = max(worst, _close(f"the gradient of {name}", found[name], gradient, SAME))
    return f"{len(exact)} gradients, at most {worst:.1g} off"


def amp_step(case: Case) -> str:
    """One step of training under autocast changes the parameters as one in float32 does."""
    low = torch.bfloat16 if case.device == "cpu" else torch.float16
    with full_precision():
        before, exact, _ = _step(case, None)
        _, found, loss = _step(case, low)
    if not torch.isfinite(found).all():
        raise Wrong("after the step, parameters are not finite")
    if torch.equal(found, before):
        raise Wrong("the step was left out: gradients are not finite")
    error = _relative(found - before, exact - before)
    if error > 5 * SAME_LOW[low]:
        raise Wrong(f"the step is {error:.2g} off float32's")
    return f"{_named(low)}, the step is {error:.1g} off float32's, loss {loss:.3g}"


def half(case: Case) -> str:
    """Stored and computed in float16, in eval mode, as built and folded, the outputs are about the same."""
    x = case.images().to(case.device)
    with full_precision(), torch.no_grad():
        errors = []
        for layer in (case.layer(), _folded(case)[0]):
            layer = layer.to(case.device).eval()
            exact = layer(x)
            found = deepcopy(layer).half()(x.half())
            if found.dtype != torch.float16:
                raise Wrong(f"the output is {_named(found.dtype)}, and must be float16")
            errors.append(_close("the output in float16", found, exact, SAME_LOW[torch.float16]))
    return f"{errors[0]:.1g} as built, {errors[1]:.1g} folded"


def fuse(case: Case) -> str:
    """With BatchNorm folded into it, the layer computes what both computed before."""
    x = case.images().to(case.device)
    with full_precision(), torch.no_grad():
        folded, net = (module.to(case.device).eval() for module in _folded(case))
        error = _close("the output after folding BatchNorm", folded(x), net(x), SAME_FOLD)
        moved = deepcopy(net).eval()
        again = _fold(moved[0], moved[1])  # folded where it is, not on the CPU
        there = _close("the output folded on the device", again(x), net(x), SAME_FOLD)
    return f"{max(error, there):.1g} off"


def deterministic(case: Case) -> str:
    """Two equal steps give equal parameters, bit by bit, with deterministic algorithms only."""
    torch.use_deterministic_algorithms(True)
    try:
        (_, first, _), (_, second, _) = _step(case, None), _step(case, None)
    except RuntimeError as error:
        if _NOT_DETERMINISTIC not in str(error):
            raise
        return f"not promised: {str(error).split(_NOT_DETERMINISTIC)[0].strip()} has no deterministic form"
    finally:
        torch.use_deterministic_algorithms(False)
    if not torch.equal(first, second):
        raise Wrong(f"{int((first != second).sum())} of {first.numel()} parameters differ after two equal steps")
    return f"{first.numel()} parameters, equal bit by bit"


def torchscript(case: Case) -> str:
    """Traced, saved and loaded, as built and folded, it computes on another image what the layer computes."""
    traced_with, x = (case.images(seed).to(case.device) for seed in (2, 3))
    errors = []
    with full_precision(), torch.no_grad():
        for layer in (case.layer(), _folded(case)[0]):
            layer = layer.to(case.device).eval()
            stream = io.BytesIO()
            torch.jit.save(torch.jit.trace(layer, traced_with, check_trace=False), stream)
            stream.seek(0)
            loaded = torch.jit.load(stream, map_location=case.device)
            errors.append(_close("the traced output", loaded(x), layer(x), SAME_FOLD))
    return f"{max(errors):.1g} off"


CHECKS: dict[str, Callable[[Case], str]] = {
    "forward": forward,
    "backward": backward,
    "AMP step": amp_step,
    "half": half,
    "fuse": fuse,
    "deterministic": deterministic,
    "TorchScript": torchscript,
}


def _rms(tensor: Tensor) -> float:
    return float(tensor.detach().double().square().mean().sqrt())


def _relative(found: Tensor, expected: Tensor) -> float:
    return _rms(found.double().cpu() - expected.double().cpu()) / max(_rms(expected), 1e-30)


def _close(what: str, found: Tensor, expected: Tensor, limit: float) -> float:
    """Return how far two tensors are apart. Raises Wrong where that is more than the limit, or not a number."""
    if found.shape != expected.shape:
        raise Wrong(f"{what} has the shape {list(found.shape)}, expected {list(expected.shape)}")
    error = _relative(found, expected)
    if not error <= limit:
        raise Wrong(f"{what} is {error:.2g} off, at most {limit:g} is right")
    return error


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _gradients(case: Case, device: str, dtype: torch.dtype) -> dict[str, Tensor]:
    layer = case.layer().to(device, dtype)
    x = case.images().to(device, dtype).requires_grad_()
    out = layer(x)
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(4)).to(device, dtype)
    (out * weights).sum().backward()
    named = {name: p.grad for name, p in layer.named_parameters() if p.requires_grad}
    named["the image"] = x.grad
    return {name: gradient for name, gradient in named.items() if gradient is not None}


def with_norm(layer: nn.Module, outputs: int) -> nn.Sequential:
    """A layer as it trains, with BatchNorm and activation behind it."""
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.SiLU())


def training_step(net: nn.Module, x: Tensor, low: torch.dtype | None) -> Callable[[], Tensor]:
    """Return what makes one step of SGD and returns the loss, as upstream's trainers do: under autocast, scaled."""
    device = x.device.type
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.01, momentum=0.9)
    scaler = torch.amp.GradScaler(device, enabled=low is torch.float16)

    def step() -> Tensor:
        optimizer.zero_grad()
        with torch.autocast(device, low or torch.bfloat16, enabled=low is not None):
            out = net(x)
        loss = out.float().square().mean()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()

    return step


def _step(case: Case, low: torch.dtype | None) -> tuple[Tensor, Tensor, float]:
    """Return all parameters before and after one step of training, and its loss.

    The scaler leaves a step out where gradients are not finite, and halves its factor, which starts high.
    """
    torch.manual_seed(0)
    net = with_norm(case.layer(), case.size.outputs).to(case.device).train()
    before = _flat(net)
    step = training_step(net, case.images().to(case.device), low)
    for _ in range(_TRIES):
        loss, after = step(), _flat(net)
        if not torch.equal(after, before):
            break
    return before, after, float(loss)


def _flat(net: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten().double().cpu() for p in net.parameters()])


def _folded(case: Case) -> tuple[nn.Module, nn.Module]:
    """Return the layer with a BatchNorm folded into it, and both as they were, on the CPU in eval mode."""
    layer, norm = case.layer().eval(), nn.BatchNorm2d(case.size.outputs).eval()
    torch.manual_seed(5)
    with torch.no_grad():
        for tensor in (norm.weight, norm.running_var):
            tensor.uniform_(0.5, 1.5)
        for tensor in (norm.bias, norm.running_mean):
            tensor.normal_()
    return _fold(layer, norm), nn.Sequential(layer, norm)


def _fold(layer: Any, norm: Any) -> nn.Module:
    """What upstream's fuse() leaves of a layer with BatchNorm behind it."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    folded: nn.Module = layer.folded(scale, norm.bias - scale * norm.running_mean)
    return folded.eval()


def folded(case: Case) -> nn.Module:
    """The layer as it predicts: with BatchNorm folded into it, on the device, in eval mode."""
    return _folded(case)[0].to(case.device).eval()
