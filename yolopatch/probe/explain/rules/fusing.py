"""Causes that upstream's fuse() brings to light: what it deletes, and what it cannot fold.

A rule takes what was raised, the model, and the model before it was fused; it returns None where it does not apply.
"""

from __future__ import annotations

import inspect

import torch.nn as nn
from torch.nn import Module

from ..cause import Cause
from ..raising import Raised, frames_of


def deleted_by_fuse(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """forward_fuse reads what upstream's fuse() has deleted."""
    name, owner = getattr(found.error, "name", None), found.module
    if not isinstance(found.error, AttributeError) or owner is None or original is None:
        return None
    # in an export upstream fuses a copy, whose modules have no names here
    alike = [m for key, m in original.named_modules() if (key == found.name if found.name else type(m) is type(owner))]
    if not isinstance(name, str) or not any(hasattr(module, name) for module in alike):
        return None
    cls = type(owner).__name__
    who = f"{found.name} ({cls})" if found.name else cls
    return Cause(
        f"{who}, {found.line}, uses self.{name}, which upstream's fuse() has deleted",
        f"let {found.function} of {cls} do without self.{name}, with its own fold of it into the kernel; or derive "
        f"{cls} from nn.Module, which fuse() leaves alone",
    )


_CONVOLUTIONS = {"conv": "conv", "deconv": "conv_transpose"}  # in upstream's folds, and in its modules


def not_folded(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """fuse() folds `bn` into a convolution, and one of them is something else."""
    for frame in reversed(frames_of(found.error)):
        norm, held = frame.f_locals.get("bn"), next((key for key in _CONVOLUTIONS if key in frame.f_locals), "")
        convolution = frame.f_locals.get(held)
        if not isinstance(norm, Module) or not isinstance(convolution, Module):
            continue
        if not isinstance(norm, nn.modules.batchnorm._BatchNorm):
            return _unfoldable(original, "bn", norm, _CONVOLUTIONS[held])
        if not isinstance(convolution, nn.modules.conv._ConvNd):
            return _unfoldable(original, _CONVOLUTIONS[held], convolution, _CONVOLUTIONS[held])
        return None
    return None


def _unfoldable(original: Module | None, name: str, part: Module, convolution: str) -> Cause:
    """Return the cause for a part that fuse() cannot fold; `name` is that of the attribute that holds it."""
    modules = [] if original is None else list(original.named_modules())
    path, owner = next(((path, m) for path, m in modules if type(getattr(m, name, None)) is type(part)), ("", None))
    cls, kind = "a class" if owner is None else type(owner).__name__, type(part).__name__
    who = f"{path} ({cls})" if path else cls
    if convolution == "conv_transpose" and isinstance(part, nn.Identity) and (switched := _switches_norm(owner)):
        return Cause(
            f"{who} has no BatchNorm (bn=False), and upstream's fuse() folds self.bn of each {switched}, whatever it "
            "is: upstream is to blame",
            f"leave {switched} its BatchNorm (bn=True), or use torch's own nn.ConvTranspose2d in its place",
        )
    return Cause(
        f"{who} has a {kind} as self.{name}, and upstream's fuse() takes self.bn for a BatchNorm that it can fold into "
        f"the convolution self.{convolution}",
        f"give self.{name} another name, and use it in the forward and the forward_fuse of {cls}; or derive {cls} from "
        "nn.Module, which fuse() leaves alone",
    )


def _switches_norm(owner: Module | None) -> str:
    """Return the class of a module, or that it inherits from, whose constructor has the switch `bn`; "" for none."""
    classes = (one for one in type(owner).__mro__ if "__init__" in vars(one) and one is not object)
    return next((one.__name__ for one in classes if "bn" in inspect.signature(one).parameters), "")
