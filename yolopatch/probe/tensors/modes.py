"""What of a layer differs while it trains and in eval: parameters, norms that learn nothing, the output."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from .calls import Call, outcome
from .perturb import perturb_
from .tensors import is_finite, seed_all, tensors

_NORMS = nn.modules.batchnorm._BatchNorm
_KEPT = 2  # no statistics that a batch has by chance: a map without values has mean 0


def trained_only(layer: nn.Module, call: Call) -> list[str]:
    """Return the parameters that a layer uses while it trains, and on which its output in eval does not depend.

    Args:
        layer: stays as it is.
        call: the call that the model makes.
    """
    layer = deepcopy(layer)
    used = _used(layer, call, training=True)
    suspects = used - _used(layer, call, training=False) if used else set()
    before = outcome(layer, call, training=False)
    generator = torch.Generator().manual_seed(0)
    parameters = dict(layer.named_parameters())
    for name in suspects:
        perturb_(parameters[name], generator)
    # a layer may compute its output in eval without a graph, as one that folds its branches does
    return [name for name in parameters if name in suspects] if _equal(before, outcome(layer, call, False)) else []


def _used(layer: nn.Module, call: Call, training: bool) -> set[str]:
    """Return the parameters that are in the graph of a layer's output; none where it raises."""
    named = {name: p for name, p in layer.named_parameters() if p.requires_grad}
    seed_all(0)
    args, kwargs = call.arguments()
    try:
        found = [t for t in tensors(layer.train(training)(*args, **kwargs)) if t.requires_grad]
        total = sum(t.float().sum() for t in found)
        if not named or not isinstance(total, Tensor):
            return set()
        gradients = torch.autograd.grad(total, list(named.values()), allow_unused=True)
    except Exception:  # the module's code may raise anything; other checks report it
        return set()
    return {name for name, gradient in zip(named, gradients) if gradient is not None}


@torch.no_grad()
def still_norms(layer: nn.Module, call: Call) -> list[str]:
    """Return the names of the norms that use a batch's statistics while they train, and keep none of them for eval.

    Args:
        layer: stays as it is.
        call: the call that the model makes.
    """
    layer = deepcopy(layer)
    norms = {m: name for name, m in layer.named_modules() if isinstance(m, _NORMS)}
    used: list[nn.Module] = []

    def keep(norm: nn.Module, _: object) -> None:
        used.extend([norm] if norm.training else [])

    for norm in norms:
        norm.register_forward_pre_hook(keep)
        for kept in norm.buffers():
            kept.fill_(_KEPT)
    outcome(layer, call, training=True)
    return [name for m, name in norms.items() if m in used and m.running_mean is not None and _is_kept(m.running_mean)]


def _is_kept(values: Tensor) -> bool:
    return bool((values == _KEPT).all())


def distance_of_modes(layer: nn.Module, call: Call) -> float:
    """Return how far a layer's output in eval lies from that while it trains, from 0 to 2, both relative to the larger.

    Its BatchNorms have the statistics of this call. 0 for a layer that is random while it trains, keeps numbers of its
    own from one call to the next, or gives no tensors of the same shapes: nothing can be told then.

    Args:
        layer: stays as it is.
        call: the call that the model makes.
    """
    layer = deepcopy(layer)
    for norm in layer.modules():
        if isinstance(norm, _NORMS) and norm.momentum != 0:  # one with 0 keeps what it has in any training
            norm.momentum = 1.0
    others = _others(layer)
    trained = outcome(layer, call, training=True)
    again = _with_seed(layer, call, 1)
    if trained is None or not is_finite(trained) or not _equal(trained, again) or not _equal(others, _others(layer)):
        return 0.0
    given = outcome(layer, call, training=False)
    if given is None or len(given) != len(trained) or not is_finite(given):
        return 0.0
    return max((_distance(a, b) for a, b in zip(given, trained) if a.shape == b.shape), default=0.0)


def _with_seed(layer: nn.Module, call: Call, seed: int) -> list[Tensor] | None:
    """Return what a layer that trains gives with another seed; None where it raises."""
    seed_all(seed)
    args, kwargs = call.arguments()
    try:
        with torch.no_grad():
            return [tensor.clone() for tensor in tensors(layer.train()(*args, **kwargs))]
    except Exception:  # the module's code may raise anything
        return None


def _others(layer: nn.Module) -> list[Tensor]:
    """Return copies of the tensors of a layer that are not BatchNorm's statistics."""
    kept = {id(buffer) for norm in layer.modules() if isinstance(norm, _NORMS) for buffer in norm.buffers()}
    held = [*layer.parameters(), *layer.buffers()]
    return [tensor.detach().clone() for tensor in held if id(tensor) not in kept]


def _equal(first: list[Tensor] | None, second: list[Tensor] | None) -> bool:
    if first is None or second is None or len(first) != len(second):
        return False
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, second))


def _distance(found: Tensor, expected: Tensor) -> float:
    found, expected = found.double(), expected.double()
    size = max(float(found.norm()), float(expected.norm()))
    return float((found - expected).norm()) / size if size else 0.0
