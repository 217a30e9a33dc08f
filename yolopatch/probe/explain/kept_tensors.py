"""Tensors that a module computed from parameters and keeps: neither deepcopy nor pickle can take them."""

from __future__ import annotations

from torch import Tensor
from torch.nn import Module


def computed_tensors(model: Module) -> list[tuple[str, str]]:
    """Return (dotted name, what computes it) of every attribute or buffer that is a tensor with a gradient's history.

    What computes it is the name of torch's own hook, such as `WeightNorm`; empty where a module's own code does.
    """
    return [
        (f"{name}.{attribute}" if name else attribute, _hook_of(module, attribute))
        for name, module in model.named_modules()
        for attribute, value in (*vars(module).items(), *module._buffers.items())
        if isinstance(value, Tensor) and not value.is_leaf
    ]


def _hook_of(module: Module, attribute: str) -> str:
    hooks = module._forward_pre_hooks.values()
    return next((type(hook).__name__ for hook in hooks if getattr(hook, "name", None) == attribute), "")
