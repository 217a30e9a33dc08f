"""The layer of each module, the convolution that it stands for, and what both are given."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
import torch.nn as nn

from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.resources import source_file

# The modules of the tutorials: a layer of any other kind is called with other values than a convolution.
TRIED = tuple(name for name, module in MODULES.items() if module.tutorial)

SEED = 0
_NOISE = 0.05  # added to every parameter: some layers start as plain convolutions, with a part of them zero


@dataclass(frozen=True)
class Size:
    """A convolution's channels, kernel and stride, the side of its input, and how many images it gets."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    side: int
    batch: int

    def __str__(self) -> str:
        form = f"{self.inputs} to {self.outputs}, {self.kernel}x{self.kernel} /{self.stride}"
        return f"{form}, {self.batch} images of {self.side}x{self.side}"


# A down-sampling layer and a 1x1 layer of a nano model, which a CPU computes in float64, too; on a GPU, layers of
# YOLO26m and YOLOv5m at 640 pixels are timed.
_CHECKED = (Size(64, 64, 3, 2, 40, 2), Size(64, 32, 1, 1, 40, 2))
_TIMED = {"cuda": (Size(256, 256, 3, 2, 80, 16), Size(384, 192, 1, 1, 40, 16)), "cpu": _CHECKED}


@dataclass(frozen=True)
class Case:
    """A module's layer and its convolution at one size on one device."""

    module: Module
    size: Size
    device: str

    def layer(self) -> nn.Module:
        """The module's layer in the flavor `paper`, in train mode on the CPU; the same at each call."""
        torch.manual_seed(SEED)
        layer = _make(self.module, self.size)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.add_(torch.randn_like(parameter), alpha=_NOISE)
        return layer

    def conv(self, bias: bool) -> nn.Module:
        """The convolution that the layer stands for."""
        size = self.size
        return nn.Conv2d(size.inputs, size.outputs, size.kernel, size.stride, size.kernel // 2, bias=bias)

    def images(self, seed: int = 1, batch: int | None = None) -> torch.Tensor:
        """A batch of what the layer is given, on the CPU."""
        generator = torch.Generator().manual_seed(seed)
        shape = (batch or self.size.batch, self.size.inputs, self.size.side, self.size.side)
        return torch.randn(shape, generator=generator)


def checked_case(name: str, device: str) -> Case:
    """Return the small case of a module: it stands for the convolutions that its default placement replaces."""
    return Case(MODULES[name], _of_form(name, _CHECKED), device)


def timed_case(name: str, device: str) -> Case:
    """Return the case of a module that is timed: of the size that a model of scale m has, on a GPU."""
    return Case(MODULES[name], _of_form(name, _TIMED["cpu" if device == "cpu" else "cuda"]), device)


def describe_sizes(device: str) -> str:
    """Return of what sizes the layers are, for the head of the table."""
    checked, timed = (
        " or ".join(map(str, sizes)) for sizes in (_CHECKED, _TIMED["cpu" if device == "cpu" else "cuda"])
    )
    return f"layers are checked at {checked}; timed at {timed}"


def _of_form(name: str, sizes: tuple[Size, Size]) -> Size:
    return sizes[MODULES[name].printed_kernel == 1]


def _make(module: Module, size: Size) -> nn.Module:
    """Make the bare layer by the expression with which the patches make it."""
    source = import_module(f"yolopatch.modules.{source_file(module.source).parent.name}.{module.source}")
    cls = getattr(source, f"Paper{module.bare}", None) or getattr(source, module.bare)
    shape = {"c1": size.inputs, "c2": size.outputs, "k": size.kernel, "s": size.stride, "p": size.kernel // 2}
    layer: Any = eval(module.call, {module.bare: cls}, {**shape, "d": 1, "g": 1})  # of yolopatch's own catalog
    return layer
